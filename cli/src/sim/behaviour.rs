//! How one DXLink server differs from another.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use feedline::sim::dxlink::{DxLinkSimBuilder, FieldOrder};

/// The word that asks for no token.
const DEMO: &str = "demo";

#[derive(Debug, Args)]
#[command(next_help_heading = "Behaviour of DXLink")]
pub(super) struct Behaviour {
    /// Clients need one of these tokens, such as test-token; with demo they need none, as at
    /// dxFeed's demonstration, and of dxlink so it is unless told.
    #[arg(long = "token", value_name = "TOKEN")]
    tokens: Vec<String>,
    /// A client must wait for each answer of the handshake.
    #[arg(long)]
    strict_order: bool,
    /// The timeout that it announces: it says something at least every half of it; 1m unless told.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    keepalive: Option<Duration>,
    /// For how long it gathers updates for clients that ask for no period of their own; 100ms
    /// unless told.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    aggregation: Option<Duration>,
    /// Candles on AUTO channels get an empty snapshot and nothing else.
    #[arg(long)]
    empty_auto_candles: bool,
    /// Frames may hold events of several types.
    #[arg(long)]
    mixed_frames: bool,
    /// Serve the fields of events the other way round than asked for.
    #[arg(long)]
    reversed_fields: bool,
    /// Leave a field out of what clients ask for, such as `Candle.VWAP`.
    #[arg(long = "without-field", value_name = "TYPE.FIELD")]
    without_fields: Vec<Field>,
}

/// A field of an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    event_type: String,
    name: String,
}

impl FromStr for Field {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (event_type, name) = text
            .split_once('.')
            .ok_or("expected an event type and a field of it, as in Candle.VWAP")?;
        Ok(Self {
            event_type: event_type.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl Behaviour {
    /// The simulator with these settings, and its own where nothing is told.
    pub(super) fn apply(&self, mut builder: DxLinkSimBuilder) -> DxLinkSimBuilder {
        if self.tokens == [DEMO] {
            builder = builder.demo();
        } else if !self.tokens.is_empty() {
            builder = builder.tokens(&self.tokens);
        }
        if let Some(timeout) = self.keepalive {
            builder = builder.keepalive(timeout);
        }
        if let Some(period) = self.aggregation {
            builder = builder.period(period);
        }
        if self.reversed_fields {
            builder = builder.field_order(FieldOrder::Reversed);
        }
        for Field { event_type, name } in &self.without_fields {
            builder = builder.without_field(event_type, name);
        }
        builder
            .strict_order(self.strict_order)
            .auto_candles(!self.empty_auto_candles)
            .mixed_frames(self.mixed_frames)
    }
}
