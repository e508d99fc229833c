//! `feedline watch tastytrade` and `candles tastytrade`, against a simulator in this process.

#![allow(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod support;

use feedline::sim::tastytrade::{TastytradeSim, TastytradeSimBuilder};
use feedline::venue::tastytrade::AccountEvent;
use support::{Ended, Tool, kinds};
use tokio::runtime::Runtime;

const CREDENTIALS: [(&str, &str); 2] = [
    ("TASTYTRADE_CLIENT_SECRET", "test-secret"),
    ("TASTYTRADE_REFRESH_TOKEN", "test-refresh"),
];

struct Venue {
    sim: TastytradeSim,
    runtime: Runtime,
}

impl Venue {
    fn with(settings: impl FnOnce(TastytradeSimBuilder) -> TastytradeSimBuilder) -> Self {
        let runtime = Runtime::new().unwrap();
        let builder = TastytradeSim::builder()
            .symbols(["AAPL"])
            .seed(7)
            .rate(50.0);
        let builder = settings(builder.accounts(["5WT00000"]).account_rate(20.0));
        let sim = runtime.block_on(builder.listen("127.0.0.1:0")).unwrap();
        Self { sim, runtime }
    }

    fn run(&self, environment: &[(&str, &str)], args: &[&str]) -> Ended {
        let urls = [self.sim.rest_url(), self.sim.account_url()];
        let urls = ["--url", &urls[0], "--account-url", &urls[1]];
        Tool::start_with(environment, &[args, &urls].concat()).end()
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.runtime.block_on(self.sim.shutdown());
    }
}

#[test]
fn quotes_and_candles_come_after_a_login() {
    let venue = Venue::with(|sim| sim);
    let watch = [
        "watch",
        "tastytrade",
        "quotes",
        "AAPL",
        "--json",
        "--count",
        "3",
    ];
    let ended = venue.run(&CREDENTIALS, &watch);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(kinds(&ended.json()), ["quote"; 3]);
    let candles = [
        "candles",
        "tastytrade",
        "AAPL{=1m}",
        "--from",
        "1h",
        "--json",
        "--count",
        "2",
    ];
    let ended = venue.run(&CREDENTIALS, &candles);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let candles = ended.json();
    assert!(
        candles.iter().any(|line| line["kind"] == "candle"),
        "{candles:?}"
    );
    assert_eq!(venue.sim.breaches(), []);
}

#[test]
fn what_happens_in_an_account_is_shown() {
    let venue = Venue::with(|sim| sim);
    let args = ["watch", "tastytrade", "account", "5WT00000", "--count", "5"];
    let ended = venue.run(&CREDENTIALS, &[&args[..], &["--json"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for line in ended.json() {
        assert_eq!(line["kind"], "account");
        let event: AccountEvent = serde_json::from_value(line).unwrap();
        assert_eq!(event.account, "5WT00000");
    }
    let ended = venue.run(&CREDENTIALS, &args);
    assert!(
        ended
            .stdout
            .iter()
            .all(|line| line.starts_with("5WT00000  ")),
        "{ended:?}"
    );
}

#[test]
fn without_credentials_it_says_which_are_missing() {
    let venue = Venue::with(|sim| sim);
    let args = ["watch", "tastytrade", "quotes", "AAPL"];
    let ended = venue.run(&CREDENTIALS[..1], &args);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("TASTYTRADE_REFRESH_TOKEN is not set"),
        "{ended:?}"
    );
}

#[test]
fn what_the_venue_refuses_is_told_without_the_secret() {
    let venue = Venue::with(|sim| sim);
    let wrong = [CREDENTIALS[0], ("TASTYTRADE_REFRESH_TOKEN", "sw0rdfish")];
    let ended = venue.run(&wrong, &["watch", "tastytrade", "quotes", "AAPL", "-vv"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = &ended.stderr;
    assert!(
        told.contains("tastytrade") && !told.contains("sw0rdfish"),
        "{told}"
    );
}

#[test]
fn a_wrong_channel_says_what_is_valid() {
    let venue = Venue::with(|sim| sim);
    let ended = venue.run(&CREDENTIALS, &["watch", "tastytrade", "nonsense", "AAPL"]);
    assert_eq!(ended.code, Some(2));
    let told = &ended.stderr;
    assert!(
        told.contains("account") && told.contains("quotes"),
        "{told}"
    );
}

#[test]
fn an_account_is_watched_where_the_rest_interface_is() {
    let venue = Venue::with(|sim| sim);
    let rest = venue.sim.rest_url();
    let args = ["watch", "tastytrade", "account", "5WT00000", "--count", "1"];
    let ended = Tool::start_with(&CREDENTIALS, &[&args[..], &["--url", &rest]].concat()).end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let streamer = venue.sim.account_url();
    let half = [&args[..], &["--account-url", &streamer]].concat();
    let ended = Tool::start_with(&CREDENTIALS, &half).end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("url and account_url"), "{ended:?}");
}
