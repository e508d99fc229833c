//! A machine and a scripted venue, without a runtime: time is a number, the socket two queues.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use crate::feed::machine::{Backoff, Machine, MachineConfig, QuietConfig};
use crate::feed::{
    ChannelSpec, Deliver, Failure, Malformed, Missing, Note, Numbering, Op, Output, Position,
    Protocol, Refusal, Request, RequestId, Spec, State, Topic, TopicId, Topics,
};
use crate::queue::GapIds;
use crate::transport::{Address, Frame, FrameRef};
use crate::{Error, Interruption, Now, Rejection, Symbol, Timestamp};

pub(super) static LIVE: ChannelSpec = ChannelSpec::new("live");
pub(super) static COUNTED: ChannelSpec = ChannelSpec::new("counted").numbered(Numbering::Learned);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(pub(super) Symbol);

impl Topic for Name {
    fn channel(&self) -> &'static ChannelSpec {
        if self.0.starts_with('#') {
            &COUNTED
        } else {
            &LIVE
        }
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.0)
    }

    fn batch(&self) -> Option<u32> {
        Some(u32::from(self.0.starts_with('#')))
    }
}

/// An event: its number and the venue's time of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) number: u64,
    pub(super) time: Timestamp,
}

/// Speaks in words: `ok 1`, `no 1 A text`, `later 1 * text`, `some 1 A B`, `ev A 7 123`, `bad A`,
/// `gone A text`, `fatal text`.
pub(super) struct Words {
    spec: Spec,
    address: Address,
    /// A login comes first, and ends with `welcome`.
    login: bool,
}

impl Protocol for Words {
    type Topic = Name;
    type Event = Tick;
    type Effect = Infallible;
    type Reply = Infallible;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(event: &Tick) -> Option<Timestamp> {
        Some(event.time)
    }

    fn position(event: &Tick) -> Option<Position> {
        Some(Position {
            first: event.number,
            last: event.number,
        })
    }

    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        if !self.login {
            out.live();
        }
    }

    fn frame(
        &mut self,
        _: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Name>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let text = std::str::from_utf8(frame.bytes()).unwrap();
        let mut words = text.split(' ');
        let verb = words.next().unwrap();
        let rest: Vec<&str> = words.collect();
        let find = |name: &str| topics.find(&crate::feed::machine::Same(&Name(name.into())));
        let request = || RequestId(rest[0].parse().unwrap());
        match verb {
            "welcome" => out.live(),
            "ok" => out.settled(request()),
            "no" | "later" => out.refused(
                request(),
                Refusal {
                    topic: find(rest[1]),
                    passing: verb == "later",
                    ..Refusal::new(rest[2..].join(" "))
                },
            ),
            // Those named are accepted, the others of the request refused for now.
            "some" => {
                let ids = rest[1].split(',').filter_map(find).map(|id| (id, Ok(())));
                let not = rest[2].split(',').filter_map(find);
                let not = not.map(|id| (id, Err(Refusal::passing("full"))));
                out.answered(request(), ids.chain(not).collect());
            }
            "ev" => {
                if let Some(id) = find(rest[0]) {
                    let number = rest[1].parse().unwrap();
                    let time = Timestamp::from_millis(rest[2].parse().unwrap()).unwrap();
                    out.event(id, Tick { number, time });
                }
            }
            "bad" => {
                return Err(find(rest[0])
                    .map_or_else(|| Malformed::new("bad"), |id| Malformed::event(id, "bad")));
            }
            "stray" => find(rest[0]).into_iter().for_each(|id| out.stray(id)),
            "gone" => {
                if let Some(id) = find(rest[0]) {
                    out.dropped(id, Some(Refusal::passing("gone")));
                }
            }
            "held" => {
                let ids: Vec<_> = rest.iter().filter_map(|name| find(name)).collect();
                out.whole_state(&ids);
            }
            "fatal" => {
                let kind = crate::ErrorKind::Auth(rest.join(" "));
                out.fail(Failure::Fatal(Error::new(kind)));
            }
            other => panic!("no word of this venue: {other}"),
        }
        Ok(())
    }

    fn request(
        &mut self,
        _: Now,
        request: Request<'_>,
        topics: &Topics<Name>,
        out: &mut impl Output<Self>,
    ) {
        let verb = match request.op {
            Op::Subscribe => "add",
            Op::Unsubscribe => "del",
        };
        let names: Vec<_> = request
            .topics
            .iter()
            .map(|id| topics.get(*id).0.as_str())
            .collect();
        out.send(Frame::text(format!(
            "{verb} {} {}",
            request.id.0,
            names.join(",")
        )));
    }

    fn heartbeat(&mut self, _: Now, _: &mut impl Output<Self>) {}

    fn reply(&mut self, _: Now, _: Infallible, _: &Topics<Name>, _: &mut impl Output<Self>) {}

    fn timeout(&mut self, _: Now, _: &Topics<Name>, _: &mut impl Output<Self>) {}
}

