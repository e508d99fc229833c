//! What a venue's frames say.

use feedline::Symbol;
use serde::Serialize;
use serde_json::Value;

/// A venue's way to read recorded frames, one after another.
pub(super) trait Frames: Send + 'static {
    /// What one item of a frame says: one object of the output, with its kind.
    type Item: Serialize;

    /// The items of a frame.
    fn decode(&mut self, frame: &[u8]) -> Result<Vec<Self::Item>, Malformed>;

    /// The word that the item's JSON form has as `kind`, to be counted.
    fn kind(item: &Self::Item) -> &'static str;
}

/// Its word for what cannot be read.
pub(super) const MALFORMED: &str = "malformed";

/// What cannot be read, as an object.
#[derive(Debug, Serialize)]
pub(super) struct Malformed {
    pub(super) kind: &'static str,
    pub(super) reason: String,
    /// A name or a number, as the venue has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) symbol: Option<Symbol>,
}

impl Malformed {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            kind: MALFORMED,
            reason: reason.into(),
            channel: None,
            event_type: None,
            symbol: None,
        }
    }
}
