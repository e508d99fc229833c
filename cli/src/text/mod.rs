//! Events as lines for people.

mod figures;

use std::fmt::{self, Display, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use feedline::market::{
    BookAction, BookUpdate, Candle, CandleState, Level, Quote, Side, Ticker, Trade,
};
use feedline::{Cause, Decimal, Gap, Status, StatusKind, Timestamp};
pub(crate) use figures::figures;

/// How far the venue's times and ours may be apart before both are shown: more than what is under
/// way takes.
const ASIDE: Duration = Duration::from_secs(5);

pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();

/// `text` in this style, with the terminal's own restored behind it.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A line for a gap, with its times as those of the data are shown.
pub(crate) fn gap(gap: &Gap) -> String {
    let style = YELLOW.bold();
    let mut line = format!("{style}gap{style:#}     {YELLOW}");
    match (&gap.cause, gap.missed) {
        (Cause::Outage { from, to }, None) => {
            let scope = &gap.scope;
            let (from_clock, to_clock) = (clock(*from), clock(*to));
            let length = to.duration_since(*from).as_millis();
            push(
                &mut line,
                format_args!("outage of {scope} from {from_clock} to {to_clock}, {length} ms"),
            );
        }
        _ => push(&mut line, format_args!("{gap}")),
    }
    if let Some((from, to)) = seen(gap) {
        let (from, to) = (clock(from), clock(to));
        push(
            &mut line,
            format_args!(", by the clock here from {from} to {to}"),
        );
    }
    push(&mut line, format_args!("{YELLOW:#}"));
    line
}

/// When a gap was, by this machine's clock, if the venue's times are others: those of a delayed feed
/// are, and those of a clock that is wrong.
fn seen(gap: &Gap) -> Option<(Timestamp, Timestamp)> {
    let (from, to) = gap.range()?;
    let seen = gap.seen_from.zip(gap.seen_to)?;
    let far = |a: Timestamp, b: Timestamp| a.duration_since(b).max(b.duration_since(a)) > ASIDE;
    (far(seen.0, from) || far(seen.1, to)).then_some(seen)
}

/// A line for a status.
pub(crate) fn status(status: &Status) -> String {
    let style = match status.kind {
        StatusKind::Interrupted { .. }
        | StatusKind::Rejected(_)
        | StatusKind::RepairFailed { .. } => RED,
        StatusKind::Stale { .. } => YELLOW,
        _ => CYAN,
    };
    let bold = style.bold();
    let head = format!("{bold}status{bold:#}  {style}");
    match status.kind {
        StatusKind::Resumed { downtime, attempts } => {
            let scope = &status.scope;
            let millis = downtime.as_millis();
            format!(
                "{head}{scope}: live again after {millis} ms, connects tried: {attempts}{style:#}"
            )
        }
        _ => format!("{head}{status}{style:#}"),
    }
}

/// A line for an execution of any venue.
pub(crate) fn trade<D>(trade: &Trade<D>) -> String {
    let (side, style) = match trade.side {
        Some(Side::Buy) => ("buy ", GREEN),
        Some(Side::Sell) => ("sell", RED),
        None => ("    ", Style::new()),
    };
    let (size, price) = (trade.size, trade.price);
    let head = head(Some(trade.time), &trade.symbol);
    format!("{head}  {style}{side} {size} @ {price}{style:#}")
}

/// A line for a candle of any source.
pub(crate) fn candle<D>(candle: &Candle<D>) -> String {
    let style = if candle.close >= candle.open {
        GREEN
    } else {
        RED
    };
    let mut line = head(Some(candle.start), &candle.symbol);
    let Candle {
        interval,
        open,
        high,
        low,
        close,
        ..
    } = candle;
    push(
        &mut line,
        format_args!(
            "  {interval}  {style}open {open}  high {high}  low {low}  close {close}{style:#}"
        ),
    );
    if let Some(volume) = candle.volume {
        push(&mut line, format_args!("  volume {volume}"));
    }
    push(&mut line, format_args!("{}", flags(candle)));
    line
}

/// What is to be known of a candle besides its figures, in words, each with two spaces before it.
pub(crate) fn flags<D>(candle: &Candle<D>) -> String {
    let state = match candle.state {
        Some(CandleState::Partial) => Some(("partial", DIM)),
        Some(CandleState::Final) => Some(("final", DIM)),
        Some(CandleState::Revised) => Some(("revised", CYAN)),
        _ => None,
    };
    let truncated = candle.truncated.then_some(("truncated", YELLOW));
    let tainted = candle.tainted.then_some(("tainted by a gap", YELLOW));
    let mut flags = String::new();
    for (word, style) in [state, truncated, tainted].into_iter().flatten() {
        push(&mut flags, format_args!("  {style}{word}{style:#}"));
    }
    flags
}

pub(crate) fn quote<D>(quote: &Quote<D>) -> String {
    let head = head(quote.time, &quote.symbol);
    let bid = best(quote.bid, quote.bid_size);
    let ask = best(quote.ask, quote.ask_size);
    format!("{head}  {GREEN}bid {bid}{GREEN:#}  {RED}ask {ask}{RED:#}")
}

pub(crate) fn ticker<D>(ticker: &Ticker<D>) -> String {
    let mut line = head(ticker.time, &ticker.symbol);
    let values = [
        ("last", ticker.last),
        ("bid", ticker.bid),
        ("ask", ticker.ask),
        ("high", ticker.high),
        ("low", ticker.low),
        ("volume", ticker.volume),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            push(&mut line, format_args!("  {name} {value}"));
        }
    }
    if let Some(change) = ticker.change {
        let style = if change.is_sign_negative() {
            RED
        } else {
            GREEN
        };
        push(&mut line, format_args!("  {style}{change} %{style:#}"));
    }
    line
}

