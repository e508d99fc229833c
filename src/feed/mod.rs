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

mod attempt;
mod circuit;
mod connection;
mod control;
mod credentials;
mod deliver;
mod driven;
mod endpoint;
mod environment;
mod handle;
mod hub;
mod lane;
mod limiter;
mod machine;
mod metrics;
mod network;
mod objection;
mod owed;
mod protocol;
mod rejections;
mod settings;
mod settled;
mod spec;
mod subscribe;
mod subscription;
mod topic;
mod tracker;
mod watchman;

pub use circuit::{Circuit, CircuitState};
pub use connection::Connection;
pub use control::Control;
#[cfg(feature = "dxlink")]
pub(crate) use credentials::fetched;
pub use credentials::{CredentialError, Secret, Token, TokenProvider};
pub use deliver::{Deliver, Losing, Missing, Note, Why};
pub(crate) use driven::BATCH;
pub use environment::Environment;
#[cfg(feature = "tastytrade")]
pub(crate) use environment::Resolve;
pub(crate) use environment::{Sockets, no_effects};
pub use hub::StateChanges;
pub(crate) use hub::{Hub, HubConfig, quiet_settings};
pub use lane::Carries;
pub(crate) use machine::QuietConfig;
pub use machine::{Backoff, ChannelCounters, ConnectionCounters, Quiet, State};
pub(crate) use metrics::HandleMetrics;
pub use metrics::{ChannelHealth, ChannelMetrics, ConnectionMetrics, Health, Metrics};
pub(crate) use network::{Network, network_settings};
pub use protocol::{
    Failure, Jump, Malformed, MissingSpan, Op, Output, Position, Protocol, Refusal, Request,
    RequestId, SnapshotEdge,
};
#[cfg(feature = "dxlink")]
pub(crate) use settings::at_most_a_day;
#[cfg(feature = "tastytrade")]
pub(crate) use settings::{at_least_one, within};
pub use spec::{Acceptance, Changes, ChannelSpec, Heartbeat, Join, Numbering, Probe, Spec};
pub use subscribe::Subscribe;
pub use subscription::Subscription;
pub use topic::{Topic, TopicId, Topics};
