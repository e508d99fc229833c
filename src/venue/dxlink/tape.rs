//! Where each value of a FEED_DATA message begins: one pass over the frame that checks all of its
//! JSON, so that rows can then be counted, skipped and read in any order.
//!
//! The tape understands COMPACT data as servers write it: type and channel first, no blanks, ASCII,
//! scalars alone, no escape but `\u0000`. Anything else is left to serde.

/// A message's values. Reused from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// Where each value begins, and behind the last one of an array, one past the end of the array.
    starts: Vec<u32>,
    pairs: Vec<Pair>,
}

/// A type's name and its array of values.
#[derive(Clone, Copy, Debug)]
struct Pair {
    name: (u32, u32),
    first: u32,
    count: u32,
}

/// The values that one message may have before the memory for them is given back.
const KEPT: usize = 65_536;

impl Tape {
    /// Reads `frame` from `at`, just after the opening bracket of `data`, to its end. `None` says
    /// nothing about the frame.
    pub(super) fn read(&mut self, frame: &[u8], mut at: usize) -> Option<()> {
        u32::try_from(frame.len()).ok()?;
        self.pairs.clear();
        self.starts.clear();
        if self.starts.capacity() > KEPT {
            self.starts.shrink_to(KEPT);
        }
        if frame.get(at) == Some(&b']') {
            return (&frame[at + 1..] == b"}").then_some(());
        }
        loop {
            at = self.pair(frame, at)?;
            match frame.get(at)? {
                b',' => at += 1,
                b']' => return (&frame[at + 1..] == b"}").then_some(()),
                _ => return None,
            }
        }
    }

    /// One pair; returns what stands behind it.
    fn pair(&mut self, frame: &[u8], at: usize) -> Option<usize> {
        if *frame.get(at)? != b'"' {
            return None;
        }
        let end = text(frame, at + 1)?;
        // Positions fit: the frame's length does.
        let name = (at as u32 + 1, end as u32 - 1);
        let mut at = end;
        if !frame[at..].starts_with(b",[") {
            return None;
        }
        at += 2;
        let first = self.starts.len();
        if *frame.get(at)? == b']' {
            at += 1;
        } else {
            loop {
                self.starts.push(at as u32);
                at = scalar(frame, at)?;
                at += 1;
                match frame.get(at - 1)? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        self.pairs.push(Pair {
            name,
            first: first as u32,
            count: (self.starts.len() - first) as u32,
        });
        self.starts.push(at as u32);
        Some(at)
    }

    /// The type names and the positions of their values, in the message's order.
    #[inline]
    pub(super) fn pairs<'t, 'f>(
        &'t self,
        frame: &'f [u8],
    ) -> impl Iterator<Item = (&'f str, &'t [u32])> {
        self.pairs.iter().map(move |pair| {
            let name = &frame[pair.name.0 as usize..pair.name.1 as usize];
            let starts = &self.starts[pair.first as usize..][..pair.count as usize + 1];
            (std::str::from_utf8(name).unwrap_or_default(), starts)
        })
    }
}

/// Behind the scalar that begins at `at`.
#[inline]
fn scalar(frame: &[u8], at: usize) -> Option<usize> {
    match *frame.get(at)? {
        b'"' => text(frame, at + 1),
        b'-' | b'0'..=b'9' => number(frame, at),
        b't' => word(frame, at, b"true"),
        b'f' => word(frame, at, b"false"),
        b'n' => word(frame, at, b"null"),
        _ => None,
    }
}

#[inline]
fn word(frame: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    frame[at..].starts_with(word).then_some(at + word.len())
}

/// Behind the quote that ends the text whose inside begins at `at`.
#[inline]
fn text(frame: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *frame.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = word(frame, at, b"\\u0000")?,
            0x20..0x7f => at += 1,
            _ => return None,
        }
    }
}

/// Behind the number, by the grammar of JSON.
#[inline]
fn number(frame: &[u8], mut at: usize) -> Option<usize> {
    if frame[at] == b'-' {
        at += 1;
    }
    at = match *frame.get(at)? {
        b'0' => at + 1,
        b'1'..=b'9' => digits(frame, at + 1),
        _ => return None,
    };
    if frame.get(at) == Some(&b'.') {
        let begin = at + 1;
        at = digits(frame, begin);
        if at == begin {
            return None;
        }
    }
    if matches!(frame.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(frame.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        let begin = at;
        at = digits(frame, begin);
        if at == begin {
            return None;
        }
    }
    Some(at)
}

#[inline]
fn digits(frame: &[u8], mut at: usize) -> usize {
    while frame.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> Option<Vec<(String, Vec<String>)>> {
        let frame = format!("[{data}]}}");
        let mut tape = Tape::default();
        tape.read(frame.as_bytes(), 1)?;
        let pairs = tape.pairs(frame.as_bytes()).map(|(name, starts)| {
            let values = starts
                .windows(2)
                .map(|span| frame[span[0] as usize..span[1] as usize - 1].to_owned());
            (name.to_owned(), values.collect())
        });
        Some(pairs.collect())
    }

    #[test]
    fn finds_every_value() {
        let pairs = read(r#""Quote",["A,]",1.5,-0,1E3,"NaN"],"X",[],"Y",[true,null]"#).unwrap();
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[0].1, ["\"A,]\"", "1.5", "-0", "1E3", "\"NaN\""]);
        assert_eq!(pairs[1].1, Vec::<String>::new());
        assert_eq!(pairs[2], ("Y".into(), vec!["true".into(), "null".into()]));
        assert_eq!(read("").unwrap().len(), 0);
    }

    #[test]
    fn leaves_what_it_does_not_understand() {
        for data in [
            r#""Q",[1,]"#,
            r#""Q",[,1]"#,
            r#""Q",[01]"#,
            r#""Q",[.5]"#,
            r#""Q",[5.]"#,
            r#""Q",[+5]"#,
            r#""Q",[1e]"#,
            r#""Q",[-]"#,
            r#""Q",[1 ]"#,
            r#""Q",[nul]"#,
            r#""Q",[truex]"#,
            r#""Q",["a\n"]"#,
            r#""Q",["a\u0041"]"#,
            "\"Q\",[\"\u{e9}\"]",
            "\"Q\",[\"a\nb\"]",
            r#""Q",[[1]]"#,
            r#""Q",[{}]"#,
            r#""Q",["a]"#,
            r#""Q",[1"#,
            r#""Q""#,
            r#""Q",[1],"#,
            r#"{"a":1}"#,
            r#"["Q",["a"]],[1]"#,
        ] {
            assert_eq!(read(data), None, "{data}");
        }
    }
}
