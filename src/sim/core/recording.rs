//! Recorded frames.

use std::path::Path;

use serde::Deserialize;
use serde::de::Error as _;

/// Lines of a recording of a venue's connection.
///
/// A recording is JSON Lines. Each line is an object with at least `frame`, the text as it came; and
/// optionally `dir` (`in`, which is the default, is played; `rest` answers a REST request; all
/// others are left out), `market`, `channel` and `request`, the address of a REST request. Other
/// keys are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    pub(in crate::sim) lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(in crate::sim) struct Line {
    #[serde(default = "incoming")]
    pub(in crate::sim) dir: String,
    #[serde(default)]
    pub(in crate::sim) market: Option<String>,
    #[serde(default)]
    pub(in crate::sim) channel: Option<String>,
    #[serde(default)]
    pub(in crate::sim) request: Option<String>,
    #[serde(default)]
    pub(in crate::sim) frame: Option<String>,
}

fn incoming() -> String {
    "in".to_owned()
}

impl Recording {
    /// Reads a recording.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let path = path.as_ref();
        std::fs::read_to_string(path)
            .map_err(|source| RecordingError::Read {
                path: path.display().to_string(),
                source,
            })?
            .parse()
    }

    /// How many lines it has, played or not.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it has no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl std::str::FromStr for Recording {
    type Err = RecordingError;

    fn from_str(text: &str) -> Result<Self, RecordingError> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let line = parse(line).map_err(|source| RecordingError::Line {
                line: index + 1,
                source,
            })?;
            lines.push(line);
        }
        Ok(Self { lines })
    }
}

fn parse(text: &str) -> Result<Line, serde_json::Error> {
    let line: Line = serde_json::from_str(text)?;
    // A misspelt key would otherwise be a frame that is never played.
    if line.dir == "in" && line.frame.is_none() {
        return Err(serde_json::Error::missing_field("frame"));
    }
    Ok(line)
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file could not be read.
    #[error("the recording {path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no object with a `frame`.
    #[error("line {line} of the recording is not an object with a \"frame\" text")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_to_play_needs_a_frame() {
        let played = "{\"frame\": \"{}\"}\n\n{\"dir\": \"out\"}";
        assert_eq!(played.parse::<Recording>().unwrap().len(), 2);
        for wrong in ["[]", "{\"fram\": \"{}\"}", "{\"dir\": \"in\"}", "1"] {
            let error = format!("\n{wrong}").parse::<Recording>().unwrap_err();
            assert!(error.to_string().starts_with("line 2 of"), "{error}");
        }
    }
}
