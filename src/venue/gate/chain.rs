//! Whether a book's updates follow each other by their sequence numbers.

/// So many old changes in a row are no repeats any more, whatever their numbers are: a venue whose
/// numbers stand still, or begin anew with holes, must not go unheard.
const MOST_REPEATS: u32 = 16;

/// The sequence of one topic's book updates on one subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    rule: Rule,
    /// The end of what was delivered; `None` until something begins the chain.
    last: Option<u64>,
    behind: Behind,
}

/// Changes in a row that lay before `last`: repeats, or a numbering begun anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Behind {
    count: u32,
    /// The end of the latest of them.
    last: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rule {
    /// Whole books, `spot.order_book`: nothing follows from anything, but time does not run backwards.
    #[default]
    Whole,
    /// `spot.order_book_update`: updates follow each other, and a break is repaired by a snapshot from
    /// elsewhere. Any change begins the chain: the socket brings no snapshot.
    Loose,
    /// `spot.obu`: a snapshot first, and a break makes the subscription worthless.
    Strict,
}

/// How an update relates to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Follows,
    /// All of it was delivered before.
    Repeated,
    /// The snapshot that it builds on has not come.
    Stray,
    /// The numbers jumped, and the update begins the chain again.
    Jumps(Numbers),
    /// The numbers jumped, and only a new subscription brings a beginning: the update is of no use.
    Breaks(Numbers),
}

