//! `feedline watch dxlink`, against a simulator in this process.

#![allow(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod support;

use feedline::sim::dxlink::DxEvent;
use feedline::sim::{Fault, RawFrame, To};
use feedline::venue::dxlink::{self, DxEvent as DxEventOfClient, Greeks, Indexed, Quote};
use serde_json::{Value, json};
use support::dxlink::Venue;
use support::{Ended, Tool, kinds};

const OPTION: &str = ".AAPL270115C230";

fn watch(venue: &Venue, args: &[&str]) -> Ended {
    Tool::start(&[&["watch", "dxlink"], args, &["--url", &venue.url]].concat()).end()
}

/// The data among events and markers.
fn data(events: &[Value]) -> Vec<Value> {
    let is_data = |event: &&Value| event["kind"] != "gap" && event["kind"] != "status";
    events.iter().filter(is_data).cloned().collect()
}

/// The kind of the event that the library reads in it, of an indexed one too.
fn kind_of_library(line: &Value) -> String {
    let mut event = line.clone();
    if let Some(inner) = line.get("event") {
        event = inner.clone();
        event["kind"] = line["kind"].clone();
    }
    let event: DxEventOfClient = serde_json::from_value(event).unwrap();
    let written = serde_json::to_value(event).unwrap();
    written["kind"].as_str().unwrap().to_owned()
}

#[test]
fn every_channel_is_typed() {
    let venue = Venue::busy();
    for (channel, symbol, kind) in [
        (&["quotes"][..], "AAPL,SPY", "quote"),
        (&["time-and-sales"], "AAPL", "time_and_sale"),
        (&["trades"], "AAPL", "time_and_sale"),
        (&["last-sales"], "AAPL", "last_sale"),
        (&["last-sales-eth"], "AAPL", "last_sale"),
        (&["summaries"], "AAPL", "summary"),
        (&["profiles"], "AAPL", "profile"),
        (&["greeks"], OPTION, "greeks"),
        (&["candles", "--from", "6h"], "AAPL{=5m}", "candle"),
        (&["underlyings"], "AAPL", "underlying"),
        (&["theo-prices"], OPTION, "theo_price"),
        (&["option-sales"], "AAPL", "option_sale"),
        (&["series"], "AAPL", "series"),
        (&["orders", "--source", "NTV"], "AAPL", "order"),
        (
            &["spread-orders", "--source", "ISE"],
            "AAPL",
            "spread_order",
        ),
        (
            &["analytic-orders", "--source", "NTV"],
            "AAPL",
            "analytic_order",
        ),
        (&["dom", "--depth", "5", "--source", "ntv"], "AAPL", "book"),
    ] {
        let common = [symbol, "--json", "--count", "1", "--aggregation", "100ms"];
        let ended = watch(&venue, &[channel, &common[..]].concat());
        assert_eq!(ended.code, Some(0), "{channel:?} {ended:?}");
        let events = data(&ended.json());
        assert_eq!(kinds(&events), [kind], "{channel:?}");
        assert_eq!(kind_of_library(&events[0]), kind);
        // People see the symbol of the same.
        let common = [symbol, "--count", "1", "--quiet"];
        let ended = watch(&venue, &[channel, &common[..]].concat());
        let last = ended.stdout.last().unwrap();
        let first_symbol = symbol.split(',').next().unwrap();
        assert!(
            last.contains(first_symbol) || last.contains("SPY"),
            "{last}"
        );
    }
    venue.assert_no_breaches();
}

#[test]
fn what_is_published_by_hand_comes_through() {
    let venue = Venue::quiet();
    let attachment = serde_json::json!({"text": "hello"});
    for (channel, kind, event) in [
        ("configurations", "configuration", "Configuration"),
        ("messages", "message", "Message"),
    ] {
        let args = ["watch", "dxlink", channel, "AAPL", "--json", "--count", "1"];
        let tool = Tool::start(&[&args[..], &["--url", &venue.url]].concat());
        venue.wait_for_topics(1);
        let event = DxEvent::new(event, "AAPL").with("attachment", attachment.clone());
        venue.sim.publish(event);
        let ended = tool.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let events = ended.json();
        assert_eq!(kinds(&events), [kind]);
        assert_eq!(events[0]["attachment"], attachment);
        venue.wait_for_topics(0);
    }
    venue.assert_no_breaches();
}

#[test]
fn a_type_that_nobody_knows_comes_raw() {
    let venue = Venue::quiet();
    let args = [
        "watch",
        "dxlink",
        "raw",
        "--type",
        "DailyCandle",
        "AAPL",
        "--json",
        "--count",
        "1",
    ];
    let tool = Tool::start(&[&args[..], &["--url", &venue.url]].concat());
    // The simulator does not know it either: it is sent by hand.
    let channel = venue.wait_for_subscription();
    for frame in [
        json!({"type": "FEED_CONFIG", "channel": channel, "dataFormat": "COMPACT",
            "aggregationPeriod": 0, "eventFields": {"DailyCandle": ["eventSymbol", "high"]}}),
        json!({"type": "FEED_DATA", "channel": channel, "data": ["DailyCandle", ["AAPL", 231.5]]}),
    ] {
        venue.sim.send(&To::All, &RawFrame::Text(frame.to_string()));
    }
    let ended = tool.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let events = ended.json();
    assert_eq!(kinds(&events), ["raw"]);
    assert_eq!(events[0]["event_type"], "DailyCandle");
    assert_eq!(events[0]["fields"]["high"], 231.5);
}

