//! What faults make of an outgoing frame.

use std::time::Duration;

use crate::sim::core::journal::Fate;
use crate::sim::core::rules::{Alter, Altered, Kind};
use crate::sim::{Delayed, Fault};

/// What becomes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Verdict {
    pub(in crate::sim) fate: Fate,
    pub(in crate::sim) text: Option<String>,
    pub(in crate::sim) copies: usize,
    pub(in crate::sim) held: bool,
    pub(in crate::sim) delay: Option<Duration>,
}

impl Verdict {
    pub(in crate::sim) fn plain() -> Self {
        Self {
            fate: Fate::Sent,
            text: None,
            copies: 1,
            held: false,
            delay: None,
        }
    }

    pub(in crate::sim) fn withheld() -> Self {
        Self {
            fate: Fate::Withheld,
            copies: 0,
            ..Self::plain()
        }
    }
}

impl Verdict {
    /// Whether the fault did something to the frame.
    pub(in crate::sim) fn apply(
        &mut self,
        fault: &Fault,
        kind: Kind<'_>,
        text: &str,
        alter: Alter,
        rng: &mut fastrand::Rng,
    ) -> bool {
        let data = matches!(kind, Kind::Data { .. });
        let spoilt = self.fate == Fate::Spoiled;
        match fault {
            Fault::Garble { .. } if data && !spoilt => {
                self.spoil(garbled(text, rng));
            }
            Fault::Truncate { .. } if data && !spoilt => {
                self.spoil(truncated(text));
            }
            Fault::Duplicate { .. } if data && self.fate == Fate::Sent => {
                self.copies = 2;
                self.fate = Fate::Duplicated;
            }
            Fault::Reorder { .. } if data && self.fate == Fate::Sent => {
                self.held = true;
                self.fate = Fate::Reordered;
            }
            Fault::Delay { of, by, .. }
                if (data && *of == Delayed::Data)
                    || (kind == Kind::Reply && *of == Delayed::Acks) =>
            {
                self.delay = Some(self.delay.unwrap_or_default() + *by);
                if self.fate == Fate::Sent {
                    self.fate = Fate::Delayed;
                }
            }
            Fault::TimeZero { .. } if data && !spoilt => {
                return self.alter(text, |text| rewrite(text, "\"time_ms\":", |_| 0));
            }
            Fault::StaleTime { by, .. } if data && !spoilt => {
                let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                let earlier = |time: i64| time.saturating_sub(millis);
                return self.alter(text, |text| {
                    rewrite(&rewrite(text, "\"time_ms\":", earlier), "\"t\":", earlier)
                });
            }
            _ if data && !spoilt => {
                let before = self.text.as_deref().unwrap_or(text);
                return match alter(fault, kind, before) {
                    Some(Altered { text, readable }) if readable => self.replace(text),
                    Some(Altered { text, .. }) => {
                        self.spoil(text);
                        true
                    }
                    None => false,
                };
            }
            _ => return false,
        }
        true
    }

    fn spoil(&mut self, text: String) {
        self.text = Some(text);
        self.fate = Fate::Spoiled;
    }

    /// Whether there was anything to change.
    fn alter(&mut self, text: &str, change: impl FnOnce(&str) -> String) -> bool {
        let before = self.text.as_deref().unwrap_or(text);
        let after = change(before);
        if after == before {
            return false;
        }
        self.replace(after)
    }

    fn replace(&mut self, text: String) -> bool {
        self.text = Some(text);
        if self.fate == Fate::Sent {
            self.fate = Fate::Altered;
        }
        true
    }
}

/// Overwrites a few characters, always the first, so that no reader can take it for JSON.
fn garbled(text: &str, rng: &mut fastrand::Rng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let count = characters.len();
    for at in [0, rng.usize(..count.max(1)), rng.usize(..count.max(1))] {
        if let Some(character) = characters.get_mut(at) {
            *character = '#';
        }
    }
    characters.into_iter().collect()
}

fn truncated(text: &str) -> String {
    let mut end = text.len() / 2;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Replaces the first unquoted whole number after `key`.
fn rewrite(text: &str, key: &str, change: impl FnOnce(i64) -> i64) -> String {
    let Some(start) = text.find(key).map(|at| at + key.len()) else {
        return text.to_owned();
    };
    let digits = text[start..]
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len() - start);
    match text[start..start + digits].parse() {
        Ok(number) => format!(
            "{}{}{}",
            &text[..start],
            change(number),
            &text[start + digits..]
        ),
        Err(_) => text.to_owned(),
    }
}
