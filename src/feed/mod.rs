//! What stands between a venue's connection and its consumers.

mod gap_ids;
mod lost;
mod queue;
mod run;

pub(crate) use gap_ids::GapIds;
pub(crate) use queue::Queue;
