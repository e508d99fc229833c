//! The account streamer's actions.

use std::time::Duration;

use feedline::sim::{BreachKind, Fault};
use futures_util::SinkExt;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use super::support::{action, builder, closed, connect, connected, listen, next, now, send, text};

#[tokio::test(start_paused = true)]
async fn actions_are_answered_in_the_venues_words() {
    let sim = builder().in_memory().unwrap();
    let mut socket = listen(&sim).await;
    let mut message = action(&sim, "connect");
    message["value"] = json!(["5WT00001"]);
    message["request-id"] = json!(2);
    send(&mut socket, message).await;
    let reply = text(&mut socket).await;
    let id = reply.split('"').nth(11).unwrap().to_owned();
    assert_eq!(id.len(), 8);
    assert_eq!(
        reply,
        format!(
            r#"{{"status":"ok","action":"connect","web-socket-session-id":"{id}","value":["5WT00001"],"request-id":2}}"#
        )
    );
    send(&mut socket, action(&sim, "heartbeat")).await;
    assert_eq!(
        text(&mut socket).await,
        format!(r#"{{"status":"ok","action":"heartbeat","web-socket-session-id":"{id}"}}"#)
    );
    for name in [
        "quote-alerts-subscribe",
        "public-watchlists-subscribe",
        "user-message-subscribe",
    ] {
        send(&mut socket, action(&sim, name)).await;
        assert_eq!(next(&mut socket).await["status"], "ok", "{name}");
    }
    // One bare number is as good as a list, and comes in addition.
    let mut message = action(&sim, "connect");
    message["value"] = json!("5WT00002");
    send(&mut socket, message).await;
    assert_eq!(next(&mut socket).await["value"], "5WT00002");
    assert_eq!(
        sim.active_topics().into_iter().collect::<Vec<_>>(),
        [
            "ACCOUNT 5WT00001",
            "ACCOUNT 5WT00002",
            "public-watchlists-subscribe",
            "quote-alerts-subscribe",
            "user-message-subscribe"
        ]
    );
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_told_and_ends_nothing() {
    let sim = builder().in_memory().unwrap();
    let mut socket = listen(&sim).await;
    let connect = |value| {
        let mut message = action(&sim, "connect");
        message["value"] = value;
        message
    };
    let mut raw = connect(json!(["5WT00001"]));
    let token = raw["auth-token"]
        .as_str()
        .unwrap()
        .trim_start_matches("Bearer ")
        .to_owned();
    raw["auth-token"] = json!(token);
    let mut wrong = raw.clone();
    wrong["auth-token"] = json!("Bearer wrong");
    for (message, problem) in [
        (raw, "Unknown domain"),
        (wrong, "failed"),
        (
            json!({"action": "connect", "value": ["5WT00001"]}),
            "Unknown domain",
        ),
        (action(&sim, "heartbeat"), "connect-not-completed"),
        (
            action(&sim, "quote-alerts-subscribe"),
            "connect-not-completed",
        ),
        (connect(json!([])), "value missing or not valid"),
        (connect(json!(["5WT09999"])), "value missing or not valid"),
        (action(&sim, "connect"), "value missing or not valid"),
        (json!("nothing"), "failed"),
    ] {
        send(&mut socket, message.clone()).await;
        let reply = next(&mut socket).await;
        assert_eq!(reply["status"], "error", "{message}");
        assert_eq!(reply["message"], problem, "{message}");
    }
    send(&mut socket, connect(json!(["5WT00001"]))).await;
    assert_eq!(next(&mut socket).await["status"], "ok");
    send(&mut socket, action(&sim, "dance")).await;
    assert_eq!(next(&mut socket).await["message"], "not-implemented");
    assert_eq!(sim.breaches().len(), 10);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_bye() {
    for (pings_count, lives) in [(true, 90), (false, 60)] {
        let sim = builder().pings_count(pings_count).in_memory().unwrap();
        let mut socket = connected(&sim).await;
        let begun = Instant::now();
        sleep(Duration::from_secs(30)).await;
        socket.send(Message::Ping(vec![1].into())).await.unwrap();
        assert_eq!(closed(&mut socket).await, Some((1000, "Bye".into())));
        assert_eq!(begun.elapsed().as_secs(), lives);
        assert_eq!(sim.breaches()[0].kind, BreachKind::Silence);
        sim.shutdown().await;
    }
    let sim = builder().in_memory().unwrap();
    let mut socket = connected(&sim).await;
    for _ in 0..4 {
        sleep(Duration::from_secs(50)).await;
        send(&mut socket, action(&sim, "heartbeat")).await;
        assert_eq!(next(&mut socket).await["action"], "heartbeat");
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_access_token_may_end_before_its_time() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connected(&sim).await;
    let heartbeat = action(&sim, "heartbeat");
    send(&mut socket, heartbeat.clone()).await;
    assert_eq!(next(&mut socket).await["status"], "ok");
    sim.inject(Fault::ExpireToken { revoke: false });
    assert!(now(&mut socket).await.is_empty());
    send(&mut socket, heartbeat).await;
    assert_eq!(next(&mut socket).await["message"], "failed");
    send(&mut socket, action(&sim, "heartbeat")).await;
    assert_eq!(next(&mut socket).await["status"], "ok");
    let late = action(&sim, "heartbeat");
    for _ in 0..16 {
        sleep(Duration::from_secs(59)).await;
        send(&mut socket, late.clone()).await;
    }
    let statuses: Vec<_> = now(&mut socket)
        .await
        .iter()
        .map(|reply| reply["status"] == "ok")
        .collect();
    assert_eq!((statuses[14], statuses[15]), (true, false));
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_under_the_root_as_well_and_can_go_wrong() {
    let sim = builder().in_memory().unwrap();
    let root = sim.rest_url().replace("http", "ws");
    let mut socket = connect(&sim, &root).await;
    send(&mut socket, action(&sim, "heartbeat")).await;
    assert_eq!(next(&mut socket).await["message"], "connect-not-completed");
    sim.inject(Fault::NoAck { times: Some(1) });
    let mut message = action(&sim, "connect");
    message["value"] = json!(["5WT00001"]);
    send(&mut socket, message).await;
    assert!(now(&mut socket).await.is_empty());
    sim.inject(Fault::Close {
        code: 1000,
        reason: "Bye".into(),
    });
    assert_eq!(closed(&mut socket).await, Some((1000, "Bye".into())));
    sim.shutdown().await;
}
