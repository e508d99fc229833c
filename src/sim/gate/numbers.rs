//! Frames whose numbers, sides or times are not what they should be.

use std::ops::Range;

use super::{GateFault, WrongNumber};
use crate::sim::Fault;
use crate::sim::core::rules::{Altered, Kind};

/// What Gate's own faults make of a data frame, if they concern it.
pub(super) fn alter(fault: &Fault, kind: Kind<'_>, text: &str) -> Option<Altered> {
    let Kind::Data {
        channel, symbol, ..
    } = kind
    else {
        return None;
    };
    let concerns = |only: &Option<String>, name: &str| only.as_deref().is_none_or(|o| o == name);
    let (text, readable) = match fault {
        Fault::Untimed { .. } => (without_times(text)?, true),
        Fault::Gate(GateFault::Crossed { symbol: only, .. }) if concerns(only, symbol) => {
            (crossed(text)?, true)
        }
        Fault::Gate(GateFault::Numbers {
            wrong,
            channel: of,
            symbol: only,
            snapshots,
            ..
        }) if concerns(of, channel) && concerns(only, symbol) => {
            if is_whole(text) != *snapshots {
                return None;
            }
            (number(*wrong, text)?, *wrong == WrongNumber::Text)
        }
        _ => return None,
    };
    Some(Altered { text, readable })
}

/// Whether it holds a whole book.
fn is_whole(text: &str) -> bool {
    text.contains("\"full\":true") || text.contains("\"lastUpdateId\":")
}

fn number(wrong: WrongNumber, text: &str) -> Option<String> {
    let last = ["\"u\":", "\"lastUpdateId\":", "\"id\":"];
    let last = last.iter().find_map(|key| digits(text, key))?;
    let first = digits(text, "\"U\":");
    let (low, high) = match &first {
        Some(first) if first.start < last.start => (first.clone(), Some(last.clone())),
        Some(first) => (last.clone(), Some(first.clone())),
        None => (last.clone(), None),
    };
    let each = |change: &dyn Fn(&str) -> String| {
        let mut changed = text.to_owned();
        for place in high.iter().chain([&low]) {
            changed.replace_range(place.clone(), &change(&text[place.clone()]));
        }
        changed
    };
    Some(match wrong {
        WrongNumber::NoLast => without(text, last),
        WrongNumber::NoFirst => without(text, first?),
        WrongNumber::Backwards => {
            let beyond: u64 = text[last].parse().ok()?;
            let mut changed = text.to_owned();
            changed.replace_range(first?, &(beyond + 1).to_string());
            changed
        }
        WrongNumber::Text => each(&|number| format!("\"{number}\"")),
        // 2^64 has twenty digits.
        WrongNumber::Huge => each(&|number| format!("{number:9<21}")),
        WrongNumber::Negative => each(&|number| format!("-{number}")),
        WrongNumber::Null => each(&|_| "null".to_owned()),
    })
}

/// Where the number of a key stands; of the first such key that has a number.
fn digits(text: &str, key: &str) -> Option<Range<usize>> {
    let start = text.find(key)? + key.len();
    let length = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    (length > 0).then_some(start..start + length)
}

/// The text without the key of the value that stands there.
fn without(text: &str, value: Range<usize>) -> String {
    let key = text[..value.start].rfind([',', '{']).unwrap_or(0);
    let (mut from, mut to) = (key, value.end);
    if text[key..].starts_with('{') {
        // The first of its object: the comma behind it goes with it.
        from = key + 1;
        to += usize::from(text[to..].starts_with(','));
    }
    format!("{}{}", &text[..from], &text[to..])
}

/// The event's own times are left out; those of the message stay.
fn without_times(text: &str) -> Option<String> {
    let at = text.find("\"result\":")?;
    let (head, result) = text.split_at(at);
    let mut result = result.to_owned();
    for key in [
        "\"create_time\":",
        "\"create_time_ms\":",
        "\"t\":",
        "\"E\":",
    ] {
        let Some(start) = result.find(key).map(|at| at + key.len()) else {
            continue;
        };
        let end = result[start..]
            .find([',', '}'])
            .map(|length| start + length)?;
        result = without(&result, start..end);
    }
    Some(format!("{head}{result}"))
}