#[test]
fn json_is_the_librarys_own_form() {
    let venue = Venue::busy();
    let args = |channel, symbol| [channel, symbol, "--json", "--count", "2"];
    for event in watch(&venue, &args("quotes", "AAPL")).json() {
        let quote: Quote = serde_json::from_value(event).unwrap();
        assert!(quote.bid < quote.ask);
    }
    for event in watch(&venue, &args("greeks", OPTION)).json() {
        let greeks: Greeks = serde_json::from_value(event).unwrap();
        assert!(greeks.delta.unwrap() > 0.0);
    }
    let events = watch(&venue, &args("candles", "AAPL{=1m}")).json();
    // As the venue calls it, and between the snapshot's marks.
    assert_eq!(events[0]["status"], "snapshot_began");
    assert_eq!(events[0]["scope"]["symbols"][0], "AAPL{=m}");
    let candle = events[1].clone();
    let row: Indexed<dxlink::Candle> = serde_json::from_value(candle).unwrap();
    assert_eq!(row.stage, dxlink::Stage::Snapshot);
    assert!(row.event.unwrap().state.is_some());
}

#[test]
fn a_snapshot_is_complete_and_then_it_goes_on() {
    let venue = Venue::quiet();
    // The history is whatever it is: the first live candle comes after its end.
    let args = [
        "watch",
        "dxlink",
        "candles",
        "AAPL{=1d}",
        "--json",
        "--url",
        &venue.url,
    ];
    let tool = Tool::start(&args);
    let mut stages = Vec::new();
    loop {
        let event: Value = serde_json::from_str(&tool.line()).unwrap();
        if event["status"] == "snapshot_ended" {
            venue.trade("231.5", "3");
        }
        stages.push(match event["kind"].as_str() {
            Some("candle") => event["stage"].as_str().unwrap().to_owned(),
            _ => event["status"].as_str().unwrap().to_owned(),
        });
        if event["stage"] == "live" {
            assert_eq!(event["event"]["close"], "231.5");
            break;
        }
    }
    stages.dedup();
    let expected = ["snapshot_began", "snapshot", "snapshot_ended", "live"];
    // Without history there is nothing between the marks.
    assert!(
        stages == expected || stages == ["snapshot_began", "snapshot_ended", "live"],
        "{stages:?}"
    );
}

#[test]
fn gaps_and_interruptions_are_in_the_stream() {
    let venue = Venue::busy();
    let args = [
        "watch", "dxlink", "trades", "AAPL", "--json", "--count", "50",
    ];
    let tool = Tool::start(&[&args[..], &["--url", &venue.url]].concat());
    tool.line();
    venue.sim.inject(Fault::Cut);
    let ended = tool.end();
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let gap = events.iter().find(|event| event["kind"] == "gap").unwrap();
    assert_eq!(gap["cause"], "outage");
    let names: Vec<_> = events.iter().map(|event| &event["status"]).collect();
    assert!(names.contains(&&"interrupted".into()), "{names:?}");
    assert!(names.contains(&&"resumed".into()), "{names:?}");
    assert!(ended.stderr.ends_with("1 reconnects"), "{}", ended.stderr);
}

#[test]
fn a_bad_command_line_says_what_is_valid() {
    let nowhere = ["--url", "ws://127.0.0.1:1/"];
    for (args, valid) in [
        (
            &["nonsense", "AAPL"][..],
            "quotes, time-and-sales, last-sales,",
        ),
        (&["quotes"], "SYMBOLS"),
        (&["quotes", "AAPL", "--depth", "5"], "no such options"),
        (
            &["dom", "AAPL", "--from", "1d"],
            "it has --depth and --source",
        ),
        (&["dom", "AAPL", "--depth", "0"], "1.."),
        (&["orders", "AAPL"], "--source NTV"),
        (&["candles", "AAPL"], "AAPL{=5m}"),
        (&["candles", "AAPL{=5x}"], "AAPL{=5x}"),
        (&["candles", "AAPL{=5m}", "--from", "soon"], "1d or 6h"),
        (&["raw", "AAPL"], "DailyCandle"),
        (&["candles", "AAPL{=1pr}"], "no interval"),
        (
            &["quotes", "AAPL", "--aggregation", "often"],
            "--aggregation",
        ),
    ] {
        let ended = Tool::start(&[&["watch", "dxlink"], args, &nowhere].concat()).end();
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert!(ended.stderr.contains(valid), "{args:?} {}", ended.stderr);
    }
    let ended = Tool::run(&["watch", "moon", "quotes", "AAPL"], b"");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("gate, dxlink"), "{}", ended.stderr);
}

#[test]
fn common_options_may_stand_before_the_venue() {
    let venue = Venue::busy();
    let args = [
        "watch", "--json", "--url", &venue.url, "dxlink", "quotes", "AAPL", "--count", "1",
    ];
    let ended = Tool::start(&args).end();
    assert_eq!(kinds(&ended.json()), ["quote"]);
}
