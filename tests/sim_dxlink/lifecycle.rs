//! Starting and ending.

use std::time::Duration;

use feedline::sim::SimError;
use feedline::sim::dxlink::{DxLinkSim, DxLinkSimBuilder};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::sleep;
use tokio_tungstenite::client_async;

use super::support::{add, builder, dial, greeted, next, send, setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_listens_on_a_socket_and_leaves_nothing_behind() {
    let sim = DxLinkSim::builder()
        .rate(1_000.0)
        .listen("127.0.0.1:0")
        .await
        .unwrap();
    assert!(sim.url().starts_with("ws://127.0.0.1:"));
    let address = format!("{}?any=thing", sim.url().replace("market-data", "any/path"));
    let (mut socket, _) = client_async(address, dial(&sim).await.unwrap())
        .await
        .unwrap();
    send(&mut socket, setup()).await;
    assert_eq!(next(&mut socket).await["type"], "SETUP");
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
    let (mut one, _two) = (greeted(&sim).await, greeted(&sim).await);
    assert_eq!(handle.metrics().num_alive_tasks(), 4);
    sim.shutdown().await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
    assert!(!matches!(one.next().await, Some(Ok(_))));
    assert!(dial(&sim).await.is_err());
    let sim = builder().rate(100.0).in_memory().unwrap();
    let _socket = greeted(&sim).await;
    drop(sim);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_refused_at_the_start() {
    let problem = |builder: DxLinkSimBuilder| builder.in_memory().unwrap_err().to_string();
    assert!(problem(builder().symbols(["AAPL{=m}"])).contains("\"AAPL{=m}\""));
    assert!(problem(builder().symbols([""])).contains("\"\""));
    assert!(problem(builder().rate(-1.0)).contains("-1"));
    assert!(problem(builder().queue(0)).contains("at least one"));
    assert!(builder().listen("127.0.0.1:99999").await.is_err());
}

#[test]
fn outside_a_runtime_it_says_so() {
    assert!(matches!(
        builder().in_memory().unwrap_err(),
        SimError::NoRuntime
    ));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped() {
    let sim = builder().queue(100).in_memory().unwrap();
    let mut socket = super::support::with_channel(&sim, "STREAM", json!({})).await;
    add(
        &mut socket,
        1,
        json!([{"type": "TimeAndSale", "symbol": "*"}]),
    )
    .await;
    for _ in 0..1_000 {
        sim.step(1);
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(sim.slow_readers(), 1);
    assert!(sim.sessions().is_empty());
    sim.shutdown().await;
}
