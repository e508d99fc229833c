//! `candle_history()` keeps the last final candles of every symbol, readable while it runs.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::time::Duration;

use feedline::adapters::History;
use feedline::market::{Candle, CandleState, Interval};
use feedline::{Error, Event, FeedExt};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};

#[path = "support/events.rs"]
mod events;
use events::{Item, at, data, interrupted, outage, trade};

fn candle(symbol: &str, minute: i64, close: i64, state: Option<CandleState>) -> Candle {
    Candle {
        symbol: symbol.into(),
        interval: Interval::minutes(1),
        start: at(minute * 60),
        open: 1.into(),
        high: 9.into(),
        low: 1.into(),
        close: close.into(),
        volume: None,
        turnover: None,
        trades: None,
        vwap: None,
        state,
        tainted: false,
        truncated: false,
        first_time: None,
        last_time: None,
        received: None,
        detail: (),
    }
}

fn closes(history: &History, symbol: &str) -> Vec<(i64, i64)> {
    let candles = history.candles(symbol).into_iter();
    candles
        .map(|candle| {
            (
                candle.start.as_secs() / 60,
                candle.close.try_into().unwrap(),
            )
        })
        .collect()
}

/// The history of 3 candles a symbol, after these.
fn after(candles: &[Candle]) -> History {
    let items: Vec<Item<Candle>> = candles.iter().cloned().map(data).collect();
    let mut stream = stream::iter(items.clone()).candle_history(3);
    let history = stream.history();
    let passed: Vec<_> = stream.by_ref().collect().now_or_never().unwrap();
    assert!(
        passed
            .into_iter()
            .map(Result::unwrap)
            .eq(items.into_iter().map(Result::unwrap))
    );
    history
}

const PARTIAL: Option<CandleState> = Some(CandleState::Partial);
const FINAL: Option<CandleState> = Some(CandleState::Final);
const REVISED: Option<CandleState> = Some(CandleState::Revised);

#[test]
fn the_last_final_candles_of_each_symbol_are_in_it() {
    let mut candles: Vec<_> = (0..5)
        .map(|minute| candle("A", minute, minute, FINAL))
        .collect();
    candles.push(candle("B", 0, 7, FINAL));
    candles.push(candle("A", 5, 5, PARTIAL));
    candles.push(candle("C", 5, 5, PARTIAL));
    let history = after(&candles);
    assert_eq!(closes(&history, "A"), [(2, 2), (3, 3), (4, 4)]);
    assert_eq!(closes(&history, "B"), [(0, 7)]);
    assert!(history.candles("C").is_empty() && history.last("C").is_none());
    assert_eq!(history.last("A").unwrap(), candles[4]);
    assert_eq!((history.symbols(), history.capacity()), (2, 3));
}

#[test]
fn a_revised_one_takes_the_place_of_the_final() {
    let history = after(&[
        candle("A", 1, 1, FINAL),
        candle("A", 3, 3, FINAL),
        candle("A", 1, 9, REVISED),
        // An interval that had been empty.
        candle("A", 2, 8, REVISED),
        // Older than all that is kept.
        candle("A", 0, 7, REVISED),
    ]);
    assert_eq!(closes(&history, "A"), [(1, 9), (2, 8), (3, 3)]);
}

#[test]
fn where_the_venue_does_not_say_a_later_one_makes_it_final() {
    let history = after(&[
        candle("A", 1, 1, None),
        candle("A", 1, 2, None),
        candle("A", 2, 3, None),
        candle("A", 2, 4, None),
    ]);
    assert_eq!(closes(&history, "A"), [(1, 2)]);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_read_elsewhere_while_the_stream_runs() {
    let ticks = stream::iter((0..4).map(|minute| data(trade("A", minute * 60, "1", "1")))).then(
        async |item| {
            tokio::time::sleep(Duration::from_secs(60)).await;
            item
        },
    );
    let mut candles = Box::pin(ticks.candles(Interval::minutes(1)).candle_history(10));
    let history = candles.as_ref().get_ref().history();
    let reader = tokio::spawn(async move {
        let mut seen = Vec::new();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_secs(61)).await;
            seen.push(history.candles("A").len());
        }
        (seen, history)
    });
    while candles.next().await.is_some() {}
    drop(candles);
    let (seen, history) = reader.await.unwrap();
    assert_eq!(seen, [0, 1, 2, 3]);
    assert_eq!(history.candles("A").len(), 3, "it outlives the stream");
}

#[test]
fn markers_and_the_end_pass() {
    let items: Vec<Item<Candle>> = vec![
        Ok(interrupted().into()),
        Ok(outage(1, 0, 1).into()),
        data(candle("A", 0, 0, FINAL)),
    ];
    let mut stream = stream::iter(items.clone()).fuse().candle_history(0);
    assert_eq!(stream.size_hint(), (3, Some(3)));
    let passed: Vec<_> = stream.by_ref().collect().now_or_never().unwrap();
    let passed: Vec<Event<Candle>> = passed.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        passed,
        items.into_iter().map(Result::unwrap).collect::<Vec<_>>()
    );
    assert!(stream.is_terminated());
    assert!(stream.history().candles("A").is_empty(), "there is no room");
    let failed = stream::iter([Err::<Event<Candle>, _>(Error::from(
        feedline::ErrorKind::Closed,
    ))]);
    let failed: Vec<_> = failed.candle_history(1).collect().now_or_never().unwrap();
    assert!(failed[0].is_err());
}

#[test]
fn one_that_comes_again_does_not_make_the_open_one_final() {
    let history = after(&[
        candle("A", 1, 1, None),
        candle("A", 2, 2, None),
        // After a reconnect the venue repeats the one before, corrected.
        candle("A", 1, 3, None),
    ]);
    assert_eq!(closes(&history, "A"), [(1, 3)]);
}

#[test]
fn candles_of_several_lengths_stay_apart() {
    let long = |close| Candle {
        interval: Interval::minutes(5),
        ..candle("A", 0, close, FINAL)
    };
    let history = after(&[
        candle("A", 0, 1, FINAL),
        long(2),
        long(3),
        candle("A", 0, 4, FINAL),
    ]);
    assert_eq!(closes(&history, "A"), [(0, 4), (0, 3)]);
}
