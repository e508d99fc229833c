//! The Gate simulator, read by a plain WebSocket client.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use feedline::market::Side;
use feedline::sim::gate::{BookStart, GateSim, GateSimBuilder};
use feedline::sim::{
    AttemptOutcome, BreachKind, Delayed, Fate, Fault, Identity, RawFrame, Recording, Script,
    SessionId, To,
};
use feedline::transport::Io;
use feedline::{Clock, Decimal, Timestamp, decimal};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

type Socket = WebSocketStream<Box<dyn Io>>;

const START: i64 = 1_790_359_171;

fn builder() -> GateSimBuilder {
    let clock = Clock::starting_at(Timestamp::from_secs(START).unwrap());
    GateSim::builder()
        .symbols(["BTC_USDT", "ETH_USDT"])
        .clock(clock)
        .seed(7)
        .rate(0.0)
}

async fn dial(sim: &GateSim) -> Box<dyn Io> {
    try_dial(sim).await.unwrap()
}

async fn try_dial(sim: &GateSim) -> std::io::Result<Box<dyn Io>> {
    let url = sim.url();
    let authority = url
        .strip_prefix("ws://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    sim.dialer().dial(host, port.parse().unwrap()).await
}

async fn try_connect(sim: &GateSim) -> Result<Socket, tungstenite::Error> {
    let io = dial(sim).await;
    client_async(sim.url(), io).await.map(|(socket, _)| socket)
}

async fn connect(sim: &GateSim) -> Socket {
    try_connect(sim).await.unwrap()
}

async fn send(socket: &mut Socket, channel: &str, event: &str, payload: Value) {
    let request = json!({ "time": START, "channel": channel, "event": event, "payload": payload });
    socket
        .send(Message::text(request.to_string()))
        .await
        .unwrap();
}

async fn subscribe(socket: &mut Socket, channel: &str, payload: Value) {
    send(socket, channel, "subscribe", payload).await;
}

/// The next text, within a simulated minute.
async fn next(socket: &mut Socket) -> Value {
    let message = timeout(Duration::from_secs(60), socket.next())
        .await
        .expect("a frame")
        .unwrap();
    serde_json::from_str(message.unwrap().to_text().unwrap()).unwrap()
}

/// Everything that arrives within a time, unparsed.
async fn texts_within(socket: &mut Socket, time: Duration) -> Vec<String> {
    let end = Instant::now() + time;
    let mut texts = Vec::new();
    while let Ok(Some(Ok(message))) = tokio::time::timeout_at(end, socket.next()).await {
        if let Message::Text(text) = message {
            texts.push(text.to_string());
        }
    }
    texts
}

async fn within(socket: &mut Socket, time: Duration) -> Vec<Value> {
    let texts = texts_within(socket, time).await;
    texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

async fn get(sim: &GateSim, path: &str) -> (u16, Value) {
    let mut io = dial(sim).await;
    let request = format!("GET /api/v4{path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    io.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

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
async fn acknowledges_in_order_and_repeats_what_was_asked() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    let request =
        r#"{"time":1,"id":"a","channel":"spot.trades","event":"subscribe","payload":["BTC_USDT"]}"#;
    socket.send(Message::text(request)).await.unwrap();
    subscribe(&mut socket, "spot.tickers", json!(["BTC_USDT", "ETH_USDT"])).await;
    let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let keys = [
        "time", "time_ms", "id", "conn_id", "trace_id", "channel", "event", "payload", "result",
    ];
    let places: Vec<_> = keys
        .iter()
        .map(|key| text.find(&format!("\"{key}\":")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
    let ack: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ack["id"], "a");
    assert_eq!(ack["payload"], json!(["BTC_USDT"]));
    assert_eq!(ack["result"], json!({"status": "success"}));
    assert_eq!(ack["conn_id"].as_str().unwrap().len(), 16);
    assert_eq!(ack["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(ack["requestId"], ack["trace_id"]);
    assert_eq!(next(&mut socket).await["channel"], "spot.tickers");
    let topics: Vec<_> = sim.active_topics().into_iter().collect();
    assert_eq!(
        topics,
        [
            "spot.tickers BTC_USDT",
            "spot.tickers ETH_USDT",
            "spot.trades BTC_USDT"
        ]
    );
    send(
        &mut socket,
        "spot.tickers",
        "unsubscribe",
        json!(["BTC_USDT"]),
    )
    .await;
    assert_eq!(next(&mut socket).await["event"], "unsubscribe");
    assert_eq!(sim.active_topics().len(), 2);
    let breaches = sim.breaches();
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    assert_eq!(breaches[0].kind, BreachKind::Time);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn refuses_as_the_venue_does_and_stays_open() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    let cases = [
        (
            "spot.trades",
            json!(["BTC_USDT", "NO_PE", "ETH_USDT"]),
            2,
            "unknown currency pair NO_PE",
        ),
        (
            "spot.trades",
            json!([]),
            1,
            "request payload does not follow json schema",
        ),
        (
            "spot.trades",
            json!({}),
            1,
            "request payload does not follow json schema",
        ),
        (
            "spot.candlesticks",
            json!(["1m_BTC_USDT"]),
            1,
            "request payload does not follow json schema",
        ),
        (
            "spot.order_book",
            json!(["BTC_USDT", "7", "100ms"]),
            2,
            "provided level not supported: 7",
        ),
        (
            "spot.mark_price",
            json!(["BTC_USDT"]),
            2,
            "Unknown channel spot.mark_price",
        ),
    ];
    for (channel, payload, code, message) in cases {
        subscribe(&mut socket, channel, payload.clone()).await;
        let reply = next(&mut socket).await;
        assert_eq!(
            reply["error"],
            json!({"code": code, "message": message}),
            "{channel} {payload}"
        );
        assert_eq!(reply["result"], json!({"status": "fail"}));
        assert_eq!(reply["payload"], payload);
    }
    socket.send(Message::text("hello")).await.unwrap();
    let reply = next(&mut socket).await;
    assert_eq!(
        reply["error"]["message"],
        "request message need json scheme"
    );
    subscribe(&mut socket, "spot.orders", json!(["!all"])).await;
    let reply = next(&mut socket).await;
    assert_eq!(reply["error"]["code"], 4);
    let inner = reply["error"]["message"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(inner).unwrap()["label"],
        "INVALID_KEY"
    );
    assert!(sim.active_topics().is_empty());
    sim.step(5);
    assert!(within(&mut socket, Duration::from_secs(5)).await.is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_idle_connections_dropped() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    for _ in 0..3 {
        sleep(Duration::from_secs(20)).await;
        let ping = json!({"time": START, "channel": "spot.ping"});
        socket.send(Message::text(ping.to_string())).await.unwrap();
        let pong = next(&mut socket).await;
        assert_eq!(pong["channel"], "spot.pong");
        assert_eq!(
            (&pong["event"], &pong["result"]),
            (&json!(""), &Value::Null)
        );
        socket.send(Message::Ping(vec![1].into())).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::Pong(vec![1].into())
        );
    }
    let quiet = Instant::now();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert!(quiet.elapsed() > Duration::from_secs(30) && quiet.elapsed() < Duration::from_secs(31));
    assert_eq!(sim.breaches()[0].kind, BreachKind::Idle);
    assert!(sim.sessions().is_empty());
    sim.shutdown().await;
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
        assert_eq!(number(&candle["c"]), prices().last().unwrap());
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

async fn with_trades(sim: &GateSim) -> Socket {
    let mut socket = connect(sim).await;
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT", "ETH_USDT"])).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    socket
}

#[tokio::test(start_paused = true)]
async fn cuts_and_closes() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::Cut);
    assert!(sim.active_topics().is_empty() && sim.sessions().is_empty());
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::Close {
        code: 1012,
        reason: "restart".into(),
    });
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1012),
        other => panic!("{other:?}"),
    }
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    sleep(Duration::from_secs(2)).await;
    assert!(sim.sessions().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_mute_session_says_nothing_and_a_new_one_works() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::Mute {
        lasting: Some(Duration::from_secs(10)),
    });
    sim.step(2);
    socket.send(Message::Ping(vec![1].into())).await.unwrap();
    let ping = json!({"time": START, "channel": "spot.ping"});
    socket.send(Message::text(ping.to_string())).await.unwrap();
    assert!(
        timeout(Duration::from_secs(9), socket.next())
            .await
            .is_err()
    );
    let mut other = with_trades(&sim).await;
    sim.step(1);
    next(&mut other).await;
    sleep(Duration::from_secs(3)).await;
    sim.step(1);
    assert_eq!(next(&mut socket).await["channel"], "spot.trades");
    let fates: Vec<_> = sim
        .journal()
        .iter()
        .map(|event| event.deliveries[0].fate)
        .collect();
    assert_eq!(
        fates,
        [Fate::Withheld, Fate::Withheld, Fate::Withheld, Fate::Sent]
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn data_can_stop_while_pings_are_answered() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::MuteData { lasting: None });
    sim.step(1);
    let ping = json!({"time": START, "channel": "spot.ping"});
    socket.send(Message::text(ping.to_string())).await.unwrap();
    assert_eq!(next(&mut socket).await["channel"], "spot.pong");
    sim.inject(Fault::Heal);
    sim.inject(Fault::AckWithoutData {
        symbol: "BTC_USDT".into(),
        lasting: None,
    });
    sim.step(40);
    let frames = within(&mut socket, Duration::from_secs(1)).await;
    assert!(!frames.is_empty());
    assert!(
        frames
            .iter()
            .all(|frame| frame["result"]["currency_pair"] == "ETH_USDT")
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn refusals_and_acknowledgements_can_be_scripted() {
    let script: Script = r#"
        {"at":"0s","fault":"refuse","symbol":"ETH_USDT","times":1}
        {"at":"0s","fault":"refuse","channel":"spot.tickers","code":3,"text":"internal error"}
        {"after_subscribes":3,"fault":"no_ack"}
    "#
    .parse()
    .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT", "ETH_USDT"])).await;
    assert_eq!(
        next(&mut socket).await["error"]["message"],
        "unknown currency pair ETH_USDT"
    );
    subscribe(&mut socket, "spot.tickers", json!(["BTC_USDT"])).await;
    assert_eq!(
        next(&mut socket).await["error"],
        json!({"code": 3, "message": "internal error"})
    );
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT", "ETH_USDT"])).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    subscribe(&mut socket, "spot.tickers", json!(["BTC_USDT"])).await;
    assert!(within(&mut socket, Duration::from_secs(5)).await.is_empty());
    assert_eq!(sim.active_topics().len(), 3);
    let accepted: Vec<_> = sim
        .subscribe_requests()
        .iter()
        .map(|r| r.accepted)
        .collect();
    assert_eq!(accepted, [false, false, true, true]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn frames_can_be_spoilt() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    let faults = [
        (Fault::Garble { times: Some(1) }, Fate::Spoiled, 1),
        (Fault::Truncate { times: Some(1) }, Fate::Spoiled, 1),
        (Fault::Duplicate { times: Some(1) }, Fate::Duplicated, 2),
        (Fault::TimeZero { times: Some(1) }, Fate::Altered, 1),
        (
            Fault::StaleTime {
                by: Duration::from_secs(40),
                times: Some(1),
            },
            Fate::Altered,
            1,
        ),
        (Fault::Reorder { times: Some(1) }, Fate::Reordered, 0),
    ];
    for (fault, fate, count) in faults {
        sim.inject(fault.clone());
        sim.step(1);
        assert_eq!(sim.journal().last().unwrap().deliveries[0].fate, fate);
        let texts = texts_within(&mut socket, Duration::from_secs(1)).await;
        assert_eq!(texts.len(), count, "{fault:?}");
        let broken = texts
            .iter()
            .any(|text| serde_json::from_str::<Value>(text).is_err());
        assert_eq!(broken, fate == Fate::Spoiled, "{fault:?}");
    }
    sim.step(1);
    let ids: Vec<_> = within(&mut socket, Duration::from_secs(1)).await;
    let journal = sim.journal();
    let newest: Vec<_> = journal
        .iter()
        .rev()
        .take(2)
        .map(|event| event.identity)
        .collect();
    let arrived = |frame: &Value| Identity::Trade(frame["result"]["id"].as_u64().unwrap());
    assert_eq!(ids.iter().map(arrived).collect::<Vec<_>>(), newest);
    sim.inject(Fault::Empty);
    sim.inject(Fault::Null);
    sim.inject(Fault::Oversize { bytes: 100_000 });
    let texts = texts_within(&mut socket, Duration::from_secs(1)).await;
    assert_eq!(
        texts.iter().map(String::len).collect::<Vec<_>>(),
        [0, 4, 100_000]
    );
    sim.inject(Fault::NonUtf8);
    assert!(matches!(
        socket.next().await,
        Some(Err(tungstenite::Error::Utf8(_)))
    ));
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn delays_keep_the_order() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    let lasting = Some(Duration::from_secs(5));
    sim.inject(Fault::Delay {
        of: Delayed::Data,
        by: Duration::from_secs(4),
        lasting,
    });
    for _ in 0..8 {
        sim.step(1);
        sleep(Duration::from_secs(1)).await;
    }
    let frames = within(&mut socket, Duration::from_secs(60)).await;
    let arrived: Vec<_> = frames
        .iter()
        .map(|frame| Identity::Trade(frame["result"]["id"].as_u64().unwrap()))
        .collect();
    let published: Vec<_> = sim.journal().iter().map(|event| event.identity).collect();
    assert_eq!(arrived, published);
    sim.inject(Fault::Delay {
        of: Delayed::Acks,
        by: Duration::from_secs(4),
        lasting: None,
    });
    let asked = Instant::now();
    subscribe(&mut socket, "spot.tickers", json!(["BTC_USDT"])).await;
    next(&mut socket).await;
    assert_eq!(asked.elapsed().as_secs(), 4);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_sequence_gap_shows_in_the_ids() {
    let sim = builder().rate(200.0).in_memory().unwrap();
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
    let before = within(&mut socket, Duration::from_secs(1)).await;
    sim.inject(Fault::SequenceGap {
        symbol: None,
        times: Some(1),
    });
    let after = within(&mut socket, Duration::from_secs(1)).await;
    let last = before.last().unwrap()["result"]["u"].as_u64().unwrap();
    assert!(after[0]["result"]["U"].as_u64().unwrap() > last + 1);
    let withheld: Vec<_> = sim
        .journal()
        .into_iter()
        .filter(|event| {
            event
                .deliveries
                .iter()
                .any(|delivery| delivery.fate == Fate::Withheld)
        })
        .collect();
    assert_eq!(withheld.len(), 1);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn connections_can_fail_in_every_way() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::RejectUpgrade {
        status: 503,
        times: Some(1),
    });
    match try_connect(&sim).await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{:?}", other.err()),
    }
    sleep(Duration::from_secs(1)).await;
    sim.inject(Fault::RefuseConnect { times: Some(1) });
    assert!(try_connect(&sim).await.is_err());
    sleep(Duration::from_secs(1)).await;
    sim.inject(Fault::AcceptThenClose {
        after: Duration::from_millis(300),
        times: Some(1),
    });
    let mut socket = connect(&sim).await;
    let open = Instant::now();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert_eq!(open.elapsed().as_millis() / 10, 30);
    let _socket = with_trades(&sim).await;
    let outcomes: Vec<_> = sim
        .attempts()
        .iter()
        .map(|attempt| attempt.outcome)
        .collect();
    let upgraded = AttemptOutcome::Upgraded;
    let expected = [
        AttemptOutcome::Rejected(503),
        AttemptOutcome::Refused,
        upgraded,
        upgraded,
    ];
    assert_eq!(outcomes, expected);
    let connects = sim.connects();
    assert_eq!(connects[1].duration_since(connects[0]).as_secs(), 1);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_planned_shutdown_is_announced() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::Upgrade {
        after: Duration::from_secs(7),
    });
    let notice = next(&mut socket).await;
    assert_eq!(
        (&notice["channel"], &notice["event"]),
        (&json!("spot.system"), &json!("update"))
    );
    assert_eq!(notice["result"]["type"], "upgrade");
    let noticed = Instant::now();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert_eq!(noticed.elapsed().as_secs(), 7);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped() {
    let sim = builder().queue(100).in_memory().unwrap();
    let _socket = with_trades(&sim).await;
    for _ in 0..500 {
        sim.step(1);
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(sim.slow_readers(), 1);
    assert!(sim.sessions().is_empty());
    let dropped = |event: &feedline::sim::Published| {
        event
            .deliveries
            .iter()
            .any(|delivery| delivery.fate == Fate::Dropped)
    };
    assert_eq!(
        sim.journal().iter().filter(|event| dropped(event)).count(),
        1
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn rest_answers_and_refuses() {
    let sim = builder().rate(50.0).in_memory().unwrap();
    let first = get(
        &sim,
        "/spot/order_book?currency_pair=BTC_USDT&limit=1&with_id=true",
    )
    .await
    .1;
    sleep(Duration::from_secs(30)).await;
    let (_, pairs) = get(&sim, "/spot/currency_pairs").await;
    assert_eq!(pairs.as_array().unwrap().len(), 2);
    assert_eq!(
        get(&sim, "/spot/currency_pairs/ETH_USDT").await.1["quote"],
        "USDT"
    );
    assert_eq!(
        get(&sim, "/spot/time").await.1["server_time"],
        sim.clock().now().wall.as_millis()
    );
    let (_, trades) = get(&sim, "/spot/trades?currency_pair=BTC_USDT&limit=5").await;
    assert_eq!(trades.as_array().unwrap().len(), 5);
    assert!(trades[0]["id"].as_str() > trades[4]["id"].as_str());
    let (_, candles) = get(
        &sim,
        "/spot/candlesticks?currency_pair=BTC_USDT&interval=10s",
    )
    .await;
    let closed: Vec<_> = candles
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[7].clone())
        .collect();
    assert_eq!(closed, ["true", "true", "true", "false"]);
    let (_, tickers) = get(&sim, "/spot/tickers?currency_pair=BTC_USDT").await;
    assert_eq!(tickers[0]["currency_pair"], "BTC_USDT");
    let (status, error) = get(&sim, "/spot/order_book?currency_pair=NO_PE").await;
    assert_eq!(
        (status, &error["label"]),
        (400, &json!("INVALID_CURRENCY_PAIR"))
    );
    assert_eq!(get(&sim, "/spot/nothing").await.0, 404);
    sim.inject(Fault::SnapshotStale { times: Some(1) });
    let path = "/spot/order_book?currency_pair=BTC_USDT&limit=1&with_id=true";
    assert_eq!(get(&sim, path).await.1["id"], first["id"]);
    assert_ne!(get(&sim, path).await.1["id"], first["id"]);
    sim.inject(Fault::RestFailure {
        status: 502,
        times: Some(1),
    });
    assert_eq!(get(&sim, path).await.0, 502);
    let mut limited = 0;
    for _ in 0..210 {
        limited += u32::from(get(&sim, "/spot/time").await.0 == 429);
    }
    assert_eq!(limited, 11);
    sim.shutdown().await;
}

fn tiny_recording() -> Recording {
    let lines = [
        json!({"dir": "out", "frame": "{}"}),
        json!({"frame": "{\"channel\":\"spot.trades\",\"event\":\"subscribe\",\"result\":{\"status\":\"success\"}}"}),
        json!({"frame": "{ \"channel\":\"spot.trades\",\"event\":\"update\",\"result\":{\"id\":5,\"currency_pair\":\"OLD_ONE\"}}"}),
        json!({"market": "futures", "frame": "{\"channel\":\"futures.trades\",\"event\":\"update\",\"result\":[]}"}),
        json!({"frame": "{\"channel\":\"spot.order_book_update\",\"event\":\"update\",\"result\":{\"s\":\"OLD_ONE\",\"U\":3,\"u\":4}}"}),
        json!({"frame": "{\"channel\":\"spot.candlesticks\",\"event\":\"update\",\"result\":{\"n\":\"1m_OLD_ONE\",\"t\":\"60\",\"w\":true}}"}),
        json!({"frame": "{\"channel\":\"spot.obu\",\"event\":\"update\",\"result\":{\"s\":\"ob.OLD_ONE.50\",\"full\":true,\"u\":9}}"}),
        json!({"dir": "rest", "channel": "rest:order_book", "request": "https://host/spot/order_book?currency_pair=OLD_ONE&limit=9", "frame": "{\"id\":4}"}),
    ];
    let directory = std::env::temp_dir().join(format!("feedline-recording-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("tiny.jsonl");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).unwrap();
    let recording = Recording::read(&path).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(recording.len(), 8);
    recording
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_played_to_those_who_subscribed() {
    let sim = builder()
        .rate(10.0)
        .recording(tiny_recording(), false)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    sleep(Duration::from_secs(5)).await;
    subscribe(&mut socket, "spot.trades", json!(["OLD_ONE", "BTC_USDT"])).await;
    subscribe(
        &mut socket,
        "spot.order_book_update",
        json!(["OLD_ONE", "20ms"]),
    )
    .await;
    subscribe(&mut socket, "spot.obu", json!(["ob.OLD_ONE.50"])).await;
    let frames = texts_within(&mut socket, Duration::from_secs(20)).await;
    let pushes: Vec<_> = frames
        .iter()
        .filter(|frame| !frame.contains("conn_id"))
        .collect();
    assert_eq!(frames.len() - pushes.len(), 3);
    assert_eq!(pushes.len(), 3);
    assert!(
        pushes[0].starts_with("{ \"channel\":\"spot.trades\""),
        "unchanged: {}",
        pushes[0]
    );
    let journal = sim.journal();
    let identities: Vec<_> = journal.iter().map(|event| event.identity).collect();
    let start = Timestamp::from_secs(60).unwrap();
    let expected = [
        Identity::Trade(5),
        Identity::Book { first: 3, last: 4 },
        Identity::Candle {
            start,
            closed: true,
        },
        Identity::Book { first: 9, last: 9 },
    ];
    assert_eq!(identities, expected);
    assert!(journal[2].deliveries.is_empty());
    assert_eq!(
        get(&sim, "/spot/order_book?currency_pair=OLD_ONE").await.1,
        json!({"id": 4})
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_recording_can_loop() {
    let sim = builder()
        .rate(10.0)
        .recording(tiny_recording(), true)
        .in_memory()
        .unwrap();
    let mut socket = with_trades(&sim).await;
    subscribe(&mut socket, "spot.trades", json!(["OLD_ONE"])).await;
    let frames = within(&mut socket, Duration::from_secs(4)).await;
    assert_eq!(frames.len(), 1 + 10);
    sim.shutdown().await;
}

/// Plays the whole recorded sample file, where there is one.
#[tokio::test(start_paused = true)]
async fn the_sample_recording_is_played_whole() {
    let Ok(samples) = std::env::var("FEEDLINE_SAMPLES") else {
        println!("skipped: FEEDLINE_SAMPLES does not name the folder of recorded samples");
        return;
    };
    let recording = Recording::read(format!("{samples}/gate.jsonl")).unwrap();
    let sim = builder()
        .recording(recording, false)
        .rate(100.0)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    let (_, pairs) = get(&sim, "/spot/currency_pairs").await;
    let pairs: BTreeSet<String> = pairs
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(pairs.len() > 10, "{pairs:?}");
    subscribe(&mut socket, "spot.trades", json!(pairs)).await;
    subscribe(&mut socket, "spot.tickers", json!(pairs)).await;
    for pair in &pairs {
        subscribe(
            &mut socket,
            "spot.order_book_update",
            json!([pair, "100ms"]),
        )
        .await;
        subscribe(&mut socket, "spot.candlesticks", json!(["1m", pair])).await;
    }
    let frames = within(&mut socket, Duration::from_secs(10)).await;
    let pushes = frames
        .iter()
        .filter(|frame| frame["event"] == "update")
        .count();
    assert!(pushes > 130, "{pushes}");
    assert_eq!(
        get(&sim, "/spot/order_book?currency_pair=HAI_ETH").await.1["id"],
        2_691_446
    );
    let missed = sim
        .journal()
        .iter()
        .filter(|event| event.deliveries.is_empty())
        .count();
    println!("{pushes} frames played, {missed} of topics that were not subscribed");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn hand_made_frames_go_where_they_are_sent() {
    let sim = builder().in_memory().unwrap();
    let mut one = with_trades(&sim).await;
    let mut other = connect(&sim).await;
    sim.send(
        &To::Topic("spot.trades ETH_USDT".into()),
        &RawFrame::Text("[1]".into()),
    );
    assert_eq!(next(&mut one).await, json!([1]));
    sleep(Duration::from_millis(1)).await;
    sim.send(&To::All, &RawFrame::Binary(vec![7]));
    assert_eq!(one.next().await.unwrap().unwrap(), Message::binary(vec![7]));
    assert_eq!(
        other.next().await.unwrap().unwrap(),
        Message::binary(vec![7])
    );
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_listens_on_a_socket_and_leaves_nothing_behind() {
    let sim = GateSim::builder()
        .rate(1_000.0)
        .listen("127.0.0.1:0")
        .await
        .unwrap();
    assert!(sim.url().starts_with("ws://127.0.0.1:"));
    let (mut socket, _) = client_async(format!("{}?any=thing", sim.url()), dial(&sim).await)
        .await
        .unwrap();
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
    let seen: Vec<Value> = vec![next(&mut socket).await, next(&mut socket).await];
    assert_eq!(seen[1]["event"], "update");
    let handle = tokio::runtime::Handle::current();
    assert!(handle.metrics().num_alive_tasks() >= 3);
    sim.shutdown().await;
    while let Some(Ok(_)) = socket.next().await {}
    // A runtime of many threads counts a task a moment longer than its join handle waits.
    for _ in 0..1_000 {
        if handle.metrics().num_alive_tasks() == 0 {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("{} tasks are left", handle.metrics().num_alive_tasks());
}

#[tokio::test(start_paused = true)]
async fn shutting_down_or_dropping_leaves_no_task() {
    let handle = tokio::runtime::Handle::current();
    let sim = builder().rate(100.0).in_memory().unwrap();
    let (mut one, _two) = (with_trades(&sim).await, connect(&sim).await);
    assert_eq!(handle.metrics().num_alive_tasks(), 4);
    sim.shutdown().await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
    assert!(!matches!(one.next().await, Some(Ok(_))));
    assert!(try_dial(&sim).await.is_err());
    let sim = builder().rate(100.0).in_memory().unwrap();
    let _socket = with_trades(&sim).await;
    drop(sim);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn data_can_come_before_its_acknowledgement() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    sim.inject(Fault::LateAck { times: Some(1) });
    subscribe(&mut socket, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
    assert_eq!(next(&mut socket).await["result"]["full"], true);
    assert_eq!(next(&mut socket).await["event"], "subscribe");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn scripted_faults_repeat_and_can_aim_at_one_session() {
    let script: Script = r#"
        {"at":"10s","every":"10s","fault":"empty"}
        {"after_frames":2,"session":2,"fault":"cut"}
    "#
    .parse()
    .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let (mut one, _two) = (with_trades(&sim).await, with_trades(&sim).await);
    sim.step(1);
    assert_eq!(sim.sessions(), [SessionId(1)]);
    let texts = texts_within(&mut one, Duration::from_secs(35)).await;
    let lengths: Vec<_> = texts.iter().map(|text| text.is_empty()).collect();
    assert_eq!(lengths, [false, true, true, true]);
    sim.shutdown().await;
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
async fn what_cannot_work_is_refused_at_the_start() {
    let problem = |builder: GateSimBuilder| builder.in_memory().unwrap_err().to_string();
    assert!(problem(builder().symbols(["BTCUSDT"])).contains("\"BTCUSDT\""));
    assert!(problem(builder().rate(f64::NAN)).contains("NaN"));
    assert!(problem(builder().queue(0)).contains("at least one"));
    assert!(builder().listen("127.0.0.1:99999").await.is_err());
}
