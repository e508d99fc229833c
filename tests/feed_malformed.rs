//! What a message that cannot be read costs: one gap, or the connection where WebSocket demands it.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use feedline::sim::{Fault, RawFrame, To};
use feedline::venue::gate::Trade;
use feedline::{Event, Subscription};
use support::{Rig, bounded, next, ready, settle, word};

async fn costs(frame: RawFrame) -> Vec<String> {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    let mut other = rig.gate.trades(["SOL_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    rig.sim.send(&To::All, &frame);
    let b = rig.trade("BTC_USDT");
    let came = ready(&mut trades).await;
    assert_eq!(came.first(), Some(&a));
    assert_eq!(came.last(), Some(&b));
    assert_eq!(rig.sim.connects().len(), 1, "no disconnect");
    let others = ready(&mut other).await;
    let shared = came.len() == 3 && came[1].ends_with("all symbols)");
    let expected = if shared {
        vec![came[1].clone()]
    } else {
        vec![]
    };
    assert_eq!(
        others, expected,
        "what may have been anyone's is told to all"
    );
    came[1..came.len() - 1].to_vec()
}

fn text(text: &str) -> RawFrame {
    RawFrame::Text(text.to_owned())
}

#[tokio::test(start_paused = true)]
async fn malformed_partial_empty_and_null_messages_cost_one_gap_each() {
    let gap = ["gap(malformed 1, ?, all symbols)"];
    assert_eq!(costs(text("")).await, gap);
    assert_eq!(costs(text("null")).await, gap);
    assert_eq!(costs(text("[]")).await, gap);
    assert_eq!(costs(text("{\"time\":17900000")).await, gap);
    assert_eq!(costs(text("not json at all")).await, gap);
    assert_eq!(costs(RawFrame::Binary(vec![0xff, 0xfe, 0x00])).await, gap);
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_topic_can_be_read_costs_that_topic_alone() {
    let bad_price = r#"{"time":1790000000,"time_ms":1790000000000,"channel":"spot.trades",
        "event":"update","result":{"id":1,"create_time":1790000000,
        "create_time_ms":"1790000000000.1","side":"buy","currency_pair":"ETH_USDT",
        "amount":"1","price":"twelve"}}"#;
    assert_eq!(
        costs(text(bad_price)).await,
        ["gap(malformed 1, 1, ETH_USDT)"]
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_messages_cost_nothing() {
    let none: [&str; 0] = [];
    let unknown = r#"{"time":1,"channel":"spot.something_new","event":"update","result":{}}"#;
    assert_eq!(costs(text(unknown)).await, none);
    let other = r#"{"time":1,"time_ms":1000,"channel":"spot.trades","event":"update","extra":[1],
        "result":{"id":1,"create_time":1,"create_time_ms":"1000.0","side":"buy",
        "currency_pair":"NOT_OURS","amount":"1","price":"1","news":{"a":null}}}"#;
    assert_eq!(costs(text(other)).await, none);
}

#[tokio::test(start_paused = true)]
async fn neighbours_coalesce_and_are_counted() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    for _ in 0..500 {
        rig.sim.send(&To::All, &text("{\"half\":"));
    }
    let a = rig.trade("BTC_USDT");
    assert_eq!(
        ready(&mut trades).await,
        ["gap(malformed 500, ?, all symbols)", &a]
    );
}

#[tokio::test(start_paused = true)]
async fn garbled_and_truncated_data_is_counted() {
    for fault in [
        Fault::Garble { times: Some(3) },
        Fault::Truncate { times: Some(3) },
    ] {
        let rig = Rig::new();
        let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        rig.sim.inject(fault);
        for _ in 0..3 {
            rig.trade("BTC_USDT");
        }
        let last = rig.trade("BTC_USDT");
        let mut spoiled = 0;
        loop {
            match next(&mut trades).await {
                Event::Gap(gap) => {
                    let feedline::Cause::Malformed { messages, .. } = gap.cause else {
                        panic!("{gap}")
                    };
                    spoiled += messages;
                }
                event @ Event::Data(_) if word(&event) == last => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(spoiled, 3);
    }
}

async fn interruption(fault: Fault) -> (Rig, Subscription<Trade>, Vec<String>) {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    settle().await;
    rig.sim.inject(fault);
    while rig.sim.connects().len() < 2 {
        bounded(settle()).await;
    }
    let b = rig.trade("BTC_USDT");
    let came = ready(&mut trades).await;
    assert_eq!((came.first(), came.last()), (Some(&a), Some(&b)));
    let markers = came[1..came.len() - 1].to_vec();
    (rig, trades, markers)
}

#[tokio::test(start_paused = true)]
async fn text_that_is_not_utf8_is_an_interruption_with_that_cause() {
    let (_rig, _trades, markers) = interruption(Fault::NonUtf8).await;
    let expected = [
        "interrupted: not utf-8 (all symbols)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
    ];
    assert_eq!(markers, expected);
}

#[tokio::test(start_paused = true)]
async fn an_over_long_message_is_an_interruption_with_that_cause() {
    let (_rig, _trades, markers) = interruption(Fault::Oversize { bytes: 5 << 20 }).await;
    let expected = [
        "interrupted: too long (all symbols)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
    ];
    assert_eq!(markers, expected);
}
