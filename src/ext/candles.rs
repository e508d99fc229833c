use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use hashbrown::HashMap;
use pin_project::pin_project;

use super::{BUDGET, Feed};
use crate::market::{Candle, CandleState, Interval, Tick};
use crate::{Event, Gap, Scope, Symbol};

mod exact;
mod open;
mod taint;

use open::Open;
use taint::Taint;

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
        self.series.interval
    }

    /// How many ticks belong to an interval before their symbol's open one. They are in no candle.
    pub fn late(&self) -> u64 {
        self.series.late
    }

    /// How many events had no price or no time. They are in no candle.
    pub fn skipped(&self) -> u64 {
        self.series.skipped
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
                Step::Flush(line, error) if *line == series.lines.len() => {
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
            .field("interval", &self.series.interval)
            .field("symbols", &self.series.lines.len())
            .field("late", &self.series.late)
            .field("skipped", &self.series.skipped)
            .finish_non_exhaustive()
    }
}

/// The open candles of all symbols.
struct Series {
    interval: Interval,
    index: HashMap<Symbol, usize>,
    /// In the order in which the symbols were first seen.
    lines: Vec<Line>,
    taint: Taint,
    late: u64,
    skipped: u64,
}

/// One symbol's candles.
struct Line {
    symbol: Symbol,
    open: Option<Open>,
    /// By gaps of this symbol alone.
    taint: Taint,
}

impl Series {
    fn new(interval: Interval) -> Self {
        Self {
            interval,
            index: HashMap::new(),
            lines: Vec::new(),
            taint: Taint::default(),
            late: 0,
            skipped: 0,
        }
    }

    /// Adds a tick: to which line, and the candle that it closed. `None` if it is in no candle.
    fn tick<T: Tick>(&mut self, tick: &T) -> Option<(usize, Option<Candle>)> {
        let time = tick.time().or_else(|| tick.received());
        let Some((price, time)) = tick.price().zip(time) else {
            self.skipped += 1;
            return None;
        };
        let at = self.line(tick.symbol());
        let line = &mut self.lines[at];
        if let Some(open) = &mut line.open {
            if open.window.contains(time) {
                open.add(tick, price, time);
                return Some((at, None));
            }
            if time < open.window.start {
                self.late += 1;
                return None;
            }
        }
        let closed = self.candle(at, CandleState::Final);
        let line = &mut self.lines[at];
        let window = self.interval.window(time);
        let truncated = line.open.is_none() && time != window.start;
        let gaps = [self.taint.gaps(), line.taint.gaps()];
        let tainted = self.taint.touches(&window, gaps[0]) || line.taint.touches(&window, gaps[1]);
        let open = Open::new(tick, price, time, window);
        line.open = Some(open.marked(truncated, tainted, gaps));
        Some((at, closed))
    }

    fn line(&mut self, symbol: &Symbol) -> usize {
        if let Some(at) = self.index.get(symbol) {
            return *at;
        }
        let at = self.lines.len();
        self.index.insert(symbol.clone(), at);
        self.lines.push(Line {
            symbol: symbol.clone(),
            open: None,
            taint: Taint::default(),
        });
        at
    }

    fn gap(&mut self, gap: &Gap) {
        match &gap.scope {
            Scope::All => self.taint.add(gap),
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    let at = self.line(symbol);
                    self.lines[at].taint.add(gap);
                }
            }
        }
    }

    /// The open candle of a line, tainted by the gaps told so far.
    fn candle(&mut self, at: usize, state: CandleState) -> Option<Candle> {
        let line = &mut self.lines[at];
        let open = line.open.as_mut()?;
        open.taint([&self.taint, &line.taint]);
        Some(open.candle(line.symbol.clone(), self.interval, state))
    }
}
