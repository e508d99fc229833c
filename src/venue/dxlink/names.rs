//! The enumerations of the events.
//!
//! Source: dxFeed API, the enums of `com.dxfeed.event.market`.

use super::text_enum::text_enum;
use crate::market::Side;

text_enum! {
    /// How a last sale's price compares with the one before it.
    TickDirection {
        /// Lower than the last price.
        Down = "DOWN" / "down",
        /// The same as the last price, which was lower than the one before.
        ZeroDown = "ZERO_DOWN" / "zero_down",
        /// The same as the last price, and no other price is known.
        Zero = "ZERO" / "zero",
        /// The same as the last price, which was higher than the one before.
        ZeroUp = "ZERO_UP" / "zero_up",
        /// Higher than the last price.
        Up = "UP" / "up",
    }
}

text_enum! {
    /// How firm a closing price is.
    PriceType {
        /// Regular.
        Regular = "REGULAR" / "regular",
        /// Indicative: an estimate.
        Indicative = "INDICATIVE" / "indicative",
        /// Preliminary: may still change.
        Preliminary = "PRELIMINARY" / "preliminary",
        /// Final.
        Final = "FINAL" / "final",
    }
}

text_enum! {
    /// Whether short sales are restricted.
    ShortSaleRestriction {
        /// They are.
        Active = "ACTIVE" / "active",
        /// They are not.
        Inactive = "INACTIVE" / "inactive",
    }
}

text_enum! {
    /// Whether an instrument is traded.
    TradingStatus {
        /// Trading is halted.
        Halted = "HALTED" / "halted",
        /// Trading goes on.
        Active = "ACTIVE" / "active",
    }
}

text_enum! {
    /// What a time-and-sale record does.
    SaleKind {
        /// It is a new execution.
        New = "NEW" / "new",
        /// It replaces the execution of the same id.
        Correction = "CORRECTION" / "correction",
        /// It takes back the execution of the same id.
        Cancel = "CANCEL" / "cancel",
    }
}

text_enum! {
    /// The side of an order.
    OrderSide {
        /// Buying.
        Buy = "BUY" / "buy",
        /// Selling.
        Sell = "SELL" / "sell",
    }
}

impl OrderSide {
    /// The side, unless it is one that is not documented.
    pub const fn side(&self) -> Option<Side> {
        match self {
            Self::Buy => Some(Side::Buy),
            Self::Sell => Some(Side::Sell),
            Self::Other(_) => None,
        }
    }
}

text_enum! {
    /// What one [`Order`](super::Order) stands for.
    OrderScope {
        /// The best price of the whole market.
        Composite = "COMPOSITE" / "composite",
        /// The best price of one exchange.
        Regional = "REGIONAL" / "regional",
        /// All orders of one price.
        Aggregate = "AGGREGATE" / "aggregate",
        /// One order.
        Order = "ORDER" / "order",
    }
}

text_enum! {
    /// What happened to an order.
    OrderAction {
        /// It was added.
        New = "NEW" / "new",
        /// It was replaced, and lost its place in the queue.
        Replace = "REPLACE" / "replace",
        /// It was changed, and kept its place.
        Modify = "MODIFY" / "modify",
        /// It was withdrawn.
        Delete = "DELETE" / "delete",
        /// It was executed in part.
        Partial = "PARTIAL" / "partial",
        /// It was executed to its end.
        Execute = "EXECUTE" / "execute",
        /// A trade that is of no order in the book.
        Trade = "TRADE" / "trade",
        /// A trade was taken back.
        Bust = "BUST" / "bust",
    }
}

text_enum! {
    /// Who hides a part of an order.
    IcebergType {
        /// The exchange, by its own kind of order.
        Native = "NATIVE" / "native",
        /// A program, by many small orders.
        Synthetic = "SYNTHETIC" / "synthetic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_kept() {
        let odd = TickDirection::from_wire("SIDEWAYS").unwrap();
        assert_eq!(odd, TickDirection::Other("SIDEWAYS".into()));
        let json = serde_json::to_string(&odd).unwrap();
        assert_eq!(json, "\"SIDEWAYS\"");
        assert_eq!(serde_json::from_str::<TickDirection>(&json).unwrap(), odd);
        assert_eq!(TickDirection::from_wire("UNDEFINED"), None);
        let json = serde_json::to_string(&TickDirection::ZeroUp).unwrap();
        assert_eq!(json, "\"zero_up\"");
        assert_eq!(
            serde_json::from_str::<TickDirection>(&json).unwrap(),
            TickDirection::ZeroUp
        );
    }
}
