//! `feedline watch`, against `feedline sim`.

mod support;

use support::{Tool, file, json, kinds, recording};

fn book_updates(symbol: &str, count: u64) -> Vec<String> {
    (0..count)
        .map(|at| {
            let (first, last) = (10 + 2 * at, 11 + 2 * at);
            format!(
                r#"{{"time":1606294781,"channel":"spot.order_book_update","event":"update","result":{{"t":1606294781123,"e":"depthUpdate","E":1606294781,"s":"{symbol}","U":{first},"u":{last},"b":[["19137.7400","0.0001"]],"a":[["19137.7500","0"]]}}}}"#
            )
        })
        .collect()
}

fn watch(url: &str, args: &[&str]) -> support::Ended {
    let tool = Tool::start(&[&["watch", "gate"], args, &["--url", url]].concat());
    tool.end()
}

#[test]
fn exactly_as_many_events_as_asked_for() {
    let frames = recording("updates.jsonl", &book_updates("NEO_BTC", 30));
    let (_sim, url) = Tool::sim(&["--frames", &frames, "--loop", "--rate", "1000"]);
    let channel = ["order_book_update", "NEO_BTC", "NEO_BTC", "--json"];
    let ended = watch(&url, &[&channel[..], &["--count", "20"]].concat());
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    assert_eq!(kinds(&events), ["book"; 20]);
    assert_eq!(events[0]["symbol"], "NEO_BTC");
    assert_eq!(events[0]["first"], 10);
    assert_eq!(events[19]["last"], 49);
    assert_eq!(events[0]["bids"][0][0], "19137.7400");
    assert_eq!(ended.stderr, "20 events, 0 gaps, 0 missing, 0 reconnects");
}

#[test]
fn every_channel_is_typed() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    for (channel, kind) in [
        (&["trades"][..], "trade"),
        (&["quotes"], "quote"),
        (&["book_ticker"], "quote"),
        (&["tickers"], "ticker"),
        (&["candles", "--interval", "10s"], "candle"),
        (&["candlesticks"], "candle"),
        (&["order_book", "--depth", "5", "--speed", "1000ms"], "book"),
        (&["order_book_update", "--speed", "20ms"], "book"),
        (&["obu", "--level", "400"], "book"),
    ] {
        let common = ["BTC_USDT,ETH_USDT", "--json", "--count", "1"];
        let ended = watch(&url, &[channel, &common[..]].concat());
        assert_eq!(ended.code, Some(0), "{channel:?} {ended:?}");
        assert_eq!(kinds(&ended.json()), [kind], "{channel:?}");
    }
}

