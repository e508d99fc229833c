//! A handle on trades.

use feedline::market::Id;
use feedline::sim::gate::GateSim;
use feedline::sim::{Fate, Identity, Published};
use feedline::venue::gate::Trade;
use feedline::{Error, Event, Overflow, Subscription};
use futures_util::{FutureExt, StreamExt};

use super::story::{Sent, Story};

pub(crate) struct Trades {
    pub(crate) feed: Subscription<Trade>,
    pub(crate) story: Story,
    pub(crate) overflow: Overflow,
}

impl Trades {
    pub(crate) fn new(feed: Subscription<Trade>, symbols: &[&str], overflow: Overflow) -> Self {
        let mut story = Story::of(symbols.iter().copied());
        story.fails = overflow == Overflow::Fail;
        Self {
            feed,
            story,
            overflow,
        }
    }

    /// Reads up to `most` events that are ready; what ended the stream, if it has ended.
    pub(crate) fn read(&mut self, most: usize) -> Option<Option<Error>> {
        for _ in 0..most {
            match self.feed.next().now_or_never()? {
                Some(Ok(Event::Data(trade))) => {
                    let Some(Id::Number(id)) = trade.id else {
                        panic!("{trade:?}")
                    };
                    self.story.data(&trade.symbol, id);
                }
                Some(Ok(Event::Gap(gap))) => self.story.gap(gap),
                Some(Ok(Event::Status(status))) => self.story.status(status),
                Some(Err(error)) => return Some(Some(error)),
                None => return Some(None),
            }
        }
        None
    }
}

/// The trades that the venue sent, or would have sent if somebody had been connected.
pub(crate) fn sent(sim: &GateSim, owed: impl Fn(&Published) -> bool) -> Vec<Sent> {
    let journal = sim.journal();
    let trades = journal.into_iter().filter(|p| p.channel == "spot.trades");
    let sent = trades.filter_map(|published| {
        let Identity::Trade(key) = published.identity else {
            return None;
        };
        let time = published.time.unwrap_or(published.at);
        Some(Sent {
            owed: owed(&published),
            time,
            ahead: time.as_nanos() - published.at.as_nanos(),
            symbol: published.symbol,
            key,
        })
    });
    sent.collect()
}

/// Whether the venue let somebody's share in an event vanish without a trace.
pub(crate) fn is_withheld(published: &Published) -> bool {
    let mut fates = published.deliveries.iter().map(|delivery| delivery.fate);
    fates.any(|fate| fate == Fate::Withheld)
}
