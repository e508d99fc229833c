//! The market behind it all.

use std::collections::BTreeMap;
use std::time::Duration;

use feedline::Decimal;
use feedline::market::Side;
use feedline::sim::{Fault, Script};
use serde_json::{Value, json};

use super::support::{add, at, builder, next, now, open, rows, texts_within, with_channel, within};

#[tokio::test(start_paused = true)]
async fn a_trade_shows_in_every_kind_of_event() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({
        "Trade": ["price", "size", "dayVolume", "dayTurnover", "change", "tickDirection", "time", "exchangeCode", "extendedTradingHours"],
        "TradeETH": ["price", "extendedTradingHours"],
        "Summary": ["dayOpenPrice", "dayHighPrice", "dayLowPrice", "openInterest", "dayId"],
        "TimeAndSale": ["price", "size", "aggressorSide", "type", "validTick", "buyer", "seller", "tradeThroughExempt", "exchangeCode"],
        "Underlying": ["callVolume", "putVolume"],
        "Quote": ["bidTime", "bidExchangeCode", "sequence"],
        "Profile": ["tradingStatus", "statusReason", "beta"],
    });
    let mut socket = with_channel(&sim, "AUTO", fields.clone()).await;
    let kinds: Vec<String> = fields.as_object().unwrap().keys().cloned().collect();
    let items: Value = kinds
        .iter()
        .map(|kind| json!({"type": kind, "symbol": "AAPL"}))
        .collect();
    add(&mut socket, 1, items).await;
    now(&mut socket).await;
    let (price, size) = (Decimal::new(25_050, 2), Decimal::from(13_743_299));
    sim.publish_trade("AAPL", price, size, Side::Sell).unwrap();
    let text = now(&mut socket).await.join("\n");
    for expected in [
        r#""Trade",[250.5,1.3743299E7,1.3743299E7,3.4426963995E9,"#,
        r#""UNDEFINED",1790859180001,"Q",false]"#,
        r#""TradeETH",[250.5,true]"#,
        r#""Summary",[250.5,250.5,250.5,0,20727]"#,
        r#""TimeAndSale",[250.5,1.3743299E7,"SELL","NEW",true,null,null,"\u0000","Q"]"#,
        r#""Underlying",[0.0,1.3743299E7]"#,
        r#""Quote",[0,"Q",0]"#,
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn options_have_models() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({
        "Greeks": ["price", "volatility", "delta", "gamma", "theta", "rho", "vega"],
        "TheoPrice": ["price", "underlyingPrice", "delta", "gamma", "dividend", "interest"],
        "OptionSale": ["eventFlags", "price", "optionSymbol", "underlyingPrice"],
        "Series": ["eventFlags", "index", "expiration", "callVolume", "putVolume", "forwardPrice"],
    });
    let mut socket = with_channel(&sim, "AUTO", fields).await;
    let option = ".AAPL270115C230";
    add(
        &mut socket,
        1,
        json!([
            {"type": "Greeks", "symbol": option}, {"type": "TheoPrice", "symbol": option},
            {"type": "OptionSale", "symbol": "AAPL"}, {"type": "Series", "symbol": "AAPL"},
        ]),
    )
    .await;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    assert_eq!(rows(&frames, "Series", 6)[0][0], 14);
    sim.publish_trade(option, Decimal::new(1_250, 2), Decimal::from(3), Side::Buy)
        .unwrap();
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let greeks = &rows(&frames, "Greeks", 7)[0];
    assert_eq!(greeks[0], 12.5);
    assert!(greeks.iter().all(Value::is_f64), "{greeks:?}");
    assert!(rows(&frames, "TheoPrice", 6)[0].iter().all(Value::is_f64));
    let sale = &rows(&frames, "OptionSale", 4)[0];
    assert_eq!((&sale[0], &sale[2]), (&json!(0), &json!(option)));
    let series = &rows(&frames, "Series", 6)[0];
    assert_eq!((&series[2], &series[3]), (&json!(20_833), &json!(3.0)));
    sim.shutdown().await;
}

/// A client's book of one source, kept as dxFeed's `IndexedEvent` says.
#[derive(Default)]
struct Orders(BTreeMap<i64, (bool, f64, f64)>);

impl Orders {
    fn apply(&mut self, rows: &[Vec<Value>]) {
        for row in rows {
            let (flags, index) = (row[0].as_i64().unwrap(), row[1].as_i64().unwrap());
            if flags & 4 != 0 {
                self.0.clear();
            }
            if flags & 2 != 0 {
                self.0.remove(&index);
            } else {
                let number = |at: usize| row[at].as_f64().unwrap();
                self.0
                    .insert(index, (row[2] == "BUY", number(3), number(4)));
            }
        }
    }

