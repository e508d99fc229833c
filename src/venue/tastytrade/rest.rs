//! tastytrade's REST interface: what every request carries, and what every answer looks like.
//!
//! Source: tastytrade's developer documentation, API overview.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request};
use serde::Deserialize;

use super::rest_error::RestError;
use crate::feed::Secret;
use crate::transport::Http;

/// Requests to the venue's REST interface.
#[derive(Debug)]
pub(super) struct Rest {
    http: Http,
    /// The version of the interface that is asked for.
    version: Option<HeaderValue>,
    /// What must not show in an error, even if the venue repeats it.
    secrets: Vec<Secret>,
}

impl Rest {
    pub(super) fn is_encrypted(&self) -> bool {
        self.http.is_encrypted()
    }

    pub(super) fn new(http: Http, version: Option<HeaderValue>, secrets: Vec<Secret>) -> Self {
        Self {
            http,
            version,
            secrets,
        }
    }

    /// The body of what a path holds, for the owner of an access token.
    pub(super) async fn get(
        &self,
        path: &'static str,
        access: &Secret,
    ) -> Result<Bytes, RestError> {
        let mut request = self.request(Method::GET, path, Bytes::new());
        let bearer = format!("Bearer {}", access.expose());
        let mut bearer =
            HeaderValue::from_str(&bearer).map_err(|_| RestError::unreadable(path, "its token"))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        self.send(path, request, Some(access)).await
    }

    /// The body of the answer to a JSON text.
    pub(super) async fn post(&self, path: &'static str, body: String) -> Result<Bytes, RestError> {
        let request = self.request(Method::POST, path, body.into());
        self.send(path, request, None).await
    }

    fn request(&self, method: Method, path: &'static str, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = hyper::Uri::from_static(path);
        let headers = request.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json.clone());
        headers.insert(header::ACCEPT, json);
        if let Some(version) = &self.version {
            headers.insert("accept-version", version.clone());
        }
        request
    }

    async fn send(
        &self,
        path: &'static str,
        request: Request<Full<Bytes>>,
        access: Option<&Secret>,
    ) -> Result<Bytes, RestError> {
        let response = self.http.send(request).await;
        let response = response.map_err(|source| RestError::Http { path, source })?;
        if response.status.is_success() {
            return Ok(response.body);
        }
        let secrets: Vec<&str> = self
            .secrets
            .iter()
            .chain(access)
            .map(Secret::expose)
            .collect();
        let refused = RestError::refused(path, response.status.as_u16(), &response.body, &secrets);
        Err(refused.with_advice(response.location.as_deref(), response.retry_after))
    }
}

/// What an answer holds: `{"data":…,"context":"/path"}`.
pub(super) fn data<'a, T: Deserialize<'a>>(
    path: &'static str,
    body: &'a [u8],
) -> Result<T, RestError> {
    #[derive(Deserialize)]
    struct Answer<T> {
        data: T,
    }
    match serde_json::from_slice::<Answer<T>>(body) {
        Ok(answer) => Ok(answer.data),
        Err(_) => Err(RestError::unreadable(path, "its data")),
    }
}