/// What came of it, in order, by topic name where it has one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    Event(String, Tick),
    Missing {
        names: Vec<String>,
        from: Timestamp,
        to: Timestamp,
        missed: Option<u64>,
    },
    Interrupted(Interruption),
    Accepted(Vec<String>),
    Rejected(Rejection),
    Postponed(Rejection),
    Stale(String, String),
    Fresh(String),
    Began(String),
    Released(String),
    Repaired(bool),
    Ended(String),
}

#[derive(Default)]
struct Collect {
    raw: Vec<Raw>,
}

enum Raw {
    Event(TopicId, Tick),
    Note(Note),
}

impl Deliver<Words> for Collect {
    fn event(&mut self, topic: TopicId, event: Tick) {
        self.raw.push(Raw::Event(topic, event));
    }

    fn note(&mut self, note: Note) {
        self.raw.push(Raw::Note(note));
    }
}

/// A machine, its socket and the time.
pub(super) struct Pair {
    pub(super) machine: Machine<Words>,
    pub(super) now: Now,
    pub(super) open: bool,
    /// What the machine sent and the venue has not looked at.
    pub(super) requests: VecDeque<String>,
    pub(super) seen: Vec<Seen>,
    pub(super) rejected: BTreeSet<String>,
    pub(super) connects: Vec<Duration>,
    names: BTreeMap<TopicId, String>,
    /// Topics whose gap has begun and has not been told.
    owed: BTreeSet<TopicId>,
    start: Instant,
}

pub(super) fn name(text: &str) -> Name {
    Name(text.into())
}

impl Pair {
    pub(super) fn new(seed: u64) -> Self {
        Self::of(seed, false)
    }

    pub(super) fn with_login(seed: u64) -> Self {
        Self::of(seed, true)
    }

    fn of(seed: u64, login: bool) -> Self {
        let mut spec = Spec::new("words");
        spec.topics_per_request = 100;
        spec.outstanding = 4;
        let address = Address::parse("ws://pair").unwrap();
        let now = Now {
            instant: Instant::now(),
            wall: Timestamp::from_secs(1_800_000_000).unwrap(),
        };
        let config = MachineConfig {
            backoff: Backoff::default(),
            linger: Duration::from_secs(3600),
            seed,
            gap_ids: GapIds::default(),
            quiet: QuietConfig::default(),
        };
        Self {
            machine: Machine::new(
                Words {
                    spec,
                    address,
                    login,
                },
                config,
                now,
            ),
            now,
            open: false,
            requests: VecDeque::new(),
            seen: Vec::new(),
            rejected: BTreeSet::new(),
            connects: Vec::new(),
            names: BTreeMap::new(),
            owed: BTreeSet::new(),
            start: now.instant,
        }
    }

    pub(super) fn want(&mut self, text: &str) {
        let id = self.machine.want(&name(text));
        self.names.insert(id, text.to_owned());
        self.settle();
    }

    /// Several at once, so that they can share a request.
    pub(super) fn want_all(&mut self, names: &[impl AsRef<str>]) {
        for text in names {
            let id = self.machine.want(&name(text.as_ref()));
            self.names.insert(id, text.as_ref().to_owned());
        }
        self.settle();
    }

    pub(super) fn release(&mut self, text: &str) {
        if let Some(id) = self.machine.find(&name(text)) {
            self.machine.release(id, self.now);
        }
        // Whoever wants it after this is somebody else.
        self.seen.push(Seen::Released(text.to_owned()));
        self.settle();
    }

    pub(super) fn resubscribe(&mut self, text: &str) {
        if let Some(id) = self.machine.find(&name(text)) {
            self.machine.renew(id, self.now);
        }
        self.settle();
    }

    /// The venue says this.
    pub(super) fn say(&mut self, words: &str) {
        if !self.open {
            return;
        }
        let frame = Frame::text(words.to_owned());
        let now = self.now;
        self.with(|machine, collect| machine.handle_frame(now, &frame, collect));
        self.settle();
    }

    /// The venue sends an event, stamped by its own clock.
    pub(super) fn tick(&mut self, text: &str, number: u64, time: Timestamp) {
        self.say(&format!("ev {text} {number} {}", time.as_millis()));
    }

    pub(super) fn cut(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        self.requests.clear();
        let now = self.now;
        let cause = Interruption::Closed {
            code: None,
            reason: String::new().into(),
        };
        self.with(|machine, collect| machine.handle_closed(now, cause, collect));
        self.settle();
    }

    /// The same read brings these words and the end of the connection.
    pub(super) fn say_and_cut(&mut self, words: &str) {
        let frame = Frame::text(words.to_owned());
        let now = self.now;
        self.open = false;
        self.requests.clear();
        self.with(|machine, collect| {
            machine.handle_frame(now, &frame, collect);
            let cause = Interruption::Closed {
                code: None,
                reason: String::new().into(),
            };
            machine.handle_closed(now, cause, collect);
        });
        self.settle();
    }

