//! From the bytes of one Gate frame to a typed event: by the scanner, by the serde path behind it,
//! and what it costs to parse the trade's JSON alone into borrowed strings.
//!
//! The frames are made up in the venue's layout.
#![allow(missing_docs)]

use divan::{Bencher, black_box};
use feedline::venue::gate::bench;
use serde::Deserialize;

fn main() {
    divan::main();
}

const TRADE: &str = r#"{"time":1790359171,"time_ms":1790359171120,"channel":"spot.trades","event":"update","result":{"id":120643714,"id_market":120643714,"create_time":1790359171,"create_time_ms":"1790359171119.653000","side":"sell","currency_pair":"ABC_USDT","amount":"0.002984","price":"83790.9","range":"120643714-120643714","trade_mode":0}}"#;
const QUOTE: &str = r#"{"time":1790359165,"time_ms":1790359165714,"channel":"spot.book_ticker","event":"update","result":{"t":1790359165710,"u":30013503861,"s":"ABC_USDT","b":"83790.9","B":"0.497321","a":"83791","A":"0.055894"}}"#;
const TICKER: &str = r#"{"time":1790359165,"time_ms":1790359165714,"channel":"spot.tickers","event":"update","result":{"currency_pair":"ABC_USDT","last":"29968.31","lowest_ask":"29968.31","highest_bid":"29968.3","change_percentage":"-5.3731","base_volume":"10676.32785905","quote_volume":"324419781.600232","high_24h":"32399.99","low_24h":"29324.36"}}"#;
const CANDLE: &str = r#"{"time":1790359161,"time_ms":1790359161084,"channel":"spot.candlesticks","event":"update","result":{"t":"1790359100","v":"19192.2484961","c":"77308.6","h":"77308.7","l":"77308.6","o":"77308.6","n":"1m_ABC_USDT","a":"0.248255","w":true}}"#;
const DELTA: &str = r#"{"time":1790359165,"time_ms":1790359165714,"channel":"spot.order_book_update","event":"update","result":{"t":1790359165710,"l":"100","e":"depthUpdate","E":1790359165,"s":"ABC_USDT","U":30013503861,"u":30013503868,"b":[["83790.9","0.497321"],["83788.1","0"],["83780","1.5"]],"a":[["83791","0.055894"],["83795.5","0.2"],["83801.2","0"]]}}"#;
const OBU: &str = r#"{"channel":"spot.obu","result":{"t":1790359165710,"s":"ob.ABC_USDT.50","U":30013503861,"u":30013503868,"b":[["83790.9","0.497321"],["83788.1","0"]],"a":[["83791","0"]]},"time_ms":1790359165714,"event":"update"}"#;

const FRAMES: [(&str, &str); 6] = [
    ("trade", TRADE),
    ("quote", QUOTE),
    ("ticker", TICKER),
    ("candle", CANDLE),
    ("order_book_update", DELTA),
    ("obu", OBU),
];
const NAMES: [&str; 6] = [
    "trade",
    "quote",
    "ticker",
    "candle",
    "order_book_update",
    "obu",
];

fn frame(name: &str) -> &'static [u8] {
    let found = FRAMES.iter().find(|(known, _)| *known == name);
    found.map_or(&[], |(_, frame)| frame.as_bytes())
}

fn run(bencher: Bencher<'_, '_>, name: &str, read: fn(&[u8]) -> bool) {
    let frame = frame(name);
    assert!(read(frame), "{name}");
    bencher.bench(|| read(black_box(frame)));
}

#[divan::bench(args = NAMES)]
fn scan(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, bench::scan);
}

#[divan::bench(args = NAMES)]
fn decode(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, bench::decode);
}

#[divan::bench(args = NAMES)]
fn serde_path(bencher: Bencher<'_, '_>, name: &str) {
    run(bencher, name, bench::serde);
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Envelope<'a> {
    time: i64,
    time_ms: i64,
    channel: &'a str,
    event: &'a str,
    #[serde(borrow)]
    result: Trade<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Trade<'a> {
    id: u64,
    id_market: u64,
    create_time: i64,
    create_time_ms: &'a str,
    side: &'a str,
    currency_pair: &'a str,
    amount: &'a str,
    price: &'a str,
    range: &'a str,
    trade_mode: u32,
}

/// JSON to borrowed strings and integers, without one decimal, time or symbol made of them.
#[divan::bench]
fn plain_serde_json_trade(bencher: Bencher<'_, '_>) {
    let frame = TRADE.as_bytes();
    bencher.bench(|| {
        black_box(serde_json::from_slice::<Envelope<'_>>(black_box(frame)))
            .is_ok_and(|trade| trade.result.id > 0)
    });
}
