//! What the venue's refusals mean.

use crate::feed::TopicId;
use crate::feed::Topics;
use crate::venue::gate::channel::Topic;

/// What a refusal means for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It was wrong to ask, and will be.
    Stands,
    /// Another time it may be granted.
    Passes,
    /// Nobody has written down what it means.
    Unknown,
    /// The venue brings the stream already, from a request whose answer was lost.
    Held,
}

/// Codes and texts, with where they are from. "Documentation" is Gate's Spot WebSocket v4, "Schema of
/// errors"; others have been seen on the wire.
///
/// | code | meaning | ruling | source |
/// |---|---|---|---|
/// | 1 | the request is ill-formed | stands | documentation |
/// | 2 | an argument is wrong: `unknown currency pair X` | stands | documentation |
/// | 2 | `Alert sub ob.X.L`: the stream runs already | held | documentation, Order Book V2 |
/// | 3 | the server failed | passes | documentation |
/// | 4 | the key is wrong | stands | documentation |
/// | 6, 11 | the key is wrong | stands | clients that map them so |
/// | 429, or `TOO_MANY_REQUESTS` in the text | too fast | passes | label of Gate's REST and order API |
/// | 500 to 599 | the server failed | passes | as HTTP has it |
/// | any other, or none | unknown | passes for what was accepted before, else stands | |
pub(super) fn ruling(code: i64, text: &str) -> Ruling {
    match code {
        2 if text.starts_with("Alert sub ") => Ruling::Held,
        3 | 429 | 500..=599 => Ruling::Passes,
        _ if text.contains("TOO_MANY_REQUESTS") => Ruling::Passes,
        1 | 2 | 4 | 6 | 11 => Ruling::Stands,
        _ => Ruling::Unknown,
    }
}

/// The topics among `asked` that `text` names: by what they were asked with, else by their symbols.
pub(super) fn named(text: &str, asked: &[TopicId], topics: &Topics<Topic>) -> Vec<TopicId> {
    let says = |name: &str| words(text).any(|word| word == name);
    let by = |is_named: &dyn Fn(&Topic) -> bool| -> Vec<TopicId> {
        let named = asked.iter().filter(|id| is_named(topics.get(**id)));
        named.copied().collect()
    };
    let exactly = by(&|topic| topic.payload().iter().any(|name| says(name)));
    if !exactly.is_empty() {
        return exactly;
    }
    by(&|topic| says(topic.symbol.as_str()))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || ",:;\"'`()[]{}<>".contains(c);
    text.split(ends)
        .map(|word| word.trim_end_matches(['.', '!', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::gate::{Channel, ObuLevel};

    #[test]
    fn only_failures_of_the_venues_own_pass() {
        for (code, text, expected) in [
            (
                1,
                "request payload does not follow json schema",
                Ruling::Stands,
            ),
            (2, "unknown currency pair A_B", Ruling::Stands),
            (2, "Alert sub ob.A_B.50", Ruling::Held),
            (3, "internal error", Ruling::Passes),
            (4, "{\"label\":\"INVALID_KEY\"}\n", Ruling::Stands),
            (0, "status fail", Ruling::Unknown),
            (0, "{\"label\":\"TOO_MANY_REQUESTS\"}", Ruling::Passes),
            (429, "", Ruling::Passes),
            (503, "", Ruling::Passes),
            (7, "", Ruling::Unknown),
        ] {
            assert_eq!(ruling(code, text), expected, "{code} {text}");
        }
    }

    #[test]
    fn names_are_whole_words_of_the_text() {
        let mut topics = Topics::new();
        let mut add = |channel, symbol: &str| {
            let symbol = symbol.into();
            topics.insert(&Topic { channel, symbol })
        };
        let trades = [
            add(Channel::Trades, "A_B"),
            add(Channel::Trades, "AA_B"),
            add(Channel::Trades, "A_BC"),
        ];
        let obu = [
            add(Channel::Obu(ObuLevel::Levels50), "A_B"),
            add(Channel::Obu(ObuLevel::Levels400), "A_B"),
        ];
        for text in [
            "unknown currency pair A_B",
            "unknown currency pair: A_B.",
            "pairs \"A_B\" unknown",
            "(A_B)",
        ] {
            assert_eq!(named(text, &trades, &topics), trades[..1], "{text}");
        }
        assert_eq!(named("no A_B, AA_B", &trades, &topics), trades[..2]);
        assert_eq!(named("unknown XA_B", &trades, &topics), []);
        assert_eq!(named("Alert sub ob.A_B.400", &obu, &topics), obu[1..]);
        assert_eq!(named("unknown currency pair A_B", &obu, &topics), obu);
    }
}
