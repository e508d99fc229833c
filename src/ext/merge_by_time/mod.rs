use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use tokio::time::Instant;

use super::timer::Timer;
use super::{BUDGET, Feed};
use crate::market::Record;
use crate::{Event, Timestamp};

mod lane;
mod merged;

use lane::{Lane, Took};
pub use merged::Merged;

/// How many events of one feed are held, unless said otherwise: what a busy venue sends in a
/// second.
const CAPACITY: usize = 1_024;

/// Stream of [`merge_by_time`](crate::FeedsExt::merge_by_time).
#[must_use = "streams do nothing unless polled"]
pub struct MergeByTime<S: Feed> {
    lanes: Vec<Lane<S>>,
    /// Which feed is looked at next, so that each has its turn.
    turn: usize,
    window: Duration,
    capacity: usize,
    /// When events were last taken in.
    now: Option<Instant>,
    /// Time of the latest data that went out.
    frontier: Option<Timestamp>,
    late: u64,
    timer: Timer,
    ending: Ending<S::Error>,
}

// Feeds are boxed, and nothing else is ever pinned.
impl<S: Feed> Unpin for MergeByTime<S> {}

/// How far the end is.
enum Ending<E> {
    NotYet,
    /// A feed failed: what is held goes out, then this.
    Error(E),
    /// The end has been told.
    Over,
}

/// Which event may go out.
enum Choice {
    /// The first of this feed.
    Go(usize),
    /// That of this feed, at this instant or when the other feeds have brought something; without
    /// an instant, only then.
    Wait(usize, Option<Instant>),
    /// Nothing is held.
    Empty,
}

impl<S: Feed> MergeByTime<S>
where
    S::Data: Record,
{
    pub(super) fn new(feeds: impl IntoIterator<Item = S>, window: Duration) -> Self {
        Self {
            lanes: feeds.into_iter().map(Lane::new).collect(),
            turn: 0,
            window,
            capacity: CAPACITY,
            now: None,
            frontier: None,
            late: 0,
            timer: Timer::default(),
            ending: Ending::NotYet,
        }
    }

    /// Holds at most so many events of each feed, 1,024 if this is not called, and at least one.
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity.max(1);
        self
    }

    /// How many events came after later ones had been yielded. They were flagged and yielded.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// How many events are held now, gaps and statuses included.
    pub fn held(&self) -> usize {
        self.lanes.iter().map(Lane::held).sum()
    }

    /// How many feeds there are, ended ones included.
    pub fn feeds(&self) -> usize {
        self.lanes.len()
    }

    /// One of the feeds beneath.
    pub fn get_ref(&self, feed: usize) -> Option<&S> {
        self.lanes.get(feed).map(Lane::get_ref)
    }

    /// Takes in what is ready, one event of each feed in turn. Says whether something may be left.
    fn take_in(&mut self, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        self.now = Some(now);
        for lane in &mut self.lanes {
            lane.asleep = lane.ended();
        }
        let (mut taken, mut idle) = (0, 0);
        while idle < self.lanes.len() {
            if taken == BUDGET {
                return true;
            }
            let feeds = self.lanes.len();
            let lane = &mut self.lanes[self.turn];
            self.turn = (self.turn + 1) % feeds;
            idle += 1;
            if lane.asleep || lane.held() >= self.capacity {
                continue;
            }
            match lane.take_in(now, cx) {
                Took::Event => (taken, idle) = (taken + 1, 0),
                Took::Nothing => {}
                Took::End => lane.asleep = true,
                Took::Error(error) => {
                    self.ending = Ending::Error(error);
                    return false;
                }
            }
        }
        false
    }

    /// Chooses by what is held.
    fn choose(&self) -> Choice {
        let mut earliest: Option<(usize, Option<Timestamp>, Instant)> = None;
        let mut oldest: Option<Instant> = None;
        let (mut complete, mut full, mut open) = (true, false, false);
        for (at, lane) in self.lanes.iter().enumerate() {
            open |= !lane.ended();
            let Some(head) = lane.head() else {
                complete &= lane.ended();
                continue;
            };
            full |= lane.held() >= self.capacity;
            oldest = Some(oldest.map_or(head.arrived, |oldest| oldest.min(head.arrived)));
            if earliest.is_none_or(|(_, time, _)| head.time < time) {
                earliest = Some((at, head.time, head.arrived));
            }
        }
        let (Some((at, time, arrived)), Some(oldest)) = (earliest, oldest) else {
            return Choice::Empty;
        };
        if !open || !matches!(self.ending, Ending::NotYet) {
            return Choice::Go(at);
        }
        // A feed that goes on bringing earlier events may hold up another's for the window, not
        // longer: what came after that does not go ahead of it.
        let deadline = oldest.checked_add(self.window);
        let overdue = deadline.is_some_and(|deadline| self.now.is_some_and(|now| deadline <= now));
        if overdue && deadline.is_some_and(|deadline| deadline < arrived) {
            let before = |lane: &Lane<S>| {
                let head = lane.head()?;
                (Some(head.arrived) <= deadline).then_some(head.time)
            };
            let lanes = self.lanes.iter().enumerate();
            let due = lanes.filter_map(|(at, lane)| Some((before(lane)?, at)));
            return due.min().map_or(Choice::Empty, |(_, at)| Choice::Go(at));
        }
        // What is not after what went out has nothing to gain by waiting, nor has what has no time.
        if complete || full || overdue || time <= self.frontier {
            return Choice::Go(at);
        }
        Choice::Wait(at, deadline)
    }

    fn emit(&mut self, feed: usize) -> Option<Event<Merged<S::Data>>> {
        let held = self.lanes.get_mut(feed)?.pop()?;
        let late = held.time.is_some() && held.time < self.frontier;
        self.late += u64::from(late);
        self.frontier = self.frontier.max(held.time);
        Some(held.event.map(|data| Merged::new(feed, data).late(late)))
    }
}

