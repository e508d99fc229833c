//! One event of the account streamer.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::balance::{self, Balance};
use super::fill::{self, Fill};
use super::message::Notification;
use super::notice::{ComplexOrder, Notice, QuoteAlert, Watchlist};
use super::order::{self, Order};
use super::position::{self, Position};
use crate::feed::Carries;
use crate::market::{Id, Record};
use crate::{Symbol, Timestamp};

/// Something that happened in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountEvent {
    /// The number of the account. An event of the user's, such as a quote alert, has that of the account
    /// that was subscribed to.
    pub account: Symbol,
    /// What happened. Each is the whole object, as it is now.
    #[serde(flatten)]
    pub update: AccountUpdate,
    /// When the venue told of it, by its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The venue's number of the message, where it numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

/// What happened in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountUpdate {
    /// An order is new or changed.
    Order(Box<Order>),
    /// An order was done, or a part of it. It comes after its order, once.
    Fill(Box<Fill>),
    /// Orders that depend on each other are new or changed.
    ComplexOrder(Box<ComplexOrder>),
    /// The balance changed.
    Balance(Box<Balance>),
    /// A position is new, changed or closed.
    Position(Box<Position>),
    /// A quote alert was set, triggered or completed.
    QuoteAlert(Box<QuoteAlert>),
    /// A public watchlist changed.
    Watchlist(Box<Watchlist>),
    /// Anything else.
    Notice(Box<Notice>),
}

impl AccountUpdate {
    fn read(told: &Notification<'_>, received: Option<Timestamp>) -> Option<Self> {
        let text = told.data;
        match told.name.as_str() {
            "Order" => {
                let order = order::read(text, received)?;
                Some(Self::Order(Box::new(order)))
            }
            "ComplexOrder" => {
                let order = ComplexOrder::read(text, received)?;
                Some(Self::ComplexOrder(Box::new(order)))
            }
            "AccountBalance" => {
                let balance = balance::read(text, received)?;
                Some(Self::Balance(Box::new(balance)))
            }
            "CurrentPosition" => {
                let position = position::read(text, received)?;
                Some(Self::Position(Box::new(position)))
            }
            "QuoteAlert" => Some(Self::QuoteAlert(Box::new(QuoteAlert::read(text)?))),
            "PublicWatchlists" => Some(Self::Watchlist(Box::new(Watchlist::read(text)?))),
            _ => None,
        }
    }

    fn orders(&self) -> Vec<&Order> {
        match self {
            Self::Order(order) => vec![order],
            Self::ComplexOrder(complex) => complex.all().collect(),
            _ => Vec::new(),
        }
    }
}

impl AccountEvent {
    /// What a notification says for an account: itself, and after it the fills that are in it.
    pub(super) fn of(
        told: &Notification<'_>,
        account: &Symbol,
        received: Option<Timestamp>,
    ) -> Vec<Self> {
        let event = |update| Self {
            account: account.clone(),
            update,
            time: told.time,
            sequence: told.sequence,
            received,
        };
        let update = AccountUpdate::read(told, received).unwrap_or_else(|| {
            let notice = Notice {
                name: SmolStr::clone(&told.name),
                data: serde_json::from_str(told.data).unwrap_or_default(),
            };
            AccountUpdate::Notice(Box::new(notice))
        });
        let fills: Vec<Fill> = update
            .orders()
            .into_iter()
            .flat_map(|order| fill::of_order(order, told.time))
            .collect();
        let fills = fills
            .into_iter()
            .map(|fill| AccountUpdate::Fill(Box::new(fill)));
        std::iter::once(update).chain(fills).map(event).collect()
    }
}

impl Record for AccountEvent {
    const LATEST_REPLACES: bool = false;

    /// The account's number.
    fn symbol(&self) -> &Symbol {
        &self.account
    }

    fn time(&self) -> Option<Timestamp> {
        self.time
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }

    /// A fill's identifier within its order; nothing else comes a second time.
    fn identity(&self) -> Option<Id> {
        let AccountUpdate::Fill(fill) = &self.update else {
            return None;
        };
        let order = fill.order_id.as_ref()?;
        Some(Id::Text(
            format!("{order}/{}/{}", fill.symbol, fill.id).into(),
        ))
    }
}

impl Carries<AccountEvent> for AccountEvent {
    fn into_event(self) -> Option<AccountEvent> {
        Some(self)
    }

    fn to_event(&self) -> Option<AccountEvent> {
        Some(self.clone())
    }
}
