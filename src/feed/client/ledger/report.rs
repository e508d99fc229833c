//! What the connections' tasks say of themselves, put together for the client's user.

use std::collections::BTreeMap;

use super::clients::Client;
use super::{ClientId, Ledger};
use crate::Now;
use crate::feed::client::metrics::{ChannelHealth, ConnectionMetrics, Health, Metrics, seconds};
use crate::feed::machine::{ChannelCounters, ConnectionCounters, State};
use crate::feed::subscription::handle::lock;
use crate::feed::{Circuit, Protocol};

/// What a task last said of its connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) state: Option<State>,
    pub(crate) live_since: Option<std::time::Instant>,
    pub(crate) clock_offset: Option<f64>,
    pub(crate) counters: ConnectionCounters,
    pub(crate) channels: Vec<(&'static str, ChannelCounters)>,
    /// Channels with topics whose data is overdue.
    pub(crate) overdue: Vec<&'static str>,
    pub(crate) stalled_by: Option<String>,
    pub(crate) trouble: Option<String>,
    /// Topics that wait until the venue has released others.
    pub(crate) waiting: usize,
}

impl Report {
    /// Adds what a task that has ended had counted.
    pub(super) fn retire(&mut self, report: &Self) {
        self.counters.add(&report.counters);
        for (name, counters) in &report.channels {
            match self.channels.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => known.add(counters),
                None => self.channels.push((name, counters.clone())),
            }
        }
    }
}

impl<P: Protocol> Ledger<P> {
    fn reports(&self) -> Vec<Report> {
        self.shards
            .iter()
            .map(|shard| lock(&shard.report).clone())
            .collect()
    }

    /// The worst state of the connections that are needed.
    pub(super) fn connections_state(&self) -> State {
        let states = self
            .shards
            .iter()
            .filter_map(|shard| lock(&shard.report).state);
        states.min().unwrap_or(State::Idle)
    }

    /// What a client is doing.
    fn state(&self, client: ClientId) -> State {
        let state = self.connections_state();
        let client = self.clients.get(client);
        client.map_or(state, |client| client.state(state))
    }

    /// What stands in the way of a client's progress, in words.
    pub(in crate::feed::client) fn obstacle(&self, client: ClientId) -> String {
        let reports = self.reports();
        if let Some(by) = reports.iter().find_map(|report| report.stalled_by.as_ref()) {
            return format!("{by} is full and its policy is to wait");
        }
        let state = self.state(client);
        let waiting: usize = reports.iter().map(|report| report.waiting).sum();
        if waiting > 0 && state == State::Live {
            return format!("{waiting} topics wait until the venue has released as many");
        }
        match reports.iter().find_map(|report| report.trouble.as_ref()) {
            Some(trouble) if state != State::Live => format!("state {state}: {trouble}"),
            _ => format!("state {state}"),
        }
    }

    /// The pool's connections, and a client's topics and handles.
    pub(in crate::feed::client) fn metrics(&self, now: Now, client: ClientId) -> Metrics {
        let client = self.clients.get(client);
        let mut metrics = Metrics {
            topics: client.map_or(0, Client::topics),
            ..Metrics::default()
        };
        for (at, (shard, report)) in self.shards.iter().zip(self.reports()).enumerate() {
            for (name, counters) in shard.past.channels.iter().chain(&report.channels) {
                metrics.add_channel(name, counters);
            }
            let live = report
                .live_since
                .filter(|_| report.state == Some(State::Live));
            let uptime = live.map(|since| now.instant.saturating_duration_since(since));
            let mut counters = shard.past.counters.clone();
            counters.add(&report.counters);
            metrics.connections.push(ConnectionMetrics {
                state: report.state.unwrap_or(State::Idle),
                uptime: seconds(uptime.unwrap_or_default()),
                topics: self.places.topics(at),
                clock_offset: report.clock_offset,
                counters,
            });
        }
        for retired in client.iter().flat_map(|client| client.retired()) {
            metrics.add_queue(retired);
        }
        let handles = client.into_iter().flat_map(Client::handles);
        for record in handles.filter_map(|id| self.handles.get(&id)) {
            metrics.add_handle(&record.handle.metrics());
        }
        metrics
    }

    pub(in crate::feed::client) fn health(
        &self,
        now: Now,
        client: ClientId,
        circuit: Circuit,
    ) -> Health {
        let state = self.state(client);
        let reports = self.reports();
        let last_received = reports
            .iter()
            .filter_map(|report| report.counters.last_received)
            .max();
        let waiting_for = reports.iter().find_map(|report| report.stalled_by.clone());
        let live = matches!(state, State::Live | State::Idle);
        let channels = self.channel_health(now, client, &reports);
        let overdue = channels.values().any(|channel| channel.overdue);
        Health {
            ok: live && waiting_for.is_none() && !overdue,
            state,
            last_received,
            silence: last_received.map(|last| seconds(now.wall.duration_since(last))),
            waiting_for,
            trouble: reports
                .into_iter()
                .find_map(|report| report.trouble)
                .filter(|_| !live),
            channels,
            circuit,
        }
    }

    /// How the channels are doing that a client has subscriptions of.
    fn channel_health(
        &self,
        now: Now,
        client: ClientId,
        reports: &[Report],
    ) -> BTreeMap<String, ChannelHealth> {
        let handles = self
            .clients
            .get(client)
            .into_iter()
            .flat_map(Client::handles);
        let records = handles.filter_map(|id| self.handles.get(&id));
        let names = records.map(|record| record.handle.metrics().channel);
        let mut channels: BTreeMap<_, _> =
            names.map(|name| (name, ChannelHealth::default())).collect();
        for report in reports {
            for (name, counters) in &report.channels {
                let age = counters
                    .last_message
                    .map(|last| now.wall.duration_since(last));
                if let (Some(channel), Some(age)) = (channels.get_mut(*name), age.map(seconds)) {
                    let youngest = channel.last_data_age.map_or(age, |known| known.min(age));
                    channel.last_data_age = Some(youngest);
                }
            }
            for name in &report.overdue {
                if let Some(channel) = channels.get_mut(*name) {
                    channel.overdue = true;
                }
            }
        }
        channels
    }

    /// How many connections have tasks and are not open yet.
    pub(in crate::feed::client) fn unopened(&self) -> usize {
        let running = self.shards.iter().filter(|shard| shard.has_task());
        let is_open = |state| matches!(state, Some(State::Authenticating | State::Live));
        running
            .filter(|shard| !is_open(lock(&shard.report).state))
            .count()
    }
}
