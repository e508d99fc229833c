//! What the connections' tasks say of themselves, put together for the client's user.

use super::Ledger;
use crate::Now;
use crate::feed::Protocol;
use crate::feed::handle::lock;
use crate::feed::machine::{ChannelCounters, ConnectionCounters, State};
use crate::feed::metrics::{ConnectionMetrics, Health, Metrics, seconds};

/// What a task last said of its connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) state: Option<State>,
    pub(crate) live_since: Option<std::time::Instant>,
    pub(crate) clock_offset: Option<f64>,
    pub(crate) counters: ConnectionCounters,
    pub(crate) channels: Vec<(&'static str, ChannelCounters)>,
    pub(crate) stalled_by: Option<String>,
    pub(crate) trouble: Option<String>,
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
    pub(in crate::feed::hub) fn state(&self) -> State {
        if self.closed {
            return State::Closed;
        }
        let states = self
            .shards
            .iter()
            .filter_map(|shard| lock(&shard.report).state);
        states.min().unwrap_or(State::Idle)
    }

    /// What stands in the way of progress, in words.
    pub(in crate::feed::hub) fn obstacle(&self) -> String {
        let reports = self.reports();
        if let Some(by) = reports.iter().find_map(|report| report.stalled_by.as_ref()) {
            return format!("{by} is full and its policy is to wait");
        }
        let state = self.state();
        match reports.iter().find_map(|report| report.trouble.as_ref()) {
            Some(trouble) if state != State::Live => format!("state {state}: {trouble}"),
            _ => format!("state {state}"),
        }
    }

    pub(in crate::feed::hub) fn metrics(&self, now: Now) -> Metrics {
        let mut metrics = Metrics {
            topics: self.topics.len(),
            ..Metrics::default()
        };
        for (shard, report) in self.shards.iter().zip(self.reports()) {
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
                topics: shard.load.topics(),
                clock_offset: report.clock_offset,
                counters,
            });
        }
        for retired in &self.retired {
            metrics.add_queue(retired);
        }
        for record in self.handles.values() {
            metrics.add_handle(&record.handle.metrics());
        }
        metrics
    }

    pub(in crate::feed::hub) fn health(&self, now: Now) -> Health {
        let state = self.state();
        let reports = self.reports();
        let last_received = reports
            .iter()
            .filter_map(|report| report.counters.last_received)
            .max();
        let waiting_for = reports.iter().find_map(|report| report.stalled_by.clone());
        let live = matches!(state, State::Live | State::Idle);
        Health {
            ok: live && waiting_for.is_none(),
            state,
            last_received,
            silence: last_received.map(|last| seconds(now.wall.duration_since(last))),
            waiting_for,
            trouble: reports
                .into_iter()
                .find_map(|report| report.trouble)
                .filter(|_| !live),
        }
    }
}
