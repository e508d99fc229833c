//! `feedline demo`.

mod support;

use support::{Tool, kinds};

#[test]
fn everything_is_accounted_for() {
    let people = Tool::start(&["demo", "--seed", "3"]);
    let machines = Tool::start(&["demo", "--seed", "4", "--json"]);

    let ended = people.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = ended.stdout.join("\n");
    for part in [
        "unexplained",
        "0 unexplained: nothing was lost",
        "outage of all symbols",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }

    let ended = machines.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let events = ended.json();
    let kinds = kinds(&events);
    for kind in ["trade", "gap", "status"] {
        assert!(kinds.contains(&kind), "no {kind}");
    }
    let account = events.last().unwrap();
    assert_eq!(account["kind"], "account");
    let total = |name: &str| account["total"][name].as_u64().unwrap();
    assert_eq!(total("unexplained"), 0);
    assert_eq!(total("counted"), 4);
    assert!(total("outage") > 0);
    assert_eq!(
        total("sent"),
        total("delivered") + total("counted") + total("outage")
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it() {
    let tool = Tool::start(&["demo", "--json"]);
    tool.line();
    tool.signal("INT");
    assert_eq!(tool.end().code, Some(0));
}
