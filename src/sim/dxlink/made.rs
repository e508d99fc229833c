//! What tests publish by hand, and what they ask about.

use std::collections::BTreeSet;

use super::client::Channel;
use super::event::DxEvent;
use super::feed::Topic;
use super::venue::DxLinkVenue;
use crate::Decimal;
use crate::market::Side;
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::market::MarketTrade;

impl DxLinkVenue {
    /// Publishes events made by hand, as one transaction for each series among them.
    pub(in crate::sim) fn publish_made(
        &mut self,
        core: &mut Core,
        events: impl IntoIterator<Item = DxEvent>,
    ) -> usize {
        let events = events.into_iter().map(|event| self.board.adopt(event));
        let events = events.collect();
        self.publish(core, events)
    }

    pub(in crate::sim) fn publish_trade(
        &mut self,
        core: &mut Core,
        symbol: &str,
        price: Decimal,
        size: Decimal,
        side: Side,
    ) -> Option<MarketTrade> {
        let now = core.now().wall;
        let trade = self.board.market.record(symbol, price, size, side, now)?;
        self.publish_trades(core, std::slice::from_ref(&trade));
        Some(trade)
    }

    /// Sends a book made by hand to the `DOM` channels of a symbol. How many there are.
    pub(in crate::sim) fn publish_book(
        &mut self,
        core: &mut Core,
        symbol: &str,
        bids: &[(f64, f64)],
        asks: &[(f64, f64)],
    ) -> usize {
        let mut channels = 0;
        for (session, client) in &mut self.clients {
            if client.closing || !client.authorized {
                continue;
            }
            for (number, channel) in &mut client.channels {
                if let Channel::Dom(dom) = channel
                    && dom.symbol == symbol
                {
                    dom.send(core, *session, *number, bids, asks);
                    client.said = core.now().instant;
                    channels += 1;
                }
            }
        }
        channels
    }

    /// Everything that is subscribed, with the sessions that hold it.
    fn held(&self) -> impl Iterator<Item = (String, SessionId)> + '_ {
        self.clients.iter().flat_map(|(session, client)| {
            client.channels.values().flat_map(move |channel| {
                let topics: Vec<String> = match channel {
                    Channel::Dom(dom) => vec![dom.topic()],
                    Channel::Feed(feed) => {
                        let keys = feed.items.keys();
                        keys.map(|key| Topic(feed.contract, key).to_string())
                            .collect()
                    }
                };
                topics.into_iter().map(move |topic| (topic, *session))
            })
        })
    }

    pub(in crate::sim) fn topics(&self) -> BTreeSet<String> {
        self.held().map(|(topic, _)| topic).collect()
    }

    pub(in crate::sim) fn holders(&self, topic: &str) -> Vec<SessionId> {
        let held = self.held().filter(|(held, _)| held == topic);
        let sessions: BTreeSet<SessionId> = held.map(|(_, session)| session).collect();
        sessions.into_iter().collect()
    }

    /// What trades and is no option, future or coin.
    pub(in crate::sim) fn equities(&self) -> Vec<String> {
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase());
        let pairs = self.board.market.pairs().iter();
        let names = pairs.map(|pair| pair.symbol.to_string());
        names.filter(|name| plain(name)).collect()
    }

    pub(in crate::sim) fn resume(&mut self, core: &Core) {
        self.paused = false;
        self.board.market.skip_to(core.now().wall);
    }
}
