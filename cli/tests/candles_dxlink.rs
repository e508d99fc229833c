//! `feedline candles dxlink`, against a simulator in this process.

mod support;

use std::time::Duration;

use feedline::market::{Candle, CandleState};
use feedline::sim::Fault;
use serde_json::Value;
use support::dxlink::Venue;
use support::{Ended, Tool, kinds};

fn candles(venue: &Venue, args: &[&str]) -> Ended {
    Tool::start(&[&["candles", "dxlink"], args, &["--url", &venue.url]].concat()).end()
}

/// With a past of an hour, of which every minute has trades.
fn with_history() -> Venue {
    Venue::with(|sim| sim.rate(1.0).history(Duration::from_secs(1_800)))
}

#[test]
fn the_venues_own_candles_are_its_history_and_then_live() {
    let venue = with_history();
    let args = ["AAPL{=1m}", "--json", "--for", "2s"];
    let ended = candles(&venue, &args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let events = ended.json();
    assert_eq!(events[0]["status"], "snapshot_began");
    let is_candle = |event: &&Value| event["kind"] == "candle";
    let shown: Vec<Candle> = events
        .iter()
        .filter(is_candle)
        .map(|event| serde_json::from_value(event.clone()).unwrap())
        .collect();
    assert!(shown.len() > 20, "{}", shown.len());
    assert!(shown.is_sorted_by_key(|candle| candle.start));
    let (last, before) = shown.split_last().unwrap();
    let is_final = |candle: &Candle| candle.state == Some(CandleState::Final);
    assert!(before.iter().all(is_final));
    // The open one is told in the end.
    assert_eq!(last.state, Some(CandleState::Partial));
    assert_eq!(last.symbol, "AAPL{=m}");
    venue.assert_no_breaches();
}

#[test]
fn the_history_begins_where_it_is_told_to() {
    let venue = with_history();
    let args = ["AAPL{=1m}", "--quiet", "--for", "1s"];
    let all = candles(&venue, &args).stdout.len();
    let some = candles(&venue, &[&args[..], &["--from", "5m"]].concat());
    assert!(
        some.stdout.len() < all / 2,
        "{} of {all}",
        some.stdout.len()
    );
    let open = some.stdout.last().unwrap();
    assert!(
        open.contains("AAPL{=m}") && open.ends_with("partial"),
        "{open}"
    );
}

#[test]
fn plain_symbols_have_candles_made_of_executions() {
    let venue = Venue::quiet();
    let args = [
        "candles",
        "dxlink",
        "AAPL",
        "--interval",
        "2t",
        "--json",
        "--count",
        "1",
    ];
    let tool = Tool::start(&[&args[..], &["--url", &venue.url]].concat());
    venue.wait_for_topics(1);
    venue.trade("231.5", "3");
    venue.trade("232", "4");
    let ended = tool.end();
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    assert_eq!(kinds(&events), ["candle"]);
    let candle: Candle = serde_json::from_value(events[0].clone()).unwrap();
    let decimal = |text| feedline::decimal::parse(text).unwrap();
    assert_eq!(candle.symbol, "AAPL");
    assert_eq!(
        (candle.open, candle.close),
        (decimal("231.5"), decimal("232"))
    );
    assert_eq!(candle.volume, Some(decimal("7")));
    assert_eq!(ended.stderr, "1 candles, 0 gaps, 0 missing, 0 reconnects");
}

#[test]
fn the_picture_shows_either() {
    let venue = with_history();
    let own = ["AAPL{=1m},SPY{=5m,tho=true}", "--plot", "--for", "2s"];
    let ended = candles(&venue, &own);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = &ended.stdout;
    assert!(lines[1].starts_with("AAPL{=m}  1m  open "), "{lines:#?}");
    assert!(lines[17].starts_with("SPY{=5m,tho=true}"), "{lines:#?}");

    let venue = Venue::busy();
    let made = ["AAPL", "--interval", "1s", "--plot", "--count", "2"];
    let ended = candles(&venue, &made);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = &ended.stdout;
    assert!(lines[1].starts_with("AAPL  1s  open "), "{lines:#?}");
}

#[test]
fn an_outage_is_repaired_by_the_venues_history() {
    let venue = with_history();
    let args = [
        "candles",
        "dxlink",
        "AAPL{=1m}",
        "--json",
        "--url",
        &venue.url,
    ];
    let tool = Tool::start(&args);
    let next = || -> Value { serde_json::from_str(&tool.line()).unwrap() };
    while next()["status"] != "snapshot_ended" {}
    venue.sim.inject(Fault::Cut);
    let mut told = Vec::new();
    while told.last() != Some(&"repaired".to_owned()) {
        let event = next();
        told.push(match event["kind"].as_str() {
            Some("gap") => "gap".to_owned(),
            Some("status") => event["status"].as_str().unwrap().to_owned(),
            _ => "candle".to_owned(),
        });
    }
    assert!(
        told.starts_with(&["interrupted".to_owned(), "gap".to_owned()]),
        "{told:?}"
    );
    assert!(told.contains(&"snapshot_ended".to_owned()), "{told:?}");
}

#[test]
fn a_bad_command_line_says_what_is_valid() {
    for (args, valid) in [
        (&["AAPL{=1m}", "SPY"][..], "either all symbols"),
        (
            &["AAPL{=1m}", "--interval", "5m"],
            "--interval is for candles that are made",
        ),
        (
            &["AAPL{=1m}", "--grace", "5s"],
            "--grace is for candles that are made",
        ),
        (&["AAPL", "--from", "1d"], "without --from"),
        (&["AAPL{=1x}"], "AAPL{=1x}"),
        (&["AAPL{=1m}", "--from", "soon"], "1d or 6h"),
        (&["AAPL", "--plot", "--json"], "cannot be used with"),
        (&[], "SYMBOLS"),
    ] {
        let all = [
            &["candles", "dxlink"],
            args,
            &["--url", "ws://127.0.0.1:1/"],
        ]
        .concat();
        let ended = Tool::start(&all).end();
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert!(ended.stderr.contains(valid), "{args:?} {}", ended.stderr);
    }
    let ended = Tool::run(&["candles", "--plot", "dxlink", "AAPL", "--json"], b"");
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("cannot be used with"),
        "{}",
        ended.stderr
    );
}
