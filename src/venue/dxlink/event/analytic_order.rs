use serde::{Deserialize, Serialize};

use super::super::IcebergType;
use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::Order;
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// One order of a book, with what is known of its hidden part.
///
/// Source: dxFeed API, `AnalyticOrder`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AnalyticOrder {
    /// What it has in common with other orders; its fields are serialised beside the others.
    #[serde(flatten)]
    pub order: Order,
    /// The size that the iceberg shows at once.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub iceberg_peak_size: Option<Decimal>,
    /// The size that it hides.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub iceberg_hidden_size: Option<Decimal>,
    /// How much of it has been executed.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub iceberg_executed_size: Option<Decimal>,
    /// Who hides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iceberg_type: Option<IcebergType>,
}

impl Build for AnalyticOrder {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            iceberg_peak_size: row.amount(Field::IcebergPeakSize),
            iceberg_hidden_size: row.amount(Field::IcebergHiddenSize),
            iceberg_executed_size: row.amount(Field::IcebergExecutedSize),
            iceberg_type: row.one_of(Field::IcebergType, IcebergType::from_wire),
            order: Order::build(row)?,
        })
    }
}

impl Record for AnalyticOrder {
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
