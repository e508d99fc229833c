//! Gate's public REST calls.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::json;

use super::push;
use super::rest_reference::{EMPTY, currencies, instrument};
use super::rest_rows::{candles, trades};
use super::venue::GateVenue;
use crate::Decimal;
use crate::market::Side;
use crate::sim::Fault;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::venue::{RestRequest, RestResponse};
use crate::sim::core::{Core, Times};
use crate::sim::market::Pair;

const PREFIX: &str = "/api/v4";

/// What needs a signature, which this simulator does not accept: whole paths, or the beginnings of
/// longer ones.
const PRIVATE: [&str; 17] = [
    "/account",
    "/spot/account_book",
    "/spot/accounts",
    "/spot/amend_batch_orders",
    "/spot/batch_fee",
    "/spot/batch_orders",
    "/spot/cancel_batch_orders",
    "/spot/countdown_cancel_all",
    "/spot/cross_liquidate_orders",
    "/spot/fee",
    "/spot/my_trades",
    "/spot/open_orders",
    "/spot/orders",
    "/spot/price_orders",
    "/sub_accounts",
    "/unified",
    "/wallet",
];

/// Requests an endpoint answers in a window.
const REQUESTS: usize = 200;
const WINDOW: Duration = Duration::from_secs(10);

/// The requests of the last window, per endpoint.
#[derive(Debug, Default)]
pub(super) struct Limits {
    recent: BTreeMap<String, VecDeque<Instant>>,
}

impl Limits {
    /// How many requests remain after this one; an error says when the window ends.
    fn take(&mut self, endpoint: &str, now: Instant) -> Result<usize, Duration> {
        let recent = self.recent.entry(endpoint.to_owned()).or_default();
        while recent.front().is_some_and(|first| *first + WINDOW <= now) {
            recent.pop_front();
        }
        match recent.front() {
            Some(first) if recent.len() >= REQUESTS => Err(*first + WINDOW - now),
            _ => {
                recent.push_back(now);
                Ok(REQUESTS - recent.len())
            }
        }
    }
}

