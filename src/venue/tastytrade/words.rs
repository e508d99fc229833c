//! The venue's words for one of many. The list of any may grow: unknown ones are kept.
//!
//! Source: tastytrade's developer documentation, Order Management, Account Positions and Streaming
//! Account Data.

use crate::words::words;

words! {
    /// What kind of market data the user may have.
    QuoteLevel {
        /// Live.
        Api = "api",
        /// Delayed by 15 minutes.
        Demo = "demo",
    }
}

words! {
    /// The venue's own word for what has become of an order.
    Status {
        /// It has reached the venue.
        Received = "Received",
        /// It is on its way to an exchange.
        Routed = "Routed",
        /// An exchange has it and has not answered.
        InFlight = "In Flight",
        /// It is in an exchange's book.
        Live = "Live",
        /// It waits for another order or a condition.
        Contingent = "Contingent",
        /// All of it was done.
        Filled = "Filled",
        /// The user wants it withdrawn.
        CancelRequested = "Cancel Requested",
        /// It was withdrawn.
        Cancelled = "Cancelled",
        /// The user wants another in its place.
        ReplaceRequested = "Replace Requested",
        /// It was not accepted.
        Rejected = "Rejected",
        /// Its time is over.
        Expired = "Expired",
        /// The venue has withdrawn it.
        Removed = "Removed",
        /// The venue has withdrawn what was left of it.
        PartiallyRemoved = "Partially Removed",
    }
}

words! {
    /// The venue's own word for the conditions under which an order trades.
    OrderType {
        /// At its price or a better one.
        Limit = "Limit",
        /// At any price.
        Market = "Market",
        /// At any price: a closing order by notional value.
        MarketableLimit = "Marketable Limit",
        /// At any price, once its trigger is reached.
        Stop = "Stop",
        /// At its price or a better one, once its trigger is reached.
        StopLimit = "Stop Limit",
        /// At any price, for an amount of money.
        NotionalMarket = "Notional Market",
    }
}

words! {
    /// What a leg of an order does.
    Action {
        /// Buys what is not held.
        BuyToOpen = "Buy to Open",
        /// Buys back what was sold short.
        BuyToClose = "Buy to Close",
        /// Sells short.
        SellToOpen = "Sell to Open",
        /// Sells what is held.
        SellToClose = "Sell to Close",
        /// Buys a future.
        Buy = "Buy",
        /// Sells a future.
        Sell = "Sell",
    }
}

words! {
    /// What kind of instrument it is.
    InstrumentType {
        /// A share or fund.
        Equity = "Equity",
        /// An option on one, or on an index.
        EquityOption = "Equity Option",
        /// A future.
        Future = "Future",
        /// An option on one.
        FutureOption = "Future Option",
        /// A cryptocurrency.
        Cryptocurrency = "Cryptocurrency",
        /// A bond.
        Bond = "Bond",
        /// An index.
        Index = "Index",
    }
}

words! {
    /// Which way an amount goes.
    Effect {
        /// The account receives it.
        Credit = "Credit",
        /// The account pays it.
        Debit = "Debit",
        /// There is none.
        None = "None",
    }
}
