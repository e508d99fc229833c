//! The history that Gate gives by REST.

use super::push;
use super::rest::{invalid, list, number};
use crate::Timestamp;
use crate::sim::core::Times;
use crate::sim::core::venue::{RestRequest, RestResponse};
use crate::sim::market::{Bar, INTERVALS, Pair, interval_index};

/// Candles and trades in one answer.
const ROWS: usize = 1_000;

/// Newest first.
pub(super) fn trades(pair: &Pair, times: Times, request: &RestRequest) -> RestResponse {
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
    let last_id = match number(request, "last_id", 0) {
        Ok(id) => u64::try_from(id).unwrap_or(u64::MAX),
        Err(refused) => return refused,
    };
    let backwards = request.is_set("reverse");
    let beyond = |id: u64| match last_id {
        0 => true,
        last if backwards => id < last,
        last => id > last,
    };
    let rows = pair
        .trades
        .iter()
        .rev()
        .filter(|trade| within(times.of(trade.time)) && beyond(trade.id))
        .skip(limit.saturating_mul(page.saturating_sub(1)))
        .take(limit)
        .map(|trade| {
            let time = times.of(trade.time);
            format!(
                "{{\"id\":\"{id}\",\"create_time\":\"{}\",\"create_time_ms\":\"{}\",\
                 \"currency_pair\":\"{}\",\"side\":\"{}\",\"amount\":\"{}\",\"price\":\"{}\",\
                 \"sequence_id\":\"{id}\"}}",
                time.as_secs(),
                push::millis(time),
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
pub(super) fn candles(pair: &Pair, times: Times, request: &RestRequest) -> RestResponse {
    let name = request.get("interval").unwrap_or("30m");
    let Some(interval) = interval_index(name) else {
        return invalid(&format!("Invalid interval {name}"));
    };
    let seconds = usize::try_from(INTERVALS[interval].1).unwrap_or(1);
    let ranged = request.get("from").is_some() || request.get("to").is_some();
    if ranged && request.get("limit").is_some() {
        return invalid("limit conflicts with from and to");
    }
    let start = |bar: &Bar| times.start(bar.start, INTERVALS[interval].1).as_secs();
    let bars: Vec<_> = pair.candles.all(interval).collect();
    let last = bars.last().map_or(0, |bar| start(bar));
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
            let start = usize::try_from(start(bar)).unwrap_or(0);
            !ranged || (from..=to).contains(&start)
        })
        .map(|bar| {
            format!(
                "[\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\"]",
                start(bar),
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
