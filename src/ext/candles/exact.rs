//! Sums and products that are exact or not there: rust_decimal's own round what does not fit.

use crate::Decimal;

pub(super) fn mul(a: Decimal, b: Decimal) -> Option<Decimal> {
    product(a, b).or_else(|| product(a.normalize(), b.normalize()))
}

pub(super) fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    sum(a, b).or_else(|| sum(a.normalize(), b.normalize()))
}

fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let mantissa = a.mantissa().checked_mul(b.mantissa())?;
    Decimal::try_from_i128_with_scale(mantissa, a.scale() + b.scale()).ok()
}

fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let scale = a.scale().max(b.scale());
    let lift = |value: Decimal| {
        let factor = 10_i128.checked_pow(scale - value.scale())?;
        value.mantissa().checked_mul(factor)
    };
    let mantissa = if a.scale() == b.scale() {
        a.mantissa() + b.mantissa()
    } else {
        lift(a)?.checked_add(lift(b)?)?
    };
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
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
        assert_eq!(add(Decimal::MAX, Decimal::ONE), None);
        assert_eq!(add(Decimal::MAX, Decimal::ZERO), Some(Decimal::MAX));
        assert_eq!(
            add(Decimal::MAX, Decimal::NEGATIVE_ONE),
            Some(Decimal::MAX - Decimal::ONE)
        );
    }
}
