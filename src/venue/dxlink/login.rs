//! From the opened socket to the authorised session, in the strict order that the venue demands.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::feed::{CredentialError, Failure, Secret, Token};
use crate::{Error, ErrorKind, Interruption, Now};

/// A token is renewed this long before it expires.
const AHEAD: Duration = Duration::from_secs(3_600);
/// A renewal that has failed is tried again after this long.
const AGAIN: Duration = Duration::from_secs(60);

/// How far the login of a socket is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// SETUP has been sent. The venue answers with its own SETUP and the first AUTH_STATE.
    #[default]
    Setup,
    /// The venue wants a token, which is being fetched.
    Fetching,
    /// AUTH has been sent.
    Authorizing,
    Authorized,
}

/// The login of one connection after the other.
#[derive(Debug, Default)]
pub(super) struct Login {
    stage: Stage,
    /// Whether there is somebody to ask for a token.
    provided: bool,
    token: Option<Token>,
    /// The venue refused the last token; a second refusal in a row is final, to a feed that has not been
    /// live before.
    refused: bool,
    renew_at: Option<Instant>,
    /// A token that is to replace the one in use is being fetched.
    renewing: bool,
}

/// What the login wants done.
#[derive(Debug)]
pub(super) enum Step {
    Nothing,
    /// Ask for a token; `refused` if the venue did not take the last one.
    Fetch {
        refused: bool,
    },
    /// Send AUTH.
    Authorize(Secret),
    /// Requests may be sent.
    Live,
    Fail(Failure),
}

impl Login {
    pub(super) fn new(provided: bool) -> Self {
        Self {
            provided,
            ..Self::default()
        }
    }

    /// A socket was opened. The token is fetched while the venue answers SETUP.
    pub(super) fn open(&mut self) -> Step {
        self.stage = Stage::Setup;
        (self.token, self.renew_at, self.renewing) = (None, None, false);
        if self.provided {
            Step::Fetch {
                refused: self.refused,
            }
        } else {
            Step::Nothing
        }
    }

    /// AUTH_STATE UNAUTHORIZED: before AUTH it asks for a token, after it it refuses one.
    pub(super) fn unauthorized(&mut self) -> Step {
        match self.stage {
            Stage::Setup if !self.provided => {
                self.refuse("the endpoint demands a token, and none was given")
            }
            Stage::Setup => match &self.token {
                Some(token) => {
                    self.stage = Stage::Authorizing;
                    Step::Authorize(token.secret.clone())
                }
                None => {
                    self.stage = Stage::Fetching;
                    Step::Nothing
                }
            },
            Stage::Fetching => Step::Nothing,
            Stage::Authorizing => self.refuse("the venue refused the token"),
            // It has expired or was revoked, and nobody says since when data is missing: another
            // connection does.
            Stage::Authorized => self.refuse("the venue takes the token no longer"),
        }
    }

    /// The venue did not take the token, whatever its words.
    pub(super) fn refuse(&mut self, why: &str) -> Step {
        let again = std::mem::replace(&mut self.refused, true);
        let failure = if again || !self.provided {
            Failure::Fatal(auth(why))
        } else {
            Failure::Retry(Interruption::Login { error: why.into() })
        };
        Step::Fail(failure)
    }

