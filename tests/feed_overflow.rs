//! What a full queue does, to the last event.

#![cfg(all(feature = "gate", feature = "sim"))]

mod support;

use std::time::Duration;

use feedline::sim::{Delayed, Fault, RawFrame, To};
use feedline::venue::gate::Quote;
use feedline::{Cause, ErrorKind, Event, Overflow, State, StatusKind};
use futures_util::{FutureExt, StreamExt, join};
use support::{Rig, bounded, end, next, ready, settle, word, words};

#[tokio::test(start_paused = true)]
async fn drop_oldest_counts_exactly_what_it_drops() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).capacity(3);
    let mut trades = trades.overflow(Overflow::DropOldest).await.unwrap();
    let mut sent: Vec<_> = (0..6).map(|_| rig.trade("BTC_USDT")).collect();
    sent.push(rig.trade("ETH_USDT"));
    settle().await;
    assert_eq!(trades.dropped(), 4);
    let expected = ["gap(overflow, 4, BTC_USDT)", &sent[4], &sent[5], &sent[6]];
    assert_eq!(ready(&mut trades).await, expected);
    let later = rig.trade("BTC_USDT");
    assert_eq!(ready(&mut trades).await, [later]);
}

#[tokio::test(start_paused = true)]
async fn an_overflow_tells_the_time_range_of_what_it_dropped() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).capacity(1).await.unwrap();
    let begin = rig.sim.clock().now().wall;
    rig.trade("BTC_USDT");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let end = rig.sim.clock().now().wall;
    rig.trade("BTC_USDT");
    tokio::time::sleep(Duration::from_secs(5)).await;
    rig.trade("BTC_USDT");
    settle().await;
    let Event::Gap(gap) = next(&mut trades).await else {
        panic!("the gap comes first")
    };
    assert_eq!(gap.missed, Some(2));
    let Cause::Overflow {
        from: Some(from),
        to: Some(to),
    } = gap.cause
    else {
        panic!("{gap}")
    };
    assert_eq!(from, begin);
    assert!(
        to >= end && to.duration_since(end) < Duration::from_millis(100),
        "{gap}"
    );
}

#[tokio::test(start_paused = true)]
async fn wait_loses_nothing_and_pushes_back_to_the_socket() {
    let rig = Rig::new();
    let mut slow = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Wait)
        .capacity(10)
        .await
        .unwrap();
    let sent: Vec<_> = (0..5_000).map(|_| rig.trade("BTC_USDT")).collect();
    // Much longer than any deadline: backpressure is no reason to give the venue up.
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(slow.queued() <= 10, "{} queued", slow.queued());
    let mut came = Vec::new();
    while came.len() < sent.len() {
        came.push(word(&next(&mut slow).await));
    }
    assert_eq!(came, sent);
    assert_eq!(rig.sim.connects().len(), 1);
    assert_eq!(slow.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_wait_queue_is_named_to_the_others() {
    let rig = Rig::new();
    let mut full = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Wait)
        .capacity(1)
        .await
        .unwrap();
    let mut other = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let (a, _) = (rig.trade("BTC_USDT"), rig.trade("BTC_USDT"));
    let c = rig.trade("ETH_USDT");
    tokio::time::sleep(Duration::from_secs(2)).await;
    // What came in the same read is delivered; nothing is read after it.
    assert_eq!(
        ready(&mut other).await,
        [
            c.as_str(),
            "stale: waiting for spot.trades #1, which is full (all symbols)"
        ]
    );
    let health = rig.gate.health();
    assert!(!health.ok);
    assert_eq!(health.waiting_for.as_deref(), Some("spot.trades #1"));
    let error = rig.gate.trades(["SOL_USDT"]).await.unwrap_err();
    assert!(
        error.to_string().contains("spot.trades #1 is full"),
        "{error}"
    );
    assert_eq!(word(&next(&mut full).await), a);
    settle().await;
    full.next().await;
    assert_eq!(ready(&mut other).await, ["fresh (all symbols)"]);
    assert!(rig.gate.health().ok);
}

#[tokio::test(start_paused = true)]
async fn conflate_keeps_the_latest_of_each_symbol() {
    let rig = Rig::with(|sim| sim.rate(200.0), |gate| gate);
    let symbols = ["BTC_USDT", "ETH_USDT", "SOL_USDT"];
    let quotes = rig
        .gate
        .book_ticker(symbols)
        .overflow(Overflow::Conflate)
        .capacity(8);
    let mut quotes = quotes.await.unwrap();
    let mut all = rig.gate.book_ticker(symbols).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    rig.sim.pause_market();
    settle().await;
    let drain = |feed: &mut feedline::Subscription<Quote>| {
        let mut quotes = Vec::new();
        while let Some(Some(Ok(Event::Data(quote)))) = feed.next().now_or_never() {
            quotes.push(quote);
        }
        quotes
    };
    let every = drain(&mut all);
    let latest = drain(&mut quotes);
    assert_eq!(latest.len(), 3, "one a symbol");
    for quote in &latest {
        assert_eq!(
            every.iter().rfind(|other| other.symbol == quote.symbol),
            Some(quote)
        );
    }
    assert_eq!(quotes.merged() as usize, every.len() - latest.len());
}

