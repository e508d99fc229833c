use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use serde::Serialize;
use smol_str::SmolStr;

use super::chain::{Chain, Step};
use super::channel::{Channel, Key, Topic};
use super::decode::decode_any;
use super::message::{self, Ack, Item, Message, Outcome, PushKey, SpotEvent};
use super::scan::scan;
use crate::feed::{
    Failure, Heartbeat, Jump, Malformed, Op, Output, Probe, Protocol, Refusal, Request, RequestId,
    Spec, TopicId, Topics,
};
use crate::market::{BookAction, Record};
use crate::transport::{Address, Frame, FrameRef};
use crate::{Interruption, Now, Rate, Timestamp};

/// Gate's code for a failure of its own, which a later request may not meet.
const SERVER_SIDE_ERROR: i64 = 3;

/// The protocol of Gate's spot market data, for use with a [`Connection`](crate::feed::Connection).
/// [`Spot`](super::Spot) is what most programs want.
///
/// Source: Gate's "Spot WebSocket v4" documentation, unless a comment says otherwise.
#[derive(Debug)]
pub struct SpotProtocol {
    spec: Spec,
    address: Address,
    outstanding: VecDeque<Outstanding>,
    chains: Vec<Chain>,
}

#[derive(Debug)]
struct Outstanding {
    id: RequestId,
    op: Op,
    channel: &'static str,
    topics: Vec<TopicId>,
}

#[derive(Serialize)]
struct Wire<'a> {
    time: i64,
    id: u32,
    channel: &'a str,
    event: &'a str,
    payload: Vec<SmolStr>,
}

#[derive(Serialize)]
struct Ping {
    time: i64,
    channel: &'static str,
}

impl SpotProtocol {
    /// The protocol at `address`.
    pub fn new(address: Address) -> Self {
        Self {
            spec: spec(),
            address,
            outstanding: VecDeque::new(),
            chains: Vec::new(),
        }
    }

    /// Which requests the venue answers it tells by the id we gave; before 2022 it told nothing,
    /// but it has always answered in order.
    fn answered(&mut self, ack: &Ack<'_>) -> Option<Outstanding> {
        let at = match ack.id {
            Some(id) => self
                .outstanding
                .iter()
                .position(|asked| i64::from(asked.id.0) == id),
            None => self.outstanding.iter().position(|asked| {
                asked.channel == ack.channel && event_name(asked.op) == ack.op.as_str()
            }),
        };
        self.outstanding.remove(at?)
    }

    fn ack(&mut self, ack: &Ack<'_>, topics: &Topics<Topic>, out: &mut impl Output<Self>) {
        let Some(asked) = self.answered(ack) else {
            return out.ignored("answer to nothing asked");
        };
        match &ack.outcome {
            Outcome::Accepted => out.settled(asked.id),
            Outcome::Refused { code, text } => {
                let named = |id: &&TopicId| {
                    let topic = topics.get(**id);
                    topic
                        .payload()
                        .iter()
                        .chain([&SmolStr::new(&topic.symbol)])
                        .any(|name| {
                            text.split([' ', ',', ':', '"'])
                                .any(|word| word == name.as_str())
                        })
                };
                let refusal = Refusal {
                    topic: asked.topics.iter().find(named).copied(),
                    code: Some(*code),
                    text: text.trim().to_owned(),
                    passing: *code == SERVER_SIDE_ERROR,
                    retry_after: None,
                };
                out.refused(asked.id, refusal);
            }
        }
    }

    fn push(&mut self, now: Now, item: Item, topics: &Topics<Topic>, out: &mut impl Output<Self>) {
        if item.dropped_values > 0 {
            out.dropped_values(item.dropped_values);
        }
        if let PushKey::Exact(channel) = item.key {
            let symbol = item.event.symbol();
            return match topics.find(&Key { channel, symbol }) {
                Some(id) => self.deliver(now, id, item.event, out),
                None => out.ignored("event of a topic that is not subscribed"),
            };
        }
        let mut found = item.candidates().filter_map(|key| topics.find(&key));
        let Some(first) = found.next() else {
            drop(found);
            return out.ignored("event of a topic that is not subscribed");
        };
        // Some frames do not tell which of a channel's speeds they belong to.
        let others: Vec<TopicId> = found.collect();
        for id in others {
            self.deliver(now, id, item.event.clone(), out);
        }
        self.deliver(now, first, item.event, out);
    }

    fn deliver(&mut self, now: Now, id: TopicId, event: SpotEvent, out: &mut impl Output<Self>) {
        if let SpotEvent::Book(update) = &event
            && let Some(chain) = self.chains.get_mut(id.index())
        {
            match chain.step(
                update.action == BookAction::Snapshot,
                update.first,
                update.last,
            ) {
                Step::Follows => {}
                Step::Stray => return out.stray(id),
                Step::Jumps {
                    expected,
                    received,
                    broken,
                } => {
                    tracing::debug!(symbol = %update.symbol, at = %now.wall, "book sequence jumped");
                    let jump = Jump {
                        expected,
                        received,
                        missed: None,
                        time: update.time(),
                        resync: broken,
                    };
                    out.sequence_gap(id, jump);
                }
            }
        }
        out.event(id, event);
    }

