//! Access tokens, which every request needs and which live for a quarter of an hour.
//!
//! Source: tastytrade's developer documentation, OAuth2.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::rest::Rest;
use super::rest_error::RestError;
use crate::Clock;
use crate::feed::{Secret, Token};

/// Where they come from.
pub(super) const PATH: &str = "/oauth/token";
/// How long one lives if the venue does not say.
const LIFE: Duration = Duration::from_secs(900);
/// One that has less than this ahead of it is not given any more.
pub(super) const AHEAD: Duration = Duration::from_secs(90);

/// A cache of one token. Whoever finds it empty waits for the one who is filling it.
#[derive(Debug)]
pub(super) struct AccessTokens {
    rest: Arc<Rest>,
    clock: Clock,
    client_secret: Secret,
    refresh_token: Secret,
    cached: Mutex<Option<Token>>,
}

impl AccessTokens {
    pub(super) fn new(
        rest: Arc<Rest>,
        clock: Clock,
        client_secret: Secret,
        refresh_token: Secret,
    ) -> Self {
        Self {
            rest,
            clock,
            client_secret,
            refresh_token,
            cached: Mutex::new(None),
        }
    }

    /// A token that is good now, and is not the one that the venue refused.
    pub(super) async fn get(&self, refused: Option<&Secret>) -> Result<Token, RestError> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = &*cached
            && refused != Some(&token.secret)
            && token
                .expires
                .is_none_or(|end| end.duration_since(self.clock.now().wall) > AHEAD)
        {
            return Ok(token.clone());
        }
        *cached = None;
        let token = self.refresh().await?;
        *cached = Some(token.clone());
        Ok(token)
    }

    /// The venue does not take this one, even though it is new.
    pub(super) async fn forget(&self, refused: &Secret) {
        let mut cached = self.cached.lock().await;
        cached.take_if(|token| token.secret == *refused);
    }

    async fn refresh(&self) -> Result<Token, RestError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: Option<f64>,
        }
        let unreadable = || RestError::unreadable(PATH, "its token");
        let body = grant(&self.client_secret, &self.refresh_token).map_err(|_| unreadable())?;
        // Its life begins no later than it is asked for.
        let asked = self.clock.now().wall;
        let body = self.rest.post(PATH, body).await?;
        let granted: Granted = serde_json::from_slice(&body).map_err(|_| unreadable())?;
        let life = granted
            .expires_in
            .and_then(|secs| Duration::try_from_secs_f64(secs).ok())
            .unwrap_or(LIFE);
        Ok(Token {
            secret: granted.access_token.into(),
            expires: Some(asked.saturating_add(life)),
        })
    }
}

/// What a token is asked for with. It must not be logged.
pub(super) fn grant(
    client_secret: &Secret,
    refresh_token: &Secret,
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Grant<'a> {
        grant_type: &'static str,
        refresh_token: &'a str,
        client_secret: &'a str,
    }
    serde_json::to_string(&Grant {
        grant_type: "refresh_token",
        refresh_token: refresh_token.expose(),
        client_secret: client_secret.expose(),
    })
}
