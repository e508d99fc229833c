//! The REST interface over TLS, with a certificate made up here.

use std::sync::Arc;

use feedline::ErrorKind;
use feedline::sim::tastytrade::TastytradeSim;
use feedline::transport::{Dial, Io, Roots};
use feedline::venue::tastytrade::Tastytrade;
use futures_util::future::BoxFuture;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// A way into a simulator through a TLS server of its own.
struct Secured {
    sim: Arc<dyn Dial>,
    host: String,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for Secured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secured")
    }
}

impl Dial for Secured {
    fn dial(&self, _: &str, _: u16) -> BoxFuture<'static, std::io::Result<Box<dyn Io>>> {
        let (inner, acceptor) = (self.sim.dial(&self.host, 80), self.acceptor.clone());
        Box::pin(async move {
            let mut inner = inner.await?;
            let (client, server) = tokio::io::duplex(64 << 10);
            tokio::spawn(async move {
                // A client that does not trust the certificate hangs up: the test sees it there.
                if let Ok(mut outer) = acceptor.accept(server).await {
                    let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
                }
            });
            Ok(Box::new(client) as Box<dyn Io>)
        })
    }
}

/// A simulator, and a client that reaches it over TLS and trusts its certificate or does not.
fn secured(trust: bool) -> (TastytradeSim, Tastytrade) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().to_vec();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let chain = vec![CertificateDer::from(certificate.clone())];
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .unwrap();
    let sim = TastytradeSim::builder().rate(0.0).in_memory().unwrap();
    let dial = Secured {
        sim: sim.dialer(),
        host: sim.rest_url().split('/').nth(2).unwrap().to_owned(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    };
    let mut roots = Roots::none();
    if trust {
        roots = roots.with_der(certificate).unwrap();
    }
    let client = Tastytrade::builder("test-secret", "test-refresh")
        .url("https://localhost")
        .account_url("wss://localhost/streamer")
        .dial(Arc::new(dial))
        .roots(roots)
        .build();
    (sim, client.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_trusted_carries_requests_and_events() {
    let (sim, tastytrade) = secured(true);
    assert_eq!(tastytrade.accounts().await.unwrap().len(), 2);
    let events = tastytrade.account(["5WT00001"]).await.unwrap();
    assert_eq!(sim.active_topics().len(), 1);
    drop(events);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_trusted_gets_no_secret() {
    let (sim, tastytrade) = secured(false);
    let error = tastytrade.accounts().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    let error = tastytrade.market().quotes(["AAPL"]).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(sim.rest_requests(), Vec::<String>::new());
}

/// The simulator names a `ws://` address, to which a token would go in clear.
#[tokio::test(start_paused = true)]
async fn market_data_in_clear_is_refused_where_the_interface_is_encrypted() {
    let (sim, tastytrade) = secured(true);
    let quotes = tastytrade.market().quotes(["AAPL"]);
    let quotes = quotes.deadline(std::time::Duration::from_secs(20));
    let error = quotes.await.unwrap_err().to_string();
    assert!(
        error.contains("its dxlink-url, which is not wss"),
        "{error}"
    );
    assert_eq!(sim.sessions(), []);
}