    fn side(&self, buys: bool) -> Vec<(f64, f64)> {
        let mut levels: Vec<_> = self
            .0
            .values()
            .filter(|order| order.0 == buys)
            .map(|order| (order.1, order.2))
            .collect();
        levels.sort_by(|a, b| {
            if buys {
                b.0.total_cmp(&a.0)
            } else {
                a.0.total_cmp(&b.0)
            }
        });
        levels
    }
}

#[tokio::test(start_paused = true)]
async fn orders_and_depth_are_one_book() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({"Order": ["eventFlags", "index", "orderSide", "price", "size"]});
    let mut socket = with_channel(&sim, "HISTORY", fields).await;
    super::support::send(
        &mut socket,
        json!({"type": "CHANNEL_REQUEST", "channel": 3, "service": "DOM",
        "parameters": {"symbol": "AAPL", "sources": ["NTV"]}}),
    )
    .await;
    next(&mut socket).await;
    super::support::send(
        &mut socket,
        json!({"type": "DOM_SETUP", "channel": 3, "acceptAggregationPeriod": 0}),
    )
    .await;
    add(
        &mut socket,
        1,
        json!([{"type": "Order", "symbol": "AAPL", "source": "NTV"}]),
    )
    .await;
    let mut orders = Orders::default();
    for round in 0..50 {
        let frames = within(&mut socket, Duration::from_millis(1)).await;
        let changes = rows(&frames, "Order", 5);
        if round == 0 {
            assert_eq!(
                (&changes[0][0], &changes.last().unwrap()[0]),
                (&json!(4), &json!(10))
            );
            assert!(
                changes
                    .iter()
                    .all(|row| row[1].as_i64().unwrap() >> 32 == 0x4E_54_56)
            );
        } else if let Some(last) = changes.last() {
            assert_eq!(last[0].as_i64().unwrap() & 1, 0, "a transaction stays open");
        }
        orders.apply(&changes);
        if let Some(book) = frames.iter().rfind(|frame| frame["type"] == "DOM_SNAPSHOT") {
            for (buys, side) in [(true, "bids"), (false, "asks")] {
                let levels = book[side].as_array().unwrap().iter();
                let levels: Vec<_> = levels
                    .map(|level| {
                        (
                            level["price"].as_f64().unwrap(),
                            level["size"].as_f64().unwrap(),
                        )
                    })
                    .collect();
                assert_eq!(orders.side(buys), levels, "round {round}");
            }
        }
        sim.step(1);
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn sources_differ() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({"Order": ["index", "orderSide", "scope", "source", "orderId"]});
    let mut socket = with_channel(&sim, "HISTORY", fields).await;
    for (source, code, count, scope) in [
        ("ntv", 0x6E_74_76_i64 << 32, 20, "AGGREGATE"),
        ("GLBX", 0x47_4C_42_58 << 32, 20, "ORDER"),
        ("COMPOSITE_BID", 1 << 48, 1, "COMPOSITE"),
        ("AGGREGATE_ASK", 6 << 48, 10, "AGGREGATE"),
    ] {
        add(
            &mut socket,
            1,
            json!([{"type": "Order", "symbol": "AAPL", "source": source}]),
        )
        .await;
        let frames = within(&mut socket, Duration::from_millis(1)).await;
        let orders = rows(&frames, "Order", 5);
        assert_eq!(orders.len(), count + 1, "{source}");
        assert_eq!(
            orders[0][0].as_i64().unwrap() & !0xFFFF_FFFF,
            code,
            "{source}"
        );
        assert_eq!(
            (&orders[0][2], &orders[0][3]),
            (&json!(scope), &json!(source))
        );
    }
    assert_eq!(sim.active_topics().len(), 4);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_script_give_the_same_frames() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let script = Script::new()
            .at(Duration::from_secs(3), Fault::Garble { times: Some(3) })
            .at(
                Duration::from_secs(4),
                Fault::ChangeFormat {
                    format: feedline::sim::DataFormat::Full,
                },
            );
        let sim = builder()
            .rate(40.0)
            .history(Duration::from_secs(600))
            .faults(script)
            .in_memory()
            .unwrap();
        let mut socket = with_channel(&sim, "AUTO", json!({})).await;
        open(&mut socket, 3, "HISTORY", json!({})).await;
        add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Trade", "symbol": "IBM"},
            {"type": "Greeks", "symbol": ".AAPL270115C230"}, {"type": "Order", "symbol": "IBM", "source": "ntv"}])).await;
        let from = at(-500).as_millis();
        add(
            &mut socket,
            3,
            json!([{"type": "Candle", "symbol": "IBM{=10s}", "fromTime": from}]),
        )
        .await;
        runs.push(texts_within(&mut socket, Duration::from_secs(10)).await);
        sim.shutdown().await;
    }
    assert!(runs[0].len() > 300, "{}", runs[0].len());
    assert!(runs[0] == runs[1]);
}
