//! Topics on their way to the venue and back: channels, subscriptions, and what the venue takes away.

use std::borrow::Cow;

use super::super::channels::{Channel, SUSPICION, Use};
use super::super::request;
use super::super::server::DataFormat;
use super::super::topic::{EventName, Service, Topic};
use super::DxLinkProtocol;
use super::asked::Asked;
use crate::Now;
use crate::feed::{Output, Refusal, Request, RequestId, Topic as _, TopicId, Topics};

impl DxLinkProtocol {
    /// The venue has opened a channel.
    pub(super) fn opened(
        &mut self,
        number: u64,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let late = self.channels.was_renumbered(number);
        match self.channels.opened(number) {
            Some(number) => self.flush(number, now, topics, out),
            // Its request was repeated meanwhile, and that answer is what is used.
            None if late => self.send(request::cancel(number), now, out),
            None => out.ignored("CHANNEL_OPENED of a channel that was not requested"),
        }
    }

    /// The venue will not have this channel, or no longer. Who was just being asked for on it may be why.
    pub(super) fn closed(&mut self, number: u64, now: Now, out: &mut impl Output<Self>) {
        let Some(channel) = self.channels.get_mut(number) else {
            return out.ignored("close of a channel that is not open");
        };
        let words = channel.complaint.take();
        let suspects = self.fresh_on(number, now);
        let topics = self.channels.close(number);
        for (id, place) in topics {
            if !suspects.contains(&id) {
                self.channels.trust(id);
            }
            self.lines.release(id);
            self.refuse(id, place.request, words.as_deref(), out);
        }
        self.channels.suspect(&suspects);
    }

    /// The venue complains of this channel, which goes on. It is not said of what: of what has just been
    /// asked for on it and has brought nothing, that is taken for not carried out.
    pub(super) fn complained(
        &mut self,
        number: u64,
        words: String,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let Some(channel) = self.channels.get_mut(number) else {
            return;
        };
        let of_one = matches!(channel.use_, Use::Dom(_));
        channel.complaint = Some(words.clone());
        let suspects = self.fresh_on(number, now);
        if of_one && !suspects.is_empty() {
            self.closed(number, now, out);
            return self.send(request::cancel(number), now, out);
        }
        if suspects.is_empty() {
            // Whatever it is that the venue does not like, all of the channel may suffer by it.
            let topics = self.channels.topics_on(number);
            return out.complained(&topics, Refusal::passing(words));
        }
        let mut items = Vec::new();
        for id in &suspects {
            let topic = topics.get(*id);
            let Some(place) = self.channels.displace(*id, topic) else {
                continue;
            };
            self.lines.release(*id);
            items.extend(topic.item(topic.since()));
            self.refuse(*id, place.request, Some(&words), out);
        }
        self.channels.suspect(&suspects);
        self.remove(number, &items, now, out);
    }

    /// What was asked for on a channel so lately that the venue may be answering that, and has brought
    /// nothing yet.
    fn fresh_on(&self, number: u64, now: Now) -> Vec<TopicId> {
        let mut fresh = self.channels.topics_on(number);
        fresh.retain(|id| {
            let sent = self.channels.place(*id).and_then(|place| place.sent);
            let young = |sent| now.instant.saturating_duration_since(sent) < SUSPICION;
            sent.is_some_and(young) && !self.brought.contains(*id)
        });
        fresh
    }

    /// The venue has not carried out what a topic needs, perhaps in these words. It is asked for again later.
    fn refuse(
        &mut self,
        id: TopicId,
        request: Option<RequestId>,
        words: Option<&str>,
        out: &mut impl Output<Self>,
    ) {
        let asked = self
            .asked
            .iter_mut()
            .find(|asked| Some(asked.id) == request);
        match asked {
            Some(asked) => {
                let words = words.unwrap_or("the venue closed the channel");
                asked.refused(id, Refusal::passing(words));
                self.answer(out);
            }
            None => out.dropped(id, words.map(Refusal::passing)),
        }
    }

    /// Answers the requests that are through.
    fn answer(&mut self, out: &mut impl Output<Self>) {
        while let Some(at) = self.asked.iter().position(Asked::is_through) {
            self.asked.remove(at).answer(out);
        }
    }

