//! What stands between a venue's connection and its consumers.

mod gap_ids;
mod lost;
pub(crate) mod queue;
mod run;

pub(crate) use gap_ids::GapIds;
