//! Fills: what was done of an order's legs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::order::Order;
use crate::account;
use crate::decimal::{self, Decimal};
use crate::market::{Detail, Id};
use crate::venue::tastytrade::fields::Fields;
use crate::venue::tastytrade::words::{Action, InstrumentType};
use crate::{Symbol, Timestamp};

/// A fill, taken out of the order that it came with.
pub type Fill = account::Fill<FillDetail>;

/// tastytrade's own fields of a fill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FillDetail {
    /// The account's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Symbol>,
    /// What the leg does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// What kind of instrument it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument_type: Option<InstrumentType>,
    /// Where it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<SmolStr>,
    /// The exchange's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_id: Option<SmolStr>,
    /// The identifier that fills of one execution share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<SmolStr>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl Detail for FillDetail {}

/// A fill as it stands in an order's leg.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LegFill {
    /// The venue's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// How much, in shares or contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<Decimal>,
    /// Price of one unit.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Decimal>,
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Where it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<SmolStr>,
    /// The exchange's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_id: Option<SmolStr>,
    /// The identifier that fills of one execution share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<SmolStr>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl LegFill {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = Fields::parse(text).ok()?;
        Some(Self {
            id: fields.id("fill-id"),
            quantity: fields.decimal("quantity"),
            price: fields.decimal("fill-price"),
            time: fields.time("filled-at"),
            venue: fields.text("destination-venue"),
            exec_id: fields.text("ext-exec-id"),
            group_id: fields.text("ext-group-fill-id"),
            more: fields.rest(),
        })
    }
}

/// The fills of an order that are whole: one that lacks its identifier, price or size is only in the
/// order. `told` is when the venue told of them, for those that have no time of their own.
pub(super) fn of_order(order: &Order, told: Option<Timestamp>) -> impl Iterator<Item = Fill> + '_ {
    order.detail.legs.iter().flat_map(move |leg| {
        leg.fills.iter().filter_map(move |fill| {
            Some(Fill {
                id: fill.id.clone()?,
                order_id: Some(order.id.clone()),
                symbol: leg.symbol.clone().unwrap_or_else(|| order.symbol.clone()),
                side: leg.side(),
                price: fill.price?,
                size: fill.quantity?,
                role: None,
                fee: None,
                time: fill.time.or(told).or(order.time).or(order.received)?,
                received: order.received,
                detail: FillDetail {
                    account: order.detail.account.clone(),
                    action: leg.action.clone(),
                    instrument_type: leg.instrument_type.clone(),
                    venue: fill.venue.clone(),
                    exec_id: fill.exec_id.clone(),
                    group_id: fill.group_id.clone(),
                    more: fill.more.clone(),
                },
            })
        })
    })
}
