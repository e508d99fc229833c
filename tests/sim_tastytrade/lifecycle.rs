//! Starting and ending.

use std::time::Duration;

use feedline::sim::Script;
use feedline::sim::tastytrade::{TastytradeSim, TastytradeSimBuilder};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::support::{builder, closed, connect, connected, dial, get};

#[tokio::test]
async fn it_listens_on_a_socket() {
    let sim = TastytradeSim::builder()
        .rate(100.0)
        .listen("127.0.0.1:0")
        .await
        .unwrap();
    assert!(sim.rest_url().starts_with("http://127.0.0.1:"));
    assert_eq!(get(&sim, "/customers/me/accounts").await.0, 200);
    let mut socket = connected(&sim).await;
    let mut data = connect(&sim, &sim.dxlink_url()).await;
    assert_eq!(sim.sessions().len(), 2);
    sim.shutdown().await;
    while let Some(Ok(_)) = socket.next().await {}
    while let Some(Ok(_)) = data.next().await {}
}

#[tokio::test(start_paused = true)]
async fn shutting_down_or_dropping_leaves_no_task() {
    let handle = tokio::runtime::Handle::current();
    let sim = builder().rate(100.0).in_memory().unwrap();
    let _socket = connected(&sim).await;
    sim.shutdown().await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
    assert!(dial(&sim).await.is_err());
    let sim = builder().rate(100.0).in_memory().unwrap();
    let _socket = connected(&sim).await;
    drop(sim);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_refused_at_the_start() {
    let problem = |builder: TastytradeSimBuilder| builder.in_memory().unwrap_err().to_string();
    assert!(problem(builder().symbols(["A{=m}"])).contains("\"A{=m}\""));
    assert!(problem(builder().account_rate(-1.0)).contains("-1"));
    assert!(problem(builder().queue(0)).contains("at least one"));
}

#[tokio::test(start_paused = true)]
async fn faults_are_scripted_for_both_kinds_of_session() {
    let script: Script = r#"{"after_subscribes":1,"fault":"cut"}"#.parse().unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let mut socket = super::support::listen(&sim).await;
    let mut message = super::support::action(&sim, "connect");
    message["value"] = "5WT00001".into();
    super::support::send(&mut socket, message).await;
    assert_eq!(closed(&mut socket).await, None);
    sim.shutdown().await;
}
