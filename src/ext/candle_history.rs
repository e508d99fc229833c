use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use hashbrown::HashMap;
use pin_project::pin_project;

use super::Feed;
use crate::market::{Candle, CandleState};
use crate::{Event, Symbol};

/// Stream of [`candle_history`](crate::FeedExt::candle_history).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct CandleHistory<S, D = ()> {
    #[pin]
    stream: S,
    history: History<D>,
}

/// The last final candles of every symbol of a [`candle_history`](crate::FeedExt::candle_history),
/// to be read anywhere while the stream runs, and after it has ended.
///
/// Clones read the same history. Reading copies candles under a lock that the stream takes for
/// each final candle; it is held for no longer than that.
pub struct History<D = ()> {
    capacity: usize,
    lines: Arc<RwLock<HashMap<Symbol, Line<D>>>>,
}

struct Line<D> {
    /// By their start.
    finals: VecDeque<Candle<D>>,
    /// The latest one of a venue that does not say whether it is final.
    unsettled: Option<Candle<D>>,
}

impl<S, D> CandleHistory<S, D> {
    pub(super) fn new(stream: S, capacity: usize) -> Self {
        Self {
            stream,
            history: History {
                capacity,
                lines: Arc::default(),
            },
        }
    }

    /// A handle to read the history with.
    pub fn history(&self) -> History<D> {
        self.history.clone()
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath; nothing is held back, and handles go on to read what there was.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<D> History<D> {
    /// The most candles that it keeps of a symbol.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many symbols have candles in it.
    pub fn symbols(&self) -> usize {
        let lines = self.read();
        lines
            .values()
            .filter(|line| !line.finals.is_empty())
            .count()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<Symbol, Line<D>>> {
        self.lines.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Clone> History<D> {
    /// The candles of a symbol, the oldest first.
    pub fn candles(&self, symbol: &str) -> Vec<Candle<D>> {
        let lines = self.read();
        let line = lines.get(symbol);
        line.map_or_else(Vec::new, |line| line.finals.iter().cloned().collect())
    }

    /// The latest candle of a symbol.
    pub fn last(&self, symbol: &str) -> Option<Candle<D>> {
        self.read().get(symbol)?.finals.back().cloned()
    }

    fn enter(&self, candle: &Candle<D>) {
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry_ref(&candle.symbol).or_insert_with(|| Line {
            finals: VecDeque::new(),
            unsettled: None,
        });
        if candle.state.is_some() {
            line.settle(candle.clone(), self.capacity);
            return;
        }
        match &mut line.unsettled {
            // Told once more, after a later one.
            Some(open) if candle.start < open.start => line.settle(candle.clone(), self.capacity),
            open => {
                if let Some(before) = open.replace(candle.clone())
                    && before.start != candle.start
                {
                    line.settle(before, self.capacity);
                }
            }
        }
    }
}

impl<D> Line<D> {
    fn settle(&mut self, candle: Candle<D>, capacity: usize) {
        let mut at = self.finals.partition_point(|old| old.start < candle.start);
        // Candles of other lengths may begin at the same time.
        while let Some(old) = self.finals.get(at)
            && old.start == candle.start
            && old.interval != candle.interval
        {
            at += 1;
        }
        let full = self.finals.len() >= capacity;
        match self.finals.get_mut(at) {
            Some(old) if (old.start, old.interval) == (candle.start, candle.interval) => {
                *old = candle;
            }
            // Older than all of a full history.
            _ if at == 0 && full => {}
            _ => self.finals.insert(at, candle),
        }
        if self.finals.len() > capacity {
            self.finals.pop_front();
        }
    }
}

impl<S, D> Stream for CandleHistory<S, D>
where
    S: Feed<Data = Candle<D>>,
    D: Clone,
{
    type Item = Result<Event<Candle<D>>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let item = ready!(this.stream.poll_next(cx));
        if let Some(Ok(Event::Data(candle))) = &item
            && candle.state != Some(CandleState::Partial)
        {
            this.history.enter(candle);
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S, D> FusedStream for CandleHistory<S, D>
where
    S: Feed<Data = Candle<D>> + FusedStream,
    D: Clone,
{
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}

impl<D> Clone for History<D> {
    fn clone(&self) -> Self {
        Self {
            capacity: self.capacity,
            lines: Arc::clone(&self.lines),
        }
    }
}

impl<S: fmt::Debug, D> fmt::Debug for CandleHistory<S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CandleHistory")
            .field("stream", &self.stream)
            .field("history", &self.history)
            .finish()
    }
}

impl<D> fmt::Debug for History<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("capacity", &self.capacity)
            .field("symbols", &self.symbols())
            .finish_non_exhaustive()
    }
}
