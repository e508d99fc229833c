//! What the protocol does with its channels, their topics and rows, call by call.

mod holes;
mod requests;

use std::time::{Duration, Instant};

use super::super::EventKind;
use super::super::request::Contract;
use super::super::topic::{EventName, Service};
use super::*;
use crate::feed::{Heartbeat, Jump, Refusal, RequestId, SnapshotEdge};

/// The calls that came of it, in a line each.
#[derive(Default)]
struct Told {
    lines: Vec<String>,
}

impl Told {
    fn push(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// What came since the last time.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

fn words(result: Result<(), Refusal>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(refusal) => {
            assert!(refusal.passing);
            refusal.text
        }
    }
}

impl Output<DxLinkProtocol> for Told {
    fn send(&mut self, frame: Frame) {
        let Frame::Text(text) = frame else { panic!() };
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        let items = |list: &str| {
            let items = message[list].as_array()?;
            let items = items.iter().map(|item| item["symbol"].as_str().unwrap());
            Some(format!(" {list} {}", items.collect::<Vec<_>>().join(",")))
        };
        let items = [items("remove"), items("add")].into_iter().flatten();
        let items: String = items.collect();
        let name = message["type"].as_str().unwrap();
        self.push(format!("send {name} {}{items}", message["channel"]));
    }
    fn live(&mut self) {
        self.push("live");
    }
    fn event(&mut self, topic: TopicId, item: DxItem) {
        let event = match &item {
            DxItem::Event(event) => Some(event),
            DxItem::Indexed(row) => row.event.as_ref(),
        };
        let time = match event {
            Some(DxEvent::TimeAndSale(sale)) => sale.price.to_string(),
            Some(DxEvent::Candle(candle)) => candle.close.to_string(),
            Some(DxEvent::Quote(quote)) => quote.bid.unwrap_or_default().to_string(),
            Some(DxEvent::Book(book)) => format!("depth {:?}", book.detail.depth_limit),
            _ => "?".to_owned(),
        };
        self.push(format!("{} {time}", topic.index()));
    }
    fn settled(&mut self, request: RequestId) {
        self.push(format!("settled {}", request.0));
    }
    fn refused(&mut self, request: RequestId, refusal: Refusal) {
        self.push(format!("refused {} {}", request.0, words(Err(refusal))));
    }
    fn answered(&mut self, request: RequestId, results: Vec<(TopicId, Result<(), Refusal>)>) {
        let results = results
            .into_iter()
            .map(|(id, result)| format!(" {}: {}", id.index(), words(result)));
        let results: String = results.collect();
        self.push(format!("answered {}{results}", request.0));
    }
    fn dropped(&mut self, topic: TopicId, why: Option<Refusal>) {
        let why = why.map(|why| words(Err(why))).unwrap_or_default();
        self.push(format!("dropped {} {why}", topic.index()));
    }
    fn complained(&mut self, topics: &[TopicId], why: Refusal) {
        if !topics.is_empty() {
            let ids: Vec<_> = topics.iter().map(|id| id.index().to_string()).collect();
            self.push(format!("complained {} {}", ids.join(","), words(Err(why))));
        }
    }
    fn malformed(&mut self, malformed: feed::Malformed) {
        let of = malformed
            .topic
            .map_or("all".to_owned(), |id| id.index().to_string());
        let events = malformed.events.map_or("?".to_owned(), |it| it.to_string());
        let anew = if malformed.resync { " anew" } else { "" };
        self.push(format!("gap {of} {events}{anew}"));
    }
    fn repaired(&mut self, topic: TopicId, well: bool) {
        self.push(format!("repaired {} {well}", topic.index()));
    }
    fn snapshot(&mut self, topic: TopicId, edge: SnapshotEdge) {
        let edge = if edge == SnapshotEdge::Begin {
            "["
        } else {
            "]"
        };
        self.push(format!("{edge} {}", topic.index()));
    }
    fn stray(&mut self, topic: TopicId) {
        self.push(format!("stray {}", topic.index()));
    }
    fn fail(&mut self, failure: Failure) {
        self.push(match failure {
            Failure::Fatal(error) => format!("fatal {error}"),
            Failure::Retry(cause) | Failure::RetryAfter(cause, _) => format!("retry {cause}"),
        });
    }
    fn whole_state(&mut self, _: &[TopicId]) {}
    fn sequence_gap(&mut self, _: TopicId, _: Jump) {}
    fn repeated(&mut self, _: TopicId, _: u64) {}
    fn venue_time(&mut self, _: Timestamp) {}
    fn dropped_values(&mut self, _: u32) {}
    fn ignored(&mut self, _: &str) {}
    fn effect(&mut self, fetch: FetchToken) {
        self.push(format!("fetch {}", fetch.refused));
    }
    fn effect_for(&mut self, _: TopicId, _: FetchToken) {}
    fn wake_at(&mut self, _: Instant) {}
    fn heartbeat(&mut self, _: Heartbeat) {}
    fn retire(&mut self, _: Duration) {}
}

/// A protocol that is open and live, its topics, and a clock.
struct Rig {
    protocol: DxLinkProtocol,
    topics: Topics<Topic>,
    told: Told,
    now: Now,
    last: u32,
}

impl Rig {
    fn new() -> Self {
        let address = Address::parse("wss://localhost/x").unwrap();
        let mut rig = Self {
            protocol: DxLinkProtocol::new(address, false),
            topics: Topics::new(),
            told: Told::default(),
            now: Now {
                instant: Instant::now(),
                wall: Timestamp::EPOCH,
            },
            last: 0,
        };
        rig.open();
        rig
    }

