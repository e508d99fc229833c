use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;
use tokio::time::Instant;

use super::timer::Timer;
use super::{BUDGET, Feed};
use crate::Event;
use crate::market::{Calendar, Candle, EmptyIntervals, Interval, Tick};

mod cutter;
mod due;
mod exact;
mod line;
mod market_clock;
mod open;
mod parts;
mod series;
mod sums;
mod taint;

use series::{Overdue, Series, Told};

/// Stream of [`candles`](crate::FeedExt::candles).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Candles<S: Feed> {
    #[pin]
    stream: S,
    series: Series,
    partials: bool,
    timer: Timer,
    step: Step<S::Error>,
}

/// What comes next.
enum Step<E> {
    /// Reads the stream beneath.
    Read,
    /// Tells the candles that are over, then the open one of this line.
    Told(Option<usize>),
    /// Tells the closed candles that a gap has tainted, from this line on.
    Retaint(usize),
    /// Tells the candles that are over by event time, then how the stream ended.
    End(Option<E>),
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
            partials: true,
            timer: Timer::default(),
            step: Step::Read,
        }
    }
}

/// Settings, to be made before the first poll.
impl<S: Feed> Candles<S> {
    /// Cuts days, weeks and months by the time zone and sessions of this calendar; UTC without it.
    ///
    /// Ticks outside its sessions are in no candle; [`outside`](Candles::outside) counts them. It
    /// means nothing for candles of trades, volume or turnover.
    pub fn calendar(mut self, calendar: Calendar) -> Self {
        self.series.set_calendar(calendar);
        self
    }

    /// Whether every tick yields its candle as it then is, which it does without this. Without
    /// partial candles one that is open at the end is still told.
    pub fn partials(mut self, partials: bool) -> Self {
        self.partials = partials;
        self
    }

    /// For how long after its end a candle may be revised by late ticks and late gaps; not at all
    /// without this. Each symbol keeps the candles of this time.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.series.grace = grace;
        self
    }

    /// How long after the end of an interval the candle of a quiet symbol is final, by the clock;
    /// a second without this. [`Duration::MAX`] leaves it open until its next tick.
    ///
    /// It should be longer than ticks take to come, including what the venue may hold them back.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.series.delay = delay;
        self
    }

    /// What becomes of intervals without ticks; they are skipped without this.
    pub fn empty(mut self, empty: EmptyIntervals) -> Self {
        self.series.empty = empty;
        self
    }
}

impl<S: Feed> Candles<S> {
    /// Length of the candles.
    pub fn interval(&self) -> Interval {
        self.series.cutter.interval
    }

    /// How many ticks came too late for their candle, which had been told as final and could not be
    /// revised any more. They are in no candle.
    pub fn late(&self) -> u64 {
        self.series.counts.late
    }

    /// How many events had no price or no time, or not the size that the interval measures, or were
    /// candles that do not fit into one interval. They are in no candle.
    pub fn skipped(&self) -> u64 {
        self.series.counts.skipped
    }

    /// How many ticks came while the market was closed by the calendar. They are in no candle.
    pub fn outside(&self) -> u64 {
        self.series.counts.outside
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath; the open candles are dropped, their last state has been told unless
    /// partial candles were turned off.
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
        let told = |candle: Candle| Poll::Ready(Some(Ok(Event::Data(candle))));
        let mut asked_again = false;
        // Ticks that come too late yield nothing: a bound on how many are read at once.
        for _ in 0..BUDGET {
            match this.step {
                Step::Read => {
                    match series.overdue(series.clock.seen()) {
                        Overdue::None => {}
                        Overdue::Candle(candle) => return told(*candle),
                        Overdue::More => continue,
                    }
                    let item = this.stream.as_mut().poll_next(cx);
                    // By reference: events are large.
                    if let Poll::Ready(Some(Ok(Event::Data(tick)))) = &item {
                        match series.tick(tick) {
                            Told::Open(_) if !*this.partials => {}
                            Told::Open(line) if !series.is_overdue(series.clock.seen()) => {
                                return Poll::Ready(series.candle(line).map(Event::Data).map(Ok));
                            }
                            Told::Open(line) | Told::Closed(line) => {
                                *this.step = Step::Told(Some(line));
                            }
                            Told::Last => *this.step = Step::Told(None),
                            Told::Nothing => {}
                        }
                        continue;
                    }
                    match item {
                        Poll::Ready(Some(Ok(Event::Data(_)))) => {}
                        Poll::Ready(Some(Ok(Event::Gap(gap)))) => {
                            series.gap(&gap);
                            if !series.grace.is_zero() {
                                *this.step = Step::Retaint(0);
                            }
                            return Poll::Ready(Some(Ok(Event::Gap(gap))));
                        }
                        Poll::Ready(Some(Ok(Event::Status(status)))) => {
                            series.status(&status);
                            return Poll::Ready(Some(Ok(Event::Status(status))));
                        }
                        Poll::Ready(Some(Err(error))) => {
                            series.finish();
                            *this.step = Step::End(Some(error));
                        }
                        Poll::Ready(None) => {
                            series.finish();
                            *this.step = Step::End(None);
                        }
                        Poll::Pending => {
                            series.clock.advance(Instant::now(), series.delay);
                            // What is beneath may go by a clock too, and have read it before this.
                            if !asked_again && series.is_overdue(series.clock.now()) {
                                asked_again = true;
                                continue;
                            }
                            match series.overdue(series.clock.now()) {
                                Overdue::None => {}
                                Overdue::Candle(candle) => return told(*candle),
                                Overdue::More => continue,
                            }
                            let due = series.next_due();
                            let Some(due) = due.and_then(|due| series.clock.reaches(due)) else {
                                return Poll::Pending;
                            };
                            ready!(this.timer.poll(cx, due));
                        }
                    }
                }
                Step::Told(line) => {
                    let over = series.closed().or_else(|| series.filler());
                    if let Some(candle) = over.or_else(|| series.ended()) {
                        return told(candle);
                    }
                    // Candles that are over by a tick come before that tick's, so that those who
                    // go by its time, such as longer candles, have them by then.
                    match series.overdue(series.clock.seen()) {
                        Overdue::None => {}
                        Overdue::Candle(candle) => return told(*candle),
                        Overdue::More => continue,
                    }
                    let line = line.filter(|_| *this.partials);
                    *this.step = Step::Read;
                    if let Some(candle) = line.and_then(|line| series.candle(line)) {
                        return told(candle);
                    }
                }
                Step::Retaint(line) if *line == series.lines() => *this.step = Step::Read,
                Step::Retaint(line) => match series.retainted(*line) {
                    Some(candle) => return told(candle),
                    None => *line += 1,
                },
                Step::End(error) => match series.overdue(series.clock.seen()) {
                    Overdue::None => *this.step = Step::Flush(0, error.take()),
                    Overdue::Candle(candle) => return told(*candle),
                    Overdue::More => {}
                },
                Step::Flush(line, error) if *line == series.lines() => {
                    let error = error.take();
                    *this.step = Step::Over;
                    return Poll::Ready(error.map(Err));
                }
                Step::Flush(line, _) => {
                    *line += 1;
                    if let Some(candle) = series.candle(*line - 1) {
                        return told(candle);
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
            .field("interval", &self.interval())
            .field("symbols", &self.series.lines())
            .field("kept", &self.series.kept())
            .field("awaited", &self.series.awaited())
            .field("late", &self.late())
            .field("skipped", &self.skipped())
            .field("outside", &self.outside())
            .finish_non_exhaustive()
    }
}
