//! Which numbers of its market a trade stands for.

use super::TradeDetail;
use crate::feed::Position;

/// `id_market` counts the trades of a market. Gate does not say that none is left out, so that it has to
/// be learned; `id` was counted over all markets until 2025 and shows nothing.
///
/// `range` is the numbers of the fills that a trade merges. On the wire of 2026 it is in the numbering of
/// `id_market` (both are the same number for a trade of one fill), in Gate's documentation it is in one
/// of its own: it counts only where it holds the trade's own number.
#[inline]
pub(super) fn of(detail: &TradeDetail) -> Option<Position> {
    let number = detail.id_market?;
    let (first, last) = match detail.range {
        Some(range) if (range.first..=range.last).contains(&number) => (range.first, range.last),
        _ => (number, number),
    };
    Some(Position { first, last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::gate::IdRange;

    fn of(id_market: Option<u64>, range: Option<(u64, u64)>) -> Option<(u64, u64)> {
        let detail = TradeDetail {
            id_market,
            range: range.map(|(first, last)| IdRange { first, last }),
            ..TradeDetail::default()
        };
        super::of(&detail).map(|position| (position.first, position.last))
    }

    #[test]
    fn a_trade_stands_for_the_fills_it_merges() {
        assert_eq!(of(Some(7), None), Some((7, 7)));
        assert_eq!(of(Some(7), Some((7, 7))), Some((7, 7)));
        assert_eq!(of(Some(7), Some((5, 7))), Some((5, 7)));
        assert_eq!(of(Some(5), Some((5, 7))), Some((5, 7)));
    }

    #[test]
    fn a_range_of_another_numbering_says_nothing() {
        assert_eq!(of(Some(917), Some((2390, 2391))), Some((917, 917)));
    }

    #[test]
    fn without_a_number_of_its_market_a_trade_has_no_place() {
        assert_eq!(of(None, Some((5, 7))), None);
    }
}
