//! Decoding of DXLink's COMPACT rows: the tape against serde, and rows that nobody wants. Figures are
//! for a frame of so many rows; `items` gives the rate of rows.
#![allow(missing_docs)]

use std::fmt::Write;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use feedline::venue::dxlink::bench::Bench;

fn main() {
    divan::main();
}

/// A type, its fields, and one row of it.
type Case = (&'static str, &'static [&'static str], &'static str);

const QUOTE: Case = (
    "Quote",
    &["eventSymbol", "bidPrice", "askPrice", "bidSize", "askSize"],
    r#""/ESZ26:XCME",6120.75,6121.0,21.0,8.0"#,
);
const QUOTE_WITH_TIMES: Case = (
    "Quote",
    &[
        "eventType",
        "eventSymbol",
        "eventTime",
        "sequence",
        "timeNanoPart",
        "bidTime",
        "bidExchangeCode",
        "bidPrice",
        "bidSize",
        "askTime",
        "askExchangeCode",
        "askPrice",
        "askSize",
    ],
    r#""Quote","AAPL",0,0,0,1700000040000,"Q",81.36,12.0,1700000039000,"Q",81.38,7.0"#,
);
const TIME_AND_SALE: Case = (
    "TimeAndSale",
    &[
        "eventSymbol",
        "eventFlags",
        "index",
        "time",
        "sequence",
        "exchangeCode",
        "price",
        "size",
        "bidPrice",
        "askPrice",
        "exchangeSaleConditions",
        "tradeThroughExempt",
        "aggressorSide",
        "spreadLeg",
        "extendedTradingHours",
        "validTick",
        "type",
    ],
    r#""AAPL",0,7301444403715899392,1700000000123,0,"Q",81.37,100.0,81.36,81.38,"@ T","\u0000","BUY",false,false,true,"NEW""#,
);
const CANDLE: Case = (
    "Candle",
    &[
        "eventSymbol",
        "eventFlags",
        "index",
        "time",
        "sequence",
        "count",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ],
    r#""AAPL{=m}",0,7301444574998691840,1700000040000,0,41,81.36,81.9,80.92,81.41,9120.0"#,
);
const GREEKS: Case = (
    "Greeks",
    &[
        "eventSymbol",
        "time",
        "price",
        "volatility",
        "delta",
        "gamma",
        "theta",
        "rho",
        "vega",
    ],
    r#"".AAPL260821C200",1700000040000,5.25,0.31884417,0.512345678,0.0123456789,-0.08123,0.0412,0.2234"#,
);

const CASES: [(&str, Case); 5] = [
    ("quote", QUOTE),
    ("quote_with_times", QUOTE_WITH_TIMES),
    ("time_and_sale", TIME_AND_SALE),
    ("candle", CANDLE),
    ("greeks", GREEKS),
];
const NAMES: [&str; 5] = [
    "quote",
    "quote_with_times",
    "time_and_sale",
    "candle",
    "greeks",
];

/// Rows a frame: what a burst brings at an aggregation period of 0.1 s.
const ROWS: usize = 32;

fn run(bencher: Bencher<'_, '_>, name: &str, rows: usize, read: fn(&mut Bench, &[u8]) -> usize) {
    let Some((_, (event_type, fields, row))) = CASES.iter().find(|(known, _)| *known == name)
    else {
        return;
    };
    let mut frame = format!(r#"{{"type":"FEED_DATA","channel":1,"data":["{event_type}",["#);
    for at in 0..rows {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(frame, "{comma}{row}");
    }
    frame.push_str("]]}");
    let mut bench = Bench::new(event_type, fields);
    assert_eq!(read(&mut bench, frame.as_bytes()), rows, "{name}");
    bencher
        .counter(ItemsCount::new(rows))
        .bench_local(|| read(&mut bench, black_box(frame.as_bytes())));
}

#[divan::bench(args = NAMES)]
fn decode(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, ROWS, Bench::decode);
}

#[divan::bench(args = NAMES)]
fn decode_single_row(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, 1, Bench::decode);
}

#[divan::bench(args = NAMES)]
fn skip(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, ROWS, Bench::skip);
}

#[divan::bench(args = NAMES)]
fn serde_path(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, ROWS, Bench::serde);
}
