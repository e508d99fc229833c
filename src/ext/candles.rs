use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::{BUDGET, Feed};
use crate::Event;
use crate::market::{Candle, CandleState, Interval, Tick};

mod exact;
mod open;
mod series;
mod taint;

use series::Series;

/// Stream of [`candles`](crate::FeedExt::candles).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Candles<S: Feed> {
    #[pin]
    stream: S,
    series: Series,
    step: Step<S::Error>,
}

/// What comes next.
enum Step<E> {
    /// Reads the stream beneath.
    Read,
    /// Tells the new candle of this line, whose previous candle has just been told as final.
    Partial(usize),
    /// Tells the open candle of this line and of those after it, then how the stream ended.
    Flush(usize, Option<E>),
    /// The end has been told.
    Over,
}

impl<S: Feed> Candles<S>
where
    S::Data: Tick,
{
    pub(super) fn new(stream: S, interval: Interval) -> Self {
        Self {
            stream,
            series: Series::new(interval),
            step: Step::Read,
        }
    }

    /// Length of the candles.
    pub fn interval(&self) -> Interval {
        self.series.interval()
    }

    /// How many ticks belong to an interval before their symbol's open one. They are in no candle.
    pub fn late(&self) -> u64 {
        self.series.late()
    }

    /// How many events had no price or no time. They are in no candle.
    pub fn skipped(&self) -> u64 {
        self.series.skipped()
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath; the open candles are dropped, their last state has been told.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S> Stream for Candles<S>
where
    S: Feed,
    S::Data: Tick,
{
    type Item = Result<Event<Candle>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let series = this.series;
        // Ticks that come too late yield nothing: a bound on how many are read at once.
        for _ in 0..BUDGET {
            match this.step {
                Step::Read => match ready!(this.stream.as_mut().poll_next(cx)) {
                    Some(Ok(Event::Data(tick))) => {
                        let Some((line, closed)) = series.tick(&tick) else {
                            continue;
                        };
                        if let Some(closed) = closed {
                            *this.step = Step::Partial(line);
                            return Poll::Ready(Some(Ok(Event::Data(closed))));
                        }
                        let candle = series.candle(line, CandleState::Partial);
                        return Poll::Ready(candle.map(|candle| Ok(Event::Data(candle))));
                    }
                    Some(Ok(Event::Gap(gap))) => {
                        series.gap(&gap);
                        return Poll::Ready(Some(Ok(Event::Gap(gap))));
                    }
                    Some(Ok(Event::Status(status))) => {
                        return Poll::Ready(Some(Ok(Event::Status(status))));
                    }
                    Some(Err(error)) => *this.step = Step::Flush(0, Some(error)),
                    None => *this.step = Step::Flush(0, None),
                },
                Step::Partial(line) => {
                    let candle = series.candle(*line, CandleState::Partial);
                    *this.step = Step::Read;
                    return Poll::Ready(candle.map(|candle| Ok(Event::Data(candle))));
                }
                Step::Flush(line, error) if *line == series.lines() => {
                    let error = error.take();
                    *this.step = Step::Over;
                    return Poll::Ready(error.map(Err));
                }
                Step::Flush(line, _) => {
                    let candle = series.candle(*line, CandleState::Partial);
                    *line += 1;
                    if let Some(candle) = candle {
                        return Poll::Ready(Some(Ok(Event::Data(candle))));
                    }
                }
                Step::Over => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.step {
            Step::Over => (0, Some(0)),
            _ => (0, None),
        }
    }
}

impl<S> FusedStream for Candles<S>
where
    S: Feed,
    S::Data: Tick,
{
    fn is_terminated(&self) -> bool {
        matches!(self.step, Step::Over)
    }
}

impl<S: Feed + fmt::Debug> fmt::Debug for Candles<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candles")
            .field("stream", &self.stream)
            .field("interval", &self.series.interval())
            .field("symbols", &self.series.lines())
            .field("late", &self.series.late())
            .field("skipped", &self.series.skipped())
            .finish_non_exhaustive()
    }
}