/// Where the numbers jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) expected: u64,
    pub(super) received: u64,
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

    /// Whether the venue promises numbers on this chain.
    pub(super) fn is_numbered(&self) -> bool {
        self.rule != Rule::Whole
    }

    /// A whole book, up to this number, takes the place of what there was.
    pub(super) fn replace(&mut self, last: u64) -> Step {
        self.behind = Behind::default();
        match self.last.replace(last) {
            Some(before) if last < before => Step::Jumps(Numbers {
                expected: before.saturating_add(1),
                received: last,
            }),
            _ => Step::Follows,
        }
    }

    /// A change, from one number to another.
    pub(super) fn extend(&mut self, first: u64, last: u64) -> Step {
        let Some(before) = self.last else {
            if self.rule == Rule::Strict {
                return Step::Stray;
            }
            self.last = Some(last);
            return Step::Follows;
        };
        if last <= before && !self.begins_anew(first, last) {
            return Step::Repeated;
        }
        let next = before.saturating_add(1);
        let follows = first <= next && last > before;
        self.behind = Behind::default();
        self.last = Some(last);
        if follows {
            return Step::Follows;
        }
        let numbers = Numbers {
            expected: next,
            received: first,
        };
        if self.rule == Rule::Strict {
            self.last = None;
            return Step::Breaks(numbers);
        }
        Step::Jumps(numbers)
    }

    /// A change that may be of this chain or of a neighbour's, which runs ahead of it or behind: only
    /// what neither of them brought is missing.
    pub(super) fn extend_shared(&mut self, first: u64, last: u64) -> Step {
        let before = self.last.replace(self.last.unwrap_or(0).max(last));
        match before.map(|before| before.saturating_add(1)) {
            Some(expected) if first > expected => Step::Jumps(Numbers {
                expected,
                received: first,
            }),
            _ => Step::Follows,
        }
    }

    /// An update of unknown numbers is lost; tells whether only a new subscription helps.
    pub(super) fn lose(&mut self) -> bool {
        if self.rule != Rule::Whole {
            self.last = None;
            self.behind = Behind::default();
        }
        self.rule == Rule::Strict
    }

    /// Two changes far behind that follow each other are no repeats: the venue counts anew.
    fn begins_anew(&mut self, first: u64, last: u64) -> bool {
        let Behind { count, last: end } = self.behind;
        let follows = count > 0 && end.checked_add(1) == Some(first);
        let count = count + 1;
        self.behind = Behind { count, last };
        follows || count >= MOST_REPEATS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(expected: u64, received: u64) -> Numbers {
        Numbers { expected, received }
    }

    #[test]
    fn a_jump_is_told_once() {
        let mut chain = Chain::loose();
        assert_eq!(chain.extend(5, 7), Step::Follows);
        assert_eq!(chain.extend(8, 8), Step::Follows);
        assert_eq!(chain.extend(11, 12), Step::Jumps(numbers(9, 11)));
        assert_eq!(chain.extend(13, 13), Step::Follows);
    }

    #[test]
    fn old_changes_are_repeats_and_overlaps_are_news() {
        for mut chain in [Chain::loose(), Chain::strict()] {
            assert_eq!(chain.replace(4), Step::Follows);
            assert_eq!(chain.extend(5, 7), Step::Follows);
            assert_eq!(chain.extend(5, 7), Step::Repeated);
            assert_eq!(chain.extend(6, 9), Step::Follows);
            assert_eq!(chain.extend(6, 8), Step::Repeated);
            assert_eq!(chain.extend(10, 10), Step::Follows);
        }
    }

    #[test]
    fn a_numbering_begun_anew_is_a_jump() {
        let mut chain = Chain::loose();
        assert_eq!(chain.extend(500, 507), Step::Follows);
        assert_eq!(chain.extend(5, 7), Step::Repeated, "perhaps a repeat");
        assert_eq!(chain.extend(8, 8), Step::Jumps(numbers(508, 8)));
        assert_eq!(chain.extend(9, 12), Step::Follows);
    }

    #[test]
    fn numbers_begun_anew_with_holes_do_not_go_unheard() {
        let mut chain = Chain::loose();
        assert_eq!(chain.extend(5000, 5000), Step::Follows);
        for number in 1..16 {
            assert_eq!(chain.extend(number * 10, number * 10), Step::Repeated);
        }
        assert_eq!(chain.extend(160, 160), Step::Jumps(numbers(5001, 160)));
        assert_eq!(chain.extend(161, 161), Step::Follows);
    }

    #[test]
    fn a_strict_chain_begins_with_a_snapshot_and_waits_for_one_when_broken() {
        let mut chain = Chain::strict();
        assert_eq!(chain.extend(1, 2), Step::Stray);
        assert_eq!(chain.replace(10), Step::Follows);
        assert_eq!(chain.extend(11, 14), Step::Follows);
        assert_eq!(chain.extend(20, 21), Step::Breaks(numbers(15, 20)));
        assert_eq!(chain.extend(22, 22), Step::Stray);
        assert_eq!(chain.replace(40), Step::Follows);
        assert_eq!(chain.extend(41, 41), Step::Follows);
        assert!(chain.lose());
        assert_eq!(chain.extend(42, 42), Step::Stray);
    }

    #[test]
    fn a_lost_change_begins_a_loose_chain_anew() {
        let mut chain = Chain::loose();
        assert_eq!(chain.extend(11, 12), Step::Follows);
        assert!(!chain.lose());
        assert_eq!(chain.extend(20, 21), Step::Follows);
        assert_eq!(chain.extend(30, 31), Step::Jumps(numbers(22, 30)));
    }

    #[test]
    fn an_older_snapshot_is_a_jump_that_the_chain_goes_on_from() {
        for mut chain in [Chain::default(), Chain::loose(), Chain::strict()] {
            assert_eq!(chain.replace(10), Step::Follows);
            assert_eq!(chain.replace(10), Step::Follows);
            assert_eq!(chain.replace(8), Step::Jumps(numbers(11, 8)));
            assert_eq!(chain.extend(9, 9), Step::Follows);
        }
    }

    #[test]
    fn numbers_at_their_end_are_no_overflow() {
        let mut chain = Chain::loose();
        assert_eq!(chain.extend(u64::MAX, u64::MAX), Step::Follows);
        assert_eq!(chain.extend(u64::MAX, u64::MAX), Step::Repeated);
        assert_eq!(chain.extend(0, 0), Step::Repeated);
        assert_eq!(chain.extend(1, 1), Step::Jumps(numbers(u64::MAX, 1)));
        assert_eq!(chain.extend_shared(u64::MAX, u64::MAX), {
            Step::Jumps(numbers(2, u64::MAX))
        });
        assert_eq!(chain.extend_shared(u64::MAX, u64::MAX), Step::Follows);
        assert_eq!(chain.replace(0), Step::Jumps(numbers(u64::MAX, 0)));
    }

    #[test]
    fn what_two_speeds_bring_is_no_repeat() {
        let mut chain = Chain::loose();
        for (first, last) in [(11, 12), (13, 14), (11, 14), (15, 16), (15, 16)] {
            assert_eq!(chain.extend_shared(first, last), Step::Follows);
        }
        assert_eq!(chain.extend_shared(18, 18), Step::Jumps(numbers(17, 18)));
        assert_eq!(chain.extend_shared(15, 18), Step::Follows);
    }
}
