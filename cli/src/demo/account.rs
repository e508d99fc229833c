//! Where each trade that the venue sent has gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use feedline::market::Id;
use feedline::venue::gate::Trade;
use feedline::{Cause, Gap, Symbol, Timestamp};
use serde::Serialize;

/// How long before the last frame that arrived a lost one may have been sent: several can be on
/// their way when the connection breaks.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// A trade that the venue sent, or would have sent if anybody had been connected.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) symbol: Symbol,
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
}

/// What the feed told, in its order.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Trade { symbol: Symbol, id: u64 },
    Gap(Gap),
}

impl Seen {
    pub(crate) fn trade(trade: &Trade) -> Option<Self> {
        Some(Self::Trade {
            symbol: trade.symbol.clone(),
            id: id_of(trade)?,
        })
    }
}

pub(crate) fn id_of(trade: &Trade) -> Option<u64> {
    match trade.id {
        Some(Id::Number(id)) => Some(id),
        _ => None,
    }
}

/// One symbol's account, or that of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    /// Lost where a gap says so, and counted by it.
    pub(crate) counted: u64,
    /// Lost where a gap says that the connection was down, at a time when it says so.
    pub(crate) outage: u64,
    /// Lost in silence, made up, or delivered twice.
    pub(crate) unexplained: u64,
}

/// The account of a whole feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Account {
    pub(crate) symbols: BTreeMap<Symbol, Row>,
    pub(crate) total: Row,
}

impl Account {
    /// Compares what was sent with what was seen.
    ///
    /// A gap explains a lost trade only if it stands in the stream where the trade is missing,
    /// between the symbol's neighbouring trades, and if it concerns the symbol. Of an outage the
    /// time must fit too, and a count explains no more than it counts.
    pub(crate) fn new(sent: &[Sent], seen: &[Seen]) -> Self {
        let mut of_symbol: BTreeMap<Symbol, Vec<&Sent>> = BTreeMap::new();
        for sent in sent {
            of_symbol.entry(sent.symbol.clone()).or_default().push(sent);
        }
        let mut left: Vec<u64> = seen.iter().map(count_of).collect();
        let mut account = Self::default();
        for (symbol, sent) in of_symbol {
            let row = row(&symbol, &sent, seen, &mut left);
            account.total.add(row);
            account.symbols.insert(symbol, row);
        }
        account
    }

    /// Whether nothing is unexplained, of at least one trade.
    pub(crate) fn adds_up(&self) -> bool {
        self.total.unexplained == 0 && self.total.delivered > 0
    }
}

impl Row {
    fn add(&mut self, row: Self) {
        self.sent += row.sent;
        self.delivered += row.delivered;
        self.counted += row.counted;
        self.outage += row.outage;
        self.unexplained += row.unexplained;
    }
}

/// How many losses a gap counts.
fn count_of(seen: &Seen) -> u64 {
    match seen {
        Seen::Gap(gap) => gap.missed.unwrap_or(match gap.cause {
            Cause::Malformed { messages, .. } => messages,
            _ => 0,
        }),
        Seen::Trade { .. } => 0,
    }
}

/// The account of one symbol. `left` is how many losses each gap may still explain.
fn row(symbol: &Symbol, sent: &[&Sent], seen: &[Seen], left: &mut [u64]) -> Row {
    let place: HashMap<u64, usize> = sent.iter().enumerate().map(|(at, s)| (s.id, at)).collect();
    let mut row = Row {
        sent: sent.len() as u64,
        ..Row::default()
    };
    let mut delivered = HashSet::new();
    let mut lost = |row: &mut Row, sent: &[&Sent], gaps: &[usize]| {
        for sent in sent {
            if gaps.iter().any(|at| is_outage_of(&seen[*at], sent.at)) {
                row.outage += 1;
            } else if let Some(at) = gaps.iter().find(|at| left[**at] > 0) {
                left[*at] -= 1;
                row.counted += 1;
            } else {
                row.unexplained += 1;
            }
        }
    };
    let mut next = 0;
    let mut gaps = Vec::new();
    for (at, item) in seen.iter().enumerate() {
        match item {
            Seen::Gap(gap) if gap.scope.contains(symbol) => gaps.push(at),
            Seen::Trade { symbol: of, id } if of == symbol => match place.get(id) {
                Some(place) if *place >= next => {
                    lost(&mut row, &sent[next..*place], &gaps);
                    gaps.clear();
                    next = place + 1;
                    delivered.insert(*id);
                    row.delivered += 1;
                }
                // Never sent, sent once and delivered twice, or out of its order.
                _ => row.unexplained += 1,
            },
            _ => {}
        }
    }
    lost(&mut row, &sent[next..], &gaps);
    row
}

