//! What the client says: an action, always with its access token, which must not be logged.
//!
//! Source: tastytrade's developer documentation, Streaming Account Data.

use serde::Serialize;

use crate::Symbol;
use crate::feed::Secret;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Connect,
    Heartbeat,
    QuoteAlerts,
    PublicWatchlists,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Heartbeat => "heartbeat",
            Self::QuoteAlerts => "quote-alerts-subscribe",
            Self::PublicWatchlists => "public-watchlists-subscribe",
        }
    }

    /// The message, with these accounts if it is about any.
    pub(super) fn text(self, accounts: &[Symbol], token: &Secret, request: u32) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Message<'a> {
            action: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            value: Option<&'a [Symbol]>,
            auth_token: String,
            request_id: u32,
        }
        let message = Message {
            action: self.name(),
            value: (!accounts.is_empty()).then_some(accounts),
            auth_token: format!("Bearer {}", token.expose()),
            request_id: request,
        };
        serde_json::to_string(&message).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_carries_the_token_and_a_number() {
        let token = Secret::from("t");
        assert_eq!(
            Action::Connect.text(&["A".into(), "B".into()], &token, 2),
            r#"{"action":"connect","value":["A","B"],"auth-token":"Bearer t","request-id":2}"#
        );
        assert_eq!(
            Action::Heartbeat.text(&[], &token, 3),
            r#"{"action":"heartbeat","auth-token":"Bearer t","request-id":3}"#
        );
    }
}
