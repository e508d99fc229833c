//! FEED_DATA, row by row.

use super::super::Malformed;
use super::super::feed_data::FeedData;
use super::super::indexed::DxItem;
use super::super::lines::{Lines, Shown};
use super::super::row::Row;
use super::super::snapshot::Change;
use super::super::topic::{EventName, RowRef, Service, Topic};
use super::DxLinkProtocol;
use crate::Now;
use crate::feed::{self, Output, TopicId, Topics};

impl DxLinkProtocol {
    pub(super) fn data(
        &mut self,
        data: &FeedData<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), feed::Malformed> {
        let Self {
            channels,
            lines,
            reader,
            ..
        } = self;
        let Some(channel) = channels.get(data.channel()) else {
            out.ignored("data of a channel that is not open");
            return Ok(());
        };
        let (mut bad, mut lost) = (None, Vec::new());
        let read = reader.read(data, &channel.schema, &mut |row| {
            let row = match row {
                Ok(row) => row,
                Err(malformed) => {
                    note(&mut bad, &malformed, None);
                    return;
                }
            };
            let source = row
                .kind()
                .filter(|kind| kind.is_order())
                .and_then(|_| row.source());
            let key = RowRef {
                kind: row.kind(),
                name: row.name(),
                symbol: row.symbol(),
                source: source.as_deref(),
            };
            let Some(id) = channel.find(&key) else {
                return out.ignored("row of nothing that is subscribed");
            };
            let topic = topics.get(id);
            if let Err(malformed) = take(&row, id, topic, now, lines, &mut lost, out) {
                note(&mut bad, &malformed, Some(id));
            }
        });
        for id in lost {
            self.afresh(id, now, out);
        }
        self.schedule(out);
        match (read, bad) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(bad)) => Err(bad),
            (Err(malformed), _) => Err(unreadable(&malformed)),
        }
    }
}

/// Hands a row on: at once, or when its snapshot or transaction is whole.
fn take(
    row: &Row<'_>,
    id: TopicId,
    topic: &Topic,
    now: Now,
    lines: &mut Lines,
    lost: &mut Vec<TopicId>,
    out: &mut impl Output<DxLinkProtocol>,
) -> Result<(), Malformed> {
    let received = Some(now.wall);
    if !topic.is_indexed() {
        let item = match &topic.service {
            Service::Feed {
                name: EventName::Other(_),
                ..
            } => row.raw(received),
            _ => row.read(received)?,
        };
        if item.dropped_values > 0 {
            out.dropped_values(item.dropped_values);
        }
        out.event(id, DxItem::Event(item.event));
        return Ok(());
    }
    let Some(mark) = row.mark()? else {
        return Err(Malformed::new("a row without index").of_kind(row.name()));
    };
    let (change, bad) = match row.change(received) {
        Ok(change) => (change, None),
        Err(malformed) => (Change::Nothing, Some(malformed)),
    };
    if let Change::Set(item) = &change
        && item.dropped_values > 0
    {
        out.dropped_values(item.dropped_values);
    }
    lines.row(
        id,
        &topic.symbol,
        now.instant,
        mark,
        change,
        |shown| match shown {
            Shown::Edge(edge) => out.snapshot(id, edge),
            Shown::Item(item) => out.event(id, item),
            Shown::Filled(well) => out.repaired(id, well),
            Shown::Lost => lost.push(id),
        },
    );
    bad.map_or(Ok(()), Err)
}

/// One message makes one gap: of the topic if all that is wrong with it is of one.
fn note(bad: &mut Option<feed::Malformed>, malformed: &Malformed, topic: Option<TopicId>) {
    match bad {
        None => {
            *bad = Some(feed::Malformed {
                topic,
                events: topic.map(|_| 1),
                ..unreadable(malformed)
            });
        }
        Some(bad) => {
            let same = bad.topic == topic;
            bad.topic = bad.topic.filter(|_| same);
            bad.events = bad.events.filter(|_| same).map(|events| events + 1);
        }
    }
}

pub(super) fn unreadable(malformed: &Malformed) -> feed::Malformed {
    feed::Malformed::new(malformed.to_string())
}
