//! Candles as lines, for people or as JSON.

use feedline::adapters::Candles;
use feedline::market::{Calendar, Candle, Tick};
use feedline::{Error, Event, Feed};
use futures_util::{FutureExt, StreamExt};

use super::open::Open;
use crate::event::Line;
use crate::live::Summary;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::text;

mod columns;

use columns::Columns;

/// Writes a line a candle, in columns that widen with what comes.
pub(crate) struct Lines {
    output: Output,
    json: bool,
    partials: bool,
    columns: Columns,
    open: Open,
}

impl Lines {
    pub(crate) fn new(json: bool, partials: bool, calendar: Calendar) -> Self {
        Self {
            output: Output::new(),
            json,
            partials,
            columns: Columns::new(calendar),
            open: Open::default(),
        }
    }

    /// Shows candles until there are no more, or `wanted` have been shown.
    pub(crate) async fn follow<S>(
        &mut self,
        candles: &mut Candles<S>,
        wanted: u64,
        summary: &mut Summary,
    ) -> Outcome
    where
        S: Feed<Error = Error> + Unpin,
        S::Data: Tick,
    {
        while summary.data() < wanted {
            // A feed that always has more must not keep the other branches from being polled.
            tokio::task::coop::consume_budget().await;
            let item = match candles.next().now_or_never() {
                Some(item) => item,
                None => {
                    self.output.flush()?;
                    candles.next().await
                }
            };
            let Some(event) = item.transpose()? else {
                break;
            };
            let shown = match &event {
                Event::Data(candle) => self.open.enter(candle) || self.partials,
                Event::Gap(_) | Event::Status(_) => true,
            };
            if shown {
                self.write(event, summary)?;
            }
        }
        self.output.flush()
    }

    /// Writes the candles that are open, whose trades would be told nowhere else, unless as many
    /// as were `wanted` have been shown.
    pub(crate) fn finish(&mut self, summary: &mut Summary, wanted: u64) -> Outcome {
        if !self.partials {
            for candle in self.open.take() {
                if summary.data() < wanted {
                    self.write(Event::Data(candle), summary)?;
                }
            }
        }
        self.output.flush()
    }

    fn write(&mut self, event: Event<Candle>, summary: &mut Summary) -> Outcome {
        summary.count(&event);
        if self.json {
            return self.output.json(&Line::candle(event));
        }
        self.output.line(match event {
            Event::Data(candle) => self.columns.line(&candle),
            Event::Gap(gap) => text::gap(&gap),
            Event::Status(status) => text::status(&status),
        })
    }
}