    fn malformed(malformed: message::Malformed, topics: &Topics<Topic>) -> Malformed {
        let symbol = malformed.symbol.as_ref();
        let topic = malformed.key.zip(symbol).and_then(|(key, symbol)| {
            key.candidates(symbol)
                .find_map(|key: Key<'_>| topics.find(&key))
        });
        // A spot frame holds one event.
        Malformed {
            topic,
            events: topic.map(|_| 1),
            reason: malformed.reason,
            resync: false,
        }
    }
}

impl Protocol for SpotProtocol {
    type Topic = Topic;
    type Event = SpotEvent;
    type Effect = Infallible;
    type Reply = Infallible;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    #[inline]
    fn event_time(event: &SpotEvent) -> Option<Timestamp> {
        match event {
            SpotEvent::Trade(trade) => Some(trade.time),
            SpotEvent::Quote(quote) => quote.time,
            SpotEvent::Ticker(ticker) => ticker.time,
            // A candle's own times are those of its trades, which may be long past.
            SpotEvent::Candle(candle) => candle.detail.sent,
            SpotEvent::Book(update) => update.time(),
        }
    }

    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        self.outstanding.clear();
        self.chains.clear();
        out.live();
    }

    fn frame(
        &mut self,
        now: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let received = Some(now.wall);
        // Nearly all that comes is read here, and goes on without being wrapped and unwrapped.
        if let Some(item) = scan(frame.bytes(), received) {
            self.push(now, item, topics, out);
            return Ok(());
        }
        match decode_any(frame.bytes(), received) {
            Ok(Message::Push(push)) => {
                self.push(now, push.item, topics, out);
                for item in push.more {
                    self.push(now, item, topics, out);
                }
            }
            Ok(Message::Ack(ack)) => {
                ack.sent.into_iter().for_each(|sent| out.venue_time(sent));
                self.ack(&ack, topics, out);
            }
            Ok(Message::Pong { sent }) => sent.into_iter().for_each(|sent| out.venue_time(sent)),
            Ok(Message::Upgrade { text }) => {
                out.fail(Failure::Retry(Interruption::Announced {
                    text: text.into(),
                }));
            }
            Ok(Message::Ignored { channel }) => out.ignored(&channel),
            Err(malformed) => return Err(Self::malformed(malformed, topics)),
        }
        Ok(())
    }

    fn request(
        &mut self,
        now: Now,
        request: Request<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let Request {
            id,
            op,
            topics: ids,
        } = request;
        let channel = topics.get(ids[0]).channel;
        let mut payload = Vec::with_capacity(ids.len());
        for id in ids {
            let topic = topics.get(*id);
            payload.extend(topic.payload());
            if op == Op::Subscribe {
                self.begin_chain(*id, topic.channel);
            }
        }
        let asked = Outstanding {
            id,
            op,
            channel: channel.name(),
            topics: ids.to_vec(),
        };
        let (time, event) = (now.wall.as_secs(), event_name(op));
        self.outstanding.push_back(asked);
        send(
            &Wire {
                time,
                id: id.0,
                channel: channel.name(),
                event,
                payload,
            },
            out,
        );
    }

    fn heartbeat(&mut self, now: Now, out: &mut impl Output<Self>) {
        send(
            &Ping {
                time: now.wall.as_secs(),
                channel: "spot.ping",
            },
            out,
        );
    }

    fn reply(&mut self, _: Now, reply: Infallible, _: &Topics<Topic>, _: &mut impl Output<Self>) {
        match reply {}
    }

    fn timeout(&mut self, _: Now, _: &Topics<Topic>, _: &mut impl Output<Self>) {}
}

impl SpotProtocol {
    fn begin_chain(&mut self, id: TopicId, channel: Channel) {
        if self.chains.len() <= id.index() {
            self.chains.resize_with(id.index() + 1, Chain::default);
        }
        self.chains[id.index()] = match channel {
            Channel::Obu(_) => Chain::strict(),
            Channel::OrderBookUpdate(_) => Chain::loose(),
            _ => Chain::default(),
        };
    }
}

fn event_name(op: Op) -> &'static str {
    match op {
        Op::Subscribe => "subscribe",
        Op::Unsubscribe => "unsubscribe",
    }
}

fn send(message: &impl Serialize, out: &mut impl Output<SpotProtocol>) {
    let text = serde_json::to_string(message).expect("strings and numbers are always JSON");
    out.send(Frame::text(text));
}

/// What Gate demands.
fn spec() -> Spec {
    let mut spec = Spec::new("gate");
    // "Application ping pong": the server's own timer is reset by it, so that it goes out however
    // much data comes in.
    spec.heartbeat = Heartbeat {
        probe: Probe::Message,
        interval: Duration::from_secs(10),
        only_when_quiet: false,
        timeout: Duration::from_secs(10),
        silence: None,
    };
    // No published limits; sockets with about a thousand books were reported to stall, and 150
    // requests in one burst to be served.
    spec.topics_per_connection = 150;
    spec.topics_per_request = 100;
    spec.outstanding = 32;
    spec.requests = Rate::per_second(50).with_burst(150);
    // At most 300 connections an address.
    spec.connects = Rate::per_second(1).with_burst(10);
    spec.message_limit = 4 << 20;
    spec
}
