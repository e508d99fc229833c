//! `feedline decode dxlink`.

use std::str::FromStr;

use clap::Args;
use feedline::venue::dxlink::{Decoded, Decoder};
use serde::Serialize;

use super::frames::{Frames, MALFORMED, Malformed};
use crate::event::Kinded;
use crate::venue::dxlink::kind;

/// DXLink, as dxFeed and tastytrade have it.
///
/// What the values of a row mean is said by the FEED_CONFIG before it, so the frames of a connection
/// must come in their order. A recording that lacks its beginning is helped by --fields. What the
/// client of a recording sent is not read.
#[derive(Debug, Args)]
pub(crate) struct Dxlink {
    /// The fields of an event type in the order of its rows, where no FEED_CONFIG has named it:
    /// Quote=eventSymbol,bidPrice,askPrice. Once for each type.
    #[arg(long, value_name = "TYPE=FIELDS")]
    fields: Vec<Fields>,
}

/// An event type and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    event_type: String,
    names: Vec<String>,
}

impl FromStr for Fields {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected an event type and its fields, such as \
                        Quote=eventSymbol,bidPrice,askPrice";
        let (event_type, names) = text.split_once('=').ok_or(expected)?;
        let names: Vec<_> = names
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        if event_type.is_empty() || names.iter().any(String::is_empty) {
            return Err(expected);
        }
        if !names.iter().any(|name| name == "eventSymbol") {
            return Err("eventSymbol must be among the fields: without it a row is of nothing");
        }
        Ok(Self {
            event_type: event_type.to_owned(),
            names,
        })
    }
}

impl Dxlink {
    /// What reads frames of one connection after another.
    pub(super) fn frames(&self) -> Connection {
        let mut decoder = Decoder::new();
        for Fields { event_type, names } in &self.fields {
            decoder.fields(event_type, names);
        }
        Connection(decoder)
    }
}

/// Reads frames in the light of those before them.
#[derive(Debug)]
pub(super) struct Connection(Decoder);

/// One object of the output. Events have a `kind` in the library's own form.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Item {
    Event(Decoded),
    Other(Kinded<Decoded>),
    Malformed(Malformed),
}

impl Frames for Connection {
    type Item = Item;

    fn decode(&mut self, frame: &[u8]) -> Result<Vec<Item>, Malformed> {
        let decoded = self.0.decode(frame).map_err(|malformed| Malformed {
            event_type: malformed.event_type().map(Into::into),
            symbol: malformed.symbol().cloned(),
            ..Malformed::new(malformed.reason())
        })?;
        Ok(decoded.into_iter().map(item).collect())
    }

    fn kind(item: &Item) -> &'static str {
        match item {
            Item::Event(Decoded::Event(decoded)) => kind(&decoded.event),
            Item::Event(other) => message(other),
            Item::Other(other) => other.kind(),
            Item::Malformed(_) => MALFORMED,
        }
    }
}

fn item(decoded: Decoded) -> Item {
    match decoded {
        Decoded::Event(_) => Item::Event(decoded),
        Decoded::Refused {
            channel,
            event_type,
            symbol,
            reason,
        } => Item::Malformed(Malformed {
            channel: Some(channel.into()),
            event_type,
            symbol,
            ..Malformed::new(reason)
        }),
        other => Item::Other(Kinded::new(message(&other), other)),
    }
}

/// The library's word for a message, which is the kind of those that are no events.
fn message(decoded: &Decoded) -> &'static str {
    match decoded {
        Decoded::Event(_) => "event",
        Decoded::Removed(_) => "removed",
        Decoded::Refused { .. } => MALFORMED,
        Decoded::Setup { .. } => "setup",
        Decoded::AuthState { .. } => "auth_state",
        Decoded::ChannelOpened { .. } => "channel_opened",
        Decoded::ChannelClosed { .. } => "channel_closed",
        Decoded::FeedConfig { .. } => "feed_config",
        Decoded::DomConfig { .. } => "dom_config",
        Decoded::Error { .. } => "error",
        Decoded::Keepalive => "keepalive",
        Decoded::Unknown { .. } => "unknown",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_or_refused() {
        let fields: Fields = "Quote=eventSymbol, bidPrice".parse().unwrap();
        assert_eq!(fields.event_type, "Quote");
        assert_eq!(fields.names, ["eventSymbol", "bidPrice"]);
        for wrong in [
            "Quote",
            "Quote=",
            "=eventSymbol",
            "Quote=eventSymbol,",
            "Quote=bidPrice",
        ] {
            assert!(wrong.parse::<Fields>().is_err(), "{wrong}");
        }
    }
}
