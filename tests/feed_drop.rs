//! What is left when handles and clients are gone: nothing.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::time::Duration;

use feedline::sim::Fault;
use feedline::{ErrorKind, State};
use futures_util::StreamExt;
use support::{Rig, bounded, end, settle, words};

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// How many tasks there are while nothing is connected: the simulator keeps one of its own once
/// it has had a connection.
async fn idle_tasks(rig: &Rig) -> usize {
    drop(rig.gate.trades(["BTC_USDT"]).await.unwrap());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(rig.sim.sessions().len(), 0);
    tasks()
}

#[test]
fn drop_outside_a_runtime_unsubscribes() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (rig, trades) = runtime.block_on(async {
        let rig = Rig::new();
        let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        (rig, trades)
    });
    drop(trades);
    runtime.block_on(async {
        settle().await;
        assert_eq!(rig.venue_set(), [""; 0]);
    });
}

#[test]
fn drop_after_its_runtime_is_gone_does_nothing_bad() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (rig, mut trades) = runtime.block_on(async {
        let rig = Rig::new();
        let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        (rig, trades)
    });
    drop(runtime);
    let ended = futures_util::FutureExt::now_or_never(trades.next());
    assert!(
        matches!(ended, Some(Some(Err(_)))),
        "the stream does not hang: {ended:?}"
    );
    drop(trades);
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn drop_during_a_panic_unsubscribes() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let task = tokio::spawn(async move {
        let _trades = trades;
        panic!("on purpose");
    });
    assert!(task.await.unwrap_err().is_panic());
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn drop_while_disconnected_is_not_resubscribed() {
    let rig = Rig::new();
    let gone = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let mut kept = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    drop(gone);
    rig.reached(State::Live).await;
    settle().await;
    assert_eq!(rig.venue_set(), ["spot.trades ETH_USDT"]);
    let a = rig.trade("ETH_USDT");
    let expected = [
        "interrupted: closed (all symbols)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
        &a,
    ];
    assert_eq!(words(&mut kept, 4).await, expected);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_leaves_nothing_behind() {
    let rig = Rig::new();
    rig.sim.inject(Fault::NoAck { times: Some(1) });
    let asking = rig.gate.trades(["BTC_USDT"]).into_future();
    assert!(
        tokio::time::timeout(Duration::from_secs(1), asking)
            .await
            .is_err()
    );
    assert_eq!(rig.gate.metrics().subscriptions, 0);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(rig.venue_set(), [""; 0]);
    assert_eq!(rig.gate.state().current(), State::Idle);
}

#[tokio::test(start_paused = true)]
async fn subscribe_and_drop_from_a_hundred_tasks_at_once() {
    let rig = Rig::new();
    let symbols = ["BTC_USDT", "ETH_USDT", "SOL_USDT", "XRP_USDT"];
    let tasks: Vec<_> = (0..100_u64)
        .map(|n| {
            let gate = rig.gate.clone();
            tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(n);
                for _ in 0..20 {
                    let count = random.usize(1..=symbols.len());
                    let trades = gate.trades(&symbols[..count]).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(random.u64(0..50))).await;
                    drop(trades);
                }
                gate.trades([symbols[n as usize % 2]]).await.unwrap()
            })
        })
        .collect();
    let mut kept = Vec::new();
    for task in tasks {
        kept.push(bounded(task).await.unwrap());
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(
        rig.venue_set(),
        ["spot.trades BTC_USDT", "spot.trades ETH_USDT"]
    );
    assert_eq!(rig.gate.metrics().topics, 2);
    assert_eq!(rig.sim.breaches(), []);
    for trades in kept.drain(..) {
        drop(trades);
    }
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn no_task_is_left_after_the_last_drop_and_its_linger() {
    let rig = Rig::new();
    let before = idle_tasks(&rig).await;
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    assert!(tasks() > before);
    drop(trades);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        rig.sim.sessions().len(),
        1,
        "the connection lingers for two seconds"
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.sim.sessions().len(), 0);
    assert_eq!(tasks(), before);
    assert_eq!(rig.gate.state().current(), State::Idle);
    let mut again = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    assert_eq!(words(&mut again, 1).await, [a]);
}

#[tokio::test(start_paused = true)]
async fn no_task_is_left_when_the_client_goes_too() {
    let rig = Rig::new();
    let before = idle_tasks(&rig).await;
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let Rig { sim, gate } = rig;
    drop(gate);
    let published = sim.publish_trade(
        "BTC_USDT",
        feedline::Decimal::ONE,
        feedline::Decimal::ONE,
        feedline::market::Side::Sell,
    );
    assert!(published.is_some());
    assert!(
        bounded(trades.next()).await.is_some(),
        "handles live on without their client"
    );
    drop(trades);
    settle().await;
    assert_eq!(tasks(), before, "and without it nothing lingers");
    assert_eq!(sim.sessions().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_task_is_left_after_shutdown() {
    let rig = Rig::new();
    let before = idle_tasks(&rig).await;
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.gate.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!(tasks(), before);
    assert_eq!(
        end(&mut trades).await.map_err(|error| error.to_string()),
        Ok(())
    );
    let error = rig.gate.trades(["BTC_USDT"]).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Closed);
    assert_eq!(rig.gate.state().current(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn shutdown_is_bounded_even_if_the_venue_is_mute_or_gone() {
    for fault in [
        Fault::Mute { lasting: None },
        Fault::RefuseConnect { times: None },
    ] {
        let rig = Rig::new();
        let before = idle_tasks(&rig).await;
        let trades = rig.gate.trades(["BTC_USDT"]).lazy().unwrap();
        settle().await;
        rig.sim.inject(fault.clone());
        if matches!(fault, Fault::RefuseConnect { .. }) {
            rig.sim.inject(Fault::Cut);
        }
        settle().await;
        let begun = tokio::time::Instant::now();
        rig.gate.shutdown(Duration::from_secs(5)).await.unwrap();
        assert!(
            begun.elapsed() <= Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
        drop(trades);
        settle().await;
        assert_eq!(tasks(), before, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn unsubscribe_all_ends_handles_and_keeps_the_client() {
    let rig = Rig::new();
    let mut first = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let mut second = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    rig.trade("BTC_USDT");
    settle().await;
    rig.gate.unsubscribe_all();
    assert_eq!(
        words(&mut first, 1).await.len(),
        1,
        "what was queued still comes"
    );
    assert!(first.next().await.is_none());
    assert!(second.next().await.is_none());
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0]);
    let mut third = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    assert_eq!(words(&mut third, 1).await, [a]);
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_the_venue_and_gives_up_in_time() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    trades.close().await.unwrap();
    assert_eq!(rig.venue_set(), [""; 0]);
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::Mute { lasting: None });
    let begun = tokio::time::Instant::now();
    let closed = trades.close().await;
    assert!(
        begun.elapsed() <= Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert!(closed.is_ok() || matches!(closed.unwrap_err().kind(), ErrorKind::Timeout { .. }));
}
