//! A venue of your own: its words as a `Protocol`, run by a `Connection`, without a network.
//!
//! `cargo run --example custom_venue` plays both sides over the in-memory transport. The venue
//! knows one channel, speaks lines of text, refuses what it does not know, and hangs up once, so
//! that the reconnect can be seen. It ends by itself.
//!
//! ```text
//! client: sub 1 ABC XYZ        venue: ok 1   or   no 1 XYZ is unknown
//! client: unsub 2 ABC          venue: ok 2
//! client: ping                 venue: pong
//!                              venue: price ABC 101.5 1790359171120
//! ```

#![allow(clippy::print_stdout, reason = "an example's output is for reading")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use feedline::feed::{
    ChannelSpec, Connection, Environment, Malformed, Op, Output, Probe, Protocol, Refusal, Request,
    RequestId, Spec, Topic, TopicId, Topics,
};
use feedline::transport::memory::{self, Memory};
use feedline::transport::{Address, ConnectError, Frame, FrameRef};
use feedline::{Clock, Decimal, Error, Event, Now, StatusKind, Symbol, Timestamp};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut connection = Connection::new(Lines::new()?, World::new(), 7);
    for symbol in ["ABC", "DEF", "XYZ"] {
        connection.want(&Prices(symbol.into()));
    }
    let mut after_resumption = None;
    while let Some(item) = connection.next().await {
        match item? {
            Event::Data((topic, price)) => {
                println!("{} {}", topic.0, price.value);
                after_resumption = after_resumption.map(|left: u32| left.saturating_sub(1));
            }
            Event::Gap(gap) => println!("  gap, exactly here: {gap}"),
            Event::Status(status) => {
                println!("  {status}");
                if matches!(status.kind, StatusKind::Resumed { .. }) {
                    after_resumption = Some(4);
                }
            }
        }
        if after_resumption == Some(0) {
            break;
        }
    }
    Ok(()) // dropping the connection closes it
}

/// What can be subscribed to: the prices of a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Prices(Symbol);

static PRICES: ChannelSpec = ChannelSpec::new("prices");

impl Topic for Prices {
    fn channel(&self) -> &'static ChannelSpec {
        &PRICES
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.0)
    }

    /// All of them may share a request.
    fn batch(&self) -> Option<u32> {
        Some(0)
    }
}

/// What comes of it.
#[derive(Clone, Debug)]
struct Price {
    value: Decimal,
    time: Timestamp,
}

/// The venue's words. It does no I/O, so that it can be tested line by line.
struct Lines {
    spec: Spec,
    address: Address,
}

impl Lines {
    fn new() -> Result<Self, Error> {
        let mut spec = Spec::new("lines");
        spec.topics_per_request = 10;
        spec.heartbeat.probe = Probe::Message;
        let address = Address::parse("ws://in-memory/")?;
        Ok(Self { spec, address })
    }
}

impl Protocol for Lines {
    type Topic = Prices;
    type Event = Price;
    type Effect = Infallible;
    type Reply = Infallible;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(event: &Price) -> Option<Timestamp> {
        Some(event.time)
    }

