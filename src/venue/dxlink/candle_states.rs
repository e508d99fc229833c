use super::Candle;
use crate::market::CandleState;

/// Tells partial candles of one symbol from final ones, which the venue does not.
///
/// A candle may change until one with a higher index comes: then it is final, and is told once more
/// as such. One that comes after that is revised. In a snapshot all but the newest are final. Source:
/// dxFeed API, `Candle`.
#[derive(Clone, Debug, Default)]
pub struct CandleStates {
    newest: Option<Candle>,
}

impl CandleStates {
    /// Nothing seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what was seen: a new snapshot begins, which tells everything anew.
    pub fn begin(&mut self) {
        self.newest = None;
    }

    /// A candle of a snapshot; `left` of them follow, the newest last.
    pub fn snapshot(&mut self, mut candle: Candle, left: usize) -> Candle {
        if left > 0 {
            candle.state = Some(CandleState::Final);
        } else {
            candle.state = Some(CandleState::Partial);
            self.newest = Some(candle.clone());
        }
        candle
    }

    /// A candle that is new or changed; before it comes the one that it makes final, if it does.
    pub fn update(&mut self, mut candle: Candle) -> (Option<Candle>, Candle) {
        let newest = self.newest.as_ref().map(order);
        if newest.is_some_and(|newest| order(&candle) < newest) {
            candle.state = Some(CandleState::Revised);
            return (None, candle);
        }
        candle.state = Some(CandleState::Partial);
        let before = self.newest.replace(candle.clone());
        let mut over = before.filter(|before| order(before) < order(&candle));
        if let Some(over) = &mut over {
            over.state = Some(CandleState::Final);
        }
        (over, candle)
    }

    /// The candle of this index was removed.
    pub fn remove(&mut self, index: i64) {
        if self
            .newest
            .as_ref()
            .is_some_and(|newest| newest.detail.index == Some(index))
        {
            self.newest = None;
        }
    }
}

/// What candles are ordered by: the index, which begins with the start.
fn order(candle: &Candle) -> (crate::Timestamp, Option<i64>) {
    (candle.start, candle.detail.index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;
    use crate::market::Interval;
    use crate::venue::dxlink::{CandleDetail, index};
    use crate::{Symbol, Timestamp};

    fn candle(minute: i64, close: u32) -> Candle {
        let millis = minute * 60_000;
        Candle {
            symbol: Symbol::new("AAPL{=m}"),
            interval: Interval::minutes(1),
            start: Timestamp::from_millis(millis).unwrap(),
            open: Decimal::ONE,
            high: Decimal::ONE_HUNDRED,
            low: Decimal::ONE,
            close: close.into(),
            volume: None,
            turnover: None,
            trades: None,
            vwap: None,
            state: None,
            tainted: false,
            truncated: false,
            first_time: None,
            last_time: None,
            received: None,
            detail: CandleDetail {
                index: index::of_time(millis, 0),
                ..CandleDetail::default()
            },
        }
    }

    fn with(mut candle: Candle, state: CandleState) -> Candle {
        candle.state = Some(state);
        candle
    }

    #[test]
    fn a_newer_candle_makes_the_last_one_final() {
        let mut states = CandleStates::new();
        let partial = |minute, close| with(candle(minute, close), CandleState::Partial);
        assert_eq!(states.update(candle(1, 5)), (None, partial(1, 5)));
        assert_eq!(states.update(candle(1, 6)), (None, partial(1, 6)));
        let over = with(candle(1, 6), CandleState::Final);
        assert_eq!(states.update(candle(3, 7)), (Some(over), partial(3, 7)));
        let revised = with(candle(1, 8), CandleState::Revised);
        assert_eq!(states.update(candle(1, 8)), (None, revised));
    }

    #[test]
    fn a_snapshot_ends_with_the_one_candle_that_may_change() {
        let mut states = CandleStates::new();
        states.update(candle(1, 1));
        states.begin();
        let state = |candle: Candle| candle.state.unwrap();
        assert_eq!(state(states.snapshot(candle(2, 5), 1)), CandleState::Final);
        assert_eq!(
            state(states.snapshot(candle(3, 6), 0)),
            CandleState::Partial
        );
        let over = with(candle(3, 6), CandleState::Final);
        assert_eq!(states.update(candle(4, 7)).0, Some(over));
    }

    #[test]
    fn a_removed_candle_is_never_final() {
        let mut states = CandleStates::new();
        states.update(candle(1, 5));
        states.remove(candle(1, 5).detail.index.unwrap());
        assert_eq!(states.update(candle(2, 5)).0, None);
    }
}
