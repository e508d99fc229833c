//! Everything that can go wrong.

use std::time::Duration;

use feedline::sim::dxlink::DxEvent;
use feedline::sim::{AttemptOutcome, Delayed, Fate, Fault, Identity, Script, SessionId};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite;

use super::support::{
    Socket, add, builder, closed, connect, greeted, next, now, quotes, request, rows, send,
    texts_within, try_connect, with_channel, within,
};

pub(crate) fn quote(bid: f64) -> DxEvent {
    DxEvent::new("Quote", "AAPL").with("bidPrice", bid)
}

/// A channel on which quotes flow.
pub(crate) async fn with_quotes(sim: &feedline::sim::dxlink::DxLinkSim) -> Socket {
    let mut socket = with_channel(sim, "TICKER", quotes()).await;
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    assert_eq!(next(&mut socket).await["type"], "FEED_DATA");
    socket
}

#[tokio::test(start_paused = true)]
async fn connections_can_fail_in_every_way() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::RejectUpgrade {
        status: 502,
        times: Some(1),
    });
    match try_connect(&sim).await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 502),
        other => panic!("{:?}", other.err()),
    }
    sim.inject(Fault::RefuseConnect { times: Some(1) });
    assert!(try_connect(&sim).await.is_err());
    let after = Duration::from_millis(300);
    sim.inject(Fault::AcceptThenClose {
        after,
        times: Some(1),
    });
    assert_eq!(closed(&mut connect(&sim).await).await, None);
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::Close {
        code: 1012,
        reason: "restart".into(),
    });
    assert_eq!(closed(&mut socket).await, Some((1012, "restart".into())));
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::Upgrade { after });
    assert_eq!(closed(&mut socket).await, None);
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::Cut);
    assert!(sim.active_topics().is_empty() && sim.sessions().is_empty());
    assert_eq!(closed(&mut socket).await, None);
    let outcomes: Vec<_> = sim
        .attempts()
        .iter()
        .map(|attempt| attempt.outcome)
        .collect();
    assert_eq!(
        outcomes[..2],
        [AttemptOutcome::Rejected(502), AttemptOutcome::Refused]
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_frozen_session_says_nothing_at_all() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::Mute { lasting: None });
    sim.publish(quote(1.0));
    send(&mut socket, json!({"type": "KEEPALIVE", "channel": 0})).await;
    assert!(
        texts_within(&mut socket, Duration::from_secs(50))
            .await
            .is_empty()
    );
    assert_eq!(
        sim.journal().last().unwrap().deliveries[0].fate,
        Fate::Withheld
    );
    let mut other = with_quotes(&sim).await;
    sim.publish(quote(2.0));
    assert_eq!(next(&mut other).await["type"], "FEED_DATA");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn data_can_be_withheld_and_keepalives_go_on() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::MuteData { lasting: None });
    sim.publish(quote(1.0));
    assert_eq!(next(&mut socket).await["type"], "KEEPALIVE");
    sim.inject(Fault::Heal);
    let symbol = "AAPL".to_owned();
    sim.inject(Fault::AckWithoutData {
        symbol,
        lasting: None,
    });
    sim.publish(quote(2.0));
    add(
        &mut socket,
        1,
        json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Quote", "symbol": "IBM"}]),
    )
    .await;
    let frames = within(&mut socket, Duration::from_secs(1)).await;
    assert_eq!(rows(&frames, "Quote", 2).len(), 1);
    let withheld = |event: &feedline::sim::Published| event.deliveries[0].fate == Fate::Withheld;
    assert_eq!(
        sim.journal().iter().filter(|event| withheld(event)).count(),
        3
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn frames_can_be_spoilt() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_quotes(&sim).await;
    for (fault, fate, count) in [
        (Fault::Garble { times: Some(1) }, Fate::Spoiled, 1),
        (Fault::Truncate { times: Some(1) }, Fate::Spoiled, 1),
        (Fault::Duplicate { times: Some(1) }, Fate::Duplicated, 2),
        (Fault::Reorder { times: Some(1) }, Fate::Reordered, 0),
    ] {
        sim.inject(fault.clone());
        sim.publish(quote(3.0));
        assert_eq!(sim.journal().last().unwrap().deliveries[0].fate, fate);
        let texts = now(&mut socket).await;
        assert_eq!(texts.len(), count, "{fault:?}");
        let broken = |text: &String| serde_json::from_str::<Value>(text).is_err();
        assert_eq!(texts.iter().any(broken), fate == Fate::Spoiled, "{fault:?}");
    }
    sim.publish(quote(4.0));
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let bids: Vec<_> = rows(&frames, "Quote", 2)
        .iter()
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(bids, [4.0, 3.0]);
    sim.inject(Fault::Empty);
    sim.inject(Fault::Null);
    sim.inject(Fault::Oversize { bytes: 100_000 });
    let lengths: Vec<_> = now(&mut socket).await.iter().map(String::len).collect();
    assert_eq!(lengths, [0, 4, 100_000]);
    sim.inject(Fault::NonUtf8);
    assert!(matches!(
        socket.next().await,
        Some(Err(tungstenite::Error::Utf8(_)))
    ));
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn answers_can_be_late_missing_or_refusals() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    let channel = Some("FEED".to_owned());
    sim.inject(Fault::Refuse {
        symbol: None,
        channel,
        code: 2,
        text: Some("no room".into()),
        times: Some(1),
    });
    send(&mut socket, request(1, "TICKER")).await;
    let error = next(&mut socket).await;
    assert_eq!(
        (&error["error"], &error["message"]),
        (&json!("BAD_ACTION"), &json!("no room"))
    );
    sim.inject(Fault::NoAck { times: Some(1) });
    send(&mut socket, request(1, "TICKER")).await;
    assert!(now(&mut socket).await.is_empty());
    // It was opened all the same. Now the fields come after the data.
    sim.inject(Fault::LateAck { times: Some(1) });
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_DATA");
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    // Without data they are awaited for ever, and nothing else stops.
    sim.inject(Fault::LateAck { times: Some(1) });
    add(
        &mut socket,
        1,
        json!([{"type": "Trade", "symbol": "NOTHING"}]),
    )
    .await;
    assert_eq!(next(&mut socket).await["type"], "KEEPALIVE");
    sim.publish(quote(0.5));
    assert_eq!(next(&mut socket).await["type"], "FEED_DATA");
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    let symbol = Some("IBM".to_owned());
    sim.inject(Fault::Refuse {
        symbol,
        channel: None,
        code: 2,
        text: None,
        times: Some(1),
    });
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "IBM"}])).await;
    assert!(now(&mut socket).await.is_empty());
    let by = Duration::from_secs(4);
    sim.inject(Fault::Delay {
        of: Delayed::Acks,
        by,
        lasting: None,
    });
    let asked = Instant::now();
    send(&mut socket, request(3, "TICKER")).await;
    assert_eq!(next(&mut socket).await["type"], "CHANNEL_OPENED");
    assert_eq!(asked.elapsed(), by);
    sim.inject(Fault::Heal);
    sim.inject(Fault::Delay {
        of: Delayed::Data,
        by,
        lasting: None,
    });
    sim.publish(quote(1.0));
    assert_eq!(next(&mut socket).await["data"][0]["bidPrice"], 1.0);
    assert_eq!(asked.elapsed(), 2 * by);
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

/// The account: what was queued for a session arrives there, in order, up to where it was cut.
#[tokio::test(start_paused = true)]
async fn the_journal_accounts_for_every_event() {
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
    for _ in 0..10 {
        let fields = json!({"TimeAndSale": ["index"]});
        let mut socket = with_channel(&sim, "STREAM", fields).await;
        add(
            &mut socket,
            1,
            json!([{"type": "TimeAndSale", "symbol": "AAPL"}]),
        )
        .await;
        next(&mut socket).await;
        let mut indices = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            let frame: Option<Value> = serde_json::from_str(message.to_text().unwrap()).ok();
            let index = frame.and_then(|frame| frame["data"][1][0].as_i64());
            indices.push(index.map(Identity::Index));
        }
        arrived.push(indices);
    }
    let journal = sim.journal();
    for (number, indices) in (1..).zip(arrived) {
        let queued: Vec<_> = journal
            .iter()
            .filter(|event| event.deliveries[0].session == SessionId(number))
            .map(|event| (event.deliveries[0].fate == Fate::Sent).then_some(event.identity))
            .collect();
        assert!(!indices.is_empty());
        assert!(queued.starts_with(&indices), "session {number}");
    }
    sim.shutdown().await;
}
