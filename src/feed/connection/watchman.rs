//! What operators of a program read in its log.
//!
//! Levels: `error` for what ends handles, `warn` for what loses or may lose data, `info` for a
//! connection's way between states, `debug` for single topics, `trace` for messages. A warning that
//! repeats is written once in [`QUIET`] with a count of those held back.

use std::time::{Duration, Instant};

use tracing::Span;

use crate::feed::{Deliver, Missing, Note, Protocol, TopicId, Why};
use crate::{Interruption, Now};

const QUIET: Duration = Duration::from_secs(10);

/// Holds repeated lines back and counts them.
#[derive(Debug, Default)]
struct Throttle {
    last: Option<Instant>,
    held: u64,
}

impl Throttle {
    /// How many lines were held back before this one, or `None` to hold this one back too.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now < last + QUIET) {
            self.held += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held))
    }
}

/// Writes a connection's notes to its span.
#[derive(Debug)]
pub(in crate::feed) struct Watchman {
    span: Span,
    /// Why the connection was last not live.
    interruption: Option<Interruption>,
    interrupted: Throttle,
    malformed: Throttle,
    missing: Throttle,
    refused: Throttle,
    stale: Throttle,
}

impl Watchman {
    pub(in crate::feed) fn new(span: Span) -> Self {
        Self {
            span,
            interruption: None,
            interrupted: Throttle::default(),
            malformed: Throttle::default(),
            missing: Throttle::default(),
            refused: Throttle::default(),
            stale: Throttle::default(),
        }
    }

    /// Why the connection was last not live.
    pub(in crate::feed) fn interruption(&self) -> Option<&Interruption> {
        self.interruption.as_ref()
    }

    fn write(&mut self, now: Now, note: &Note) {
        if let Note::Interrupted { cause, .. } = note {
            self.interruption = Some(cause.clone());
        }
        let _entered = self.span.enter();
        match note {
            Note::State(state) => tracing::info!(%state, "connection state"),
            Note::Interrupted { cause, retry_in } => {
                if let Some(held_back) = self.interrupted.admit(now.instant) {
                    tracing::warn!(%cause, ?retry_in, held_back, "interrupted");
                }
            }
            Note::Losing(topics) => tracing::trace!(topics = topics.len(), "begun to miss events"),
            Note::Accepted(ids) => tracing::debug!(topics = ids.len(), "accepted"),
            Note::Rejected(_, rejection) => {
                if let Some(held_back) = self.refused.admit(now.instant) {
                    tracing::warn!(%rejection, held_back, "topic refused");
                }
            }
            Note::Released(id) => tracing::debug!(topic = id.index(), "released"),
            Note::Renewed(id) => tracing::debug!(topic = id.index(), "subscribed afresh"),
            Note::Missing(Missing {
                why: Why::Malformed {
                    reason, excerpt, ..
                },
                topics,
                ..
            }) => {
                if let Some(held_back) = self.malformed.admit(now.instant) {
                    let topic = topics.first().map(|id| id.index());
                    tracing::warn!(?topic, reason, excerpt, held_back, "malformed message");
                }
            }
            Note::Missing(missing) => {
                if let Some(held_back) = self.missing.admit(now.instant) {
                    let (why, count) = (&missing.why, missing.topics.len());
                    tracing::warn!(?why, topics = count, held_back, "events may be missing");
                }
            }
            Note::Began(id) => tracing::trace!(topic = id.index(), "first event"),
            Note::Repaired { topic, gap, well } => {
                tracing::info!(topic = topic.index(), ?gap, well, "repair of a gap");
            }
            Note::Snapshot(topic, edge) => {
                tracing::debug!(topic = topic.index(), ?edge, "snapshot");
            }
            Note::Stale(ids, why) => {
                if let Some(held_back) = self.stale.admit(now.instant) {
                    tracing::warn!(%why, topics = ids.len(), held_back, "stale");
                }
            }
            Note::Fresh(ids) => tracing::info!(topics = ids.len(), "no longer stale"),
            Note::Postponed(_, rejection) => {
                if let Some(held_back) = self.refused.admit(now.instant) {
                    tracing::warn!(%rejection, held_back, "topic refused for now");
                }
            }
            Note::Ended(error) => tracing::error!(%error, "connection ended"),
        }
    }
}

/// A [`Deliver`] that logs notes on their way.
pub(in crate::feed) struct Watched<'a, D> {
    pub(in crate::feed) now: Now,
    pub(in crate::feed) watchman: &'a mut Watchman,
    pub(in crate::feed) inner: &'a mut D,
}

impl<P: Protocol, D: Deliver<P>> Deliver<P> for Watched<'_, D> {
    #[inline]
    fn event(&mut self, topic: TopicId, event: P::Event) {
        self.inner.event(topic, event);
    }

    fn note(&mut self, note: Note) {
        self.watchman.write(self.now, &note);
        self.inner.note(note);
    }
}