impl<S> Stream for MergeByTime<S>
where
    S: Feed,
    S::Data: Record,
{
    type Item = Result<Event<Merged<S::Data>>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let mut more = false;
        // While every feed shows what comes next, there is no need to look for more.
        let complete = |lane: &Lane<S>| lane.head().is_some() || lane.ended();
        if matches!(this.ending, Ending::NotYet) && !this.lanes.iter().all(complete) {
            more = this.take_in(cx);
        }
        match this.choose() {
            Choice::Go(feed) => Poll::Ready(this.emit(feed).map(Ok)),
            Choice::Wait(..) if more => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Choice::Wait(_, None) => Poll::Pending,
            Choice::Wait(feed, Some(deadline)) => {
                ready!(this.timer.poll_later(cx, deadline));
                Poll::Ready(this.emit(feed).map(Ok))
            }
            Choice::Empty => match std::mem::replace(&mut this.ending, Ending::Over) {
                Ending::NotYet if !this.lanes.iter().all(Lane::ended) => {
                    this.ending = Ending::NotYet;
                    Poll::Pending
                }
                Ending::Error(error) => Poll::Ready(Some(Err(error))),
                Ending::NotYet | Ending::Over => Poll::Ready(None),
            },
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held = self.lanes.iter().map(Lane::held).sum::<usize>();
        match self.ending {
            Ending::NotYet => {
                let open = self.lanes.iter().filter(|lane| !lane.ended());
                let mut more = open.map(|lane| lane.get_ref().size_hint().1);
                let upper = more.try_fold(held, |sum, more| sum.checked_add(more?));
                (held, upper)
            }
            Ending::Error(_) => (held + 1, Some(held + 1)),
            Ending::Over => (0, Some(0)),
        }
    }
}

impl<S> FusedStream for MergeByTime<S>
where
    S: Feed,
    S::Data: Record,
{
    fn is_terminated(&self) -> bool {
        matches!(self.ending, Ending::Over)
    }
}

impl<S: Feed + fmt::Debug> fmt::Debug for MergeByTime<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let feeds: Vec<&S> = self.lanes.iter().map(Lane::get_ref).collect();
        f.debug_struct("MergeByTime")
            .field("feeds", &feeds)
            .field("window", &self.window)
            .field("held", &self.lanes.iter().map(Lane::held).sum::<usize>())
            .field("late", &self.late)
            .finish_non_exhaustive()
    }
}
