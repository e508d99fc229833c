//! A handle on candles: a chart.

use std::collections::BTreeMap;

use feedline::venue::dxlink::{Candle, CandleSymbol, DxLink, Indexed, Stage};
use feedline::{Decimal, Error, Event, Repair, StatusKind, Subscription, Timestamp};
use futures_util::{FutureExt, StreamExt};

use super::secs;
use super::story::Story;

/// Close and volume of a candle.
type Bar = (Option<Decimal>, Option<Decimal>);

pub(super) struct Candles {
    pub(super) feed: Subscription<Indexed<Candle>>,
    pub(super) story: Story,
    pub(super) topic: String,
    pub(super) symbol: CandleSymbol,
    pub(super) from: Timestamp,
    /// Of the snapshot that has begun: how many of its candles are to come, once one has.
    snapshot: Option<Option<usize>>,
    chart: BTreeMap<i64, Bar>,
    /// Something was lost that nobody repairs.
    incomplete: bool,
    pub(super) rows: usize,
}

impl Candles {
    pub(super) fn new(
        feed: Subscription<Indexed<Candle>>,
        symbol: CandleSymbol,
        from: Timestamp,
    ) -> Self {
        Self {
            feed,
            story: Story::of([symbol.to_string()]),
            topic: format!("HISTORY Candle {symbol}"),
            symbol,
            from,
            snapshot: None,
            chart: BTreeMap::new(),
            incomplete: false,
            rows: 0,
        }
    }

    /// Reads up to `most` events that are ready; what ended the stream, if it has ended.
    pub(super) fn read(&mut self, most: usize) -> Option<Option<Error>> {
        for _ in 0..most {
            match self.feed.next().now_or_never()? {
                Some(Ok(Event::Data(row))) => self.row(&row),
                Some(Ok(Event::Status(status))) => {
                    match status.kind {
                        StatusKind::SnapshotBegan => self.snapshot = Some(None),
                        StatusKind::SnapshotEnded { .. } => {
                            let left = self.snapshot.take().flatten();
                            assert!(left.is_none_or(|left| left == 0), "it was whole");
                        }
                        StatusKind::RepairFailed { .. } => self.incomplete = true,
                        _ => {}
                    }
                    self.story.status(status);
                }
                Some(Ok(Event::Gap(gap))) => {
                    self.incomplete |= gap.repair != Repair::Follows;
                    self.story.gap(gap);
                }
                Some(Err(error)) => return Some(Some(error)),
                None => return Some(None),
            }
        }
        None
    }

    fn row(&mut self, row: &Indexed<Candle>) {
        match row.stage {
            Stage::Snapshot => {
                let left = self.snapshot.expect("a snapshot has begun");
                assert!(
                    left.is_none_or(|left| left == row.left + 1),
                    "none is missing"
                );
                self.snapshot = Some(Some(row.left));
                assert!(row.event.is_some(), "a snapshot removes nothing");
            }
            Stage::Live => {
                assert_eq!(self.snapshot, None, "live after its end");
            }
        }
        self.rows += 1;
        self.story.data(&row.symbol, row.index.unsigned_abs());
        match &row.event {
            Some(candle) => self.chart.insert(row.index, bar(candle)),
            None => self.chart.remove(&row.index),
        };
    }

    /// All snapshots are complete, and the chart is what one that begins now shows.
    pub(super) async fn is_whole(&self, other: &DxLink) {
        assert_eq!(self.snapshot, None, "a snapshot that has begun is complete");
        if self.incomplete {
            return;
        }
        let mut fresh = other
            .candles(self.from, [self.symbol.clone()])
            .await
            .unwrap();
        let mut rows = BTreeMap::new();
        loop {
            let event = tokio::time::timeout(secs(60), fresh.next()).await;
            match event.expect("a snapshot").unwrap().unwrap() {
                Event::Data(row) => {
                    rows.insert(row.index, bar(row.event.as_ref().unwrap()));
                }
                Event::Status(status)
                    if matches!(status.kind, StatusKind::SnapshotEnded { .. }) =>
                {
                    break;
                }
                _ => {}
            }
        }
        // What was removed at the edge of the history is not asked about.
        let oldest = rows.keys().next().copied().unwrap_or(i64::MAX);
        let chart: BTreeMap<_, _> = self
            .chart
            .range(oldest..)
            .map(|(at, bar)| (*at, *bar))
            .collect();
        let what = || {
            let of = |rows: &BTreeMap<i64, Bar>, known: &BTreeMap<i64, Bar>| {
                let of = rows.iter().filter(|(at, bar)| known.get(at) != Some(bar));
                of.count()
            };
            let (wrong, missing) = (of(&chart, &rows), of(&rows, &chart));
            let count = rows.len();
            format!("the chart of {count} has {wrong} that are wrong and lacks {missing}")
        };
        self.story.check(chart == rows, what());
    }
}

fn bar(candle: &Candle) -> Bar {
    (Some(candle.close), candle.volume)
}
