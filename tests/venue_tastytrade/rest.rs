//! Tokens and accounts over HTTP.

use feedline::sim::Fault;
use feedline::venue::tastytrade::QuoteLevel;
use feedline::{Clock, ErrorKind};
use tokio::time::Instant;

use super::{A, B, Rig, SECRET, secs};

const TOKEN: &str = "POST /oauth/token";
const ACCOUNTS: &str = "GET /customers/me/accounts";

#[tokio::test(start_paused = true)]
async fn accounts_are_listed_and_the_access_token_is_kept() {
    let rig = Rig::new();
    for _ in 0..3 {
        let accounts = rig.tastytrade.accounts().await.unwrap();
        let numbers: Vec<_> = accounts.iter().map(|account| &account.number).collect();
        assert_eq!(numbers, [A, B]);
        assert!(!accounts[0].is_closed && accounts[0].is_futures_approved);
        assert_eq!(accounts[0].authority.as_deref(), Some("owner"));
    }
    assert_eq!((rig.calls(TOKEN), rig.calls(ACCOUNTS)), (1, 3));
    tokio::time::sleep(secs(14 * 60)).await;
    rig.tastytrade.accounts().await.unwrap();
    assert_eq!(rig.calls(TOKEN), 2, "it ends after 15 minutes");
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn many_who_need_a_token_at_once_fetch_one() {
    let rig = Rig::new();
    let both = tokio::join!(rig.tastytrade.accounts(), rig.tastytrade.quote_level());
    both.0.unwrap();
    assert_eq!(both.1.unwrap(), QuoteLevel::Api);
    assert_eq!(rig.calls(TOKEN), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_an_error_with_the_venues_words() {
    let rig = Rig::of(SECRET, "SENTINEL-wrong", |sim| sim, |client| client);
    let error = rig.tastytrade.accounts().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Auth(words) if words.contains("invalid_grant")),
        "{error}"
    );
    assert!(!error.is_retryable());
    assert_eq!(rig.calls(TOKEN), 1, "trying again may lock the user out");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_not_for_ever() {
    let rig = Rig::new();
    for status in [429, 503] {
        rig.sim.inject(Fault::RestFailure {
            status,
            times: Some(2),
        });
        rig.tastytrade.accounts().await.unwrap();
    }
    rig.sim.inject(Fault::RestFailure {
        status: 502,
        times: None,
    });
    let start = Instant::now();
    let error = rig.tastytrade.accounts().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect(words) if words.contains("502")));
    assert!(start.elapsed() >= secs(3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_a_timeout() {
    let rig = Rig::with(|sim| sim, |client| client.dial(std::sync::Arc::new(Silent)));
    let error = rig.tastytrade.accounts().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout { .. }), "{error}");
    assert!(error.is_retryable());
}

/// Opens streams that nothing comes out of.
#[derive(Debug)]
struct Silent;

impl feedline::transport::Dial for Silent {
    fn dial(
        &self,
        _: &str,
        _: u16,
    ) -> std::pin::Pin<
        Box<dyn Future<Output = std::io::Result<Box<dyn feedline::transport::Io>>> + Send>,
    > {
        Box::pin(async {
            let (near, far) = tokio::io::duplex(1 << 16);
            std::mem::forget(far);
            Ok(Box::new(near) as Box<dyn feedline::transport::Io>)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_no_customer_has_no_quotes() {
    let rig = Rig::with(|sim| sim.customer(false), |client| client);
    let error = rig.tastytrade.quote_level().await.unwrap_err();
    let code = "quote_streamer.customer_not_found_error";
    assert!(
        matches!(error.kind(), ErrorKind::Auth(words) if words.contains(code)),
        "{error}"
    );
}

#[tokio::test]
async fn it_works_over_tcp_by_the_systems_clock() {
    let rig = Rig::new();
    let sim = feedline::sim::tastytrade::TastytradeSim::builder();
    let sim = sim.sandbox(true).listen("127.0.0.1:0").await.unwrap();
    let client = feedline::venue::tastytrade::Tastytrade::builder("test-secret", "test-refresh");
    let client = client.url(sim.rest_url()).clock(Clock::system());
    let client = client.build().unwrap();
    assert_eq!(client.quote_level().await.unwrap(), QuoteLevel::Demo);
    assert_eq!(client.accounts().await.unwrap().len(), 2);
    assert_eq!(sim.breaches(), []);
    drop(rig);
}
