//! What a lost connection costs, and what it does not.

#![cfg(all(feature = "gate", feature = "sim"))]

mod support;

use std::time::Duration;

use feedline::feed::Backoff;
use feedline::sim::{Delayed, Fault};
use feedline::{Cause, Event, Interruption, State, StatusKind};
use support::{Rig, bounded, next, ready, settle, words};

#[tokio::test(start_paused = true)]
async fn reconnect_keeps_every_handle_alive_and_resubscribes_all_of_them() {
    let rig = Rig::new();
    let mut btc = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let mut both = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    let (a, b) = (rig.trade("BTC_USDT"), rig.trade("ETH_USDT"));
    settle().await;
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    rig.reached(State::Live).await;
    settle().await;
    assert_eq!(
        rig.venue_set(),
        ["spot.trades BTC_USDT", "spot.trades ETH_USDT"]
    );
    let (c, d) = (rig.trade("BTC_USDT"), rig.trade("ETH_USDT"));
    let outage = [
        "interrupted: closed (all symbols)",
        "gap(outage, ?, all symbols)",
    ];
    let resumed = "resumed (all symbols)";
    assert_eq!(
        words(&mut btc, 5).await,
        [&a, outage[0], outage[1], resumed, &c]
    );
    let expected = [&a, &b, outage[0], outage[1], resumed, &c, &d];
    assert_eq!(words(&mut both, 7).await, expected);
}

#[tokio::test(start_paused = true)]
async fn an_outage_reaches_from_the_last_frame_to_the_acceptance() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.trade("BTC_USDT");
    let Event::Data(last) = next(&mut trades).await else {
        panic!("a trade was sent")
    };
    tokio::time::sleep(Duration::from_secs(3)).await;
    rig.sim.inject(Fault::RefuseConnect { times: Some(2) });
    rig.sim.inject(Fault::Cut);
    let cut = rig.sim.clock().now().wall;
    let Event::Status(status) = next(&mut trades).await else {
        panic!("the status comes first")
    };
    assert!(
        matches!(status.kind, StatusKind::Interrupted { .. }),
        "{status}"
    );
    let Event::Gap(gap) = next(&mut trades).await else {
        panic!("then the gap")
    };
    let accepted = rig.sim.clock().now().wall;
    let Cause::Outage { from, to } = gap.cause else {
        panic!("{gap}")
    };
    assert_eq!(from, last.time);
    assert!(to > cut && to <= accepted, "{gap}");
    let Event::Status(status) = next(&mut trades).await else {
        panic!("resumed comes last")
    };
    let StatusKind::Resumed { downtime, attempts } = status.kind else {
        panic!("{status}")
    };
    assert_eq!(attempts, 3);
    assert_eq!(cut.saturating_add(downtime), accepted);
}

#[tokio::test(start_paused = true)]
async fn data_ahead_of_the_acceptance_comes_after_its_gap() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    let (by, lasting) = (Duration::from_secs(2), None);
    rig.sim.inject(Fault::Delay {
        of: Delayed::Acks,
        by,
        lasting,
    });
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    while rig.venue_set().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let a = rig.trade("ETH_USDT");
    let expected = [
        "interrupted: closed (all symbols)",
        "gap(outage, ?, ETH_USDT)",
        &a,
        "gap(outage, ?, BTC_USDT)",
        "resumed (all symbols)",
    ];
    assert_eq!(words(&mut trades, 5).await, expected);
}