    /// Words of the venue without the token, should it be quoted in them.
    pub(super) fn redact<'a>(&self, words: &'a str) -> Cow<'a, str> {
        let secret = self.token.as_ref().map(|token| token.secret.expose());
        match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) if words.contains(secret) => Cow::Owned(words.replace(secret, "…")),
            _ => Cow::Borrowed(words),
        }
    }

    /// AUTH_STATE AUTHORIZED.
    pub(super) fn authorized(&mut self, now: Now) -> Step {
        let first = self.stage != Stage::Authorized;
        self.stage = Stage::Authorized;
        self.refused = false;
        self.renewing = false;
        let expires = self.token.as_ref().and_then(|token| token.expires);
        self.renew_at = expires.map(|at| {
            let left = at.duration_since(now.wall);
            // A token that lives for less than twice that is renewed in the middle of its life.
            now.instant + left.saturating_sub(AHEAD.min(left / 2))
        });
        if first { Step::Live } else { Step::Nothing }
    }

    /// Whether the venue has refused the last token.
    #[cfg(feature = "tastytrade")]
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// The token that was asked for, or why there is none.
    pub(super) fn fetched(&mut self, token: Result<Token, CredentialError>, now: Now) -> Step {
        match token {
            Ok(token) => {
                let secret = token.secret.clone();
                self.token = Some(token);
                self.renewing = false;
                match self.stage {
                    Stage::Fetching => {
                        self.stage = Stage::Authorizing;
                        Step::Authorize(secret)
                    }
                    // Renewed ahead of its end: the venue takes a new AUTH at any time.
                    Stage::Authorized => Step::Authorize(secret),
                    Stage::Setup | Stage::Authorizing => Step::Nothing,
                }
            }
            // The one that was to be renewed is still good.
            Err(error) if error.is_retryable() && self.stage == Stage::Authorized => {
                tracing::warn!(%error, "a token could not be renewed ahead of its end");
                self.renewing = false;
                self.renew_at = Some(now.instant + AGAIN);
                Step::Nothing
            }
            Err(error) => Step::Fail(error.into_failure()),
        }
    }

    /// When the token is to be renewed.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        self.renew_at
    }

    /// Asks for a new token if it is time.
    pub(super) fn timeout(&mut self, now: Now) -> Step {
        // One fetch at a time: if it does not return, the token is good until the venue says otherwise.
        if !self.renewing && self.renew_at.is_some_and(|at| at <= now.instant) {
            (self.renew_at, self.renewing) = (None, true);
            return Step::Fetch { refused: false };
        }
        Step::Nothing
    }
}

