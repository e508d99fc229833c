//! Sequences of calls and answers that once went wrong: each test is named after what must hold.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::time::Duration;

use feedline::market::BookAction::Snapshot;
use feedline::sim::gate::GateSim;
use feedline::sim::{Delayed, Fault};
use feedline::venue::gate::{DeltaSpeed, ObuLevel, Spot};
use feedline::{Cause, ErrorKind, Event, Overflow, State};
use futures_util::{FutureExt, StreamExt};
use support::{Rig, bounded, ms, ready, secs, settle, words};

const LEVEL: ObuLevel = ObuLevel::Levels50;

fn late_acks(by: Duration, lasting: Duration) -> Fault {
    Fault::Delay {
        of: Delayed::Acks,
        by,
        lasting: Some(lasting),
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_refused_after_its_release_leaves_nothing_behind() {
    let rig = Rig::new();
    rig.sim.inject(late_acks(secs(1), ms(500)));
    let trades = rig.gate.trades(["NO_PE"]).lazy().unwrap();
    tokio::time::sleep(ms(300)).await;
    trades.close().await.unwrap();
    tokio::time::sleep(secs(5)).await;
    assert_eq!(rig.gate.state().current(), State::Idle);
    rig.gate.shutdown(secs(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn adding_a_symbol_twice_counts_once() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let control = trades.control();
    control.add(["ETH_USDT", "ETH_USDT"]).await.unwrap();
    drop(trades);
    settle().await;
    assert_eq!(rig.gate.metrics().topics, 0);
    assert_eq!(rig.venue_set(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_symbol_removed_and_added_at_once_is_answered() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    let control = trades.control();
    control.remove(["ETH_USDT"]).unwrap();
    control.add(["ETH_USDT"]).await.unwrap();
    settle().await;
    assert_eq!(rig.venue_set().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_symbol_removed_before_its_answer_is_not_waited_for() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let control = trades.control();
    rig.sim.inject(late_acks(secs(2), secs(1)));
    let adding = tokio::time::timeout(ms(500), control.add(["ETH_USDT"])).await;
    assert!(adding.is_err(), "not answered yet");
    control.remove(["ETH_USDT"]).unwrap();
    tokio::time::sleep(secs(5)).await;
    control.add(["SOL_USDT"]).await.unwrap();
    assert_eq!(trades.symbols(), ["BTC_USDT", "SOL_USDT"]);
}

#[tokio::test(start_paused = true)]
async fn adding_to_a_subscription_that_ends_meanwhile_is_an_error() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let control = trades.control();
    rig.sim.inject(late_acks(secs(2), secs(1)));
    let adding = tokio::spawn(async move { control.add(["ETH_USDT"]).await });
    tokio::time::sleep(ms(300)).await;
    rig.gate.unsubscribe_all();
    let error = adding.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_book_handle_that_replaces_another_begins_with_a_snapshot() {
    let rig = Rig::with(|sim| sim.rate(50.0), |gate| gate);
    let first = rig.gate.obu(LEVEL, ["BTC_USDT"]).await.unwrap();
    let mut second = rig.gate.obu(LEVEL, ["BTC_USDT"]).lazy().unwrap();
    drop(first);
    let begin = bounded(second.next()).await.unwrap().unwrap();
    assert!(
        matches!(&begin, Event::Data(update) if update.action == Snapshot),
        "{begin:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_joiner_of_a_book_that_is_being_restored_gets_it_too() {
    let rig = Rig::with(|sim| sim.rate(50.0), |gate| gate);
    let _first = rig.gate.obu(LEVEL, ["BTC_USDT"]).await.unwrap();
    let (symbol, lasting) = ("BTC_USDT".to_owned(), Some(secs(6)));
    rig.sim.inject(Fault::AckWithoutData { symbol, lasting });
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(secs(3)).await;
    let joiner = rig.gate.obu(LEVEL, ["BTC_USDT"]).deadline(secs(60));
    let mut joiner = bounded(joiner).await.unwrap();
    let begin = bounded(joiner.next()).await.unwrap().unwrap();
    assert!(
        matches!(&begin, Event::Data(update) if update.action == Snapshot),
        "{begin:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_joiner_never_gets_the_last_event_of_another_topic() {
    let rig = Rig::with(|sim| sim.rate(200.0), |gate| gate);
    let first = rig.gate.book_ticker(["BTC_USDT"]).await.unwrap();
    let _keep = rig.gate.trades(["SOL_USDT"]).await.unwrap();
    rig.sim.inject(late_acks(ms(300), ms(100)));
    let (by, lasting) = (ms(200), Some(ms(900)));
    rig.sim.inject(Fault::Delay {
        of: Delayed::Data,
        by,
        lasting,
    });
    tokio::time::sleep(ms(50)).await;
    // Quotes still come while it is released, and its number goes to the next topic.
    drop(first);
    tokio::time::sleep(secs(2)).await;
    rig.sim.pause_market();
    tokio::time::sleep(secs(1)).await;
    let (symbol, lasting) = ("ETH_USDT".to_owned(), None);
    rig.sim.inject(Fault::AckWithoutData { symbol, lasting });
    let _second = rig.gate.book_ticker(["ETH_USDT"]).await.unwrap();
    let mut third = rig.gate.book_ticker(["ETH_USDT"]).await.unwrap();
    settle().await;
    assert!(
        third.next().now_or_never().is_none(),
        "nothing has come of it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_outage_before_the_acceptance_has_its_own_gap() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    settle().await;
    rig.sim.inject(late_acks(secs(5), secs(4)));
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(secs(2)).await;
    let b = rig.trade("BTC_USDT");
    settle().await;
    rig.sim.inject(Fault::Cut);
    settle().await;
    tokio::time::sleep(secs(30)).await;
    let c = rig.trade("BTC_USDT");
    let outage = "gap(outage, ?, all symbols)";
    let interrupted = "interrupted: closed (all symbols)";
    let expected = [
        &a,
        interrupted,
        outage,
        &b,
        outage,
        "resumed (all symbols)",
        &c,
    ];
    assert_eq!(words(&mut trades, 7).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_close_is_acknowledged_when_another_handle_takes_the_topic_over() {
    let rig = Rig::new();
    let first = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(late_acks(ms(500), secs(1)));
    let closing = tokio::spawn(first.close());
    tokio::time::sleep(ms(100)).await;
    let _second = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let begun = tokio::time::Instant::now();
    closing.await.unwrap().unwrap();
    assert!(begun.elapsed() < secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_linger_beyond_all_time_is_for_ever() {
    let rig = Rig::with(|sim| sim, |gate| gate.linger(Duration::MAX));
    drop(rig.gate.trades(["BTC_USDT"]).await.unwrap());
    tokio::time::sleep(secs(3600)).await;
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    assert_eq!(rig.sim.connects().len(), 1);
    assert!(ready(&mut trades).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_small_lossless_queue_does_not_stop_its_own_acceptance() {
    let symbols: Vec<String> = (0..120).map(|n| format!("S{n}_USDT")).collect();
    let known = symbols.clone();
    let rig = Rig::with(|sim| sim.symbols(known).rate(1_000.0), |gate| gate);
    rig.sim.inject(late_acks(ms(200), secs(60)));
    let wanted = symbols.iter().map(String::as_str).chain(["NO_PE"]);
    let trades = rig
        .gate
        .trades(wanted)
        .overflow(Overflow::Wait)
        .capacity(16);
    let mut trades = trades.allow_partial().await.unwrap();
    assert_eq!(trades.symbols().len(), 120);
    trades
        .control()
        .add(["S1_USDT", "NOR_THIS"])
        .await
        .unwrap_err();
    let mut events = Vec::new();
    while events.len() < 1_000 {
        trades.next_batch(&mut events, 1_000).await.unwrap();
    }
    // What did not fit before anyone could take it is counted, and comes ahead of everything else.
    let gaps: Vec<_> = events
        .iter()
        .enumerate()
        .filter_map(|(at, event)| match event {
            Event::Gap(gap) => Some((at, gap)),
            _ => None,
        })
        .collect();
    for (at, gap) in gaps {
        let first = events
            .iter()
            .position(|event| matches!(event, Event::Data(_)));
        assert!(first.is_none_or(|first| at < first), "{gap}");
        assert!(
            matches!(gap.cause, Cause::Overflow { .. }) && gap.missed.is_some(),
            "{gap}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_that_changes_hands_is_told_to_the_right_ones() {
    let rig = Rig::new();
    let lossless = || {
        rig.gate
            .trades(["BTC_USDT"])
            .overflow(Overflow::Wait)
            .capacity(1)
    };
    let (mut a, mut b) = (lossless().await.unwrap(), lossless().await.unwrap());
    let mut other = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let first = rig.trade("BTC_USDT");
    settle().await;
    assert_eq!(
        words(&mut a, 1).await,
        [first.as_str()],
        "now b alone is full"
    );
    tokio::time::sleep(secs(3)).await;
    let by = "spot.trades #2, which is full (all symbols)";
    assert_eq!(
        ready(&mut other).await,
        [format!("stale: waiting for {by}")]
    );
    assert_eq!(words(&mut b, 1).await, [first.as_str()]);
    assert_eq!(ready(&mut other).await, ["fresh (all symbols)"]);
    assert_eq!(ready(&mut b).await, [""; 0], "nobody is told of itself");
}

#[tokio::test(start_paused = true)]
async fn a_jump_of_the_sequence_spans_the_time_between_its_neighbours() {
    let rig = Rig::with(|sim| sim.rate(200.0), |gate| gate);
    let speed = DeltaSpeed::Millis100;
    let mut books = rig
        .gate
        .order_book_update(speed, ["BTC_USDT"])
        .await
        .unwrap();
    tokio::time::sleep(secs(2)).await;
    rig.sim.inject(Fault::SequenceGap {
        symbol: None,
        times: Some(3),
    });
    tokio::time::sleep(secs(2)).await;
    let mut last = None;
    while let Some(Some(Ok(event))) = books.next().now_or_never() {
        match event {
            Event::Data(update) => last = update.time,
            Event::Gap(gap) => {
                let Cause::Sequence { from, to, .. } = gap.cause else {
                    panic!("{gap}")
                };
                assert_eq!(Some(from), last);
                assert!(to.duration_since(from) >= ms(300), "{gap}");
                return;
            }
            Event::Status(status) => panic!("{status}"),
        }
    }
    panic!("no jump was told");
}

#[tokio::test(start_paused = true)]
async fn late_updates_of_an_ended_subscription_repair_nothing() {
    let rig = Rig::with(|sim| sim.rate(500.0), |gate| gate);
    let mut books = rig.gate.obu(LEVEL, ["BTC_USDT"]).await.unwrap();
    tokio::time::sleep(secs(2)).await;
    let (by, lasting) = (ms(100), Some(secs(2)));
    rig.sim.inject(Fault::Delay {
        of: Delayed::Data,
        by,
        lasting,
    });
    tokio::time::sleep(ms(500)).await;
    books.control().resync("BTC_USDT").unwrap();
    rig.sim.inject(late_acks(ms(30), secs(1)));
    tokio::time::sleep(secs(5)).await;
    let mut after_gap = false;
    while let Some(Some(Ok(event))) = books.next().now_or_never() {
        match event {
            Event::Gap(_) => after_gap = true,
            Event::Data(update) if std::mem::take(&mut after_gap) => {
                assert_eq!(update.action, Snapshot);
            }
            Event::Data(_) | Event::Status(_) => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_good_life_counts_after_many_failures() {
    let rig = Rig::new();
    let _trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::RejectUpgrade {
        status: 503,
        times: Some(12),
    });
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(secs(10 * 3600)).await;
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    let lost = tokio::time::Instant::now();
    rig.reached(State::Live).await;
    assert!(lost.elapsed() <= ms(300), "{:?}", lost.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_request_does_not_touch_the_topics_that_are_accepted() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::NoAck { times: Some(1) });
    trades.control().add(["ETH_USDT"]).await.unwrap();
    let a = rig.trade("BTC_USDT");
    assert_eq!(ready(&mut trades).await, [a]);
    assert_eq!(rig.sim.connects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_task_does_not_blame_the_venue() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    // The clock leaps as if the machine had slept: the answer to the probe lies in the socket.
    for _ in 0..20 {
        tokio::time::advance(secs(11)).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(ready(&mut trades).await, [""; 0]);
    assert_eq!(rig.sim.connects().len(), 1);
}

#[test]
fn spawning_on_a_runtime_that_is_gone_does_not_hang() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let (a, b) = (runtime(), runtime());
    let sim = a.block_on(async { GateSim::builder().rate(0.0).in_memory().unwrap() });
    let builder = Spot::builder().url(sim.url()).dial(sim.dialer());
    let gate = builder.topics_per_connection(1).build().unwrap();
    let first = a.block_on(gate.trades(["BTC_USDT"]).into_future()).unwrap();
    let second = b.block_on(gate.trades(["ETH_USDT"]).into_future()).unwrap();
    drop(second);
    drop(b);
    a.block_on(first.control().add(["SOL_USDT"])).unwrap();
    assert_eq!(first.symbols(), ["BTC_USDT", "SOL_USDT"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_made_right_after_a_fatal_end_is_served() {
    let sim = GateSim::builder().rate(0.0).in_memory().unwrap();
    for _ in 0..50 {
        let client = Spot::builder().url(sim.url()).dial(sim.dialer());
        let gate = client.linger(Duration::ZERO).build().unwrap();
        // A failure of the first connect is final; the next attempt may go well.
        sim.inject(Fault::RejectUpgrade {
            status: 404,
            times: Some(1),
        });
        let failed = gate.trades(["BTC_USDT"]).await.unwrap_err();
        assert!(matches!(failed.kind(), ErrorKind::Connect(_)), "{failed}");
        let trades = gate.trades(["BTC_USDT"]).await.unwrap();
        trades.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_handle_emptied_while_interrupted_still_resumes() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    trades.control().remove(["BTC_USDT"]).unwrap();
    settle().await;
    trades.control().add(["ETH_USDT"]).await.unwrap();
    let a = rig.trade("ETH_USDT");
    let expected = [
        "interrupted: closed (all symbols)",
        "gap(outage, ?, BTC_USDT)",
        "resumed (all symbols)",
        &a,
    ];
    assert_eq!(words(&mut trades, 4).await, expected);
    assert!(!matches!(rig.gate.state().current(), State::Backoff));
}
