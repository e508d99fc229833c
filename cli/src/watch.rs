//! `feedline watch`: shows a live feed.

mod dxlink;
mod gate;
mod parameters;
mod tastytrade;

use clap::{Parser, Subcommand};
use feedline::Event;
use feedline::feed::{Carries, Protocol, Subscribe, Subscription};

use crate::args::EXIT_CODES;
use crate::event::{Data, Line};
use crate::interrupt::Interrupt;
use crate::live::{Options, Summary};
use crate::outcome::Outcome;
use crate::output::Output;
use crate::text;
use crate::venue::Client;

/// How many events are taken at once, before they are shown.
const BATCH: usize = 256;

/// Show what a venue sends: a line an event, gaps and interruptions included.
#[derive(Debug, Parser)]
#[command(subcommand_value_name = "VENUE", subcommand_help_heading = "Venues")]
pub(crate) struct Watch {
    #[command(subcommand)]
    venue: Venue,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Venue {
    #[command(after_help = EXIT_CODES)]
    Gate(gate::Gate),
    #[command(after_help = dxlink::help())]
    Dxlink(dxlink::Dxlink),
    #[command(after_help = tastytrade::help())]
    Tastytrade(tastytrade::Tastytrade),
}

/// Runs the command.
pub(crate) async fn run(args: Watch, interrupt: &Interrupt) -> Outcome {
    match args.venue {
        Venue::Gate(gate) => gate::run(gate, &args.options, interrupt).await,
        Venue::Dxlink(dxlink) => dxlink::run(dxlink, &args.options, interrupt).await,
        Venue::Tastytrade(tastytrade) => {
            tastytrade::run(tastytrade, &args.options, interrupt).await
        }
    }
}

/// A venue's client, and how its feed is to be shown.
struct Watching<'a, C> {
    client: &'a C,
    options: &'a Options,
    interrupt: &'a Interrupt,
}

impl<'a, C: Client> Watching<'a, C> {
    fn new(client: &'a C, options: &'a Options, interrupt: &'a Interrupt) -> Self {
        Self {
            client,
            options,
            interrupt,
        }
    }

    /// Subscribes, and shows events until the user, the options or the venue end it.
    async fn show<P: Protocol, T: Data>(&self, subscribe: Subscribe<P, T>) -> Outcome
    where
        P::Event: Carries<T>,
    {
        let (options, interrupt) = (self.options, self.interrupt);
        let accepted = options.accepted(subscribe, self.client, interrupt).await?;
        let Some(subscription) = accepted else {
            return Ok(());
        };
        let mut summary = Summary::of("events");
        let following = follow(subscription, options, &mut summary);
        let outcome = options.until_end(following, interrupt).await;
        options.sum_up(&summary, &outcome);
        outcome
    }
}

async fn follow<T: Data>(
    mut subscription: Subscription<T>,
    options: &Options,
    summary: &mut Summary,
) -> Outcome {
    let mut output = Output::new();
    let mut events = Vec::new();
    let wanted = options.wanted();
    loop {
        let count = subscription.next_batch(&mut events, BATCH).await?;
        for event in events.drain(..) {
            summary.count(&event);
            write(event, options.json, &mut output)?;
            if summary.data() == wanted {
                return output.flush();
            }
        }
        output.flush()?;
        if count == 0 {
            return Ok(());
        }
    }
}

fn write<T: Data>(event: Event<T>, json: bool, output: &mut Output) -> Outcome {
    if json {
        return output.json(&Line::new(event));
    }
    output.line(match event {
        Event::Data(data) => data.text(),
        Event::Gap(gap) => text::gap(&gap),
        Event::Status(status) => text::status(&status),
    })
}
