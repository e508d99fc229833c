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
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::text;
use crate::venue::{Client, GOODBYE};

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
        let mut show = Showing::new(subscription, options);
        let outcome = options.until_end(show.follow(), interrupt).await;
        let outcome = show.end(self.client, outcome).await;
        options.sum_up(&show.summary, &outcome);
        outcome
    }
}

/// A feed that is shown.
struct Showing<'a, T: Data> {
    subscription: Subscription<T>,
    events: Vec<Event<T>>,
    output: Output,
    options: &'a Options,
    summary: Summary,
}

impl<'a, T: Data> Showing<'a, T> {
    fn new(subscription: Subscription<T>, options: &'a Options) -> Self {
        Self {
            summary: Summary::of("events", subscription.symbols()),
            subscription,
            events: Vec::new(),
            output: Output::new(),
            options,
        }
    }

    fn is_done(&self) -> bool {
        self.summary.data() >= self.options.wanted()
    }

    /// Shows events until there are no more, or as many as were wanted.
    async fn follow(&mut self) -> Outcome {
        loop {
            let count = self
                .subscription
                .next_batch(&mut self.events, BATCH)
                .await?;
            let mut events = std::mem::take(&mut self.events);
            for event in events.drain(..) {
                self.write(event)?;
                if self.is_done() {
                    return self.output.flush();
                }
            }
            self.events = events;
            self.output.flush()?;
            if count == 0 {
                return Ok(());
            }
        }
    }

    /// Shows what has come before the end, and what may be missing up to it.
    async fn end(&mut self, client: &impl Client, outcome: Outcome) -> Outcome {
        if matches!(outcome, Err(Failure::OutputClosed)) {
            return outcome;
        }
        let mut rest = Ok(());
        if outcome.is_ok() && !self.is_done() {
            client.unsubscribe_all();
            let ended = tokio::time::timeout(GOODBYE, self.follow()).await;
            rest = ended.unwrap_or(Ok(()));
        }
        let last = match self.summary.end() {
            Some(gap) => self.show(gap.into()).and_then(|()| self.output.flush()),
            None => Ok(()),
        };
        outcome.and(rest).and(last)
    }

    fn write(&mut self, event: Event<T>) -> Outcome {
        self.summary.count(&event);
        self.show(event)
    }

    fn show(&mut self, event: Event<T>) -> Outcome {
        if self.options.json {
            return self.output.json(&Line::new(event));
        }
        self.output.line(match event {
            Event::Data(data) => data.text(),
            Event::Gap(gap) => text::gap(&gap),
            Event::Status(status) => text::status(&status),
        })
    }
}
