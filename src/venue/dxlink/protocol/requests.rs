//! Topics on their way to the venue and back: channels, subscriptions, and what the venue takes away.

use std::borrow::Cow;

use super::super::channels::Use;
use super::super::request;
use super::super::server::DataFormat;
use super::super::topic::{EventName, Service, Topic};
use super::{Asked, DxLinkProtocol};
use crate::Now;
use crate::feed::{Output, Refusal, Request, TopicId, Topics};

impl DxLinkProtocol {
    /// The venue will not have this channel, or no longer.
    pub(super) fn closed(&mut self, number: u64, why: &str, now: Now, out: &mut impl Output<Self>) {
        if self.channels.get(number).is_none() {
            return out.ignored("close of a channel that is not open");
        }
        let mut topics = self.channels.close(number);
        // Requests that have not been sent as a whole are made again as a whole; what was sent of
        // them on other channels is taken out, since it may not be wanted any more by then.
        let (refused, asked): (Vec<Asked>, Vec<Asked>) = std::mem::take(&mut self.asked)
            .into_iter()
            .partition(|asked| asked.topics.iter().any(|id| topics.contains(id)));
        self.asked = asked;
        for request in refused {
            topics.retain(|id| !request.topics.contains(id));
            self.take_back(&request, why, now, out);
        }
        for id in topics {
            out.dropped(id, Some(Refusal::passing(why)));
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
        let Some(channel) = self
            .channels
            .get_mut(number)
            .filter(|channel| channel.opened)
        else {
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
            self.sent(id, out);
        }
    }

    /// A topic's subscription has been sent: that is all that the venue asks for.
    fn sent(&mut self, id: TopicId, out: &mut impl Output<Self>) {
        let Some(at) = self
            .asked
            .iter()
            .position(|asked| asked.topics.contains(&id))
        else {
            return;
        };
        self.asked[at].left -= 1;
        if self.asked[at].left == 0 {
            let asked = self.asked.remove(at);
            out.settled(asked.id);
        }
    }

    pub(super) fn subscribe(
        &mut self,
        request: Request<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        self.asked.push(Asked {
            id: request.id,
            topics: request.topics.to_vec(),
            left: request.topics.len(),
        });
        let mut used = Vec::new();
        for id in request.topics {
            let topic = topics.get(*id);
            let (number, new) = self.channels.place_topic(*id, topic);
            if let Some(channel) = self.channels.get_mut(number) {
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
            let Some(number) = self.channels.displace(*id, topic) else {
                continue;
            };
            self.lines.forget(*id);
            let from = match &topic.service {
                Service::Feed { from, .. } => *from,
                Service::Dom { .. } => {
                    self.channels.close(number);
                    self.send(request::cancel(number), now, out);
                    continue;
                }
            };
            let Some(item) = topic.item(from) else {
                continue;
            };
            match removed.iter_mut().find(|(known, _)| *known == number) {
                Some((_, items)) => items.push(item),
                None => removed.push((number, vec![item])),
            }
        }
        for (number, items) in removed {
            for message in request::feed_subscriptions(number, false, &items, &[]) {
                self.send(message, now, out);
            }
        }
        out.settled(request.id);
    }

    /// Takes a topic out at the venue, to be asked for anew.
    pub(super) fn afresh(&mut self, id: TopicId, now: Now, out: &mut impl Output<Self>) {
        if !self.take_out(id, now, out) {
            return;
        }
        // The rest of its request waits for another channel: all of it is made again.
        if let Some(at) = self.asked.iter().position(|it| it.topics.contains(&id)) {
            let request = self.asked.remove(at);
            return self.take_back(&request, "a snapshot was not completed", now, out);
        }
        out.dropped(id, None);
    }

    /// Undoes what was sent of a request, which is made again later.
    fn take_back(&mut self, request: &Asked, why: &str, now: Now, out: &mut impl Output<Self>) {
        for id in &request.topics {
            self.take_out(*id, now, out);
        }
        out.refused(request.id, Refusal::passing(why));
    }

    /// Takes a topic out, on a channel and, if it was sent, at the venue; tells whether it was there.
    fn take_out(&mut self, id: TopicId, now: Now, out: &mut impl Output<Self>) -> bool {
        let number = self.channels.place(id);
        let waits = number
            .and_then(|number| self.channels.get(number))
            .is_some_and(|channel| channel.waiting.contains(&id));
        let Some((number, key)) = self.channels.remove(id) else {
            return false;
        };
        self.lines.abandon(id);
        if !waits {
            for message in request::feed_subscriptions(number, false, &[key.item()], &[]) {
                self.send(message, now, out);
            }
        }
        true
    }
}
