//! Connected, and mute: pongs prove nothing about data.

#![cfg(all(feature = "gate", feature = "sim"))]

mod support;

use std::time::Duration;

use feedline::feed::Quiet;
use feedline::sim::Fault;
use feedline::venue::gate::Trade;
use feedline::{Event, Interruption, Overflow, Staleness, State, StatusKind, Subscription};
use futures_util::{FutureExt, StreamExt};
use support::{Rig, ready, secs, settle, word};

/// Trades of these symbols, so many, one every `every`.
async fn trade(rig: &Rig, symbols: &[&str], count: usize, every: Duration) {
    for _ in 0..count {
        for symbol in symbols {
            rig.trade(symbol);
        }
        tokio::time::sleep(every).await;
    }
}

/// The markers that are ready now, each as a word; data is left out.
fn markers(feed: &mut Subscription<Trade>) -> Vec<String> {
    let mut markers = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        let event = event.expect("the feed goes on").expect("without an error");
        if !matches!(event, Event::Data(_)) {
            markers.push(kind(&event));
        }
    }
    markers
}

/// Without the length of a silence.
fn kind(event: &Event<Trade>) -> String {
    if let Event::Status(status) = event {
        match &status.kind {
            StatusKind::Stale {
                why: Staleness::Quiet { .. },
            } => return format!("quiet ({})", status.scope),
            StatusKind::Interrupted {
                cause: Interruption::Quiet { .. },
            } => return format!("interrupted: quiet ({})", status.scope),
            _ => {}
        }
    }
    word(event)
}

