//! TICKER, STREAM, HISTORY and AUTO.

use std::time::Duration;

use feedline::sim::dxlink::DxEvent;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::support::{
    add, at, builder, next, now, open, quotes, remove, rows, send, texts_within, with_channel,
    within,
};

fn quote(symbol: &str, bid: f64) -> DxEvent {
    DxEvent::new("Quote", symbol).with("bidPrice", bid)
}

pub(crate) fn sale(second: i64, sequence: i64, price: f64) -> DxEvent {
    DxEvent::new("TimeAndSale", "AAPL")
        .at(at(second), sequence)
        .with("price", price)
}

pub(crate) fn sales() -> Value {
    json!({"TimeAndSale": ["eventFlags", "index", "price"]})
}

/// `FEED_SETUP` with another period.
pub(crate) async fn period(socket: &mut super::support::Socket, seconds: f64) {
    let message = json!({"type": "FEED_SETUP", "channel": 1, "acceptAggregationPeriod": seconds});
    send(socket, message).await;
    assert_eq!(
        next(socket).await["aggregationPeriod"].as_f64(),
        Some(seconds)
    );
}

#[tokio::test(start_paused = true)]
async fn a_ticker_gives_the_last_value_and_the_latest_of_each_period() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_channel(&sim, "TICKER", quotes()).await;
    sim.publish(quote("AAPL", 1.0));
    sim.publish(quote("AAPL", 2.0));
    add(
        &mut socket,
        1,
        json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Quote", "symbol": "NOTHING"}]),
    )
    .await;
    next(&mut socket).await;
    assert_eq!(next(&mut socket).await["data"][1], json!(["AAPL", 2.0]));
    // Period 0: as they come.
    assert_eq!(sim.publish(quote("AAPL", 3.0)), 1);
    sim.publish(quote("AAPL", 4.0));
    assert_eq!(now(&mut socket).await.len(), 2);
    period(&mut socket, 2.0).await;
    sim.publish(quote("AAPL", 5.0));
    assert_eq!(next(&mut socket).await["data"][1], json!(["AAPL", 5.0]));
    let sent = Instant::now();
    for bid in [6.0, 7.0, 8.0] {
        sim.publish(quote("AAPL", bid));
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(next(&mut socket).await["data"][1], json!(["AAPL", 8.0]));
    assert_eq!(sent.elapsed().as_millis() / 10, 200);
    assert_eq!(sim.publish(quote("IBM", 1.0)), 0);
    assert!(sim.breaches().is_empty());
    // What another event replaced was never sent.
    assert_eq!(sim.journal().len(), 5);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_nothing_and_loses_nothing() {
    let sim = builder().in_memory().unwrap();
    let mut fields = quotes();
    fields["TimeAndSale"] = json!(["eventSymbol", "price"]);
    let mut socket = with_channel(&sim, "STREAM", fields).await;
    period(&mut socket, 1.0).await;
    sim.publish(quote("AAPL", 1.0));
    let items =
        json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "TimeAndSale", "symbol": "*"}]);
    add(&mut socket, 1, items).await;
    let frames = within(&mut socket, Duration::from_millis(10)).await;
    assert_eq!(frames.len(), 1, "{frames:?}");
    let published = Instant::now();
    sim.publish(quote("AAPL", 2.0));
    sim.publish(quote("AAPL", 3.0));
    sim.publish(sale(0, 0, 4.0));
    sim.publish(DxEvent::new("TimeAndSale", "ANY").with("price", 5.0));
    let first = within(&mut socket, Duration::from_millis(900)).await;
    let second = within(&mut socket, Duration::from_millis(900)).await;
    assert!(published.elapsed() < Duration::from_secs(2));
    let all = [first, second].concat();
    assert_eq!(
        rows(&all, "Quote", 2),
        [[json!("AAPL"), json!(2.0)], [json!("AAPL"), json!(3.0)]]
    );
    assert_eq!(
        rows(&all, "TimeAndSale", 2),
        [[json!("AAPL"), json!(4.0)], [json!("ANY"), json!(5.0)]]
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn auto_goes_by_type_and_by_what_is_asked() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({"Quote": ["eventSymbol"], "Order": ["eventFlags"], "Greeks": ["eventFlags"],
        "TimeAndSale": ["eventFlags"], "Candle": ["eventFlags"]});
    let mut socket = with_channel(&sim, "AUTO", fields).await;
    sim.publish(sale(-1, 0, 1.0));
    sim.publish(DxEvent::new("Greeks", "AAPL").at(at(-1), 0));
    let asked = |kind: &str, from: Option<i64>| match from {
        Some(from) => json!([{"type": kind, "symbol": "AAPL", "fromTime": from}]),
        None => json!([{"type": kind, "symbol": "AAPL"}]),
    };
    for (kind, from, expected) in [
        ("Quote", None, json!(["AAPL"])),
        ("TimeAndSale", None, Value::Null),
        ("TimeAndSale", Some(0), json!([4, 10])),
        ("Greeks", None, json!([0])),
        ("Greeks", Some(0), json!([4, 10])),
        ("Candle", Some(0), json!([14])),
    ] {
        add(&mut socket, 1, asked(kind, from)).await;
        let frames = within(&mut socket, Duration::from_millis(1)).await;
        let data = frames.iter().find(|frame| frame["type"] == "FEED_DATA");
        let data = data.map_or(Value::Null, |frame| frame["data"][1].clone());
        assert_eq!(data, expected, "{kind} {from:?}");
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn resetting_comes_first_and_removing_is_silent() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_channel(&sim, "TICKER", quotes()).await;
    open(&mut socket, 3, "STREAM", quotes()).await;
    add(
        &mut socket,
        1,
        json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Quote", "symbol": "A"}]),
    )
    .await;
    add(&mut socket, 3, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    now(&mut socket).await;
    let topics = |sim: &feedline::sim::dxlink::DxLinkSim| -> Vec<String> {
        sim.active_topics().into_iter().collect()
    };
    assert_eq!(
        topics(&sim),
        ["STREAM Quote AAPL", "TICKER Quote A", "TICKER Quote AAPL"]
    );
    let reset = json!({"type": "FEED_SUBSCRIPTION", "channel": 1, "reset": true, "add": [{"type": "Quote", "symbol": "IBM"}]});
    send(&mut socket, reset).await;
    assert_eq!(next(&mut socket).await["data"][1][0], "IBM");
    assert_eq!(topics(&sim), ["STREAM Quote AAPL", "TICKER Quote IBM"]);
    remove(&mut socket, 1, json!([{"type": "Quote", "symbol": "IBM"}])).await;
    send(&mut socket, json!({"type": "CHANNEL_CANCEL", "channel": 3})).await;
    assert_eq!(next(&mut socket).await["type"], "CHANNEL_CLOSED");
    assert!(sim.active_topics().is_empty());
    sim.publish(quote("AAPL", 1.0));
    sim.publish(quote("IBM", 1.0));
    assert!(
        texts_within(&mut socket, Duration::from_secs(1))
            .await
            .is_empty()
    );
    assert_eq!(sim.subscribe_requests().len(), 3);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_contract_cannot_deliver_is_a_breach_and_silent() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", quotes()).await;
    add(
        &mut socket,
        1,
        json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Waltz", "symbol": "AAPL"}]),
    )
    .await;
    open(&mut socket, 3, "TICKER", quotes()).await;
    add(&mut socket, 3, json!([{"type": "Quote", "symbol": "*"}])).await;
    assert!(now(&mut socket).await.is_empty());
    assert_eq!(sim.breaches().len(), 3);
    assert!(sim.active_topics().is_empty());
    sim.shutdown().await;
}
