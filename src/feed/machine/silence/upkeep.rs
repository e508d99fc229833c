//! What silence does to the machine.

use std::time::Duration;

use super::{Standing, Verdict};
use crate::feed::machine::registry::TopicState;
use crate::feed::machine::sink::Sink;
use crate::feed::machine::{Machine, State};
use crate::feed::{Deliver, Note, Protocol, TopicId};
use crate::{Interruption, Now, Staleness, Timestamp};

/// An event that happened this long before it came was not sent as it happened: it shows a silence that
/// was not the market's.
const LATE: Duration = Duration::from_secs(1);

impl<P: Protocol> Machine<P> {
    /// Reports what has been silent for too long, and asks the venue about it. All that has come has been
    /// read.
    pub(in crate::feed::machine) fn question_silence(
        &mut self,
        now: Now,
        deliver: &mut impl Deliver<P>,
    ) {
        while self.core.state == State::Live {
            let (silence, registry) = (&mut self.core.silence, &self.core.registry);
            let standing = |id: TopicId| {
                let entry = registry.entry(id);
                match entry.state() {
                    TopicState::Active { .. } if !entry.is_wanted() => Standing::Inactive,
                    TopicState::Active { .. } if entry.is_stale() => Standing::Stale,
                    TopicState::Active { .. } => Standing::Active,
                    _ => Standing::Inactive,
                }
            };
            match silence.next(now, &standing) {
                None => break,
                Some(Verdict::Stale {
                    topics,
                    silence,
                    alone,
                }) => {
                    self.core.losing.extend(&topics);
                    let since = now.wall.saturating_sub(silence);
                    for id in &topics {
                        let entry = self.core.registry.entry_mut(*id);
                        entry.set_blind(since, None);
                        if alone {
                            entry.set_stale();
                        }
                    }
                    if !topics.is_empty() {
                        deliver.note(Note::Stale(topics, Staleness::Quiet { silence }));
                    }
                }
                Some(Verdict::Resubscribe(id)) => {
                    self.core.registry.resubscribe(id, now.instant, true);
                }
                Some(Verdict::Reconnect(silence)) => {
                    self.interrupt(now, Interruption::Quiet { silence }, None, deliver);
                }
            }
        }
    }
}

impl<P: Protocol, D: Deliver<P>> Sink<'_, P, D> {
    /// Something of a topic came, of this time.
    #[inline]
    pub(in crate::feed::machine) fn hear(&mut self, id: TopicId, time: Option<Timestamp>) {
        if self.core.silence.heard(id) {
            self.end_silence(id, time);
        }
    }

    #[cold]
    fn end_silence(&mut self, id: TopicId, time: Option<Timestamp>) {
        let last = self.core.registry.entry(id).last_time();
        let venue_now = self.core.event_clock.now(self.now);
        let venue_now = venue_now.unwrap_or(self.now.wall);
        let moved = time.is_some_and(|time| {
            last.is_some_and(|last| last < time) && time.saturating_add(LATE) < venue_now
        });
        let mut fresh = self.core.silence.answered(id, moved);
        // What is stale for another reason stays so.
        fresh.retain(|id| !self.core.registry.entry(*id).is_stale());
        if !fresh.is_empty() {
            self.deliver.note(Note::Fresh(fresh));
        }
    }
}
