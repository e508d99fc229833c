use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::market::Record;
use crate::{Symbol, Timestamp};

/// An event of a type that feedline has no type for, as the venue sent it; also a candle of a length
/// that no [`Interval`](crate::market::Interval) has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RawRow {
    /// The instrument; empty where the row has none.
    pub symbol: Symbol,
    /// The venue's name of the type.
    pub event_type: SmolStr,
    /// The fields by the venue's names.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// The values of all rows of a message, where no list says what they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<serde_json::Value>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Record for RawRow {
    const LATEST_REPLACES: bool = false;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        let millis = self.fields.get("time")?.as_i64()?;
        Timestamp::from_millis(millis).filter(|time| *time != Timestamp::EPOCH)
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }
}