pub(crate) fn book<D>(book: &BookUpdate<D>) -> String {
    let action = match book.action {
        BookAction::Snapshot => "snapshot",
        BookAction::Delta => "delta   ",
    };
    let mut line = head(book.time, &book.symbol);
    push(&mut line, format_args!("  {CYAN}{action}{CYAN:#}"));
    if let Some(last) = book.last {
        push(&mut line, format_args!("  {DIM}"));
        if let Some(first) = book.first {
            push(&mut line, format_args!("{first}.."));
        }
        push(&mut line, format_args!("{last}{DIM:#}"));
    }
    for (name, levels, style) in [("bids", &book.bids, GREEN), ("asks", &book.asks, RED)] {
        let count = levels.len();
        push(&mut line, format_args!("  {style}{count} {name}"));
        if let Some(Level { price, size }) = levels.first() {
            push(&mut line, format_args!(" {size} @ {price}"));
        }
        push(&mut line, format_args!("{style:#}"));
    }
    line
}

fn best(price: Option<Decimal>, size: Option<Decimal>) -> String {
    match (price, size) {
        (Some(price), Some(size)) => format!("{size} @ {price}"),
        (Some(price), None) => price.to_string(),
        (None, _) => "none".to_owned(),
    }
}

/// The time of day in UTC, which is what a line has room for, and the symbol.
pub(crate) fn head(time: Option<Timestamp>, symbol: &str) -> String {
    let time = time.map_or_else(|| "--:--:--.---".to_owned(), clock);
    format!("{DIM}{time}{DIM:#}  {BOLD}{symbol:<10}{BOLD:#}")
}

fn clock(time: Timestamp) -> String {
    let millis = time.as_millis().rem_euclid(86_400_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

pub(crate) fn push(line: &mut String, text: fmt::Arguments<'_>) {
    line.write_fmt(text)
        .expect("writing to a string never fails");
}

#[cfg(test)]
mod tests {
    use feedline::{GapId, Interruption, Scope, Staleness};

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    #[test]
    fn a_gap_of_a_delayed_feed_has_both_times() {
        let cause = Cause::Outage {
            from: at(0),
            to: at(2),
        };
        let gap_seen = |from, to| {
            let missing = Gap::new(GapId::new(1), cause.clone(), Scope::All);
            let line = gap(&missing.seen(at(from), at(to)));
            anstream::adapter::strip_str(&line).to_string()
        };
        let line = "gap     outage of all symbols from 00:00:00.000 to 00:00:02.000, 2000 ms";
        assert_eq!(gap_seen(0, 3), line);
        let here = ", by the clock here from 00:15:00.000 to 00:15:02.000";
        assert_eq!(gap_seen(900, 902), format!("{line}{here}"));
    }

    #[test]
    fn markers_of_every_kind_have_words() {
        let silence = Duration::from_secs(7);
        let refused = Staleness::Refused {
            code: Some(5),
            text: "limit exceeded".into(),
        };
        let open = Interruption::CircuitOpen {
            failures: 9,
            error: "503".into(),
        };
        for (kind, words) in [
            (
                StatusKind::Stale {
                    why: Staleness::Quiet { silence },
                },
                "no data for 7s",
            ),
            (StatusKind::Stale { why: refused }, "limit exceeded, code 5"),
            (
                StatusKind::Interrupted { cause: open },
                "after 9 failures in a row: 503",
            ),
        ] {
            let line = status(&Status::new(kind, Scope::All));
            assert!(line.contains(words), "{line}");
        }
    }

    #[test]
    fn the_time_of_day_is_that_of_utc() {
        let time: Timestamp = "2021-04-22T12:12:23.708264Z".parse().unwrap();
        assert_eq!(clock(time), "12:12:23.708");
        let before_the_epoch: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!(clock(before_the_epoch), "23:59:59.500");
    }
}
