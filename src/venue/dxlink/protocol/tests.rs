//! What the protocol does when the venue takes back half of what it was asked for.

use std::time::{Duration, Instant};

use super::super::EventKind;
use super::super::request::Contract;
use super::super::topic::EventName;
use super::*;
use crate::feed::{Heartbeat, Jump, Refusal, SnapshotEdge};

/// What came of the calls.
#[derive(Default)]
struct Told {
    sent: Vec<String>,
    settled: Vec<u32>,
    refused: Vec<u32>,
    dropped: Vec<TopicId>,
}

impl Output<DxLinkProtocol> for Told {
    fn send(&mut self, frame: Frame) {
        if let Frame::Text(text) = frame {
            self.sent.push(text.to_string());
        }
    }
    fn settled(&mut self, request: RequestId) {
        self.settled.push(request.0);
    }
    fn refused(&mut self, request: RequestId, refusal: Refusal) {
        assert!(refusal.passing);
        self.refused.push(request.0);
    }
    fn dropped(&mut self, topic: TopicId, _: Option<Refusal>) {
        self.dropped.push(topic);
    }
    fn live(&mut self) {}
    fn event(&mut self, _: TopicId, _: DxItem) {}
    fn answered(&mut self, _: RequestId, _: Vec<(TopicId, Result<(), Refusal>)>) {}
    fn whole_state(&mut self, _: &[TopicId]) {}
    fn sequence_gap(&mut self, _: TopicId, _: Jump) {}
    fn malformed(&mut self, _: feed::Malformed) {}
    fn repeated(&mut self, _: TopicId, _: u64) {}
    fn effect_for(&mut self, _: TopicId, _: FetchToken) {}
    fn retire(&mut self, _: Duration) {}
    fn repaired(&mut self, _: TopicId, _: bool) {}
    fn snapshot(&mut self, _: TopicId, _: SnapshotEdge) {}
    fn stray(&mut self, _: TopicId) {}
    fn venue_time(&mut self, _: Timestamp) {}
    fn dropped_values(&mut self, _: u32) {}
    fn ignored(&mut self, _: &str) {}
    fn effect(&mut self, _: FetchToken) {}
    fn wake_at(&mut self, _: Instant) {}
    fn heartbeat(&mut self, _: Heartbeat) {}
    fn fail(&mut self, _: Failure) {}
}

fn now() -> Now {
    Now {
        instant: Instant::now(),
        wall: Timestamp::EPOCH,
    }
}

/// Two histories of one symbol in one request, of which the first is sent and the second waits for
/// its channel.
fn half_sent() -> (DxLinkProtocol, Topics<Topic>, Told) {
    let address = Address::parse("wss://localhost/x").unwrap();
    let mut protocol = DxLinkProtocol::new(address, false);
    let mut topics = Topics::new();
    let name = EventName::Known(EventKind::Candle);
    let topic = |secs| {
        Topic::feed(name.clone(), Contract::History, &"A{=d}".into())
            .from(Timestamp::from_secs(secs).unwrap())
    };
    let ids = [topics.insert(&topic(1)), topics.insert(&topic(2))];
    let mut told = Told::default();
    let request = Request {
        id: RequestId(7),
        op: Op::Subscribe,
        topics: &ids,
    };
    protocol.open(now(), &mut told);
    protocol.request(now(), request, &topics, &mut told);
    take(&mut protocol, &topics, &mut told, OPENED);
    assert!(told.sent.last().unwrap().contains("\"add\""));
    assert_eq!((told.settled.len(), told.refused.len()), (0, 0));
    (protocol, topics, told)
}

const OPENED: &str =
    r#"{"type":"CHANNEL_OPENED","channel":1,"service":"FEED","parameters":{"contract":"HISTORY"}}"#;

fn take(protocol: &mut DxLinkProtocol, topics: &Topics<Topic>, told: &mut Told, text: &str) {
    let frame = FrameRef::Text(text);
    protocol.frame(now(), frame, topics, told).unwrap();
}

#[test]
fn what_was_sent_of_a_refused_request_is_taken_out() {
    let (mut protocol, topics, mut told) = half_sent();
    let closed = r#"{"type":"CHANNEL_CLOSED","channel":3}"#;
    take(&mut protocol, &topics, &mut told, closed);
    assert_eq!((told.refused, told.dropped.len()), (vec![7], 0));
    // It may be released before the request is made again, and nobody would say so.
    let last = told.sent.last().unwrap();
    assert!(
        last.contains("\"channel\":1") && last.contains("\"remove\""),
        "{last}"
    );
}

#[test]
fn a_topic_that_must_be_asked_for_anew_takes_its_request_along() {
    let (mut protocol, topics, mut told) = half_sent();
    protocol.afresh(TopicId::at(0), now(), &mut told);
    // The machine would not hear that a topic is dropped which is still being asked for.
    assert_eq!((&told.refused, told.dropped.len()), (&vec![7], 0));
    let opened = OPENED.replace("\"channel\":1", "\"channel\":3");
    take(&mut protocol, &topics, &mut told, &opened);
    assert_eq!(told.settled.len(), 0);
    assert!(!told.sent.last().unwrap().contains("\"add\""));
}
