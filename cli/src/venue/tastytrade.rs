//! tastytrade.

use std::env::{self, VarError};
use std::time::Duration;

use clap::Args;
use feedline::feed::{Health, Secret};
use feedline::venue::tastytrade::{AccountEvent, Tastytrade};
use serde_json::Value;

use super::{Client, GOODBYE};
use crate::event::{Data, Kinded};
use crate::live::Options;
use crate::outcome::{Failure, Outcome};

/// Where the credentials are read from. A command line can be seen by everybody on the machine.
const CLIENT_SECRET: &str = "TASTYTRADE_CLIENT_SECRET";
const REFRESH_TOKEN: &str = "TASTYTRADE_REFRESH_TOKEN";

/// Told by the help of every command that connects.
pub(crate) const HELP: &str = "\
The credentials of an OAuth application are read from the environment variables
TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN. They are never taken from the command line or
from a .env file, nor written anywhere.

--url is the address of the REST interface, https://api.tastyworks.com unless told. Where quotes come
from is told by the venue. The account streamer is the venue's own, or where --url is, unless
--account-url says otherwise. The venue, its sandbox and servers of one's own cannot be mixed.

The venue acknowledges nothing: a symbol that it does not know is silent.";

/// How to connect.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The venue's sandbox, of delayed data, instead of the venue.
    #[arg(long, conflicts_with = "url")]
    sandbox: bool,
    /// Where the account streamer is, if it is not where --url is.
    #[arg(long, value_name = "URL")]
    account_url: Option<String>,
    /// Ask the venue to gather updates for this long and send only the latest where that is all
    /// that counts, such as 100ms; 0s for every update. The venue's own default unless told.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    aggregation: Option<Duration>,
}

impl Connection {
    /// A client with the credentials of the environment.
    pub(crate) fn client(&self, options: &Options) -> Outcome<Tastytrade> {
        let mut builder = Tastytrade::builder(secret(CLIENT_SECRET)?, secret(REFRESH_TOKEN)?);
        if self.sandbox {
            builder = builder.sandbox();
        }
        if let Some(url) = &options.url {
            builder = builder.url(url);
        }
        if let Some(url) = &self.account_url {
            builder = builder.account_url(url);
        }
        if let Some(period) = self.aggregation {
            builder = builder.aggregation(period);
        }
        Ok(builder.build()?)
    }
}

fn secret(name: &str) -> Outcome<Secret> {
    match env::var(name) {
        Ok(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim())),
        // Not the error's own words, which repeat the value.
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{name} is not valid Unicode text")))
        }
        _ => Err(Failure::usage(format!(
            "the environment variable {name} is not set: tastytrade needs {CLIENT_SECRET} and \
             {REFRESH_TOKEN}, those of an OAuth application of yours"
        ))),
    }
}

/// The client as far as its accounts go; quotes have the client of DXLink.
#[derive(Debug)]
pub(crate) struct Accounts<'a>(pub(crate) &'a Tastytrade);

impl Client for Accounts<'_> {
    fn health(&self) -> Health {
        self.0.account_health()
    }

    fn unsubscribe_all(&self) {
        self.0.unsubscribe_all();
    }

    async fn say_goodbye(&self) {
        let _ = self.0.shutdown(GOODBYE).await;
    }
}

impl Data for AccountEvent {
    type Json = Kinded<Self>;

    fn json(self) -> Kinded<Self> {
        Kinded::new("account", self)
    }

    fn text(&self) -> String {
        // What happened has many forms: its own names and values, without what is absent.
        let update = serde_json::to_value(&self.update).unwrap_or_default();
        let what = update["event"].as_str().unwrap_or_default().to_owned();
        let mut line = format!("{}  {what:<13}", self.account);
        let fields = update["data"].as_object().into_iter().flatten();
        for (name, value) in fields.filter(|(name, _)| *name != "received" && *name != "detail") {
            match value {
                Value::Object(_) | Value::Array(_) => {}
                Value::String(text) => line += &format!("  {name} {text}"),
                other => line += &format!("  {name} {other}"),
            }
        }
        line
    }
}
