//! From what the venue pushed to the events of topics.

use std::borrow::Cow;

use super::SpotProtocol;
use crate::Now;
use crate::decimal::Decimal;
use crate::feed::{Jump, Malformed, Output, TopicId, Topics};
use crate::market::{BookAction, Level, Record};
use crate::venue::gate::BookUpdate;
use crate::venue::gate::chain::{Chain, Numbers, Step};
use crate::venue::gate::channel::{Key, Topic};
use crate::venue::gate::message::{self, Item, PushKey, SpotEvent};

impl SpotProtocol {
    pub(super) fn push(
        &mut self,
        now: Now,
        item: Item,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        if item.dropped_values > 0 {
            out.dropped_values(item.dropped_values);
        }
        if let PushKey::Exact(channel) = item.key {
            let symbol = item.event.symbol();
            return match topics.find(&Key { channel, symbol }) {
                Some(id) => self.deliver(now, id, item.event, Chain::extend, out),
                None => out.ignored("event of a topic that is not subscribed"),
            };
        }
        let found = item.candidates().filter_map(|key| topics.find(&key));
        let found: Vec<TopicId> = found.collect();
        let Some((first, others)) = found.split_first() else {
            return out.ignored("event of a topic that is not subscribed");
        };
        if others.is_empty() {
            return self.deliver(now, *first, item.event, Chain::extend, out);
        }
        // Some frames do not tell which of a channel's speeds they belong to.
        for id in others {
            self.deliver(now, *id, item.event.clone(), Chain::extend_shared, out);
        }
        self.deliver(now, *first, item.event, Chain::extend_shared, out);
    }

    fn deliver(
        &mut self,
        now: Now,
        id: TopicId,
        event: SpotEvent,
        extend: fn(&mut Chain, u64, u64) -> Step,
        out: &mut impl Output<Self>,
    ) {
        if let SpotEvent::Book(update) = &event
            && let Some(chain) = self.chains.get_mut(id.index())
        {
            let step = match (update.action, update.first, update.last) {
                (BookAction::Snapshot, ..) if is_crossed(update) => {
                    return self.spoil(id, "best bid is not below best ask".into(), out);
                }
                (BookAction::Snapshot, _, Some(last)) => chain.replace(last),
                (BookAction::Delta, Some(first), Some(last)) => extend(chain, first, last),
                _ if chain.is_numbered() => return self.spoil(id, "no numbers".into(), out),
                _ => Step::Follows,
            };
            let (numbers, resync) = match step {
                Step::Follows => {
                    if update.action == BookAction::Snapshot {
                        out.begun_anew(id);
                    }
                    return out.event(id, event);
                }
                Step::Repeated => return out.repeated(id, 1),
                Step::Stray => return out.stray(id),
                Step::Jumps(numbers) => (numbers, false),
                Step::Breaks(numbers) => (numbers, true),
            };
            let Numbers { expected, received } = numbers;
            tracing::debug!(symbol = %update.symbol, at = %now.wall, "book sequence jumped");
            let jump = Jump {
                expected,
                received,
                missed: None,
                time: update.time(),
                resync,
            };
            out.sequence_gap(id, jump);
            if resync {
                return;
            }
        }
        out.event(id, event);
    }

    /// An event of a topic is lost, and whatever builds on it.
    fn spoil(&mut self, id: TopicId, reason: Cow<'static, str>, out: &mut impl Output<Self>) {
        let chain = self.chains.get_mut(id.index());
        let mut malformed = Malformed::event(id, reason);
        if chain.is_some_and(Chain::lose) {
            malformed = malformed.resync();
        }
        out.malformed(malformed);
    }

    /// The topics that a message concerned lose an event; if it may have been anyone's it comes back.
    pub(super) fn spoiled(
        &mut self,
        malformed: message::Malformed,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let message::Malformed {
            reason,
            symbol,
            key,
            ..
        } = malformed;
        let Some((key, symbol)) = key.zip(symbol) else {
            return Err(Malformed::new(reason));
        };
        let keys = key.candidates(&symbol);
        let found: Vec<TopicId> = keys.filter_map(|key| topics.find(&key)).collect();
        if found.is_empty() {
            out.ignored("malformed event of a topic that is not subscribed");
        }
        for id in found {
            self.spoil(id, reason.clone(), out);
        }
        Ok(())
    }
}

/// Whether a whole book would trade with itself.
fn is_crossed(book: &BookUpdate) -> bool {
    let best_bid = offered(&book.bids).max();
    let best_ask = offered(&book.asks).min();
    best_bid.zip(best_ask).is_some_and(|(bid, ask)| bid >= ask)
}

fn offered(levels: &[Level]) -> impl Iterator<Item = Decimal> {
    let offers = levels.iter().filter(|level| !level.size.is_zero());
    offers.map(|level| level.price)
}
