//! Whether a book's updates follow each other by their sequence numbers.

/// The sequence of one topic's book updates on one subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    rule: Rule,
    last: Option<u64>,
    /// The end of the last update that lay before `last`: a repeat, or a numbering begun anew.
    behind: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rule {
    /// Whole books: nothing follows from anything.
    #[default]
    Whole,
    /// `spot.order_book_update`: updates follow each other, a jump is repaired by a snapshot from
    /// elsewhere.
    Loose,
    /// `spot.obu`: a snapshot first, and a jump makes the subscription worthless.
    Strict,
}

/// How an update relates to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Follows,
    /// Of an earlier subscription: its snapshot has not come yet.
    Stray,
    Jumps {
        expected: u64,
        received: u64,
        /// Only a new subscription helps.
        broken: bool,
    },
}

impl Chain {
    pub(super) fn loose() -> Self {
        Self {
            rule: Rule::Loose,
            ..Self::default()
        }
    }

    pub(super) fn strict() -> Self {
        Self {
            rule: Rule::Strict,
            ..Self::default()
        }
    }

    pub(super) fn step(&mut self, whole: bool, first: Option<u64>, last: Option<u64>) -> Step {
        if self.rule == Rule::Whole {
            return Step::Follows;
        }
        let before = self.last;
        if whole {
            self.last = last;
            return Step::Follows;
        }
        let Some(before) = before else {
            if self.rule == Rule::Strict {
                return Step::Stray;
            }
            self.last = last;
            return Step::Follows;
        };
        let (Some(first), Some(last)) = (first, last) else {
            // Without numbers nothing can be said of what lies between.
            self.last = None;
            return Step::Follows;
        };
        if last <= before {
            let follows = self.behind.is_some_and(|behind| first == behind + 1);
            self.behind = Some(last);
            if !follows {
                return Step::Follows;
            }
            // Two that follow each other far behind are no repeats: the venue counts anew.
            (self.last, self.behind) = (Some(last), None);
            let broken = self.rule == Rule::Strict;
            return Step::Jumps {
                expected: before + 1,
                received: first,
                broken,
            };
        }
        (self.last, self.behind) = (Some(last), None);
        if first > before.saturating_add(1) {
            let broken = self.rule == Rule::Strict;
            return Step::Jumps {
                expected: before + 1,
                received: first,
                broken,
            };
        }
        Step::Follows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(chain: &mut Chain, first: u64, last: u64) -> Step {
        chain.step(false, Some(first), Some(last))
    }

    #[test]
    fn a_jump_is_told_once() {
        let mut chain = Chain::loose();
        assert_eq!(delta(&mut chain, 5, 7), Step::Follows);
        assert_eq!(delta(&mut chain, 8, 8), Step::Follows);
        let jump = Step::Jumps {
            expected: 9,
            received: 11,
            broken: false,
        };
        assert_eq!(delta(&mut chain, 11, 12), jump);
        assert_eq!(delta(&mut chain, 13, 13), Step::Follows);
    }

    #[test]
    fn repeats_and_overlaps_are_no_jumps() {
        let mut chain = Chain::loose();
        assert_eq!(delta(&mut chain, 5, 7), Step::Follows);
        assert_eq!(delta(&mut chain, 5, 7), Step::Follows);
        assert_eq!(delta(&mut chain, 6, 9), Step::Follows);
        assert_eq!(delta(&mut chain, 10, 10), Step::Follows);
    }

    #[test]
    fn a_numbering_begun_anew_is_a_jump() {
        let mut chain = Chain::loose();
        assert_eq!(delta(&mut chain, 500, 507), Step::Follows);
        assert_eq!(delta(&mut chain, 5, 7), Step::Follows, "perhaps a repeat");
        let jump = Step::Jumps {
            expected: 508,
            received: 8,
            broken: false,
        };
        assert_eq!(delta(&mut chain, 8, 8), jump);
        assert_eq!(delta(&mut chain, 9, 12), Step::Follows);
    }

    #[test]
    fn a_strict_chain_begins_with_a_snapshot() {
        let mut chain = Chain::strict();
        assert_eq!(delta(&mut chain, 1, 2), Step::Stray);
        assert_eq!(chain.step(true, None, Some(10)), Step::Follows);
        assert_eq!(delta(&mut chain, 11, 14), Step::Follows);
        let jump = Step::Jumps {
            expected: 15,
            received: 20,
            broken: true,
        };
        assert_eq!(delta(&mut chain, 20, 21), jump);
        assert_eq!(chain.step(true, None, Some(40)), Step::Follows);
        assert_eq!(delta(&mut chain, 41, 41), Step::Follows);
    }
}
