//! The venue of the made-up protocol, at the other end of pipes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::feed::subscription::handle::lock;
use crate::transport::{Dial, Io};

/// Refuses names that begin with `no`. A topic stands from when it is asked for until its end is
/// answered: as long as a venue might count it.
#[derive(Clone)]
pub(super) struct Venue {
    state: Arc<Mutex<State>>,
    pub(super) host: Arc<str>,
}

struct State {
    random: fastrand::Rng,
    /// Answers take at most this long.
    answers: Duration,
    /// Only after this long is a socket seen to be closed.
    closes: Duration,
    /// Nothing is answered while this is so.
    held: tokio::sync::watch::Sender<bool>,
    /// No release is answered while this is so.
    keeps: tokio::sync::watch::Sender<bool>,
    /// No connection can be made.
    refuses: bool,
    dials: usize,
    /// Topics that are refused though their names do not say so.
    turned_away: BTreeSet<String>,
    connects: usize,
    sockets: BTreeMap<u64, Socket>,
    most_sockets: usize,
    most_topics: usize,
    most_candles: usize,
    requests: Vec<String>,
    faults: Vec<String>,
}

struct Socket {
    topics: BTreeSet<String>,
    /// How often each was asked for.
    asked: BTreeMap<String, u32>,
    say: mpsc::UnboundedSender<Option<String>>,
}

impl Venue {
    pub(super) fn new(seed: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let state = State {
            random: fastrand::Rng::with_seed(seed),
            answers: Duration::ZERO,
            closes: Duration::ZERO,
            held: tokio::sync::watch::Sender::new(false),
            keeps: tokio::sync::watch::Sender::new(false),
            refuses: false,
            dials: 0,
            turned_away: BTreeSet::new(),
            connects: 0,
            sockets: BTreeMap::new(),
            most_sockets: 0,
            most_topics: 0,
            most_candles: 0,
            requests: Vec::new(),
            faults: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            host: format!("toy-{number}.invalid").into(),
        }
    }

    pub(super) fn answers_within(&self, most: Duration) {
        lock(&self.state).answers = most;
    }

    pub(super) fn closes_after(&self, closes: Duration) {
        lock(&self.state).closes = closes;
    }

    /// Answers nothing, until it is let.
    pub(super) fn hold(&self, held: bool) {
        lock(&self.state).held.send_replace(held);
    }

    /// Answers no release, until it is let.
    pub(super) fn keep(&self, keeps: bool) {
        lock(&self.state).keeps.send_replace(keeps);
    }

    /// Lets nobody connect any more, or everybody again.
    pub(super) fn refuse(&self, refuses: bool) {
        lock(&self.state).refuses = refuses;
    }

    /// Refuses a topic from now on, or no longer.
    pub(super) fn turn_away(&self, topic: &str, refused: bool) {
        let away = &mut lock(&self.state).turned_away;
        if refused {
            away.insert(topic.to_owned());
        } else {
            away.remove(topic);
        }
    }

    /// The runtime in which its sockets were served is gone.
    pub(super) fn forget_sockets(&self) {
        lock(&self.state).sockets.clear();
    }

    /// How often it was dialled, with and without success.
    pub(super) fn dials(&self) -> usize {
        lock(&self.state).dials
    }

    /// The numbers of the open sockets, in the order in which they were opened.
    pub(super) fn open(&self) -> Vec<u64> {
        lock(&self.state).sockets.keys().copied().collect()
    }

    /// The topics that stand on one socket.
    pub(super) fn topics_of(&self, socket: u64) -> Vec<String> {
        let state = lock(&self.state);
        let topics = state.sockets.get(&socket).map(|socket| &socket.topics);
        topics.into_iter().flatten().cloned().collect()
    }

    /// Which subscription of a topic stands on one socket.
    pub(super) fn subscription(&self, socket: u64, topic: &str) -> Option<u32> {
        let state = lock(&self.state);
        let socket = state.sockets.get(&socket)?;
        let stands = socket.topics.contains(topic);
        stands.then(|| socket.asked.get(topic).copied()).flatten()
    }

    /// Says something on one socket.
    pub(super) fn say_to(&self, socket: u64, text: &str) {
        if let Some(socket) = lock(&self.state).sockets.get(&socket) {
            let _ = socket.say.send(Some(text.to_owned()));
        }
    }

    /// An event, on one socket, if its topic stands there.
    pub(super) fn bring(&self, socket: u64, topic: &str, number: u64) {
        if self.topics_of(socket).iter().any(|held| held == topic) {
            self.say_to(socket, &format!("{topic} {number}"));
        }
    }

    /// Drops one socket.
    pub(super) fn cut_one(&self, socket: u64) {
        if let Some(socket) = lock(&self.state).sockets.get(&socket) {
            let _ = socket.say.send(None);
        }
    }

    pub(super) fn connects(&self) -> usize {
        lock(&self.state).connects
    }

    pub(super) fn sockets(&self) -> usize {
        lock(&self.state).sockets.len()
    }

    pub(super) fn most_sockets(&self) -> usize {
        lock(&self.state).most_sockets
    }

