use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::Order;
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// One order of a book of spreads. It has no market maker.
///
/// Source: dxFeed API, `SpreadOrder`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpreadOrder {
    /// What it has in common with other orders; its fields are serialised beside the others.
    #[serde(flatten)]
    pub order: Order,
    /// The spread, such as `=A-2*B`; `symbol` is the product that it is listed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<SmolStr>,
}

impl Build for SpreadOrder {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            spread: row.name(Field::SpreadSymbol),
            order: Order::build(row)?,
        })
    }
}

impl Record for SpreadOrder {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.order.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        self.order.time
    }

    fn received(&self) -> Option<Timestamp> {
        self.order.received
    }

    fn slot(&self) -> Option<i64> {
        self.order.index
    }
}
