//! What the commands that show a live feed have in common: their options, and the feed's life from
//! the venue's acceptance to its end.

mod ending;
mod summary;

use std::convert::Infallible;
use std::num::NonZeroU64;
use std::time::Duration;

use clap::Args;
use feedline::feed::{Carries, Protocol, Subscribe, Subscription};

use crate::event::Data;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::output::note;
use crate::venue::Client;
pub(crate) use summary::{LeftOut, Summary};

/// How long nothing is said while the venue has not accepted the subscription.
const PATIENCE: Duration = Duration::from_secs(3);

/// Options of every venue, which may stand before its name too.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Connect here instead of to the venue: a testnet, a proxy, `feedline sim`.
    #[arg(long, global = true)]
    pub(crate) url: Option<String>,
    /// Write JSON Lines: each event an object whose `kind` says what it is, such as trade, quote,
    /// candle or book, or gap or status.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// End after this long, counted from the venue's acceptance: 10s, 1m, 500ms.
    #[arg(long = "for", global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    lasting: Option<Duration>,
    /// End after this many data events; gaps and statuses do not count.
    #[arg(long, global = true)]
    count: Option<NonZeroU64>,
    /// Go on with the other symbols when the venue refuses some.
    #[arg(long, global = true)]
    allow_partial: bool,
    /// No summary at the end.
    #[arg(short, long, global = true)]
    quiet: bool,
}

impl Options {
    /// How many data events end it.
    pub(crate) fn wanted(&self) -> u64 {
        self.count.map_or(u64::MAX, NonZeroU64::get)
    }

    /// Subscribes, and waits for the venue's acceptance; `None` if the user would rather end.
    pub(crate) async fn accepted<P: Protocol, T: Data>(
        &self,
        mut subscribe: Subscribe<P, T>,
        client: &impl Client,
        interrupt: &Interrupt,
    ) -> Outcome<Option<Subscription<T>>>
    where
        P::Event: Carries<T>,
    {
        if self.allow_partial {
            subscribe = subscribe.allow_partial();
        }
        tokio::select! {
            accepted = subscribe => Ok(Some(accepted?)),
            () = interrupt.wait() => Ok(None),
            never = self.complain(client) => match never {},
        }
    }

    /// Runs `follow` until it, the options or the user end it.
    pub(crate) async fn until_end(
        &self,
        follow: impl Future<Output = Outcome>,
        interrupt: &Interrupt,
    ) -> Outcome {
        tokio::select! {
            outcome = follow => outcome,
            () = elapsed(self.lasting) => Ok(()),
            () = interrupt.wait() => Ok(()),
        }
    }

    /// Says in the end what there was, unless nobody wants to know.
    pub(crate) fn sum_up(&self, summary: &Summary, outcome: &Outcome) {
        if !self.quiet && !matches!(outcome, Err(Failure::OutputClosed)) {
            note(summary);
        }
    }

    /// Says what the subscription waits for, every few seconds.
    async fn complain(&self, client: &impl Client) -> Infallible {
        loop {
            tokio::time::sleep(PATIENCE).await;
            let health = client.health();
            if !self.quiet {
                let waits = || "the venue has not answered yet".into();
                let trouble = health.trouble.unwrap_or_else(waits);
                note(format_args!(
                    "not accepted yet, state {}: {trouble}",
                    health.state
                ));
            }
        }
    }
}

/// Waits that long, or for ever.
async fn elapsed(lasting: Option<Duration>) {
    match lasting {
        Some(lasting) => tokio::time::sleep(lasting).await,
        None => std::future::pending().await,
    }
}
