//! The account streamer: what happens in the user's accounts.

mod access;
mod action;
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
use crate::feed::Protocol;

/// Access tokens for the streamer.
pub(super) fn effects(
    session: Arc<Session>,
) -> impl Fn(FetchAccess) -> BoxFuture<'static, <AccountProtocol as Protocol>::Reply> {
    move |FetchAccess { refused }| {
        let session = Arc::clone(&session);
        Box::pin(async move {
            let token = session.access(refused.as_ref()).await;
            token.map_err(RestError::into_credential_error)
        })
    }
}
