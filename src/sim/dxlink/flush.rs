//! The frames that events are sent in.

use super::feed::{Feed, Topic};
use super::schema::EventType;
use super::switches::Switches;
use crate::sim::core::Core;
use crate::sim::journal::{Draft, Identity};
use crate::sim::{DataFormat, SessionId};

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
        let drafts: Vec<Draft<'_>> = entries
            .iter()
            .zip(&names)
            .map(|(entry, name)| Draft {
                channel: entry.event.kind.name,
                topic: name,
                symbol: &entry.event.symbol,
                identity: entry
                    .event
                    .kind
                    .is_indexed()
                    .then_some(Identity::Index(entry.event.index)),
            })
            .collect();
        let silent = |at: &usize| {
            let symbol = &entries[*at].event.symbol;
            core.rules.is_silent(session, symbol, now)
        };
        let (silent, heard): (Vec<usize>, Vec<usize>) = (0..entries.len()).partition(silent);
        for at in silent {
            core.publish_frame(session, &drafts[at..=at], None);
        }
        for frame in frames(&heard, switches, |at| entries[at].event.kind) {
            let mut text = format!("{{\"type\":\"FEED_DATA\",\"channel\":{number},\"data\":[");
            let mut last = None;
            for (place, at) in frame.iter().enumerate() {
                let (event, flags) = (&entries[*at].event, entries[*at].flags());
                let format = self.format.data;
                let plan = self.format.plan(event.kind, switches);
                match format {
                    DataFormat::Full => {
                        if place > 0 {
                            text.push(',');
                        }
                        plan.object(event, flags, &mut text);
                    }
                    DataFormat::Compact => {
                        if last == Some(event.kind) {
                            text.push(',');
                        } else {
                            text += if last.is_some() { "]," } else { "" };
                            text += &format!("\"{}\",[", event.kind.name);
                        }
                        plan.row(event, flags, &mut text);
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
}

/// Which events travel together: those of one type, unless types are mixed.
fn frames(
    order: &[usize],
    switches: &Switches,
    kind: impl Fn(usize) -> &'static EventType,
) -> Vec<Vec<usize>> {
    let rows = switches.rows.max(1);
    if switches.mixed {
        return order.chunks(rows).map(<[usize]>::to_vec).collect();
    }
    let mut groups: Vec<(&'static EventType, Vec<usize>)> = Vec::new();
    for at in order {
        let kind = kind(*at);
        match groups.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, group)) => group.push(*at),
            None => groups.push((kind, vec![*at])),
        }
    }
    let frames = groups.iter().flat_map(|(_, group)| group.chunks(rows));
    frames.map(<[usize]>::to_vec).collect()
}
