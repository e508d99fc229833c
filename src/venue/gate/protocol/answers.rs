//! What the venue's answers settle.

use hashbrown::HashSet;

use super::refusal::{Ruling, named, ruling};
use super::requests::Asked;
use super::{SpotProtocol, Wire, event_name, send};
use crate::Now;
use crate::feed::{Op, Output, Refusal, RequestId, TopicId, Topics};
use crate::venue::gate::channel::Topic;
use crate::venue::gate::message::{Ack, Outcome};

/// Characters of a refusal that are kept, for each topic that it falls on.
const MOST_WORDS: usize = 500;

impl SpotProtocol {
    pub(super) fn ask(&mut self, now: Now, asked: Asked, out: &mut impl Output<Self>) {
        send(
            &Wire {
                time: now.wall.as_secs(),
                id: asked.id.map(|id| id.0),
                channel: asked.channel,
                event: event_name(asked.op),
                payload: &asked.payload,
            },
            out,
        );
        self.requests.enter(asked);
    }

    pub(super) fn ack(
        &mut self,
        now: Now,
        ack: &Ack<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let Some(asked) = self.requests.answered(ack) else {
            return out.ignored("answer to nothing asked");
        };
        let Some(request) = asked.id else {
            // Nobody waits for it.
            return;
        };
        match &ack.outcome {
            Outcome::Accepted => accept(request, &asked, ack, topics, out),
            Outcome::Refused { code, text } => {
                self.refuse(now, request, &asked, (*code, text), topics, out);
            }
        }
    }

    fn refuse(
        &mut self,
        now: Now,
        request: RequestId,
        asked: &Asked,
        (code, text): (i64, &str),
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let ruling = ruling(code, text);
        let mut culprits = named(text, &asked.topics, topics);
        if let [alone] = asked.topics[..] {
            culprits = vec![alone];
        } else if culprits.len() == asked.topics.len() {
            // Words that repeat the whole request accuse nobody.
            culprits.clear();
        }
        let held = ruling == Ruling::Held && asked.op == Op::Subscribe;
        if held {
            // Only a new subscription brings a snapshot.
            for id in &culprits {
                self.release(now, *id, topics, out);
            }
        }
        let refusal = Refusal {
            topic: None,
            code: Some(code),
            text: text.trim().chars().take(MOST_WORDS).collect(),
            passing: held || ruling == Ruling::Passes,
            doubtful: ruling == Ruling::Unknown,
            retry_after: None,
        };
        match culprits[..] {
            [] => out.refused(request, refusal),
            [topic] if !refusal.passing || asked.topics.len() == 1 => {
                let topic = Some(topic);
                out.refused(request, Refusal { topic, ..refusal });
            }
            _ => {
                let refused = culprits.into_iter().map(|id| (id, Err(refusal.clone())));
                out.answered(request, refused.collect());
            }
        }
    }

    /// Takes a topic out of the venue's set of which the machine knows nothing.
    fn release(
        &mut self,
        now: Now,
        id: TopicId,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let topic = topics.get(id);
        let asked = Asked {
            id: None,
            op: Op::Unsubscribe,
            channel: topic.channel.name(),
            topics: Vec::new(),
            payload: topic.payload(),
        };
        self.ask(now, asked, out);
    }
}

/// An answer repeats what it grants: what it leaves out was not granted.
fn accept(
    request: RequestId,
    asked: &Asked,
    ack: &Ack<'_>,
    topics: &Topics<Topic>,
    out: &mut impl Output<SpotProtocol>,
) {
    let told = ack.payload.as_deref().unwrap_or_default();
    if asked.op == Op::Unsubscribe || asked.topics.len() == 1 || told.len() >= asked.payload.len() {
        return out.settled(request);
    }
    let told: HashSet<&str> = told.iter().map(|word| &**word).collect();
    let is_told = |id: &&TopicId| {
        let mut words = topics.get(**id).payload().into_iter();
        words.all(|word| told.contains(word.as_str()))
    };
    let granted: Vec<_> = asked.topics.iter().filter(is_told).copied().collect();
    if granted.is_empty() || granted.len() == asked.topics.len() {
        // It repeats something else, or nothing.
        return out.settled(request);
    }
    out.answered(
        request,
        granted.into_iter().map(|id| (id, Ok(()))).collect(),
    );
}
