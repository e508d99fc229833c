//! The machine against a scripted venue, without a runtime.

mod laws;
mod pair;
mod scenarios;
