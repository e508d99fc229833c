//! tastytrade's REST calls.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::TastytradeFault;
use super::account::Account;
use super::venue::TastytradeVenue;
use crate::sim::Fault;
use crate::sim::core::Core;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::venue::{RestRequest, RestResponse};

impl TastytradeVenue {
    pub(super) fn answer(&mut self, core: &mut Core, request: &RestRequest) -> RestResponse {
        self.calls
            .push(format!("{} {}", request.method, request.path));
        // The proxy in front of it wants to know who asks.
        if request.header("user-agent").is_none_or(str::is_empty) {
            core.breach(None, BreachKind::Malformed, "no User-Agent");
            let body = "<html><head><title>401 Authorization Required</title></head></html>";
            let mut response = RestResponse::with_status(StatusCode::UNAUTHORIZED, body.into());
            response.headers.push(("content-type", "text/html".into()));
            return response;
        }
        let version = request.header("accept-version");
        let is_version = |text: &str| text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
        if version.is_some_and(|version| !is_version(version)) {
            let text = "This version is not available.";
            return error(StatusCode::NOT_ACCEPTABLE, "version_not_acceptable", text);
        }
        let path = request.path.trim_end_matches('/');
        if matches!(path, "/oauth/token" | "/api-quote-tokens") {
            let now = core.now().instant;
            let down = |fault: &Fault| matches!(fault, Fault::Tastytrade(_));
            if let Some(Fault::Tastytrade(TastytradeFault::TokenOutage { status, .. })) =
                core.rules.take(None, now, down)
            {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
                return error(status, "token_invalid", "This token is not valid.");
            }
        }
        if path == "/oauth/token" {
            return self.token(core, request);
        }
        let token = request.header("authorization");
        let token = token.and_then(|token| token.strip_prefix("Bearer "));
        let now = core.now().instant;
        if !token.is_some_and(|token| self.tokens.is_good(token, now)) {
            core.breach(None, BreachKind::Unauthorized, path);
            let text = "This request needs an access token that has not expired.";
            return error(StatusCode::UNAUTHORIZED, "token_invalid", text);
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (&request.method, parts.as_slice()) {
            (&Method::GET, ["api-quote-tokens"]) => self.quote_token(core),
            (&Method::GET, ["customers", "me"]) => success(
                path,
                &json!({ "id": "me", "external-id": self.user(), "first-name": "Simulated" }),
            ),
            (&Method::POST, ["sessions", "validate"]) => success(
                path,
                &json!({ "external-id": self.user(), "username": "simulated" }),
            ),
            (&Method::GET, ["customers", "me", "accounts"]) => {
                let item = |account: &Account| json!({ "account": account.describe(), "authority-level": "owner" });
                list(path, &self.accounts.values().map(item).collect::<Vec<_>>())
            }
            (&Method::GET, ["customers", "me", "accounts", number]) => {
                self.of_account(path, number, |account| success(path, &account.describe()))
            }
            (
                &Method::GET,
                ["accounts", number, "balances"] | ["accounts", number, "balances", "USD"],
            ) => self.of_account(path, number, |account| {
                success(path, &account.balance.data.clone().into())
            }),
            (&Method::GET, ["accounts", number, "positions"]) => {
                self.of_account(path, number, |account| list(path, &account.positions()))
            }
            (&Method::GET, ["accounts", number, "orders"]) => {
                self.of_account(path, number, |account| list(path, &account.orders(false)))
            }
            (&Method::GET, ["accounts", number, "orders", "live"]) => {
                self.of_account(path, number, |account| list(path, &account.orders(true)))
            }
            (&Method::GET, ["accounts", number, "orders", id]) => {
                self.of_account(path, number, |account| match account.order(id) {
                    Some(order) => success(path, &order),
                    None => not_found(),
                })
            }
            (&Method::GET, ["accounts", number, "complex-orders", ..]) => {
                self.of_account(path, number, |_| list(path, &[]))
            }
            _ => not_found(),
        }
    }

    /// `POST /oauth/token`: the refresh token stays the same, the access token is new.
    fn token(&mut self, core: &mut Core, request: &RestRequest) -> RestResponse {
        let body = String::from_utf8_lossy(&request.body);
        let body = serde_json::from_str(&body).unwrap_or_else(|_| form(&body));
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        if request.method != Method::POST || text("grant_type") != Some("refresh_token") {
            core.breach(None, BreachKind::Malformed, "not a refresh grant");
            let text = "Only refresh grants are served.";
            return error(StatusCode::BAD_REQUEST, "unsupported_grant_type", text);
        }
        let known = text("refresh_token") == Some(&self.tokens.refresh);
        if !known || text("client_secret") != Some(&self.tokens.secret) {
            core.breach(None, BreachKind::Unauthorized, "wrong credentials");
            let text = "The refresh token or the client secret is wrong.";
            return error(StatusCode::BAD_REQUEST, "invalid_grant", text);
        }
        let token = self.tokens.access(core);
        let body = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": super::tokens::ACCESS.as_secs(),
        });
        RestResponse::json(body.to_string())
    }

    fn quote_token(&mut self, core: &mut Core) -> RestResponse {
        if !self.customer {
            let text = "You must be a customer to access a quote stream.";
            let code = "quote_streamer.customer_not_found_error";
            return error(StatusCode::FORBIDDEN, code, text);
        }
        let token = self.tokens.quotes(core, &mut self.dxlink);
        let now = core.times().now;
        let data = json!({
            "token": token,
            "dxlink-url": self.dxlink_url,
            "level": self.level,
            "issued-at": super::times::iso(now),
            "expires-at": super::times::iso(now.saturating_add(super::tokens::QUOTES)),
        });
        success("/api-quote-tokens", &data)
    }

    fn of_account(
        &self,
        path: &str,
        number: &str,
        answer: impl FnOnce(&Account) -> RestResponse,
    ) -> RestResponse {
        match self.accounts.get(number) {
            Some(account) => answer(account),
            None => error(
                StatusCode::FORBIDDEN,
                "not_permitted",
                &format!("There is no account for {path}."),
            ),
        }
    }

    fn user(&self) -> &str {
        &self.dxlink.switches.user
    }
}

fn success(path: &str, data: &Value) -> RestResponse {
    RestResponse::json(json!({ "data": data, "context": path }).to_string())
}

fn list(path: &str, items: &[Value]) -> RestResponse {
    success(path, &json!({ "items": items }))
}

fn not_found() -> RestResponse {
    let text = "There is nothing under this path.";
    error(StatusCode::NOT_FOUND, "not_found", text)
}

fn error(status: StatusCode, code: &str, message: &str) -> RestResponse {
    let body = json!({ "error": { "code": code, "message": message } });
    RestResponse::with_status(status, body.to_string())
}

/// A form's fields. Credentials of a simulator need no escapes.
fn form(text: &str) -> Value {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
