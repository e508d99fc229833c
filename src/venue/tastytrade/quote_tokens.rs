//! Quote tokens, which DXLink wants, and where they are good.
//!
//! Source: tastytrade's developer documentation, Streaming Market Data.

use std::time::Duration;

use tokio::sync::Mutex;

use super::fields::Fields;
use super::rest::data;
use super::rest_error::RestError;
use super::session::Session;
use super::words::QuoteLevel;
use crate::Timestamp;
use crate::feed::{Secret, Token};
use crate::transport::Address;

/// Where they come from. `/quote-streamer-tokens` is not for users of the interface.
const PATH: &str = "/api-quote-tokens";
/// How long one lives.
const LIFE: Duration = Duration::from_secs(24 * 3_600);
/// One that has less than this, or than half of its life, ahead of it is not given any more. A login
/// renews its token an hour ahead of its end and must find the cache empty then.
const AHEAD: Duration = Duration::from_secs(3_600 + 60);

/// A cache of one token, asked at every connect. Whoever finds it empty waits for the one who is
/// filling it.
#[derive(Debug, Default)]
pub(super) struct QuoteTokens(Mutex<Option<Cached>>);

#[derive(Clone, Debug)]
struct Cached {
    quote: QuoteToken,
    /// When it is not given any more.
    until: Timestamp,
    /// It has been sent: if the venue has refused one, it may have been this.
    used: bool,
}

/// What the venue gives.
#[derive(Clone, Debug)]
pub(super) struct QuoteToken {
    pub(super) token: Token,
    pub(super) address: Address,
    pub(super) level: QuoteLevel,
}

impl QuoteTokens {
    /// Where to connect, with a token that has not been `refused`.
    pub(super) async fn address(
        &self,
        session: &Session,
        refused: bool,
    ) -> Result<Address, RestError> {
        Ok(self.get(session, refused, false).await?.address)
    }

    /// The token to log in with there, other than the one that the venue `refused`.
    pub(super) async fn token(&self, session: &Session, refused: bool) -> Result<Token, RestError> {
        Ok(self.get(session, refused, true).await?.token)
    }

    /// What kind of data there is.
    pub(super) async fn level(&self, session: &Session) -> Result<QuoteLevel, RestError> {
        Ok(self.get(session, false, false).await?.level)
    }

    async fn get(
        &self,
        session: &Session,
        refused: bool,
        using: bool,
    ) -> Result<QuoteToken, RestError> {
        let mut cached = self.0.lock().await;
        let now = session.clock().now().wall;
        let is_good = |cached: &Cached| !(refused && cached.used) && now < cached.until;
        if let Some(cached) = cached.as_mut().filter(|cached| is_good(cached)) {
            cached.used |= using;
            return Ok(cached.quote.clone());
        }
        *cached = None;
        let body = session.get(PATH).await?;
        let quote = parse(&body, now)?;
        tracing::info!(level = %quote.level, address = ?quote.address, "a new quote token");
        let end = quote.token.expires.unwrap_or(Timestamp::MAX);
        let ahead = AHEAD.min(end.duration_since(now) / 2);
        *cached = Some(Cached {
            quote: quote.clone(),
            until: end.saturating_sub(ahead),
            used: using,
        });
        Ok(quote)
    }
}

/// Reads the venue's answer to a request made at `now`.
pub(super) fn parse(body: &[u8], now: Timestamp) -> Result<QuoteToken, RestError> {
    let mut fields: Fields<'_> = data(PATH, body)?;
    let token = fields.text("token");
    let token = token.ok_or(RestError::unreadable(PATH, "its token"))?;
    let address = fields.text("dxlink-url");
    let address = address.and_then(|url| Address::parse(&url).ok());
    let address = address.ok_or(RestError::unreadable(PATH, "its dxlink-url"))?;
    let latest = now.saturating_add(LIFE);
    let named = fields.time("expires-at").filter(|end| *end > now);
    Ok(QuoteToken {
        token: Token {
            secret: Secret::new(token.as_str()),
            expires: Some(named.map_or(latest, |end| end.min(latest))),
        },
        address,
        level: fields.word("level").unwrap_or(QuoteLevel::Api),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_with_its_address_and_end() {
        let body = br#"{"data":{"token":"t","dxlink-url":"wss://md.example/realtime","level":"demo","expires-at":"1970-01-01T10:00:00.000+00:00"},"context":"/api-quote-tokens"}"#;
        let quote = parse(body, Timestamp::EPOCH).unwrap();
        assert_eq!(quote.address.endpoint(), "wss://md.example:443");
        assert_eq!(quote.level, QuoteLevel::Demo);
        assert_eq!(quote.token.expires, Timestamp::from_secs(36_000));
        let later = Timestamp::from_secs(90_000).unwrap();
        let quote = parse(body, later).unwrap();
        assert_eq!(quote.token.expires, Some(later.saturating_add(LIFE)));
    }

    #[test]
    fn an_answer_that_lacks_something_is_told_without_the_rest() {
        for body in [
            "",
            r#"{"data":{"token":"t"}}"#,
            r#"{"data":{"token":"t","dxlink-url":"http://x"}}"#,
            r#"{"data":{"dxlink-url":"wss://x"}}"#,
        ] {
            let error = parse(body.as_bytes(), Timestamp::EPOCH).unwrap_err();
            assert!(error.is_retryable(), "{error}");
        }
    }
}
