//! Answers that come twice, in another order, without an id or for nothing, and refusals.

use super::*;

fn ack(words: &str) -> String {
    format!(r#"{{"time":1,"result":{{"status":"success"}},{words}}}"#)
}

fn error(code: i64, text: &str, words: &str) -> String {
    format!(
        r#"{{"time":1,"error":{{"code":{code},"message":"{text}"}},"result":{{"status":"fail"}},{words}}}"#
    )
}

const TRADES: &str = r#""channel":"spot.trades","event":"subscribe""#;
const NOTHING: &str = "ignored: answer to nothing asked";

/// Requests 1 and 2 of trades of A_B and C_D, and 3 of tickers.
fn three() -> Bench {
    let mut bench = Bench::new();
    bench.subscribe(Channel::Trades, &["A_B"]);
    bench.subscribe(Channel::Trades, &["C_D"]);
    bench.subscribe(Channel::Tickers, &["A_B"]);
    bench
}

#[test]
fn ids_find_their_requests_in_any_order_and_spelling() {
    let mut bench = three();
    for (id, told) in [
        ("\"2\"", "settled 2"),
        ("1.0", "settled 1"),
        ("3", "settled 3"),
    ] {
        assert_eq!(bench.take(&ack(&format!(r#"{TRADES},"id":{id}"#))), [told]);
    }
}

#[test]
fn an_answer_that_comes_twice_settles_nothing_else() {
    let mut bench = three();
    let frame = ack(&format!(r#"{TRADES},"id":1,"payload":["A_B"]"#));
    assert_eq!(bench.take(&frame), ["settled 1"]);
    assert_eq!(bench.take(&frame), [NOTHING]);
    let frame = ack(&format!(r#"{TRADES},"payload":["C_D"]"#));
    assert_eq!(bench.take(&frame), ["settled 2"]);
    assert_eq!(bench.take(&frame), [NOTHING]);
}

#[test]
fn answers_for_unknown_ids_settle_nothing() {
    for id in ["7", "0", "-1", "\"x\"", "{}", "1.5", "99999999999999999999"] {
        let mut bench = three();
        let told = bench.take(&ack(&format!(r#"{TRADES},"id":{id},"payload":["A_B"]"#)));
        assert_eq!(told, [NOTHING], "{id}");
        let refused = error(2, "unknown", &format!(r#"{TRADES},"id":{id}"#));
        assert_eq!(bench.take(&refused), [NOTHING], "{id}");
    }
}

#[test]
fn without_an_id_the_payload_finds_the_request_and_then_the_order() {
    let mut bench = three();
    let told = bench.take(&ack(&format!(r#"{TRADES},"payload":["C_D"]"#)));
    assert_eq!(told, ["settled 2"]);
    let told = bench.take(&ack(&format!(r#"{TRADES},"id":null"#)));
    assert_eq!(told, ["settled 1"]);
    let told = bench.take(&ack(r#""channel":"spot.tickers","event":"subscribe""#));
    assert_eq!(told, ["settled 3"]);
}

#[test]
fn an_answer_that_says_little_is_believed_where_it_can_only_mean_one() {
    let mut bench = three();
    assert_eq!(bench.take(&ack(r#""channel":"spot.trades""#)), [NOTHING]);
    assert_eq!(
        bench.take(r#"{"error":{"code":3,"message":"x"}}"#),
        [NOTHING]
    );
    assert_eq!(
        bench.take(&ack(r#""channel":"spot.tickers""#)),
        ["settled 3"]
    );
    let told = bench.take(&ack(r#""channel":"spot.trades","id":2"#));
    assert_eq!(told, ["settled 2"]);
    let told = bench.take(r#"{"error":{"code":3,"message":"x"}}"#);
    assert_eq!(told, ["refused 1 0: later (x)"]);
}

#[test]
fn an_answer_without_an_event_is_no_malformed_event() {
    let mut bench = Bench::with(Channel::Trades);
    let told = bench.take(&ack(r#""channel":"spot.trades","id":1,"event":"""#));
    assert_eq!(told, ["settled 1"]);
}

#[test]
fn the_answer_to_a_request_that_was_given_up_settles_nothing() {
    let mut bench = Bench::new();
    let ids = bench.subscribe(Channel::Trades, &["A_B", "C_D"]);
    bench.request(Op::Subscribe, &ids[..1]);
    bench.request(Op::Subscribe, &ids[1..]);
    assert_eq!(bench.take(&ack(&format!(r#"{TRADES},"id":1"#))), [NOTHING]);
    assert_eq!(bench.take(&ack(TRADES)), ["settled 2"]);
    assert_eq!(bench.take(&ack(TRADES)), ["settled 3"]);
}

#[test]
fn requests_that_are_never_answered_are_forgotten() {
    let mut bench = Bench::new();
    for number in 0..10_000 {
        bench.subscribe(Channel::Trades, &[&format!("A{number}_B")]);
    }
    assert_eq!(bench.take(&ack(&format!(r#"{TRADES},"id":1"#))), [NOTHING]);
    assert_eq!(
        bench.take(&ack(&format!(r#"{TRADES},"id":9999"#))),
        ["settled 9999"]
    );
    assert_eq!(
        bench.take(&ack(&format!(r#"{TRADES},"id":10000"#))),
        ["settled 10000"]
    );
}

#[test]
fn an_error_among_many_falls_on_those_it_names() {
    let refused = |text: &str| {
        let mut bench = Bench::new();
        bench.subscribe(Channel::Trades, &["A_B", "C_D", "E_F"]);
        bench.take(&error(
            2,
            text,
            r#""channel":"spot.trades","event":"subscribe","id":1"#,
        ))
    };
    let told = refused("unknown currency pair C_D");
    assert_eq!(told, ["refused 1 1: no (unknown currency pair C_D)"]);
    let told = refused("unknown: C_D, E_F.");
    let no = "no (unknown: C_D, E_F.)";
    assert_eq!(told, [format!("answered 1 [1: {no}, 2: {no}]")]);
    let told = refused("one of A_B, C_D, E_F is bad");
    assert_eq!(told, ["refused 1: no (one of A_B, C_D, E_F is bad)"]);
    let told = refused("bad");
    assert_eq!(told, ["refused 1: no (bad)"]);
}

#[test]
fn a_failure_of_the_venues_own_is_asked_again() {
    let mut bench = Bench::with(Channel::Trades);
    let told = bench.take(&error(3, "busy", r#""channel":"spot.trades","id":"1""#));
    assert_eq!(told, ["refused 1 0: later (busy)"]);
}

#[test]
fn what_an_answer_leaves_out_was_not_granted() {
    let answer = |payload: &str| {
        let mut bench = Bench::new();
        bench.subscribe(Channel::Trades, &["A_B", "C_D", "E_F"]);
        bench.take(&ack(&format!(r#"{TRADES},"id":1,"payload":{payload}"#)))
    };
    assert_eq!(answer(r#"["E_F","A_B"]"#), ["answered 1 [0: yes, 2: yes]"]);
    for whole in [
        r#"["A_B","C_D","E_F"]"#,
        r#"["X_Y"]"#,
        "[]",
        "{}",
        "null",
        "7",
    ] {
        assert_eq!(answer(whole), ["settled 1"], "{whole}");
    }
}

#[test]
fn a_stream_that_runs_already_is_taken_down_and_asked_for_again() {
    let mut bench = Bench::new();
    let ids = bench.subscribe(OBU, &["A_B", "C_D"]);
    let told = bench.take(&error(
        2,
        "Alert sub ob.C_D.50",
        r#""channel":"spot.obu","event":"subscribe","id":1"#,
    ));
    assert_eq!(told, ["answered 1 [1: later (Alert sub ob.C_D.50)]"]);
    let down = bench.told.sent.last().unwrap().clone();
    assert!(
        down.contains(r#""event":"unsubscribe","payload":["ob.C_D.50"]"#),
        "{down}"
    );
    assert!(!down.contains("\"id\""), "{down}");
    // Its answer is nobody's, even if it says no more than that it is one.
    bench.request(Op::Unsubscribe, &ids[..1]);
    let answer = ack(r#""channel":"spot.obu","event":"unsubscribe""#);
    assert_eq!(bench.take(&answer), [""; 0]);
    assert_eq!(bench.take(&answer), ["settled 2"]);
}

#[test]
fn a_refusal_without_end_is_cut_short() {
    let mut bench = Bench::with(Channel::Trades);
    let told = bench.take(&error(
        2,
        &"\u{e9}".repeat(1_000_000),
        r#""channel":"spot.trades","id":1"#,
    ));
    assert!(told[0].len() < 1_100, "{}", told[0].len());
}
