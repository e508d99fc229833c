use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::message::{Item, Malformed, Message, Outcome, SpotEvent};
use super::{BookUpdate, Candle, Quote, Ticker, Trade};
use crate::Symbol;

/// What a frame of Gate's spot WebSocket says, as [`decode`] reads it.
///
/// Serialised flat, with the variant's name in lower case as `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Decoded {
    /// An execution.
    Trade(Trade),
    /// Best bid and ask.
    Quote(Quote),
    /// A 24-hour summary.
    Ticker(Ticker),
    /// A candle.
    Candle(Candle),
    /// A change of an order book, or a whole one.
    Book(BookUpdate),
    /// The venue accepted a request.
    Ack {
        /// The request's event, such as `subscribe`.
        op: String,
        /// The channel.
        channel: String,
        /// The request's `id`, if it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<i64>,
        /// The request's payload, if the answer repeats it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<Vec<String>>,
    },
    /// The venue refused a request.
    Rejected {
        /// The request's event, such as `subscribe`; empty if the answer has none.
        op: String,
        /// The channel; empty if the answer has none.
        channel: String,
        /// The request's `id`, if it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<i64>,
        /// The request's payload, if the answer repeats it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<Vec<String>>,
        /// The venue's code, or 0.
        code: i64,
        /// The venue's words.
        text: String,
    },
    /// The answer to a ping.
    Pong,
    /// The venue announces that it will close the connection for an upgrade.
    System {
        /// The venue's words.
        text: String,
    },
    /// Nothing of public spot market data: a private or unknown channel, or an order API's reply.
    Ignored {
        /// The channel.
        channel: String,
    },
    /// Follows an event of which optional values could not be read and are absent.
    Dropped {
        /// The event's symbol.
        symbol: Symbol,
        /// How many values.
        values: u32,
    },
}

/// A frame that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of Gate: {reason} (begins {excerpt:?})")]
pub struct DecodeError {
    reason: String,
    channel: Option<&'static str>,
    symbol: Option<Symbol>,
    excerpt: String,
}

impl DecodeError {
    /// What is wrong with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The public channel it is of, where that could be read.
    pub fn channel(&self) -> Option<&str> {
        self.channel
    }

    /// The instrument it is about, where that could be read.
    pub fn symbol(&self) -> Option<&Symbol> {
        self.symbol.as_ref()
    }
}

/// The most characters of a frame that an error shows.
const EXCERPT: usize = 60;

/// Reads one frame of Gate's spot WebSocket, such as a recorded one.
///
/// A frame holds one event as a rule. `received` of the events is absent.
///
/// # Errors
///
/// If it is not JSON of the venue's shape, or a required value of an event is missing or cannot be
/// held exactly. Unknown channels and events are no errors but [`Decoded::Ignored`].
///
/// ```
/// use feedline::venue::gate::{self, Decoded};
///
/// let frame = br#"{"time":1,"channel":"spot.book_ticker","event":"update",
///     "result":{"t":1000,"u":7,"s":"BTC_USDT","b":"10.50","B":"2","a":"","A":""}}"#;
/// let decoded = gate::decode(frame)?;
/// let Decoded::Quote(quote) = &decoded[0] else { panic!() };
/// assert_eq!(quote.bid.unwrap().to_string(), "10.50");
/// assert_eq!(quote.ask, None);
/// # Ok::<(), gate::DecodeError>(())
/// ```
pub fn decode(frame: &[u8]) -> Result<Vec<Decoded>, DecodeError> {
    let error = |malformed: Malformed| DecodeError {
        reason: malformed.reason.into_owned(),
        channel: malformed.channel,
        symbol: malformed.symbol,
        excerpt: excerpt(frame),
    };
    let message = super::decode::decode(frame, None).map_err(error)?;
    Ok(match message {
        Message::Push(item) => {
            let mut decoded = Vec::with_capacity(1);
            extend(&mut decoded, item);
            decoded
        }
        Message::Several(items) => {
            let mut decoded = Vec::with_capacity(items.len());
            for item in items {
                extend(&mut decoded, item.map_err(error)?);
            }
            decoded
        }
        Message::Ack(ack) => {
            let op = ack.op.as_str().to_owned();
            let channel = ack.channel.into_owned();
            let id = ack.id.number();
            let payload = ack.payload;
            let payload = payload.map(|texts| texts.into_iter().map(Cow::into_owned).collect());
            vec![match ack.outcome {
                Outcome::Accepted => Decoded::Ack {
                    op,
                    channel,
                    id,
                    payload,
                },
                Outcome::Refused { code, text } => Decoded::Rejected {
                    op,
                    channel,
                    id,
                    payload,
                    code,
                    text,
                },
            }]
        }
        Message::Pong { .. } => vec![Decoded::Pong],
        Message::Upgrade { text } => vec![Decoded::System { text }],
        Message::Ignored { channel } => vec![Decoded::Ignored {
            channel: channel.into_owned(),
        }],
    })
}

