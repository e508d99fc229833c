//! `feedline demo`: a feed that is broken on purpose, and the account of what came through.

mod account;
mod acts;
mod run;
mod screen;

use clap::Parser;

use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use run::Show;
use screen::Screen;

/// Watch a simulated venue break in every way, and see that nothing is lost in silence.
///
/// A simulator on this machine trades three pairs for a quarter of a minute. Its connection is cut,
/// garbled, refused and closed on the way, and in the end each trade that it sent is accounted for:
/// delivered, counted as missing where it is missing, or inside an outage that was reported. Ends
/// with code 1 if any is not.
#[derive(Debug, Parser)]
pub(crate) struct Demo {
    /// Seed of the simulated market.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write JSON Lines: every trade, gap and status as `feedline watch --json` does, and last an
    /// object of kind account.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(args: Demo, interrupt: &Interrupt) -> Outcome {
    let mut screen = Screen::new(args.json);
    screen.intro()?;
    let mut show = Show::start(args.seed).await?;
    let shown = tokio::select! {
        shown = show.play(&mut screen) => Some(shown?),
        () = interrupt.wait() => None,
    };
    show.end().await;
    let Some(account) = shown else {
        return screen.interrupted();
    };
    screen.account(&account)?;
    if account.adds_up() {
        return Ok(());
    }
    Err(Failure::failed(
        "the account does not add up: this is a defect of feedline",
    ))
}
