use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::feed::connection::circuit::Circuit;
use crate::feed::machine::{ChannelCounters, ConnectionCounters, State};

/// What a client has counted since it was made. Taking it costs a lock for a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metrics {
    /// By the channel's name, over all connections.
    pub channels: BTreeMap<String, ChannelMetrics>,
    /// By the connection's number.
    pub connections: Vec<ConnectionMetrics>,
    /// Subscriptions held.
    pub subscriptions: usize,
    /// Topics wanted, each counted once however many subscriptions share it.
    pub topics: usize,
}

/// What one channel brought and what its queues did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelMetrics {
    /// What came.
    #[serde(flatten)]
    pub counters: ChannelCounters,
    /// Subscriptions held.
    pub subscriptions: usize,
    /// Events in their queues.
    pub queued: usize,
    /// Most events that one of their queues has held.
    pub queue_high_water: usize,
    /// Events that their queues dropped.
    pub dropped: u64,
    /// Events that a newer one replaced in their queues.
    pub merged: u64,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConnectionMetrics {
    /// What it is doing.
    pub state: State,
    /// How long it has been live, in seconds.
    pub uptime: f64,
    /// Topics placed on it.
    pub topics: usize,
    /// How far the venue's clock is ahead of this machine's, in seconds, as its events show it: negative
    /// where they are delayed. Absent where events carry no time, or none has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset: Option<f64>,
    /// What happened to it.
    #[serde(flatten)]
    pub counters: ConnectionCounters,
}

/// Whether a client does what it is there for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Every connection that is needed is live and read, and no data is overdue.
    pub ok: bool,
    /// The worst state of the connections.
    pub state: State,
    /// When anything was last received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received: Option<Timestamp>,
    /// How long ago that was, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<f64>,
    /// The handle that everything waits for because it is full and may lose nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Why the last connection was lost or could not be made, while it is not live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How old the data of each subscribed channel is, by its name. A connection that answers every
    /// ping may bring none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<String, ChannelHealth>,
    /// What the process knows of the endpoint.
    #[serde(default)]
    pub circuit: Circuit,
}

/// Whether a channel brings data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelHealth {
    /// How long ago its last event was read, on whichever connection, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_data_age: Option<f64>,
    /// At least one of its topics, or all of a connection with one, has been silent for so much longer
    /// than it ever was that the venue is being asked for it again.
    pub overdue: bool,
}

impl Health {
    /// The channels with data that is overdue.
    pub fn overdue(&self) -> impl Iterator<Item = &str> {
        let overdue = self.channels.iter().filter(|(_, channel)| channel.overdue);
        overdue.map(|(name, _)| name.as_str())
    }
}

/// One handle's queue.
#[derive(Clone, Debug)]
pub(crate) struct HandleMetrics {
    pub(crate) channel: String,
    pub(crate) queued: usize,
    pub(crate) high_water: usize,
    pub(crate) dropped: u64,
    pub(crate) merged: u64,
}

impl HandleMetrics {
    /// Adds what another queue of the same channel had counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.high_water = self.high_water.max(other.high_water);
        self.dropped += other.dropped;
        self.merged += other.merged;
    }
}

impl Metrics {
    pub(crate) fn add_channel(&mut self, name: &str, counters: &ChannelCounters) {
        self.channels
            .entry(name.to_owned())
            .or_default()
            .counters
            .add(counters);
    }

    pub(crate) fn add_handle(&mut self, handle: &HandleMetrics) {
        self.subscriptions += 1;
        self.channels
            .entry(handle.channel.clone())
            .or_default()
            .subscriptions += 1;
        self.add_queue(handle);
    }

    pub(crate) fn add_queue(&mut self, handle: &HandleMetrics) {
        let channel = self.channels.entry(handle.channel.clone()).or_default();
        channel.queued += handle.queued;
        channel.queue_high_water = channel.queue_high_water.max(handle.high_water);
        channel.dropped += handle.dropped;
        channel.merged += handle.merged;
    }
}

pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
