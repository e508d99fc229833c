//! Lines of bounded length.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// It was longer than the limit, and has been passed over.
    TooLong,
}

/// Lines of an input, of which never more than one is in memory, and of that no more than the limit.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    limit: usize,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: BufReader<R>, limit: usize) -> Self {
        Self {
            input,
            line: Vec::new(),
            limit,
        }
    }

    /// Whether the next line is not at hand, so that [`next`](Self::next) may wait for input.
    pub(crate) fn must_wait(&self) -> bool {
        !self.input.buffer().contains(&b'\n')
    }

    /// The next line; the last one need not end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut any = false;
        let mut too_long = false;
        loop {
            let read = match self.input.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read.is_empty() {
                break;
            }
            any = true;
            let end = read.iter().position(|byte| *byte == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            too_long |= self.line.len() + part.len() > self.limit;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            let consumed = part.len() + usize::from(end.is_some());
            self.input.consume(consumed);
            if end.is_some() {
                break;
            }
        }
        Ok(match (any, too_long) {
            (false, _) => None,
            (true, true) => Some(Line::TooLong),
            (true, false) => Some(Line::Whole(&self.line)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_passed_over() {
        let input = &b"12345\n123456\n\nend"[..];
        // A buffer shorter than the lines, so that they come in parts.
        let mut lines = Lines::new(BufReader::with_capacity(2, input), 5);
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(b"12345")));
        assert_eq!(lines.next().unwrap(), Some(Line::TooLong));
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(b"")));
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(b"end")));
        assert_eq!(lines.next().unwrap(), None);
    }
}
