//! FEED_SUBSCRIPTION, in messages that are not too long for the server.

use serde::Serialize;

/// The most bytes of one message: the official clients' limit. A longer one than the server takes ends
/// the connection with close code 1009.
pub(crate) const MAX_BYTES: usize = 8_192;

/// What a channel may be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item<'a> {
    /// The event type.
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    /// The instrument, or `*`.
    pub(crate) symbol: &'a str,
    /// Of the order family: which book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<&'a str>,
    /// Of a time series: where its snapshot begins, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_time: Option<i64>,
}

/// The messages that reset the channel, if asked to, then remove and then add the items: as many as it
/// takes for none to be longer than [`MAX_BYTES`], at least one if there is anything to say.
///
/// An item that is too long by itself has a message of its own, which the server may refuse.
pub(crate) fn feed_subscriptions(
    channel: u64,
    reset: bool,
    remove: &[Item<'_>],
    add: &[Item<'_>],
) -> Vec<String> {
    let mut writer = Writer {
        channel,
        messages: Vec::new(),
        text: String::new(),
        list: None,
    };
    if reset {
        writer.begin();
        writer.text.push_str(r#","reset":true"#);
    }
    for (list, items) in [("remove", remove), ("add", add)] {
        for item in items {
            let item = serde_json::to_string(item).unwrap_or_default();
            writer.item(list, &item);
        }
    }
    writer.end();
    writer.messages
}

struct Writer {
    channel: u64,
    messages: Vec<String>,
    /// The message under way; empty before the first.
    text: String,
    /// Its list under way.
    list: Option<&'static str>,
}

impl Writer {
    fn begin(&mut self) {
        let channel = self.channel;
        self.text = format!(r#"{{"type":"FEED_SUBSCRIPTION","channel":{channel}"#);
        self.list = None;
    }

    fn item(&mut self, list: &'static str, item: &str) {
        // What follows at most: `],"remove":[`, and at the end `]}`.
        let length = self.text.len() + item.len() + list.len() + 8 + 2;
        if self.text.is_empty() {
            self.begin();
        } else if length > MAX_BYTES {
            self.end();
            self.begin();
        }
        if self.list == Some(list) {
            self.text.push(',');
        } else {
            if self.list.is_some() {
                self.text.push(']');
            }
            self.text.push_str(",\"");
            self.text.push_str(list);
            self.text.push_str("\":[");
            self.list = Some(list);
        }
        self.text.push_str(item);
    }

    fn end(&mut self) {
        if self.text.is_empty() {
            return;
        }
        if self.list.is_some() {
            self.text.push(']');
        }
        self.text.push('}');
        self.messages.push(std::mem::take(&mut self.text));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn item<'a>(kind: &'a str, symbol: &'a str) -> Item<'a> {
        Item {
            kind,
            symbol,
            source: None,
            from_time: None,
        }
    }

    #[test]
    fn one_message_where_one_will_do() {
        let candle = Item {
            from_time: Some(1_700_000_000_000),
            ..item("Candle", "AAPL{=d}")
        };
        let order = Item {
            source: Some("NTV"),
            ..item("Order", "AAPL")
        };
        assert_eq!(
            feed_subscriptions(3, true, &[order], &[item("Quote", "SPY"), candle]),
            [
                r#"{"type":"FEED_SUBSCRIPTION","channel":3,"reset":true,"remove":[{"type":"Order","symbol":"AAPL","source":"NTV"}],"add":[{"type":"Quote","symbol":"SPY"},{"type":"Candle","symbol":"AAPL{=d}","fromTime":1700000000000}]}"#
            ]
        );
        assert_eq!(
            feed_subscriptions(3, true, &[], &[]),
            [r#"{"type":"FEED_SUBSCRIPTION","channel":3,"reset":true}"#]
        );
        assert!(feed_subscriptions(3, false, &[], &[]).is_empty());
    }

    fn lent(items: &[(String, String)]) -> Vec<Item<'_>> {
        let items = items.iter();
        items.map(|(kind, symbol)| item(kind, symbol)).collect()
    }

    proptest! {
        #[test]
        fn no_message_is_too_long_and_no_item_is_lost(
            reset: bool,
            remove in proptest::collection::vec("[A-Z\"é]{1,300}", 0..200),
            add in proptest::collection::vec("[A-Z]{1,40}", 0..600),
        ) {
            let items = |symbols: &[String], kind| -> Vec<(String, String)> {
                symbols.iter().map(|symbol| (String::from(kind), symbol.clone())).collect()
            };
            let (remove, add) = (items(&remove, "Quote"), items(&add, "Trade"));
            let messages = feed_subscriptions(1, reset, &lent(&remove), &lent(&add));
            let mut seen = [Vec::new(), Vec::new()];
            for (at, message) in messages.iter().enumerate() {
                prop_assert!(message.len() <= MAX_BYTES, "{}", message.len());
                let message: Value = serde_json::from_str(message).unwrap();
                prop_assert_eq!(message["reset"].as_bool().unwrap_or(false), reset && at == 0);
                for (list, seen) in ["remove", "add"].into_iter().zip(&mut seen) {
                    let items = message[list].as_array().cloned().unwrap_or_default();
                    prop_assert!(message[list].is_null() || !items.is_empty());
                    seen.extend(items.iter().map(|item| {
                        let text = |key: &str| item[key].as_str().unwrap().to_owned();
                        (text("type"), text("symbol"))
                    }));
                }
            }
            prop_assert_eq!(seen, [remove, add]);
        }
    }
}
