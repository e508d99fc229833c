use std::collections::HashMap;

use super::decoded::{Decoded, DecodedEvent, Removed};
use super::feed_data::{FeedData, FeedReader};
use super::row::Row;
use super::schema::Schema;
use super::server::ServerMessage;
use super::{BookUpdate, DxEvent, Malformed};
use crate::Symbol;

/// Reads the server's frames one after another, such as recorded ones, without a connection.
///
/// What COMPACT rows mean is said by the FEED_CONFIG before them, so the frames of a connection must
/// come in their order; a recording that lacks the beginning may be helped by [`fields`](Decoder::fields).
/// `received` of the events is absent.
///
/// ```
/// use feedline::venue::dxlink::{Decoded, Decoder, DxEvent};
///
/// let mut decoder = Decoder::new();
/// decoder.decode(br#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"COMPACT",
///     "aggregationPeriod":0,"eventFields":{"Quote":["eventSymbol","bidPrice","askPrice"]}}"#)?;
/// let decoded = decoder.decode(
///     br#"{"type":"FEED_DATA","channel":1,"data":["Quote",["SPY",559.30,"NaN"]]}"#,
/// )?;
/// let Decoded::Event(event) = &decoded[0] else { panic!() };
/// let DxEvent::Quote(quote) = &event.event else { panic!() };
/// assert_eq!(quote.bid.unwrap().to_string(), "559.30");
/// assert_eq!(quote.ask, None);
/// # Ok::<(), feedline::venue::dxlink::Malformed>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    /// What was said by [`fields`](Decoder::fields).
    asked: Schema,
    channels: HashMap<u64, Channel>,
    reader: FeedReader,
}

#[derive(Debug, Default)]
struct Channel {
    schema: Schema,
    /// Of a DOM channel.
    symbol: Option<Symbol>,
    depth_limit: Option<u32>,
}

impl Decoder {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields of an event type, in the order of their rows, on channels whose FEED_CONFIG was not
    /// seen or did not name the type.
    pub fn fields<S: AsRef<str>>(&mut self, event_type: &str, fields: &[S]) {
        self.asked.request(event_type, fields);
        for channel in self.channels.values_mut() {
            channel.schema.request(event_type, fields);
        }
    }

    /// Reads one frame. FEED_DATA holds any number of events, any other message is one item.
    ///
    /// # Errors
    ///
    /// If it is not JSON of the venue's shape. A part of FEED_DATA that cannot be used is no error but
    /// [`Decoded::Refused`], the rest of it is read; messages of unknown types are
    /// [`Decoded::Unknown`].
    pub fn decode(&mut self, frame: &[u8]) -> Result<Vec<Decoded>, Malformed> {
        let message = ServerMessage::parse(frame)?;
        Ok(vec![match message {
            ServerMessage::FeedData(data) => return self.data(&data),
            ServerMessage::FeedConfig(config) => {
                config.apply(&mut self.channel(config.channel).schema);
                Decoded::feed_config(config)
            }
            ServerMessage::ChannelOpened(opened) => {
                let channel = self.channel(opened.channel);
                channel.symbol = opened.symbol.as_deref().map(Symbol::new);
                Decoded::channel_opened(opened)
            }
            ServerMessage::ChannelClosed { channel } => {
                self.channels.remove(&channel);
                Decoded::ChannelClosed { channel }
            }
            ServerMessage::DomConfig(config) => {
                self.channel(config.channel).depth_limit = config.depth_limit;
                Decoded::dom_config(config)
            }
            ServerMessage::DomSnapshot(snapshot) => {
                let channel = snapshot.channel;
                let known = self.channels.get(&channel);
                let symbol = known.and_then(|known| known.symbol.clone());
                let depth_limit = known.and_then(|known| known.depth_limit);
                let symbol = symbol.unwrap_or_else(|| Symbol::new(""));
                let book: BookUpdate = snapshot.into_book(symbol, depth_limit, None);
                Decoded::Event(Box::new(DecodedEvent::new(channel, DxEvent::Book(book))))
            }
            message => Decoded::of_small(message),
        }])
    }

    fn channel(&mut self, channel: u64) -> &mut Channel {
        self.channels.entry(channel).or_insert_with(|| Channel {
            schema: self.asked.clone(),
            ..Channel::default()
        })
    }

    fn data(&mut self, data: &FeedData<'_>) -> Result<Vec<Decoded>, Malformed> {
        let known = self.channels.get(&data.channel());
        let schema = known.map_or(&self.asked, |known| &known.schema);
        let mut decoded = Vec::new();
        self.reader.read(data, schema, &mut |row| {
            decoded.push(match row.and_then(|row| read(data.channel(), &row)) {
                Ok(decoded) => decoded,
                Err(malformed) => Decoded::refused(data.channel(), &malformed),
            });
        })?;
        Ok(decoded)
    }
}

fn read(channel: u64, row: &Row<'_>) -> Result<Decoded, Malformed> {
    let mark = row.mark()?;
    let removes = row.removes()?;
    let event_flags = mark.map(|mark| mark.flags).unwrap_or_default();
    match row.read(None) {
        Ok(item) => Ok(Decoded::Event(Box::new(DecodedEvent {
            channel,
            event_flags,
            removes,
            dropped_values: item.dropped_values,
            event: item.event,
        }))),
        // The end of a snapshot often is a row of nothing.
        Err(malformed) => match mark.filter(|_| removes) {
            Some(mark) => Ok(Decoded::Removed(Removed {
                channel,
                event_type: row.name().into(),
                symbol: Symbol::new(row.symbol()),
                source: row.source().map(Into::into),
                index: mark.index,
                event_flags,
            })),
            None => Err(malformed),
        },
    }
}

#[cfg(test)]
mod tests;
