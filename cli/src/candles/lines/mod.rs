//! Candles as lines, for people or as JSON.

use feedline::market::{Calendar, Candle};
use feedline::{Error, Event, Feed, Gap};
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
        candles: &mut S,
        wanted: u64,
        summary: &mut Summary,
    ) -> Outcome
    where
        S: Feed<Data = Candle, Error = Error> + Unpin,
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

    /// Writes what may be missing up to the end, and the candles that are open, whose trades would
    /// be told nowhere else, unless as many as were `wanted` have been shown.
    pub(crate) fn finish(&mut self, summary: &mut Summary, wanted: u64) -> Outcome {
        let gap = summary.end();
        if let Some(gap) = &gap {
            self.show(gap.clone().into())?;
        }
        if !self.partials {
            for mut candle in self.open.take() {
                let concerned = |gap: &Gap| gap.scope.contains(&candle.symbol);
                candle.tainted |= gap.as_ref().is_some_and(concerned);
                if summary.data() < wanted {
                    self.write(Event::Data(candle), summary)?;
                }
            }
        }
        self.output.flush()
    }

    fn write(&mut self, event: Event<Candle>, summary: &mut Summary) -> Outcome {
        summary.count(&event);
        self.show(event)
    }

    fn show(&mut self, event: Event<Candle>) -> Outcome {
        if self.json {
            return self.output.json(&Line::new(event));
        }
        self.output.line(match event {
            Event::Data(candle) => self.columns.line(&candle),
            Event::Gap(gap) => text::gap(&gap),
            Event::Status(status) => text::status(&status),
        })
    }
}