fn auth(why: &str) -> Error {
    Error::new(ErrorKind::Auth(why.to_owned()))
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

    fn token(name: &str, life: Option<u64>) -> Token {
        Token {
            expires: life.map(|life| Timestamp::EPOCH.saturating_add(Duration::from_secs(life))),
            ..Token::new(name)
        }
    }

    #[test]
    fn without_a_token_the_first_state_decides() {
        let mut login = Login::new(false);
        assert!(matches!(login.open(), Step::Nothing));
        let fatal = login.unauthorized();
        assert!(matches!(fatal, Step::Fail(Failure::Fatal(_))));
        let mut login = Login::new(false);
        login.open();
        assert!(matches!(login.authorized(now()), Step::Live));
    }

    #[test]
    fn auth_waits_for_the_venue_and_for_the_token() {
        let mut login = Login::new(true);
        assert!(matches!(login.open(), Step::Fetch { refused: false }));
        assert!(matches!(
            login.fetched(Ok(token("a", None)), now()),
            Step::Nothing
        ));
        assert!(matches!(login.unauthorized(), Step::Authorize(secret) if secret.expose() == "a"));
        assert!(matches!(login.authorized(now()), Step::Live));

        login.open();
        assert!(matches!(login.unauthorized(), Step::Nothing));
        assert!(
            matches!(login.fetched(Ok(token("b", None)), now()), Step::Authorize(secret) if secret.expose() == "b")
        );
    }

    #[test]
    fn one_refusal_is_retried_with_a_new_token_and_two_are_final() {
        let mut login = Login::new(true);
        login.open();
        login.fetched(Ok(token("a", None)), now());
        login.unauthorized();
        assert!(matches!(
            login.unauthorized(),
            Step::Fail(Failure::Retry(_))
        ));
        assert!(matches!(login.open(), Step::Fetch { refused: true }));
        login.fetched(Ok(token("b", None)), now());
        login.unauthorized();
        assert!(matches!(
            login.unauthorized(),
            Step::Fail(Failure::Fatal(_))
        ));
    }

    #[test]
    fn a_token_that_is_taken_no_longer_ends_the_session_and_not_the_feed() {
        let mut login = Login::new(true);
        let now = now();
        let at = |secs| Now {
            instant: now.instant + Duration::from_secs(secs),
            ..now
        };
        login.open();
        login.fetched(Ok(token("a", None)), now);
        login.unauthorized();
        login.authorized(now);
        let retry = login.unauthorized();
        assert!(matches!(retry, Step::Fail(Failure::Retry(_))));
        assert!(matches!(login.open(), Step::Fetch { refused: true }));
        login.fetched(Ok(token("b", None)), at(2));
        login.unauthorized();
        assert!(matches!(login.authorized(at(2)), Step::Live));
        assert!(matches!(login.open(), Step::Fetch { refused: false }));
    }

    #[test]
    fn the_token_is_not_quoted_in_errors() {
        let mut login = Login::new(true);
        login.open();
        login.fetched(Ok(token("SENTINEL", None)), now());
        assert_eq!(login.redact("token SENTINEL is old"), "token … is old");
        assert_eq!(login.redact("no"), "no");
    }

    #[test]
    fn a_renewal_that_never_returns_is_not_asked_for_again_and_again() {
        let mut login = Login::new(true);
        let now = now();
        let at = |secs| Now {
            instant: now.instant + Duration::from_secs(secs),
            ..now
        };
        login.open();
        login.fetched(Ok(token("a", Some(7_200))), now);
        login.unauthorized();
        login.authorized(now);
        let fetch = login.timeout(at(3_600));
        assert!(matches!(fetch, Step::Fetch { refused: false }));
        assert_eq!(login.renew_at(), None);
        assert!(matches!(login.timeout(at(9_000)), Step::Nothing));
        // When the venue has enough of the old one, another connection asks for another.
        let retry = login.unauthorized();
        assert!(matches!(retry, Step::Fail(Failure::Retry(_))));
        assert!(matches!(login.open(), Step::Fetch { refused: true }));
    }

    #[test]
    fn a_token_is_renewed_ahead_of_its_end() {
        let day = 86_400;
        let mut login = Login::new(true);
        login.open();
        login.fetched(Ok(token("a", Some(day))), now());
        login.unauthorized();
        let now = now();
        login.authorized(now);
        let at = now.instant + Duration::from_secs(day) - AHEAD;
        assert_eq!(login.renew_at(), Some(at));
        assert!(matches!(login.timeout(now), Step::Nothing));
        let later = Now { instant: at, ..now };
        assert!(matches!(
            login.timeout(later),
            Step::Fetch { refused: false }
        ));
        assert!(matches!(
            login.fetched(Ok(token("b", Some(2 * day))), later),
            Step::Authorize(_)
        ));
        assert!(matches!(login.authorized(later), Step::Nothing));
    }

    #[test]
    fn who_has_no_token_says_whether_it_may_have_one_later() {
        let mut login = Login::new(true);
        login.open();
        let retry = login.fetched(Err(CredentialError::retry("busy")), now());
        assert!(matches!(retry, Step::Fail(Failure::Retry(_))));
        let fatal = login.fetched(Err(CredentialError::fatal("unknown client")), now());
        assert!(matches!(fatal, Step::Fail(Failure::Fatal(_))));
    }

    #[test]
    fn a_renewal_that_fails_is_tried_again_on_the_open_socket() {
        let mut login = Login::new(true);
        login.open();
        login.fetched(Ok(token("a", Some(86_400))), now());
        login.unauthorized();
        let now = now();
        login.authorized(now);
        let failed = login.fetched(Err(CredentialError::retry("busy")), now);
        assert!(matches!(failed, Step::Nothing));
        assert_eq!(login.renew_at(), Some(now.instant + AGAIN));
        let fatal = login.fetched(Err(CredentialError::fatal("revoked")), now);
        assert!(matches!(fatal, Step::Fail(Failure::Fatal(_))));
    }
}
