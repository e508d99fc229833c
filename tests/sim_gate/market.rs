//! What is published, and that it fits together.

use std::collections::BTreeMap;
use std::time::Duration;

use feedline::market::Side;
use feedline::sim::gate::BookStart;
use feedline::sim::{BreachKind, Fate, Fault, Identity, Script, SessionId};
use feedline::{Decimal, decimal};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::support::{
    START, builder, connect, get, next, subscribe, texts_within, with_trades, within,
};

fn number(value: &Value) -> Decimal {
    decimal::parse(value.as_str().unwrap()).unwrap()
}

/// A side of a book, or a change of one.
type Levels = BTreeMap<Decimal, Decimal>;

fn apply(book: &mut Levels, levels: &Value) {
    for level in levels.as_array().into_iter().flatten() {
        let (price, size) = (number(&level[0]), number(&level[1]));
        if size.is_zero() {
            book.remove(&price);
        } else {
            book.insert(price, size);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn trades_reach_subscribers_and_the_journal() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    sim.step(3);
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
    next(&mut socket).await;
    let (price, size) = (Decimal::new(837_909, 1), Decimal::new(2_984, 6));
    let trade = sim
        .publish_trade("BTC_USDT", price, size, Side::Sell)
        .unwrap();
    sim.publish_trade("ETH_USDT", price, size, Side::Buy)
        .unwrap();
    let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let id = trade.id;
    assert_eq!(
        text.as_str(),
        format!(
            "{{\"time\":{START},\"time_ms\":{START}000,\"channel\":\"spot.trades\",\
             \"event\":\"update\",\"result\":{{\"id\":{id},\"id_market\":{id},\
             \"create_time\":{START},\"create_time_ms\":\"{START}000.000000\",\"side\":\"sell\",\
             \"currency_pair\":\"BTC_USDT\",\"amount\":\"0.002984\",\"price\":\"83790.9\",\
             \"range\":\"{id}-{id}\",\"trade_mode\":0}}}}"
        )
    );
    let journal = sim.journal();
    assert_eq!(journal.len(), 5);
    assert!(journal[..3].iter().all(|event| event.deliveries.is_empty()));
    assert_eq!(journal[3].identity, Identity::Trade(id));
    assert_eq!(journal[3].topic, "spot.trades BTC_USDT");
    assert_eq!(journal[3].deliveries.len(), 1);
    assert_eq!(journal[3].deliveries[0].session, SessionId(1));
    assert_eq!(journal[3].deliveries[0].fate, Fate::Sent);
    assert!(journal[4].deliveries.is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn obu_starts_whole_and_chains() {
    let sim = builder().rate(400.0).in_memory().unwrap();
    let mut socket = connect(&sim).await;
    let streams = json!([
        "ob.BTC_USDT.50",
        "ob.BTC_USDT.400",
        "ob.NO_PE.50",
        "ob.BTC_USDT.7"
    ]);
    subscribe(&mut socket, "spot.obu", streams).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    subscribe(&mut socket, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
    let mut duplicate = None;
    let mut books: BTreeMap<String, (u64, Levels, Levels)> = BTreeMap::new();
    let mut deltas = 0;
    for frame in within(&mut socket, Duration::from_secs(5)).await {
        if frame["event"] == "subscribe" {
            duplicate = Some(frame["error"]["message"].clone());
            continue;
        }
        let result = &frame["result"];
        let stream = result["s"].as_str().unwrap().to_owned();
        let (first, last) = (result["U"].as_u64(), result["u"].as_u64().unwrap());
        if result["full"] == true {
            assert!(!books.contains_key(&stream));
            books.insert(stream.clone(), (last, Levels::new(), Levels::new()));
        } else {
            assert_eq!(first.unwrap(), books[&stream].0 + 1);
            deltas += 1;
        }
        let (id, bids, asks) = books.get_mut(&stream).unwrap();
        *id = last;
        apply(bids, &result["b"]);
        apply(asks, &result["a"]);
        let depth: usize = stream.rsplit('.').next().unwrap().parse().unwrap();
        assert!(
            bids.len() == depth && asks.len() == depth,
            "{stream} {}",
            bids.len()
        );
        assert!(bids.last_key_value().unwrap().0 < asks.first_key_value().unwrap().0);
    }
    assert_eq!(duplicate.unwrap(), "Alert sub ob.BTC_USDT.50");
    assert!(deltas > 200, "{deltas}");
    assert_eq!(books.len(), 2);
    assert_eq!(sim.breaches()[0].kind, BreachKind::DuplicateStream);
    sim.shutdown().await;
}

/// The documented way from deltas and a REST snapshot to a book, checked against later snapshots.
#[tokio::test(start_paused = true)]
async fn deltas_bridge_a_rest_snapshot() {
    for (speed, depth) in [("100ms", 100), ("20ms", 20)] {
        let sim = builder().rate(400.0).in_memory().unwrap();
        let mut socket = connect(&sim).await;
        subscribe(
            &mut socket,
            "spot.order_book_update",
            json!(["BTC_USDT", speed]),
        )
        .await;
        let mut frames = within(&mut socket, Duration::from_millis(950)).await;
        let query = format!("/spot/order_book?currency_pair=BTC_USDT&limit={depth}&with_id=true");
        let (status, snapshot) = get(&sim, &query).await;
        assert_eq!(status, 200);
        frames.extend(within(&mut socket, Duration::from_millis(2_003)).await);
        sim.pause_market();
        frames.extend(within(&mut socket, Duration::from_millis(500)).await);
        let mut id = snapshot["id"].as_u64().unwrap();
        let (mut bids, mut asks) = (Levels::new(), Levels::new());
        apply(&mut bids, &snapshot["bids"]);
        apply(&mut asks, &snapshot["asks"]);
        let mut applied = 0;
        for frame in frames.iter().filter(|frame| frame["event"] == "update") {
            let result = &frame["result"];
            assert_eq!(result["l"], depth.to_string());
            let (first, last) = (result["U"].as_u64().unwrap(), result["u"].as_u64().unwrap());
            if last <= id {
                continue;
            }
            assert!(first <= id + 1, "{first} after {id}");
            id = last;
            apply(&mut bids, &result["b"]);
            apply(&mut asks, &result["a"]);
            // What a client does with a snapshot level that fell out before the first delta.
            while bids.len() > depth {
                bids.pop_first();
            }
            while asks.len() > depth {
                asks.pop_last();
            }
            applied += 1;
        }
        assert!(applied > 15, "{applied}");
        let (_, end) = get(&sim, &query).await;
        assert_eq!(end["id"], id);
        let (mut end_bids, mut end_asks) = (Levels::new(), Levels::new());
        apply(&mut end_bids, &end["bids"]);
        apply(&mut end_asks, &end["asks"]);
        assert_eq!((bids, asks), (end_bids, end_asks), "{speed}");
        sim.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn books_start_as_configured() {
    for (start, whole) in [
        (BookStart::Window, Value::Null),
        (BookStart::Full, json!(true)),
    ] {
        let sim = builder().book_start(start).in_memory().unwrap();
        let mut socket = connect(&sim).await;
        subscribe(
            &mut socket,
            "spot.order_book_update",
            json!(["BTC_USDT", "20ms"]),
        )
        .await;
        next(&mut socket).await;
        let result = &next(&mut socket).await["result"];
        assert_eq!(result["full"], whole);
        assert_eq!(result["U"], result["u"]);
        assert_eq!(result["b"].as_array().unwrap().len(), 20);
        sim.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn quotes_tickers_and_books_follow_the_market() {
    let sim = builder().rate(100.0).in_memory().unwrap();
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.book_ticker", json!(["BTC_USDT"])).await;
    subscribe(&mut socket, "spot.tickers", json!(["BTC_USDT"])).await;
    subscribe(
        &mut socket,
        "spot.order_book",
        json!(["BTC_USDT", "5", "1000ms"]),
    )
    .await;
    let mut counts = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for frame in within(&mut socket, Duration::from_millis(10_500))
        .await
        .into_iter()
        .skip(3)
    {
        let (channel, result) = (frame["channel"].as_str().unwrap(), &frame["result"]);
        *counts.entry(channel.to_owned()).or_insert(0) += 1;
        match channel {
            "spot.book_ticker" => {
                ids.insert(
                    result["u"].as_u64().unwrap(),
                    json!([result["b"], result["B"]]),
                );
            }
            "spot.order_book" => {
                assert_eq!(result["bids"].as_array().unwrap().len(), 5);
                let id = result["lastUpdateId"].as_u64().unwrap();
                if let Some(best) = ids.get(&id) {
                    assert_eq!(result["bids"][0], *best);
                }
            }
            _ => assert!(number(&result["base_volume"]) > Decimal::ZERO),
        }
    }
    assert_eq!(
        (counts["spot.tickers"], counts["spot.order_book"]),
        (10, 10),
        "{counts:?}"
    );
    assert!(counts["spot.book_ticker"] > 300, "{counts:?}");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn candles_equal_the_trades_they_are_made_of() {
    let sim = builder()
        .symbols(["BTC_USDT"])
        .rate(20.0)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.candlesticks", json!(["10s", "BTC_USDT"])).await;
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
    let mut trades: BTreeMap<i64, Vec<(Decimal, Decimal)>> = BTreeMap::new();
    let mut closed = BTreeMap::new();
    let mut last = None;
    for frame in within(&mut socket, Duration::from_secs(60)).await {
        let result = &frame["result"];
        match (frame["event"].as_str(), frame["channel"].as_str()) {
            (Some("update"), Some("spot.trades")) => {
                let start = result["create_time"].as_i64().unwrap() / 10 * 10;
                let trade = (number(&result["price"]), number(&result["amount"]));
                trades.entry(start).or_default().push(trade);
            }
            (Some("update"), _) => {
                assert_eq!(result["n"], "10s_BTC_USDT");
                let start: i64 = result["t"].as_str().unwrap().parse().unwrap();
                assert!(
                    last.is_none_or(|last| start >= last),
                    "no candle after its successor"
                );
                last = Some(start);
                if result["w"] == true {
                    let late = frame["time_ms"].as_i64().unwrap() - (start + 10) * 1_000;
                    assert!((1_000..=2_000).contains(&late), "{late}");
                    assert!(closed.insert(start, result.clone()).is_none());
                }
            }
            _ => {}
        }
    }
    assert!(closed.len() >= 5);
    for (start, candle) in closed.into_iter().skip(1) {
        let trades = &trades[&start];
        let prices = || trades.iter().map(|(price, _)| *price);
        assert_eq!(number(&candle["o"]), prices().next().unwrap());
        assert_eq!(number(&candle["c"]), prices().next_back().unwrap());
        assert_eq!(number(&candle["h"]), prices().max().unwrap());
        assert_eq!(number(&candle["l"]), prices().min().unwrap());
        assert_eq!(
            number(&candle["a"]),
            trades.iter().map(|(_, size)| *size).sum()
        );
        assert_eq!(
            number(&candle["v"]),
            trades.iter().map(|(price, size)| price * size).sum()
        );
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_quiet_candle_is_sent_once() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.candlesticks", json!(["10s", "BTC_USDT"])).await;
    let frames = within(&mut socket, Duration::from_secs(40)).await;
    assert_eq!(frames.len(), 2);
    let result = &frames[1]["result"];
    assert_eq!(
        (&result["v"], &result["a"], &result["w"]),
        (&json!("0"), &json!("0"), &json!(false))
    );
    assert_eq!(result["o"], result["c"]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_frames() {
    let run = || async {
        let script = Script::new()
            .at(Duration::from_secs(2), Fault::Garble { times: Some(3) })
            .at(Duration::from_secs(3), Fault::Reorder { times: Some(1) });
        let sim = builder().rate(100.0).faults(script).in_memory().unwrap();
        let mut socket = connect(&sim).await;
        subscribe(&mut socket, "spot.trades", json!(["BTC_USDT", "ETH_USDT"])).await;
        subscribe(&mut socket, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
        subscribe(&mut socket, "spot.candlesticks", json!(["10s", "ETH_USDT"])).await;
        let texts = texts_within(&mut socket, Duration::from_secs(20)).await;
        sim.shutdown().await;
        texts
    };
    let first = run().await;
    assert!(first.len() > 2_000);
    assert_eq!(first, run().await);
}

#[tokio::test(start_paused = true)]
async fn the_journal_can_be_left_out() {
    let sim = builder().journal(false).in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.step(3);
    assert_eq!(within(&mut socket, Duration::from_secs(1)).await.len(), 3);
    assert!(sim.journal().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_spread_stays_narrow_and_the_price_moves() {
    let sim = builder().in_memory().unwrap();
    let mut mids = Vec::new();
    for _ in 0..50 {
        sim.step(2_000);
        let path = "/spot/order_book?currency_pair=BTC_USDT&limit=1";
        let (_, book) = get(&sim, path).await;
        let price = |side: &str| -> Decimal {
            let text = book[side][0][0].as_str().unwrap();
            text.parse().unwrap()
        };
        let (bid, ask) = (price("bids"), price("asks"));
        assert!(bid < ask);
        assert!(ask - bid <= Decimal::new(8, 1), "{bid} {ask}");
        mids.push(bid);
    }
    let start = Decimal::new(837_909, 1);
    let far = start / Decimal::TEN;
    assert!(mids.iter().all(|mid| (mid - start).abs() < far));
    mids.sort();
    mids.dedup();
    assert!(mids.len() > 40, "{mids:?}");
    sim.shutdown().await;
}
