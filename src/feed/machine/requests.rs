//! From the difference between the wanted set and the venue's to requests, at the venue's pace.

use super::registry::RequestLimits;
use super::{Machine, State};
use crate::Now;
use crate::feed::{
    Acceptance, Deliver, Note, Op, Output, Protocol, Request, RequestId, Topic, TopicId,
};

impl<P: Protocol> Machine<P> {
    /// Requests what the difference between the wanted set and the venue's demands, at the
    /// venue's pace.
    pub(super) fn reconcile(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        self.core.registry.ripen(now.instant);
        while self.may_request()
            && self.core.registry.work().0
            && self.core.pace.ready_at(now.instant) <= now.instant
        {
            let most = self.core.changes.available(now.instant);
            if most == 0 {
                break;
            }
            let (mut forgotten, mut renewed) = (Vec::new(), Vec::new());
            let spec = self.protocol.spec();
            let limits = RequestLimits {
                topics: most.min(spec.topics_per_request).max(1),
                bytes: spec.bytes_per_request,
                timeout: spec.answer_timeout,
            };
            let next = self.core.registry.next_request(
                now.instant,
                limits,
                &self.topics,
                &mut forgotten,
                &mut renewed,
            );
            self.with(now, deliver, |_, _, sink| {
                renewed.iter().for_each(|id| sink.renewed_in_place(*id));
            });
            for id in forgotten {
                self.forget(id, deliver);
            }
            let Some((id, op)) = next else { continue };
            self.core.pace.take(now.instant);
            let count = self.core.registry.requested(id).len();
            self.core.changes.take(now.instant, count);
            self.request(id, op, now, deliver);
        }
    }

    fn request(&mut self, id: RequestId, op: Op, now: Now, deliver: &mut impl Deliver<P>) {
        let asked = self.core.registry.requested(id).to_vec();
        if op == Op::Subscribe {
            asked
                .iter()
                .for_each(|topic| deliver.note(Note::Renewed(*topic)));
        }
        self.with(now, deliver, |protocol, topics, sink| {
            protocol.request(
                now,
                Request {
                    id,
                    op,
                    topics: &asked,
                },
                topics,
                sink,
            );
            let unanswered =
                |topic: &TopicId| topics.get(*topic).channel().acceptance == Acceptance::Sent;
            if asked.iter().all(unanswered) {
                sink.settled(id);
            }
        });
    }

    /// Lets go of topics that are in no set, while there is no connection to ask.
    pub(super) fn forget_unwanted(&mut self, deliver: &mut impl Deliver<P>) {
        if !matches!(self.core.state, State::Live) {
            for id in self.core.registry.absent_and_unwanted() {
                self.forget(id, deliver);
            }
        }
    }

    pub(super) fn forget(&mut self, id: TopicId, deliver: &mut impl Deliver<P>) {
        self.core.registry.forget(id);
        self.core.silence.vacate(id);
        self.protocol.vacated(id);
        self.topics.remove(id);
        deliver.note(Note::Released(id));
    }
}
