//! Market data: where the venue says, with the token that it gives.

use std::collections::BTreeSet;

use feedline::sim::Fault;
use feedline::venue::dxlink::CandleSymbol;
use feedline::{ErrorKind, Event, Interruption, StatusKind, Timestamp};
use futures_util::StreamExt;

use super::{Rig, START, next, secs};

const TOKEN: &str = "GET /api-quote-tokens";

#[tokio::test(start_paused = true)]
async fn quotes_come_from_where_the_venue_says() {
    let rig = Rig::new();
    let mut quotes = rig
        .tastytrade
        .market()
        .quotes(["AAPL", "SPY"])
        .await
        .unwrap();
    assert!(matches!(next(&mut quotes).await, Ok(Event::Data(_))));
    assert_eq!(rig.calls(TOKEN), 1);
    assert_eq!(rig.sim.breaches(), []);
    drop(quotes);
    rig.tastytrade.shutdown(secs(5)).await.unwrap();
}

/// Waits until the feed is live again.
async fn resumed<T: feedline::market::Record + Send + 'static>(
    feed: &mut feedline::Subscription<T>,
) {
    loop {
        if let Event::Status(status) = next(feed).await.unwrap()
            && matches!(status.kind, StatusKind::Resumed { .. })
        {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_the_token_is_good_for_a_day_and_not_longer() {
    let rig = Rig::with(|sim| sim.rate(0.1), |client| client);
    let mut quotes = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap();
    rig.sim.inject(Fault::Cut);
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 1);
    // It is renewed on the open socket an hour ahead of its end.
    tokio::time::sleep(secs(26 * 3_600)).await;
    assert_eq!(rig.calls(TOKEN), 2);
    assert_eq!(rig.sim.connects().len(), 2);
    rig.sim.inject(Fault::Cut);
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 2);
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_replaced() {
    let rig = Rig::new();
    let mut quotes = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap();
    rig.sim.inject(Fault::ExpireToken { revoke: true });
    // Nobody knows since when data is missing: another connection does.
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 2);
    rig.sim.inject(Fault::RefuseAuth { times: Some(1) });
    rig.sim.inject(Fault::Cut);
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failing_gateway_is_waited_for() {
    let rig = Rig::new();
    for status in [502, 429, 503] {
        rig.sim.inject(Fault::RestFailure {
            status,
            times: Some(1),
        });
    }
    rig.sim.inject(Fault::RejectUpgrade {
        status: 502,
        times: Some(1),
    });
    let quotes = rig.tastytrade.market().quotes(["AAPL"]).await;
    let _quotes = quotes.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_may_not_have_quotes_is_told_at_once_in_the_venues_words() {
    let rig = Rig::with(|sim| sim.customer(false), |client| client);
    let error = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap_err();
    let words = "You must be a customer to access a quote stream.";
    assert!(
        matches!(error.kind(), ErrorKind::Auth(told) if told.contains(words)),
        "{error}"
    );
    let wrong = Rig::of("SENTINEL-x", "SENTINEL-y", |sim| sim, |client| client);
    let error = wrong
        .tastytrade
        .market()
        .quotes(["AAPL"])
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Auth(told) if told.contains("invalid_grant")));
    assert_eq!(wrong.sim.connects().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_revoked_later_end_the_feed_after_a_quarter_of_an_hour() {
    let rig = Rig::new();
    let mut quotes = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap();
    rig.sim.inject(Fault::RestFailure {
        status: 403,
        times: None,
    });
    rig.sim.inject(Fault::RefuseAuth { times: Some(1) });
    rig.sim.inject(Fault::Cut);
    let begun = tokio::time::Instant::now();
    let mut told = false;
    let end = loop {
        let item = tokio::time::timeout(secs(1_200), quotes.next()).await;
        match item
            .expect("an end in time")
            .expect("no end without an error")
        {
            Err(error) => break error,
            Ok(Event::Status(status)) => {
                told |= matches!(
                    status.kind,
                    StatusKind::Interrupted {
                        cause: Interruption::Login { .. }
                    }
                );
            }
            Ok(_) => {}
        }
    };
    assert!(matches!(end.kind(), ErrorKind::Auth(_)), "{end}");
    assert!(begun.elapsed() >= secs(15 * 60), "{:?}", begun.elapsed());
    assert!(told, "the refusal is told while it is borne");
    assert!(quotes.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn more_candles_than_a_connection_takes_go_to_further_ones_up_to_five() {
    let names: Vec<String> = (0..501).map(|at| format!("S{at}")).collect();
    let rig = Rig::with(|sim| sim.symbols(&names).rate(0.0), |client| client);
    let from = Timestamp::from_secs(START - 600).unwrap();
    let symbols = |count: usize| -> Vec<CandleSymbol> {
        let names = names[..count].iter();
        names
            .map(|name| format!("{name}{{=5m}}").parse().unwrap())
            .collect()
    };
    let market = rig.tastytrade.market();
    let error = market.candles(from, symbols(501)).await.unwrap_err();
    let full = ErrorKind::TooManyOfChannel {
        channel: "Candle",
        limit: 500,
    };
    assert_eq!(error.kind(), &full);
    let candles = market.candles(from, symbols(250)).await.unwrap();
    let topics = rig.sim.active_topics();
    assert_eq!(topics.len(), 250);
    assert_eq!(rig.sim.connects().len(), 3);
    assert_eq!(rig.sim.breaches(), []);
    drop(candles);
    tokio::time::sleep(secs(10)).await;
    assert_eq!(rig.sim.active_topics(), BTreeSet::new());
}

/// The host of the market data answers 502, this often.
fn reject(rig: &Rig, times: u32) {
    rig.sim.inject(Fault::RejectUpgrade {
        status: 502,
        times: Some(times),
    });
    rig.sim.inject(Fault::Cut);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_only_fails_is_asked_about_again_after_every_third_time() {
    let rig = Rig::with(|sim| sim.rate(0.0), |client| client);
    let mut quotes = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap();
    reject(&rig, 7);
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 1 + 2);
    // It was live meanwhile: the count begins anew.
    reject(&rig, 2);
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 3);
    reject(&rig, 3);
    resumed(&mut quotes).await;
    assert_eq!(rig.calls(TOKEN), 4);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_comes_back_is_found_although_rest_is_down() {
    let rig = Rig::with(|sim| sim.rate(0.0), |client| client);
    let mut quotes = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap();
    rig.sim.inject(Fault::RestFailure {
        status: 503,
        times: None,
    });
    reject(&rig, 5);
    resumed(&mut quotes).await;
    assert_eq!(rig.sim.connects().len(), 1 + 6);
}
