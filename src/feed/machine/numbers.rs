//! Numbers that nobody promises to be consecutive, until they have shown it.

use crate::feed::Position;

/// So many events must follow each other before a jump is believed to be a loss.
const TRUSTED_AFTER: u16 = 200;

/// What the numbers of one topic's events have shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LearnedNumbers {
    last: Option<u64>,
    /// How many events in a row followed each other, up to the trusted number.
    row: u16,
}

/// How an event's position relates to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The numbers show nothing, yet or any more.
    Unknown,
    /// Nothing is missing.
    Follows,
    /// This number should have come; so many events did not.
    Jumps { expected: u64, missed: u64 },
}

impl LearnedNumbers {
    /// Numbers that have earned belief on another connection, up to this one.
    pub(super) fn believed_up_to(last: u64) -> Self {
        Self {
            last: Some(last),
            row: TRUSTED_AFTER,
        }
    }

    /// The last number, where they have earned belief.
    pub(super) fn believed_last(&self) -> Option<u64> {
        self.last.filter(|_| self.believed())
    }

    pub(super) fn believed(&self) -> bool {
        self.row >= TRUSTED_AFTER
    }

    /// Takes the next event's position. After an outage a jump ahead is to be expected, and says nothing
    /// against the numbers.
    #[inline]
    pub(super) fn step(&mut self, position: Position, after_outage: bool) -> Step {
        let Some(last) = self.last.replace(position.last) else {
            return Step::Unknown;
        };
        let believed = self.believed();
        if position.last == last && position.first <= last {
            // The same event again says nothing of the numbers.
            return if believed {
                Step::Follows
            } else {
                Step::Unknown
            };
        }
        let missed = position
            .first
            .checked_sub(last)
            .map(|ahead| ahead.wrapping_sub(1));
        match missed {
            Some(0) => {
                self.row = self.row.saturating_add(1).min(TRUSTED_AFTER);
                if believed {
                    Step::Follows
                } else {
                    Step::Unknown
                }
            }
            Some(missed) if believed && missed != u64::MAX => Step::Jumps {
                expected: last + 1,
                missed,
            },
            Some(missed) if after_outage && missed != u64::MAX => Step::Unknown,
            // Backwards, or a jump of numbers that have shown nothing.
            _ => {
                self.row = 0;
                Step::Unknown
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(number: u64) -> Position {
        Position {
            first: number,
            last: number,
        }
    }

    fn learned() -> LearnedNumbers {
        let mut numbers = LearnedNumbers::default();
        for number in 1..=201 {
            assert_eq!(numbers.step(one(number), false), Step::Unknown);
        }
        assert!(numbers.believed());
        numbers
    }

    #[test]
    fn two_hundred_in_a_row_are_believed() {
        let mut numbers = learned();
        assert_eq!(numbers.step(one(202), false), Step::Follows);
        let jump = Step::Jumps {
            expected: 203,
            missed: 7,
        };
        assert_eq!(numbers.step(one(210), false), jump);
        assert_eq!(numbers.step(one(211), false), Step::Follows);
    }

    #[test]
    fn an_event_may_stand_for_a_range() {
        let mut numbers = learned();
        let range = Position {
            first: 202,
            last: 209,
        };
        assert_eq!(numbers.step(range, false), Step::Follows);
        assert_eq!(numbers.step(one(210), false), Step::Follows);
    }

    #[test]
    fn a_jump_backwards_ends_the_belief() {
        for number in [200, 5] {
            let mut numbers = learned();
            assert_eq!(numbers.step(one(number), false), Step::Unknown);
            assert!(!numbers.believed());
        }
    }

    #[test]
    fn an_event_that_comes_twice_changes_nothing() {
        let mut numbers = learned();
        assert_eq!(numbers.step(one(201), false), Step::Follows);
        let jump = Step::Jumps {
            expected: 202,
            missed: 7,
        };
        assert_eq!(numbers.step(one(209), false), jump);
    }

    #[test]
    fn a_jump_before_the_belief_begins_the_count_again() {
        let mut numbers = LearnedNumbers::default();
        for number in (1..=100).chain(300..=400) {
            assert_eq!(numbers.step(one(number), false), Step::Unknown);
        }
        assert!(!numbers.believed());
    }

    #[test]
    fn a_jump_over_an_outage_leaves_the_count_as_it_is() {
        let mut numbers = LearnedNumbers::default();
        for first in [1, 300, 600] {
            assert_eq!(numbers.step(one(first), true), Step::Unknown);
            for number in first + 1..=first + 70 {
                numbers.step(one(number), false);
            }
        }
        assert!(numbers.believed());
        assert_eq!(numbers.step(one(5), true), Step::Unknown);
        assert!(!numbers.believed(), "backwards is another numbering");
    }
}
