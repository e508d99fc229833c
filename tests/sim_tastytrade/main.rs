//! The tastytrade simulator, read by plain HTTP and WebSocket clients.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod accounts;
mod lifecycle;
mod market_data;
mod notifications;
mod rest;
mod support;
mod weather;
