//! `feedline sim`: runs a venue's simulator.

mod behaviour;
mod dxlink;
mod gate;
mod market;
mod running;
mod tastytrade;

use clap::{Parser, Subcommand};
use feedline::sim::Fault;
use feedline::sim::dxlink::DxLinkFault;
use feedline::sim::gate::GateFault;
use feedline::sim::tastytrade::TastytradeFault;

use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, note};
use market::Market;
use running::Running;

const FAULTS: &str = r##"The faults file:
  JSON Lines: each line an object with a "fault", that fault's own fields, and when it happens:

    at                 this long after the start: "250ms", "5s", "2m", "1h"
    every              and again whenever this much time has passed
    after_subscribes   instead: once this many subscribe requests have arrived
    after_frames       instead: once this many data frames have been queued
    session            only this connection; the first is 1

  Empty lines and lines that begin with # are skipped. An example:

    # a cut every ten seconds, one refusal, three garbled frames, and a minute of silence
    {"at": "5s", "every": "10s", "fault": "cut"}
    {"at": "0s", "fault": "refuse", "code": 3, "text": "internal error"}
    {"after_frames": 500, "fault": "garble", "times": 3}
    {"after_subscribes": 3, "fault": "mute", "for": "1m"}

  Faults: "##;

/// Run a simulator of a venue on a port of this machine, until Ctrl-C.
///
/// It speaks the venue's protocols, so that any client of the venue works against it. Its addresses
/// are the first lines on standard output, the WebSocket's first.
#[derive(Debug, Parser)]
#[command(after_long_help = faults_help())]
#[command(subcommand_value_name = "VENUE", subcommand_help_heading = "Venues")]
pub(crate) struct Sim {
    #[command(subcommand)]
    venue: Venue,
    #[command(flatten)]
    market: Market,
}

#[derive(Debug, Subcommand)]
enum Venue {
    #[command(after_long_help = faults_help())]
    Gate(gate::Gate),
    #[command(after_long_help = faults_help())]
    Dxlink(dxlink::Dxlink),
    #[command(after_long_help = faults_help())]
    Tastytrade(tastytrade::Tastytrade),
}

fn faults_help() -> String {
    let names = Fault::NAMES.join(", ");
    let own = [
        ("gate", GateFault::KINDS),
        ("dxlink", DxLinkFault::KINDS),
        ("tastytrade", TastytradeFault::KINDS),
    ];
    let own = own.map(|(venue, kinds)| format!("    {venue:<12}{}\n", kinds.join(", ")));
    let own = own.concat();
    format!(
        "{FAULTS}{names}\n\n  Those that are a venue's name are its own, and have a \"kind\":\n\n{own}\n\
         {EXIT_CODES}"
    )
}

/// Runs the command.
pub(crate) async fn run(args: Sim, interrupt: &Interrupt) -> Outcome {
    let market = &args.market;
    match &args.venue {
        Venue::Gate(gate) => serve(&gate::start(gate, market).await?, market, interrupt).await,
        Venue::Dxlink(dxlink) => {
            serve(&dxlink::start(dxlink, market).await?, market, interrupt).await
        }
        Venue::Tastytrade(tastytrade) => {
            let sim = tastytrade::start(tastytrade, market).await?;
            serve(&sim, market, interrupt).await
        }
    }
}

async fn serve(sim: &impl Running, market: &Market, interrupt: &Interrupt) -> Outcome {
    announce(&sim.addresses())?;
    interrupt.wait().await;
    let (connects, breaches) = (sim.connects(), sim.breaches());
    sim.shutdown().await;
    if !market.quiet {
        note(format_args!(
            "{connects} connects, {breaches} breaches of the venue's rules"
        ));
    }
    Ok(())
}

/// Tells where it listens. That nobody reads it is no reason to stop.
fn announce(addresses: &[String]) -> Outcome {
    let mut output = Output::new();
    for address in addresses {
        output.line(address)?;
    }
    match output.flush() {
        Err(Failure::OutputClosed) => Ok(()),
        written => written,
    }
}
