//! The DOM service: aggregated depth, one symbol a channel, always the whole book.
//!
//! Source: dxLink AsyncAPI, DOM service.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::server::{Envelope, count, need, seconds};
use super::value::Value;
use super::{BookDetail, BookUpdate, Malformed};
use crate::market::{BookAction, Level};
use crate::{Symbol, Timestamp};

/// DOM_CONFIG: what the server applies from now on.
#[derive(Debug, PartialEq)]
pub(crate) struct DomConfig<'a> {
    pub(crate) channel: u64,
    pub(crate) aggregation_period: Option<Duration>,
    /// The most levels a side; none if it is not limited.
    pub(crate) depth_limit: Option<u32>,
    pub(crate) order_fields: Vec<Cow<'a, str>>,
}

impl<'a> DomConfig<'a> {
    pub(super) fn read(channel: u64, from: &Envelope<'a>) -> Result<Self, Malformed> {
        let order_fields = match from.order_fields {
            None => Vec::new(),
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|error| Malformed::new(format!("orderFields: {error}")))?,
        };
        let depth_limit: Option<u32> = count(from.depth_limit).ok().flatten();
        Ok(Self {
            channel,
            aggregation_period: seconds(from.aggregation_period),
            depth_limit: depth_limit.filter(|limit| *limit > 0),
            order_fields,
        })
    }
}

/// DOM_SNAPSHOT: the book, which replaces the one before.
#[derive(Debug, PartialEq)]
pub(crate) struct DomSnapshot {
    pub(crate) channel: u64,
    time: Option<Timestamp>,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl DomSnapshot {
    pub(super) fn read(channel: u64, from: &Envelope<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            channel,
            time: from.time.and_then(|raw| raw.millis().ok().flatten()),
            bids: levels("bids", from.bids)?,
            asks: levels("asks", from.asks)?,
        })
    }

    /// The event of the channel's symbol.
    pub(crate) fn into_book(
        self,
        symbol: Symbol,
        depth_limit: Option<u32>,
        received: Option<Timestamp>,
    ) -> BookUpdate {
        BookUpdate {
            symbol,
            action: BookAction::Snapshot,
            bids: self.bids,
            asks: self.asks,
            first: None,
            last: None,
            time: self.time,
            received,
            detail: BookDetail { depth_limit },
        }
    }
}

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow, default)]
    price: Option<&'a RawValue>,
    #[serde(borrow, default)]
    size: Option<&'a RawValue>,
}

/// One side; a level without price or size would be a hole in the book.
fn levels(name: &'static str, raw: Option<&RawValue>) -> Result<Vec<Level>, Malformed> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Ok(Vec::new());
    };
    let pairs: Vec<Pair<'_>> = serde_json::from_str(raw.get())
        .map_err(|error| Malformed::new(format!("{name}: {error}")))?;
    let level = |pair: Pair<'_>| {
        Ok(Level {
            price: need("price", pair.price.map_or(Ok(None), Value::decimal))?,
            size: need("size", pair.size.map_or(Ok(None), Value::amount))?,
        })
    };
    pairs.into_iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::super::server::ServerMessage;
    use super::*;

    fn book(frame: &str) -> Result<BookUpdate, Malformed> {
        match ServerMessage::parse(frame.as_bytes())? {
            ServerMessage::DomSnapshot(snapshot) => {
                Ok(snapshot.into_book(Symbol::new("AAPL"), Some(5), None))
            }
            _ => Err(Malformed::new("another message")),
        }
    }

    #[test]
    fn a_snapshot_is_a_whole_book() {
        let frame = r#"{"type":"DOM_SNAPSHOT","channel":1,"time":1700000000000,
            "bids":[{"price":10.50,"size":3},{"size":1.0,"price":1E1}]}"#;
        let book = book(frame).unwrap();
        assert_eq!(book.action, BookAction::Snapshot);
        assert_eq!(book.bids[0].price.to_string(), "10.50");
        assert_eq!(book.bids[1].price.to_string(), "10");
        assert_eq!((book.asks.len(), book.detail.depth_limit), (0, Some(5)));
        assert_eq!(book.time, Timestamp::from_millis(1_700_000_000_000));
    }

    #[test]
    fn a_level_without_price_makes_the_book_malformed() {
        for level in [
            r#"{"size":1}"#,
            r#"{"price":1}"#,
            r#"{"price":"NaN","size":1}"#,
            "1",
        ] {
            let frame = format!(r#"{{"type":"DOM_SNAPSHOT","channel":1,"asks":[{level}]}}"#);
            assert!(book(&frame).is_err(), "{frame}");
        }
    }

    #[test]
    fn a_config_tells_the_depth() {
        let frame = br#"{"type":"DOM_CONFIG","channel":1,"aggregationPeriod":1,"depthLimit":5,
            "dataFormat":"FULL","orderFields":["price","size"]}"#;
        let Ok(ServerMessage::DomConfig(config)) = ServerMessage::parse(frame) else {
            panic!()
        };
        assert_eq!(config.depth_limit, Some(5));
        assert_eq!(config.order_fields, ["price", "size"]);
    }
}
