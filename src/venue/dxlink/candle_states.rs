use super::Candle;
use crate::market::CandleState;

/// Tells partial candles of one symbol from final ones, which the venue does not.
///
/// A candle may change until one with a higher index comes: then it is final, and is told once more
/// as such. One that is told again after that is revised; one that is older than the newest when it is
/// first told is final. In a snapshot all but the newest are final. Source: dxFeed API, `Candle`.
///
/// It keeps the newest candle, and of the others when the last 64 began: a change to one of before those
/// counts as revised.
#[derive(Clone, Debug, Default)]
pub struct CandleStates {
    /// The newest, unless part of it could not be read.
    newest: Option<Candle>,
    /// Where the newest is.
    latest: Option<Place>,
    told: Told,
}

impl CandleStates {
    /// Nothing seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the newest: a new snapshot begins, which tells it anew.
    pub fn begin(&mut self) {
        (self.newest, self.latest) = (None, None);
    }

    /// A candle of a snapshot; `left` of them follow, the newest last.
    pub fn snapshot(&mut self, mut candle: Candle, left: usize) -> Candle {
        let place = place(&candle);
        self.told.put(place, left < RECENT);
        if left > 0 {
            candle.state = Some(CandleState::Final);
        } else {
            candle.state = Some(CandleState::Partial);
            self.latest = Some(place);
            self.newest = Some(candle.clone());
        }
        candle
    }

    /// A candle that is new or changed; before it comes the one that it makes final, if it does.
    pub fn update(&mut self, mut candle: Candle) -> (Option<Candle>, Candle) {
        let place = place(&candle);
        if self.latest.is_some_and(|latest| place < latest) {
            let again = self.told.contains(place);
            self.told.put(place, true);
            candle.state = Some(match again {
                true => CandleState::Revised,
                false => CandleState::Final,
            });
            return (None, candle);
        }
        candle.state = Some(CandleState::Partial);
        self.told.put(place, true);
        let over = self.latest.replace(place) != Some(place);
        let before = self.newest.replace(candle.clone());
        let mut before = before.filter(|_| over);
        if let Some(before) = &mut before {
            before.state = Some(CandleState::Final);
        }
        (before, candle)
    }

    /// The candle of this index was removed.
    pub fn remove(&mut self, index: i64) {
        if self.is_newest(index) {
            self.begin();
        }
    }

    /// A change of the candle of this index could not be read: what is known of it must not be told as
    /// final.
    pub fn doubt(&mut self, index: i64) {
        if self.is_newest(index) {
            self.newest = None;
        }
    }

    fn is_newest(&self, index: i64) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| newest.detail.index == Some(index))
    }
}

/// How many candles are remembered to have been told.
const RECENT: usize = 64;

/// Which candles have been told before.
#[derive(Clone, Debug, Default)]
struct Told {
    /// The last ones, in order.
    recent: Vec<Place>,
    /// The oldest of all.
    oldest: Option<Place>,
    /// What is not after this is not remembered one by one.
    floor: Option<Place>,
}

impl Told {
    fn contains(&self, place: Place) -> bool {
        let before_all = self.oldest.is_none_or(|oldest| place < oldest);
        let forgotten = self.floor.is_some_and(|floor| place <= floor);
        !before_all && (forgotten || self.recent.binary_search(&place).is_ok())
    }

    fn put(&mut self, place: Place, recent: bool) {
        if self.recent.last() == Some(&place) {
            return;
        }
        self.oldest = Some(self.oldest.map_or(place, |oldest| oldest.min(place)));
        if !recent {
            self.floor = self.floor.max(Some(place));
            return;
        }
        if let Err(at) = self.recent.binary_search(&place) {
            self.recent.insert(at, place);
        }
        if self.recent.len() > RECENT {
            let first = self.recent.remove(0);
            self.floor = self.floor.max(Some(first));
        }
    }
}

/// What candles are ordered by: the index, which begins with the start.
type Place = (crate::Timestamp, Option<i64>);

fn place(candle: &Candle) -> Place {
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

    #[test]
    fn an_older_candle_that_is_told_for_the_first_time_is_final_and_not_revised() {
        let mut states = CandleStates::new();
        let state = |states: &mut CandleStates, minute| {
            let (over, candle) = states.update(candle(minute, 5));
            assert_eq!(over, None);
            candle.state.unwrap()
        };
        use CandleState::{Final, Partial, Revised};
        // History without flags, the newest first, far longer than what is remembered.
        assert_eq!(state(&mut states, 1_000), Partial);
        for minute in (0..1_000).rev().filter(|minute| *minute != 990) {
            assert_eq!(state(&mut states, minute), Final, "{minute}");
        }
        assert_eq!(state(&mut states, 990), Final);
        for minute in [990, 999, 500, 0] {
            assert_eq!(state(&mut states, minute), Revised, "{minute}");
        }
        assert_eq!(state(&mut states, 1_000), Partial);
    }

    #[test]
    fn what_a_snapshot_told_is_revised_when_it_changes() {
        let mut states = CandleStates::new();
        for left in (0..200).rev() {
            states.snapshot(candle(2 * (200 - left), 5), usize::try_from(left).unwrap());
        }
        let mut state = |minute| states.update(candle(minute, 6)).1.state.unwrap();
        assert_eq!(state(398), CandleState::Revised);
        assert_eq!(state(2), CandleState::Revised);
        // An interval that had no trades has one after all.
        assert_eq!(state(397), CandleState::Final);
        assert_eq!(state(1), CandleState::Final);
    }

    #[test]
    fn a_candle_of_which_a_change_could_not_be_read_is_not_told_as_final() {
        let mut states = CandleStates::new();
        states.update(candle(1, 5));
        states.doubt(candle(1, 5).detail.index.unwrap());
        assert_eq!(states.update(candle(2, 5)).0, None);
        // Its next change tells all of it.
        states.doubt(candle(2, 5).detail.index.unwrap());
        let partial = with(candle(2, 6), CandleState::Partial);
        assert_eq!(states.update(candle(2, 6)), (None, partial));
        assert!(states.update(candle(3, 7)).0.is_some());
    }
}