fn extend(decoded: &mut Vec<Decoded>, item: Item) {
    let dropped = (item.dropped_values > 0).then(|| Decoded::Dropped {
        symbol: item.event.symbol().clone(),
        values: item.dropped_values,
    });
    decoded.push(match item.event {
        SpotEvent::Trade(trade) => Decoded::Trade(trade),
        SpotEvent::Quote(quote) => Decoded::Quote(quote),
        SpotEvent::Ticker(ticker) => Decoded::Ticker(*ticker),
        SpotEvent::Candle(candle) => Decoded::Candle(*candle),
        SpotEvent::Book(book) => Decoded::Book(book),
    });
    decoded.extend(dropped);
}

fn excerpt(frame: &[u8]) -> String {
    // A character has at most four bytes.
    let start = &frame[..frame.len().min(EXCERPT * 4)];
    String::from_utf8_lossy(start)
        .chars()
        .take(EXCERPT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialises_flat_and_reads_back() {
        for (frame, json) in [
            (
                r#"{"channel":"spot.book_ticker","result":{"s":"A_B","b":"1.50","u":3}}"#,
                r#"[{"kind":"quote","symbol":"A_B","bid":"1.50","sequence":3}]"#,
            ),
            (
                r#"{"channel":"spot.book_ticker","result":{"s":"A_B","b":"?"}}"#,
                r#"[{"kind":"quote","symbol":"A_B"},{"kind":"dropped","symbol":"A_B","values":1}]"#,
            ),
            (
                r#"{"channel":"spot.obu","event":"subscribe","id":1,"payload":["ob.A.50"]}"#,
                r#"[{"kind":"ack","op":"subscribe","channel":"spot.obu","id":1,"payload":["ob.A.50"]}]"#,
            ),
            (r#"{"channel":"spot.pong"}"#, r#"[{"kind":"pong"}]"#),
        ] {
            let decoded = decode(frame.as_bytes()).unwrap();
            assert_eq!(serde_json::to_string(&decoded).unwrap(), json);
            assert_eq!(serde_json::from_str::<Vec<Decoded>>(json).unwrap(), decoded);
        }
    }

    #[test]
    fn errors_show_only_the_beginning_of_a_frame() {
        let error = decode("\u{e9}".repeat(500).as_bytes()).unwrap_err();
        assert!(error.to_string().contains(&"\u{e9}".repeat(60)));
        assert!(!error.to_string().contains(&"\u{e9}".repeat(61)));
        let frame = br#"{"channel":"spot.obu","result":{"s":"ob.A_B.50","full":1}}"#;
        let error = decode(frame).unwrap_err();
        assert_eq!(error.channel(), Some("spot.obu"));
        assert_eq!(error.symbol().map(Symbol::as_str), Some("A_B"));
        assert_eq!(error.reason(), "full cannot be read");
    }
}
