//! Logging in, subscribing and coming back.

use feedline::feed::Token;
use feedline::sim::Fault;
use feedline::{Error, ErrorKind, Event, Staleness, StatusKind};

use super::{Rig, next, secs};

#[tokio::test(start_paused = true)]
async fn quotes_come_at_once_and_go_on() {
    let rig = Rig::new();
    let mut quotes = rig.dxlink.quotes(["AAPL", "SPY"]).await.unwrap();
    for _ in 0..10 {
        let Ok(Event::Data(quote)) = next(&mut quotes).await else {
            panic!()
        };
        assert!(quote.bid.unwrap() < quote.ask.unwrap());
    }
    assert_eq!(rig.sim.breaches(), []);
    assert_eq!(rig.sim.active_topics().len(), 2);
    drop(quotes);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(rig.sim.active_topics().len(), 0);
    rig.dxlink.shutdown(secs(5)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_is_sent_when_the_venue_asks_for_it() {
    let rig = Rig::with(
        |sim| sim.token_mode().strict_order(true),
        |dxlink| dxlink.token(Token::new("test-token")),
    );
    let mut sales = rig.dxlink.time_and_sales(["AAPL"]).await.unwrap();
    assert!(matches!(next(&mut sales).await, Ok(Event::Data(_))));
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_twice_ends_the_feed() {
    let rig = Rig::with(
        feedline::sim::dxlink::DxLinkSimBuilder::token_mode,
        |dxlink| dxlink.token(Token::new("wrong")),
    );
    let error: Error = rig.dxlink.quotes(["AAPL"]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Auth(_)), "{error}");
    assert!(!format!("{error:?}").contains("wrong"));
    assert_eq!(rig.sim.connects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_everything_is_subscribed_again() {
    let rig = Rig::new();
    let mut quotes = rig.dxlink.quotes(["AAPL", "SPY"]).await.unwrap();
    next(&mut quotes).await.unwrap();
    rig.sim.inject(Fault::Cut);
    let mut told = Vec::new();
    loop {
        match next(&mut quotes).await.unwrap() {
            Event::Status(status) => told.push(match status.kind {
                StatusKind::Interrupted { .. } => "interrupted",
                StatusKind::Resumed { .. } => "resumed",
                _ => "other",
            }),
            Event::Gap(_) => told.push("gap"),
            Event::Data(_) if told.last() == Some(&"resumed") => break,
            Event::Data(_) => {}
        }
    }
    assert_eq!(told, ["interrupted", "gap", "resumed"]);
    assert_eq!(rig.sim.breaches(), []);
    assert_eq!(rig.sim.active_topics().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_kept_alive_for_hours() {
    let rig = Rig::with(|sim| sim.rate(0.0), |dxlink| dxlink);
    let quotes = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    tokio::time::sleep(secs(4 * 3_600)).await;
    assert_eq!(rig.sim.connects().len(), 1);
    assert_eq!(rig.sim.breaches(), []);
    drop(quotes);
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_says_nothing_any_more_is_left() {
    let rig = Rig::with(|sim| sim.rate(0.0), |dxlink| dxlink);
    let mut quotes = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    next(&mut quotes).await.unwrap();
    rig.sim.inject(Fault::Mute { lasting: None });
    let Ok(Event::Status(status)) = tokio::time::timeout(secs(100), async {
        loop {
            let event = next(&mut quotes).await;
            if !matches!(event, Ok(Event::Data(_))) {
                break event;
            }
        }
    })
    .await
    .unwrap() else {
        panic!()
    };
    assert!(
        matches!(status.kind, StatusKind::Interrupted { .. }),
        "{status}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_the_venue_closes_is_opened_again_and_told() {
    let rig = Rig::new();
    let mut quotes = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    next(&mut quotes).await.unwrap();
    rig.sim.inject(Fault::CloseChannel { channel: None });
    let mut told = Vec::new();
    while told.last() != Some(&"fresh") {
        match next(&mut quotes).await.unwrap() {
            Event::Status(status) => told.push(match status.kind {
                StatusKind::Stale {
                    why: Staleness::Withdrawn,
                } => "stale",
                StatusKind::Fresh => "fresh",
                _ => "other",
            }),
            Event::Gap(_) => told.push("gap"),
            Event::Data(_) => {}
        }
    }
    assert_eq!(told, ["stale", "gap", "fresh"]);
    assert!(matches!(next(&mut quotes).await, Ok(Event::Data(_))));
    assert_eq!(rig.sim.breaches(), []);
    assert_eq!(rig.sim.connects().len(), 1);
}
