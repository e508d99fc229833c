//! Gate's public REST calls.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::json;

use super::push;
use super::venue::GateVenue;
use crate::Timestamp;
use crate::market::Side;
use crate::sim::Fault;
use crate::sim::core::Core;
use crate::sim::journal::BreachKind;
use crate::sim::market::{INTERVALS, Pair, interval_index};
use crate::sim::venue::{RestRequest, RestResponse};

const PREFIX: &str = "/api/v4";

/// Requests an endpoint answers in a window.
const REQUESTS: usize = 200;
const WINDOW: Duration = Duration::from_secs(10);

/// Candles and trades in one answer.
const ROWS: usize = 1_000;

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
        let (endpoint, pair) = match path.strip_prefix("/spot/currency_pairs/") {
            Some(pair) => ("/spot/currency_pairs", Some(pair)),
            None => (path, None),
        };
        let now = core.now();
        let endpoint_known = matches!(
            endpoint,
            "/spot/time"
                | "/spot/currency_pairs"
                | "/spot/tickers"
                | "/spot/order_book"
                | "/spot/trades"
                | "/spot/candlesticks"
        );
        if !endpoint_known {
            return error(StatusCode::NOT_FOUND, "URL_NOT_FOUND", "no such path");
        }
        let (remain, reset) = match self.limits.take(endpoint, now.instant) {
            Ok(remain) => (Some(remain), now.wall.saturating_add(WINDOW)),
            Err(wait) => (None, now.wall.saturating_add(wait)),
        };
        let mut response = match remain {
            Some(_) => self.serve(core, endpoint, pair, request),
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
        pair: Option<&str>,
        request: &RestRequest,
    ) -> RestResponse {
        let now = core.now().wall;
        self.market.roll(now);
        match endpoint {
            "/spot/time" => {
                return RestResponse::json(json!({ "server_time": now.as_millis() }).to_string());
            }
            "/spot/currency_pairs" if pair.is_none() => {
                return RestResponse::json(list(self.market.pairs().iter().map(instrument)));
            }
            "/spot/tickers" if request.get("currency_pair").is_none() => {
                let tickers = self.market.pairs().iter().map(ticker);
                return RestResponse::json(list(tickers));
            }
            _ => {}
        }
        let Some(name) = pair.or_else(|| request.get("currency_pair")) else {
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
            "/spot/trades" => trades(known, request),
            "/spot/candlesticks" => candles(known, request),
            _ => match core.rules.take(None, core.now().instant, stale) {
                Some(_) => {
                    let mut old = known.clone();
                    if let Some(book) = self.first_books.get(name) {
                        old.book = book.clone();
                    }
                    book(&old, now, request)
                }
                None => book(known, now, request),
            },
        }
    }
}

