//! Over real sockets: none is left open. Alone in its process, so that it can count them.

#![cfg(all(feature = "gate", feature = "sim"))]

use std::time::Duration;

use feedline::sim::gate::GateSim;
use feedline::venue::gate::Spot;

#[tokio::test]
async fn no_socket_is_left_after_shutdown() {
    let sockets = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let sim = GateSim::builder()
        .rate(0.0)
        .listen("127.0.0.1:0")
        .await
        .unwrap();
    let warm = Spot::builder().url(sim.url()).build().unwrap();
    drop(warm.trades(["BTC_USDT"]).await.unwrap());
    warm.shutdown(Duration::from_secs(5)).await.unwrap();
    sim.shutdown().await;
    let before = sockets();

    let sim = GateSim::builder()
        .rate(0.0)
        .listen("127.0.0.1:0")
        .await
        .unwrap();
    let gate = Spot::builder()
        .url(sim.url())
        .topics_per_connection(1)
        .build()
        .unwrap();
    let trades = gate
        .trades(["BTC_USDT", "ETH_USDT", "SOL_USDT"])
        .await
        .unwrap();
    assert!(sockets() >= before + 6, "both ends of three connections");
    gate.shutdown(Duration::from_secs(5)).await.unwrap();
    drop(trades);
    sim.shutdown().await;
    assert_eq!(sockets(), before);
}