#[tokio::test(start_paused = true)]
async fn mute_behind_pongs_is_told_asked_about_and_mended() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    trade(&rig, &["BTC_USDT", "ETH_USDT"], 300, secs(1) / 10).await;
    assert!(rig.gate.health().ok);
    assert_eq!(markers(&mut trades), [""; 0]);
    rig.sim.inject(Fault::MuteData { lasting: None });
    trade(&rig, &["BTC_USDT", "ETH_USDT"], 70, secs(1) / 10).await;
    // Five seconds, and less than two more to notice it.
    assert_eq!(markers(&mut trades)[0], "quiet (all symbols)");
    let health = rig.gate.health();
    assert!(!health.ok);
    assert_eq!(health.state, State::Live);
    assert_eq!(health.overdue().collect::<Vec<_>>(), ["spot.trades"]);
    assert!(health.channels["spot.trades"].last_data_age > Some(5.0));
    trade(&rig, &["BTC_USDT", "ETH_USDT"], 100, secs(1) / 10).await;
    let told = markers(&mut trades);
    // The trades' own numbers tell how many the venue did not send: in the silence, and in the outage.
    let of = |word: &str| told.iter().filter(|told| told.starts_with(word)).count();
    assert_eq!(of("interrupted: quiet (all symbols)"), 1, "{told:?}");
    assert_eq!(of("gap(outage, "), 2, "{told:?}");
    assert!(!told.iter().any(|told| told.contains('?')), "{told:?}");
    assert_eq!(
        (of("fresh"), of("resumed (all symbols)")),
        (1, 1),
        "{told:?}"
    );
    assert_eq!(
        told.last().map(String::as_str),
        Some("resumed (all symbols)")
    );
    assert!(rig.gate.health().ok);
    assert_eq!(rig.sim.connects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_topic_mute_among_lively_ones_is_asked_for_alone() {
    let rig = Rig::new();
    let mut btc = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let mut eth = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let both = ["BTC_USDT", "ETH_USDT"];
    trade(&rig, &both, 300, secs(1) / 10).await;
    rig.sim.inject(Fault::AckWithoutData {
        symbol: "ETH_USDT".into(),
        lasting: Some(secs(8)),
    });
    trade(&rig, &both, 70, secs(1) / 10).await;
    let told = markers(&mut eth);
    assert_eq!(told[0], "quiet (all symbols)");
    assert!(told[1].starts_with("gap(venue, "), "{told:?}");
    assert_eq!(rig.gate.health().overdue().count(), 1);
    trade(&rig, &both, 100, secs(1) / 10).await;
    assert_eq!(markers(&mut btc), [""; 0], "the neighbour notices nothing");
    // What did not come after it was asked for again is known by the trades' own numbers.
    let told = markers(&mut eth);
    assert!(told[0].starts_with("gap(sequence, "), "{told:?}");
    assert_eq!(told[1..], ["fresh (all symbols)"], "{told:?}");
    assert!(rig.gate.health().ok);
    assert_eq!(rig.sim.connects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_documented_cadence_is_missed_without_any_rhythm() {
    let rig = Rig::new();
    let mut tickers = rig.gate.tickers(["BTC_USDT"]).await.unwrap();
    rig.sim.inject(Fault::MuteData { lasting: None });
    // Three times the 15 s within which something comes of a pair that is alive.
    tokio::time::sleep(secs(47)).await;
    let mut first = None;
    while let Some(event) = tickers.next().now_or_never() {
        let event = event.unwrap().unwrap();
        if let Event::Status(status) = event {
            first.get_or_insert(status.kind);
        }
    }
    let quiet = matches!(
        first,
        Some(StatusKind::Stale {
            why: Staleness::Quiet { .. }
        })
    );
    assert!(quiet, "{first:?}");
    assert!(!rig.gate.health().ok);
}

#[tokio::test(start_paused = true)]
async fn a_market_that_closes_for_sixteen_hours_is_not_pestered() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    trade(&rig, &["BTC_USDT", "ETH_USDT"], 120, secs(1)).await;
    assert_eq!(markers(&mut trades), [""; 0]);
    let mut told = Vec::new();
    for _ in 0..16 * 60 {
        tokio::time::sleep(secs(60)).await;
        told.extend(markers(&mut trades));
    }
    let count = |word: &str| told.iter().filter(|told| told.starts_with(word)).count();
    assert_eq!(count("quiet"), 1, "{told:?}");
    assert_eq!(count("fresh"), 0);
    assert_eq!(rig.sim.connects().len(), 1 + 5);
    assert_eq!(count("interrupted"), 5);
    assert_eq!(count("gap(outage"), 5);
    // One topic is asked for to see whether anything comes, 21 times.
    assert!(count("gap(venue") <= 21, "{}", count("gap(venue"));
    // It opens again.
    trade(&rig, &["BTC_USDT", "ETH_USDT"], 60, secs(1)).await;
    settle().await;
    let told = markers(&mut trades);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("fresh"), "{told:?}");
    assert!(rig.gate.health().ok);
}

#[tokio::test(start_paused = true)]
async fn bursts_of_a_day_raise_no_false_alarm() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let seed = 5;
    let mut random = fastrand::Rng::with_seed(seed);
    let start = tokio::time::Instant::now();
    while start.elapsed() < secs(24 * 3_600) {
        // Lulls of twenty seconds in the mean, and then a few trades in a row.
        let lull = -20.0 * (1.0 - random.f64()).ln();
        tokio::time::sleep(Duration::from_secs_f64(lull)).await;
        for _ in 0..random.u32(1..8) {
            rig.trade("BTC_USDT");
            tokio::time::sleep(Duration::from_millis(random.u64(1..400))).await;
        }
        assert_eq!(markers(&mut trades), [""; 0], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_backpressure_is_no_silence_of_the_venue() {
    let rig = Rig::new();
    let mut full = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Wait)
        .capacity(400)
        .await
        .unwrap();
    let mut other = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let both = ["BTC_USDT", "ETH_USDT"];
    // For 60 s of these 100 nothing is read, because nobody reads `full`.
    trade(&rig, &both, 1_000, secs(1) / 10).await;
    let mut told = markers(&mut other);
    ready(&mut full).await;
    trade(&rig, &both, 30, secs(1) / 10).await;
    ready(&mut full).await;
    told.extend(markers(&mut other));
    let backpressure = "stale: waiting for spot.trades #1, which is full (all symbols)";
    assert_eq!(told.first().map(String::as_str), Some(backpressure));
    assert!(told.iter().all(|told| !told.contains("quiet")), "{told:?}");
    assert_eq!(rig.sim.connects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_can_be_told_only_or_ignored() {
    for (quiet, expected) in [
        (
            Quiet::Tell,
            vec!["quiet (all symbols)", "fresh (all symbols)"],
        ),
        (Quiet::Off, vec![]),
    ] {
        let rig = Rig::with(|sim| sim, |gate| gate.quiet(quiet));
        let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        trade(&rig, &["BTC_USDT"], 300, secs(1) / 10).await;
        tokio::time::sleep(secs(3_600)).await;
        let mut told = markers(&mut trades);
        trade(&rig, &["BTC_USDT"], 3, secs(1) / 10).await;
        told.extend(markers(&mut trades));
        assert_eq!(told, expected);
        assert_eq!(rig.sim.connects().len(), 1);
    }
}
