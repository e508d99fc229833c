//! TLS on the way to a venue, with certificates made up here.

#![cfg(all(feature = "gate", feature = "sim"))]

use std::sync::Arc;
use std::time::Duration;

use feedline::ErrorKind;
use feedline::sim::gate::GateSim;
use feedline::transport::{Dial, Io, Roots};
use feedline::venue::gate::Spot;
use futures_util::future::BoxFuture;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// A way into a simulator through a TLS server of its own.
struct Secured {
    sim: Arc<dyn Dial>,
    /// What the simulator calls itself.
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

/// A simulator that calls itself `localhost`, a way to it, and its certificate.
fn secured() -> (GateSim, Arc<dyn Dial>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let made = made.expect("a certificate for localhost can be made");
    let certificate = made.cert.der().to_vec();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a private key");
    let chain = vec![CertificateDer::from(certificate.clone())];
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .expect("a server for the certificate");
    let sim = GateSim::builder().rate(0.0).in_memory().expect("a runtime");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let dial = Secured {
        sim: sim.dialer(),
        host: sim.url().split('/').nth(2).expect("a host").to_owned(),
        acceptor,
    };
    (sim, Arc::new(dial), certificate)
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_trusted_carries_a_feed() {
    let (sim, dial, certificate) = secured();
    let roots = Roots::none().with_der(certificate).unwrap();
    let gate = Spot::builder()
        .url("wss://localhost/ws/v4/")
        .dial(dial)
        .roots(roots);
    let gate = gate.build().unwrap();
    let trades = gate.trades(["BTC_USDT"]).await.unwrap();
    assert_eq!(sim.active_topics().len(), 1);
    trades.close().await.unwrap();
    gate.shutdown(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_trusted_ends_the_attempt_at_once() {
    let (_sim, dial, _) = secured();
    let gate = Spot::builder()
        .url("wss://localhost/ws/v4/")
        .dial(dial)
        .build()
        .unwrap();
    let error = gate.trades(["BTC_USDT"]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_certificate_for_another_name_is_not_trusted() {
    let (_sim, dial, certificate) = secured();
    let roots = Roots::none().with_der(certificate).unwrap();
    let gate = Spot::builder()
        .url("wss://example.invalid/ws/v4/")
        .dial(dial)
        .roots(roots);
    let error = gate
        .build()
        .unwrap()
        .trades(["BTC_USDT"])
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error}");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let error = Roots::none().with_der(vec![1, 2, 3]).unwrap_err();
    assert!(error.to_string().contains("X.509"), "{error}");
}
