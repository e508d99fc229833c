//! Starting and ending.

use std::time::Duration;

use feedline::sim::gate::{GateSim, GateSimBuilder};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_tungstenite::client_async;

use super::support::{builder, connect, dial, next, subscribe, try_dial, with_trades};

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
async fn what_cannot_work_is_refused_at_the_start() {
    let problem = |builder: GateSimBuilder| builder.in_memory().unwrap_err().to_string();
    assert!(problem(builder().symbols(["BTCUSDT"])).contains("\"BTCUSDT\""));
    assert!(problem(builder().rate(f64::NAN)).contains("NaN"));
    assert!(problem(builder().queue(0)).contains("at least one"));
    assert!(builder().listen("127.0.0.1:99999").await.is_err());
}

#[test]
fn outside_a_runtime_it_says_so() {
    let problem = builder().in_memory().unwrap_err();
    assert!(matches!(problem, feedline::sim::SimError::NoRuntime));
}