    /// Sends what waits for a channel that is open.
    pub(super) fn flush(
        &mut self,
        number: u64,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let open = |channel: &&mut Channel| channel.opened;
        let Some(channel) = self.channels.get_mut(number).filter(open) else {
            return;
        };
        let waiting = std::mem::take(&mut channel.waiting);
        if waiting.is_empty() {
            return;
        }
        let mut messages = Vec::new();
        match channel.use_ {
            Use::Dom(id) => {
                if let Service::Dom { depth, .. } = topics.get(id).service {
                    messages.push(request::dom_setup(number, self.aggregation, Some(depth)));
                }
            }
            Use::Feed(_) => {
                let names = waiting
                    .iter()
                    .filter_map(|id| match &topics.get(*id).service {
                        Service::Feed { name, .. } => Some(name),
                        Service::Dom { .. } => None,
                    });
                let first = !channel.begun;
                let new = channel.unasked(names);
                if first || !new.is_empty() {
                    let lists: Vec<(&str, &[&str])> = new
                        .iter()
                        .filter_map(|name| match name {
                            EventName::Known(kind) => Some((kind.name(), kind.wanted_fields())),
                            EventName::Other(_) => None,
                        })
                        .collect();
                    for (name, fields) in &lists {
                        channel.schema.request(name, fields);
                    }
                    let format = Some(DataFormat::Compact);
                    messages.push(request::feed_setup(
                        number,
                        self.aggregation,
                        format,
                        &lists,
                    ));
                }
                let lines = &mut self.lines;
                let items: Vec<_> = waiting
                    .iter()
                    .filter_map(|id| {
                        let topic = topics.get(*id);
                        topic.item(lines.begin(*id, topic))
                    })
                    .collect();
                messages.extend(request::feed_subscriptions(number, first, &[], &items));
                channel.begun = true;
            }
        }
        for message in messages {
            self.send(message, now, out);
        }
        for id in waiting {
            self.sent(id, now);
        }
        self.answer(out);
    }

    /// A topic's subscription has been sent: that is all that the venue asks for.
    fn sent(&mut self, id: TopicId, now: Now) {
        self.brought.remove(id);
        let Some(place) = self.channels.place_mut(id) else {
            return;
        };
        place.sent = Some(now.instant);
        let request = place.request;
        if let Some(asked) = self
            .asked
            .iter_mut()
            .find(|asked| Some(asked.id) == request)
        {
            asked.sent(id);
        }
    }

    pub(super) fn subscribe(
        &mut self,
        request: Request<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        self.asked
            .push(Asked::new(request.id, request.topics.len()));
        let mut used = Vec::new();
        for id in request.topics {
            let topic = topics.get(*id);
            let (number, new) = match self.channels.place(*id) {
                // Of a request that was answered in part, or given up.
                Some(place) => {
                    self.no_longer_asked(*id, place.request);
                    match self.channels.renumber(place.channel, now.instant) {
                        Some(next) => {
                            used.retain(|number| *number != place.channel);
                            (next, true)
                        }
                        None => (place.channel, false),
                    }
                }
                None => self.channels.place_topic(*id, topic, now.instant),
            };
            if let Some(place) = self.channels.place_mut(*id) {
                place.request = Some(request.id);
            }
            if let Some(channel) = self.channels.get_mut(number)
                && !channel.waiting.contains(id)
            {
                channel.waiting.push(*id);
            }
            if !used.contains(&number) {
                used.push(number);
            }
            if new {
                let open = match &topic.service {
                    Service::Feed { contract, .. } => request::open_feed(number, *contract),
                    Service::Dom { source, .. } => {
                        let sources: Vec<Cow<'_, str>> = source
                            .iter()
                            .map(|source| Cow::Borrowed(source.as_str()))
                            .collect();
                        request::open_dom(number, &topic.symbol, &sources)
                    }
                };
                self.send(open, now, out);
            }
        }
        for number in used {
            self.flush(number, now, topics, out);
        }
    }

    pub(super) fn unsubscribe(
        &mut self,
        request: Request<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let mut removed: Vec<(u64, Vec<request::Item<'_>>)> = Vec::new();
        for id in request.topics {
            let topic = topics.get(*id);
            let Some(place) = self.channels.displace(*id, topic) else {
                continue;
            };
            self.no_longer_asked(*id, place.request);
            self.lines.release(*id);
            let number = place.channel;
            if let Service::Dom { .. } = topic.service {
                self.cancel(number, now, out);
                continue;
            }
            let Some(item) = topic.item(topic.since()).filter(|_| place.sent.is_some()) else {
                continue;
            };
            match removed.iter_mut().find(|(known, _)| *known == number) {
                Some((_, items)) => items.push(item),
                None => removed.push((number, vec![item])),
            }
        }
        for (number, items) in removed {
            self.remove(number, &items, now, out);
        }
        out.settled(request.id);
    }

    /// Takes items out at the venue, with their channel if it was for them alone.
    pub(super) fn remove(
        &mut self,
        number: u64,
        items: &[request::Item<'_>],
        now: Now,
        out: &mut impl Output<Self>,
    ) {
        if self.channels.is_abandoned(number) {
            return self.cancel(number, now, out);
        }
        for message in request::feed_subscriptions(number, false, items, &[]) {
            self.send(message, now, out);
        }
    }

    pub(super) fn cancel(&mut self, number: u64, now: Now, out: &mut impl Output<Self>) {
        self.channels.close(number);
        self.send(request::cancel(number), now, out);
    }

    /// A topic is not what a request is waited for any more.
    pub(super) fn no_longer_asked(&mut self, id: TopicId, request: Option<RequestId>) {
        if let Some(at) = self
            .asked
            .iter()
            .position(|asked| Some(asked.id) == request)
            && self.asked[at].withdraw(id)
        {
            self.asked.remove(at);
        }
    }
}
