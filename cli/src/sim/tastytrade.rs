//! `feedline sim tastytrade`.

use clap::Args;
use feedline::sim::tastytrade::TastytradeSim;

use super::behaviour::Behaviour;
use super::market::{Market, failure};
use crate::outcome::Outcome;

/// tastytrade: REST, DXLink and the account streamer.
///
/// Its addresses are the market data's, the account streamer's, and REST's, which is the one that `--url`
/// of the other commands takes; the accounts are 5WT00001 and 5WT00002 unless told.
#[derive(Debug, Args)]
pub(crate) struct Tastytrade {
    #[command(flatten)]
    behaviour: Behaviour,
    #[command(flatten)]
    account: AccountOptions,
}

/// What a user of tastytrade has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts")]
struct AccountOptions {
    /// The client secret that it accepts.
    #[arg(long, value_name = "SECRET", default_value = "test-secret")]
    client_secret: String,
    /// The refresh token that it accepts.
    #[arg(long, value_name = "TOKEN", default_value = "test-refresh")]
    refresh_token: String,
    /// The accounts' numbers.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    accounts: Option<Vec<String>>,
    /// Where clients are sent for market data; to this simulator unless told.
    #[arg(long, value_name = "URL")]
    dxlink_url: Option<String>,
    /// Steps a second in the lives of orders that come by themselves; none unless told.
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.0,
        hide_default_value = true
    )]
    account_rate: f64,
    /// Notifications come in bundles.
    #[arg(long)]
    bundled: bool,
}

pub(super) async fn start(args: &Tastytrade, market: &Market) -> Outcome<TastytradeSim> {
    let account = &args.account;
    // It may run for months, and nobody asks for what it sent.
    let mut builder = TastytradeSim::builder()
        .journal(false)
        .seed(market.seed)
        .rate(market.rate)
        .faults(market.faults()?)
        .credentials(&account.client_secret, &account.refresh_token)
        .account_rate(account.account_rate)
        .bundled(account.bundled)
        .dxlink(|builder| args.behaviour.apply(builder));
    if let Some(numbers) = &account.accounts {
        builder = builder.accounts(numbers.iter().map(String::as_str));
    }
    if let Some(url) = &account.dxlink_url {
        builder = builder.dxlink_url(url);
    }
    if let Some(symbols) = &market.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    let started = builder.listen(&market.listen).await;
    started.map_err(|error| failure(&error))
}
