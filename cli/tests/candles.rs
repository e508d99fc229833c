//! `feedline candles`, against `feedline sim`.

mod support;

use feedline::market::{Candle, CandleState, Interval};
use support::{Tool, file, json, kinds, recording};

/// A trade of NEO_BTC: milliseconds since the recording's first second, price, size.
fn trade(millis: i64, price: &str, size: &str) -> String {
    let time = 1_606_292_218_000 + millis;
    let seconds = time / 1_000;
    format!(
        r#"{{"time":{seconds},"time_ms":{time},"channel":"spot.trades","event":"update","result":{{"id":{},"create_time":{seconds},"create_time_ms":"{time}.0","side":"sell","currency_pair":"NEO_BTC","amount":"{size}","price":"{price}"}}}}"#,
        millis + 1
    )
}

/// A simulator that plays trades of three seconds, once.
fn three_seconds(name: &str) -> (Tool, String) {
    let trades = [
        trade(0, "10.5", "2"),
        trade(400, "12", "1"),
        trade(999, "11", "1"),
        trade(1_200, "9.5", "3"),
        trade(2_000, "10", "0.5"),
        trade(1_300, "99", "1"),
    ];
    let frames = recording(name, &trades);
    Tool::sim(&["--frames", &frames, "--rate", "500"])
}

fn candles(url: &str, args: &[&str]) -> support::Ended {
    let tool = Tool::start(&[&["candles", "gate"], args, &["--url", url]].concat());
    tool.end()
}

#[test]
fn a_candle_is_what_its_trades_say() {
    let (_sim, url) = three_seconds("candles_json.jsonl");
    let args = ["NEO_BTC", "--interval", "1s", "--json", "--for", "1s"];
    let ended = candles(&url, &args);
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    assert_eq!(kinds(&events), ["candle"; 3]);
    let candles: Vec<Candle> = events
        .into_iter()
        .map(|event| serde_json::from_value(event).unwrap())
        .collect();
    let first = &candles[0];
    assert_eq!(first.symbol, "NEO_BTC");
    assert_eq!(first.interval, Interval::seconds(1));
    assert_eq!(first.start.as_secs(), 1_606_292_218);
    let decimal = |text| feedline::decimal::parse(text).unwrap();
    let prices = [first.open, first.high, first.low, first.close];
    assert_eq!(prices, ["10.5", "12", "10.5", "11"].map(decimal));
    assert_eq!(first.volume, Some(decimal("4")));
    assert_eq!(first.turnover, Some(decimal("44")));
    assert_eq!(first.vwap, Some(decimal("11")));
    assert_eq!(first.trades, Some(3));
    assert_eq!((first.tainted, first.truncated), (false, false));
    // What is open in the end is told too, or its trades would be told nowhere.
    let states: Vec<_> = candles.iter().map(|candle| candle.state.unwrap()).collect();
    let (over, open) = (CandleState::Final, CandleState::Partial);
    assert_eq!(states, [over, over, open]);
    assert_eq!(candles[2].volume, Some(decimal("0.5")));
    // And so is the trade that came when its candle was over.
    assert_eq!(
        ended.stderr,
        "3 candles, 0 gaps, 0 missing, 0 reconnects, 1 trades too late for their candle"
    );
}

#[test]
fn late_trades_revise_within_the_time_of_grace() {
    let (_sim, url) = three_seconds("candles_grace.jsonl");
    let args = [
        "NEO_BTC",
        "--interval",
        "1s",
        "--grace",
        "10s",
        "--count",
        "3",
    ];
    let ended = candles(&url, &[&args[..], &["--json"]].concat());
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let states: Vec<_> = events.iter().map(|candle| &candle["state"]).collect();
    assert_eq!(states, ["final", "final", "revised"]);
    assert_eq!(events[2]["high"], "99");
    assert_eq!(ended.stderr, "3 candles, 0 gaps, 0 missing, 0 reconnects");
}

