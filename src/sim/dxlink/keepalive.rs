//! Signs of life, both ways.

use super::client::Client;
use super::venue::DxLinkVenue;
use super::wire;
use crate::sim::core::Core;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::rules::Kind;

impl DxLinkVenue {
    /// Says something where nothing was said for long, and ends what is silent.
    pub(super) fn send_keepalives(&mut self, core: &mut Core) {
        let now = core.now().instant;
        let half = self.switches.keepalive / 2;
        let due = |client: &Client| client.greeted && !client.closing && client.said + half <= now;
        let idle = self.clients.iter().filter(|(_, client)| due(client));
        for session in idle.map(|(session, _)| *session).collect::<Vec<_>>() {
            self.say(core, session, Kind::Notice, wire::KEEPALIVE.into());
        }
        let silent = |client: &Client| !client.closing && client.heard + client.silence <= now;
        let silent = self.clients.iter().filter(|(_, client)| silent(client));
        let silent = silent.map(|(session, client)| (*session, client.silence));
        for (session, silence) in silent.collect::<Vec<_>>() {
            let text = format!("Nothing was received for {} s.", silence.as_secs_f64());
            core.breach(Some(session), BreachKind::Silence, text.as_str());
            let text = wire::error(0, wire::Code::Timeout, &text);
            self.say(core, session, Kind::Notice, text);
            self.hang_up(core, session, 1000, "");
        }
    }
}
