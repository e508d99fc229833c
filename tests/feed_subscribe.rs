//! How subscribing resolves, and what handles share.

#![cfg(all(feature = "gate", feature = "sim"))]

mod support;

use std::time::Duration;

use feedline::sim::Fault;
use feedline::venue::gate::{DeltaSpeed, ObuLevel};
use feedline::{ErrorKind, Event, Overflow, State};
use futures_util::StreamExt;
use support::{Rig, bounded, end, ready, settle, words};

#[tokio::test(start_paused = true)]
async fn a_refused_symbol_fails_the_await_by_its_name() {
    let rig = Rig::new();
    let error = rig
        .gate
        .trades(["BTC_USDT", "NO_PE", "ETH_USDT", "NOR_THIS"])
        .await
        .unwrap_err();
    let mut refused: Vec<_> = error
        .rejections()
        .iter()
        .map(|r| r.topic.as_str())
        .collect();
    refused.sort_unstable();
    assert_eq!(refused, ["NOR_THIS", "NO_PE"]);
    assert_eq!(error.rejections()[0].code, Some(2));
    assert_eq!(error.venue(), Some("gate"));
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0], "nothing is left of it");
}

#[tokio::test(start_paused = true)]
async fn allow_partial_reports_a_refused_symbol_in_band_while_the_others_go_on() {
    let rig = Rig::new();
    let mut trades = rig
        .gate
        .trades(["BTC_USDT", "NO_PE", "ETH_USDT"])
        .allow_partial()
        .await
        .unwrap();
    assert_eq!(trades.symbols(), ["BTC_USDT", "ETH_USDT"]);
    let (a, b) = (rig.trade("BTC_USDT"), rig.trade("ETH_USDT"));
    assert_eq!(
        words(&mut trades, 3).await,
        ["rejected NO_PE (NO_PE)", &a, &b]
    );
    let error = rig
        .gate
        .trades(["NO_PE"])
        .allow_partial()
        .await
        .unwrap_err();
    assert_eq!(error.rejections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_names_nobody_is_bisected() {
    let symbols: Vec<String> = (0..64).map(|n| format!("S{n}_USDT")).collect();
    let known = symbols.clone();
    let rig = Rig::with(|sim| sim.symbols(known), |gate| gate);
    rig.sim.inject(Fault::Refuse {
        symbol: Some("S37_USDT".to_owned()),
        channel: None,
        code: 2,
        text: Some("something is wrong".to_owned()),
        times: None,
    });
    let trades = rig.gate.trades(symbols).allow_partial().await.unwrap();
    assert_eq!(trades.symbols().len(), 63);
    assert!(!trades.symbols().iter().any(|symbol| *symbol == "S37_USDT"));
    assert!(
        rig.sim.subscribe_requests().len() <= 14,
        "{}",
        rig.sim.subscribe_requests().len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_servers_own_is_repeated_until_it_passes() {
    let rig = Rig::new();
    rig.sim.inject(Fault::Refuse {
        symbol: None,
        channel: Some("spot.trades".to_owned()),
        code: 3,
        text: Some("internal error".to_owned()),
        times: Some(3),
    });
    let asked = tokio::time::Instant::now();
    let trades = bounded(rig.gate.trades(["BTC_USDT", "ETH_USDT"]))
        .await
        .unwrap();
    // All of it once, then each alone, with a wait of its own.
    assert!(
        asked.elapsed() >= Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(trades.symbols().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_reconnect_is_in_band_and_the_last_one_ends_the_stream() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    let refuse = |symbol: &str| Fault::Refuse {
        symbol: Some(symbol.to_owned()),
        channel: None,
        code: 2,
        text: None,
        times: None,
    };
    rig.sim.inject(refuse("BTC_USDT"));
    rig.sim.inject(Fault::Cut);
    rig.reached(State::Backoff).await;
    rig.reached(State::Live).await;
    let expected = [
        "interrupted: closed (all symbols)",
        "rejected BTC_USDT (BTC_USDT)",
        "gap(outage, ?, all symbols)",
        "resumed (all symbols)",
    ];
    assert_eq!(ready(&mut trades).await, expected);
    rig.sim.inject(refuse("ETH_USDT"));
    rig.sim.inject(Fault::Cut);
    let error = end(&mut trades).await.unwrap_err();
    assert_eq!(error.rejections().len(), 2, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_never_accepted_times_out_and_says_why() {
    let rig = Rig::new();
    rig.sim.inject(Fault::RefuseConnect { times: None });
    let asked = tokio::time::Instant::now();
    let error = rig.gate.trades(["BTC_USDT"]).await.unwrap_err();
    assert_eq!(asked.elapsed(), Duration::from_secs(30));
    assert!(matches!(error.kind(), ErrorKind::Timeout { .. }), "{error}");
    assert!(error.is_retryable());
    assert!(error.to_string().contains("cannot connect"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn bad_arguments_are_typed_errors() {
    let rig = Rig::with(|sim| sim, |gate| gate.max_topics(2));
    let none = rig.gate.trades([""; 0]).await.unwrap_err();
    assert!(none.to_string().contains("at least one symbol"), "{none}");
    let empty = rig.gate.trades([""]).await.unwrap_err();
    assert!(empty.to_string().contains("must not be empty"), "{empty}");
    let broken = rig.gate.trades(["A_B\nC_D"]).await.unwrap_err();
    let text = broken.to_string();
    assert!(
        text.contains(r#""A_B\nC_D" has control characters"#),
        "{text}"
    );
    let long = rig.gate.trades(["X".repeat(1_025)]).await.unwrap_err();
    assert!(
        long.to_string()
            .contains(r#""XXXXXXXXXXXXXXXXXXXX"… has 1025 bytes"#),
        "{long}"
    );
    let trades = rig.gate.trades(["BTC_USDT"]).lazy().unwrap();
    for symbol in ["", " ", "A\nB"] {
        let added = trades.control().add([symbol]).await.unwrap_err();
        assert!(matches!(added.kind(), ErrorKind::Invalid(_)), "{added}");
    }
    drop(trades);
    let conflated = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Conflate)
        .await
        .unwrap_err();
    assert!(
        conflated.to_string().contains("DropOldest, Wait or Fail"),
        "{conflated}"
    );
    let many = rig
        .gate
        .trades(["A_USDT", "B_USDT", "C_USDT"])
        .await
        .unwrap_err();
    assert_eq!(many.kind(), &ErrorKind::TooManyTopics { limit: 2 });
    let url = feedline::venue::gate::Spot::builder()
        .url("http://x")
        .build()
        .unwrap_err();
    assert!(url.to_string().contains("not a WebSocket URL"), "{url}");
    assert_eq!(
        rig.sim.connects().len(),
        0,
        "nothing was opened for any of them"
    );
}

#[test]
fn subscribing_outside_a_runtime_is_a_typed_error() {
    let gate = feedline::venue::gate::Spot::new();
    let error = gate.trades(["BTC_USDT"]).lazy().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NoRuntime);
}

#[tokio::test(start_paused = true)]
async fn two_handles_are_one_venue_subscription() {
    let rig = Rig::new();
    let mut first = rig.gate.trades(["BTC_USDT", "BTC_USDT"]).await.unwrap();
    let mut second = rig.gate.clone().trades(["BTC_USDT"]).await.unwrap();
    assert_eq!(rig.sim.subscribe_requests().len(), 1);
    let a = rig.trade("BTC_USDT");
    assert_eq!(words(&mut first, 1).await, [a.as_str()]);
    assert_eq!(words(&mut second, 1).await, [a.as_str()]);
    drop(first);
    settle().await;
    assert_eq!(
        rig.venue_set(),
        ["spot.trades BTC_USDT"],
        "the other still wants it"
    );
    let b = rig.trade("BTC_USDT");
    assert_eq!(words(&mut second, 1).await, [b]);
    drop(second);
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_symbols_on_one_client() {
    let symbols: Vec<String> = (0..1000).map(|n| format!("S{n}_USDT")).collect();
    let known = symbols.clone();
    let rig = Rig::with(|sim| sim.symbols(known), |gate| gate);
    let mut trades = bounded(rig.gate.trades(symbols.clone())).await.unwrap();
    assert_eq!(rig.venue_set().len(), 1000);
    assert_eq!(rig.sim.sessions().len(), 7, "150 topics a connection");
    assert_eq!(rig.sim.breaches(), []);
    let mut sent: Vec<_> = symbols.iter().map(|symbol| rig.trade(symbol)).collect();
    let mut came = words(&mut trades, 1000).await;
    sent.sort_unstable();
    came.sort_unstable();
    assert_eq!(came, sent);
    drop(trades);
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn control_changes_a_subscription_that_is_being_polled() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let control = trades.control();
    control.add(["ETH_USDT", "BTC_USDT"]).await.unwrap();
    assert_eq!(control.symbols(), ["BTC_USDT", "ETH_USDT"]);
    let a = rig.trade("ETH_USDT");
    assert_eq!(words(&mut trades, 1).await, [a]);
    control.remove(["BTC_USDT"]).unwrap();
    settle().await;
    assert_eq!(rig.venue_set(), ["spot.trades ETH_USDT"]);
    let error = control.add(["NO_PE"]).await.unwrap_err();
    assert_eq!(error.rejections()[0].topic, "NO_PE");
    assert_eq!(ready(&mut trades).await, ["rejected NO_PE (NO_PE)"]);
    control.close().await.unwrap();
    assert!(trades.next().await.is_none());
    assert_eq!(rig.venue_set(), [""; 0], "close waits for the venue");
    assert_eq!(
        control.add(["BTC_USDT"]).await.unwrap_err().kind(),
        &ErrorKind::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn resync_subscribes_afresh_and_says_so() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    trades.control().resync("BTC_USDT").unwrap();
    assert_eq!(ready(&mut trades).await, ["gap(venue, ?, BTC_USDT)"]);
    assert_eq!(rig.venue_set().len(), 2);
    let error = trades.control().resync("SOL_USDT").unwrap_err();
    assert!(error.to_string().contains("not subscribed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_joiner_of_quotes_gets_the_last_one_first() {
    let rig = Rig::with(|sim| sim.rate(20.0), |gate| gate);
    let mut first = rig.gate.book_ticker(["BTC_USDT"]).await.unwrap();
    let mut last = None;
    for _ in 0..5 {
        last = Some(bounded(first.next()).await.unwrap().unwrap());
    }
    rig.sim.pause_market();
    settle().await;
    while first.queued() > 0 {
        last = Some(first.next().await.unwrap().unwrap());
    }
    let mut second = rig.gate.book_ticker(["BTC_USDT"]).await.unwrap();
    let joined = bounded(second.next()).await.unwrap().unwrap();
    assert_eq!(Some(joined), last);
}

#[tokio::test(start_paused = true)]
async fn a_joiner_of_obu_gets_a_snapshot_and_the_others_a_gap_before_it() {
    use feedline::market::BookAction::Snapshot;
    let rig = Rig::with(|sim| sim.rate(20.0), |gate| gate);
    let level = ObuLevel::Levels50;
    let mut first = rig.gate.obu(level, ["BTC_USDT"]).await.unwrap();
    let begin = bounded(first.next()).await.unwrap().unwrap();
    assert!(matches!(begin, Event::Data(update) if update.action == Snapshot));
    settle().await;
    let mut second = rig.gate.obu(level, ["BTC_USDT"]).await.unwrap();
    let begin = bounded(second.next()).await.unwrap().unwrap();
    assert!(matches!(begin, Event::Data(update) if update.action == Snapshot));
    let mut gap = false;
    loop {
        match bounded(first.next()).await.unwrap().unwrap() {
            Event::Gap(_) => gap = true,
            Event::Data(update) if update.action == Snapshot => break,
            _ => assert!(!gap, "the snapshot follows the gap"),
        }
    }
    assert!(gap);
    assert_eq!(rig.venue_set(), ["spot.obu ob.BTC_USDT.50"]);
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_accepted_and_stays_silent_is_refused() {
    let rig = Rig::new();
    let asked = tokio::time::Instant::now();
    let error = rig
        .gate
        .obu(ObuLevel::Levels50, ["NO_PE"])
        .await
        .unwrap_err();
    assert!(
        asked.elapsed() < Duration::from_secs(11),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(error.rejections()[0].topic, "ob.NO_PE.50");
    settle().await;
    assert_eq!(rig.venue_set(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_chain_of_obu_is_repaired_by_a_new_snapshot() {
    let rig = Rig::with(|sim| sim.rate(20.0), |gate| gate);
    let mut books = rig
        .gate
        .obu(ObuLevel::Levels50, ["BTC_USDT"])
        .await
        .unwrap();
    rig.sim.inject(Fault::SequenceGap {
        symbol: None,
        times: Some(1),
    });
    let mut told = Vec::new();
    while told
        .last()
        .is_none_or(|last: &String| !last.contains("repaired"))
    {
        match bounded(books.next()).await.unwrap().unwrap() {
            Event::Data(_) => {}
            Event::Gap(gap) => told.push(format!("{:?}", gap.repair)),
            Event::Status(status) => told.push(status.to_string()),
        }
    }
    assert_eq!(told[0], "Follows");
    assert!(told.last().unwrap().contains("gap 1 repaired"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn raw_book_updates_tell_a_jump_of_their_numbers() {
    let rig = Rig::with(|sim| sim.rate(20.0), |gate| gate);
    let mut books = rig
        .gate
        .order_book_update(DeltaSpeed::Millis100, ["BTC_USDT"])
        .await
        .unwrap();
    // Only a jump from something can be seen.
    let Event::Data(update) = bounded(books.next()).await.unwrap().unwrap() else {
        panic!("the feed begins with data")
    };
    let mut last = update.last;
    rig.sim.inject(Fault::SequenceGap {
        symbol: None,
        times: Some(1),
    });
    for _ in 0..1000 {
        match bounded(books.next()).await.unwrap().unwrap() {
            Event::Data(update) => last = update.last,
            Event::Gap(gap) => {
                let feedline::Cause::Sequence {
                    expected, received, ..
                } = gap.cause
                else {
                    panic!("{gap}")
                };
                assert_eq!(Some(expected), last.map(|last| last + 1));
                let Event::Data(next) = bounded(books.next()).await.unwrap().unwrap() else {
                    panic!("the update that jumped follows its gap")
                };
                assert_eq!(next.first, Some(received));
                return;
            }
            Event::Status(status) => panic!("{status}"),
        }
    }
    panic!("no jump was told");
}
