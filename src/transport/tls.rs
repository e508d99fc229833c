use std::fmt;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::Error;

/// The certificates that a TLS connection trusts: Mozilla's, and any added here.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Mozilla's root certificates.
    pub fn mozilla() -> Self {
        Self(Arc::new(
            webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        ))
    }

    /// None: add those you trust.
    pub fn none() -> Self {
        Self(Arc::new(RootCertStore::empty()))
    }

    /// Trusts one more certificate, in DER form.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it is no certificate.
    pub fn with_der(mut self, certificate: Vec<u8>) -> Result<Self, Error> {
        Arc::make_mut(&mut self.0)
            .add(CertificateDer::from(certificate))
            .map_err(|source| {
                Error::invalid("a root certificate must be an X.509 certificate in DER form")
                    .with_source(source)
            })?;
        Ok(self)
    }

    pub(crate) fn connector(&self) -> Result<TlsConnector, Error> {
        let config =
            ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|source| {
                    Error::invalid("TLS cannot be set up with this crypto provider")
                        .with_source(source)
                })?
                .with_root_certificates(Arc::clone(&self.0))
                .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

impl Default for Roots {
    fn default() -> Self {
        Self::mozilla()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({} certificates)", self.0.len())
    }
}
