//! For `#[serde(with = "…")]`: a model number that may be absent or infinite. JSON has no
//! infinity, so it is a string, as the venue writes it.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serializer, de};

#[derive(Deserialize)]
#[serde(untagged)]
enum Number<'a> {
    Finite(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.is_finite() => to.serialize_f64(*value),
        Some(value) => to.serialize_str(match *value {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            _ => "NaN",
        }),
        None => to.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Option::<Number<'de>>::deserialize(from)? {
        None => Ok(None),
        Some(Number::Finite(value)) => Ok(Some(value)),
        Some(Number::Text(text)) => match &*text {
            "Infinity" => Ok(Some(f64::INFINITY)),
            "-Infinity" => Ok(Some(f64::NEG_INFINITY)),
            "NaN" => Ok(Some(f64::NAN)),
            _ => Err(de::Error::custom("expected a number or Infinity")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(default, with = "super", skip_serializing_if = "Option::is_none")]
        value: Option<f64>,
    }

    #[test]
    fn reads_back_what_it_writes() {
        for (value, json) in [
            (None, "{}"),
            (Some(0.2741), r#"{"value":0.2741}"#),
            (
                Some(0.130_434_782_608_695_65),
                r#"{"value":0.13043478260869565}"#,
            ),
            (Some(f64::INFINITY), r#"{"value":"Infinity"}"#),
            (Some(f64::NEG_INFINITY), r#"{"value":"-Infinity"}"#),
        ] {
            let holder = Holder { value };
            assert_eq!(serde_json::to_string(&holder).unwrap(), json);
            assert_eq!(serde_json::from_str::<Holder>(json).unwrap(), holder);
        }
        assert!(serde_json::from_str::<Holder>(r#"{"value":"many"}"#).is_err());
    }
}
