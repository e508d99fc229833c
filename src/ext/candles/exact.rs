//! Sums and products that are exact or not there, where rust_decimal's own round what does not fit;
//! and a quotient to a known number of digits, in a fraction of the time.

use crate::Decimal;

#[inline]
pub(super) fn mul(a: Decimal, b: Decimal) -> Option<Decimal> {
    product(a, b).or_else(|| product(a.normalize(), b.normalize()))
}

#[inline]
pub(super) fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    sum(a, b).or_else(|| sum(a.normalize(), b.normalize()))
}

/// `a < b`, mostly between prices of one scale.
#[inline]
pub(super) fn less(a: Decimal, b: Decimal) -> bool {
    if a.scale() == b.scale() {
        a.mantissa() < b.mantissa()
    } else {
        a < b
    }
}

#[inline]
fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let short = |value: Decimal| i64::try_from(value.mantissa()).ok();
    let mantissa = match (short(a), short(b)) {
        // Numbers of 64 bits cannot overflow here, and are multiplied in one instruction.
        (Some(a), Some(b)) => i128::from(a) * i128::from(b),
        _ => a.mantissa().checked_mul(b.mantissa())?,
    };
    Decimal::try_from_i128_with_scale(mantissa, a.scale() + b.scale()).ok()
}

fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    if a.scale() == b.scale() {
        return Decimal::try_from_i128_with_scale(a.mantissa() + b.mantissa(), a.scale()).ok();
    }
    let scale = a.scale().max(b.scale());
    let lift = |value: Decimal| {
        let factor = 10_i128.checked_pow(scale - value.scale())?;
        value.mantissa().checked_mul(factor)
    };
    let mantissa = lift(a)?.checked_add(lift(b)?)?;
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

/// How many digits a quotient has beyond those of the numbers it is made of.
const DIGITS: u32 = 8;

/// `total / amount`, rounded half to even at eight digits beyond those of a price: the total's
/// digits less the amount's. Where prices have more digits than others, or sizes, it may be fewer of
/// them, but never less than eight.
#[inline]
pub(super) fn ratio(total: Decimal, amount: Decimal) -> Option<Decimal> {
    let scale = total.scale().saturating_sub(amount.scale()) + DIGITS;
    short_ratio(total, amount, scale).or_else(|| {
        let ratio = total.checked_div(amount)?;
        Some(ratio.round_dp(scale).normalize())
    })
}

/// The usual case, several times faster than dividing signed numbers of 128 bits.
#[inline]
fn short_ratio(total: Decimal, amount: Decimal, scale: u32) -> Option<Decimal> {
    let zeros = scale + amount.scale() - total.scale();
    let total = u128::try_from(total.mantissa()).ok()?;
    let total = total.checked_mul(10_u128.checked_pow(zeros)?)?;
    let amount = u64::try_from(amount.mantissa()).ok()?;
    if amount == 0 {
        return None;
    }
    let amount = u128::from(amount);
    let (quotient, rest) = (total / amount, total % amount);
    let up = rest * 2 > amount || (rest * 2 == amount && quotient % 2 == 1);
    let (digits, scale) = trim(i128::try_from(quotient + u128::from(up)).ok()?, scale);
    Decimal::try_from_i128_with_scale(digits, scale).ok()
}

/// Without zeros at the end of the fraction.
fn trim(mut digits: i128, mut scale: u32) -> (i128, u32) {
    // Numbers of 64 bits divide by ten in a multiplication.
    while let Ok(short) = u64::try_from(digits)
        && scale > 0
        && short % 10 == 0
    {
        digits = i128::from(short / 10);
        scale -= 1;
    }
    (digits, scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::parse;

    #[test]
    fn is_exact_or_nothing() {
        let of = |text: &str| parse(text).unwrap();
        assert_eq!(add(of("1.50"), of("0.025")), Some(of("1.525")));
        assert_eq!(
            mul(of("83790.9"), of("0.497321")),
            Some(of("41670.9741789"))
        );
        assert_eq!(add(of("1e28"), of("1e-9")), None);
        assert_eq!(mul(of("1e-20"), of("1e-9")), None);
        assert_eq!(
            mul(of("1.00000000000000"), of("2.000000000000000")),
            Some(of("2"))
        );
        assert_eq!(
            add(of("1.0000000000000000000000000000"), of("10")),
            Some(of("11"))
        );
        assert_eq!(add(Decimal::MAX, Decimal::ONE), None);
        assert_eq!(add(Decimal::MAX, Decimal::ZERO), Some(Decimal::MAX));
        assert_eq!(
            add(Decimal::MAX, Decimal::NEGATIVE_ONE),
            Some(Decimal::MAX - Decimal::ONE)
        );
    }

    #[test]
    fn ratios_have_eight_digits_more_than_prices() {
        let of = |text: &str| parse(text).unwrap();
        assert_eq!(ratio(of("22.50"), of("4.0")).unwrap().to_string(), "5.625");
        assert_eq!(ratio(of("2"), of("3")).unwrap().to_string(), "0.66666667");
        assert_eq!(ratio(of("1e-8"), of("2")), Some(of("0.000000005")));
        assert_eq!(ratio(of("-1"), of("3")), Some(of("-0.33333333")));
        // Half to even.
        let rounded = |text| ratio(of(text), of("200000000"));
        assert_eq!(rounded("1"), Some(of("0")));
        assert_eq!(rounded("3"), Some(of("0.00000002")));
        assert_eq!(ratio(Decimal::ONE, Decimal::ZERO), None);
        assert_eq!(
            ratio(of("100000000000000000000000000"), of("3")).map(|ratio| ratio.trunc()),
            Some(of("33333333333333333333333333"))
        );
    }

    proptest::proptest! {
        #[test]
        fn ratios_agree_with_the_library(
            total in 0..i64::MAX, total_scale in 0..12_u32,
            amount in 1..i64::MAX, amount_scale in 0..12_u32,
        ) {
            let total = Decimal::new(total, total_scale);
            let amount = Decimal::new(amount, amount_scale);
            let scale = total_scale.saturating_sub(amount_scale) + DIGITS;
            let exact = (total / amount).round_dp(scale);
            let ours = ratio(total, amount).unwrap();
            let unit = Decimal::new(1, scale);
            // The library rounds twice here.
            proptest::prop_assert!((ours - exact).abs() <= unit, "{ours} {exact}");
        }
    }
}
