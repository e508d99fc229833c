//! Handles that come, grow and go while their topics or connections are in the middle of something.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use feedline::sim::{Delayed, Fault, RawFrame, To};
use feedline::venue::gate::ObuLevel;
use feedline::{Event, Overflow};
use futures_util::{FutureExt, StreamExt};
use support::{Rig, ms, ready, secs, settle};

const LEVEL: ObuLevel = ObuLevel::Levels50;

fn silent(symbol: &str) -> Fault {
    Fault::AckWithoutData {
        symbol: symbol.to_owned(),
        lasting: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_joiner_of_a_topic_being_released_begins_with_the_new_subscription() {
    let rig = Rig::new();
    let _keep = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let first = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    for (of, by) in [(Delayed::Data, ms(500)), (Delayed::Acks, secs(1))] {
        let lasting = None;
        rig.sim.inject(Fault::Delay { of, by, lasting });
    }
    rig.trade("BTC_USDT");
    tokio::time::sleep(ms(10)).await;
    drop(first);
    tokio::time::sleep(ms(10)).await;
    let mut second = rig.gate.trades(["BTC_USDT"]).lazy().unwrap();
    tokio::time::sleep(ms(700)).await;
    rig.trade("BTC_USDT");
    tokio::time::sleep(secs(5)).await;
    let last = rig.trade("BTC_USDT");
    tokio::time::sleep(secs(5)).await;
    assert_eq!(
        ready(&mut second).await,
        [last],
        "nothing of the old one, and so no hole"
    );
}

#[tokio::test(start_paused = true)]
async fn a_joiner_is_accepted_when_the_venue_will_not_release_the_topic() {
    let rig = Rig::new();
    let _keep = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let first = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::NoAck { times: Some(1) });
    drop(first);
    settle().await;
    let joining = tokio::spawn(rig.gate.trades(["BTC_USDT"]).into_future());
    settle().await;
    for id in 1..6 {
        let answer = format!(
            r#"{{"time":1790000000,"id":{id},"channel":"spot.trades","event":"unsubscribe",
            "error":{{"code":3,"message":"server side error"}},"result":null}}"#
        );
        rig.sim.send(&To::All, &RawFrame::Text(answer));
    }
    assert!(joining.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refused_topic_is_released_at_once() {
    let rig = Rig::new();
    let _keep = rig.gate.obu(LEVEL, ["ETH_USDT"]).await.unwrap();
    tokio::time::sleep(secs(4)).await;
    rig.sim.inject(silent("BTC_USDT"));
    let books = rig
        .gate
        .obu(LEVEL, ["BTC_USDT", "SOL_USDT"])
        .lazy()
        .unwrap();
    while books.symbols().len() == 2 {
        tokio::time::sleep(ms(100)).await;
    }
    tokio::time::sleep(ms(200)).await;
    assert_eq!(rig.venue_set().len(), 2, "{:?}", rig.venue_set());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_read_is_asked_for_again() {
    let rig = Rig::with(|sim| sim.rate(20.0), |gate| gate);
    rig.sim.inject(Fault::Garble { times: Some(1) });
    let mut books = rig.gate.obu(LEVEL, ["BTC_USDT"]).await.unwrap();
    let mut first = books.next().await.unwrap().unwrap();
    while first.is_marker() {
        first = books.next().await.unwrap().unwrap();
    }
    let Event::Data(update) = first else {
        panic!("{first:?}")
    };
    assert_eq!(update.action, feedline::market::BookAction::Snapshot);
}

#[tokio::test(start_paused = true)]
async fn what_was_interrupted_is_what_resumes() {
    let rig = Rig::with(|sim| sim, |gate| gate.topics_per_connection(1));
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(ms(1)).await;
    trades.control().add(["ETH_USDT"]).await.unwrap();
    tokio::time::sleep(secs(60)).await;
    let expected = [
        "interrupted: closed (all symbols)",
        "gap(outage, ?, BTC_USDT)",
        "resumed (all symbols)",
    ];
    assert_eq!(ready(&mut trades).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_moves_away_from_an_interrupted_connection_resumes() {
    let rig = Rig::with(|sim| sim, |gate| gate.topics_per_connection(1));
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let _keep = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(ms(1)).await;
    trades.control().add(["ETH_USDT"]).await.unwrap();
    trades.control().remove(["BTC_USDT"]).unwrap();
    tokio::time::sleep(secs(60)).await;
    let came = ready(&mut trades).await;
    assert_eq!(came.first().unwrap(), "interrupted: closed (all symbols)");
    assert_eq!(came.last().unwrap(), "resumed (all symbols)");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_topics_of_a_handle_is_none_of_its_business() {
    let rig = Rig::with(|sim| sim, |gate| gate.topics_per_connection(1));
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).lazy().unwrap();
    let _keep = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    settle().await;
    trades.control().remove(["BTC_USDT"]).unwrap();
    settle().await;
    let first = rig.sim.sessions()[0];
    rig.sim.inject_into(first, Fault::Cut);
    tokio::time::sleep(secs(20)).await;
    assert_eq!(ready(&mut trades).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_joins_during_a_stall_hears_of_it_and_of_its_end() {
    let rig = Rig::new();
    let lossless = rig.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
    let mut slow = lossless.capacity(1).await.unwrap();
    rig.trade("BTC_USDT");
    tokio::time::sleep(secs(3)).await;
    let mut late = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    settle().await;
    let stale = "stale: waiting for spot.trades #1, which is full (all symbols)";
    assert_eq!(ready(&mut late).await, [stale]);
    ready(&mut slow).await;
    assert_eq!(ready(&mut late).await, ["fresh (all symbols)"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_stall_does_not_make_a_dead_book_fresh() {
    let rig = Rig::new();
    let mut books = rig.gate.obu(LEVEL, ["BTC_USDT"]).await.unwrap();
    let lossless = rig.gate.trades(["ETH_USDT"]).overflow(Overflow::Wait);
    let mut slow = lossless.capacity(1).await.unwrap();
    rig.sim.inject(silent("BTC_USDT"));
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(secs(16)).await;
    rig.trade("ETH_USDT");
    tokio::time::sleep(secs(3)).await;
    ready(&mut slow).await;
    settle().await;
    let mut told = Vec::new();
    while let Some(Some(Ok(event))) = books.next().now_or_never() {
        if let Event::Status(status) = event {
            told.push(status);
        }
    }
    let covers = |status: &feedline::Status| status.scope.contains("BTC_USDT");
    let fresh = |status: &&feedline::Status| status.kind == feedline::StatusKind::Fresh;
    assert!(!told.iter().filter(fresh).any(covers), "{told:?}");
}
