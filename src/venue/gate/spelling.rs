//! The table of spellings in the docs of the venue, row by row, on every channel alike.

use super::decode::decode_any;
use super::differential::{LAYOUTS, values};
use super::message::Message;

fn read(frame: &str) -> Message<'_> {
    decode_any(frame.as_bytes(), None).unwrap_or_else(|error| panic!("{frame}: {error:?}"))
}

fn replaced(frame: &str, (start, end): (usize, usize), value: &str) -> String {
    format!("{}{value}{}", &frame[..start], &frame[end..])
}

/// Every frame with each of its values spelled another way, where `other` knows one.
fn spelled(other: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let mut frames = Vec::new();
    for frame in LAYOUTS {
        for span in values(frame) {
            if let Some(value) = other(&frame[span.0..span.1]) {
                frames.push((frame, replaced(frame, span, &value)));
            }
        }
    }
    frames
}

/// That the other spelling says the same on every channel.
fn is_alike(least: usize, other: impl Fn(&str) -> Option<String>) {
    let frames = spelled(other);
    assert!(frames.len() >= least, "{} frames", frames.len());
    for (usual, frame) in frames {
        assert_eq!(read(&frame), read(usual), "{frame}");
    }
}

fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

#[test]
fn numbers_may_be_strings() {
    is_alike(60, |value| is_number(value).then(|| format!("{value:?}")));
}

#[test]
fn strings_may_be_numbers() {
    is_alike(50, |value| {
        let inner = value.strip_prefix('"')?.strip_suffix('"')?;
        is_number(inner).then(|| inner.to_owned())
    });
}

#[test]
fn whole_numbers_may_have_a_point_or_an_exponent() {
    let is_count = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
    is_alike(60, |value| is_count(value).then(|| format!("{value}.0")));
    is_alike(60, |value| is_count(value).then(|| format!("{value}e0")));
}

#[test]
fn truth_may_be_a_string() {
    is_alike(3, |value| {
        matches!(value, "true" | "false").then(|| format!("{value:?}"))
    });
}

#[test]
fn an_empty_side_may_be_null() {
    is_alike(6, |value| (value == "[]").then(|| "null".to_owned()));
    // A side that is not there at all would be empty in silence.
    let book = LAYOUTS[16].replace(r#","asks":[]"#, "");
    let error = decode_any(book.as_bytes(), None).unwrap_err();
    assert_eq!(error.reason, "asks is missing");
}

#[test]
fn a_level_may_have_more_than_price_and_size() {
    is_alike(8, |value| {
        let level: Vec<String> = serde_json::from_str(value).ok()?;
        let [price, size] = &level[..] else {
            return None;
        };
        Some(format!("[{price:?},{size:?},3,{{\"x\":[]}}]"))
    });
}

#[test]
fn pong_may_be_bare() {
    for pong in [
        "pong",
        " pong\n",
        "\"pong\"",
        "PONG",
        r#"{"event":"pong"}"#,
        r#"{"channel":"pong"}"#,
        r#"{"result":"pong"}"#,
        r#"{"time":1,"channel":"spot.pong"}"#,
        r#"{"time":1,"channel":"spot.ping","event":"","result":"pong"}"#,
        r#"{"time":1,"channel":"spot.trades","event":"pong","result":null}"#,
        r#"{"time":"1","channel":"futures.pong","event":null,"error":null}"#,
    ] {
        assert!(matches!(read(pong), Message::Pong { .. }), "{pong}");
    }
    for other in [
        "pon",
        "pongs",
        "\"",
        "ping",
        "[\"pong\"]",
        r#"{"x":"pong"}"#,
    ] {
        assert!(decode_any(other.as_bytes(), None).is_err(), "{other}");
    }
}

/// That each such value makes the event malformed, whatever channel it is of.
fn is_malformed(least: usize, other: impl Fn(&str) -> Option<String>) {
    let frames = spelled(other);
    assert!(frames.len() >= least, "{} frames", frames.len());
    for (_, frame) in frames {
        assert!(decode_any(frame.as_bytes(), None).is_err(), "{frame}");
    }
}

#[test]
fn a_negative_size_is_malformed() {
    // Every layout, with one of its sizes or volumes marked and then negative.
    let sizes = [
        r#""amount":"#,
        r#""B":"#,
        r#""A":"#,
        r#""base_volume":"#,
        r#""quote_volume":"#,
        r#""v":"#,
    ];
    let mut tried = 0;
    for frame in LAYOUTS {
        for (start, end) in values(frame) {
            if sizes.iter().any(|key| frame[..start].ends_with(key)) {
                for bad in ["\"-1\"", "-0.5"] {
                    let frame = replaced(frame, (start, end), bad);
                    let error = decode_any(frame.as_bytes(), None).expect_err(&frame);
                    assert!(error.reason.ends_with("is negative"), "{error:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 20, "{tried}");
    is_malformed(8, |value| {
        let level: Vec<String> = serde_json::from_str(value).ok()?;
        (level.len() == 2).then(|| format!("[{:?},\"-{}\"]", level[0], "1"))
    });
}

#[test]
fn minus_nothing_is_nothing() {
    for size in ["\"-0\"", "-0.00"] {
        let frame = LAYOUTS[9].replace("\"0\"", size);
        assert!(matches!(read(&frame), Message::Push(_)), "{frame}");
    }
}

/// The frames of changes and of whole books that are numbered.
fn numbered() -> impl Iterator<Item = &'static str> {
    let books = LAYOUTS.into_iter();
    books.filter(|frame| frame.contains("order_book_update") || frame.contains("spot.obu"))
}

#[test]
fn numbers_that_are_promised_and_cannot_be_are_malformed() {
    let mut tried = 0;
    for frame in numbered() {
        for key in [r#""u":"#, r#""U":"#] {
            let span = values(frame)
                .into_iter()
                .find(|(start, _)| frame[..*start].ends_with(key));
            let Some(span) = span else { continue };
            let is_whole = frame.contains(r#""full":true"#);
            if is_whole && key == r#""U":"# {
                continue;
            }
            for bad in [
                "null",
                "\"\"",
                "\"x\"",
                "true",
                "[1]",
                "-1",
                "1.5",
                "18446744073709551616",
                "\"99999999999999999999\"",
            ] {
                let frame = replaced(frame, span, bad);
                let error = decode_any(frame.as_bytes(), None).expect_err(&frame);
                assert!(error.symbol.is_some() && error.key.is_some(), "{error:?}");
                tried += 1;
            }
            let without = frame.replace(key, r#""x":"#);
            assert!(decode_any(without.as_bytes(), None).is_err(), "{without}");
        }
        let beyond = frame
            .replace(r#""U":5"#, r#""U":75"#)
            .replace(r#""U":6"#, r#""U":76"#);
        if beyond != frame && !frame.contains(r#""full":true"#) {
            let error = decode_any(beyond.as_bytes(), None).expect_err(&beyond);
            assert_eq!(error.reason, "U is beyond u");
        }
    }
    assert!(tried >= 90, "{tried}");
}
