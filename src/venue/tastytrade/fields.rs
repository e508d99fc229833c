//! Reading of the venue's objects, whose values are now numbers, now texts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use crate::decimal::{self, Decimal};
use crate::market::Id;
use crate::{Symbol, Timestamp};

/// An object's values, taken out one by one; what cannot be understood is not taken, so that it is
/// among the [`rest`](Self::rest).
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    fn take<T>(&mut self, key: &str, read: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let value = read(self.0.get(key)?.get())?;
        self.0.remove(key);
        Some(value)
    }

    /// The value as it stands, without taking it.
    pub(super) fn raw(&self, key: &str) -> Option<&'a str> {
        let raw = self.0.get(key)?.get();
        (raw != "null").then_some(raw)
    }

    /// A text, number or truth value, as a text.
    pub(super) fn text(&mut self, key: &str) -> Option<SmolStr> {
        self.take(key, |raw| scalar(raw).map(SmolStr::from))
    }

    pub(super) fn symbol(&mut self, key: &str) -> Option<Symbol> {
        let symbol = self.take(key, |raw| scalar(raw).filter(|text| !text.is_empty()));
        symbol.map(|text| Symbol::new(&*text))
    }

    /// A text that is one of many words.
    pub(super) fn word<T: for<'t> From<&'t str>>(&mut self, key: &str) -> Option<T> {
        self.take(key, |raw| Some(T::from(&*scalar(raw)?)))
    }

    /// An identifier. It is a text always, because the venue sends one and the same now as a
    /// number, now as a text.
    pub(super) fn id(&mut self, key: &str) -> Option<Id> {
        self.text(key).map(Id::Text)
    }

    pub(super) fn decimal(&mut self, key: &str) -> Option<Decimal> {
        self.take(key, |raw| decimal::parse(&scalar(raw)?).ok())
    }

    /// Milliseconds since the epoch as a number or a text, or RFC 3339.
    pub(super) fn time(&mut self, key: &str) -> Option<Timestamp> {
        self.take(key, |raw| time(&scalar(raw)?))
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.take(key, |raw| scalar(raw)?.parse().ok())
    }

    pub(super) fn integer<T: std::str::FromStr>(&mut self, key: &str) -> Option<T> {
        self.take(key, |raw| scalar(raw)?.parse().ok())
    }

    /// The elements of a list, if `read` understands all of them; none if it is absent.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Option<Vec<T>> {
        if self.raw(key).is_none() {
            self.0.remove(key);
            return Some(Vec::new());
        }
        self.take(key, |raw| {
            let list: Vec<&'a RawValue> = serde_json::from_str(raw).ok()?;
            list.into_iter().map(|raw| read(raw.get())).collect()
        })
    }

    /// Another object.
    pub(super) fn object<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        self.take(key, read)
    }

    /// What has not been taken.
    pub(super) fn rest(self) -> Map<String, Value> {
        let values = self.0.into_iter().filter(|(_, raw)| raw.get() != "null");
        values
            .map(|(key, raw)| {
                let value = serde_json::from_str(raw.get());
                // What serde_json has read as a raw value, it reads as a value, too.
                (key.into_owned(), value.unwrap_or(Value::Null))
            })
            .collect()
    }
}

/// What stands there if it is neither `null` nor a list or object.
fn scalar(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(raw).ok().map(Cow::Owned),
        b'n' | b'[' | b'{' => None,
        _ => Some(Cow::Borrowed(raw)),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(millis) => Timestamp::from_millis(millis),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_mean_the_same() {
        let text = r#"{"a":1.50,"b":"1.50","c":1748448002553,"d":"1748448002553","e":"2025-05-28T16:00:02.553+00:00","f":7,"g":"7","h":true,"i":"true"}"#;
        let mut fields = Fields::parse(text).unwrap();
        assert_eq!(fields.decimal("a"), fields.decimal("b"));
        let time = fields.time("c").unwrap();
        assert_eq!(fields.time("d"), Some(time));
        assert_eq!(fields.time("e"), Some(time));
        assert_eq!(fields.id("f"), Some(Id::from("7")));
        assert_eq!(fields.id("g"), Some(Id::from("7")));
        assert_eq!(fields.flag("h"), fields.flag("i"));
        assert_eq!(fields.rest(), Map::new());
    }

    #[test]
    fn what_is_not_understood_is_kept() {
        let text = r#"{"price":"much","size":null,"when":"soon","odd":[1,{"x":2}],"list":[1]}"#;
        let mut fields = Fields::parse(text).unwrap();
        assert_eq!(fields.decimal("price"), None);
        assert_eq!(fields.decimal("size"), None);
        assert_eq!(fields.time("when"), None);
        assert_eq!(fields.text("odd"), None);
        assert_eq!(fields.list("missing", |_| Some(())), Some(Vec::new()));
        assert_eq!(fields.list("list", |_| None::<()>), None);
        let rest = Value::Object(fields.rest());
        let kept = serde_json::json!({"price":"much","when":"soon","odd":[1,{"x":2}],"list":[1]});
        assert_eq!(rest, kept);
        assert!(Fields::parse("[1]").is_err());
        assert!(Fields::parse("null").is_err());
    }
}
