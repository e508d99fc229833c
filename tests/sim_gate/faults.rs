//! Everything that can go wrong.

use std::time::Duration;

use feedline::sim::{AttemptOutcome, Delayed, Fate, Fault, Identity, Script, SessionId};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::{self, Message};

use super::support::{
    START, builder, connect, next, subscribe, texts_within, try_connect, with_trades, within,
};

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
    let lengths: Vec<_> = texts.iter().map(String::is_empty).collect();
    assert_eq!(lengths, [false, true, true, true]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_candle_can_be_left_unclosed() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    subscribe(&mut socket, "spot.candlesticks", json!(["10s", "BTC_USDT"])).await;
    sim.inject(Fault::Unclosed { times: Some(1) });
    let mut closed = Vec::new();
    for _ in 0..3 {
        sim.step(8);
        let frames = within(&mut socket, Duration::from_secs(10)).await;
        closed.push(
            frames
                .iter()
                .filter(|frame| frame["result"]["w"] == true)
                .count(),
        );
    }
    assert_eq!(closed, [0, 0, 1]);
    sim.shutdown().await;
}

/// A rule that is over must not stay due: under a paused clock that would be an endless loop.
#[tokio::test(start_paused = true)]
async fn faults_that_last_end_without_a_session() {
    let sim = builder().in_memory().unwrap();
    let lasting = Some(Duration::from_secs(5));
    let by = Duration::from_secs(1);
    sim.inject(Fault::Delay {
        of: Delayed::Data,
        by,
        lasting,
    });
    sleep(Duration::from_secs(60)).await;
    let mut socket = with_trades(&sim).await;
    sim.step(1);
    let stepped = Instant::now();
    next(&mut socket).await;
    assert!(stepped.elapsed() < by);
    sim.shutdown().await;
}

/// The account: what was queued for a session arrives there in order, up to where it was cut.
#[tokio::test(start_paused = true)]
async fn the_journal_accounts_for_every_trade() {
    let script = Script::new()
        .every(
            Duration::from_millis(700),
            Duration::from_millis(1_300),
            Fault::Cut,
        )
        .every(
            Duration::from_secs(3),
            Duration::from_secs(5),
            Fault::Garble { times: Some(2) },
        );
    let sim = builder().rate(200.0).faults(script).in_memory().unwrap();
    let mut arrived = Vec::new();
    for _ in 0..20 {
        let mut socket = with_trades(&sim).await;
        let mut ids = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            let frame: Option<Value> = serde_json::from_str(message.to_text().unwrap()).ok();
            ids.push(frame.map(|frame| Identity::Trade(frame["result"]["id"].as_u64().unwrap())));
        }
        arrived.push(ids);
        sleep(Duration::from_millis(50)).await;
    }
    let journal = sim.journal();
    assert!(journal.iter().any(|event| event.deliveries.is_empty()));
    for (number, ids) in (1..).zip(arrived) {
        let queued: Vec<_> = journal
            .iter()
            .flat_map(|event| {
                event
                    .deliveries
                    .iter()
                    .map(move |delivery| (event, delivery))
            })
            .filter(|(_, delivery)| delivery.session == SessionId(number))
            .map(|(event, delivery)| (delivery.fate == Fate::Sent).then_some(event.identity))
            .collect();
        assert!(!ids.is_empty());
        assert!(queued.starts_with(&ids), "session {number}");
    }
    sim.shutdown().await;
}
