//! Candles: a whole snapshot, live updates, and only what was missed after a reconnect.

use feedline::market::CandleState;
use feedline::sim::Fault;
use feedline::venue::dxlink::{Candle, CandleSymbol, Indexed, Stage};
use feedline::{Event, Repair, StatusKind, Subscription, Timestamp};
use futures_util::StreamExt;

use super::{Rig, START, next, secs};

fn symbol(text: &str) -> CandleSymbol {
    text.parse().unwrap()
}

/// Reads until the snapshot has ended: its candles, and the other markers before its end.
async fn snapshot(feed: &mut Subscription<Indexed<Candle>>) -> (Vec<Candle>, Vec<String>) {
    let (mut candles, mut markers) = (Vec::new(), Vec::new());
    let mut begun = false;
    loop {
        match next(feed).await.unwrap() {
            Event::Status(status) => match status.kind {
                StatusKind::SnapshotBegan => begun = true,
                StatusKind::SnapshotEnded { snipped } => {
                    assert!(begun && !snipped);
                    return (candles, markers);
                }
                kind => markers.push(kind.to_string()),
            },
            Event::Gap(gap) => markers.push(format!("gap {:?}", gap.repair)),
            Event::Data(row) => {
                if row.stage == Stage::Snapshot {
                    assert!(begun);
                    candles.push(row.event.unwrap());
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_is_whole_and_the_newest_goes_on() {
    let rig = Rig::new();
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let mut candles = rig
        .dxlink
        .candles(from, [symbol("AAPL{=1m}")])
        .await
        .unwrap();
    let (history, markers) = snapshot(&mut candles).await;
    assert!(markers.is_empty(), "{markers:?}");
    assert!(history.len() > 10, "{}", history.len());
    assert!(history.is_sorted_by_key(|candle| candle.start));
    let states: Vec<_> = history.iter().map(|candle| candle.state.unwrap()).collect();
    let (newest, older) = states.split_last().unwrap();
    assert_eq!(*newest, CandleState::Partial);
    assert!(older.iter().all(|state| *state == CandleState::Final));
    // The newest becomes final when the next one comes.
    let last = history.last().unwrap().start;
    let mut seen = Vec::new();
    while seen.last() != Some(&(last, CandleState::Final)) {
        let Ok(Event::Data(row)) = next(&mut candles).await else {
            continue;
        };
        assert_eq!(row.stage, Stage::Live);
        let candle = row.event.unwrap();
        seen.push((candle.start, candle.state.unwrap()));
    }
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_only_what_is_missing_is_asked_for() {
    let rig = Rig::new();
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let mut candles = rig
        .dxlink
        .candles(from, [symbol("AAPL{=1m}")])
        .await
        .unwrap();
    let (history, _) = snapshot(&mut candles).await;
    rig.sim.inject(Fault::Cut);
    let (missed, markers) = snapshot(&mut candles).await;
    assert!(markers[0].starts_with("interrupted"), "{markers:?}");
    assert_eq!(markers[1], format!("gap {:?}", Repair::Follows));
    assert!(
        missed.len() < history.len() / 2,
        "{} of {}",
        missed.len(),
        history.len()
    );
    assert_eq!(missed[0].start, history.last().unwrap().start);
    let repaired = loop {
        if let Event::Status(status) = next(&mut candles).await.unwrap() {
            break status;
        }
    };
    assert!(
        matches!(repaired.kind, StatusKind::Repaired { .. }),
        "{repaired}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_never_ends_is_asked_for_again() {
    let rig = Rig::new();
    rig.sim.inject(Fault::EndlessSnapshot {
        symbol: None,
        times: Some(1),
    });
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let candles = rig.dxlink.candles(from, [symbol("AAPL{=1m}")]);
    let mut candles = candles.await.unwrap();
    let (history, markers) = snapshot(&mut candles).await;
    assert!(history.len() > 10);
    // That of what could not be completed, and that of beginning anew: each has a repair of its own.
    let gap = format!("gap {:?}", Repair::Follows);
    let stale = "stale: events come, but their snapshot has not";
    assert_eq!(markers, [stale, &gap, &gap, "fresh again"]);
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_interval_is_refused_before_it_is_asked_for() {
    let rig = Rig::new();
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let refused = rig.dxlink.candles(from, [symbol("AAPL{=2pr}")]).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("AAPL{=2pr} has no interval"), "{error}");
    let candles = rig
        .dxlink
        .candles(from, [symbol("AAPL{=1m}")])
        .await
        .unwrap();
    let error = candles.control().add(["AAPL{=2xx}"]).await.unwrap_err();
    assert!(error.to_string().contains("2xx"), "{error}");
    candles.control().add(["MSFT{=1m}"]).await.unwrap();
    let topics: Vec<_> = rig.sim.active_topics().into_iter().collect();
    assert_eq!(
        topics,
        ["HISTORY Candle AAPL{=m}", "HISTORY Candle MSFT{=m}"]
    );
}

/// A candle bears the time of its beginning: that shows nothing of what the venue's clock reads.
#[tokio::test(start_paused = true)]
async fn an_outage_of_candles_reaches_up_to_its_end() {
    let rig = Rig::new();
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let candles = rig.dxlink.candles(from, [symbol("AAPL{=1m}")]);
    let mut candles = candles.await.unwrap();
    snapshot(&mut candles).await;
    // Changes of one candle, older with each second.
    for _ in 0..30 {
        tokio::time::sleep(secs(1)).await;
        rig.sim.step(1);
    }
    rig.sim.inject(Fault::RefuseConnect { times: None });
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(secs(10)).await;
    let end = rig.sim.clock().now().wall;
    rig.dxlink.unsubscribe_all();
    let mut last = None;
    while let Some(event) = candles.next().await {
        if let Event::Gap(gap) = event.unwrap() {
            last = gap.range();
        }
    }
    let (_, to) = last.unwrap();
    assert!(to >= end, "{to} is before {end}");
}

/// The first gap, whatever comes before it.
async fn gap(feed: &mut Subscription<Indexed<Candle>>) -> (Timestamp, Timestamp) {
    loop {
        if let Event::Gap(gap) = next(feed).await.unwrap() {
            return gap.range().unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_before_any_history_has_come_reaches_back_to_what_was_asked_for() {
    let rig = Rig::new();
    rig.sim.inject(Fault::EndlessSnapshot {
        symbol: None,
        times: None,
    });
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let candles = rig.dxlink.candles(from, [symbol("AAPL{=1m}")]);
    let mut candles = candles.lazy().unwrap();
    tokio::time::sleep(secs(3)).await;
    rig.sim.inject(Fault::Cut);
    assert_eq!(gap(&mut candles).await.0, from);
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_the_history_begins_with_its_newest_candle() {
    let rig = Rig::with(|sim| sim.rate(0.0).history(secs(3_600)), |dxlink| dxlink);
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let candles = rig.dxlink.candles(from, [symbol("AAPL{=1m}")]);
    let mut candles = candles.await.unwrap();
    let (history, _) = snapshot(&mut candles).await;
    rig.sim.inject(Fault::Cut);
    let newest = history.last().unwrap().start;
    assert_eq!(gap(&mut candles).await.0, newest);
}
