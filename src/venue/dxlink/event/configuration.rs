use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// Settings that a service publishes under a symbol.
///
/// Source: dxFeed API, `Configuration`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Configuration {
    /// What the settings are of.
    pub symbol: Symbol,
    /// Counts the changes of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The settings, of a shape that the service defines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<serde_json::Value>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Configuration {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            version: row.integer(Field::Version),
            attachment: attachment(row),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

/// `attachment`, for which `null` is none.
pub(super) fn attachment<'a, S: Source<'a>>(row: &mut Reader<S>) -> Option<serde_json::Value> {
    row.json(Field::Attachment).filter(|json| !json.is_null())
}

impl Record for Configuration {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        self.event_time
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }
}
