//! What the protocol makes of what the venue says, with the machine's side written down.

mod acks;
mod books;
mod chain_law;
mod numbers;

use std::time::{Duration, Instant};

use super::*;
use crate::feed::{Jump, Refusal, RequestId, SnapshotEdge};
use crate::market::BookAction;
use crate::venue::gate::{BookSpeed, DeltaSpeed, Depth, ObuLevel};

/// What came of the calls, in words.
#[derive(Default)]
struct Told {
    words: Vec<String>,
    sent: Vec<String>,
}

impl Told {
    fn tell(&mut self, words: impl Into<String>) {
        self.words.push(words.into());
    }
}

fn refusal_word(refusal: &Refusal) -> String {
    let verdict = if refusal.passing { "later" } else { "no" };
    format!("{verdict} ({})", refusal.text)
}

impl Output<SpotProtocol> for Told {
    fn send(&mut self, frame: Frame) {
        if let Frame::Text(text) = frame {
            self.sent.push(text.to_string());
        }
    }
    fn event(&mut self, topic: TopicId, event: SpotEvent) {
        let word = match event {
            SpotEvent::Book(book) if book.action == BookAction::Snapshot => {
                format!("whole {}", book.last.unwrap_or(0))
            }
            SpotEvent::Book(book) => {
                format!("{}-{}", book.first.unwrap_or(0), book.last.unwrap_or(0))
            }
            other => other.symbol().to_string(),
        };
        self.tell(format!("{}: {word}", topic.index()));
    }
    fn settled(&mut self, request: RequestId) {
        self.tell(format!("settled {}", request.0));
    }
    fn refused(&mut self, request: RequestId, refusal: Refusal) {
        let topic = refusal.topic.map(|topic| format!(" {}", topic.index()));
        let topic = topic.unwrap_or_default();
        self.tell(format!(
            "refused {}{topic}: {}",
            request.0,
            refusal_word(&refusal)
        ));
    }
    fn answered(&mut self, request: RequestId, results: Vec<(TopicId, Result<(), Refusal>)>) {
        let results = results.iter().map(|(topic, result)| {
            let word = result
                .as_ref()
                .map_or_else(refusal_word, |()| "yes".to_owned());
            format!("{}: {word}", topic.index())
        });
        let results: Vec<_> = results.collect();
        self.tell(format!("answered {} [{}]", request.0, results.join(", ")));
    }
    fn sequence_gap(&mut self, topic: TopicId, jump: Jump) {
        let resync = if jump.resync { ", resync" } else { "" };
        self.tell(format!(
            "{}: jump {} to {}{resync}",
            topic.index(),
            jump.expected,
            jump.received
        ));
    }
    fn malformed(&mut self, malformed: Malformed) {
        let topic = malformed.topic.map(|topic| topic.index().to_string());
        let topic = topic.unwrap_or_else(|| "all".to_owned());
        let resync = if malformed.resync { ", resync" } else { "" };
        self.tell(format!("{topic}: malformed ({}){resync}", malformed.reason));
    }
    fn repeated(&mut self, topic: TopicId, count: u64) {
        self.tell(format!("{}: {count} repeated", topic.index()));
    }
    fn stray(&mut self, topic: TopicId) {
        self.tell(format!("{}: stray", topic.index()));
    }
    fn ignored(&mut self, what: &str) {
        self.tell(format!("ignored: {what}"));
    }
    fn fail(&mut self, failure: Failure) {
        self.tell(format!("failed: {failure:?}"));
    }
    fn live(&mut self) {}
    fn venue_time(&mut self, _: Timestamp) {}
    fn dropped_values(&mut self, _: u32) {}
    fn whole_state(&mut self, _: &[TopicId]) {}
    fn dropped(&mut self, _: TopicId, _: Option<Refusal>) {}
    fn repaired(&mut self, _: TopicId, _: bool) {}
    fn snapshot(&mut self, _: TopicId, _: SnapshotEdge) {}
    fn effect(&mut self, _: Infallible) {}
    fn effect_for(&mut self, _: TopicId, _: Infallible) {}
    fn wake_at(&mut self, _: Instant) {}
    fn heartbeat(&mut self, _: Heartbeat) {}
    fn retire(&mut self, _: Duration) {}
}

struct Bench {
    protocol: SpotProtocol,
    topics: Topics<Topic>,
    told: Told,
    requests: u32,
}

impl Bench {
    fn new() -> Self {
        let address = Address::parse("wss://localhost/ws/v4/").unwrap();
        let mut bench = Self {
            protocol: SpotProtocol::new(address),
            topics: Topics::new(),
            told: Told::default(),
            requests: 0,
        };
        bench.protocol.open(now(), &mut bench.told);
        bench
    }

    /// One topic, asked for in request 1.
    fn with(channel: Channel) -> Self {
        let mut bench = Self::new();
        bench.subscribe(channel, &["A_B"]);
        bench
    }

    fn subscribe(&mut self, channel: Channel, symbols: &[&str]) -> Vec<TopicId> {
        let topics = symbols.iter().map(|symbol| Topic {
            channel,
            symbol: (*symbol).into(),
        });
        let ids: Vec<_> = topics.map(|topic| self.topics.insert(&topic)).collect();
        self.request(Op::Subscribe, &ids);
        ids
    }

    fn request(&mut self, op: Op, ids: &[TopicId]) {
        self.requests += 1;
        let request = Request {
            id: RequestId(self.requests),
            op,
            topics: ids,
        };
        self.protocol
            .request(now(), request, &self.topics, &mut self.told);
    }

    /// What is told of a frame.
    fn take(&mut self, frame: &str) -> Vec<String> {
        let frame = FrameRef::Text(frame);
        let result = self
            .protocol
            .frame(now(), frame, &self.topics, &mut self.told);
        if let Err(malformed) = result {
            self.told.malformed(malformed);
        }
        std::mem::take(&mut self.told.words)
    }

    /// What is told of pushes of these results, one after another.
    fn push(&mut self, channel: &str, results: &[&str]) -> Vec<String> {
        let mut words = Vec::new();
        for result in results {
            words.extend(self.take(&format!(
                r#"{{"time":1,"channel":"{channel}","event":"update","result":{result}}}"#
            )));
        }
        words
    }

    fn obu(&mut self, results: &[&str]) -> Vec<String> {
        let results = results
            .iter()
            .map(|r| format!(r#"{{"s":"ob.A_B.50",{r}}}"#));
        let results: Vec<_> = results.collect();
        self.push(
            "spot.obu",
            &results.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    }

    fn update(&mut self, results: &[&str]) -> Vec<String> {
        let results = results
            .iter()
            .map(|r| format!(r#"{{"s":"A_B","l":"100","b":[["10","1"]],"a":[],{r}}}"#));
        let results: Vec<_> = results.collect();
        self.push(
            "spot.order_book_update",
            &results.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    }
}

fn now() -> Now {
    Now {
        instant: Instant::now(),
        wall: Timestamp::EPOCH,
    }
}

const OBU: Channel = Channel::Obu(ObuLevel::Levels50);
const UPDATES: Channel = Channel::OrderBookUpdate(DeltaSpeed::Millis100);
const BOOKS: Channel = Channel::OrderBook(Depth::Levels5, BookSpeed::Millis100);
