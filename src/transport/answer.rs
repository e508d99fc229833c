//! What a server says instead of an upgrade.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::header::{CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use tokio_tungstenite::tungstenite::http::{HeaderMap, StatusCode};

use super::quoted::quoted;
use super::reach::Place;
use super::retry_after::retry_after;
use super::{Address, ConnectError, Io};

/// Most bytes of a body that are looked at.
const BODY: usize = 4 << 10;
/// How long the rest of a body may take.
const REST: Duration = Duration::from_secs(1);

/// An HTTP answer other than 101.
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Takes what has come of it, and reads what words there are in the rest.
    pub(super) async fn read(response: Response, io: Option<Box<dyn Io>>) -> Self {
        let (head, body) = response.into_parts();
        let mut answer = Self {
            status: head.status,
            headers: head.headers,
            body: body.unwrap_or_default(),
        };
        if let Some(mut io) = io
            && !answer.is_redirect()
        {
            let rest = async {
                while answer.body.len() < answer.announced().min(BODY) {
                    match io.read_buf(&mut answer.body).await {
                        Ok(1..) => {}
                        Ok(0) | Err(_) => break,
                    }
                }
            };
            // Without the rest it says less.
            let _ = tokio::time::timeout(REST, rest).await;
        }
        answer
    }

    /// How long its body is, as far as it tells.
    fn announced(&self) -> usize {
        if self.is_chunked() {
            // One chunk is enough.
            let begun = httparse::parse_chunk_size(&self.body);
            return match begun {
                Ok(httparse::Status::Complete((start, size))) => {
                    start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX))
                }
                Ok(httparse::Status::Partial) => usize::MAX,
                Err(_) => 0,
            };
        }
        let length = self.headers.get(CONTENT_LENGTH);
        length.map_or(usize::MAX, |length| {
            length
                .to_str()
                .ok()
                .and_then(|length| length.parse().ok())
                .unwrap_or(0)
        })
    }

    fn is_chunked(&self) -> bool {
        self.headers.contains_key(TRANSFER_ENCODING)
    }

    fn is_redirect(&self) -> bool {
        matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308)
    }

    /// Where it sends the client, if it does.
    pub(super) fn location(&self) -> Option<&str> {
        let location = self.headers.get(LOCATION).filter(|_| self.is_redirect());
        location?.to_str().ok()
    }

    /// The server's own words.
    fn words(&self, address: &Address) -> String {
        let mut body = &self.body[..];
        if self.is_chunked()
            && let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(body)
        {
            body = &body[start..];
            body = &body[..body.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
        }
        let text = String::from_utf8_lossy(&body[..body.len().min(BODY)]);
        quoted(title(&text).unwrap_or(&text), address.secrets())
    }

    /// As the error of an attempt to reach `address`.
    pub(super) fn into_error(self, address: &Address, place: &Place) -> ConnectError {
        let mut cause = format!("{place} answered the upgrade with HTTP {}", self.status);
        let words = self.words(address);
        let reason = self.status.canonical_reason().unwrap_or_default();
        if !words.is_empty() && !words.eq_ignore_ascii_case(reason) {
            cause.push_str(": ");
            cause.push_str(&words);
        }
        let after = retry_after(&self.headers);
        if let Some(after) = after {
            cause.push_str(&format!(" (to be asked again after {after:?})"));
        }
        if self.status.is_server_error() {
            place.blame();
        }
        let passing = self.status.is_server_error()
            || matches!(self.status.as_u16(), 408 | 425 | 429)
            || after.is_some();
        let error = if passing {
            ConnectError::retryable(cause)
        } else {
            ConnectError::terminal(cause)
        };
        error.with_retry_after(after)
    }
}

/// What a page of HTML is about; nothing if it does not say.
fn title(text: &str) -> Option<&str> {
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let between = || {
        let start = text.find("<title")?;
        let start = start + text[start..].find('>')? + 1;
        let length = text[start..].find("</title")?;
        Some(&text[start..start + length])
    };
    Some(between().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_by_its_title() {
        let page = "\n<!DOCTYPE html><html><head><title lang=en>Sorry</title></head>";
        assert_eq!(title(page), Some("Sorry"));
        assert_eq!(title("<html><body>x</body>"), Some(""));
        assert_eq!(title("error code: 1015"), None);
    }
}
