//! DXLink.

mod data;
mod kind;
mod since;
mod symbols;

use std::env::{self, VarError};
use std::time::Duration;

use clap::Args;
use feedline::feed::Token;
use feedline::venue::dxlink::DxLink;

use crate::live::Options;
use crate::outcome::{Failure, Outcome};
pub(crate) use kind::kind;
pub(crate) use since::Since;
pub(crate) use symbols::{candle_symbols, split};

/// Where the token is read from. A command line can be seen by everybody on the machine.
const TOKEN: &str = "FEEDLINE_DXLINK_TOKEN";

/// Told by the help of every command that connects.
pub(crate) const HELP: &str = "\
Without --url it is dxFeed's public demonstration, of delayed data, which wants no token:
  wss://demo.dxfeed.com/market-data/dxlink-ws

The token of the endpoint at --url, if it wants one, is read from the environment variable
FEEDLINE_DXLINK_TOKEN, and is never taken from the command line nor written anywhere. Without --url it
is not used.

The venue acknowledges nothing: a symbol that it does not know is silent.";

/// How to connect.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// Ask the venue to gather updates for this long and send only the latest where that is all
    /// that counts, such as 100ms; 0s for every update. The venue's own default unless told.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    aggregation: Option<Duration>,
}

impl Connection {
    /// A client of the endpoint.
    pub(crate) fn client(&self, options: &Options) -> Outcome<DxLink> {
        let mut builder = DxLink::builder();
        // A token is for the endpoint that the user names: the demonstration wants none.
        if let Some(url) = &options.url {
            builder = builder.url(url);
            if let Some(token) = token()? {
                builder = builder.token(token);
            }
        }
        if let Some(period) = self.aggregation {
            builder = builder.aggregation(period);
        }
        Ok(builder.build()?)
    }
}

/// The token of the environment; an empty one is none.
fn token() -> Outcome<Option<Token>> {
    match env::var(TOKEN) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(Token::new(text.trim()))),
        Err(VarError::NotPresent) => Ok(None),
        // Not the error's own words, which repeat the value.
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{TOKEN} is not valid Unicode text")))
        }
    }
}
