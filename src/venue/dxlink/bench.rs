//! The decoder's two paths, for feedline's own benches. Not part of the API.

use std::hint::black_box;

use super::feed_data::{Body, FeedReader, read_any};
use super::schema::Schema;
use super::server::ServerMessage;

/// A channel whose lists are known.
#[derive(Debug, Default)]
pub struct Bench {
    schema: Schema,
    reader: FeedReader,
}

impl Bench {
    /// A channel with this list of fields.
    pub fn new(event_type: &str, fields: &[&str]) -> Self {
        let mut bench = Self::default();
        bench.schema.announce(event_type, fields);
        bench
    }

    /// How many rows of `frame` are read by whichever path.
    pub fn decode(&mut self, frame: &[u8]) -> usize {
        let mut rows = 0;
        let Ok(ServerMessage::FeedData(data)) = ServerMessage::parse(black_box(frame)) else {
            return 0;
        };
        let read = self.reader.read(&data, &self.schema, &mut |row| {
            rows += usize::from(row.is_ok_and(|row| black_box(row.read(None)).is_ok()));
        });
        if read.is_ok() { rows } else { 0 }
    }

    /// How many rows of `frame` are found and passed by, as rows that nobody wants are.
    pub fn skip(&mut self, frame: &[u8]) -> usize {
        let mut rows = 0;
        let Ok(ServerMessage::FeedData(data)) = ServerMessage::parse(black_box(frame)) else {
            return 0;
        };
        let read = self.reader.read(&data, &self.schema, &mut |row| {
            rows += usize::from(row.is_ok_and(|row| !black_box(row.symbol()).is_empty()));
        });
        if read.is_ok() { rows } else { 0 }
    }

    /// How many rows of `frame` are read by serde.
    pub fn serde(&mut self, frame: &[u8]) -> usize {
        let mut rows = 0;
        let Ok(ServerMessage::FeedData(data)) = ServerMessage::parse_any(black_box(frame)) else {
            return 0;
        };
        let Body::Raw(raw) = data.body else { return 0 };
        let read = read_any(raw, &self.schema, &mut |row| {
            rows += usize::from(row.is_ok_and(|row| black_box(row.read(None)).is_ok()));
        });
        if read.is_ok() { rows } else { 0 }
    }
}
