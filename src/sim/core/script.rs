//! Faults on a timetable.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::sim::core::span;
use crate::sim::{Fault, SessionId};

/// Faults and when they happen, from code or from a file.
///
/// A script file is JSON Lines. Each line is an object with a `fault` (one of [`Fault::NAMES`]),
/// that fault's own fields, and when it happens:
///
/// | key | meaning |
/// |---|---|
/// | `at` | this long after the simulator started: `"250ms"`, `"5s"`, `"2m"`, `"1h"` |
/// | `every` | and again whenever this much time has passed |
/// | `after_subscribes` | instead: once this many subscribe requests have arrived, refused ones included |
/// | `after_frames` | instead: once this many data frames have been queued |
/// | `session` | only this session; the first connection is session 1 |
///
/// Empty lines and lines that begin with `#` are skipped.
///
/// ```
/// use feedline::sim::Script;
///
/// let script: Script = r#"
/// ## a cut every ten seconds, one refusal, and a half-open connection after the third subscribe
/// {"at": "5s", "every": "10s", "fault": "cut"}
/// {"at": "0s", "fault": "refuse", "channel": "spot.trades", "code": 3, "text": "internal error"}
/// {"after_subscribes": 3, "fault": "mute", "for": "1m"}
/// ## one of Gate's own faults
/// {"at": "1m", "fault": "gate", "kind": "replay", "symbol": "BTC_USDT"}
/// "#
/// .parse()?;
/// assert_eq!(script.len(), 4);
/// # Ok::<(), feedline::sim::ScriptError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub(in crate::sim) entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Entry {
    pub(in crate::sim) when: When,
    pub(in crate::sim) session: Option<SessionId>,
    pub(in crate::sim) fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum When {
    At {
        after: Duration,
        every: Option<Duration>,
    },
    Subscribes(u64),
    Frames(u64),
}

impl Script {
    /// A script in which nothing happens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a script file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ScriptError> {
        let path = path.as_ref();
        std::fs::read_to_string(path)
            .map_err(|source| ScriptError::Read {
                path: path.display().to_string(),
                source,
            })?
            .parse()
    }

    /// Adds a fault this long after the start.
    #[must_use]
    pub fn at(self, after: Duration, fault: impl Into<Fault>) -> Self {
        self.with(When::At { after, every: None }, fault)
    }

    /// Adds a fault this long after the start and again every `period`.
    ///
    /// # Panics
    ///
    /// When `period` is zero.
    #[must_use]
    pub fn every(self, after: Duration, period: Duration, fault: impl Into<Fault>) -> Self {
        assert!(!period.is_zero(), "a fault cannot happen every 0 s");
        let every = Some(period);
        self.with(When::At { after, every }, fault)
    }

    /// Adds a fault once `count` subscribe requests have arrived.
    #[must_use]
    pub fn after_subscribes(self, count: u64, fault: impl Into<Fault>) -> Self {
        self.with(When::Subscribes(count), fault)
    }

    /// Adds a fault once `count` data frames have been queued.
    #[must_use]
    pub fn after_frames(self, count: u64, fault: impl Into<Fault>) -> Self {
        self.with(When::Frames(count), fault)
    }

    fn with(mut self, when: When, fault: impl Into<Fault>) -> Self {
        self.entries.push(Entry {
            when,
            session: None,
            fault: fault.into(),
        });
        self
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing happens.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl std::str::FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = entry(line).map_err(|problem| ScriptError::Line {
                line: index + 1,
                problem,
            })?;
            entries.push(entry);
        }
        Ok(Self { entries })
    }
}

fn entry(line: &str) -> Result<Entry, String> {
    let mut object: Map<String, Value> = serde_json::from_str(line)
        .map_err(|error| format!("expected one JSON object a line: {error}"))?;
    let when = when(&mut object)?;
    let session = count(&mut object, "session")?.map(SessionId);
    let name = object.get("fault").and_then(Value::as_str);
    let Some(name) = name.map(str::to_owned) else {
        return Err(format!(
            "no \"fault\"; valid are {}",
            Fault::NAMES.join(", ")
        ));
    };
    if !Fault::NAMES.contains(&name.as_str()) {
        let valid = Fault::NAMES.join(", ");
        return Err(format!("unknown fault {name:?}; valid are {valid}"));
    }
    let fault = Fault::deserialize(Value::Object(object.clone()))
        .map_err(|error| format!("fault {name:?}: {error}"))?;
    unknown_keys(&object, &fault, &name)?;
    Ok(Entry {
        when,
        session,
        fault,
    })
}

/// Serde ignores unknown fields of tagged enums, which would make a typing error do nothing.
fn unknown_keys(object: &Map<String, Value>, fault: &Fault, name: &str) -> Result<(), String> {
    let Ok(Value::Object(known)) = serde_json::to_value(fault) else {
        return Ok(());
    };
    match object.keys().find(|key| !known.contains_key(*key)) {
        None => Ok(()),
        Some(key) => {
            let valid: Vec<&str> = known.keys().map(String::as_str).collect();
            Err(format!(
                "fault {name:?} has no {key:?}; valid are {}, and at, every, after_subscribes, \
                 after_frames, session",
                valid.join(", ")
            ))
        }
    }
}

