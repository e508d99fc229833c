//! Bad weather: silence, passing trouble, unreadable numbers, connections and clocks that do not
//! hold.

use std::time::Duration;

use feedline::sim::gate::{GateFault, GateSim, WrongNumber};
use feedline::sim::{AttemptOutcome, Fate, Fault, Script};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::{self, Message};

use super::support::{
    START, Socket, builder, connect, next, request, send, subscribe, texts_within, try_connect,
    with_trades, within,
};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The fates of what was published last, oldest first.
fn fates(sim: &GateSim, count: usize) -> Vec<Fate> {
    let journal = sim.journal();
    let last = &journal[journal.len() - count..];
    last.iter().map(|event| event.deliveries[0].fate).collect()
}

/// A connection on which the book of one pair flows.
async fn with_book(sim: &GateSim, channel: &str, payload: Value) -> Socket {
    let mut socket = connect(sim).await;
    subscribe(&mut socket, channel, payload).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    socket
}

#[tokio::test(start_paused = true)]
async fn a_topic_may_never_be_answered() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::Silent {
        symbol: Some("ETH_USDT".into()),
        channel: None,
        times: None,
    });
    let mut socket = connect(&sim).await;
    for _ in 0..3 {
        subscribe(&mut socket, "spot.trades", json!(["BTC_USDT", "ETH_USDT"])).await;
    }
    subscribe(&mut socket, "spot.obu", json!(["ob.ETH_USDT.50"])).await;
    assert!(within(&mut socket, secs(20)).await.is_empty());
    assert!(sim.active_topics().is_empty());
    let requests = sim.subscribe_requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| !request.accepted));
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    sim.inject(Fault::Heal);
    subscribe(&mut socket, "spot.trades", json!(["ETH_USDT"])).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_symbol_that_does_not_exist_may_be_silent_too() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::Silent {
        symbol: Some("BAD_X".into()),
        channel: Some("spot.trades".into()),
        times: Some(1),
    });
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.trades", json!(["BAD_X"])).await;
    assert!(within(&mut socket, secs(20)).await.is_empty());
    subscribe(&mut socket, "spot.trades", json!(["BAD_X"])).await;
    let refused = next(&mut socket).await;
    assert_eq!(refused["error"]["message"], "unknown currency pair BAD_X");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_may_pass_and_be_very_long() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::Refuse {
        symbol: None,
        channel: None,
        code: 3,
        text: Some("internal error".into()),
        times: Some(2),
    });
    sim.inject(Fault::Verbose {
        bytes: 3 << 20,
        times: Some(1),
    });
    let mut socket = connect(&sim).await;
    let mut lengths = Vec::new();
    for _ in 0..2 {
        subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
        let answer = next(&mut socket).await;
        let text = answer["error"]["message"].as_str().unwrap().to_owned();
        assert!(text.starts_with("internal error"));
        lengths.push(text.len());
    }
    assert_eq!(lengths, [3 << 20, 14]);
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_topic_is_mute_behind_pongs_until_it_is_subscribed_again() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    subscribe(&mut socket, "spot.tickers", json!(["BTC_USDT"])).await;
    next(&mut socket).await;
    sim.inject(Fault::MuteTopic {
        symbol: "BTC_USDT".into(),
        channel: Some("spot.trades".into()),
        lasting: None,
    });
    sim.step(12);
    let frames = within(&mut socket, secs(3)).await;
    let symbol = |frame: &Value| frame["result"]["currency_pair"].clone();
    let trades = frames.iter().filter(|f| f["channel"] == "spot.trades");
    assert!(trades.map(symbol).all(|symbol| symbol == "ETH_USDT"));
    assert!(frames.iter().any(|f| f["channel"] == "spot.tickers"));
    let withheld = sim.journal();
    let withheld = withheld.iter().filter(|event| event.symbol == "BTC_USDT");
    let mut withheld = withheld.filter(|event| event.channel == "spot.trades");
    assert!(withheld.all(|event| event.deliveries[0].fate == Fate::Withheld));
    let ping = json!({"time": START, "channel": "spot.ping"});
    futures_util::SinkExt::send(&mut socket, Message::text(ping.to_string()))
        .await
        .unwrap();
    assert_eq!(next(&mut socket).await["channel"], "spot.pong");
    send(
        &mut socket,
        "spot.trades",
        "unsubscribe",
        json!(["BTC_USDT"]),
    )
    .await;
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
    within(&mut socket, secs(1)).await;
    sim.step(12);
    let frames = within(&mut socket, secs(1)).await;
    assert!(frames.iter().any(|f| symbol(f) == "BTC_USDT"));
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn numbers_of_books_can_be_wrong() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_book(&sim, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
    next(&mut socket).await;
    for (wrong, fate) in [
        (WrongNumber::NoLast, Fate::Spoiled),
        (WrongNumber::NoFirst, Fate::Spoiled),
        (WrongNumber::Backwards, Fate::Spoiled),
        (WrongNumber::Huge, Fate::Spoiled),
        (WrongNumber::Negative, Fate::Spoiled),
        (WrongNumber::Null, Fate::Spoiled),
        (WrongNumber::Text, Fate::Altered),
    ] {
        sim.inject(GateFault::Numbers {
            wrong,
            channel: Some("spot.obu".into()),
            symbol: None,
            snapshots: false,
            times: Some(1),
        });
        let frame = loop {
            sim.step(4);
            let frames = within(&mut socket, Duration::from_millis(50)).await;
            if let [frame] = &frames[..] {
                break frame["result"].clone();
            }
        };
        let published = sim.journal();
        let published = published.iter().rev().find(|e| e.channel == "spot.obu");
        assert_eq!(published.unwrap().deliveries[0].fate, fate, "{wrong:?}");
        let (first, last) = (&frame["U"], &frame["u"]);
        match wrong {
            WrongNumber::NoLast => assert!(last.is_null() && first.is_u64()),
            WrongNumber::NoFirst => assert!(first.is_null() && last.is_u64()),
            WrongNumber::Backwards => assert!(first.as_u64() > last.as_u64()),
            WrongNumber::Huge => assert!(first.as_u64().is_none() && first.is_number()),
            WrongNumber::Negative => assert!(first.as_i64() < Some(0)),
            WrongNumber::Null => assert!(first.is_null() && last.is_null()),
            _ => assert!(first.is_string() && last.is_string()),
        }
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn numbers_of_whole_books_and_trades_can_be_wrong() {
    let script: Script = r#"
        {"at":"0s","fault":"gate","kind":"numbers","wrong":"no_last","snapshots":true}
        {"at":"0s","fault":"gate","kind":"numbers","wrong":"text","channel":"spot.trades"}
    "#
    .parse()
    .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let mut socket = with_book(&sim, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
    let whole = next(&mut socket).await;
    assert_eq!(whole["result"]["full"], true);
    assert!(whole["result"]["u"].is_null());
    let mut socket = with_trades(&sim).await;
    sim.step(2);
    assert!(next(&mut socket).await["result"]["id"].is_string());
    assert!(next(&mut socket).await["result"]["id"].is_u64());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn old_changes_and_whole_books_come_again() {
    let sim = builder().rate(40.0).in_memory().unwrap();
    let mut socket = with_book(&sim, "spot.obu", json!(["ob.BTC_USDT.50"])).await;
    let before = within(&mut socket, secs(1)).await;
    sim.pause_market();
    within(&mut socket, secs(1)).await;
    sim.inject(GateFault::Replay {
        symbol: Some("BTC_USDT".into()),
        times: Some(1),
    });
    sim.inject(GateFault::OldSnapshot {
        symbol: None,
        times: Some(1),
    });
    sim.resume_market();
    let after = within(&mut socket, secs(1)).await;
    let ids = |frame: &Value| (frame["result"]["U"].as_u64(), frame["result"]["u"].as_u64());
    assert!(ids(&after[1]).1 < ids(&after[0]).0, "{after:?}");
    assert_eq!(ids(&after[2]).0, ids(&after[0]).1.map(|last| last + 1));
    assert_eq!(after[3], before[0], "the whole book of the beginning");
    let journal = sim.journal();
    let published = journal.iter().filter(|e| e.channel == "spot.obu").count();
    let frames = before.len() + after.len();
    assert!(published <= frames - 2, "what comes again is no new event");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn whole_books_can_be_crossed_or_older_than_the_last() {
    let sim = builder().rate(40.0).in_memory().unwrap();
    let payload = json!(["BTC_USDT", "5", "100ms"]);
    let mut socket = with_book(&sim, "spot.order_book", payload).await;
    let best = |frame: &Value, side: &str| -> f64 {
        let price = frame["result"][side][0][0].as_str().unwrap();
        price.parse().unwrap()
    };
    let is_crossed = |frame: &Value| best(frame, "bids") >= best(frame, "asks");
    let frames = within(&mut socket, secs(1)).await;
    assert!(!frames.iter().any(is_crossed));
    sim.inject(GateFault::Crossed {
        symbol: None,
        times: Some(2),
    });
    let frames = within(&mut socket, secs(1)).await;
    assert_eq!(frames.iter().filter(|f| is_crossed(f)).count(), 2);
    sim.inject(GateFault::OldSnapshot {
        symbol: None,
        times: Some(1),
    });
    let frames = within(&mut socket, secs(1)).await;
    let id = |frame: &Value| frame["result"]["lastUpdateId"].as_u64();
    assert!(id(&frames[1]) < id(&frames[0]));
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn connections_flap_by_the_seed() {
    let lives = || async {
        let sim = builder().in_memory().unwrap();
        sim.inject(Fault::Flap {
            lives: secs(5),
            jitter: secs(10),
            lasting: Some(secs(120)),
        });
        let mut lives = Vec::new();
        for _ in 0..6 {
            let mut socket = with_trades(&sim).await;
            let open = Instant::now();
            assert!(!matches!(socket.next().await, Some(Ok(_))));
            lives.push(open.elapsed().as_millis());
        }
        sleep(secs(120)).await;
        let mut socket = with_trades(&sim).await;
        assert!(within(&mut socket, secs(60)).await.is_empty());
        assert_eq!(sim.sessions().len(), 1, "it is over");
        lives
    };
    let lived = lives().await;
    assert!(
        lived.iter().all(|life| (4_900..15_000).contains(life)),
        "{lived:?}"
    );
    assert!(lived.iter().max() > lived.iter().min().map(|min| min + 1_000).as_ref());
    assert_eq!(lived, lives().await);
}

#[tokio::test(start_paused = true)]
async fn flapping_ends_the_sessions_there_are_too() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::Flap {
        lives: secs(3),
        jitter: Duration::ZERO,
        lasting: None,
    });
    let begun = Instant::now();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert_eq!(begun.elapsed().as_secs(), 3);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_end_at_once_or_after_its_first_subscription() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::AcceptThenClose {
        after: Duration::ZERO,
        times: Some(1),
    });
    let mut socket = connect(&sim).await;
    let open = Instant::now();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert_eq!(open.elapsed(), Duration::ZERO);
    for code in [Some(1013), None] {
        sim.inject(Fault::CloseAfterLogin {
            after: secs(1),
            code,
            times: Some(1),
        });
        let mut socket = connect(&sim).await;
        assert!(within(&mut socket, secs(2)).await.is_empty());
        subscribe(&mut socket, "spot.trades", json!(["BTC_USDT"])).await;
        assert_eq!(next(&mut socket).await["result"]["status"], "success");
        match (socket.next().await, code) {
            (Some(Ok(Message::Close(Some(frame)))), Some(code)) => {
                assert_eq!(u16::from(frame.code), code);
            }
            (None | Some(Err(_)), None) => {}
            other => panic!("{other:?}"),
        }
    }
    let mut socket = with_trades(&sim).await;
    assert!(within(&mut socket, secs(5)).await.is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn upgrades_are_answered_with_headers_and_words() {
    let script: Script = r#"
        {"at":"0s","fault":"answer_upgrade","status":301,"location":"wss://elsewhere.invalid/ws/v4/"}
        {"at":"0s","fault":"answer_upgrade","status":429,"retry_after":"20","text":"error code: 1015"}
        {"at":"0s","fault":"answer_upgrade","status":403,"text":"Access from your country is blocked"}
        {"at":"0s","fault":"answer_upgrade","status":502}
    "#
    .parse()
    .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let mut answers = Vec::new();
    for _ in 0..4 {
        let Err(tungstenite::Error::Http(answer)) = try_connect(&sim).await else {
            panic!("the upgrade was accepted");
        };
        let header = |name| {
            answer
                .headers()
                .get(name)
                .map(|v| v.to_str().unwrap().to_owned())
        };
        let (location, retry_after) = (header("location"), header("retry-after"));
        answers.push((answer.status().as_u16(), location, retry_after));
    }
    let elsewhere = Some("wss://elsewhere.invalid/ws/v4/".to_owned());
    let expected = [
        (301, elsewhere, None),
        (429, None, Some("20".to_owned())),
        (403, None, None),
        (502, None, None),
    ];
    assert_eq!(answers, expected);
    let outcomes: Vec<_> = sim.attempts().iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [301, 429, 403, 502].map(AttemptOutcome::Rejected));
    let _socket = connect(&sim).await;
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn events_may_be_old_and_the_clock_may_be_set() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    let times = |frame: &Value| {
        let event = frame["result"]["create_time"].as_i64().unwrap();
        (frame["time"].as_i64().unwrap() - START, event - START)
    };
    let quarter = secs(900);
    sim.inject(Fault::Age {
        by: quarter,
        lasting: Some(secs(10)),
    });
    sim.step(1);
    assert_eq!(times(&next(&mut socket).await), (0, -900));
    sim.inject(Fault::StepClock {
        by: secs(90),
        back: false,
    });
    sim.step(1);
    assert_eq!(times(&next(&mut socket).await), (90, -810));
    sleep(secs(20)).await;
    sim.inject(Fault::StepClock {
        by: secs(3_600),
        back: true,
    });
    sim.step(1);
    assert_eq!(times(&next(&mut socket).await), (-3_490, -3_490));
    let written: Vec<_> = sim
        .journal()
        .iter()
        .map(|event| event.time.unwrap().as_secs() - START)
        .collect();
    assert_eq!(written, [-900, -810, -3_490]);
    let (_, now) = request(&sim, "GET", "/spot/time").await;
    let millis = now["server_time"].as_i64().unwrap();
    assert_eq!(millis / 1_000 - START, -3_490);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn events_may_come_without_their_own_times() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_trades(&sim).await;
    sim.inject(Fault::Untimed { times: Some(1) });
    sim.step(2);
    let frames = within(&mut socket, secs(1)).await;
    let timed = |frame: &Value| frame["result"]["create_time_ms"].is_string();
    assert_eq!(frames.iter().map(timed).collect::<Vec<_>>(), [false, true]);
    assert!(frames[0]["time_ms"].is_i64());
    assert_eq!(fates(&sim, 2), [Fate::Altered, Fate::Sent]);
    assert!(texts_within(&mut socket, secs(1)).await.is_empty());
    sim.shutdown().await;
}
