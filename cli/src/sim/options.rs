//! Options that only some simulators have.

use clap::Args;

/// How a dxLink server behaves.
#[derive(Debug, Args)]
#[command(next_help_heading = "dxLink and tastytrade")]
pub(crate) struct MarketOptions {
    /// Clients need one of these tokens; of dxLink, none is needed unless told.
    #[arg(long = "token", value_name = "TOKEN")]
    pub(super) tokens: Vec<String>,
    /// A client must wait for each answer of the handshake.
    #[arg(long)]
    pub(super) strict_order: bool,
    /// Candles on AUTO channels get an empty snapshot and nothing else.
    #[arg(long)]
    pub(super) empty_auto_candles: bool,
    /// Frames may hold events of several types.
    #[arg(long)]
    pub(super) mixed_frames: bool,
    /// Leave a field out of what clients ask for, such as `Candle.VWAP`.
    #[arg(long = "without-field", value_name = "TYPE.FIELD")]
    pub(super) without_fields: Vec<String>,
}

/// What a user of tastytrade has.
#[derive(Debug, Args)]
#[command(next_help_heading = "tastytrade")]
pub(crate) struct AccountOptions {
    /// The client secret; test-secret unless told.
    #[arg(long, value_name = "SECRET")]
    pub(super) client_secret: Option<String>,
    /// The refresh token; test-refresh unless told.
    #[arg(long, value_name = "TOKEN")]
    pub(super) refresh_token: Option<String>,
    /// The accounts' numbers.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    pub(super) accounts: Option<Vec<String>>,
    /// Where clients are sent for market data; to this simulator unless told.
    #[arg(long, value_name = "URL")]
    pub(super) dxlink_url: Option<String>,
    /// Steps a second in the lives of orders that come by themselves.
    #[arg(long, value_name = "RATE")]
    pub(super) account_rate: Option<f64>,
    /// Notifications come in bundles.
    #[arg(long)]
    pub(super) bundled: bool,
}

impl MarketOptions {
    /// The first of these that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            (!self.tokens.is_empty(), "--token"),
            (self.strict_order, "--strict-order"),
            (self.empty_auto_candles, "--empty-auto-candles"),
            (self.mixed_frames, "--mixed-frames"),
            (!self.without_fields.is_empty(), "--without-field"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

impl AccountOptions {
    /// The first of these that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            (self.client_secret.is_some(), "--client-secret"),
            (self.refresh_token.is_some(), "--refresh-token"),
            (self.accounts.is_some(), "--accounts"),
            (self.dxlink_url.is_some(), "--dxlink-url"),
            (self.account_rate.is_some(), "--account-rate"),
            (self.bundled, "--bundled"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}
