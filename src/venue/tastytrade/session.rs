//! What the client and its connections share: who the user is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::access::AccessTokens;
use super::quote_tokens::QuoteTokens;
use super::rest::Rest;
use super::rest_error::RestError;
use crate::Clock;
use crate::feed::{Secret, Token};

/// How often a call is tried, and how long it waits before the second time; twice that before the
/// third.
const TRIES: u32 = 3;
const WAIT: Duration = Duration::from_secs(1);
/// The longest wait before the next that the venue may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The user's tokens, and requests in the user's name.
#[derive(Debug)]
pub(super) struct Session {
    rest: Arc<Rest>,
    clock: Clock,
    access: AccessTokens,
    pub(super) quotes: QuoteTokens,
}

impl Session {
    pub(super) fn new(
        rest: Rest,
        clock: Clock,
        client_secret: Secret,
        refresh_token: Secret,
    ) -> Self {
        let rest = Arc::new(rest);
        let access = AccessTokens::new(
            Arc::clone(&rest),
            clock.clone(),
            client_secret,
            refresh_token,
        );
        Self {
            rest,
            clock,
            access,
            quotes: QuoteTokens::default(),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// An access token, other than the one that the venue refused.
    pub(super) async fn access(&self, refused: Option<&Secret>) -> Result<Token, RestError> {
        self.access.get(refused).await
    }

    /// Whether the interface is asked where nobody on the way can read along.
    pub(super) fn is_encrypted(&self) -> bool {
        self.rest.is_encrypted()
    }

    /// What a path holds. An access token that is refused is replaced once.
    pub(super) async fn get(&self, path: &'static str) -> Result<Bytes, RestError> {
        let token = self.access(None).await?;
        match self.rest.get(path, &token.secret).await {
            Err(error) if error.is_unauthorized() => {
                let token = self.access(Some(&token.secret)).await?;
                let answered = self.rest.get(path, &token.secret).await;
                if matches!(&answered, Err(error) if error.is_unauthorized()) {
                    self.access.forget(&token.secret).await;
                }
                answered
            }
            answered => answered,
        }
    }

    /// [`get`](Self::get), tried again when what went wrong may pass, unless the venue wants to be left
    /// alone for longer than a caller may wait.
    pub(super) async fn get_patiently(&self, path: &'static str) -> Result<Bytes, RestError> {
        let mut tried = 1;
        loop {
            match self.get(path).await {
                Err(error) if error.is_retryable() && tried < TRIES => {
                    let wait = error.retry_after().unwrap_or_default();
                    if wait > LONGEST_WAIT {
                        return Err(error);
                    }
                    tracing::debug!(%error, tried, "a request is tried again");
                    tokio::time::sleep(wait.max(WAIT * tried)).await;
                    tried += 1;
                }
                answered => return answered,
            }
        }
    }
}
