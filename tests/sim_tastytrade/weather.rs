//! Bad weather: tokens that cannot be had for a while, and an account streamer that is silent.

use std::time::Duration;

use feedline::sim::tastytrade::{TastytradeFault, TastytradeSim};
use feedline::sim::{Fault, Script};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::support::{AGENT, action, builder, connected, get, http, listen, next, now, send};

/// The status of a refresh grant.
async fn grant(sim: &TastytradeSim) -> u16 {
    let body = "grant_type=refresh_token&client_secret=test-secret&refresh_token=test-refresh";
    http(sim, "POST /oauth/token", &[AGENT], body).await.0
}

#[tokio::test(start_paused = true)]
async fn the_services_that_give_tokens_refuse_everybody_for_a_while() {
    let script: Script = r#"{"at":"10s","fault":"tastytrade","kind":"token_outage","for":"1m"}"#
        .parse()
        .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    assert_eq!(grant(&sim).await, 200);
    sleep(Duration::from_secs(11)).await;
    assert_eq!(grant(&sim).await, 401);
    assert_eq!(get(&sim, "/api-quote-tokens").await.0, 401);
    assert_eq!(get(&sim, "/customers/me").await.0, 200);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(grant(&sim).await, 200);
    sim.inject(TastytradeFault::TokenOutage {
        status: 503,
        times: Some(1),
        lasting: None,
    });
    assert_eq!(get(&sim, "/api-quote-tokens").await.0, 503);
    assert_eq!(get(&sim, "/api-quote-tokens").await.0, 200);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_account_streamer_may_not_answer() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::Silent {
        symbol: Some("5WT00002".into()),
        channel: Some("account".into()),
        times: Some(1),
    });
    let mut socket = listen(&sim).await;
    let mut message = action(&sim, "connect");
    message["value"] = json!(["5WT00001", "5WT00002"]);
    send(&mut socket, message.clone()).await;
    assert!(now(&mut socket).await.is_empty());
    assert!(sim.active_topics().is_empty());
    send(&mut socket, message).await;
    assert_eq!(next(&mut socket).await["status"], "ok");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_account_streamer_may_close_once_it_is_connected() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::CloseAfterLogin {
        after: Duration::from_secs(2),
        code: None,
        times: Some(1),
    });
    let mut socket = connected(&sim).await;
    let begun = Instant::now();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert_eq!(begun.elapsed().as_secs(), 2);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_action_may_be_told_at_length() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::Verbose {
        bytes: 1 << 20,
        times: Some(1),
    });
    let mut socket = connected(&sim).await;
    send(&mut socket, action(&sim, "no-such-action")).await;
    let answer = next(&mut socket).await;
    assert_eq!(answer["message"].as_str().map(str::len), Some(1 << 20));
    sim.shutdown().await;
}