    /// Most topics, and most candles, that ever stood on one socket.
    pub(super) fn most(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.most_topics, state.most_candles)
    }

    /// Every topic that stands on any socket, with repeats.
    pub(super) fn topics(&self) -> Vec<String> {
        let state = lock(&self.state);
        let sockets = state.sockets.values();
        let mut topics: Vec<_> = sockets.flat_map(|socket| socket.topics.clone()).collect();
        topics.sort_unstable();
        topics
    }

    pub(super) fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone()
    }

    /// What was asked for that makes no sense.
    pub(super) fn faults(&self) -> Vec<String> {
        lock(&self.state).faults.clone()
    }

    /// Says something on every socket.
    pub(super) fn say(&self, text: &str) {
        for socket in lock(&self.state).sockets.values() {
            let _ = socket.say.send(Some(text.to_owned()));
        }
    }

    /// Drops every socket.
    pub(super) fn cut(&self) {
        for socket in lock(&self.state).sockets.values() {
            let _ = socket.say.send(None);
        }
    }

    fn opened(&self, say: mpsc::UnboundedSender<Option<String>>) -> u64 {
        let state = &mut *lock(&self.state);
        state.connects += 1;
        let number = state.connects as u64;
        let socket = Socket {
            topics: BTreeSet::new(),
            asked: BTreeMap::new(),
            say,
        };
        state.sockets.insert(number, socket);
        state.most_sockets = state.most_sockets.max(state.sockets.len());
        number
    }

    /// A request came: how long the answer takes, and the answer.
    fn asked(&self, socket: u64, request: &str) -> (Duration, String) {
        let state = &mut *lock(&self.state);
        state.requests.push(request.to_owned());
        let mut words = request.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (verb, id, names) = (word(), word(), word());
        let socket = state.sockets.get_mut(&socket).expect("it is open");
        let held = &mut socket.topics;
        let away = |name: &str| name.starts_with("no") || state.turned_away.contains(name);
        let refused = names.split(',').find(|name| away(name));
        let answer = match refused.filter(|_| verb == "sub") {
            Some(name) => format!("no {id} {name}"),
            None => {
                for name in names.split(',') {
                    let sense = match verb {
                        "sub" => {
                            *socket.asked.entry(name.to_owned()).or_default() += 1;
                            held.insert(name.to_owned())
                        }
                        _ => held.contains(name),
                    };
                    if !sense {
                        state.faults.push(format!("{verb} {name}"));
                    }
                }
                format!("ok {id}")
            }
        };
        let candles = held.iter().filter(|name| name.starts_with("c:")).count();
        state.most_topics = state.most_topics.max(held.len());
        state.most_candles = state.most_candles.max(candles);
        let most = u64::try_from(state.answers.as_millis()).expect("short");
        (Duration::from_millis(state.random.u64(..=most)), answer)
    }

    /// A request is answered now.
    fn answered(&self, socket: u64, request: &str) {
        let state = &mut *lock(&self.state);
        if let Some(names) = request.strip_prefix("unsub ")
            && let Some((_, names)) = names.split_once(' ')
            && let Some(socket) = state.sockets.get_mut(&socket)
        {
            names.split(',').for_each(|name| {
                socket.topics.remove(name);
            });
        }
    }

    async fn serve(self, far: DuplexStream) {
        let Ok(mut client) = tokio_tungstenite::accept_async(far).await else {
            return;
        };
        let (say, mut said) = mpsc::unbounded_channel();
        let number = self.opened(say);
        let mut held = lock(&self.state).held.subscribe();
        let mut keeps = lock(&self.state).keeps.subscribe();
        // Requests with their answers and when those are due, one after the other.
        let mut answers = VecDeque::<(Instant, String, String)>::new();
        loop {
            let due = answers.front().map(|(due, ..)| *due);
            let answering = async {
                tokio::time::sleep_until(due.unwrap_or_else(Instant::now)).await;
                let _ = held.wait_for(|held| !held).await;
                if answers
                    .front()
                    .is_some_and(|(_, request, _)| request.starts_with("unsub"))
                {
                    let _ = keeps.wait_for(|keeps| !keeps).await;
                }
            };
            tokio::select! {
                biased;
                text = said.recv() => match text.flatten() {
                    Some(text) => { let _ = client.send(Message::text(text)).await; }
                    None => break,
                },
                message = client.next() => match message {
                    Some(Ok(Message::Text(request))) => {
                        let (takes, answer) = self.asked(number, &request);
                        let after = answers.back().map_or_else(Instant::now, |(due, ..)| *due);
                        let due = after.max(Instant::now() + takes);
                        answers.push_back((due, request.to_string(), answer));
                    }
                    Some(Ok(Message::Ping(_))) => {}
                    _ => break,
                },
                () = answering, if due.is_some() => {
                    if let Some((_, request, answer)) = answers.pop_front() {
                        self.answered(number, &request);
                        let _ = client.send(Message::text(answer)).await;
                    }
                }
            }
        }
        let closes = lock(&self.state).closes;
        tokio::time::sleep(closes).await;
        lock(&self.state).sockets.remove(&number);
    }
}

impl Dial for Venue {
    fn dial(&self, _: &str, _: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let venue = self.clone();
        Box::pin(async move {
            {
                let mut state = lock(&venue.state);
                state.dials += 1;
                if state.refuses {
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
            }
            let (near, far) = tokio::io::duplex(64 << 10);
            tokio::spawn(venue.serve(far));
            Ok(Box::new(near) as Box<dyn Io>)
        })
    }
}

impl fmt::Debug for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Venue")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
