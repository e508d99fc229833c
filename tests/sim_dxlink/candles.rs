//! Candles of any period, made of the market's trades.

use std::time::Duration;

use feedline::Decimal;
use feedline::market::Side;
use feedline::sim::dxlink::DxLinkSim;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::support::{Socket, add, at, builder, next, now, rows, with_channel, within};

fn fields() -> Value {
    json!({"Candle": ["eventSymbol", "eventFlags", "index", "time", "count", "open", "high", "low", "close", "volume", "vwap"]})
}

fn trade(sim: &DxLinkSim, price: i64, size: i64) {
    let (price, size) = (Decimal::new(price, 1), Decimal::from(size));
    assert!(sim.publish_trade("AAPL", price, size, Side::Buy).is_some());
}

async fn candles(socket: &mut Socket) -> Vec<Vec<Value>> {
    let frames = within(socket, Duration::from_millis(1)).await;
    rows(&frames, "Candle", 11)
}

#[tokio::test(start_paused = true)]
async fn they_have_a_past_and_a_future() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", fields()).await;
    trade(&sim, 2_000, 10);
    sleep(Duration::from_secs(60)).await;
    trade(&sim, 2_010, 5);
    trade(&sim, 1_990, 15);
    let item = json!([{"type": "Candle", "symbol": "AAPL{=1m,tho=false}", "fromTime": at(-30).as_millis()}]);
    add(&mut socket, 1, item).await;
    let index = |second| at(second).as_secs() << 32;
    let millis = |second| at(second).as_millis();
    let symbol = "AAPL{=m}";
    let nan = "NaN";
    assert_eq!(
        candles(&mut socket).await,
        [
            json!([
                symbol,
                4,
                index(60),
                millis(60),
                2,
                201.0,
                201.0,
                199.0,
                199.0,
                20.0,
                199.5
            ]),
            json!([
                symbol,
                0,
                index(0),
                millis(0),
                1,
                200.0,
                200.0,
                200.0,
                200.0,
                10.0,
                200.0
            ]),
            json!([
                symbol,
                10,
                index(-60),
                millis(-60),
                0,
                nan,
                nan,
                nan,
                nan,
                nan,
                nan
            ]),
        ]
        .map(|row| row.as_array().unwrap().clone())
    );
    trade(&sim, 2_020, 1);
    sleep(Duration::from_secs(59)).await;
    trade(&sim, 2_030, 2);
    sleep(Duration::from_secs(1)).await;
    trade(&sim, 2_040, 3);
    let frames = candles(&mut socket).await;
    let seen: Vec<_> = frames
        .iter()
        .map(|row| (row[1].clone(), row[2].clone(), row[9].clone()))
        .collect();
    let bar = |second, volume: f64| (json!(0), json!(index(second)), json!(volume));
    assert_eq!(seen, [bar(60, 21.0), bar(60, 23.0), bar(120, 3.0)]);
    assert_eq!(
        sim.active_topics().into_iter().collect::<Vec<_>>(),
        ["HISTORY Candle AAPL{=m}"]
    );
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn every_period_holds_every_trade() {
    let sim = builder()
        .history(Duration::from_secs(7_200))
        .in_memory()
        .unwrap();
    let mut socket = with_channel(&sim, "HISTORY", fields()).await;
    let mut sums = Vec::new();
    for period in [
        "t", "10t", "s", "30s", "m", "5m", "h", "d", "w", "mo", "y", "1000v", "0.5p",
    ] {
        let symbol = format!("AAPL{{={period}}}");
        add(
            &mut socket,
            1,
            json!([{"type": "Candle", "symbol": symbol, "fromTime": 0}]),
        )
        .await;
        let bars = candles(&mut socket).await;
        assert_eq!(
            (&bars[0][1], &bars[bars.len() - 1][1]),
            (&json!(4), &json!(10)),
            "{period}"
        );
        let count: i64 = bars.iter().map(|row| row[4].as_i64().unwrap()).sum();
        let sorted = bars.is_sorted_by_key(|row| -row[2].as_i64().unwrap());
        assert!(sorted, "{period}");
        sums.push(count);
    }
    assert!(sums[0] > 100, "{sums:?}");
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn auto_channels_may_leave_them_empty() {
    let sim = builder().auto_candles(false).in_memory().unwrap();
    let mut socket = with_channel(&sim, "AUTO", fields()).await;
    trade(&sim, 2_000, 10);
    add(
        &mut socket,
        1,
        json!([{"type": "Candle", "symbol": "AAPL{=m}", "fromTime": 0}]),
    )
    .await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    assert_eq!(next(&mut socket).await["data"][1][1], 14);
    trade(&sim, 2_000, 10);
    assert!(now(&mut socket).await.is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_ticker_of_candles_is_the_newest() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_channel(&sim, "TICKER", fields()).await;
    trade(&sim, 2_000, 10);
    sleep(Duration::from_secs(60)).await;
    trade(&sim, 2_010, 5);
    add(&mut socket, 1, json!([{"type": "Candle", "symbol": "AAPL{=m,price=bid}"}, {"type": "Candle", "symbol": "AAPL{=m}"}])).await;
    let frames = candles(&mut socket).await;
    assert_eq!(frames.len(), 2);
    assert_eq!((&frames[1][1], &frames[1][5]), (&json!(0), &json!(201.0)));
    assert!(frames[0][5].as_f64().is_some());
    sim.shutdown().await;
}
