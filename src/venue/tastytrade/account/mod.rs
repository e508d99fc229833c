//! The account streamer: what happens in the user's accounts.

mod access;
mod action;
mod asked;
mod balance;
mod event;
mod fill;
mod message;
mod notice;
mod order;
mod position;
mod protocol;
mod told;
mod topic;

use std::sync::Arc;

use futures_core::future::BoxFuture;

pub use balance::{Balance, BalanceDetail};
pub use event::{AccountEvent, AccountUpdate};
pub use fill::{Fill, FillDetail, LegFill};
pub use message::{Answer, Decoded, decode};
pub use notice::{ComplexOrder, Notice, QuoteAlert, Watchlist, WatchlistEntry};
pub use order::{Leg, Order, OrderDetail};
pub use position::{Position, PositionDetail};
pub use protocol::{AccountProtocol, FetchAccess};
pub use topic::AccountTopic;

use super::rest_error::RestError;
use super::session::Session;
use crate::feed::{Protocol, fetched};

/// Access tokens for the streamer.
pub(super) fn effects(
    session: Arc<Session>,
) -> impl Fn(FetchAccess) -> BoxFuture<'static, <AccountProtocol as Protocol>::Reply> {
    move |FetchAccess { refused }| {
        let session = Arc::clone(&session);
        Box::pin(async move {
            let token = session.access(refused.as_ref());
            fetched(async { token.await.map_err(RestError::into_credential_error) }).await
        })
    }
}

/// What the client would say where `frame` says it; `None` if it never does.
#[cfg(test)]
pub(super) fn written(frame: &str) -> Option<String> {
    let frame: serde_json::Value = serde_json::from_str(frame).unwrap();
    let known = [
        action::Action::Connect,
        action::Action::Heartbeat,
        action::Action::QuoteAlerts,
        action::Action::PublicWatchlists,
    ];
    let action = known
        .into_iter()
        .find(|action| action.name() == frame["action"])?;
    let numbers = frame["value"].as_array().into_iter().flatten();
    let numbers: Vec<crate::Symbol> = numbers
        .map(|number| number.as_str().unwrap().into())
        .collect();
    let token = frame["auth-token"]
        .as_str()
        .unwrap()
        .trim_start_matches("Bearer ");
    let request = u32::try_from(frame["request-id"].as_u64().unwrap()).unwrap();
    Some(action.text(&numbers, &token.into(), request))
}