    /// Time passes; everything due on the way is done, and a wanted connection is made.
    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now.instant + duration;
        for _ in 0..100_000 {
            self.settle();
            let due = self.machine.deadline(self.now).filter(|at| *at < end);
            let next = due.unwrap_or(end).max(self.now.instant);
            self.advance_to(next);
            if next >= end {
                return self.settle();
            }
        }
        panic!("the machine does not come to rest");
    }

    fn advance_to(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.instant);
        self.now.instant = at;
        self.now.wall = self.now.wall.saturating_add(passed);
    }

    /// Does what can be done now.
    pub(super) fn settle(&mut self) {
        for _ in 0..1_000 {
            let now = self.now;
            self.machine.set_drained();
            self.with(|machine, collect| machine.advance(now, collect));
            if self.open && !self.machine.wants_socket() {
                self.open = false;
                self.requests.clear();
            }
            if self.machine.take_connect() {
                self.open = true;
                self.connects
                    .push(self.now.instant.duration_since(self.start));
                self.with(|machine, collect| machine.handle_opened(now, collect));
                continue;
            }
            let mut sent = false;
            while let Some(frame) = self.machine.take_frame() {
                sent = true;
                match frame {
                    Frame::Text(text) if self.open => self.requests.push_back(text.to_string()),
                    Frame::Ping(payload) if self.open => {
                        let pong = Frame::Pong(payload);
                        self.with(|machine, collect| machine.handle_frame(now, &pong, collect));
                    }
                    _ => {}
                }
            }
            if !sent
                && self
                    .machine
                    .deadline(self.now)
                    .is_none_or(|at| at > self.now.instant)
            {
                return;
            }
        }
        panic!("the machine does not come to rest");
    }

    fn with(&mut self, call: impl FnOnce(&mut Machine<Words>, &mut Collect)) {
        let mut collect = Collect::default();
        call(&mut self.machine, &mut collect);
        for raw in collect.raw {
            self.take(raw);
        }
    }

    /// A gap that has begun is told before the next event.
    fn check_owed(&mut self, raw: &Raw) {
        match raw {
            Raw::Event(id, tick) => assert!(!self.owed.contains(id), "{id:?}: {tick:?}"),
            Raw::Note(Note::Losing(losing)) => {
                // One of which merely nothing is delivered may go on without a gap.
                let registry = &self.machine.core.registry;
                let down = losing.iter().map(|losing| losing.topic);
                let down = down.filter(|id| registry.entry(*id).down().is_some());
                self.owed.extend(down);
            }
            Raw::Note(Note::Missing(missing)) => {
                self.owed.retain(|id| !missing.topics.contains(id));
            }
            Raw::Note(Note::Rejected(id, _) | Note::Released(id)) => {
                self.owed.remove(id);
            }
            Raw::Note(_) => {}
        }
    }

    fn take(&mut self, raw: Raw) {
        self.check_owed(&raw);
        let of = |id: TopicId| self.names.get(&id).cloned().unwrap_or_default();
        let seen = match raw {
            Raw::Event(id, tick) => Seen::Event(of(id), tick),
            Raw::Note(note) => match note {
                Note::Missing(Missing {
                    topics,
                    from,
                    to,
                    seen_from,
                    seen_to,
                    missed,
                    ..
                }) => {
                    assert!(
                        from <= to && seen_from <= seen_to,
                        "{from} {to} {seen_from} {seen_to}"
                    );
                    Seen::Missing {
                        names: topics.into_iter().map(of).collect(),
                        from,
                        to,
                        missed,
                    }
                }
                Note::Interrupted { cause, .. } => Seen::Interrupted(cause),
                Note::Accepted(ids) => Seen::Accepted(ids.into_iter().map(of).collect()),
                Note::Rejected(id, rejection) => {
                    self.rejected.insert(of(id));
                    // Whoever wants it lets it go, as the hub does.
                    self.machine.release(id, self.now);
                    Seen::Rejected(rejection)
                }
                Note::Postponed(_, rejection) => Seen::Postponed(rejection),
                Note::Stale(ids, why) => {
                    let names: Vec<_> = ids.into_iter().map(of).collect();
                    Seen::Stale(names.join(","), why.to_string())
                }
                Note::Fresh(ids) => {
                    let names: Vec<_> = ids.into_iter().map(of).collect();
                    Seen::Fresh(names.join(","))
                }
                Note::Began(id) => Seen::Began(of(id)),
                Note::Released(id) => Seen::Released(of(id)),
                Note::Repaired { well, .. } => Seen::Repaired(well),
                Note::Losing(_) => return,
                Note::Ended(error) => Seen::Ended(error.to_string()),
                Note::State(State::Closed) => {
                    self.open = false;
                    return;
                }
                Note::State(_) | Note::Renewed(_) | Note::Snapshot(..) => {
                    return;
                }
            },
        };
        self.seen.push(seen);
    }

    /// Takes what has been seen.
    pub(super) fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// The next request: its verb, id and names.
    pub(super) fn request(&mut self) -> Option<(String, String, Vec<String>)> {
        let text = self.requests.pop_front()?;
        let mut words = text.split(' ').map(str::to_owned);
        let (verb, id) = (words.next()?, words.next()?);
        let names = words.next()?.split(',').map(str::to_owned).collect();
        Some((verb, id, names))
    }
}