/// With what was bid asked, and what was asked bid.
fn crossed(text: &str) -> Option<String> {
    let sides = [("\"b\":", "\"a\":"), ("\"bids\":", "\"asks\":")];
    let sides = sides.iter().find_map(|(bids, asks)| {
        let (bids, asks) = (levels(text, bids)?, levels(text, asks)?);
        Some((bids, asks))
    });
    let (bids, asks) = sides.filter(|_| is_whole(text))?;
    let (low, high) = if bids.start < asks.start {
        (bids, asks)
    } else {
        (asks, bids)
    };
    let mut changed = text.to_owned();
    changed.replace_range(high.clone(), &text[low.clone()]);
    changed.replace_range(low, &text[high]);
    Some(changed)
}

/// Where the levels of a side stand.
fn levels(text: &str, key: &str) -> Option<Range<usize>> {
    let start = text.find(key)? + key.len();
    if !text[start..].starts_with('[') {
        return None;
    }
    let mut depth = 0;
    let end = text[start..].find(|character| {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some(start..start + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELTA: &str = r#"{"time_ms":1,"result":{"t":1,"s":"A","U":5,"u":7,"b":[["1","2"]]}}"#;
    const WHOLE: &str =
        r#"{"result":{"t":1,"full":true,"u":7,"b":[["1","2"],["0","1"]],"a":[["3","4"]]}}"#;
    const TRADE: &str =
        r#"{"result":{"id":9,"id_market":9,"create_time":1,"create_time_ms":"1.5","price":"1"}}"#;

    #[test]
    fn numbers_are_wrong_in_every_way() {
        let wrong = |wrong| number(wrong, DELTA).unwrap();
        let result = |numbers: &str| {
            format!(r#"{{"time_ms":1,"result":{{"t":1,"s":"A"{numbers},"b":[["1","2"]]}}}}"#)
        };
        assert_eq!(wrong(WrongNumber::NoLast), result(r#","U":5"#));
        assert_eq!(wrong(WrongNumber::NoFirst), result(r#","u":7"#));
        assert_eq!(wrong(WrongNumber::Backwards), result(r#","U":8,"u":7"#));
        assert_eq!(wrong(WrongNumber::Text), result(r#","U":"5","u":"7""#));
        assert_eq!(wrong(WrongNumber::Negative), result(r#","U":-5,"u":-7"#));
        assert_eq!(wrong(WrongNumber::Null), result(r#","U":null,"u":null"#));
        assert!(wrong(WrongNumber::Huge).contains(r#""u":799999999999999999999,"#));
        let trade = number(WrongNumber::NoLast, TRADE).unwrap();
        assert!(trade.starts_with(r#"{"result":{"id_market":9,"#));
        assert_eq!(number(WrongNumber::NoFirst, WHOLE), None);
    }

    #[test]
    fn a_book_is_crossed_and_a_change_is_not() {
        let book =
            r#"{"result":{"t":1,"full":true,"u":7,"b":[["3","4"]],"a":[["1","2"],["0","1"]]}}"#;
        assert_eq!(crossed(WHOLE).as_deref(), Some(book));
        assert_eq!(crossed(DELTA), None);
    }

    #[test]
    fn times_of_events_are_left_out() {
        let delta = r#"{"time_ms":1,"result":{"s":"A","U":5,"u":7,"b":[["1","2"]]}}"#;
        assert_eq!(without_times(DELTA).as_deref(), Some(delta));
        let trade = r#"{"result":{"id":9,"id_market":9,"price":"1"}}"#;
        assert_eq!(without_times(TRADE).as_deref(), Some(trade));
    }
}