#[test]
fn people_get_a_line_a_candle() {
    let (_sim, url) = three_seconds("candles_lines.jsonl");
    let args = ["NEO_BTC", "--interval", "1s", "--count", "2", "--quiet"];
    let ended = candles(&url, &args);
    assert_eq!(
        ended.stdout,
        [
            "08:16:58  NEO_BTC   open 10.5  high 12  low 10.5  close 11  volume 4  trades 3  \
             vwap 11  final",
            "08:16:59  NEO_BTC   open  9.5  high 9.5  low  9.5  close 9.5  volume 3  trades 1  \
             vwap 9.5  final",
        ]
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_state_of_a_candle_if_wanted() {
    let (_sim, url) = three_seconds("candles_partials.jsonl");
    let args = ["NEO_BTC", "--interval", "2t", "--partials", "--json"];
    let ended = candles(&url, &[&args[..], &["--count", "3"]].concat());
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let trades = events.iter().map(|candle| candle["trades"].as_u64());
    assert_eq!(trades.collect::<Vec<_>>(), [Some(1), Some(2), Some(1)]);
    assert_eq!(events[1]["state"], "final");
}

#[test]
fn days_begin_in_the_time_zone_and_the_market_closes() {
    let (_sim, url) = three_seconds("candles_zone.jsonl");
    let zone = ["--interval", "1d", "--zone", "Asia/Tokyo", "--for", "1s"];
    let ended = candles(&url, &[&["NEO_BTC"], &zone[..]].concat());
    // 17:16 there, on the same day.
    let line = &ended.stdout[0];
    assert!(line.starts_with("2020-11-25  NEO_BTC"), "{line}");
    assert!(line.ends_with("partial  truncated"), "{line}");

    let (_sim, url) = three_seconds("candles_session.jsonl");
    let session = ["--session", "Mon-Fri 09:00-17:00"];
    let ended = candles(&url, &[&["NEO_BTC"], &zone[..], &session].concat());
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 0));
    let outside = "6 trades while the market was closed";
    assert!(ended.stderr.ends_with(outside), "{}", ended.stderr);
}

#[test]
fn a_gap_taints_the_candles_that_it_touches() {
    let faults = file(
        "candles_cut.jsonl",
        r#"{"after_frames": 50, "fault": "cut"}"#,
    );
    let (_sim, url) = Tool::sim(&["--rate", "500", "--faults", &faults]);
    let args = [
        "BTC_USDT,ETH_USDT",
        "--interval",
        "1s",
        "--json",
        "--count",
        "4",
    ];
    let ended = candles(&url, &args);
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let gap = events.iter().find(|event| event["kind"] == "gap").unwrap();
    assert_eq!(gap["cause"], "outage");
    let tainted = events.iter().filter(|event| event["tainted"] == true);
    assert!(tainted.count() >= 2, "{events:?}");
    assert!(ended.stderr.ends_with("1 reconnects"), "{}", ended.stderr);
}

#[test]
fn a_pipe_gets_the_picture_once_in_the_end() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let args = [
        "BTC_USDT,ETH_USDT",
        "--interval",
        "1s",
        "--plot",
        "--count",
        "6",
    ];
    let ended = candles(&url, &args);
    assert_eq!(ended.code, Some(0));
    let lines = &ended.stdout;
    // Two symbols of 16 rows, the head, and the two rows at the foot.
    assert_eq!(lines.len(), 35, "{lines:#?}");
    let head = "times in UTC; 6 candles, 0 gaps, ";
    assert!(lines[0].starts_with(head), "{}", lines[0]);
    assert!(lines[1].starts_with("BTC_USDT  1s  open "), "{}", lines[1]);
    assert!(
        lines[17].starts_with("ETH_USDT  1s  open "),
        "{}",
        lines[17]
    );
    assert!(lines[34].starts_with("! touched by a gap"), "{}", lines[34]);
    // An axis beside every row of prices, with at least two of them written.
    let prices = &lines[2..13];
    assert!(prices.iter().all(|line| line.contains(['│', '┤'])));
    let labels: Vec<_> = prices.iter().filter(|line| line.contains('┤')).collect();
    assert!(labels.len() >= 2, "{lines:#?}");
    // Three candles: their marks, the bars of their volume, a time.
    assert!(
        lines[13].trim() == "<" || lines[13].contains("<   "),
        "{}",
        lines[13]
    );
    assert!(lines[15].contains(['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']));
    assert!(lines[16].contains(":"), "{}", lines[16]);
    assert!(lines.iter().all(|line| line.chars().count() <= 100));
    assert!(!lines.concat().contains('\u{1b}'));
}

