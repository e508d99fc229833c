//! A handle on books, whose numbers must be a chain.

use std::collections::BTreeMap;

use feedline::market::BookAction;
use feedline::sim::Identity;
use feedline::sim::gate::GateSim;
use feedline::venue::gate::BookUpdate;
use feedline::{Error, Event, Subscription, Symbol};
use futures_util::{FutureExt, StreamExt};

use super::steps::Of;
use super::story::Story;

pub(crate) struct Books {
    pub(crate) feed: Subscription<BookUpdate>,
    pub(crate) story: Story,
    pub(crate) of: Of,
    chains: BTreeMap<Symbol, Chain>,
}

/// The last number of a symbol, and whether a gap stands behind it.
struct Chain {
    last: u64,
    broken: bool,
}

impl Books {
    pub(crate) fn new(feed: Subscription<BookUpdate>, symbols: &[&str], of: Of) -> Self {
        Self {
            feed,
            story: Story::of(symbols.iter().copied()),
            of,
            chains: BTreeMap::new(),
        }
    }

    /// Reads up to `most` events that are ready; what ended the stream, if it has ended.
    pub(crate) fn read(&mut self, most: usize) -> Option<Option<Error>> {
        for _ in 0..most {
            match self.feed.next().now_or_never()? {
                Some(Ok(Event::Data(update))) => self.follow(&update),
                Some(Ok(Event::Gap(gap))) => {
                    for (symbol, chain) in &mut self.chains {
                        chain.broken |= gap.scope.contains(symbol);
                    }
                    self.story.gap(gap);
                }
                Some(Ok(Event::Status(status))) => self.story.status(status),
                Some(Err(error)) => return Some(Some(error)),
                None => return Some(None),
            }
        }
        None
    }

    /// Each change follows the one before it, or a gap stands between them.
    fn follow(&mut self, update: &BookUpdate) {
        let symbol = update.symbol.clone();
        let Some(last) = update.last else {
            panic!("{symbol}: a book without a number");
        };
        self.story.data(&symbol, last);
        let chain = self.chains.get(&symbol);
        match (update.action, chain) {
            (BookAction::Delta, None) if self.of == Of::Obu => {
                panic!("{symbol}: changes of a book that has not come");
            }
            (
                BookAction::Delta,
                Some(Chain {
                    last: before,
                    broken: false,
                }),
            ) => {
                let first = update.first;
                assert_eq!(
                    first,
                    Some(before + 1),
                    "{symbol}: {first:?} after {before}"
                );
            }
            (
                BookAction::Snapshot,
                Some(Chain {
                    last: before,
                    broken: false,
                }),
            ) => {
                assert!(
                    last >= *before,
                    "{symbol}: an older book ({last}) after {before}"
                );
            }
            _ => {}
        }
        let broken = false;
        self.chains.insert(symbol, Chain { last, broken });
    }

    /// The last number of each symbol that it holds is the last that the venue has sent.
    pub(crate) fn is_up_to_date(&self, sim: &GateSim) {
        let channel = match self.of {
            Of::Obu => "spot.obu",
            _ => "spot.order_book_update",
        };
        let mut newest: BTreeMap<Symbol, u64> = BTreeMap::new();
        for published in sim.journal() {
            if let (Identity::Book { last, .. }, true) =
                (published.identity, published.channel == channel)
            {
                newest.insert(published.symbol, last);
            }
        }
        for symbol in self.feed.symbols() {
            let told = self.chains.get(&symbol).map(|chain| chain.last);
            assert_eq!(
                told,
                newest.get(&symbol).copied(),
                "{channel} {symbol} is where the venue is"
            );
        }
    }
}
