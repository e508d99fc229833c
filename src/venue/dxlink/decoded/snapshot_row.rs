use smol_str::SmolStr;

use super::super::{Change, DxEvent, Mark};
use super::{Decoded, DecodedEvent};
use crate::Symbol;

/// What has snapshots of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotKey {
    /// The venue's name of the event type.
    pub event_type: SmolStr,
    /// The instrument.
    pub symbol: Symbol,
    /// Which book; `DEFAULT` for types without sources.
    pub source: SmolStr,
}

const DEFAULT_SOURCE: SmolStr = SmolStr::new_static("DEFAULT");

impl Decoded {
    /// What [`Snapshots`](super::super::Snapshots) takes of it; `None` for what has no index.
    pub fn into_row(self) -> Option<(SnapshotKey, Mark, Change<DxEvent>)> {
        match self {
            Self::Event(decoded) => {
                let DecodedEvent {
                    event,
                    event_flags: flags,
                    removes,
                    ..
                } = *decoded;
                let mark = Mark {
                    flags,
                    index: event.index()?,
                };
                let key = SnapshotKey {
                    event_type: event.event_type().into(),
                    symbol: event.symbol().clone(),
                    source: event.source().map_or(DEFAULT_SOURCE, Into::into),
                };
                let change = match removes {
                    true => Change::Remove,
                    false => Change::Set(event),
                };
                Some((key, mark, change))
            }
            Self::Removed(removed) => {
                let mark = Mark {
                    flags: removed.event_flags,
                    index: removed.index,
                };
                let key = SnapshotKey {
                    event_type: removed.event_type,
                    symbol: removed.symbol,
                    source: removed.source.unwrap_or(DEFAULT_SOURCE),
                };
                Some((key, mark, Change::Remove))
            }
            _ => None,
        }
    }
}
