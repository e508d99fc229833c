//! What stands between a venue's connection and its consumers.
//!
//! A [`Protocol`] knows one venue's words. A machine keeps one connection's state around it without
//! I/O, a [`Connection`] polls it together with a socket, and a client shares connections between
//! owned [`Subscription`]s.
//!
//! - *For those who read feeds:* [`Subscribe`] is a subscription in the making, [`Subscription`]
//!   the stream, [`Control`] changes it from elsewhere. [`State`], [`Health`] and [`Metrics`] tell
//!   how a client is doing, [`Backoff`] how it waits.
//! - *For those who add a venue:* [`Protocol`] with its [`Topic`]s and its [`Spec`] and
//!   [`ChannelSpec`]s; what it may do is in [`Output`]. A [`Connection`] runs it in an
//!   [`Environment`], which may be all in memory: `examples/custom_venue.rs` shows it whole.

mod auth;
mod client;
mod connection;
mod machine;
mod protocol;
mod subscription;

#[cfg(feature = "dxlink")]
pub(crate) use auth::fetched;
pub use auth::{CredentialError, Secret, Token, TokenProvider};
pub use client::StateChanges;
pub(crate) use client::metrics::HandleMetrics;
pub use client::metrics::{ChannelHealth, ChannelMetrics, ConnectionMetrics, Health, Metrics};
#[cfg(feature = "dxlink")]
pub(crate) use client::settings::at_most_a_day;
#[cfg(feature = "tastytrade")]
pub(crate) use client::settings::{at_least_one, within};
pub(crate) use client::{Hub, HubConfig, quiet_settings};
pub use connection::Connection;
pub use connection::circuit::{Circuit, CircuitState};
pub(crate) use connection::driven::BATCH;
pub use connection::environment::Environment;
#[cfg(feature = "tastytrade")]
pub(crate) use connection::environment::Resolve;
pub(crate) use connection::environment::{Sockets, no_effects};
pub(crate) use connection::network::{Network, network_settings};
pub(crate) use machine::QuietConfig;
pub use machine::deliver::{Deliver, Losing, Missing, Note, Why};
pub use machine::{Backoff, ChannelCounters, ConnectionCounters, Quiet, State};
pub use protocol::spec::{
    Acceptance, Changes, ChannelSpec, Heartbeat, Join, Numbering, Probe, Spec,
};
pub use protocol::topic::{Topic, TopicId, Topics};
pub use protocol::{
    Failure, Jump, Malformed, MissingSpan, Op, Output, Position, Protocol, Refusal, Request,
    RequestId, SnapshotEdge,
};
pub use subscription::Subscription;
pub use subscription::control::Control;
pub use subscription::lane::Carries;
pub use subscription::subscribe::Subscribe;
