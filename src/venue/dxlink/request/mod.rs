//! What the client says: one function a message, type and channel first, as Java's streaming parser
//! needs them.
//!
//! Source: dxLink AsyncAPI; QD's DXLink client for the order of the keys.

mod subscription;

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
pub(crate) use subscription::{Item, feed_subscriptions};

use super::server::DataFormat;

/// A message of this type on this channel, with these keys after them.
#[derive(Serialize)]
struct Message<'a, T> {
    #[serde(rename = "type")]
    name: &'a str,
    channel: u64,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize)]
struct Nothing {}

fn write<T: Serialize>(name: &str, channel: u64, rest: T) -> String {
    let message = Message {
        name,
        channel,
        rest,
    };
    serde_json::to_string(&message).unwrap_or_default()
}

/// SETUP: who speaks, after how long a silence to take the client for dead, and what the client would
/// like of the server.
pub(crate) fn setup(version: &str, keepalive: Duration, accept_keepalive: Duration) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Setup<'a> {
        version: &'a str,
        keepalive_timeout: Seconds,
        accept_keepalive_timeout: Seconds,
    }
    let setup = Setup {
        version,
        keepalive_timeout: Seconds(keepalive),
        accept_keepalive_timeout: Seconds(accept_keepalive),
    };
    write("SETUP", 0, setup)
}

/// AUTH. The result holds the token: it must not be logged.
pub(crate) fn auth(token: &str) -> String {
    #[derive(Serialize)]
    struct Auth<'a> {
        token: &'a str,
    }
    write("AUTH", 0, Auth { token })
}

/// KEEPALIVE.
pub(crate) fn keepalive() -> String {
    write("KEEPALIVE", 0, Nothing {})
}

/// What a FEED channel delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Contract {
    /// The latest value of each type and symbol.
    Ticker,
    /// Every event, without a beginning.
    Stream,
    /// A snapshot, then updates.
    History,
    /// What suits each type.
    Auto,
}

#[derive(Serialize)]
struct Open<T> {
    service: &'static str,
    parameters: T,
}

/// CHANNEL_REQUEST for a FEED channel. The number must be odd and not in use.
pub(crate) fn open_feed(channel: u64, contract: Contract) -> String {
    #[derive(Serialize)]
    struct Parameters {
        contract: Contract,
    }
    let open = Open {
        service: "FEED",
        parameters: Parameters { contract },
    };
    write("CHANNEL_REQUEST", channel, open)
}

/// CHANNEL_REQUEST for a DOM channel, which has one symbol.
pub(crate) fn open_dom(channel: u64, symbol: &str, sources: &[Cow<'_, str>]) -> String {
    #[derive(Serialize)]
    struct Parameters<'a> {
        symbol: &'a str,
        sources: &'a [Cow<'a, str>],
    }
    let open = Open {
        service: "DOM",
        parameters: Parameters { symbol, sources },
    };
    write("CHANNEL_REQUEST", channel, open)
}

/// CHANNEL_CANCEL.
pub(crate) fn cancel(channel: u64) -> String {
    write("CHANNEL_CANCEL", channel, Nothing {})
}

/// FEED_SETUP: a wish; FEED_CONFIG tells what became of it. Types that are not named keep their lists.
pub(crate) fn feed_setup(
    channel: u64,
    aggregation: Option<Duration>,
    format: Option<DataFormat>,
    fields: &[(&str, &[&str])],
) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Setup<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_aggregation_period: Option<Seconds>,
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_data_format: Option<&'static str>,
        #[serde(skip_serializing_if = "Lists::is_empty")]
        accept_event_fields: Lists<'a>,
    }
    let setup = Setup {
        accept_aggregation_period: aggregation.map(Seconds),
        accept_data_format: format.map(DataFormat::as_str),
        accept_event_fields: Lists(fields),
    };
    write("FEED_SETUP", channel, setup)
}

/// DOM_SETUP, which must be sent for data to come. A depth of zero asks for as much as there is.
pub(crate) fn dom_setup(channel: u64, aggregation: Option<Duration>, depth: Option<u32>) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Setup {
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_aggregation_period: Option<Seconds>,
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_depth_limit: Option<u32>,
        accept_data_format: &'static str,
        accept_order_fields: [&'static str; 2],
    }
    let setup = Setup {
        accept_aggregation_period: aggregation.map(Seconds),
        accept_depth_limit: depth,
        accept_data_format: "FULL",
        accept_order_fields: ["price", "size"],
    };
    write("DOM_SETUP", channel, setup)
}

/// Seconds, without a fraction where there is none.
struct Seconds(Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanos() == 0 {
            to.serialize_u64(self.0.as_secs())
        } else {
            to.serialize_f64(self.0.as_secs_f64())
        }
    }
}

/// Lists by type, in their order.
struct Lists<'a>(&'a [(&'a str, &'a [&'a str])]);

impl Lists<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, fields) in self.0 {
            map.serialize_entry(name, fields)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_and_channel_come_first() {
        let minute = Duration::from_secs(60);
        let half = Duration::from_millis(500);
        assert_eq!(
            setup("0.1-x/1", minute, half),
            r#"{"type":"SETUP","channel":0,"version":"0.1-x/1","keepaliveTimeout":60,"acceptKeepaliveTimeout":0.5}"#
        );
        assert_eq!(
            auth("a\"b"),
            r#"{"type":"AUTH","channel":0,"token":"a\"b"}"#
        );
        assert_eq!(keepalive(), r#"{"type":"KEEPALIVE","channel":0}"#);
        assert_eq!(
            open_feed(3, Contract::History),
            r#"{"type":"CHANNEL_REQUEST","channel":3,"service":"FEED","parameters":{"contract":"HISTORY"}}"#
        );
        assert_eq!(
            open_dom(5, "AAPL", &["ntv".into()]),
            r#"{"type":"CHANNEL_REQUEST","channel":5,"service":"DOM","parameters":{"symbol":"AAPL","sources":["ntv"]}}"#
        );
        assert_eq!(cancel(5), r#"{"type":"CHANNEL_CANCEL","channel":5}"#);
    }

    #[test]
    fn wishes_that_are_none_are_left_out() {
        let fields: [(&str, &[&str]); 1] = [("Quote", &["eventSymbol", "bidPrice"])];
        let period = Some(Duration::ZERO);
        assert_eq!(
            feed_setup(1, period, Some(DataFormat::Compact), &fields),
            r#"{"type":"FEED_SETUP","channel":1,"acceptAggregationPeriod":0,"acceptDataFormat":"COMPACT","acceptEventFields":{"Quote":["eventSymbol","bidPrice"]}}"#
        );
        assert_eq!(
            feed_setup(1, None, None, &[]),
            r#"{"type":"FEED_SETUP","channel":1}"#
        );
        assert_eq!(
            dom_setup(1, None, Some(5)),
            r#"{"type":"DOM_SETUP","channel":1,"acceptDepthLimit":5,"acceptDataFormat":"FULL","acceptOrderFields":["price","size"]}"#
        );
    }
}
