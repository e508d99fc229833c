//! `feedline decode`.

mod support;

use serde_json::json;
use support::{Tool, json, kinds};

const TRADE: &str = r#"{"time":1606292218,"channel":"spot.trades","event":"update","result":{"id":309143071,"create_time":1606292218,"create_time_ms":"1606292218213.4578","side":"sell","currency_pair":"GT_USDT","amount":"16.4700000000","price":"0.4705000000"}}"#;
const QUOTE: &str = r#"{"time":1,"channel":"spot.book_ticker","event":"update","result":{"t":1000,"u":7,"s":"BTC_USDT","b":"10.50","B":"2","a":"","A":""}}"#;

#[test]
fn every_item_is_an_object_with_its_line() {
    let ack = r#"{"time":1,"channel":"spot.trades","event":"subscribe","error":null,"result":{"status":"success"}}"#;
    let refusal = r#"{"time":1,"channel":"spot.trades","event":"subscribe","error":{"code":2,"message":"unknown currency pair"},"result":null}"#;
    let input = [
        TRADE,
        QUOTE,
        ack,
        refusal,
        r#"{"channel":"spot.pong"}"#,
        r#"{"channel":"spot.news"}"#,
    ];
    let ended = Tool::run(&["decode", "gate"], input.join("\n").as_bytes());
    assert_eq!(ended.code, Some(0));
    let items = ended.json();
    let expected = ["trade", "quote", "ack", "rejected", "pong", "ignored"];
    assert_eq!(kinds(&items), expected);
    for (at, item) in items.iter().enumerate() {
        assert_eq!(item["line"], at + 1);
    }
    let trade = &items[0];
    assert_eq!(trade["symbol"], "GT_USDT");
    assert_eq!(trade["price"], "0.4705000000");
    assert_eq!(trade["size"], "16.4700000000");
    assert_eq!(trade["id"], 309_143_071);
    assert_eq!(items[1]["bid"], "10.50");
    assert_eq!(items[3]["code"], 2);
    assert!(
        ended.stderr.starts_with("6 lines: 1 ack,"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_bad_line_is_told_and_the_next_goes_on() {
    let mut input = b"{\n\n\xff\xfe\nhex:7\nhex:zz\nhex:5b5d\n".to_vec();
    input.extend(std::iter::repeat_n(b'x', (16 << 20) + 1));
    input.extend(b"\nnull\n");
    let hex: String = QUOTE.bytes().map(|byte| format!("{byte:02x}")).collect();
    input.extend(format!("hex:{hex}\r\n{TRADE}").as_bytes());
    let ended = Tool::run(&["decode", "gate", "--market", "spot"], &input);
    assert_eq!(ended.code, Some(0));
    let items = ended.json();
    let (bad, good) = items.split_at(8);
    for (at, item) in bad.iter().enumerate() {
        assert_eq!(item["line"], at + 1);
        assert_eq!(item["kind"], "malformed");
        assert!(!item["reason"].as_str().unwrap().is_empty());
    }
    assert_eq!(bad[6]["reason"], "the line is longer than 16 MiB");
    assert_eq!(kinds(good), ["quote", "trade"]);
    assert_eq!(good[1]["line"], 10);
    assert_eq!(ended.stderr, "10 lines: 8 malformed, 1 quote, 1 trade");
}

#[test]
fn output_does_not_wait_for_more_input() {
    let mut tool = Tool::start(&["decode", "gate"]);
    tool.write(format!("{QUOTE}\n{{\"chan").as_bytes());
    assert_eq!(json(&[tool.line()])[0]["kind"], "quote");
    tool.write(b"nel\":\"spot.pong\"}\n");
    assert_eq!(json(&[tool.line()])[0], json!({"line": 2, "kind": "pong"}));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_while_it_waits() {
    let mut tool = Tool::start(&["decode", "gate"]);
    tool.write(format!("{QUOTE}\n").as_bytes());
    tool.line();
    tool.signal("INT");
    let ended = tool.end();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "1 lines: 1 quote");
}

#[test]
fn a_reader_that_goes_ends_it_without_a_word() {
    let (tool, first) = Tool::start_for_head(&["decode", "gate"]);
    assert_eq!(first, "{\"line\":1,\"kind\":\"pong\"}\n");
    let ended = tool.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_empty_input_is_no_error() {
    let ended = Tool::run(&["decode", "gate"], b"");
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "0 lines");
    let ended = Tool::run(&["decode", "gate", "--quiet"], b"");
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let ended = Tool::run(&["decode", "gate", "--market", "moon"], b"");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("[possible values: spot]"));
    let ended = Tool::run(&["decode", "moon"], b"");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("possible values: gate, dxlink"));
}
