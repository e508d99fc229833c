use std::time::Duration;

use super::access::{Access, is_about_token};
use super::action::Action;
use super::asked::{Asked, AskedActions};
use super::event::{AccountEvent, AccountUpdate};
use super::message::{Answer, Message, Notification};
use super::told::Told;
use super::topic::AccountTopic;
use crate::feed::{
    CredentialError, Failure, Heartbeat, Malformed, Op, Output, Probe, Protocol, Refusal, Request,
    RequestId, Secret, Spec, Token, TopicId, Topics,
};
use crate::transport::{Address, Frame, FrameRef, quoted};
use crate::venue::tastytrade::VENUE;
use crate::{Interruption, Now, Rate, Symbol, Timestamp};

/// The protocol of tastytrade's account streamer, for use with a
/// [`Connection`](crate::feed::Connection). [`Tastytrade`](super::super::Tastytrade) is what most
/// programs want.
///
/// Source: tastytrade's developer documentation, Streaming Account Data, unless a comment says
/// otherwise.
#[derive(Debug)]
pub struct AccountProtocol {
    spec: Spec,
    address: Address,
    access: Access,
    live: bool,
    /// A `connect` has succeeded on this socket: other actions may follow.
    connected: bool,
    /// The last heartbeat was refused.
    doubted: bool,
    asked: AskedActions,
    /// Requests of other actions that wait for a `connect`.
    waiting: Vec<(RequestId, TopicId, AccountTopic)>,
    /// What the venue has accepted.
    active: Vec<(TopicId, AccountTopic)>,
    told: Told,
}

/// What the protocol needs that nobody else can do: fetch an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchAccess {
    /// The one that the venue did not take.
    pub refused: Option<Secret>,
}

impl AccountProtocol {
    /// The protocol at `address`.
    pub fn new(address: Address) -> Self {
        Self {
            spec: spec(),
            address,
            access: Access::default(),
            live: false,
            connected: false,
            doubted: false,
            asked: AskedActions::default(),
            waiting: Vec::new(),
            active: Vec::new(),
            told: Told::default(),
        }
    }

    /// Sends an action with the token of now.
    fn act(
        &mut self,
        action: Action,
        accounts: &[Symbol],
        request: Option<RequestId>,
        topics: Vec<(TopicId, AccountTopic)>,
        out: &mut impl Output<Self>,
    ) {
        let Some(token) = self.access.secret() else {
            return;
        };
        let number = self.asked.put(action, request, topics);
        out.send(Frame::text(action.text(accounts, token, number)));
    }

    /// Connects all accounts that are wanted, whether the venue adds or replaces.
    fn connect(
        &mut self,
        request: Option<RequestId>,
        topics: Vec<(TopicId, AccountTopic)>,
        more: Option<&Symbol>,
        out: &mut impl Output<Self>,
    ) {
        let mut accounts: Vec<Symbol> = Vec::new();
        let wanted = self.active.iter().chain(&topics);
        let wanted = wanted.map(|(_, topic)| topic.number()).chain(more);
        for number in wanted {
            if !accounts.contains(number) {
                accounts.push(number.clone());
            }
        }
        if !accounts.is_empty() {
            self.act(Action::Connect, &accounts, request, topics, out);
        }
    }

    /// Sends the actions that wait for a `connect`, or connects for them.
    fn go_on(&mut self, out: &mut impl Output<Self>) {
        if self.connected {
            for (request, id, topic) in std::mem::take(&mut self.waiting) {
                let action = topic.action();
                self.act(action, &[], Some(request), vec![(id, topic)], out);
            }
        } else if let Some((_, _, topic)) = self.waiting.first()
            && !self.asked.connects()
        {
            let number = topic.number().clone();
            self.connect(None, Vec::new(), Some(&number), out);
        }
    }

    fn answer(&mut self, answer: &Answer, out: &mut impl Output<Self>) {
        let Some(asked) = self.asked.take(answer) else {
            return out.ignored("answer to nothing that was asked");
        };
        if answer.ok {
            self.done(asked, out);
        } else {
            let words = answer.text.as_deref().unwrap_or("no reason given");
            let words = quoted(words, self.access.secret().map(Secret::expose));
            self.failed(&asked, &words, out);
        }
    }

    fn done(&mut self, asked: Asked, out: &mut impl Output<Self>) {
        self.access.accepted();
        self.doubted = false;
        if asked.action == Action::Connect {
            self.connected = true;
        }
        self.active.extend(asked.topics);
        if let Some(request) = asked.request {
            out.settled(request);
        }
        self.go_on(out);
    }

    fn failed(&mut self, asked: &Asked, words: &str, out: &mut impl Output<Self>) {
        let told = format!("{}: {words}", asked.action.name());
        if is_about_token(words) {
            if asked.action == Action::Heartbeat && !std::mem::replace(&mut self.doubted, true) {
                // It has ended early: the socket may go on with another one.
                let refused = self.access.secret().cloned();
                return out.effect(FetchAccess { refused });
            }
            return out.fail(self.access.refuse(&told));
        }
        if asked.action == Action::Heartbeat {
            // `connect-not-completed`, or `not-implemented` in older versions: the venue has forgotten
            // what this connection is for.
            return out.fail(Failure::Retry(Interruption::Announced {
                text: told.into(),
            }));
        }
        let refusal = |passing| Refusal {
            passing,
            doubtful: true,
            ..Refusal::new(words)
        };
        match asked.request {
            Some(request) => out.refused(request, refusal(words == "connect-not-completed")),
            // It was for the sake of actions that wait for it.
            None if !self.connected => {
                for (request, ..) in std::mem::take(&mut self.waiting) {
                    out.refused(request, refusal(false));
                }
            }
            None => out.ignored("refusal of a smaller set of accounts"),
        }
        self.go_on(out);
    }

