//! Durations as scripts write them: `"250ms"`, `"5s"`, `"2m"`, `"1h"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

/// Reads a duration: a whole number and one of `ms`, `s`, `m`, `h`.
pub(in crate::sim) fn parse(text: &str) -> Result<Duration, String> {
    let invalid =
        || format!("{text:?} is no duration: write a whole number and ms, s, m or h, as in \"5s\"");
    let unit_at = text
        .find(|character: char| !character.is_ascii_digit())
        .ok_or_else(invalid)?;
    let (count, unit) = text.split_at(unit_at);
    let count: u64 = count.parse().map_err(|_| invalid())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(invalid()),
    };
    count
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(invalid)
}

pub(in crate::sim) fn serialize<S: Serializer>(
    span: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}ms", span.as_millis()))
}

pub(in crate::sim) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(de::Error::custom)
}

/// The same, where absence means for ever.
pub(in crate::sim) mod option {
    use super::{Deserialize, Deserializer, Duration, Serializer, de};

    pub(in crate::sim) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::sim) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| super::parse(&text).map_err(de::Error::custom))
            .transpose()
    }
}
