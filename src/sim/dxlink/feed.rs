//! A channel of the `FEED` service: its items and what they are sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Instant;

use super::RowPlace;
use super::contract::{Contract, Mode};
use super::event::Key;
use super::format::Format;
use super::index::{BEGIN, END, SNIP};
use super::queue::Queue;
use super::schema::EventType;
use super::switches::Switches;
use crate::Symbol;
use crate::sim::core::Core;
use crate::sim::core::rules::Kind;
use crate::sim::{Fault, SessionId};

/// The symbol that stands for all of them.
pub(super) const EVERYTHING: &str = "*";

/// One item of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) mode: Mode,
    /// The first time of the snapshot, in milliseconds.
    pub(super) from: i64,
    /// Whether it gets an empty snapshot and nothing else.
    pub(super) barren: bool,
}

/// A channel.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) contract: Contract,
    pub(super) format: Format,
    pub(super) items: BTreeMap<Key, Item>,
    pub(super) queue: Queue,
    /// Types whose fields are still to be told, and when.
    announce: BTreeSet<&'static EventType>,
    announce_at: Instant,
    /// Whether that comes after the first data.
    late: bool,
    /// No data before.
    next: Instant,
    /// Series whose snapshot has begun and not ended.
    unended: BTreeSet<Key>,
}

/// An item as [`active_topics`](super::DxLinkSim::active_topics) writes it.
pub(super) struct Topic<'a>(pub(super) Contract, pub(super) &'a Key);

impl fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(contract, key) = self;
        write!(f, "{} {} {}", contract.name(), key.kind.name, key.symbol)?;
        if key.source.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", key.source)
        }
    }
}

impl Feed {
    pub(super) fn new(contract: Contract, period: f64, now: Instant) -> Self {
        Self {
            contract,
            format: Format::new(period),
            items: BTreeMap::new(),
            queue: Queue::default(),
            announce: BTreeSet::new(),
            announce_at: now,
            late: false,
            next: now,
            unended: BTreeSet::new(),
        }
    }

    /// A series begins again.
    pub(super) fn restart(&mut self, key: &Key) {
        self.unended.remove(key);
    }

    /// Where a row stands that is sent now.
    pub(super) fn place(&mut self, key: &Key, flags: i64) -> RowPlace {
        if flags & (END | SNIP) != 0 {
            self.unended.remove(key);
            RowPlace::End
        } else if flags & BEGIN != 0 {
            self.unended.insert(key.clone());
            RowPlace::Begin
        } else if self.unended.contains(key) {
            RowPlace::Middle
        } else {
            RowPlace::Live
        }
    }

    /// The item that an event of this series belongs to.
    pub(super) fn item(&self, key: &Key) -> Option<Item> {
        let everything = || {
            self.items.get(&Key {
                kind: key.kind,
                symbol: Symbol::new(EVERYTHING),
                source: Symbol::new(""),
            })
        };
        self.items.get(key).or_else(everything).copied()
    }

    /// Sees to it that the fields of a type are told before its first data.
    pub(super) fn announce(
        &mut self,
        core: &mut Core,
        session: SessionId,
        kind: &'static EventType,
        switches: &Switches,
    ) {
        let now = core.now().instant;
        // What was just asked for is not to wait for the period's end.
        self.next = now;
        if self.format.has(kind) || !self.announce.insert(kind) {
            return;
        }
        self.announce_at = now + switches.config_delay;
        let late = |fault: &Fault| matches!(fault, Fault::LateAck { .. });
        self.late |= core.rules.take(Some(session), now, late).is_some();
    }

    /// Tells the fields of these types again.
    pub(super) fn announce_again(&mut self, kind: &'static EventType, now: Instant) {
        self.announce.insert(kind);
        self.announce_at = now;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let announce = (!self.announce.is_empty()).then_some(self.announce_at);
        let blocked = announce.is_some() && !self.late;
        let data = (!self.queue.is_empty() && !blocked).then_some(self.next);
        // Late words wait for the data they are to follow.
        let announce = announce.filter(|_| !self.late);
        [announce, data].into_iter().flatten().min()
    }

    /// Sends what is due. Whether anything was.
    pub(super) fn advance(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        switches: &Switches,
    ) -> bool {
        let now = core.now().instant;
        let mut said = false;
        if !self.late {
            said |= self.tell_fields(core, session, number, switches);
        }
        let blocked = !self.announce.is_empty() && !self.late;
        if !blocked && !self.queue.is_empty() && self.next <= now {
            self.flush(core, session, number, switches);
            let pause = switches.pace.filter(|_| !self.queue.is_empty());
            self.next = now + pause.unwrap_or_else(|| self.format.interval());
            self.late = false;
            said = true;
            self.tell_fields(core, session, number, switches);
        }
        said
    }

    fn tell_fields(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        switches: &Switches,
    ) -> bool {
        if self.announce.is_empty() || self.announce_at > core.now().instant {
            return false;
        }
        let kinds = std::mem::take(&mut self.announce);
        let text = self.format.config(number, kinds, switches);
        core.reply(session, Kind::Reply, text);
        true
    }

    /// Sends all that waits, whether it is due or not.
    pub(super) fn send_now(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        switches: &Switches,
    ) {
        let blocked = !self.announce.is_empty() && !self.late;
        while !blocked && !self.queue.is_empty() {
            self.flush(core, session, number, switches);
        }
    }
}
