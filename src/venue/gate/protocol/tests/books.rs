//! Books whose numbers or levels cannot be what they should.

use super::*;

#[test]
fn an_obu_change_without_its_numbers_is_a_gap_and_the_chain_waits_for_a_snapshot() {
    for bad in [
        r#""U":13"#,
        r#""u":13"#,
        r#""U":13,"u":null"#,
        r#""U":13,"u":"x""#,
        r#""U":13,"u":99999999999999999999"#,
        r#""U":13,"u":-13"#,
        r#""U":13,"u":13.5"#,
        r#""U":14,"u":13"#,
    ] {
        let mut bench = Bench::with(OBU);
        let begin = [r#""full":true,"u":10"#, r#""U":11,"u":12"#];
        assert_eq!(bench.obu(&begin), ["0: whole 10", "0: 11-12"]);
        let told = bench.obu(&[bad]);
        assert_eq!(told.len(), 1, "{bad}");
        assert!(
            told[0].starts_with("0: malformed (") && told[0].ends_with("), resync"),
            "{told:?}"
        );
        for number in 14..54 {
            let good = format!(r#""U":{number},"u":{number}"#);
            assert_eq!(bench.obu(&[&good]), ["0: stray"], "it cannot be built on");
        }
        let again = [r#""full":true,"u":60"#, r#""U":61,"u":61"#];
        assert_eq!(bench.obu(&again), ["0: whole 60", "0: 61-61"]);
    }
}

#[test]
fn an_obu_snapshot_without_its_number_is_asked_for_again() {
    for bad in [
        r#""full":true"#,
        r#""full":true,"u":"""#,
        r#""full":"yes","u":3"#,
    ] {
        let mut bench = Bench::with(OBU);
        let told = bench.obu(&[bad, r#""U":4,"u":4"#]);
        assert!(told[0].ends_with(", resync"), "{told:?}");
        assert_eq!(told[1..], ["0: stray"]);
    }
}

#[test]
fn an_obu_change_of_unreadable_levels_breaks_the_chain() {
    for bad in [
        r#""U":11,"u":11,"b":[["1","-2"]]"#,
        r#""U":11,"u":11,"a":[["x","2"]]"#,
        r#""U":11,"u":11,"a":[["1"]]"#,
    ] {
        let mut bench = Bench::with(OBU);
        let told = bench.obu(&[r#""full":true,"u":10"#, bad, r#""U":12,"u":12"#]);
        assert_eq!(told.len(), 3);
        assert!(told[1].ends_with("cannot be read), resync"), "{told:?}");
        assert_eq!(told[2], "0: stray", "one gap is enough");
    }
}

#[test]
fn an_order_book_update_without_its_numbers_is_a_gap_and_the_chain_begins_anew() {
    let mut bench = Bench::with(UPDATES);
    let told = bench.update(&[
        r#""U":11,"u":12"#,
        r#""U":13"#,
        r#""U":20,"u":21"#,
        r#""U":22,"u":23"#,
        r#""U":30,"u":31"#,
        r#""U":10,"u":9"#,
        r#""U":32,"u":32"#,
        r#""U":40,"u":33"#,
        r#""U":34,"u":35"#,
    ]);
    let expected = [
        "0: 11-12",
        "0: malformed (u is missing)",
        "0: 20-21",
        "0: 22-23",
        "0: jump 24 to 30",
        "0: 30-31",
        "0: malformed (U is beyond u)",
        "0: 32-32",
        "0: malformed (U is beyond u)",
        "0: 34-35",
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_may_have_been_of_two_topics_is_lost_to_both() {
    let mut bench = Bench::with(UPDATES);
    bench.subscribe(Channel::OrderBookUpdate(DeltaSpeed::Millis20), &["A_B"]);
    let told = bench.push("spot.order_book_update", &[r#"{"s":"A_B","U":5}"#]);
    let expected = ["1: malformed (u is missing)", "0: malformed (u is missing)"];
    assert_eq!(told, expected);
}

#[test]
fn changes_of_two_speeds_that_cannot_be_told_apart_are_no_repeats() {
    let mut bench = Bench::with(UPDATES);
    bench.subscribe(Channel::OrderBookUpdate(DeltaSpeed::Millis20), &["A_B"]);
    let told = bench.push(
        "spot.order_book_update",
        &[
            r#"{"s":"A_B","U":11,"u":12}"#,
            r#"{"s":"A_B","U":13,"u":14}"#,
            r#"{"s":"A_B","U":11,"u":14}"#,
            r#"{"s":"A_B","U":16,"u":16}"#,
        ],
    );
    let both = |word: &str| [format!("0: {word}"), format!("1: {word}")];
    let expected = [
        both("11-12"),
        both("13-14"),
        both("11-14"),
        both("jump 15 to 16"),
        both("16-16"),
    ];
    let mut told = told;
    told[6..].sort_by_key(|word| !word.contains("jump"));
    for (told, expected) in told.chunks(2).zip(&expected) {
        let mut told = told.to_vec();
        told.sort();
        assert_eq!(told, expected);
    }
}

#[test]
fn a_malformed_event_of_nobodys_is_nobodys_gap() {
    let mut bench = Bench::with(OBU);
    for result in [
        r#"{"s":"ob.C_D.50","u":1}"#,
        r#"{"s":"ob.A_B.400","u":1}"#,
        r#"{"s":"ob.A_B.7","u":1}"#,
    ] {
        let told = bench.push("spot.obu", &[result]);
        assert_eq!(
            told,
            ["ignored: malformed event of a topic that is not subscribed"]
        );
    }
    let told = bench.push("spot.obu", &[r#"{"s":5,"u":1}"#]);
    assert_eq!(told, ["all: malformed (s cannot be read)"]);
}

#[test]
fn an_array_brings_what_can_be_read_with_the_gap_in_its_place() {
    let mut bench = Bench::with(Channel::BookTicker);
    let told = bench.push(
        "spot.book_ticker",
        &[r#"[{"s":"A_B","b":"1"},{"s":"A_B","B":"-1"},{"u":4},{"s":"A_B"}]"#],
    );
    let expected = [
        "0: A_B",
        "0: malformed (B is negative)",
        "all: malformed (s is missing)",
        "0: A_B",
    ];
    assert_eq!(told, expected);
}

#[test]
fn old_changes_are_left_out_and_counted() {
    let mut bench = Bench::with(OBU);
    let told = bench.obu(&[
        r#""full":true,"u":100"#,
        r#""U":101,"u":103"#,
        r#""U":104,"u":104"#,
        r#""U":101,"u":103"#,
        r#""U":103,"u":105"#,
        r#""U":106,"u":106"#,
    ]);
    let expected = [
        "0: whole 100",
        "0: 101-103",
        "0: 104-104",
        "0: 1 repeated",
        "0: 103-105",
        "0: 106-106",
    ];
    assert_eq!(told, expected);
    let mut bench = Bench::with(UPDATES);
    let told = bench.update(&[
        r#""U":101,"u":103"#,
        r#""U":101,"u":103"#,
        r#""U":102,"u":104"#,
        r#""U":99,"u":104"#,
        r#""U":105,"u":105"#,
    ]);
    let expected = [
        "0: 101-103",
        "0: 1 repeated",
        "0: 102-104",
        "0: 1 repeated",
        "0: 105-105",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_older_snapshot_is_told_and_the_chain_goes_on_from_it() {
    let mut bench = Bench::with(OBU);
    let told = bench.obu(&[
        r#""full":true,"u":100"#,
        r#""U":101,"u":103"#,
        r#""full":true,"u":103"#,
        r#""full":true,"u":90"#,
        r#""U":91,"u":92"#,
        r#""full":true,"u":120"#,
        r#""U":121,"u":121"#,
    ]);
    let expected = [
        "0: whole 100",
        "0: 101-103",
        "0: whole 103",
        "0: jump 104 to 90",
        "0: whole 90",
        "0: 91-92",
        "0: whole 120",
        "0: 121-121",
    ];
    assert_eq!(told, expected);
    let mut bench = Bench::with(UPDATES);
    let told = bench.update(&[
        r#""U":101,"u":103"#,
        r#""full":true,"U":90,"u":90"#,
        r#""U":91,"u":92"#,
    ]);
    let expected = ["0: 101-103", "0: jump 104 to 90", "0: whole 90", "0: 91-92"];
    assert_eq!(told, expected);
    let mut bench = Bench::with(BOOKS);
    let book = |id| format!(r#"{{"s":"A_B","l":"5","lastUpdateId":{id},"bids":[],"asks":[]}}"#);
    let told = bench.push(
        "spot.order_book",
        &[&book("7"), &book("7"), &book("5"), &book("null")],
    );
    let expected = [
        "0: whole 7",
        "0: whole 7",
        "0: jump 8 to 5",
        "0: whole 5",
        "0: whole 0",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_crossed_snapshot_is_malformed() {
    let crossed = r#""full":true,"u":9,"b":[["9","1"],["10.0","1"]],"a":[["12","1"],["10","2"]]"#;
    let mut bench = Bench::with(OBU);
    let told = bench.obu(&[r#""full":true,"u":5"#, crossed, r#""U":10,"u":10"#]);
    let expected = [
        "0: whole 5",
        "0: malformed (best bid is not below best ask), resync",
        "0: stray",
    ];
    assert_eq!(told, expected);
    let removed = crossed.replace(r#"["10.0","1"]"#, r#"["10.0","0"]"#);
    assert_eq!(Bench::with(OBU).obu(&[&removed]), ["0: whole 9"]);
    let mut bench = Bench::with(UPDATES);
    let told = bench.update(&[
        r#""U":3,"u":4"#,
        r#""full":true,"U":5,"u":5"#,
        r#""U":6,"u":6"#,
    ]);
    assert_eq!(
        told,
        ["0: 3-4", "0: whole 5", "0: 6-6"],
        "one side is not crossed"
    );
    let mut bench = Bench::with(BOOKS);
    let book = |bid| {
        format!(
            r#"{{"s":"A_B","l":"5","lastUpdateId":1,"bids":[["{bid}","1"]],"asks":[["10","1"]]}}"#
        )
    };
    let told = bench.push("spot.order_book", &[&book("10"), &book("9")]);
    let expected = [
        "0: malformed (best bid is not below best ask)",
        "0: whole 1",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_venue_that_counts_anew_is_heard() {
    let mut bench = Bench::with(UPDATES);
    let told = bench.update(&[
        r#""U":900,"u":907"#,
        r#""U":5,"u":7"#,
        r#""U":8,"u":8"#,
        r#""U":9,"u":9"#,
    ]);
    let expected = [
        "0: 900-907",
        "0: 1 repeated",
        "0: jump 908 to 8",
        "0: 8-8",
        "0: 9-9",
    ];
    assert_eq!(told, expected);
    let mut bench = Bench::with(OBU);
    let told = bench.obu(&[
        r#""full":true,"u":900"#,
        r#""U":5,"u":7"#,
        r#""U":8,"u":8"#,
        r#""U":9,"u":9"#,
        r#""full":true,"u":9"#,
        r#""U":10,"u":10"#,
    ]);
    let expected = [
        "0: whole 900",
        "0: 1 repeated",
        "0: jump 901 to 8, resync",
        "0: stray",
        "0: whole 9",
        "0: 10-10",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_recording_played_in_a_loop_is_heard() {
    // With holes, so that no old change follows another.
    let holes = [r#""U":11,"u":12"#, r#""U":20,"u":21"#, r#""U":30,"u":31"#];
    let mut bench = Bench::with(UPDATES);
    bench.update(&holes);
    let mut delivered = 0;
    for _ in 0..100 {
        delivered += bench
            .update(&holes)
            .iter()
            .filter(|word| word.contains('-'))
            .count();
    }
    assert!(delivered >= 300 / 17, "{delivered}");
    let whole = [r#""full":true,"u":10"#, r#""U":11,"u":12"#];
    let mut bench = Bench::with(OBU);
    bench.obu(&whole);
    let expected = ["0: jump 13 to 10", "0: whole 10", "0: 11-12"];
    assert_eq!(bench.obu(&whole), expected);
    assert_eq!(bench.obu(&whole), expected);
}

#[test]
fn a_jump_of_obu_is_of_no_use_until_a_snapshot_comes() {
    let mut bench = Bench::with(OBU);
    let told = bench.obu(&[
        r#""full":true,"u":10"#,
        r#""U":13,"u":14"#,
        r#""U":15,"u":15"#,
        r#""full":true,"u":20"#,
    ]);
    let expected = [
        "0: whole 10",
        "0: jump 11 to 13, resync",
        "0: stray",
        "0: whole 20",
    ];
    assert_eq!(told, expected);
}
