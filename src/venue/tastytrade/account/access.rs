//! The access token of a connection: who has it, when it is renewed, and when the venue refuses it.

use std::time::{Duration, Instant};

use crate::feed::{CredentialError, Failure, Secret, Token};
use crate::venue::tastytrade::{VENUE, access};
use crate::{Error, ErrorKind, Interruption, Now};

/// It is renewed this long before its end: when the cache of tokens does not give it any more.
const AHEAD: Duration = Duration::from_secs(access::AHEAD.as_secs() - 10);
/// A renewal that has failed is tried again after this long.
const AGAIN: Duration = Duration::from_secs(20);

/// The access token of one connection after the other.
#[derive(Debug, Default)]
pub(super) struct Access {
    token: Option<Token>,
    /// The venue refused the last token; a second refusal in a row is final.
    refused: bool,
    renew_at: Option<Instant>,
}

impl Access {
    /// A socket was opened; which token must not be given again.
    pub(super) fn open(&mut self) -> Option<Secret> {
        self.renew_at = None;
        let last = self.token.take();
        last.filter(|_| self.refused).map(|token| token.secret)
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        self.token.as_ref().map(|token| &token.secret)
    }

    /// The venue has taken the token.
    pub(super) fn accepted(&mut self) {
        self.refused = false;
    }

    /// The venue has not taken the token, in these words.
    pub(super) fn refuse(&mut self, words: &str) -> Failure {
        if std::mem::replace(&mut self.refused, true) {
            let error = Error::new(ErrorKind::Auth(words.to_owned()));
            Failure::Fatal(error.with_venue(VENUE))
        } else {
            Failure::Retry(Interruption::Login {
                error: words.into(),
            })
        }
    }

    /// A token has come, or why there is none. `live` if there is one already.
    pub(super) fn fetched(
        &mut self,
        token: Result<Token, CredentialError>,
        now: Now,
        live: bool,
    ) -> Result<(), Failure> {
        match token {
            Ok(token) => {
                self.renew_at = token.expires.map(|end| {
                    let left = end.duration_since(now.wall);
                    // One that lives for less than twice that is renewed in the middle of its life.
                    now.instant + left.saturating_sub(AHEAD.min(left / 2))
                });
                self.token = Some(token);
                Ok(())
            }
            Err(error) if error.is_retryable() && live => {
                tracing::warn!(%error, "an access token could not be renewed ahead of its end");
                self.renew_at = Some(now.instant + AGAIN);
                Ok(())
            }
            Err(error) => Err(error.into_failure()),
        }
    }

    pub(super) fn renew_at(&self) -> Option<Instant> {
        self.renew_at
    }

    /// Whether it is time for another one.
    pub(super) fn is_due(&mut self, now: Now) -> bool {
        let due = self.renew_at.is_some_and(|at| at <= now.instant);
        if due {
            self.renew_at = None;
        }
        due
    }
}

/// Whether these words of the venue are about the token.
///
/// `Unknown domain` is its answer to a token without `Bearer`, and `failed` to one that is not good.
pub(super) fn is_about_token(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    matches!(words.as_str(), "failed" | "unknown domain")
        || ["token", "unauthorized", "expired"]
            .iter()
            .any(|word| words.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn now() -> Now {
        Now {
            instant: Instant::now(),
            wall: Timestamp::EPOCH,
        }
    }

    fn token(name: &str) -> Token {
        Token {
            expires: Timestamp::from_secs(900),
            ..Token::new(name)
        }
    }

    #[test]
    fn a_token_is_renewed_when_the_cache_no_longer_gives_it() {
        let (mut access, now) = (Access::default(), now());
        assert_eq!(access.open(), None);
        assert!(access.fetched(Ok(token("a")), now, false).is_ok());
        let at = now.instant + Duration::from_secs(900) - AHEAD;
        assert_eq!(access.renew_at(), Some(at));
        assert!(!access.is_due(now));
        assert!(access.is_due(Now { instant: at, ..now }));
        let busy = access.fetched(Err(CredentialError::retry("busy")), now, true);
        assert!(busy.is_ok());
        assert_eq!(access.secret().map(Secret::expose), Some("a"));
        assert_eq!(access.renew_at(), Some(now.instant + AGAIN));
    }

    #[test]
    fn two_refusals_in_a_row_are_final() {
        let (mut access, now) = (Access::default(), now());
        access.open();
        assert!(access.fetched(Ok(token("a")), now, false).is_ok());
        assert!(matches!(access.refuse("failed"), Failure::Retry(_)));
        assert_eq!(access.open(), Some(Secret::from("a")));
        assert!(access.fetched(Ok(token("b")), now, false).is_ok());
        let Failure::Fatal(error) = access.refuse("failed") else {
            panic!()
        };
        assert!(matches!(error.kind(), ErrorKind::Auth(_)));
        access.accepted();
        assert!(matches!(access.refuse("failed"), Failure::Retry(_)));
    }

    #[test]
    fn without_credentials_it_is_over() {
        let mut access = Access::default();
        let fatal = access.fetched(Err(CredentialError::fatal("revoked")), now(), true);
        assert!(matches!(fatal, Err(Failure::Fatal(_))));
        let retry = access.fetched(Err(CredentialError::retry("busy")), now(), false);
        assert!(matches!(retry, Err(Failure::Retry(_))));
    }
}
