//! What the commands that show a live feed have in common: their options, and the feed's life from
//! the venue's acceptance to its end.

mod summary;

use std::convert::Infallible;
use std::num::NonZeroU64;
use std::time::Duration;

use clap::Args;
use feedline::feed::{Carries, Subscribe, Subscription};
use feedline::venue::gate::{self, Spot, SpotEvent, SpotProtocol};

use crate::event::Data;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::output::note;
pub(crate) use summary::{LeftOut, Summary};

/// How long nothing is said while the venue has not accepted the subscription.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the connection may take to close.
const GOODBYE: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Connect here instead of to the venue: a testnet, a proxy, `feedline sim`.
    #[arg(long)]
    url: Option<String>,
    /// Write JSON Lines: each event an object whose `kind` is trade, quote, ticker, candle or book,
    /// or gap or status.
    #[arg(long)]
    pub(crate) json: bool,
    /// End after this long, counted from the venue's acceptance: 10s, 1m, 500ms.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    lasting: Option<Duration>,
    /// End after this many data events; gaps and statuses do not count.
    #[arg(long)]
    count: Option<NonZeroU64>,
    /// Go on with the other symbols when the venue refuses some.
    #[arg(long)]
    allow_partial: bool,
    /// No summary at the end.
    #[arg(short, long)]
    quiet: bool,
}

impl Options {
    /// A client of the venue.
    pub(crate) fn client(&self) -> Outcome<Spot> {
        let url = self.url.as_deref().unwrap_or(gate::SPOT_URL);
        Ok(Spot::builder().url(url).build()?)
    }

    /// How many data events end it.
    pub(crate) fn wanted(&self) -> u64 {
        self.count.map_or(u64::MAX, NonZeroU64::get)
    }

    /// Subscribes, and waits for the venue's acceptance; `None` if the user would rather end.
    pub(crate) async fn accepted<T: Data>(
        &self,
        mut subscribe: Subscribe<SpotProtocol, T>,
        client: &Spot,
        interrupt: &Interrupt,
    ) -> Outcome<Option<Subscription<T>>>
    where
        SpotEvent: Carries<T>,
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
    async fn complain(&self, client: &Spot) -> Infallible {
        loop {
            tokio::time::sleep(PATIENCE).await;
            let health = client.health();
            if !self.quiet {
                let trouble = health.trouble.unwrap_or_default();
                note(format_args!(
                    "not accepted yet, state {}: {trouble}",
                    health.state
                ));
            }
        }
    }
}

/// Closes the connection; what does not close in time is ended with the process.
pub(crate) async fn say_goodbye(client: &Spot) {
    let _ = client.shutdown(GOODBYE).await;
}

/// Waits that long, or for ever.
async fn elapsed(lasting: Option<Duration>) {
    match lasting {
        Some(lasting) => tokio::time::sleep(lasting).await,
        None => std::future::pending().await,
    }
}
