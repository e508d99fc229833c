//! The dxLink simulator, read by a plain WebSocket client.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod candles;
mod channels;
mod contracts;
mod depth;
mod faults;
mod handshake;
mod history;
mod lifecycle;
mod limits;
mod market;
mod own_faults;
mod support;
mod weather;
