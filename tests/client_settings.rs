//! Settings that cannot be used are refused when a client is built, in every venue's builder alike.

#![cfg(all(feature = "gate", feature = "dxlink", feature = "tastytrade"))]

use std::fmt::Debug;
use std::time::Duration;

use feedline::feed::{Backoff, Changes, Token};
use feedline::venue::dxlink::{DxLink, DxLinkBuilder};
use feedline::venue::gate::{Spot, SpotBuilder};
use feedline::venue::tastytrade::{
    PRODUCTION_ACCOUNT_URL, PRODUCTION_URL, SANDBOX_ACCOUNT_URL, SANDBOX_URL, Tastytrade,
    TastytradeBuilder,
};
use feedline::{Error, ErrorKind};

fn tastytrade() -> TastytradeBuilder {
    Tastytrade::builder("secret", "refresh")
}

/// Fails unless it is refused with text that says so.
fn refused<T: Debug>(built: Result<T, Error>, venue: &str, said: &str) {
    let error = built.expect_err(said);
    assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error}");
    assert_eq!(error.venue(), Some(venue), "{error}");
    assert!(error.to_string().contains(said), "{error}");
}

/// The same setting of all builders.
macro_rules! all {
    ($said:literal, |$builder:ident| $set:expr) => {
        let gate = |$builder: SpotBuilder| $set;
        refused(gate(Spot::builder()).build(), "gate", $said);
        let dxlink = |$builder: DxLinkBuilder| $set;
        refused(dxlink(DxLink::builder()).build(), "dxlink", $said);
        let builder = |$builder: TastytradeBuilder| $set;
        refused(builder(tastytrade()).build(), "tastytrade", $said);
    };
}

#[test]
fn what_all_venues_have_in_common_is_checked_by_all() {
    let never = Duration::MAX;
    let backoff = |first, cap| Backoff {
        first,
        cap,
        ..Backoff::default()
    };
    all!("first wait", |builder| builder
        .backoff(backoff(never, never)));
    all!("cap", |builder| builder
        .backoff(backoff(Duration::from_secs(1), never)));
    all!("first wait", |builder| builder
        .backoff(backoff(Duration::ZERO, Duration::ZERO)));
    all!("half_life", |builder| builder.backoff(Backoff {
        half_life: Duration::ZERO,
        ..Backoff::default()
    }));
    all!("connect_timeout", |builder| builder
        .connect_timeout(Duration::ZERO));
    all!("connect_timeout", |builder| builder.connect_timeout(never));
    all!("max_topics", |builder| builder.max_topics(0));
    all!("topics_per_connection", |builder| builder
        .topics_per_connection(0));
    all!("header", |builder| builder.header("X Y", "z"));
    all!("x-key", |builder| builder.header("X-Key", "a\r\nb"));
    all!("host", |builder| builder.header("Host", "elsewhere"));
    all!("URL", |builder| builder.url("nonsense"));
}

#[test]
fn what_one_venue_has_is_checked_there() {
    let (never, none) = (Duration::MAX, Duration::ZERO);
    refused(
        DxLink::builder().aggregation(never).build(),
        "dxlink",
        "aggregation",
    );
    for (count, per) in [(0, Duration::from_secs(1)), (1, none), (1, never)] {
        let changes = DxLink::builder().changes(Changes { count, per });
        refused(changes.build(), "dxlink", "changes");
    }
    refused(
        tastytrade().request_timeout(none).build(),
        "tastytrade",
        "request_timeout",
    );
    refused(
        tastytrade().aggregation(never).build(),
        "tastytrade",
        "aggregation",
    );
    refused(
        tastytrade().max_connections(0).build(),
        "tastytrade",
        "max_connections",
    );
}

#[test]
fn what_lasts_for_ever_may() {
    let forever = Duration::MAX;
    assert!(Spot::builder().linger(forever).build().is_ok());
    assert!(DxLink::builder().linger(forever).build().is_ok());
    assert!(tastytrade().linger(forever).build().is_ok());
}

#[test]
fn no_client_can_be_built_of_two_environments() {
    let own = ("http://127.0.0.1:9", "ws://127.0.0.1:9/");
    let production = (PRODUCTION_URL, PRODUCTION_ACCOUNT_URL);
    let sandbox = (SANDBOX_URL, SANDBOX_ACCOUNT_URL);
    for (rest, account) in [
        (own, production),
        (own, sandbox),
        (production, own),
        (sandbox, own),
    ] {
        let mixed = tastytrade().url(rest.0).account_url(account.1);
        refused(mixed.build(), "tastytrade", "are of different environments");
    }
    // The streamer alone would get a token of production's.
    refused(
        tastytrade().account_url(own.1).build(),
        "tastytrade",
        "account_url",
    );
    refused(
        tastytrade().sandbox().account_url(own.1).build(),
        "tastytrade",
        "account_url",
    );
    for (rest, account) in [own, production, sandbox] {
        assert!(tastytrade().url(rest).build().is_ok());
        assert!(tastytrade().url(rest).account_url(account).build().is_ok());
    }
    // A token without an address would go to the demonstration.
    let lost = DxLink::builder().token(Token::new("hunter2"));
    refused(lost.build(), "dxlink", "set its url");
    let token = DxLink::builder().token(Token::new("hunter2"));
    assert!(token.url("wss://mine.invalid/").build().is_ok());
}