fn is_outage_of(seen: &Seen, at: Timestamp) -> bool {
    let Seen::Gap(gap) = seen else { return false };
    let Cause::Outage { from, to } = gap.cause else {
        return false;
    };
    from.saturating_sub(ON_THE_WAY) <= at && at <= to
}

#[cfg(test)]
mod tests {
    use feedline::{GapId, Scope};

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.saturating_add(Duration::from_secs(seconds))
    }

    /// A trade a second, whose id is the second.
    fn sent(ids: std::ops::RangeInclusive<u64>) -> Vec<Sent> {
        ids.map(|id| Sent {
            symbol: "A_B".into(),
            id,
            at: at(id),
        })
        .collect()
    }

    fn seen(id: u64) -> Seen {
        let symbol = "A_B".into();
        Seen::Trade { symbol, id }
    }

    fn outage(from: u64, to: u64, symbol: &str) -> Seen {
        let cause = Cause::Outage {
            from: at(from),
            to: at(to),
        };
        Seen::Gap(Gap::new(GapId::new(1), cause, Scope::of([symbol.into()])))
    }

    fn malformed(messages: u64) -> Seen {
        let cause = Cause::Malformed {
            messages,
            from: at(0),
            to: at(0),
        };
        Seen::Gap(Gap::new(GapId::new(1), cause, Scope::All))
    }

    fn figures(sent: &[Sent], seen: &[Seen]) -> [u64; 5] {
        let Row {
            sent,
            delivered,
            counted,
            outage,
            unexplained,
        } = Account::new(sent, seen).total;
        [sent, delivered, counted, outage, unexplained]
    }

    #[test]
    fn an_outage_explains_what_lies_inside_of_it() {
        let sent = sent(1..=5);
        let told = [seen(1), outage(1, 4, "A_B"), seen(5)];
        assert_eq!(figures(&sent, &told), [5, 2, 0, 3, 0]);
        let too_short = [seen(1), outage(1, 3, "A_B"), seen(5)];
        assert_eq!(figures(&sent, &too_short), [5, 2, 0, 2, 1]);
        let other_symbol = [seen(1), outage(1, 4, "C_D"), seen(5)];
        assert_eq!(figures(&sent, &other_symbol), [5, 2, 0, 0, 3]);
    }

    #[test]
    fn a_gap_at_another_place_explains_nothing() {
        let told = [seen(1), seen(4), outage(1, 9, "A_B"), seen(5)];
        assert_eq!(figures(&sent(1..=5), &told), [5, 3, 0, 0, 2]);
    }

    #[test]
    fn a_count_explains_no_more_than_it_counts() {
        let told = [seen(1), malformed(2), seen(4), seen(5)];
        assert_eq!(figures(&sent(1..=5), &told), [5, 3, 2, 0, 0]);
        let told = [seen(1), malformed(2), seen(5)];
        assert_eq!(figures(&sent(1..=5), &told), [5, 2, 2, 0, 1]);
    }

    #[test]
    fn what_was_made_up_or_told_twice_is_unexplained() {
        let told = [seen(1), seen(2), seen(2), seen(9)];
        assert_eq!(figures(&sent(1..=2), &told), [2, 2, 0, 0, 2]);
    }

    #[test]
    fn the_end_counts_too() {
        assert_eq!(figures(&sent(1..=3), &[seen(1)]), [3, 1, 0, 0, 2]);
        assert!(!Account::new(&[], &[]).adds_up());
    }
}
