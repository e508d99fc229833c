//! Lists of symbols, some of which have commas of their own.

use feedline::venue::dxlink::CandleSymbol;

use crate::outcome::{Failure, Outcome};

/// The symbols of arguments that hold one or several each, separated by commas. Those between
/// braces belong to a symbol: `AAPL{=h,tho=true},SPY` are two.
pub(crate) fn split(arguments: &[String]) -> Vec<String> {
    let mut symbols = Vec::new();
    for argument in arguments {
        let (mut start, mut depth) = (0, 0_usize);
        for (at, character) in argument.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    symbols.push(argument[start..at].to_owned());
                    start = at + 1;
                }
                _ => {}
            }
        }
        symbols.push(argument[start..].to_owned());
    }
    symbols
}

/// These as symbols of candles, each with a period of its own.
pub(crate) fn candle_symbols(symbols: &[String]) -> Outcome<Vec<CandleSymbol>> {
    let parsed = symbols.iter().map(|text| {
        // The venue would make candles of a single trade each of it, which nobody means.
        if !text.contains('{') {
            return Err(Failure::usage(format!(
                "{text:?} does not say how long candles are: expected a symbol such as \
                 '{text}{{=5m}}', '{text}{{=d}}' or '{text}{{=h,tho=true}}'"
            )));
        }
        text.parse()
            .map_err(|error: feedline::venue::dxlink::ParseCandleError| {
                Failure::usage(error.to_string())
            })
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_between_braces_belong_to_the_symbol() {
        let arguments = ["AAPL{=h,tho=true},SPY".to_owned(), "IBM".to_owned()];
        assert_eq!(split(&arguments), ["AAPL{=h,tho=true}", "SPY", "IBM"]);
        assert_eq!(split(&["A{=5m,B".to_owned()]), ["A{=5m,B"]);
    }

    #[test]
    fn a_candle_symbol_has_a_period() {
        let symbols = candle_symbols(&["AAPL{=1m}".to_owned()]).unwrap();
        assert_eq!(symbols[0].to_string(), "AAPL{=m}");
        for wrong in ["AAPL", "AAPL{=5x}", "AAPL{5m}"] {
            assert!(candle_symbols(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