#[tokio::test(start_paused = true)]
async fn first_connect_failing_is_retried() {
    let rig = Rig::new();
    rig.sim.inject(Fault::RefuseConnect { times: Some(2) });
    rig.sim.inject(Fault::RejectUpgrade {
        status: 503,
        times: Some(2),
    });
    let mut trades = bounded(rig.gate.trades(["BTC_USDT"])).await.unwrap();
    assert_eq!(rig.sim.attempts().len(), 5);
    let a = rig.trade("BTC_USDT");
    assert_eq!(
        words(&mut trades, 1).await,
        [a],
        "there was nothing to interrupt"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_is_final_only_before_the_first_success() {
    let rig = Rig::new();
    rig.sim.inject(Fault::RejectUpgrade {
        status: 403,
        times: Some(1),
    });
    let error = bounded(rig.gate.trades(["BTC_USDT"])).await.unwrap_err();
    assert!(error.to_string().contains("HTTP 403"), "{error}");
    assert!(!error.is_retryable());

    let mut trades = bounded(rig.gate.trades(["BTC_USDT"])).await.unwrap();
    rig.sim.inject(Fault::RejectUpgrade {
        status: 403,
        times: Some(3),
    });
    rig.sim.inject(Fault::Cut);
    // The third refusal in a row is news of its own.
    let expected = [
        "interrupted: closed (all symbols)",
        "interrupted: connect (all symbols)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
    ];
    assert_eq!(words(&mut trades, 4).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_accepts_and_closes_never_sees_more_than_the_backoff_allows() {
    let backoff = Backoff::default();
    let rig = Rig::with(|sim| sim, |gate| gate.backoff(backoff));
    let fault = Fault::AcceptThenClose {
        after: Duration::from_millis(5),
        times: None,
    };
    rig.sim.inject(fault);
    let trades = rig.gate.trades(["BTC_USDT"]).lazy().unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let connects = rig.sim.connects();
    drop(trades);
    // Half of the cap is the mean wait under full jitter; three quarters of it leave room for luck.
    let mean = Duration::from_secs(3600) / connects.len() as u32;
    assert!(
        mean > backoff.cap / 4 && mean < backoff.cap,
        "{mean:?} between connects"
    );
    // A connect that was accepted resets nothing: late waits are as long as ever.
    let late: Vec<_> = connects[20..]
        .windows(2)
        .map(|pair| pair[1].duration_since(pair[0]))
        .collect();
    assert!(late.iter().any(|wait| *wait > backoff.cap / 2), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn backoff_starts_again_after_a_stable_time() {
    let rig = Rig::new();
    rig.sim.inject(Fault::RefuseConnect { times: Some(12) });
    let mut trades = bounded(
        rig.gate
            .trades(["BTC_USDT"])
            .deadline(Duration::from_secs(600)),
    )
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(31)).await;
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    let cut = tokio::time::Instant::now();
    rig.reached(State::Live).await;
    assert!(
        cut.elapsed() <= Duration::from_millis(550),
        "{:?}",
        cut.elapsed()
    );
    ready(&mut trades).await;
}

#[tokio::test(start_paused = true)]
async fn a_mute_connection_is_found_by_probe_within_a_minute() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    rig.sim.inject(Fault::Mute {
        lasting: Some(Duration::from_secs(60)),
    });
    let muted = tokio::time::Instant::now();
    let Event::Status(status) = next(&mut trades).await else {
        panic!("nothing else came")
    };
    let StatusKind::Interrupted {
        cause: Interruption::Mute { silence },
    } = status.kind
    else {
        panic!("{status}")
    };
    assert!(
        muted.elapsed() <= Duration::from_secs(60),
        "{:?}",
        muted.elapsed()
    );
    assert!(silence <= Duration::from_secs(60), "{silence:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_topic_is_not_a_mute_connection() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(trades.queued(), 0, "no marker for silence");
    assert_eq!(rig.sim.connects().len(), 1);
    let a = rig.trade("BTC_USDT");
    assert_eq!(words(&mut trades, 1).await, [a]);
}

#[tokio::test(start_paused = true)]
async fn an_announced_upgrade_is_followed_at_once() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::Upgrade {
        after: Duration::from_secs(8),
    });
    let expected = [
        "interrupted: announced (all symbols)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
    ];
    assert_eq!(words(&mut trades, 3).await, expected);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        trades.queued(),
        0,
        "the old connection's end is nobody's concern"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_request_interrupts_and_is_asked_again() {
    let rig = Rig::new();
    rig.sim.inject(Fault::NoAck { times: Some(1) });
    let asked = tokio::time::Instant::now();
    let trades = bounded(rig.gate.trades(["BTC_USDT"])).await.unwrap();
    assert!(
        asked.elapsed() >= Duration::from_secs(10) && asked.elapsed() < Duration::from_secs(12)
    );
    assert_eq!(rig.sim.connects().len(), 2);
    drop(trades);
}

#[tokio::test(start_paused = true)]
async fn outages_without_data_between_them_are_told_as_one() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    settle().await;
    for _ in 0..5 {
        rig.sim.inject(Fault::Cut);
        rig.reached(State::Backoff).await;
        rig.reached(State::Live).await;
        settle().await;
    }
    let b = rig.trade("BTC_USDT");
    let expected = [
        &a,
        "interrupted: closed (all symbols)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
        &b,
    ];
    assert_eq!(ready(&mut trades).await, expected);
}
