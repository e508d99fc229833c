use std::collections::VecDeque;
use std::time::Duration;

use super::open::Open;
use super::sums::Sums;
use super::taint::Taint;
use crate::market::Window;
use crate::{Symbol, Timestamp};

/// One symbol's candles.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) symbol: Symbol,
    pub(super) open: Option<Open>,
    /// What begins before this is late.
    pub(super) floor: Timestamp,
    /// When its first interval began.
    pub(super) since: Timestamp,
    /// How far its latest interval was behind the clock when it began, where that is more than the
    /// delay: a symbol that comes later than others, or a recording that tells one after another.
    pub(super) lag: Duration,
    /// Whether it stands among those whose end is awaited.
    pub(super) awaited: bool,
    /// What only some lines have.
    pub(super) aside: Option<Box<Aside>>,
}

/// The part of a line that most ticks do not need.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// By gaps of this symbol alone.
    pub(super) taint: Taint,
    /// Told as final, but a late tick may still revise them; by their time.
    pub(super) closed: VecDeque<Open>,
    /// The interval that has no tick yet, and follows one that is over.
    pub(super) idle: Option<Idle>,
    /// The feed of this symbol is interrupted.
    pub(super) interrupted: bool,
    /// The venue has refused it, so that nothing is known of it until its next tick.
    pub(super) refused: bool,
    /// It is not read, because another consumer is full.
    pub(super) unread: bool,
    /// Start of the latest candle in it, where trading cuts it.
    pub(super) latest: Option<Timestamp>,
}

/// An interval without ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle {
    pub(super) window: Window,
    /// Of the last interval that had some.
    pub(super) before: Sums,
    /// How many gaps of all symbols, and of this one, there were when the last one ended.
    pub(super) gaps: [u64; 2],
}

impl Line {
    pub(super) fn new(symbol: Symbol) -> Self {
        Self {
            symbol,
            open: None,
            floor: Timestamp::MIN,
            since: Timestamp::MAX,
            lag: Duration::ZERO,
            awaited: false,
            aside: None,
        }
    }

    pub(super) fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_with(Box::default)
    }

    /// Whether its feed is not live, so that the clock says nothing about its intervals.
    pub(super) fn is_held(&self) -> bool {
        let aside = self.aside.as_ref();
        aside.is_some_and(|aside| aside.interrupted || aside.unread)
    }

    /// The interval that is open, or that follows without ticks.
    pub(super) fn current(&self) -> Option<Window> {
        match &self.open {
            Some(open) => Some(open.window),
            None => Some(self.aside.as_ref()?.idle?.window),
        }
    }

    /// Expects nothing more, until it begins anew like a symbol that was never seen.
    pub(super) fn refuse(&mut self) {
        self.since = Timestamp::MAX;
        let aside = self.aside();
        aside.refused = true;
        aside.taint.add_timeless();
        aside.idle = None;
    }

    /// The open candle, tainted by the gaps told so far.
    #[inline]
    pub(super) fn tainted(&mut self, all: &Taint) -> Option<&Open> {
        let open = self.open.as_mut()?;
        open.taint(all, self.aside.as_ref().map(|aside| &aside.taint));
        Some(open)
    }

    /// How many gaps there were, of all symbols and of this one.
    pub(super) fn gaps(&self, all: &Taint) -> [u64; 2] {
        let own = self.aside.as_ref().map_or(0, |aside| aside.taint.gaps());
        [all.gaps(), own]
    }

    /// Whether a gap touches this window, which was open when there had been `opened` gaps.
    pub(super) fn is_tainted(&self, all: &Taint, window: &Window, opened: [u64; 2]) -> bool {
        let own = self.aside.as_ref();
        all.touches(window, opened[0])
            || own.is_some_and(|aside| aside.taint.touches(window, opened[1]))
    }

    /// Whether a candle that this tick opens lacks its beginning: the first one of the line does,
    /// unless the tick is at the very beginning.
    pub(super) fn starts(&mut self, time: Timestamp, window: &Window) -> bool {
        let first = window.start < self.since;
        self.since = self.since.min(window.start);
        first && time != window.start
    }

    /// Keeps a candle that has been told as final, until its time of grace is over.
    pub(super) fn keep(&mut self, candle: Open, now: Timestamp, grace: Duration) {
        let closed = &mut self.aside().closed;
        forget(closed, now, grace);
        let at = closed.partition_point(|old| old.window.start < candle.window.start);
        if now <= candle.window.last.saturating_add(grace) {
            closed.insert(at, candle);
        }
    }
}

impl Aside {
    /// The first closed candle that a gap taints, told since it was last asked.
    pub(super) fn retaint(
        &mut self,
        all: &Taint,
        now: Timestamp,
        grace: Duration,
    ) -> Option<&Open> {
        let Self { taint, closed, .. } = self;
        forget(closed, now, grace);
        closed
            .iter_mut()
            .find_map(|open| open.taint(all, Some(taint)).then_some(&*open))
    }
}

/// Drops the candles whose time of grace is over.
fn forget(closed: &mut VecDeque<Open>, now: Timestamp, grace: Duration) {
    while let Some(oldest) = closed.front()
        && now > oldest.window.last.saturating_add(grace)
    {
        closed.pop_front();
    }
}
