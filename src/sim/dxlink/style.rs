//! How an event is written, where it is not written as it should be.

use super::value::DxValue;

/// What is unusual about an event's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// Numbers are texts.
    pub(super) texts: bool,
    /// Candles bear another spelling of their symbol.
    pub(super) respelt: bool,
    /// Its own time is left out.
    pub(super) untimed: bool,
    /// It cannot be read.
    pub(super) fault: Option<RowFault>,
}

/// Why a row cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowFault {
    /// A text stands where a number belongs.
    Value,
    /// Its last value is missing.
    Short,
}

impl Style {
    /// The symbol, spelt another way if there is one: a period of one may be written with it.
    pub(super) fn symbol(self, symbol: &str) -> DxValue {
        let respelt = symbol
            .split_once("{=")
            .filter(|(_, period)| self.respelt && period.starts_with(char::is_alphabetic))
            .map(|(traded, period)| format!("{traded}{{=1{period}"));
        respelt.unwrap_or_else(|| symbol.to_owned()).into()
    }

    pub(super) fn value(self, value: &DxValue, text: &mut String) {
        let number = match value {
            DxValue::Double(number) => number.is_finite(),
            DxValue::Long(_) => true,
            _ => false,
        };
        let quote = if self.texts && number { "\"" } else { "" };
        *text += quote;
        value.write(text);
        *text += quote;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_one_may_be_written_with_it() {
        let spelt = |respelt, symbol: &str| {
            let mut text = String::new();
            let style = Style {
                respelt,
                ..Style::default()
            };
            style.symbol(symbol).write(&mut text);
            text
        };
        assert_eq!(spelt(true, "AAPL{=m}"), "\"AAPL{=1m}\"");
        assert_eq!(spelt(true, "AAPL{=5m}"), "\"AAPL{=5m}\"");
        assert_eq!(spelt(true, "AAPL"), "\"AAPL\"");
        assert_eq!(spelt(false, "AAPL{=m}"), "\"AAPL{=m}\"");
    }
}
