//! How frames get from the venue to a session's queue.

use tokio::sync::mpsc::error::TrySendError;
use tokio_tungstenite::tungstenite::Message;

use super::{Core, Timer};
use crate::Timestamp;
use crate::sim::SessionId;
use crate::sim::core::journal::{BreachKind, Delivery, Draft, Fate, Identity, Published};
use crate::sim::core::rules::{Kind, Role};

impl Core {
    /// Publishes one data event to these sessions.
    pub(in crate::sim) fn publish(
        &mut self,
        draft: Draft<'_>,
        sessions: impl IntoIterator<Item = SessionId>,
        text: String,
        role: Role,
    ) {
        let kind = draft.kind(role);
        let text = Message::text(text);
        let keep = self.log.keep;
        let mut deliveries = Vec::new();
        for session in sessions {
            if let Some(fate) = self.deliver(session, kind, &text)
                && keep
            {
                deliveries.push(Delivery { session, fate });
            }
        }
        if keep {
            self.enter(self.clock.now().wall, &draft, deliveries);
        }
    }

    /// Sends these sessions a frame once more. The journal has its event already.
    pub(in crate::sim) fn repeat(
        &mut self,
        draft: Draft<'_>,
        sessions: impl IntoIterator<Item = SessionId>,
        text: String,
    ) {
        let text = Message::text(text);
        for session in sessions {
            self.deliver(session, draft.kind(Role::Plain), &text);
        }
    }

    fn enter(&mut self, at: Timestamp, draft: &Draft<'_>, deliveries: Vec<Delivery>) {
        self.log.published.push(Published {
            at,
            channel: draft.channel,
            topic: draft.topic.to_string(),
            symbol: draft.symbol.clone(),
            identity: draft
                .identity
                .unwrap_or(Identity::Sequence(self.log.published.total())),
            time: draft.time,
            deliveries,
        });
    }

    /// Sends one frame of data events to one session, or none where a fault withholds them. Each
    /// event is in the journal.
    pub(in crate::sim) fn publish_frame(
        &mut self,
        session: SessionId,
        drafts: &[Draft<'_>],
        text: Option<String>,
    ) {
        let Some(first) = drafts.first() else {
            return;
        };
        let kind = first.kind(Role::Plain);
        let fate = match text {
            Some(text) => self.deliver(session, kind, &Message::text(text)),
            None => Some(Fate::Withheld),
        };
        if !self.log.keep {
            return;
        }
        let at = self.clock.now().wall;
        for draft in drafts {
            let fate = fate.map(|fate| match fate {
                Fate::Sent if draft.spoilt => Fate::Spoiled,
                fate => fate,
            });
            let deliveries = fate.map(|fate| Delivery { session, fate });
            self.enter(at, draft, deliveries.into_iter().collect());
        }
    }

    /// Sends a reply or notice.
    pub(in crate::sim) fn reply(&mut self, session: SessionId, kind: Kind<'_>, text: String) {
        self.deliver(session, kind, &Message::text(text));
    }

    fn deliver(&mut self, id: SessionId, kind: Kind<'_>, message: &Message) -> Option<Fate> {
        if !self.sessions.contains_key(&id) {
            return None;
        }
        let now = self.clock.now().instant;
        let text = message.to_text().unwrap_or_default();
        let verdict = self.rules.judge(id, kind, text, now, &mut self.rng);
        let data = matches!(kind, Kind::Data { .. });
        if data {
            self.count_frame();
        }
        let message = match verdict.text {
            Some(text) => Message::text(text),
            None => message.clone(),
        };
        let session = self.sessions.get_mut(&id)?;
        if verdict.held {
            if let Some(earlier) = session.held.replace(message) {
                return self.queue(id, earlier).or(Some(verdict.fate));
            }
            return Some(verdict.fate);
        }
        let mut fate = verdict.fate;
        let floor = &mut session.floors[usize::from(data)];
        let delay = verdict.delay.map(|delay| now + delay);
        let late = floor.filter(|floor| *floor > now).max(delay);
        *floor = late;
        let mut messages = vec![message; verdict.copies];
        if data && verdict.copies > 0 {
            messages.extend(session.held.take());
        }
        for message in messages {
            match late {
                Some(at) => self.at(at, Timer::Send(id, message)),
                None => {
                    if let Some(dropped) = self.queue(id, message) {
                        fate = dropped;
                    }
                }
            }
        }
        Some(fate)
    }

    /// Queues a frame; a session that does not read is dropped, as venues do.
    pub(super) fn queue(&mut self, id: SessionId, message: Message) -> Option<Fate> {
        let session = self.sessions.get(&id)?;
        match session.outgoing.try_send(message) {
            Ok(()) => None,
            Err(TrySendError::Full(_)) => {
                self.drop_slow(id);
                Some(Fate::Dropped)
            }
            // The venue has said goodbye and only waits for the client's answer.
            Err(TrySendError::Closed(_)) => Some(Fate::Dropped),
        }
    }

    pub(super) fn drop_slow(&mut self, id: SessionId) {
        self.slow_readers += 1;
        let detail = format!("{} frames were waiting", self.queue);
        self.breach(Some(id), BreachKind::SlowReader, detail);
        self.cut(id);
    }

    /// Queues a frame that no fault touches.
    pub(in crate::sim) fn send_raw(&mut self, session: SessionId, message: Message) {
        self.queue(session, message);
    }
}
