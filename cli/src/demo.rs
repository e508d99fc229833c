//! stub
use crate::interrupt::Interrupt;
use crate::outcome::Outcome;
use clap::Parser;
/// Stub.
#[derive(Debug, Parser)]
pub(crate) struct Demo {}
pub(crate) async fn run(_: Demo, _: &Interrupt) -> Outcome {
    Ok(())
}