    fn notify(
        &mut self,
        told: &Notification<'_>,
        now: Now,
        topics: &Topics<AccountTopic>,
        out: &mut impl Output<Self>,
    ) {
        let of_account = told.account.as_ref().map(AccountTopic::account);
        let ids: Vec<TopicId> = match of_account {
            Some(topic) => topics.find(&topic).into_iter().collect(),
            None => {
                let active = self.active.iter();
                let active = active.filter(|(_, topic)| topic.brings(&told.name));
                active.map(|(id, _)| *id).collect()
            }
        };
        if ids.is_empty() {
            return out.ignored("notification of nothing that is subscribed");
        }
        for id in ids {
            let events = AccountEvent::of(told, topics.get(id).number(), Some(now.wall));
            for event in events {
                if let AccountUpdate::Fill(fill) = &event.update
                    && !self.told.is_new(fill)
                {
                    continue;
                }
                out.event(id, event);
            }
        }
    }

    fn schedule(&self, out: &mut impl Output<Self>) {
        if let Some(at) = self.access.renew_at() {
            out.wake_at(at);
        }
    }
}

impl Protocol for AccountProtocol {
    type Topic = AccountTopic;
    type Event = AccountEvent;
    type Effect = FetchAccess;
    type Reply = Result<Token, CredentialError>;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(event: &AccountEvent) -> Option<Timestamp> {
        event.time
    }

    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        (self.live, self.connected, self.doubted) = (false, false, false);
        self.waiting.clear();
        self.active.clear();
        self.asked = AskedActions::default();
        let refused = self.access.open();
        out.effect(FetchAccess { refused });
    }

    fn frame(
        &mut self,
        now: Now,
        frame: FrameRef<'_>,
        topics: &Topics<AccountTopic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let text = std::str::from_utf8(frame.bytes()).map_err(|_| Malformed::new("not UTF-8"))?;
        match Message::parse(text)? {
            Message::Answer(answer) => self.answer(&answer, out),
            Message::Notifications { told, unreadable } => {
                for told in told {
                    self.notify(&told, now, topics, out);
                }
                if unreadable > 0 {
                    return Err(Malformed {
                        events: Some(unreadable),
                        ..Malformed::new("a bundle with something else than notifications")
                    });
                }
            }
            Message::Unknown => out.ignored("message of no known kind"),
        }
        Ok(())
    }

    fn request(
        &mut self,
        _: Now,
        request: Request<'_>,
        topics: &Topics<AccountTopic>,
        out: &mut impl Output<Self>,
    ) {
        let named = request.topics.iter();
        let named: Vec<_> = named.map(|id| (*id, topics.get(*id).clone())).collect();
        match request.op {
            Op::Subscribe => {
                let connects =
                    |(_, topic): &(TopicId, AccountTopic)| topic.action() == Action::Connect;
                if named.iter().all(connects) {
                    self.connect(Some(request.id), named, None, out);
                } else {
                    let waiting = named.into_iter().map(|(id, topic)| (request.id, id, topic));
                    self.waiting.extend(waiting);
                    self.go_on(out);
                }
            }
            Op::Unsubscribe => {
                // There is no action for it. A smaller set takes an account away if the venue
                // replaces the set, and does no harm if it adds to it.
                self.active.retain(|(id, _)| !request.topics.contains(id));
                out.settled(request.id);
                self.connect(None, Vec::new(), None, out);
            }
        }
    }

    fn heartbeat(&mut self, _: Now, out: &mut impl Output<Self>) {
        if self.connected {
            self.act(Action::Heartbeat, &[], None, Vec::new(), out);
        } else {
            // Before `connect` the venue would answer with an error.
            out.send(Frame::Ping(bytes::Bytes::new()));
        }
    }

    fn reply(
        &mut self,
        now: Now,
        reply: Result<Token, CredentialError>,
        _: &Topics<AccountTopic>,
        out: &mut impl Output<Self>,
    ) {
        let fetched = reply.is_ok();
        if let Err(failure) = self.access.fetched(reply, now, self.live) {
            return out.fail(failure);
        }
        self.schedule(out);
        if !std::mem::replace(&mut self.live, true) {
            out.live();
        } else if fetched && self.connected {
            // The venue learns of the new token before the old one ends.
            self.act(Action::Heartbeat, &[], None, Vec::new(), out);
        }
    }

    fn timeout(&mut self, now: Now, _: &Topics<AccountTopic>, out: &mut impl Output<Self>) {
        if self.access.is_due(now) {
            out.effect(FetchAccess { refused: None });
        }
        self.schedule(out);
    }
}

/// What the venue demands.
fn spec() -> Spec {
    let mut spec = Spec::new(VENUE);
    spec.heartbeat = Heartbeat {
        probe: Probe::Message,
        // Between 2 s and 60 s; whoever is silent for 60 s is dropped.
        interval: Duration::from_secs(20),
        only_when_quiet: false,
        timeout: Duration::from_secs(15),
        silence: None,
    };
    // The token is asked for over HTTP.
    spec.login_timeout = Duration::from_secs(30);
    spec.topics_per_request = 100;
    // Each `connect` names all accounts: one after the other.
    spec.outstanding = 1;
    spec.requests = Rate::per_second(5);
    spec
}
