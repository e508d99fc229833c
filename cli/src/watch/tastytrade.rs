//! `feedline watch tastytrade`.

use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::dxlink::channel::{Channel as Market, Parameters};
use super::{Watching, dxlink};
use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::live::Options;
use crate::outcome::Outcome;
use crate::venue::Client;
use crate::venue::dxlink::split;
use crate::venue::tastytrade::{Accounts, Connection, HELP};

/// tastytrade: market data, and what happens in your accounts.
#[derive(Debug, Args)]
pub(crate) struct Tastytrade {
    /// What to watch.
    #[arg(value_enum)]
    channel: Channel,
    /// The streamer's names, such as AAPL, .AAPL270115C230, or for candles 'AAPL{=5m}'; for account
    /// the numbers of accounts.
    #[arg(required = true)]
    symbols: Vec<String>,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    connection: Connection,
}

/// A channel's name on the command line: those of DXLink, and the account streamer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Account,
    Market(Market),
}

impl ValueEnum for Channel {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Channel>> = LazyLock::new(|| {
            let market = Market::value_variants().iter().copied();
            std::iter::once(Channel::Account)
                .chain(market.map(Channel::Market))
                .collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Account => {
                let help = "Orders, fills, balances and positions as they change";
                Some(PossibleValue::new("account").help(help))
            }
            Self::Market(channel) => channel.to_possible_value(),
        }
    }
}

pub(super) fn help() -> String {
    format!("{HELP}\n\n{EXIT_CODES}")
}

pub(super) async fn run(args: Tastytrade, options: &Options, interrupt: &Interrupt) -> Outcome {
    let symbols = split(&args.symbols);
    if let Channel::Market(channel) = args.channel {
        args.parameters.check(channel)?;
    }
    let client = args.connection.client(options)?;
    let accounts = Accounts(&client);
    let outcome = match args.channel {
        Channel::Account => {
            let on = Watching::new(&accounts, options, interrupt);
            on.show(client.account(symbols)).await
        }
        Channel::Market(channel) => {
            let on = Watching::new(client.market(), options, interrupt);
            dxlink::show(&on, channel, &args.parameters, symbols).await
        }
    };
    accounts.say_goodbye().await;
    outcome
}
