//! Rows that cannot be read, and what stands in their place.

use super::*;

const SALE: &[&str] = &["eventSymbol", "index", "price", "size"];
const CANDLE: &[&str] = &[
    "eventSymbol",
    "eventFlags",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
];

fn sales(symbols: &[&str]) -> Rig {
    let mut rig = Rig::new();
    let topics: Vec<_> = symbols
        .iter()
        .map(|symbol| topic(EventKind::TimeAndSale, Contract::Stream, symbol))
        .collect();
    rig.ask(&topics);
    rig.opened(1);
    rig.config(1, "TimeAndSale", SALE);
    rig
}

fn history() -> Rig {
    let mut rig = Rig::new();
    rig.ask(&[candles("A{=m}", 0), candles("B{=m}", 0)]);
    rig.opened(1);
    rig.config(1, "Candle", CANDLE);
    rig
}

/// Rows of candles: symbol, flags, minute, close.
fn bars(rows: &[(&str, &str, i64, &str)]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|(symbol, flags, minute, close)| {
            format!(r#""{symbol}",{flags},{},1,9,1,{close},5"#, minute * 60_000)
        })
        .collect();
    format!(r#"["Candle",[{}]]"#, rows.join(","))
}

#[test]
fn the_gap_of_a_bad_row_stands_between_its_neighbours() {
    let mut rig = sales(&["A"]);
    let told = rig.data(1, r#"["TimeAndSale",["A",1,1,1,"A",2,"NaN",1,"A",3,3,1]]"#);
    assert_eq!(told, ["0 1", "gap 0 1", "0 3"]);
    // A negative size says nothing that can be believed, nor an index of more than 64 bits.
    let told = rig.data(1, r#"["TimeAndSale",["A",1,1,1,"A",2,2,-1,"A",3,3,1]]"#);
    assert_eq!(told, ["0 1", "gap 0 1", "0 3"]);
}

#[test]
fn neighbouring_bad_rows_make_one_gap_that_counts_them() {
    let mut rig = sales(&["A", "B"]);
    let bad = r#""A",2,"NaN",1"#;
    let told = rig.data(
        1,
        &format!(r#"["TimeAndSale",["A",1,1,1,{bad},{bad},{bad},"A",3,3,1,{bad}]]"#),
    );
    assert_eq!(told, ["0 1", "gap 0 3", "0 3", "gap 0 1"]);
    // Of another topic it is another gap.
    let told = rig.data(
        1,
        &format!(r#"["TimeAndSale",[{bad},"B",2,"NaN",1,{bad},"B",4,4,1]]"#),
    );
    assert_eq!(told, ["gap 0 1", "gap 1 1", "gap 0 1", "1 4"]);
}

#[test]
fn a_row_of_nobody_is_a_gap_of_all_in_its_place() {
    let mut rig = sales(&["A"]);
    let told = rig.data(1, r#"["TimeAndSale",["A",1,1,1,null,2,2,1,"A",3,3,1]]"#);
    assert_eq!(told, ["0 1", "gap all ?", "0 3"]);
    let told = rig.data(
        1,
        r#"["TimeAndSale",["A",1,1,1],"TimeAndSale",["A",2],"TimeAndSale",["A",3,3,1]]"#,
    );
    assert_eq!(told, ["0 1", "gap all ?", "0 3"]);
}

#[test]
fn a_bad_row_in_a_snapshot_asks_for_it_again_at_once() {
    let mut rig = history();
    let told = rig.data(
        1,
        &bars(&[("A{=m}", "4", 9, "9"), ("A{=m}", "0", 8, "\"x\"")]),
    );
    assert_eq!(told, ["gap 0 ? anew"]);
    let told = rig.data(1, &bars(&[("A{=m}", "0", 7, "7"), ("A{=m}", "8", 6, "6")]));
    assert_eq!(told, ["stray 0", "stray 0"]);
    // The machine asks for it again.
    let ids = [TopicId::at(0)];
    rig.request(Op::Unsubscribe, &ids);
    rig.request(Op::Subscribe, &ids);
    let told = rig.data(1, &bars(&[("A{=m}", "4", 9, "9"), ("A{=m}", "8", 8, "8")]));
    assert_eq!(told, ["[ 0", "0 8", "0 9", "] 0", "repaired 0 true"]);
}

#[test]
fn an_end_that_cannot_be_read_withholds_nothing() {
    let mut rig = history();
    rig.data(1, &bars(&[("A{=m}", "4", 9, "9"), ("A{=m}", "0", 8, "8")]));
    let told = rig.data(1, &bars(&[("A{=m}", "\"z\"", 7, "7")]));
    assert_eq!(told, ["gap 0 ? anew"]);
    assert_eq!(rig.data(1, &bars(&[("A{=m}", "0", 9, "9")])), ["stray 0"]);
}

#[test]
fn a_part_of_a_message_that_is_no_row_spoils_the_snapshots_of_its_type() {
    let mut rig = history();
    rig.data(1, &bars(&[("A{=m}", "4", 9, "9"), ("B{=m}", "12", 9, "9")]));
    // What follows it in the same message is not taken for the whole.
    let told = rig.data(
        1,
        r#"["Candle",["A{=m}",0,480000],"Candle",["A{=m}",8,420000,1,9,1,7,5]]"#,
    );
    assert_eq!(told, ["gap all ?", "gap 0 ? anew", "stray 0"]);
    assert_eq!(rig.data(1, &bars(&[("B{=m}", "0", 9, "8")])), ["1 8"]);
}

#[test]
fn a_garbled_message_spoils_the_snapshots_that_are_under_way() {
    let mut rig = history();
    rig.data(1, &bars(&[("A{=m}", "4", 9, "9"), ("B{=m}", "12", 9, "9")]));
    let told = rig.frame(r#"{"type":"FEED_DATA","channel":1,"data":["Candle",["A{=m"#);
    assert_eq!(told, ["gap 0 ? anew", "gap all ?"]);
    // One that is of another channel does not.
    rig.data(1, &bars(&[("A{=m}", "4", 9, "9")]));
    assert_eq!(rig.data(5, "7"), [""; 0]);
    let told = rig.data(1, &bars(&[("A{=m}", "8", 8, "8")]));
    assert_eq!(told[0], "[ 0");
}

#[test]
fn whoever_is_asked_for_in_part_is_answered_before_it_is_asked_for_again() {
    let mut rig = Rig::new();
    let (ids, _) = rig.ask(&[candles("A{=m}", 1), candles("A{=m}", 2)]);
    rig.opened(1);
    rig.config(1, "Candle", CANDLE);
    let told = rig.data(
        1,
        &bars(&[("A{=m}", "4", 9, "9"), ("A{=m}", "\"z\"", 8, "8")]),
    );
    assert_eq!(told, ["answered 1 0: ok", "gap 0 ? anew"]);
    // The other one is asked for again, and sent once.
    assert_eq!(rig.request(Op::Subscribe, &ids[1..]), [""; 0]);
    assert_eq!(rig.opened(3).last().unwrap(), "settled 2");
}

#[test]
fn candles_of_another_spelling_are_found_and_shown_as_they_were_asked_for() {
    let mut rig = Rig::new();
    rig.ask(&[candles("A{=h,a=s,tho=true}", 0), candles("B{=m}", 0)]);
    rig.opened(1);
    rig.config(1, "Candle", CANDLE);
    for symbol in ["A{tho=true,=1h,a=s}", "A{=h,price=last,a=S,tho=TRUE}"] {
        let told = rig.data(1, &bars(&[(symbol, "0", 9, "9")]));
        assert_eq!(told, ["0 9"], "{symbol}");
    }
    assert_eq!(rig.data(1, &bars(&[("B{=1m}", "0", 9, "9")])), ["1 9"]);
    assert_eq!(rig.data(1, &bars(&[("B{=2m}", "0", 9, "9")])), [""; 0]);
}

#[test]
fn the_history_that_has_no_flags_is_called_incomplete_in_bounded_time() {
    let mut rig = history();
    let rows = [("A{=m}", "0", 9, "9"), ("A{=m}", "0", 8, "8")];
    assert_eq!(rig.data(1, &bars(&rows)), ["0 9", "0 8"]);
    assert_eq!(rig.pass(9), [""; 0]);
    assert_eq!(rig.pass(1), ["gap 0 ?", "repaired 0 false"]);
}
