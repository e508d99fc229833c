//! The Gate simulator, read by a plain WebSocket client.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod faults;
mod lifecycle;
mod market;
mod protocol;
mod recording;
mod support;
mod weather;