#[tokio::test(start_paused = true)]
async fn fail_ends_with_an_error_after_what_was_queued() {
    let rig = Rig::new();
    let trades = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Fail)
        .capacity(2);
    let mut trades = trades.await.unwrap();
    let sent: Vec<_> = (0..4).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    assert_eq!(word(&next(&mut trades).await), sent[0]);
    assert_eq!(word(&next(&mut trades).await), sent[1]);
    let error = end(&mut trades).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Overflow { capacity: 2 });
}

#[tokio::test(start_paused = true)]
async fn gap_and_status_are_never_dropped() {
    for overflow in [Overflow::DropOldest, Overflow::Wait] {
        let rig = Rig::new();
        let trades = rig.gate.trades(["BTC_USDT"]).overflow(overflow).capacity(2);
        let mut trades = trades.await.unwrap();
        let a = rig.trade("BTC_USDT");
        settle().await;
        rig.sim.inject(Fault::Cut);
        rig.reached(State::Backoff).await;
        rig.reached(State::Live).await;
        settle().await;
        let sent: Vec<_> = (0..3).map(|_| rig.trade("BTC_USDT")).collect();
        settle().await;
        let interrupted = "interrupted: closed (all symbols)";
        let resumed = "resumed (all symbols)";
        let outage = "gap(outage, ?, all symbols)";
        let count = if overflow == Overflow::Wait { 7 } else { 5 };
        let mut came = words(&mut trades, count).await;
        if overflow == Overflow::DropOldest {
            // The dropped ones lie on both sides of the outage: one gap covers them all.
            let expected = [interrupted, resumed, outage, &sent[1], &sent[2]];
            came.sort();
            let mut sorted = expected.to_vec();
            sorted.sort_unstable();
            assert_eq!(came, sorted);
        } else {
            let expected = [
                &a,
                interrupted,
                outage,
                resumed,
                &sent[0],
                &sent[1],
                &sent[2],
            ];
            assert_eq!(came, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_no_concern_of_the_others() {
    let rig = Rig::new();
    let mut slow = rig.gate.trades(["BTC_USDT"]).capacity(2).await.unwrap();
    let mut quick = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let sent: Vec<_> = (0..50).map(|_| rig.trade("BTC_USDT")).collect();
    assert_eq!(ready(&mut quick).await, sent);
    let expected = ["gap(overflow, 48, BTC_USDT)", &sent[48], &sent[49]];
    assert_eq!(ready(&mut slow).await, expected);
}

#[tokio::test(start_paused = true)]
async fn next_batch_takes_all_that_is_ready() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let sent: Vec<_> = (0..300).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    let (mut came, mut calls) = (Vec::new(), 0);
    while came.len() < sent.len() {
        bounded(trades.next_batch(&mut came, 1_000)).await.unwrap();
        calls += 1;
    }
    assert_eq!(came.iter().map(word).collect::<Vec<_>>(), sent);
    assert!(calls <= 4, "{calls} calls");
    rig.gate.unsubscribe_all();
    assert_eq!(trades.next_batch(&mut came, 1_000).await.unwrap(), 0);
}

/// The acknowledgements of the next ten seconds come as much later.
fn late_acks() -> Fault {
    let by = Duration::from_secs(10);
    Fault::Delay {
        of: Delayed::Acks,
        by,
        lasting: Some(by),
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_queue_keeps_to_its_capacity_while_a_topic_is_pending() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
    let mut trades = trades.capacity(10).await.unwrap();
    rig.sim.inject(late_acks());
    let control = trades.control();
    let add = tokio::spawn(async move { control.add(["ETH_USDT"]).await });
    settle().await;
    let sent: Vec<_> = (0..20_000).map(|_| rig.trade("BTC_USDT")).collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(trades.queued(), 10);
    let mut came = Vec::new();
    while came.len() < sent.len() {
        came.push(word(&next(&mut trades).await));
        assert!(trades.queued() <= 2 * 10, "its queue, and its own hands");
    }
    assert_eq!(came, sent);
    assert_eq!(trades.dropped(), 0);
    add.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn before_it_is_handed_over_a_wait_queue_drops_the_oldest_and_counts_them() {
    let rig = Rig::new();
    rig.sim.inject(late_acks());
    let trades = rig.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
    let publish = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let sent: Vec<_> = (0..20_000).map(|_| rig.trade("BTC_USDT")).collect();
        sent
    };
    let (trades, mut sent) = join!(trades.capacity(10).into_future(), publish);
    let mut trades = trades.unwrap();
    assert_eq!((trades.queued(), trades.dropped()), (10, 19_990));
    let later: Vec<_> = (0..50).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    assert_eq!(trades.queued(), 10, "and from here on it waits");
    let mut expected = vec!["gap(overflow, 19990, BTC_USDT)".to_owned()];
    expected.extend(sent.drain(19_990..).chain(later));
    assert_eq!(words(&mut trades, expected.len()).await, expected);
    assert_eq!(trades.dropped(), 19_990);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_brings_more_than_fits_comes_in_order_and_rests_reading() {
    let rig = Rig::new();
    let full = rig.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
    let mut full = full.capacity(1).await.unwrap();
    let mut other = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let sent: Vec<_> = (0..100).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    let unread: Vec<_> = (0..300).map(|_| rig.trade("ETH_USDT")).collect();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((full.queued(), full.dropped()), (1, 0));
    let stalled = "stale: waiting for spot.trades #1, which is full (all symbols)";
    assert_eq!(ready(&mut other).await, [stalled]);
    for sent in &sent {
        assert_eq!(ready(&mut other).await, [""; 0], "nothing is read");
        assert!(full.queued() <= 1);
        assert_eq!(&word(&next(&mut full).await), sent);
    }
    let came = ready(&mut other).await;
    assert_eq!(came[0], "fresh (all symbols)");
    assert_eq!(came[1..], unread);
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_queue_comes_before_its_end() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
    let mut trades = trades.capacity(2).await.unwrap();
    let sent: Vec<_> = (0..100).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    rig.gate.unsubscribe_all();
    settle().await;
    assert_eq!(words(&mut trades, 100).await, sent);
    assert!(end(&mut trades).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_full_longest_is_named() {
    let rig = Rig::new();
    let wait = |symbol| {
        rig.gate
            .trades([symbol])
            .overflow(Overflow::Wait)
            .capacity(1)
    };
    let mut first = wait("BTC_USDT").await.unwrap();
    let mut second = wait("ETH_USDT").await.unwrap();
    rig.trade("BTC_USDT");
    rig.trade("ETH_USDT");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let waiting_for = || rig.gate.health().waiting_for;
    assert_eq!(waiting_for().as_deref(), Some("spot.trades #1"));
    assert!(matches!(next(&mut first).await, Event::Data(_)));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(waiting_for().as_deref(), Some("spot.trades #2"));
    while second.next().now_or_never().is_some() {}
    settle().await;
    assert_eq!(waiting_for(), None);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_garbage_is_one_gap_in_each_queue() {
    let rig = Rig::new();
    let mut feeds = Vec::new();
    for _ in 0..20 {
        feeds.push(rig.gate.trades(["BTC_USDT"]).await.unwrap());
    }
    let a = rig.trade("BTC_USDT");
    for _ in 0..1_000 {
        rig.sim
            .send(&To::All, &RawFrame::Text("garbage".to_owned()));
    }
    let b = rig.trade("BTC_USDT");
    settle().await;
    for mut feed in feeds {
        let expected = [&a, "gap(malformed 1000, ?, all symbols)", &b];
        assert_eq!(ready(&mut feed).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_megabytes_is_cut_and_stored_once() {
    let rig = Rig::new();
    let mut feeds = Vec::new();
    for _ in 0..3 {
        feeds.push(rig.gate.trades(["BTC_USDT"]).await.unwrap());
    }
    let words = "é".repeat(1 << 20);
    rig.sim.inject(Fault::Refuse {
        symbol: Some("ETH_USDT".into()),
        channel: None,
        code: 2,
        text: Some(words.clone()),
        times: None,
    });
    let controls: Vec<_> = feeds.iter().map(feedline::Subscription::control).collect();
    let adds = controls.iter().map(|control| control.add(["ETH_USDT"]));
    let refused = futures_util::future::join_all(adds).await;
    let mut stored = Vec::new();
    for (refused, feed) in refused.into_iter().zip(&mut feeds) {
        let refused = refused.unwrap_err();
        let told = next(feed).await;
        let Event::Status(status) = told else {
            panic!("{told:?}")
        };
        let StatusKind::Rejected(rejection) = status.kind else {
            panic!("{status}")
        };
        assert_eq!(refused.rejections(), std::slice::from_ref(&rejection));
        assert!(rejection.text.len() <= 200 && rejection.text.ends_with("é…"));
        assert!(words.starts_with(rejection.text.trim_end_matches('…')));
        stored.push(rejection.text.as_ptr());
    }
    stored.dedup();
    assert_eq!(stored.len(), 1, "shared by all handles");
}

#[tokio::test(start_paused = true)]
async fn thousands_of_refusals_in_an_unread_queue_stay_few() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let names: Vec<_> = (0..1_000)
        .map(|number| format!("NONE{number}_USDT"))
        .collect();
    let control = trades.control();
    for names in names.chunks(100) {
        let refused = control.add(names).await.unwrap_err();
        assert_eq!(
            refused.rejections().len(),
            100,
            "nothing is refused in silence"
        );
    }
    let came = ready(&mut trades).await;
    assert_eq!(came.len(), 64 + 1);
    assert!(came[64].starts_with("rejected NONE"), "{}", came[64]);
    assert!(came[64].ends_with("and 931 more)"), "{}", came[64]);
}
