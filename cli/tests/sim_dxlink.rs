//! `feedline sim dxlink`.

mod support;

use support::{Ended, Tool, file, kinds};

/// Starts the simulator on a free port; returns its address too.
fn sim(args: &[&str]) -> (Tool, String) {
    let sim = Tool::start(&[&["sim", "dxlink", "--listen", "127.0.0.1:0"], args].concat());
    let url = sim.line();
    assert!(url.starts_with("ws://127.0.0.1:"), "{url}");
    (sim, url)
}

fn watch(url: &str, token: &str, args: &[&str]) -> Ended {
    let environment = [("FEEDLINE_DXLINK_TOKEN", token)];
    let args = [&["watch", "dxlink"], args, &["--url", url, "--json"]].concat();
    Tool::start_with(&environment, &args).end()
}

#[cfg(unix)]
#[test]
fn signals_end_it() {
    for signal in ["INT", "TERM"] {
        let (sim, url) = sim(&["--rate", "200"]);
        // With a client connected, too.
        let watch = Tool::start(&["watch", "dxlink", "trades", "AAPL", "--url", &url]);
        watch.line();
        sim.signal(signal);
        let ended = sim.end();
        assert_eq!(ended.code, Some(0));
        assert_eq!(ended.stderr, "1 connects, 0 breaches of the venue's rules");
    }
}

#[test]
fn it_wants_the_token_that_it_was_given() {
    let (_sim, url) = sim(&["--token", "test-token", "--strict-order", "--rate", "200"]);
    let args = ["trades", "AAPL", "--count", "1"];
    assert_eq!(watch(&url, "test-token", &args).code, Some(0));
    let refused = watch(&url, "another", &args);
    assert_eq!(refused.code, Some(1));
    assert!(!refused.stderr.contains("another"), "{}", refused.stderr);
    // Nobody needs one at the demonstration, and it is not sent.
    let (demo, url) = self::sim(&["--token", "demo", "--rate", "200"]);
    assert_eq!(watch(&url, "another", &args).code, Some(0));
    drop(demo);
}

#[test]
fn it_trades_what_it_is_told_to() {
    let args = [
        "--symbols",
        "IBM,.IBM270115C250",
        "--history",
        "10m",
        "--reversed-fields",
    ];
    let (_sim, url) = sim(&[&args[..], &["--rate", "20", "--aggregation", "10ms"]].concat());
    let ended = watch(&url, "", &["quotes", "IBM", "--count", "2"]);
    assert_eq!(kinds(&ended.json()), ["quote"; 2]);
    let ended = watch(&url, "", &["greeks", ".IBM270115C250", "--count", "1"]);
    assert_eq!(kinds(&ended.json()), ["greeks"]);
}

#[test]
fn faults_come_from_a_file() {
    let faults = file("dxlink_cut.jsonl", r#"{"after_frames": 5, "fault": "cut"}"#);
    let (_sim, url) = sim(&["--rate", "500", "--faults", &faults]);
    let ended = watch(&url, "", &["trades", "AAPL", "--count", "50"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.ends_with("1 reconnects"), "{}", ended.stderr);
}

#[test]
fn a_bad_command_line_is_told() {
    for (args, valid) in [
        (&["--symbols", "AAPL{=5m}"][..], "no candle's"),
        (&["--rate=-1"], "0 to a million"),
        (&["--history", "long"], "--history"),
        (&["--frames", "frames.jsonl"], "--frames"),
        (&["--token"], "--token"),
    ] {
        let ended = Tool::run(&[&["sim", "dxlink"], args].concat(), b"");
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert!(ended.stderr.contains(valid), "{args:?} {}", ended.stderr);
    }
    let help = Tool::run(&["sim", "dxlink", "--help"], b"")
        .stdout
        .join("\n");
    assert!(help.contains("\"fault\": \"cut\"") && help.contains("test-token"));
}