#[test]
fn gaps_and_interruptions_are_in_the_stream() {
    let faults = file("cut.jsonl", r#"{"after_frames": 5, "fault": "cut"}"#);
    let (_sim, url) = Tool::sim(&["--rate", "500", "--faults", &faults]);
    let ended = watch(&url, &["trades", "BTC_USDT", "--json", "--count", "50"]);
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let markers: Vec<_> = events.iter().filter(|e| e["kind"] != "trade").collect();
    assert_eq!(events.len() - markers.len(), 50);
    let gap = markers.iter().find(|marker| marker["kind"] == "gap");
    assert_eq!(gap.unwrap()["cause"], "outage");
    assert!(gap.unwrap()["from"].as_str() < gap.unwrap()["to"].as_str());
    let names: Vec<_> = markers.iter().map(|marker| &marker["status"]).collect();
    assert!(names.contains(&&"interrupted".into()), "{names:?}");
    assert!(names.contains(&&"resumed".into()), "{names:?}");
    assert!(ended.stderr.contains("1 gaps"), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("1 reconnects"), "{}", ended.stderr);
}

/// A venue that is gone after a few frames, for good.
fn gone(name: &str) -> String {
    let faults = [
        r#"{"after_frames": 5, "fault": "refuse_connect", "times": null}"#,
        r#"{"after_frames": 5, "fault": "cut"}"#,
    ];
    file(name, &faults.join("\n"))
}

#[test]
fn an_end_while_interrupted_is_a_gap() {
    let faults = gone("gone.jsonl");
    let (_sim, url) = Tool::sim(&["--rate", "500", "--faults", &faults]);
    let ended = watch(&url, &["trades", "BTC_USDT", "--json", "--for", "1s"]);
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let last = events.last().unwrap();
    assert_eq!(
        (&last["kind"], &last["cause"]),
        (&"gap".into(), &"outage".into())
    );
    assert_eq!(
        last["scope"],
        serde_json::json!({ "symbols": ["BTC_USDT"] })
    );
    let before = events.iter().rev().find(|event| event["kind"] == "trade");
    assert_eq!(last["from"], before.unwrap()["time"]);
    assert!(last["from"].as_str() < last["to"].as_str(), "{last}");
    let words = "not live at the end: something may be missing of BTC_USDT since";
    assert!(ended.stderr.contains("1 gaps"), "{}", ended.stderr);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn people_get_a_line_an_event() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let args = ["trades", "BTC_USDT", "--count", "2", "--quiet"];
    let ended = watch(&url, &args);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stdout.len(), 2);
    assert!(ended.stdout[0].contains("BTC_USDT"));
    // A pipe wants no colours.
    assert!(!ended.stdout[0].contains('\u{1b}'));
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_duration_ends_it() {
    let (_sim, url) = Tool::sim(&["--rate", "0"]);
    let ended = watch(&url, &["trades", "BTC_USDT", "--for", "50ms"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "0 events, 0 gaps, 0 missing, 0 reconnects");
}

#[test]
fn a_refusal_names_the_symbol() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let ended = watch(&url, &["trades", "BTC_USDT", "MOON_USDT"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.is_empty());
    assert!(ended.stderr.contains("MOON_USDT"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("BTC_USDT"), "{}", ended.stderr);

    let partial = ["--allow-partial", "--json", "--count", "3"];
    let args = [&["trades", "BTC_USDT", "MOON_USDT"][..], &partial].concat();
    let ended = watch(&url, &args);
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    assert_eq!(kinds(&events).iter().filter(|k| **k == "trade").count(), 3);
    let rejected = events.iter().find(|event| event["status"] == "rejected");
    assert_eq!(rejected.unwrap()["topic"], "MOON_USDT");
}

#[test]
fn a_bad_command_line_says_what_is_valid() {
    for (args, valid) in [
        (
            &["candles", "BTC_USDT", "--interval", "2m"][..],
            "1m, 3m, 5m",
        ),
        (&["order_book", "BTC_USDT", "--depth", "7"], "5, 10, 20"),
        (
            &["order_book", "BTC_USDT", "--speed", "20ms"],
            "100ms, 1000ms",
        ),
        (
            &["order_book_update", "BTC_USDT", "--speed", "1s"],
            "20ms, 100ms",
        ),
        (&["obu", "BTC_USDT", "--level", "20"], "50, 400"),
        (&["trades", "BTC_USDT", "--depth", "5"], "no such options"),
        (&["moons", "BTC_USDT"], "trades, quotes"),
        (&["trades"], "SYMBOLS"),
        (&["trades", "BTC_USDT", "--count", "0"], "--count"),
        (&["trades", "BTC_USDT", "--for", "soon"], "--for"),
    ] {
        let ended = watch("ws://127.0.0.1:1/", args);
        assert_eq!(ended.code, Some(2), "{args:?}");
        assert!(ended.stderr.contains(valid), "{args:?} {}", ended.stderr);
    }
    let ended = watch("nonsense", &["trades", "BTC_USDT"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("WebSocket URL"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let tool = Tool::start(&[
        "watch", "gate", "trades", "BTC_USDT", "--url", &url, "--json",
    ]);
    assert_eq!(json(&[tool.line()])[0]["kind"], "trade");
    tool.signal("INT");
    let ended = tool.end();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains(" events, 0 gaps"), "{}", ended.stderr);
}

#[test]
fn a_reader_that_goes_ends_it_without_a_word() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let args = ["watch", "gate", "trades", "BTC_USDT", "--url", &url];
    let (tool, first) = Tool::start_for_head(&args);
    assert!(first.contains("BTC_USDT"));
    let ended = tool.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
