//! `feedline sim`.

mod support;

use support::{Tool, file};

#[cfg(unix)]
#[test]
fn signals_end_it() {
    for signal in ["INT", "TERM"] {
        let (sim, url) = Tool::sim(&["--rate", "500"]);
        // With a client connected, too.
        let watch = Tool::start(&["watch", "gate", "trades", "BTC_USDT", "--url", &url]);
        watch.line();
        sim.signal(signal);
        let ended = sim.end();
        assert_eq!(ended.code, Some(0));
        assert_eq!(ended.stderr, "1 connects, 0 breaches of the venue's rules");
    }
}

#[test]
fn a_bad_file_is_told_with_its_line() {
    let faults = file("bad_faults.jsonl", "# nothing\n{\"at\": \"1s\"}");
    let ended = Tool::run(&["sim", "gate", "--faults", &faults], b"");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("line 2"), "{}", ended.stderr);
    assert!(ended.stderr.contains("garble"), "{}", ended.stderr);

    let frames = file("bad_frames.jsonl", "{\"dir\": \"out\"}\n{\"fram\": \"\"}");
    let ended = Tool::run(&["sim", "gate", "--frames", &frames], b"");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("line 2"), "{}", ended.stderr);

    let ended = Tool::run(&["sim", "gate", "--frames", "/nowhere/at/all"], b"");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("/nowhere/at/all"), "{}", ended.stderr);
}

#[test]
fn a_bad_command_line_is_told() {
    for args in [
        &["--symbols", "BTCUSDT"][..],
        &["--rate=-1"],
        &["--rate", "nan"],
        &["--loop"],
        &["--seed", "x"],
    ] {
        let ended = Tool::run(&[&["sim", "gate"], args].concat(), b"");
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
    }
    let ended = Tool::run(&["sim", "gate", "--listen", "nowhere"], b"");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("nowhere"), "{}", ended.stderr);
}

#[test]
fn every_venue_tells_its_addresses() {
    for (venue, schemes) in [
        ("gate", &["ws", "http"][..]),
        ("dxlink", &["ws"]),
        ("tastytrade", &["ws", "ws", "http"]),
    ] {
        let sim = Tool::start(&["sim", venue, "--rate", "500"]);
        for scheme in schemes {
            let address = sim.line();
            let expected = format!("{scheme}://127.0.0.1:");
            assert!(address.starts_with(&expected), "{venue}: {address}");
        }
    }
}

#[test]
fn options_of_other_venues_are_refused() {
    for args in [
        &["gate", "--token", "x"][..],
        &["gate", "--bundled"],
        &["dxlink", "--client-secret", "x"],
        &["dxlink", "--without-field", "VWAP"],
        &["tastytrade", "--without-field", "VWAP"],
        &["tastytrade", "--frames", "x"],
    ] {
        let ended = Tool::run(&[&["sim"], args].concat(), b"");
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
    }
}

#[test]
fn help_tells_of_faults_and_exit_codes() {
    let ended = Tool::run(&["sim", "--help"], b"");
    assert_eq!(ended.code, Some(0));
    let help = ended.stdout.join("\n");
    for part in [
        "after_subscribes",
        "\"fault\": \"cut\"",
        "sequence_gap",
        "Exit codes",
    ] {
        assert!(help.contains(part), "{part} is not in {help}");
    }
}