#[test]
fn a_bad_command_line_says_what_is_valid() {
    for (args, valid) in [
        (&["BTC_USDT", "--interval", "1x"][..], "such as 10s, 5m"),
        (&["BTC_USDT", "--interval", "0s"], "such as 10s, 5m"),
        (&["BTC_USDT", "--zone", "Mars/Base"], "America/New_York"),
        (&["BTC_USDT", "--session", "always"], "Mon-Fri 09:30-16:00"),
        (&["BTC_USDT", "--grace", "soon"], "--grace"),
        (
            &["BTC_USDT", "--interval", "10t", "--grace", "1s"],
            "only those of time",
        ),
        (&["BTC_USDT", "--plot", "--json"], "cannot be used with"),
        (&["BTC_USDT", "--plot", "--partials"], "cannot be used with"),
        (&["BTC_USDT", "--count", "0"], "--count"),
        (&["--interval", "1s"], "SYMBOLS"),
    ] {
        let ended = candles("ws://127.0.0.1:1/", args);
        assert_eq!(ended.code, Some(2), "{args:?}");
        assert!(ended.stderr.contains(valid), "{args:?} {}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{args:?}");
    }
    let ended = candles("nonsense", &["BTC_USDT"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("WebSocket URL"), "{}", ended.stderr);
}

#[test]
fn a_refusal_names_the_symbol() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    for plot in [&[][..], &["--plot"]] {
        let ended = candles(&url, &[&["BTC_USDT", "MOON_USDT"], plot].concat());
        assert_eq!(ended.code, Some(1));
        assert!(ended.stdout.is_empty());
        assert!(ended.stderr.contains("MOON_USDT"), "{}", ended.stderr);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let args = ["candles", "gate", "BTC_USDT", "--interval", "1s", "--url"];
    let tool = Tool::start(&[&args[..], &[&url, "--json"]].concat());
    assert_eq!(json(&[tool.line()])[0]["kind"], "candle");
    tool.signal("INT");
    let ended = tool.end();
    assert_eq!(ended.code, Some(0));
    // The open one.
    assert_eq!(ended.json().last().unwrap()["state"], "partial");
    assert!(
        ended.stderr.contains(" candles, 0 gaps"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_reader_that_goes_ends_it_without_a_word() {
    let (_sim, url) = Tool::sim(&["--rate", "500"]);
    let args = [
        "candles",
        "gate",
        "BTC_USDT",
        "--interval",
        "5t",
        "--url",
        &url,
    ];
    let (tool, first) = Tool::start_for_head(&args);
    assert!(first.contains("BTC_USDT"));
    let ended = tool.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_end_while_interrupted_is_a_gap_and_taints_what_is_open() {
    let faults = [
        r#"{"after_frames": 50, "fault": "refuse_connect", "times": null}"#,
        r#"{"after_frames": 50, "fault": "cut"}"#,
    ];
    let faults = file("candles_gone.jsonl", &faults.join("\n"));
    let (_sim, url) = Tool::sim(&["--rate", "500", "--faults", &faults]);
    let args = ["BTC_USDT", "--interval", "1h", "--json", "--for", "1s"];
    let ended = candles(&url, &args);
    assert_eq!(ended.code, Some(0));
    let events = ended.json();
    let [.., gap, open] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (&gap["kind"], &gap["cause"]),
        (&"gap".into(), &"outage".into())
    );
    assert_eq!(open["kind"], "candle");
    assert_eq!(open["tainted"], true);
    assert!(
        ended.stderr.contains("not live at the end"),
        "{}",
        ended.stderr
    );
}