    fn open(&mut self) {
        self.protocol.open(self.now, &mut self.told);
        self.frame(r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED"}"#);
        self.told.take();
    }

    fn pass(&mut self, secs: u64) -> Vec<String> {
        self.now.instant += Duration::from_secs(secs);
        self.protocol
            .timeout(self.now, &self.topics, &mut self.told);
        self.told.take()
    }

    /// Takes a frame; one that is malformed as a whole is told like a part that is.
    fn frame(&mut self, text: &str) -> Vec<String> {
        let frame = FrameRef::Text(text);
        let read = self
            .protocol
            .frame(self.now, frame, &self.topics, &mut self.told);
        if let Err(malformed) = read {
            self.told.malformed(malformed);
        }
        self.told.take()
    }

    fn request(&mut self, op: Op, ids: &[TopicId]) -> Vec<String> {
        self.last += 1;
        let request = Request {
            id: RequestId(self.last),
            op,
            topics: ids,
        };
        self.protocol
            .request(self.now, request, &self.topics, &mut self.told);
        self.told.take()
    }

    fn ask(&mut self, topics: &[Topic]) -> (Vec<TopicId>, Vec<String>) {
        let ids: Vec<_> = topics.iter().map(|it| self.topics.insert(it)).collect();
        let told = self.request(Op::Subscribe, &ids);
        (ids, told)
    }

    fn opened(&mut self, channel: u64) -> Vec<String> {
        self.frame(&format!(
            r#"{{"type":"CHANNEL_OPENED","channel":{channel},"service":"FEED","parameters":{{}}}}"#
        ))
    }

    fn closed(&mut self, channel: u64) -> Vec<String> {
        self.frame(&format!(
            r#"{{"type":"CHANNEL_CLOSED","channel":{channel}}}"#
        ))
    }

    fn error(&mut self, channel: u64, code: &str, text: &str) -> Vec<String> {
        self.frame(&format!(
            r#"{{"type":"ERROR","channel":{channel},"error":"{code}","message":"{text}"}}"#
        ))
    }

    fn config(&mut self, channel: u64, kind: &str, fields: &[&str]) {
        let fields = serde_json::to_string(fields).unwrap();
        self.frame(&format!(
            r#"{{"type":"FEED_CONFIG","channel":{channel},"eventFields":{{"{kind}":{fields}}}}}"#
        ));
    }

    fn data(&mut self, channel: u64, data: &str) -> Vec<String> {
        self.frame(&format!(
            r#"{{"type":"FEED_DATA","channel":{channel},"data":{data}}}"#
        ))
    }
}

fn topic(kind: EventKind, contract: Contract, symbol: &str) -> Topic {
    Topic::feed(EventName::Known(kind), contract, &symbol.into())
}

fn quote(symbol: &str) -> Topic {
    topic(EventKind::Quote, Contract::Ticker, symbol)
}

fn candles(symbol: &str, from: i64) -> Topic {
    Topic::candles(&symbol.into(), Timestamp::from_secs(from).unwrap())
}
