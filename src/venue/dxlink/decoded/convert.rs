//! From the messages as they were read to the ones that own what they say.

use std::borrow::Cow;
use std::time::Duration;

use super::super::Malformed;
use super::super::dom::DomConfig;
use super::super::server::{ChannelOpened, FeedConfig, ServerMessage};
use super::Decoded;
use crate::Symbol;

impl Decoded {
    pub(in crate::venue::dxlink) fn refused(channel: u64, malformed: &Malformed) -> Self {
        Self::Refused {
            channel,
            event_type: malformed.event_type().map(ToOwned::to_owned),
            symbol: malformed.symbol().cloned(),
            reason: malformed.full_reason(),
        }
    }

    pub(in crate::venue::dxlink) fn feed_config(config: FeedConfig<'_>) -> Self {
        let lists = config.event_fields.into_iter();
        Self::FeedConfig {
            channel: config.channel,
            data_format: config.data_format.map(|format| format.as_str().to_owned()),
            aggregation_period: config
                .aggregation_period
                .as_ref()
                .map(Duration::as_secs_f64),
            event_fields: lists
                .map(|(name, fields)| (name.into_owned(), owned(fields)))
                .collect(),
        }
    }

    pub(in crate::venue::dxlink) fn dom_config(config: DomConfig<'_>) -> Self {
        Self::DomConfig {
            channel: config.channel,
            aggregation_period: config
                .aggregation_period
                .as_ref()
                .map(Duration::as_secs_f64),
            depth_limit: config.depth_limit,
            order_fields: owned(config.order_fields),
        }
    }

    pub(in crate::venue::dxlink) fn channel_opened(opened: ChannelOpened<'_>) -> Self {
        Self::ChannelOpened {
            channel: opened.channel,
            service: opened.service.into_owned(),
            contract: opened.contract.map(Cow::into_owned),
            sub_format: opened.sub_format.map(Cow::into_owned),
            symbol: opened.symbol.as_deref().map(Symbol::new),
        }
    }

    /// Of the messages that change nothing in how others are read.
    pub(in crate::venue::dxlink) fn of_small(message: ServerMessage<'_>) -> Self {
        match message {
            ServerMessage::Setup(setup) => Self::Setup {
                version: setup.version.map(Cow::into_owned),
                keepalive_timeout: setup.keepalive_timeout.as_ref().map(Duration::as_secs_f64),
                accept_keepalive_timeout: setup
                    .accept_keepalive_timeout
                    .as_ref()
                    .map(Duration::as_secs_f64),
            },
            ServerMessage::AuthState {
                authorized,
                user_id,
            } => Self::AuthState {
                authorized,
                user_id: user_id.map(Cow::into_owned),
            },
            ServerMessage::Error {
                channel,
                code,
                text,
            } => Self::Error {
                channel,
                code,
                text: text.into_owned(),
            },
            ServerMessage::Keepalive => Self::Keepalive,
            ServerMessage::Unknown { name, channel } => Self::Unknown {
                name: name.into_owned(),
                channel,
            },
            ServerMessage::ChannelClosed { channel } => Self::ChannelClosed { channel },
            ServerMessage::ChannelOpened(opened) => Self::channel_opened(opened),
            ServerMessage::FeedConfig(config) => Self::feed_config(config),
            ServerMessage::DomConfig(config) => Self::dom_config(config),
            ServerMessage::FeedData(_) | ServerMessage::DomSnapshot(_) => Self::Unknown {
                name: "data".to_owned(),
                channel: None,
            },
        }
    }
}

fn owned(texts: Vec<Cow<'_, str>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}
