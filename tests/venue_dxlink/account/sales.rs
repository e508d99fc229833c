//! A handle on executions, and what was executed.

use std::collections::{HashMap, HashSet};

use feedline::market::{Id, Side};
use feedline::sim::dxlink::DxLinkSim;
use feedline::sim::{Fate, Identity};
use feedline::venue::dxlink::TimeAndSale;
use feedline::{Decimal, Error, Event, Overflow, Subscription, Timestamp};
use futures_util::{FutureExt, StreamExt};

use super::story::{Sent, Story};

pub(super) struct Sales {
    pub(super) feed: Subscription<TimeAndSale>,
    pub(super) story: Story,
    pub(super) overflow: Overflow,
}

impl Sales {
    pub(super) fn new(
        feed: Subscription<TimeAndSale>,
        symbols: &[&str],
        overflow: Overflow,
        now: Timestamp,
    ) -> Self {
        // The venue acknowledges nothing that would show where a new subscription begins.
        let mut story = Story::of(symbols.iter().copied()).since(now);
        story.fails = overflow == Overflow::Fail;
        Self {
            feed,
            story,
            overflow,
        }
    }

    /// Reads up to `most` events that are ready; what ended the stream, if it has ended.
    pub(super) fn read(&mut self, most: usize) -> Option<Option<Error>> {
        for _ in 0..most {
            match self.feed.next().now_or_never()? {
                Some(Ok(Event::Data(sale))) => {
                    let Some(Id::Number(id)) = sale.id else {
                        panic!("{sale:?}")
                    };
                    self.story.data(&sale.symbol, id);
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

/// What was executed, whether anybody was connected or not: of that alone the venue's journal tells.
#[derive(Default)]
pub(super) struct Executed {
    sales: Vec<Sent>,
    /// The latest time of each symbol in milliseconds, and the number of its last sale.
    latest: HashMap<&'static str, (i64, i64)>,
    /// How far the times of events are from those of the simulator's clock, in nanoseconds.
    pub(super) shift: i64,
}

impl Executed {
    pub(super) fn trade(&mut self, sim: &DxLinkSim, symbol: &'static str) {
        let (price, size) = (Decimal::from(100), Decimal::from(1));
        let trade = sim.publish_trade(symbol, price, size, Side::Buy).unwrap();
        let millis = Timestamp::from_nanos(trade.time.as_nanos() + self.shift).as_millis();
        // As dxFeed numbers what happens in one millisecond.
        let latest = self.latest.entry(symbol).or_insert((i64::MIN, 0));
        let sequence = if millis <= latest.0 { latest.1 + 1 } else { 0 };
        *latest = (latest.0.max(millis), sequence);
        let (seconds, rest) = (millis.div_euclid(1_000), millis.rem_euclid(1_000));
        let index = seconds << 32 | rest << 22 | sequence;
        self.sales.push(Sent {
            symbol: symbol.into(),
            key: u64::try_from(index).unwrap(),
            time: Timestamp::from_millis(millis).unwrap(),
            ahead: self.shift,
            owed: true,
        });
    }

    /// The number of a symbol's last sale.
    pub(super) fn last(&self, symbol: &str) -> Option<u64> {
        let mut sales = self.sales.iter().rev();
        sales
            .find(|sent| sent.symbol == symbol)
            .map(|sent| sent.key)
    }

    /// All of it. What the venue let vanish without a trace nobody is owed.
    pub(super) fn sent(&self, sim: &DxLinkSim) -> Vec<Sent> {
        let mut withheld = HashSet::new();
        for published in sim.journal() {
            if let (Identity::Index(index), "TimeAndSale") = (published.identity, published.channel)
                && let mut fates = published.deliveries.iter().map(|delivery| delivery.fate)
                && fates.any(|fate| fate == Fate::Withheld)
            {
                withheld.insert((published.symbol, index.unsigned_abs()));
            }
        }
        let sales = self.sales.iter().cloned().map(|mut sale| {
            let key = (sale.symbol.clone(), sale.key);
            sale.owed = !withheld.contains(&key);
            sale
        });
        sales.collect()
    }
}
