//! The frames that events are sent in.

use super::DxLinkFault;
use super::feed::{Feed, Topic};
use super::queue::Entry;
use super::schema::EventType;
use super::style::{RowFault, Style};
use super::switches::Switches;
use crate::sim::core::Core;
use crate::sim::core::journal::{Draft, Identity};
use crate::sim::{DataFormat, Fault, SessionId};

impl Feed {
    /// Sends everything that waits, as many frames as it takes.
    pub(super) fn flush(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        switches: &Switches,
    ) {
        let now = core.now().instant;
        let most = match switches.pace {
            Some(_) => switches.rows,
            None => usize::MAX,
        };
        let entries = self.queue.take(most);
        let names: Vec<String> = entries
            .iter()
            .map(|entry| Topic(self.contract, &entry.key).to_string())
            .collect();
        let silent = |at: &usize| {
            let event = &entries[*at].event;
            let (channel, symbol) = (event.kind.name, &event.symbol);
            core.rules.is_silent(session, channel, symbol, now)
        };
        let (silent, heard): (Vec<usize>, Vec<usize>) = (0..entries.len()).partition(silent);
        let mut faults = vec![None; entries.len()];
        for at in &heard {
            faults[*at] = self.row_fault(core, session, &entries[*at]);
        }
        let drafts: Vec<Draft<'_>> = entries
            .iter()
            .zip(&names)
            .zip(&faults)
            .map(|((entry, name), fault)| Draft {
                channel: entry.event.kind.name,
                topic: name,
                symbol: &entry.event.symbol,
                identity: entry
                    .event
                    .kind
                    .is_indexed()
                    .then_some(Identity::Index(entry.event.index)),
                time: entry.event.time(),
                spoilt: fault.is_some(),
            })
            .collect();
        for at in silent {
            core.publish_frame(session, &drafts[at..=at], None);
        }
        let alone = |at: usize| faults[at] == Some(RowFault::Short);
        for frame in frames(&heard, switches, |at| entries[at].event.kind, alone) {
            let mut text = format!("{{\"type\":\"FEED_DATA\",\"channel\":{number},\"data\":[");
            let mut last = None;
            let style = frame_style(core, session);
            for (place, at) in frame.iter().enumerate() {
                let (event, flags) = (&entries[*at].event, entries[*at].flags());
                let fault = faults[*at];
                let style = Style { fault, ..style };
                let format = self.format.data;
                let plan = self.format.plan(event.kind, switches);
                match format {
                    DataFormat::Full => {
                        if place > 0 {
                            text.push(',');
                        }
                        plan.object(event, flags, style, &mut text);
                    }
                    DataFormat::Compact => {
                        if last == Some(event.kind) {
                            text.push(',');
                        } else {
                            text += if last.is_some() { "]," } else { "" };
                            text += &format!("\"{}\",[", event.kind.name);
                        }
                        plan.row(event, flags, style, &mut text);
                    }
                }
                last = Some(event.kind);
            }
            text += if self.format.data == DataFormat::Compact {
                "]]}"
            } else {
                "]}"
            };
            let drafts: Vec<Draft<'_>> = frame.iter().map(|at| drafts[*at]).collect();
            core.publish_frame(session, &drafts, Some(text));
        }
    }

    /// Why a row is to be unreadable, if it is.
    fn row_fault(
        &mut self,
        core: &mut Core,
        session: SessionId,
        entry: &Entry,
    ) -> Option<RowFault> {
        let here = self.place(&entry.key, entry.flags());
        let wanted = |fault: &Fault| match fault {
            Fault::DxLink(DxLinkFault::UnreadableRow { place, symbol, .. }) => {
                let named = symbol.as_deref();
                *place == here && named.is_none_or(|only| entry.event.symbol == only)
            }
            _ => false,
        };
        let now = core.now().instant;
        match core.rules.take(Some(session), now, wanted)? {
            Fault::DxLink(DxLinkFault::UnreadableRow { short: true, .. }) => Some(RowFault::Short),
            _ => Some(RowFault::Value),
        }
    }
}

/// What is unusual about a whole frame.
fn frame_style(core: &mut Core, session: SessionId) -> Style {
    let now = core.now().instant;
    let mut has =
        |wanted: fn(&Fault) -> bool| core.rules.take(Some(session), now, wanted).is_some();
    Style {
        texts: has(|fault| matches!(fault, Fault::DxLink(DxLinkFault::Texts { .. }))),
        respelt: has(|fault| matches!(fault, Fault::DxLink(DxLinkFault::Respell { .. }))),
        untimed: has(|fault| matches!(fault, Fault::Untimed { .. })),
        fault: None,
    }
}

/// Which events travel together: those of one type, unless types are mixed. Some travel alone.
fn frames(
    order: &[usize],
    switches: &Switches,
    kind: impl Fn(usize) -> &'static EventType,
    alone: impl Fn(usize) -> bool,
) -> Vec<Vec<usize>> {
    let rows = switches.rows.max(1);
    let mut groups: Vec<(&'static EventType, Vec<usize>)> = Vec::new();
    for at in order {
        let kind = kind(*at);
        let fitting = |(known, _): &&mut (&'static EventType, _)| switches.mixed || *known == kind;
        match groups.iter_mut().find(fitting) {
            Some((_, group)) => group.push(*at),
            None => groups.push((kind, vec![*at])),
        }
    }
    let together = |one: &usize, next: &usize| !alone(*one) && !alone(*next);
    let runs = groups
        .iter()
        .flat_map(|(_, group)| group.chunk_by(together));
    let frames = runs.flat_map(|run| run.chunks(rows));
    frames.map(<[usize]>::to_vec).collect()
}