impl GateVenue {
    pub(super) fn answer(&mut self, core: &mut Core, request: &RestRequest) -> RestResponse {
        let Some(path) = request.path.strip_prefix(PREFIX) else {
            return error(StatusCode::NOT_FOUND, "URL_NOT_FOUND", "no such path");
        };
        let private = |root: &str| {
            let rest = path.strip_prefix(root);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if PRIVATE.iter().any(|root| private(root)) {
            let text = "Invalid key provided";
            return error(StatusCode::UNAUTHORIZED, "INVALID_KEY", text);
        }
        if request.method != Method::GET {
            let text = "only GET is served";
            return error(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", text);
        }
        let (endpoint, name) = ["/spot/currency_pairs", "/spot/currencies"]
            .into_iter()
            .find_map(|list| Some((list, Some(path.strip_prefix(list)?.strip_prefix('/')?))))
            .unwrap_or((path, None));
        let now = core.now();
        let endpoint_known = matches!(
            endpoint,
            "/spot/time"
                | "/spot/currencies"
                | "/spot/currency_pairs"
                | "/spot/tickers"
                | "/spot/order_book"
                | "/spot/trades"
                | "/spot/candlesticks"
        ) || EMPTY.contains(&endpoint);
        if !endpoint_known {
            return error(StatusCode::NOT_FOUND, "URL_NOT_FOUND", "no such path");
        }
        let (remain, reset) = match self.limits.take(endpoint, now.instant) {
            Ok(remain) => (Some(remain), now.wall.saturating_add(WINDOW)),
            Err(wait) => (None, now.wall.saturating_add(wait)),
        };
        let mut response = match remain {
            Some(_) => self.serve(core, endpoint, name, request),
            None => {
                core.breach(None, BreachKind::TooManyRequests, endpoint);
                let text = "Request Rate limit Exceeded";
                error(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", text)
            }
        };
        response.headers = vec![
            (
                "x-gate-ratelimit-requests-remain",
                remain.unwrap_or(0).to_string(),
            ),
            ("x-gate-ratelimit-limit", REQUESTS.to_string()),
            (
                "x-gate-ratelimit-reset-timestamp",
                reset.as_secs().to_string(),
            ),
        ];
        response
    }

    fn serve(
        &mut self,
        core: &mut Core,
        endpoint: &str,
        named: Option<&str>,
        request: &RestRequest,
    ) -> RestResponse {
        let times = core.times();
        self.market.roll(core.now().wall);
        match endpoint {
            "/spot/time" => {
                let time = times.now.as_millis();
                return RestResponse::json(json!({ "server_time": time }).to_string());
            }
            "/spot/currencies" => return currencies(self.market.pairs(), named),
            "/spot/currency_pairs" if named.is_none() => {
                return RestResponse::json(list(self.market.pairs().iter().map(instrument)));
            }
            "/spot/tickers" if request.get("currency_pair").is_none() => {
                let tickers = self.market.pairs().iter().map(ticker);
                return RestResponse::json(list(tickers));
            }
            _ if EMPTY.contains(&endpoint) => return RestResponse::json(list(std::iter::empty())),
            _ => {}
        }
        let Some(name) = named.or_else(|| request.get("currency_pair")) else {
            return invalid("Missing required parameter: currency_pair");
        };
        if endpoint == "/spot/order_book"
            && let Some(body) = self.playback.as_ref().and_then(|play| play.book(name))
        {
            return RestResponse::json(body.to_owned());
        }
        let stale = |fault: &Fault| matches!(fault, Fault::SnapshotStale { .. });
        let Some(known) = self.market.pair(name) else {
            core.breach(None, BreachKind::UnknownSymbol, name);
            let text = format!("Invalid currency pair {name}");
            return error(StatusCode::BAD_REQUEST, "INVALID_CURRENCY_PAIR", &text);
        };
        match endpoint {
            "/spot/currency_pairs" => RestResponse::json(instrument(known)),
            "/spot/tickers" => RestResponse::json(list(std::iter::once(ticker(known)))),
            "/spot/trades" => trades(known, times, request),
            "/spot/candlesticks" => candles(known, times, request),
            _ => match core.rules.take(None, core.now().instant, stale) {
                Some(_) => {
                    let mut old = known.clone();
                    if let Some(book) = self.first_books.get(name) {
                        old.book = book.clone();
                    }
                    book(&old, times, request)
                }
                None => book(known, times, request),
            },
        }
    }
}

pub(super) fn list(entries: impl Iterator<Item = String>) -> String {
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

/// By REST a ticker also has the sizes of the best levels.
fn ticker(pair: &Pair) -> String {
    let best = |side| pair.book.best(side).map(|rung| pair.size(rung.size));
    let text = |size: Option<Decimal>| size.map(|size| size.to_string()).unwrap_or_default();
    format!(
        "{{{},\"lowest_size\":\"{}\",\"highest_size\":\"{}\"}}",
        push::ticker_fields(pair),
        text(best(Side::Sell)),
        text(best(Side::Buy)),
    )
}

fn book(pair: &Pair, times: Times, request: &RestRequest) -> RestResponse {
    let limit = match number(request, "limit", 10) {
        Ok(limit) => limit,
        Err(refused) => return refused,
    };
    let id = if request.is_set("with_id") {
        format!("\"id\":{},", pair.book.id())
    } else {
        String::new()
    };
    RestResponse::json(format!(
        "{{{id}\"current\":{},\"update\":{},\"asks\":{},\"bids\":{}}}",
        times.now.as_millis(),
        times.of(pair.book.changed()).as_millis(),
        push::best(pair, Side::Sell, limit),
        push::best(pair, Side::Buy, limit),
    ))
}

pub(super) fn number(
    request: &RestRequest,
    key: &str,
    default: usize,
) -> Result<usize, RestResponse> {
    match request.get(key) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| invalid(&format!("Invalid {key} {text}"))),
    }
}

pub(super) fn invalid(message: &str) -> RestResponse {
    error(StatusCode::BAD_REQUEST, "INVALID_PARAM_VALUE", message)
}

pub(super) fn error(status: StatusCode, label: &str, message: &str) -> RestResponse {
    let body = json!({ "label": label, "message": message }).to_string();
    RestResponse::with_status(status, body)
}
