//! Requests and their answers.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::sim::{BreachKind, Fault, RawFrame, SessionId, To};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::support::{
    START, builder, connect, dial, get, next, request, send, subscribe, with_trades, within,
};

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
async fn serves_the_paths_of_the_venue_and_its_testnet() {
    let sim = builder().in_memory().unwrap();
    let host = sim.url().replace("/ws/v4/", "");
    for (path, served) in [
        ("/ws/v4", true),
        ("/ws/v4/?query", true),
        ("/v4/ws/spot", true),
        ("/v4/ws/usdt", false),
    ] {
        let url = format!("{host}{path}");
        let opened = client_async(url, dial(&sim).await).await;
        assert_eq!(opened.is_ok(), served, "{path}");
    }
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

#[tokio::test(start_paused = true)]
async fn rest_serves_what_general_clients_load_first() {
    let sim = builder().in_memory().unwrap();
    let (status, currencies) = get(&sim, "/spot/currencies").await;
    assert_eq!(status, 200);
    let names: Vec<_> = currencies
        .as_array()
        .unwrap()
        .iter()
        .map(|currency| currency["currency"].clone())
        .collect();
    assert_eq!(names, ["BTC", "ETH", "USDT"]);
    let (status, currency) = get(&sim, "/spot/currencies/ETH").await;
    assert_eq!(status, 200);
    assert_eq!(currency, currencies[1]);
    assert_eq!(currency["chains"], json!([]));
    let (status, error) = get(&sim, "/spot/currencies/NO").await;
    assert_eq!((status, &error["label"]), (400, &json!("INVALID_CURRENCY")));
    for path in [
        "/margin/currency_pairs",
        "/margin/uni/currency_pairs",
        "/futures/usdt/contracts",
        "/futures/btc/contracts",
        "/delivery/usdt/contracts",
        "/options/underlyings",
    ] {
        assert_eq!(get(&sim, path).await, (200, json!([])), "{path}");
    }
    assert_eq!(get(&sim, "/futures/eth/contracts").await.0, 404);
    assert_eq!(get(&sim, "/spot/currenciesX").await.0, 404);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn rest_takes_the_parameters_that_clients_send() {
    let sim = builder().rate(50.0).in_memory().unwrap();
    sleep(Duration::from_secs(5)).await;
    for (with_id, present) in [
        ("true", true),
        ("True", true),
        ("1", true),
        ("False", false),
    ] {
        let path = format!("/spot/order_book?currency_pair=BTC_USDT&with_id={with_id}");
        let (_, book) = get(&sim, &path).await;
        assert_eq!(book.get("id").is_some(), present, "{with_id}");
    }
    let ids = async |query: &str| {
        let path = format!("/spot/trades?currency_pair=BTC_USDT{query}");
        let (_, trades) = get(&sim, &path).await;
        let ids = trades.as_array().unwrap().iter();
        ids.map(|trade| trade["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = ids("").await;
    assert!(all.len() > 10);
    assert_eq!(ids(&format!("&last_id={}", all[3])).await, all[..3]);
    let earlier = ids(&format!("&last_id={}&reverse=true&limit=2", all[3])).await;
    assert_eq!(earlier, all[4..6]);
    let (_, tickers) = get(&sim, "/spot/tickers?currency_pair=BTC_USDT").await;
    let (_, book) = get(&sim, "/spot/order_book?currency_pair=BTC_USDT").await;
    assert_eq!(tickers[0]["lowest_size"], book["asks"][0][1]);
    assert_eq!(tickers[0]["highest_size"], book["bids"][0][1]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn rest_refuses_what_needs_a_key() {
    let sim = builder().in_memory().unwrap();
    for (method, path, status) in [
        ("GET", "/spot/accounts", 401),
        ("GET", "/account/detail", 401),
        ("POST", "/spot/orders", 401),
        ("DELETE", "/spot/orders/12", 401),
        ("GET", "/spot/ordersX", 404),
        ("POST", "/spot/tickers", 405),
    ] {
        let (got, error) = request(&sim, method, path).await;
        assert_eq!(got, status, "{method} {path}");
        assert_eq!(error["label"] == "INVALID_KEY", status == 401);
        assert!(error["message"].is_string());
    }
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

/// After any script of requests the venue holds exactly what the sessions asked for.
#[tokio::test(start_paused = true)]
async fn the_active_topics_are_what_sessions_asked_for() {
    let channels = [
        "spot.trades",
        "spot.tickers",
        "spot.order_book_update",
        "spot.obu",
    ];
    for seed in 0..30 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let sim = builder().rate(50.0).in_memory().unwrap();
        let mut sockets = [
            connect(&sim).await,
            connect(&sim).await,
            connect(&sim).await,
        ];
        let mut wanted = vec![BTreeSet::new(); sockets.len()];
        for _ in 0..40 {
            let at = rng.usize(..sockets.len());
            let symbol = ["BTC_USDT", "ETH_USDT"][rng.usize(..2)];
            let channel = channels[rng.usize(..channels.len())];
            let (payload, topic) = match channel {
                "spot.obu" => {
                    let stream = format!("ob.{symbol}.50");
                    (json!([stream]), format!("{channel} {stream}"))
                }
                "spot.order_book_update" => {
                    (json!([symbol, "20ms"]), format!("{channel} {symbol} 20ms"))
                }
                _ => (json!([symbol]), format!("{channel} {symbol}")),
            };
            match rng.u8(..10) {
                0..5 => {
                    subscribe(&mut sockets[at], channel, payload).await;
                    wanted[at].insert(topic);
                }
                5..9 => {
                    send(&mut sockets[at], channel, "unsubscribe", payload).await;
                    wanted[at].remove(&topic);
                }
                _ => {
                    sockets[at] = connect(&sim).await;
                    wanted[at].clear();
                }
            }
            sleep(Duration::from_millis(rng.u64(1..50))).await;
        }
        let union: BTreeSet<String> = wanted.into_iter().flatten().collect();
        assert_eq!(sim.active_topics(), union, "seed {seed}");
        sim.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_connections_are_a_breach() {
    let sim = builder().in_memory().unwrap();
    let mut sockets = Vec::new();
    for _ in 0..301 {
        sockets.push(connect(&sim).await);
    }
    sleep(Duration::from_millis(1)).await;
    let breaches = sim.breaches();
    assert_eq!(breaches.len(), 1);
    assert_eq!(breaches[0].kind, BreachKind::TooManyConnections);
    assert_eq!(breaches[0].session, Some(SessionId(301)));
    sim.shutdown().await;
}
