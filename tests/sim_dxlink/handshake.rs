//! SETUP, AUTH and KEEPALIVE.

use std::time::Duration;

use feedline::sim::dxlink::Refusal;
use feedline::sim::{BreachKind, Fault};
use futures_util::SinkExt;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use super::support::{
    auth, builder, closed, connect, greeted, next, now, request, send, setup, text, texts_within,
    within,
};

const AUTHORIZED: &str =
    r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED","userId":"20011"}"#;
const UNAUTHORIZED: &str = r#"{"type":"AUTH_STATE","channel":0,"state":"UNAUTHORIZED"}"#;

fn hello() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"{{"type":"SETUP","channel":0,"keepaliveTimeout":60,"acceptKeepaliveTimeout":60,"version":"1.0-feedline-sim-{version}"}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn the_demo_authorizes_at_once() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    let state = r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED"}"#;
    assert_eq!(now(&mut socket).await, [hello(), state.into()]);
    // A token does no harm, and timeouts can be changed.
    send(&mut socket, auth("anything")).await;
    send(&mut socket, setup()).await;
    assert_eq!(now(&mut socket).await, [AUTHORIZED.to_owned(), hello()]);
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_and_may_be_sent_again() {
    let sim = builder().token_mode().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    assert_eq!(now(&mut socket).await, [hello(), UNAUTHORIZED.into()]);
    send(&mut socket, request(1, "TICKER")).await;
    let error = next(&mut socket).await;
    assert_eq!(
        (&error["error"], &error["channel"]),
        (&json!("UNAUTHORIZED"), &json!(1))
    );
    for (token, state) in [
        ("wrong", UNAUTHORIZED),
        ("test-token", AUTHORIZED),
        ("test-token", AUTHORIZED),
        ("wrong", UNAUTHORIZED),
        ("second", UNAUTHORIZED),
    ] {
        send(&mut socket, auth(token)).await;
        assert_eq!(text(&mut socket).await, state, "{token}");
    }
    sim.accept_token("second");
    send(&mut socket, auth("second")).await;
    assert_eq!(text(&mut socket).await, AUTHORIZED);
    let kinds: Vec<_> = sim.breaches().iter().map(|breach| breach.kind).collect();
    assert_eq!(kinds, [BreachKind::Unauthorized; 4]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_wait_are_served_unless_order_is_strict() {
    let sim = builder().token_mode().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    send(&mut socket, auth("test-token")).await;
    send(&mut socket, request(1, "TICKER")).await;
    let frames = now(&mut socket).await;
    assert_eq!(
        frames[..3],
        [hello(), UNAUTHORIZED.into(), AUTHORIZED.into()]
    );
    assert_eq!(
        frames[3],
        r#"{"type":"CHANNEL_OPENED","channel":1,"service":"FEED","parameters":{"contract":"TICKER","subFormat":"LIST"}}"#
    );
    sim.shutdown().await;

    let sim = builder()
        .token_mode()
        .strict_order(true)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    send(&mut socket, auth("test-token")).await;
    assert_eq!(text(&mut socket).await, hello());
    let error = next(&mut socket).await;
    assert_eq!(error["error"], "UNAUTHORIZED");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("Session not found: api")
    );
    assert_eq!(closed(&mut socket).await, Some((1000, String::new())));
    assert_eq!(sim.breaches()[0].kind, BreachKind::HandshakeOrder);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn strict_order_serves_those_who_wait() {
    let sim = builder()
        .token_mode()
        .strict_order(true)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    assert_eq!(text(&mut socket).await, hello());
    assert_eq!(text(&mut socket).await, UNAUTHORIZED);
    send(&mut socket, auth("test-token")).await;
    // A channel that is asked for before the answer is refused.
    send(&mut socket, request(1, "AUTO")).await;
    assert_eq!(next(&mut socket).await["error"], "UNAUTHORIZED");
    assert_eq!(text(&mut socket).await, AUTHORIZED);
    send(&mut socket, request(1, "AUTO")).await;
    assert_eq!(next(&mut socket).await["type"], "CHANNEL_OPENED");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_may_end_the_connection() {
    let sim = builder()
        .token_mode()
        .refusal(Refusal::Error)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    now(&mut socket).await;
    send(&mut socket, auth("wrong")).await;
    assert_eq!(next(&mut socket).await["error"], "UNAUTHORIZED");
    assert!(closed(&mut socket).await.is_some());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_and_ends_nothing() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    for (frame, code) in [
        ("{", "INVALID_MESSAGE"),
        (r#"{"type":"SETUP"}"#, "INVALID_MESSAGE"),
        (r#"{"type":"SETUP","channel":0}"#, "INVALID_MESSAGE"),
        (r#"{"type":"AUTH","channel":0,"token":"x"}"#, "BAD_ACTION"),
        (r#"{"type":"DANCE","channel":0}"#, "INVALID_MESSAGE"),
    ] {
        socket.send(Message::text(frame)).await.unwrap();
        let error = next(&mut socket).await;
        assert_eq!(
            (&error["type"], &error["error"]),
            (&json!("ERROR"), &json!(code)),
            "{frame}"
        );
        assert_eq!(error["channel"], 0);
    }
    send(&mut socket, setup()).await;
    assert_eq!(text(&mut socket).await, hello());
    assert_eq!(sim.breaches().len(), 5);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_protocol_of_another_age_is_refused() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    send(
        &mut socket,
        json!({"type": "SETUP", "channel": 0, "version": "7.0-x"}),
    )
    .await;
    assert_eq!(next(&mut socket).await["error"], "UNSUPPORTED_PROTOCOL");
    assert!(closed(&mut socket).await.is_some());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn both_sides_must_say_something() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    next(&mut socket).await;
    next(&mut socket).await;
    let greeted = Instant::now();
    let keepalive = r#"{"type":"KEEPALIVE","channel":0}"#;
    assert_eq!(text(&mut socket).await, keepalive);
    assert_eq!(greeted.elapsed().as_secs(), 30);
    // The WebSocket's own pings count for nothing.
    socket.send(Message::Ping(vec![1].into())).await.unwrap();
    let frames = within(&mut socket, Duration::from_millis(30_100)).await;
    assert_eq!(frames.last().unwrap()["error"], "TIMEOUT");
    assert_eq!(greeted.elapsed().as_secs(), 60);
    assert!(closed(&mut socket).await.is_none());
    assert_eq!(sim.breaches()[0].kind, BreachKind::Silence);

    let mut socket = connect(&sim).await;
    let hello = json!({"type": "SETUP", "channel": 0, "version": "0.1", "keepaliveTimeout": 10.0});
    send(&mut socket, hello).await;
    for _ in 0..5 {
        sleep(Duration::from_secs(9)).await;
        send(&mut socket, json!({"type": "KEEPALIVE", "channel": 0})).await;
    }
    let frames = texts_within(&mut socket, Duration::from_secs(9)).await;
    assert_eq!(frames.iter().filter(|frame| *frame == keepalive).count(), 1);
    assert_eq!(next(&mut socket).await["error"], "TIMEOUT");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn keepalives_go_out_only_where_nothing_else_does() {
    let sim = builder()
        .keepalive(Duration::from_secs(20))
        .in_memory()
        .unwrap();
    let mut socket = greeted(&sim).await;
    for _ in 0..3 {
        sleep(Duration::from_secs(8)).await;
        send(&mut socket, setup()).await;
    }
    let frames = within(&mut socket, Duration::from_secs(1)).await;
    assert!(frames.iter().all(|frame| frame["type"] == "SETUP"));
    assert_eq!(frames[0]["keepaliveTimeout"], 20);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn handshakes_can_fail() {
    let sim = builder().token_mode().in_memory().unwrap();
    sim.inject(Fault::BareSetup { times: Some(1) });
    sim.inject(Fault::SessionNotFound { times: Some(1) });
    sim.inject(Fault::RefuseAuth { times: Some(1) });
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    assert!(!text(&mut socket).await.contains("imeout"));
    next(&mut socket).await;
    send(&mut socket, auth("test-token")).await;
    assert!(text(&mut socket).await.contains("Session not found: api"));
    assert!(closed(&mut socket).await.is_some());
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    assert_eq!(text(&mut socket).await, hello());
    next(&mut socket).await;
    send(&mut socket, auth("test-token")).await;
    assert_eq!(text(&mut socket).await, UNAUTHORIZED);
    send(&mut socket, auth("test-token")).await;
    assert_eq!(text(&mut socket).await, AUTHORIZED);
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}
