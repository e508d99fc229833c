//! Channels: opened, set up, cancelled, and closed by the venue.

use serde_json::Value;

use super::client::{Channel, Client};
use super::contract::Contract;
use super::dom::Dom;
use super::event::Key;
use super::feed::Feed;
use super::request::Problem;
use super::schema::EventType;
use super::venue::DxLinkVenue;
use super::wire::{self, Code};
use crate::sim::core::Core;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::rules::Kind;
use crate::sim::{DataFormat, Fault, SessionId};

impl DxLinkVenue {
    pub(super) fn open_channel(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        message: &Value,
    ) -> Result<(), Problem> {
        let Some(client) = self.clients.get_mut(&session) else {
            return Ok(());
        };
        if !client.authorized {
            let text = "A channel needs an authorized connection.";
            let breach = if client.asked && client.steps.is_empty() {
                BreachKind::Unauthorized
            } else {
                BreachKind::HandshakeOrder
            };
            return Err(Problem::new(number, Code::Unauthorized, breach, text));
        }
        let bad = |channel, text: &str| {
            Problem::new(channel, Code::BadAction, BreachKind::BadChannel, text)
        };
        if number.is_multiple_of(2) {
            return Err(bad(0, "Clients use odd channel numbers."));
        }
        if client.channels.contains_key(&number) {
            return Err(bad(0, &format!("Channel {number} is open already.")));
        }
        let service = message.get("service").and_then(Value::as_str);
        let parameters = message.get("parameters").filter(|it| it.is_object());
        let (Some(service), Some(parameters)) = (service, parameters) else {
            let text = "CHANNEL_REQUEST needs a service and parameters.";
            return Err(Problem::malformed(number, text));
        };
        let now = core.now().instant;
        let silent = |fault: &Fault| match fault {
            Fault::Silent {
                symbol: None,
                channel,
                ..
            } => channel.as_deref().is_none_or(|only| only == service),
            _ => false,
        };
        if core.rules.take(Some(session), now, silent).is_some() {
            return Ok(());
        }
        let refusing = |fault: &Fault| match fault {
            Fault::Refuse {
                symbol: None,
                channel,
                ..
            } => channel.as_deref().is_none_or(|only| only == service),
            _ => false,
        };
        if let Some(Fault::Refuse { text, .. }) = core.rules.take(Some(session), now, refusing) {
            let text = text.unwrap_or_else(|| "The channel cannot be opened.".into());
            return Err(bad(number, &text).innocent());
        }
        let channel = match service {
            "FEED" => feed(number, parameters, self.switches.period, now)?,
            "DOM" => dom(number, parameters, now)?,
            other => {
                let text = format!("There is no service {other:?}.");
                let breach = BreachKind::UnknownChannel;
                return Err(Problem::new(number, Code::BadAction, breach, text));
            }
        };
        client.channels.insert(number, channel);
        client.gone.remove(&number);
        let text = wire::channel_opened(number, service, parameters);
        self.say(core, session, Kind::Reply, text);
        Ok(())
    }

    pub(super) fn cancel_channel(&mut self, core: &mut Core, session: SessionId, number: u64) {
        self.drop_channel(session, number);
        self.say(core, session, Kind::Reply, wire::channel_closed(number));
    }

    fn drop_channel(&mut self, session: SessionId, number: u64) {
        let client = self.clients.get_mut(&session);
        let channel = client.and_then(|client| client.channels.remove(&number));
        if let Some(Channel::Feed(feed)) = channel {
            for key in feed.items.keys() {
                self.release(key);
            }
        }
    }

    /// Stops making what nobody follows any more.
    pub(super) fn release(&mut self, key: &Key) {
        let mut feeds = self.clients.values().flat_map(Client::feeds);
        if !feeds.any(|(_, feed)| feed.items.contains_key(key)) {
            self.board.close(key);
        }
    }

    pub(super) fn set_up_dom(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        message: &Value,
    ) {
        let client = self.clients.get_mut(&session);
        let channel = client.and_then(|client| client.channels.get_mut(&number));
        if let Some(Channel::Dom(dom)) = channel {
            dom.set_up(message, self.switches.period, core.now().instant);
        }
    }

    /// Starts a fault that takes dxLink's own words.
    pub(super) fn go_wrong(&mut self, core: &mut Core, session: SessionId, fault: &Fault) {
        match fault {
            Fault::ExpireToken { revoke } => self.expire(core, session, *revoke),
            Fault::CloseChannel { channel } => {
                let Some(client) = self.clients.get(&session) else {
                    return;
                };
                let open = client.channels.keys().copied();
                let closing: Vec<u64> = open
                    .filter(|number| channel.is_none_or(|only| only == *number))
                    .collect();
                for number in closing {
                    self.close_channel(core, session, number);
                }
            }
            Fault::ChangeFormat { format } => self.change_format(core, session, *format),
            _ => {}
        }
    }

    /// Takes a channel away from its client.
    pub(super) fn close_channel(&mut self, core: &mut Core, session: SessionId, number: u64) {
        if let Some(client) = self.clients.get_mut(&session) {
            client.gone.insert(number);
        }
        self.drop_channel(session, number);
        self.say(core, session, Kind::Notice, wire::channel_closed(number));
    }

    fn change_format(&mut self, core: &mut Core, session: SessionId, format: DataFormat) {
        let Some(client) = self.clients.get_mut(&session) else {
            return;
        };
        let mut texts = Vec::new();
        for (number, feed) in client.feeds_mut() {
            // What waits was meant for the format that was agreed.
            feed.send_now(core, session, number, &self.switches);
            feed.format.data = format;
            let kinds: Vec<&'static EventType> = feed.format.told().collect();
            texts.push(feed.format.config(number, kinds, &self.switches));
        }
        for text in texts {
            self.say(core, session, Kind::Notice, text);
        }
    }
}

fn feed(
    number: u64,
    parameters: &Value,
    period: f64,
    now: std::time::Instant,
) -> Result<Channel, Problem> {
    let name = parameters.get("contract").and_then(Value::as_str);
    let Some(contract) = name.and_then(Contract::named) else {
        let text = format!("There is no contract {:?}.", name.unwrap_or_default());
        let breach = BreachKind::UnknownParameter;
        return Err(Problem::new(number, Code::BadAction, breach, text));
    };
    Ok(Channel::Feed(Box::new(Feed::new(contract, period, now))))
}

fn dom(number: u64, parameters: &Value, now: std::time::Instant) -> Result<Channel, Problem> {
    let symbol = parameters.get("symbol").and_then(Value::as_str);
    let sources = parameters.get("sources").and_then(Value::as_array);
    let (Some(symbol), Some(sources)) = (symbol, sources) else {
        let text = "DOM needs a symbol and sources.";
        let breach = BreachKind::UnknownParameter;
        return Err(Problem::new(number, Code::BadAction, breach, text));
    };
    let sources = sources
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned));
    Ok(Channel::Dom(Dom::new(
        symbol.into(),
        sources.collect(),
        now,
    )))
}