    /// There is no login.
    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        out.live();
    }

    fn frame(
        &mut self,
        _: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Prices>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let line = std::str::from_utf8(frame.bytes()).map_err(|_| malformed(None))?;
        let mut words = line.split(' ');
        match words.next() {
            Some("price") => {
                let symbol = words.next().ok_or_else(|| malformed(None))?;
                let Some(id) = topics.find(&Prices(symbol.into())) else {
                    out.ignored("price of a symbol that is not subscribed");
                    return Ok(());
                };
                out.event(id, price(words).ok_or_else(|| malformed(Some(id)))?);
            }
            Some("ok") => out.settled(request_id(words.next())?),
            Some("no") => {
                let request = request_id(words.next())?;
                let name = words.next().unwrap_or_default();
                let text = format!("{name} {}", words.collect::<Vec<_>>().join(" "));
                let refusal = Refusal {
                    topic: topics.find(&Prices(name.into())),
                    ..Refusal::new(text)
                };
                out.refused(request, refusal);
            }
            Some("pong") => {}
            _ => out.ignored("unknown word"),
        }
        Ok(())
    }

    fn request(
        &mut self,
        _: Now,
        request: Request<'_>,
        topics: &Topics<Prices>,
        out: &mut impl Output<Self>,
    ) {
        let word = match request.op {
            Op::Subscribe => "sub",
            Op::Unsubscribe => "unsub",
        };
        let names = request.topics.iter().map(|id| topics.get(*id).0.as_str());
        let names: Vec<_> = names.collect();
        out.send(Frame::text(format!(
            "{word} {} {}",
            request.id.0,
            names.join(" ")
        )));
    }

    fn heartbeat(&mut self, _: Now, out: &mut impl Output<Self>) {
        out.send(Frame::text("ping"));
    }

    fn reply(&mut self, _: Now, reply: Infallible, _: &Topics<Prices>, _: &mut impl Output<Self>) {
        match reply {}
    }

    fn timeout(&mut self, _: Now, _: &Topics<Prices>, _: &mut impl Output<Self>) {}
}

fn price<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Price> {
    let value = feedline::decimal::parse(words.next()?).ok()?;
    let time = Timestamp::from_millis(words.next()?.parse().ok()?)?;
    Some(Price { value, time })
}

fn request_id(word: Option<&str>) -> Result<RequestId, Malformed> {
    let id = word.and_then(|word| word.parse().ok());
    id.map(RequestId).ok_or_else(|| malformed(None))
}

fn malformed(topic: Option<TopicId>) -> Malformed {
    let reason = "not a line of this venue";
    match topic {
        Some(topic) => Malformed::event(topic, reason),
        None => Malformed::new(reason),
    }
}

/// Where connections come from: here each is a pipe to a venue in the same process.
struct World {
    clock: Clock,
    connects: Arc<AtomicU32>,
}

impl World {
    fn new() -> Self {
        Self {
            clock: Clock::system(),
            connects: Arc::default(),
        }
    }
}

impl Environment<Lines> for World {
    type Transport = Memory;

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn connect(&self, _: &Lines) -> BoxFuture<'static, Result<Memory, ConnectError>> {
        let (ours, theirs) = memory::pair(64);
        let first = self.connects.fetch_add(1, Ordering::Relaxed) == 0;
        let clock = self.clock.clone();
        Box::pin(async move {
            // It hangs up the first time after half a second.
            let patience = Duration::from_millis(if first { 500 } else { 60_000 });
            tokio::spawn(tokio::time::timeout(patience, venue(theirs, clock)));
            Ok(ours)
        })
    }

    fn run(&self, effect: Infallible) -> BoxFuture<'static, Infallible> {
        match effect {}
    }
}

/// The other side.
async fn venue(mut pipe: Memory, clock: Clock) {
    let mut subscribed: Vec<String> = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let mut cents = 10_000_u32;
    loop {
        let mut lines = Vec::new();
        tokio::select! {
            _ = ticks.tick() => for symbol in &subscribed {
                cents += 25;
                let time = clock.now().wall.as_millis();
                lines.push(format!("price {symbol} {}.{:02} {time}", cents / 100, cents % 100));
            },
            request = pipe.next() => match request {
                Some(Ok(Frame::Text(line))) => lines.push(answer(&line, &mut subscribed)),
                _ => return,
            },
        }
        for line in lines {
            if pipe.send(Frame::text(line)).await.is_err() {
                return;
            }
        }
    }
}

fn answer(line: &str, subscribed: &mut Vec<String>) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["sub", id, symbols @ ..] => {
            if let Some(unknown) = symbols.iter().find(|symbol| symbol.starts_with('X')) {
                return format!("no {id} {unknown} is unknown");
            }
            subscribed.extend(symbols.iter().map(ToString::to_string));
            format!("ok {id}")
        }
        ["unsub", id, symbols @ ..] => {
            subscribed.retain(|held| !symbols.contains(&held.as_str()));
            format!("ok {id}")
        }
        _ => "pong".to_owned(),
    }
}
