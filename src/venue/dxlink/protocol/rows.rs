//! FEED_DATA, row by row, and what cannot be read of it.

use super::super::channels::{Channel, Use};
use super::super::feed_data::FeedData;
use super::super::indexed::DxItem;
use super::super::lines::{Hole, Lines, Reason};
use super::super::row::Row;
use super::super::topic::{EventName, RowRef, Service, Topic};
use super::super::{Change, Malformed};
use super::DxLinkProtocol;
use super::teller::Teller;
use super::topic_set::TopicSet;
use crate::Now;
use crate::feed::{self, Output, Topics};

impl DxLinkProtocol {
    pub(super) fn data(
        &mut self,
        data: &FeedData<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), feed::Malformed> {
        let number = data.channel();
        let Some(channel) = self.channels.get(number) else {
            out.ignored("data of a channel that is not open");
            return Ok(());
        };
        let mut rows = Rows {
            channel,
            topics,
            now,
            lines: &mut self.lines,
            brought: &mut self.brought,
            teller: Teller::new(&mut self.asked, out),
        };
        let read = self
            .reader
            .read(data, &channel.schema, &mut |row| rows.take(row));
        rows.teller.finish();
        self.schedule(out);
        read.map_err(|malformed| self.unreadable(&malformed.of_channel(number), now, topics, out))
    }

    /// A message cannot be read: it may have held rows of its channel's topics, or of anyone's.
    pub(super) fn unreadable(
        &mut self,
        malformed: &Malformed,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> feed::Malformed {
        let reason = Reason::from(malformed.to_string());
        let mut teller = Teller::new(&mut self.asked, out);
        for (number, channel) in self.channels.iter() {
            if malformed.channel().is_some_and(|only| only != number) {
                continue;
            }
            match channel.use_ {
                Use::Dom(id) if malformed.channel().is_some() => {
                    return feed::Malformed::event(id, reason);
                }
                Use::Dom(_) => {}
                Use::Feed(_) => {
                    let lines = &mut self.lines;
                    doubt(channel, None, now, &reason, lines, topics, &mut teller);
                }
            }
        }
        teller.finish();
        self.schedule(out);
        feed::Malformed::new(reason)
    }
}

/// Rows may have been lost of the topics of this channel and event type, or of any type.
fn doubt(
    channel: &Channel,
    event_type: Option<&str>,
    now: Now,
    reason: &Reason,
    lines: &mut Lines,
    topics: &Topics<Topic>,
    teller: &mut Teller<'_, impl Output<DxLinkProtocol>>,
) {
    for id in channel.topics_of(event_type) {
        let symbol = &topics.get(id).symbol;
        let show = &mut |shown| teller.show(id, shown);
        lines.doubt(id, symbol, now.instant, reason, show);
    }
}

/// What the rows of one message are taken to.
struct Rows<'a, O> {
    channel: &'a Channel,
    topics: &'a Topics<Topic>,
    now: Now,
    lines: &'a mut Lines,
    brought: &'a mut TopicSet,
    teller: Teller<'a, O>,
}

impl<O: Output<DxLinkProtocol>> Rows<'_, O> {
    fn take(&mut self, row: Result<Row<'_>, Malformed>) {
        let row = match row {
            Ok(row) => row,
            Err(malformed) => return self.unfound(&malformed),
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
        let Some(id) = self.channel.find(&key) else {
            return self.teller.ignored("row of nothing that is subscribed");
        };
        self.brought.insert(id);
        let topic = self.topics.get(id);
        let received = Some(self.now.wall);
        if !topic.is_indexed() {
            let item = match &topic.service {
                Service::Feed {
                    name: EventName::Other(_),
                    ..
                } => Ok(row.raw(received)),
                _ => row.read(received),
            };
            return match item {
                Ok(mut item) => {
                    item.spell(&topic.symbol);
                    self.teller.dropped_values(item.dropped_values);
                    self.teller.event(id, DxItem::Event(item.event));
                }
                Err(malformed) => self.teller.hole(Some(id), Hole::event(&malformed)),
            };
        }
        let (lines, teller) = (&mut *self.lines, &mut self.teller);
        let symbol = &topic.symbol;
        let mark = match row.mark() {
            Ok(Some(mark)) => Ok(mark),
            Ok(None) => Err(Malformed::new("a row without index").of_kind(row.name())),
            Err(malformed) => Err(malformed),
        };
        let (mark, malformed) = match mark {
            Ok(mark) => match row.change(received) {
                Ok(mut change) => {
                    if let Change::Set(item) = &mut change {
                        item.spell(symbol);
                        teller.dropped_values(item.dropped_values);
                    }
                    let now = self.now.instant;
                    let show = &mut |shown| teller.show(id, shown);
                    return lines.row(id, symbol, now, mark, change, show);
                }
                Err(malformed) => (Some(mark), malformed),
            },
            Err(malformed) => (None, malformed),
        };
        let reason = Reason::from(malformed.to_string());
        let show = &mut |shown| teller.show(id, shown);
        lines.unreadable(id, symbol, mark, reason, show);
    }

    /// A part of the message of which not even the topic can be read.
    #[cold]
    fn unfound(&mut self, malformed: &Malformed) {
        let reason = Reason::from(malformed.to_string());
        let hole = Hole {
            reason: reason.clone(),
            events: None,
            resync: false,
        };
        self.teller.hole(None, hole);
        let event_type = malformed.event_type();
        doubt(
            self.channel,
            event_type,
            self.now,
            &reason,
            self.lines,
            self.topics,
            &mut self.teller,
        );
    }
}
