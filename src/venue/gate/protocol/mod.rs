//! The machine's side of the venue.

mod answers;
mod deliver;
mod refusal;
mod requests;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::Duration;

use serde::Serialize;
use smol_str::SmolStr;

use self::requests::{Asked, Requests};
use super::chain::Chain;
use super::channel::{Channel, Topic};
use super::decode::decode_any;
use super::message::{Message, SpotEvent};
use super::position;
use super::scan::scan;
use crate::feed::{
    Failure, Heartbeat, Malformed, Op, Output, Position, Probe, Protocol, Request, Spec, TopicId,
    Topics,
};
use crate::market::Record;
use crate::transport::{Address, Frame, FrameRef};
use crate::{Interruption, Now, Rate, Timestamp};

/// The protocol of Gate's spot market data, for use with a [`Connection`](crate::feed::Connection).
/// [`Spot`](super::Spot) is what most programs want.
///
/// Source: Gate's "Spot WebSocket v4" documentation, unless a comment says otherwise.
#[derive(Debug)]
pub struct SpotProtocol {
    spec: Spec,
    address: Address,
    requests: Requests,
    chains: Vec<Chain>,
}

#[derive(Serialize)]
struct Wire<'a> {
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    channel: &'a str,
    event: &'a str,
    payload: &'a [SmolStr],
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
            requests: Requests::default(),
            chains: Vec::new(),
        }
    }

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
    fn position(event: &SpotEvent) -> Option<Position> {
        match event {
            SpotEvent::Trade(trade) => position::of(&trade.detail),
            _ => None,
        }
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
        self.requests.clear();
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
            Ok(Message::Push(item)) => self.push(now, item, topics, out),
            Ok(Message::Several(items)) => {
                for item in items {
                    match item {
                        Ok(item) => self.push(now, item, topics, out),
                        Err(malformed) => {
                            if let Err(nobodys) = self.spoiled(malformed, topics, out) {
                                out.malformed(nobodys);
                            }
                        }
                    }
                }
            }
            Ok(Message::Ack(ack)) => {
                ack.sent.into_iter().for_each(|sent| out.venue_time(sent));
                self.ack(now, &ack, topics, out);
            }
            Ok(Message::Pong { sent }) => sent.into_iter().for_each(|sent| out.venue_time(sent)),
            Ok(Message::Upgrade { text }) => {
                out.fail(Failure::Retry(Interruption::Announced {
                    text: text.into(),
                }));
            }
            Ok(Message::Ignored { channel }) => out.ignored(&channel),
            Err(malformed) => return self.spoiled(malformed, topics, out),
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
        let asked = Asked {
            id: Some(id),
            op,
            channel: channel.name(),
            topics: ids.to_vec(),
            payload,
        };
        self.ask(now, asked, out);
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
    // At most 300 connections an address, which are opened in half a minute.
    spec.connects = Rate::per_second(10).with_burst(20);
    spec.message_limit = 4 << 20;
    spec
}
