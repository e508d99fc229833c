//! The law of a book's chain: whatever a venue leaves out, repeats, mixes up or spoils, what is
//! delivered without a marker in between follows.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Fate {
    Sent,
    LeftOut,
    Twice,
    AfterTheNext,
    WithoutNumbers,
    Whole,
    /// The venue begins to count anew.
    Anew,
}

fn fates() -> impl Strategy<Value = Vec<(Fate, u64)>> {
    let fate = prop_oneof![
        12 => Just(Fate::Sent),
        1 => Just(Fate::LeftOut),
        1 => Just(Fate::Twice),
        1 => Just(Fate::AfterTheNext),
        1 => Just(Fate::WithoutNumbers),
        1 => Just(Fate::Whole),
        1 => Just(Fate::Anew),
    ];
    vec((fate, 0_u64..3), 1..120)
}

/// What the venue sends.
fn frames(fates: &[(Fate, u64)]) -> Vec<String> {
    let (mut frames, mut late) = (vec![r#""full":true,"u":1000"#.to_owned()], None);
    let mut last = 1000;
    for (fate, width) in fates {
        if matches!(fate, Fate::Anew) {
            last = 0;
        }
        let first = last + 1;
        last = first + width;
        let change = format!(r#""U":{first},"u":{last}"#);
        let earlier = late.take();
        match fate {
            Fate::Sent | Fate::Anew => frames.push(change),
            Fate::LeftOut => {}
            Fate::Twice => frames.extend([change.clone(), change]),
            Fate::AfterTheNext => late = Some(change),
            Fate::WithoutNumbers => frames.push(format!(r#""U":{first}"#)),
            Fate::Whole => frames.push(format!(r#""full":true,"u":{last}"#)),
        }
        frames.extend(earlier);
    }
    frames
}

/// `first-last` of a change, or nothing and the number of a whole book.
fn delivered(word: &str) -> Option<(Option<u64>, u64)> {
    let word = word.strip_prefix("0: ")?;
    if let Some(last) = word.strip_prefix("whole ") {
        return Some((None, last.parse().ok()?));
    }
    let (first, last) = word.split_once('-')?;
    Some((Some(first.parse().ok()?), last.parse().ok()?))
}

fn check(channel: Channel, fates: &[(Fate, u64)]) {
    let mut bench = Bench::with(channel);
    let is_strict = channel == OBU;
    // The end of what was delivered, while that may be built on.
    let mut end: Option<u64> = None;
    let mut is_told = true;
    let mut mute = 0;
    for frame in frames(fates) {
        let words = match is_strict {
            true => bench.obu(&[&frame]),
            false => bench.update(&[&frame]),
        };
        assert!(!words.is_empty(), "{frame} is neither delivered nor told");
        for word in words {
            if let Some((first, last)) = delivered(&word) {
                if let Some(first) = first {
                    let follows = end.is_some_and(|end| first <= end + 1 && last > end);
                    assert!(follows || (is_told && !is_strict), "{word} after {end:?}");
                } else if let Some(end) = end {
                    assert!(last >= end || is_told, "{word} after {end}");
                }
                (end, is_told, mute) = (Some(last), false, 0);
            } else if word.contains("jump") || word.contains("malformed") {
                is_told = true;
                if word.contains("resync") || word.contains("malformed") {
                    end = None;
                }
                mute = 0;
            } else {
                assert!(
                    word.contains("stray") || word.contains("repeated"),
                    "{word}"
                );
                mute += u32::from(word.contains("repeated"));
                assert!(mute < 16, "a venue went unheard");
                assert!(
                    word.contains("repeated") || (is_strict && end.is_none()),
                    "{word}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_delivered_without_a_marker_follows(fates in fates()) {
        check(OBU, &fates);
        check(UPDATES, &fates);
    }
}
