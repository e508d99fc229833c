use crate::Symbol;
use crate::feed::Topic;

/// Bytes of the longest symbol: some are formulas, but requests must not grow without bounds.
const LONGEST: usize = 1_024;

/// Why these symbols, which make these topics, cannot be asked for, whatever the venue would say.
pub(in crate::feed) fn objection<T: Topic>(symbols: &[Symbol], topics: &[T]) -> Option<String> {
    let of_one = |symbol: &Symbol| {
        if symbol.trim().is_empty() {
            Some("a symbol must not be empty".to_owned())
        } else if symbol.chars().any(char::is_control) {
            Some(format!(
                "{symbol:?} has control characters: it is no symbol"
            ))
        } else if symbol.len() > LONGEST {
            let (start, len): (String, _) = (symbol.chars().take(20).collect(), symbol.len());
            Some(format!(
                "{start:?}… has {len} bytes, and a symbol at most {LONGEST}"
            ))
        } else {
            None
        }
    };
    let of_symbols = symbols.iter().find_map(of_one);
    of_symbols.or_else(|| topics.iter().find_map(Topic::objection))
}
