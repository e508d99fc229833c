use serde::{Deserialize, Serialize};

use crate::market::{self, Detail};

/// The aggregated depth of the DOM service: always the whole book, as deep as was asked for.
pub type BookUpdate = market::BookUpdate<BookDetail>;

/// DXLink's own fields of a book.
///
/// Source: dxLink AsyncAPI, DOM service, DOM_CONFIG.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookDetail {
    /// The most levels that the server sends a side; absent where it is not limited or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth_limit: Option<u32>,
}

impl Detail for BookDetail {}