fn list(entries: impl Iterator<Item = String>) -> String {
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

fn ticker(pair: &Pair) -> String {
    format!("{{{}}}", push::ticker_fields(pair))
}

fn instrument(pair: &Pair) -> String {
    let name = pair.symbol.as_str();
    let (base, quote) = name.split_once('_').unwrap_or((name, ""));
    json!({
        "id": name,
        "base": base,
        "quote": quote,
        "fee": "0.2",
        "min_base_amount": pair.size(1).to_string(),
        "min_quote_amount": "1",
        "amount_precision": pair.size_digits,
        "precision": pair.price_digits,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
        "type": "normal",
        "st_tag": false,
        "delisting_time": 0,
    })
    .to_string()
}

fn book(pair: &Pair, now: Timestamp, request: &RestRequest) -> RestResponse {
    let limit = match number(request, "limit", 10) {
        Ok(limit) => limit,
        Err(refused) => return refused,
    };
    let id = match request.get("with_id") {
        Some("true" | "1") => format!("\"id\":{},", pair.book.id()),
        _ => String::new(),
    };
    RestResponse::json(format!(
        "{{{id}\"current\":{},\"update\":{},\"asks\":{},\"bids\":{}}}",
        now.as_millis(),
        pair.book.changed().as_millis(),
        push::best(pair, Side::Sell, limit),
        push::best(pair, Side::Buy, limit),
    ))
}

/// Newest first.
fn trades(pair: &Pair, request: &RestRequest) -> RestResponse {
    let limit = match number(request, "limit", 100) {
        Ok(limit) if (1..=ROWS).contains(&limit) => limit,
        Ok(_) => return invalid("limit must be from 1 to 1000"),
        Err(refused) => return refused,
    };
    let range = match (
        number(request, "from", 0),
        number(request, "to", usize::MAX),
        number(request, "page", 1),
    ) {
        (Ok(from), Ok(to), Ok(page)) => (from, to, page),
        (Err(refused), ..) | (_, Err(refused), _) | (.., Err(refused)) => return refused,
    };
    let (from, to, page) = range;
    let within = |time: Timestamp| {
        let seconds = usize::try_from(time.as_secs()).unwrap_or(0);
        (from..=to).contains(&seconds)
    };
    let rows = pair
        .trades
        .iter()
        .rev()
        .filter(|trade| within(trade.time))
        .skip(limit.saturating_mul(page.saturating_sub(1)))
        .take(limit)
        .map(|trade| {
            format!(
                "{{\"id\":\"{id}\",\"create_time\":\"{}\",\"create_time_ms\":\"{}\",\
                 \"currency_pair\":\"{}\",\"side\":\"{}\",\"amount\":\"{}\",\"price\":\"{}\",\
                 \"sequence_id\":\"{id}\"}}",
                trade.time.as_secs(),
                push::millis(trade.time),
                trade.symbol,
                trade.side,
                trade.size,
                trade.price,
                id = trade.id,
            )
        });
    RestResponse::json(list(rows))
}

/// Oldest first, both ends inclusive.
fn candles(pair: &Pair, request: &RestRequest) -> RestResponse {
    let name = request.get("interval").unwrap_or("30m");
    let Some(interval) = interval_index(name) else {
        return invalid(&format!("Invalid interval {name}"));
    };
    let seconds = usize::try_from(INTERVALS[interval].1).unwrap_or(1);
    let ranged = request.get("from").is_some() || request.get("to").is_some();
    if ranged && request.get("limit").is_some() {
        return invalid("limit conflicts with from and to");
    }
    let bars: Vec<_> = pair.candles.all(interval).collect();
    let last = bars.last().map_or(0, |bar| bar.start.as_secs());
    let last = usize::try_from(last).unwrap_or(0);
    let parsed = (
        number(request, "limit", 100),
        number(request, "to", last),
        number(request, "from", usize::MAX),
    );
    let (limit, to, from) = match parsed {
        (Ok(limit), Ok(to), Ok(from)) => (limit, to, from),
        (Err(refused), ..) | (_, Err(refused), _) | (.., Err(refused)) => return refused,
    };
    let from = match from {
        usize::MAX => to.saturating_sub(seconds * 99),
        from => from,
    };
    if limit > ROWS || (ranged && to.saturating_sub(from) / seconds >= ROWS) {
        return invalid(
            "Candlestick range too broad. Maximum 1000 data points are allowed per request",
        );
    }
    let skipped = if ranged {
        0
    } else {
        bars.len().saturating_sub(limit)
    };
    let open = pair.candles.current(interval).start;
    let rows = bars
        .into_iter()
        .skip(skipped)
        .filter(|bar| {
            let start = usize::try_from(bar.start.as_secs()).unwrap_or(0);
            !ranged || (from..=to).contains(&start)
        })
        .map(|bar| {
            format!(
                "[\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\"]",
                bar.start.as_secs(),
                bar.quote.normalize(),
                bar.close.normalize(),
                bar.high.normalize(),
                bar.low.normalize(),
                bar.open.normalize(),
                bar.base.normalize(),
                bar.start != open,
            )
        });
    RestResponse::json(list(rows))
}

fn number(request: &RestRequest, key: &str, default: usize) -> Result<usize, RestResponse> {
    match request.get(key) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| invalid(&format!("Invalid {key} {text}"))),
    }
}

fn invalid(message: &str) -> RestResponse {
    error(StatusCode::BAD_REQUEST, "INVALID_PARAM_VALUE", message)
}

fn error(status: StatusCode, label: &str, message: &str) -> RestResponse {
    let body = json!({ "label": label, "message": message }).to_string();
    RestResponse::with_status(status, body)
}