fn when(object: &mut Map<String, Value>) -> Result<When, String> {
    let at = duration(object, "at")?;
    let every = duration(object, "every")?;
    let subscribes = count(object, "after_subscribes")?;
    let frames = count(object, "after_frames")?;
    match (at, every, subscribes, frames) {
        (_, Some(Duration::ZERO), ..) => Err("\"every\" must be longer than 0".into()),
        (Some(after), every, None, None) => Ok(When::At { after, every }),
        (None, None, Some(count), None) => Ok(When::Subscribes(count)),
        (None, None, None, Some(count)) => Ok(When::Frames(count)),
        _ => Err(
            "say when: \"at\" (perhaps with \"every\"), or \"after_subscribes\", or \
                  \"after_frames\""
                .into(),
        ),
    }
}

fn duration(object: &mut Map<String, Value>, key: &str) -> Result<Option<Duration>, String> {
    match object.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => span::parse(&text)
            .map(Some)
            .map_err(|problem| format!("{key:?}: {problem}")),
        Some(other) => Err(format!("{key:?} is {other}, not a duration such as \"5s\"")),
    }
}

fn count(object: &mut Map<String, Value>, key: &str) -> Result<Option<u64>, String> {
    match object.remove(key) {
        None => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) if count > 0 => Ok(Some(count)),
            _ => Err(format!("{key:?} is {value}, not a whole number from 1")),
        },
    }
}

/// Why a script cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The file could not be read.
    #[error("the fault script {path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is wrong.
    #[error("line {line} of the fault script: {problem}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong and what is valid.
        problem: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dxlink::DxLinkFault;
    use crate::sim::gate::{GateFault, WrongNumber};
    use crate::sim::tastytrade::TastytradeFault;

    fn problem(line: &str) -> String {
        line.parse::<Script>().unwrap_err().to_string()
    }

    #[test]
    fn names_the_line_and_what_is_valid() {
        assert!(problem("\n{\"at\":\"5s\",\"fault\":\"cutt\"}").starts_with("line 2"));
        assert!(problem(r#"{"at":"5s","fault":"cutt"}"#).contains("valid are cut, close"));
        assert!(problem(r#"{"fault":"cut"}"#).contains("say when"));
        assert!(problem(r#"{"at":"5 s","fault":"cut"}"#).contains("ms, s, m or h"));
        assert!(problem(r#"{"at":"5s","fault":"cut","cod":1}"#).contains("has no \"cod\""));
        assert!(problem(r#"{"at":"5s","fault":"oversize"}"#).contains("bytes"));
    }

    #[test]
    fn every_name_is_a_fault() {
        let venues = [
            ("gate", GateFault::KINDS),
            ("dxlink", DxLinkFault::KINDS),
            ("tastytrade", TastytradeFault::KINDS),
        ];
        let own = venues.map(|(venue, kinds)| kinds.iter().map(move |kind| (venue, *kind)));
        let common = Fault::NAMES.iter().map(|name| (*name, ""));
        let common = common.filter(|(name, _)| venues.iter().all(|(venue, _)| venue != name));
        for (name, kind) in common.chain(own.into_iter().flatten()) {
            let fields =
                r#""symbol":"A","by":"1s","bytes":1,"after":"1s","lives":"1s","status":429"#;
            let line =
                format!(r#"{{"fault":"{name}","kind":"{kind}","wrong":"no_last",{fields}}}"#);
            let object: Value = serde_json::from_str(&line).unwrap();
            let fault = Fault::deserialize(object).unwrap();
            let back = serde_json::to_value(&fault).unwrap();
            assert_eq!(back["fault"], name);
            assert_eq!(
                back.get("kind").map_or("", |kind| kind.as_str().unwrap()),
                kind
            );
        }
    }

    #[test]
    fn a_venues_own_fault_says_which_it_is() {
        let line = r#"{"at":"1s","fault":"gate","kind":"numbers","wrong":"huge","times":null}"#;
        let script: Script = line.parse().unwrap();
        let fault = GateFault::Numbers {
            wrong: WrongNumber::Huge,
            channel: None,
            symbol: None,
            snapshots: false,
            times: None,
        };
        assert_eq!(script, Script::new().at(Duration::from_secs(1), fault));
        assert!(problem(r#"{"at":"1s","fault":"dxlink","kind":"crossed"}"#).contains("withdraw"));
        assert!(problem(r#"{"at":"1s","fault":"gate"}"#).contains("kind"));
        let typing_error = r#"{"at":"1s","fault":"gate","kind":"crossed","symbl":"A"}"#;
        assert!(problem(typing_error).contains("has no \"symbl\""));
    }
}
