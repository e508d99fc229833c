//! `feedline decode dxlink`.

mod support;

use feedline::venue::dxlink::DxEvent;
use serde_json::{Value, json};
use support::{Tool, kinds};

const SETUP: &str = r#"{"type":"SETUP","channel":0,"version":"1.0","keepaliveTimeout":60,"acceptKeepaliveTimeout":60}"#;
const CONFIG: &str = r#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"COMPACT","aggregationPeriod":0.1,"eventFields":{"Quote":["eventSymbol","bidPrice","askPrice"]}}"#;
const QUOTES: &str =
    r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["SPY",559.30,559.31,"AAPL","NaN",231.5]]}"#;

fn decode(args: &[&str], input: &str) -> (Vec<Value>, String) {
    let ended = Tool::run(&[&["decode", "dxlink"], args].concat(), input.as_bytes());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (ended.json(), ended.stderr)
}

#[test]
fn every_event_is_an_object_with_its_line() {
    let unknown = r#"{"type":"NEWS","channel":1}"#;
    let keepalive = r#"{"type":"KEEPALIVE","channel":0}"#;
    let error = r#"{"type":"ERROR","channel":0,"error":"UNAUTHORIZED","message":"who?"}"#;
    let input = [SETUP, CONFIG, QUOTES, keepalive, error, unknown].join("\n");
    let (items, tally) = decode(&[], &input);
    let expected = [
        "setup",
        "feed_config",
        "quote",
        "quote",
        "keepalive",
        "error",
        "unknown",
    ];
    assert_eq!(kinds(&items), expected);
    let lines: Vec<_> = items
        .iter()
        .map(|item| item["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [1, 2, 3, 3, 4, 5, 6]);
    assert_eq!(items[2]["symbol"], "SPY");
    assert_eq!(items[2]["bid"], "559.30");
    assert_eq!(items[3].get("bid"), None);
    // The library reads what it wrote.
    let event: DxEvent = serde_json::from_value(items[2].clone()).unwrap();
    assert_eq!(event.event_type(), "Quote");
    assert_eq!(
        tally,
        "6 lines: 1 error, 1 feed_config, 1 keepalive, 2 quote, 1 setup, 1 unknown"
    );
}

#[test]
fn fields_may_be_told_where_the_recording_lacks_its_beginning() {
    let (items, tally) = decode(&[], QUOTES);
    assert_eq!(kinds(&items), ["malformed"]);
    assert_eq!(items[0]["event_type"], "Quote");
    assert_eq!(items[0]["channel"], 1);
    assert_eq!(tally, "1 lines: 1 malformed");

    let fields = ["--fields", "Quote=eventSymbol,bidPrice,askPrice"];
    let (items, _) = decode(&fields, QUOTES);
    assert_eq!(kinds(&items), ["quote", "quote"]);
    assert_eq!(items[1]["ask"], "231.5");
}

#[test]
fn indexed_events_show_their_place_in_a_snapshot() {
    let fields = [
        "--fields",
        "Order=eventSymbol,eventFlags,index,orderSide,price,size,source",
    ];
    let orders = r#"{"type":"FEED_DATA","channel":3,"data":["Order",["AAPL",4,7,"BUY",231.5,10,"NTV","AAPL",10,0,"UNDEFINED","NaN","NaN","NTV"]]}"#;
    let (items, _) = decode(&fields, orders);
    assert_eq!(items[0]["kind"], "order");
    assert_eq!(items[0]["index"], 7);
    assert!(items[0].get("event_flags").is_some(), "{}", items[0]);
    // A row that only ends the snapshot takes its index out.
    let last = &items[1];
    assert!(
        last["kind"] == "removed" || last["removes"] == true,
        "{last}"
    );
}

#[test]
fn a_bad_line_is_told_and_the_next_goes_on() {
    let hex: String = QUOTES.bytes().map(|byte| format!("{byte:02x}")).collect();
    let input = format!("{{\n\n{CONFIG}\nhex:{hex}\n");
    let (items, tally) = decode(&["--quiet"], &input);
    assert_eq!(
        kinds(&items),
        ["malformed", "malformed", "feed_config", "quote", "quote"]
    );
    assert_eq!(items[1]["reason"], "the line is empty");
    assert_eq!(tally, "");
}

#[test]
fn a_row_that_cannot_be_used_spares_the_others() {
    let bad = r#"{"type":"FEED_DATA","channel":1,"data":["Quote",[true,1,2,"AAPL",231.5,231.6]]}"#;
    let (items, tally) = decode(&[], &[CONFIG, bad].join("\n"));
    assert_eq!(kinds(&items[1..]), ["malformed", "quote"]);
    assert_eq!(tally, "2 lines: 1 feed_config, 1 malformed, 1 quote");
    assert_eq!(items[1]["line"], json!(2));
}

#[test]
fn bad_fields_are_told_with_good_ones() {
    for fields in ["Quote", "Quote=", "=eventSymbol", "Quote=bidPrice"] {
        let ended = Tool::run(&["decode", "dxlink", "--fields", fields], b"");
        assert_eq!(ended.code, Some(2), "{fields} {ended:?}");
        assert!(ended.stderr.contains("eventSymbol"), "{}", ended.stderr);
    }
    let ended = Tool::run(&["decode", "dxlink", "--market", "spot"], b"");
    assert_eq!(ended.code, Some(2));
}
