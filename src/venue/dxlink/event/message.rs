use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::configuration::attachment;
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// A message that a service publishes under a symbol.
///
/// Source: dxFeed API, `Message`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// What the message is about.
    pub symbol: Symbol,
    /// The message, of a shape that the service defines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<serde_json::Value>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Message {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            attachment: attachment(row),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Message {
    const LATEST_REPLACES: bool = false;

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
