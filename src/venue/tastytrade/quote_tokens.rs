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

/// After so many connects in a row that came to nothing, the venue is asked where to connect.
const STRIKES: u32 = 3;

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
    /// How many connects in a row had come to nothing when the venue was asked last.
    asked_after: u32,
}

/// What the venue gives.
#[derive(Clone, Debug)]
pub(super) struct QuoteToken {
    pub(super) token: Token,
    pub(super) address: Address,
    pub(super) level: QuoteLevel,
}

impl QuoteTokens {
    /// Where to connect, with a token that has not been `refused`. After some `strikes`, connects in a
    /// row that came to nothing, the venue is asked whether it is somewhere else by now.
    pub(super) async fn address(
        &self,
        session: &Session,
        refused: bool,
        strikes: u32,
    ) -> Result<Address, RestError> {
        let mut cached = self.0.lock().await;
        if let Some(known) = good(&mut cached, session, refused) {
            // One that was live meanwhile began to count anew.
            known.asked_after = known.asked_after.min(strikes);
            if strikes - known.asked_after < STRIKES {
                return Ok(known.quote.address.clone());
            }
            known.asked_after = strikes;
        }
        let old = cached.clone();
        match fetch(&mut cached, session, strikes).await {
            Ok(new) => Ok(new.quote.address.clone()),
            // The venue says nothing new: the old address may work again.
            Err(error) if error.is_retryable() && old.is_some() => {
                tracing::debug!(%error, "the address of market data could not be asked for again");
                let address = old.as_ref().map(|old| old.quote.address.clone());
                *cached = old;
                address.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The token to log in with there, other than the one that the venue `refused`.
    pub(super) async fn token(&self, session: &Session, refused: bool) -> Result<Token, RestError> {
        let mut cached = self.0.lock().await;
        let known = match good(&mut cached, session, refused) {
            Some(known) => known,
            None => fetch(&mut cached, session, 0).await?,
        };
        known.used = true;
        Ok(known.quote.token.clone())
    }

    /// What kind of data there is.
    pub(super) async fn level(&self, session: &Session) -> Result<QuoteLevel, RestError> {
        let mut cached = self.0.lock().await;
        let known = match good(&mut cached, session, false) {
            Some(known) => known,
            None => fetch(&mut cached, session, 0).await?,
        };
        Ok(known.quote.level.clone())
    }
}

/// What is cached, if it can be given. What the venue has refused is forgotten.
fn good<'a>(
    cached: &'a mut Option<Cached>,
    session: &Session,
    refused: bool,
) -> Option<&'a mut Cached> {
    let now = session.clock().now().wall;
    cached.take_if(|known| refused && known.used || now >= known.until);
    cached.as_mut()
}

/// Asks the venue, and keeps what it says. Nothing is cached while it is asked, or if that fails.
async fn fetch<'a>(
    cached: &'a mut Option<Cached>,
    session: &Session,
    strikes: u32,
) -> Result<&'a mut Cached, RestError> {
    *cached = None;
    let now = session.clock().now().wall;
    let body = session.get(PATH).await?;
    let quote = parse(&body, now)?;
    if session.is_encrypted() && !quote.address.is_encrypted() {
        // The token would be sent in clear.
        return Err(RestError::unreadable(
            PATH,
            "its dxlink-url, which is not wss",
        ));
    }
    tracing::info!(level = %quote.level, address = ?quote.address, "a new quote token");
    let end = quote.token.expires.unwrap_or(Timestamp::MAX);
    let ahead = AHEAD.min(end.duration_since(now) / 2);
    Ok(cached.insert(Cached {
        quote,
        until: end.saturating_sub(ahead),
        used: false,
        asked_after: strikes,
    }))
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
