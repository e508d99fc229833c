//! Frames of a book that are sent once more, behind newer ones.

use std::collections::BTreeSet;

use super::GateFault;
use crate::sim::core::Core;
use crate::sim::core::journal::Draft;
use crate::sim::{Fault, SessionId};

/// What a topic has sent and may send again.
#[derive(Debug, Default)]
pub(super) struct Old {
    /// The whole book that its changes began with.
    first: Option<String>,
    last: Option<String>,
}

impl Old {
    pub(super) fn begin(&mut self, text: &str) {
        self.first = Some(text.to_owned());
    }

    /// A frame has been sent: sends an older one behind it, if a fault wants that.
    pub(super) fn follow(
        &mut self,
        core: &mut Core,
        draft: Draft<'_>,
        sessions: &BTreeSet<SessionId>,
        text: String,
    ) {
        let before = self.last.replace(text);
        let whole = self.first.as_ref().or(before.as_ref());
        let symbol = draft.symbol.as_str();
        let concerns = |only: &Option<String>| only.as_deref().is_none_or(|only| only == symbol);
        let is_change = self.first.is_some() || draft.channel == "spot.order_book_update";
        let wanted = |fault: &Fault| match fault {
            Fault::Gate(GateFault::Replay { symbol, .. }) => {
                is_change && before.is_some() && concerns(symbol)
            }
            Fault::Gate(GateFault::OldSnapshot { symbol, .. }) => {
                whole.is_some() && (self.first.is_some() || !is_change) && concerns(symbol)
            }
            _ => false,
        };
        let now = core.now().instant;
        let again = match core.rules.take(sessions.first().copied(), now, wanted) {
            Some(Fault::Gate(GateFault::Replay { .. })) => before,
            Some(_) => whole.cloned(),
            None => None,
        };
        if let Some(text) = again {
            core.repeat(draft, sessions.iter().copied(), text);
        }
    }
}
