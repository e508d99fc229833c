use std::collections::VecDeque;
use std::mem::discriminant;

use crate::{Event, Scope, Status, StatusKind};

/// What the consumer has been told of the feed's condition, by the stream beneath and by us.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// We said that it is silent.
    silent: bool,
    /// All of it is interrupted.
    down: bool,
    /// What the stream beneath said is stale, one status for each kind of reason.
    stale: Vec<Status>,
}

impl Condition {
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    pub(super) fn fell_silent(&mut self) {
        self.silent = true;
    }

    /// Whether the consumer knows already why nothing comes. Trouble of some symbols does not
    /// explain the silence of the others.
    pub(super) fn explains_silence(&self) -> bool {
        self.silent || self.down || self.stale.iter().any(|told| told.scope == Scope::All)
    }

    /// Takes an event of the stream beneath: returns what goes out now, and puts into `next` what
    /// follows it.
    pub(super) fn pass<T>(&mut self, event: Event<T>, next: &mut VecDeque<Event<T>>) -> Event<T> {
        match &event {
            Event::Data(_) if self.silent => self.end_before(event, next),
            Event::Data(_) | Event::Gap(_) => event,
            Event::Status(status) => match status.kind {
                StatusKind::Interrupted { .. } => {
                    self.down |= status.scope == Scope::All;
                    event
                }
                StatusKind::Resumed { .. } => {
                    self.down = false;
                    if self.silent {
                        let fresh = self.end_before(event, next);
                        // "Live again" reads before "fresh again".
                        if let Some(resumed) = next.pop_back() {
                            next.push_front(fresh);
                            return resumed;
                        }
                        return fresh;
                    }
                    event
                }
                StatusKind::Stale { .. } => {
                    self.went_stale(status.clone());
                    event
                }
                StatusKind::Fresh => {
                    self.came_fresh(&status.scope);
                    // Theirs for all ends ours too.
                    self.silent &= status.scope != Scope::All;
                    if self.silent {
                        self.end_before(event, next)
                    } else {
                        event
                    }
                }
                _ => event,
            },
        }
    }

    /// Ends our silence ahead of `event`. `Fresh` of all speaks for what the stream beneath called
    /// stale too, so that is said again.
    fn end_before<T>(&mut self, event: Event<T>, next: &mut VecDeque<Event<T>>) -> Event<T> {
        self.silent = false;
        next.extend(self.stale.iter().cloned().map(Event::from));
        next.push_back(event);
        Status::new(StatusKind::Fresh, Scope::All).into()
    }

    fn went_stale(&mut self, mut status: Status) {
        status.folded = 0;
        let alike = |told: &&mut Status| match (&told.kind, &status.kind) {
            (StatusKind::Stale { why: a }, StatusKind::Stale { why: b }) => {
                discriminant(a) == discriminant(b)
            }
            _ => false,
        };
        match self.stale.iter_mut().find(alike) {
            Some(told) => {
                status.scope = status.scope.union(&told.scope);
                *told = status;
            }
            None => self.stale.push(status),
        }
    }

    fn came_fresh(&mut self, scope: &Scope) {
        self.stale
            .retain_mut(|told| match told.scope.without(scope) {
                Some(rest) => {
                    told.scope = rest;
                    told.scope != Scope::of([])
                }
                // "All but these" has no scope; but silence of all is no longer explained.
                None => false,
            });
    }
}
