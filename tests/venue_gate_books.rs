//! Books of Gate whose numbers or levels are wrong, from the socket to the handle.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use feedline::market::BookAction;
use feedline::sim::{Fault, RawFrame, To};
use feedline::venue::gate::{BookUpdate, DeltaSpeed, ObuLevel};
use feedline::{Cause, Event, StatusKind, Subscription};
use futures_util::{FutureExt, StreamExt};
use support::{Rig, bounded, settle};

const SYMBOL: &str = "BTC_USDT";

/// An event in short; numbers count from that of the book, which stands still.
fn word(event: &Event<BookUpdate>, base: u64) -> String {
    match event {
        Event::Data(update) if update.action == BookAction::Snapshot => {
            format!("whole +{}", update.last.unwrap() - base)
        }
        Event::Data(update) => format!(
            "+{}-{}",
            update.first.unwrap() - base,
            update.last.unwrap() - base
        ),
        Event::Gap(gap) => {
            let cause = match &gap.cause {
                Cause::Sequence {
                    expected, received, ..
                } => format!("+{} but +{}", expected - base, received - base),
                Cause::Malformed { messages, .. } => format!("malformed {messages}"),
                Cause::Venue { .. } => "venue".to_owned(),
                other => format!("{other:?}"),
            };
            format!("gap({cause}, {:?})", gap.repair)
        }
        Event::Status(status) => match &status.kind {
            StatusKind::Repaired { .. } => "repaired".to_owned(),
            StatusKind::Stale { why } => format!("stale: {why}"),
            other => other.to_string(),
        },
    }
}

/// A book whose market stands still, and changes that are made up after it.
struct Book {
    rig: Rig,
    updates: Subscription<BookUpdate>,
    base: u64,
    channel: &'static str,
    named: String,
}

impl Book {
    /// `spot.obu`, its snapshot taken.
    async fn obu() -> Self {
        let rig = Rig::new();
        let mut updates = rig.gate.obu(ObuLevel::Levels50, [SYMBOL]).await.unwrap();
        let Event::Data(begin) = bounded(updates.next()).await.unwrap().unwrap() else {
            panic!("a book begins with a snapshot")
        };
        Self {
            rig,
            updates,
            base: begin.last.unwrap(),
            channel: "spot.obu",
            named: format!("\"s\":\"ob.{SYMBOL}.50\""),
        }
    }

    /// `spot.order_book_update`, of which nothing has come.
    async fn updates() -> Self {
        let rig = Rig::new();
        let speed = DeltaSpeed::Millis100;
        let updates = rig.gate.order_book_update(speed, [SYMBOL]).await.unwrap();
        Self {
            rig,
            updates,
            base: 1_000,
            channel: "spot.order_book_update",
            named: format!("\"l\":\"100\",\"s\":\"{SYMBOL}\""),
        }
    }

    fn send(&self, result: &str) {
        let (channel, named) = (self.channel, &self.named);
        let frame = format!(
            r#"{{"time":1790000000,"channel":"{channel}","event":"update","result":{{"t":1790000000000,{named},{result}}}}}"#
        );
        self.rig.sim.send(&To::All, &RawFrame::Text(frame));
    }

    fn change(&self, first: u64, last: u64) {
        let (first, last) = (self.base + first, self.base + last);
        self.send(&format!(r#""U":{first},"u":{last},"b":[["1","1"]]"#));
    }

    async fn ready(&mut self) -> Vec<String> {
        settle().await;
        let mut words = Vec::new();
        while let Some(event) = self.updates.next().now_or_never() {
            words.push(word(&event.unwrap().unwrap(), self.base));
        }
        words
    }

    fn repeated(&self) -> u64 {
        let metrics = self.rig.gate.metrics();
        metrics.channels[self.channel].counters.repeated
    }
}

#[tokio::test(start_paused = true)]
async fn an_obu_change_without_its_numbers_is_a_gap_and_a_new_snapshot() {
    for bad in [
        r#""U":13"#,
        r#""u":13"#,
        r#""U":99999999999999999999,"u":99999999999999999999"#,
        r#""U":14,"u":13"#,
        r#""full":true,"b":[],"a":[]"#,
        r#""full":true,"u":13,"b":[["2","1"]],"a":[["2","1"]]"#,
    ] {
        let mut book = Book::obu().await;
        book.change(1, 2);
        book.send(bad);
        // What was under way cannot be built on.
        book.change(3, 3);
        book.change(4, 4);
        let expected = [
            "+1-2",
            "gap(malformed 1, Follows)",
            "gap(venue, None)",
            "repaired",
            "whole +0",
        ];
        assert_eq!(book.ready().await, expected, "{bad}");
        book.change(1, 1);
        assert_eq!(book.ready().await, ["+1-1"], "{bad}");
        assert_eq!(book.rig.sim.breaches(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_book_update_without_its_numbers_is_a_gap_in_its_place() {
    let mut book = Book::updates().await;
    book.change(1, 2);
    book.send(r#""U":1003"#);
    book.change(9, 9);
    book.change(10, 11);
    book.send(r#""U":1013,"u":1012"#);
    book.change(12, 12);
    let expected = [
        "+1-2",
        "gap(malformed 1, None)",
        "+9-9",
        "+10-11",
        "gap(malformed 1, None)",
        "+12-12",
    ];
    assert_eq!(book.ready().await, expected);
    assert_eq!(book.rig.sim.active_topics().len(), 1, "not asked for again");
}

#[tokio::test(start_paused = true)]
async fn old_changes_of_a_book_are_left_out_and_counted() {
    for mut book in [Book::obu().await, Book::updates().await] {
        book.change(1, 3);
        book.change(4, 4);
        book.change(1, 3);
        book.change(4, 5);
        book.change(5, 5);
        book.change(6, 6);
        assert_eq!(book.ready().await, ["+1-3", "+4-4", "+4-5", "+6-6"]);
        assert_eq!(book.repeated(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_snapshot_of_a_book_is_told() {
    let mut book = Book::obu().await;
    book.change(1, 9);
    let older = book.base + 5;
    book.send(&format!(r#""full":true,"u":{older},"b":[["1","1"]]"#));
    book.change(6, 6);
    let expected = ["+1-9", "gap(+10 but +5, None)", "whole +5", "+6-6"];
    assert_eq!(book.ready().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_counts_anew_is_heard_through_a_gap() {
    let mut book = Book::updates().await;
    book.change(500, 507);
    for number in 1..5 {
        book.change(number, number);
    }
    let expected = ["+500-507", "gap(+508 but +2, None)", "+2-2", "+3-3", "+4-4"];
    assert_eq!(book.ready().await, expected);
    assert_eq!(book.repeated(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_jump_obu_brings_nothing_until_its_snapshot() {
    let mut book = Book::obu().await;
    book.change(1, 1);
    book.change(3, 3);
    book.change(4, 4);
    let expected = [
        "+1-1",
        "gap(+2 but +3, Follows)",
        "gap(venue, None)",
        "repaired",
        "whole +0",
    ];
    assert_eq!(book.ready().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_runs_already_is_asked_for_again_and_not_given_up() {
    let rig = Rig::new();
    rig.sim.inject(Fault::Refuse {
        symbol: None,
        channel: Some("spot.obu".to_owned()),
        code: 2,
        text: Some(format!("Alert sub ob.{SYMBOL}.50")),
        times: Some(1),
    });
    let subscribe = rig.gate.obu(ObuLevel::Levels50, ["ETH_USDT", SYMBOL]);
    let mut updates = bounded(subscribe).await.unwrap();
    let mut begun = Vec::new();
    for _ in 0..2 {
        let Event::Data(begin) = bounded(updates.next()).await.unwrap().unwrap() else {
            panic!("a book begins with a snapshot")
        };
        assert_eq!(begin.action, BookAction::Snapshot);
        begun.push(begin.symbol.to_string());
    }
    begun.sort();
    assert_eq!(begun, [SYMBOL, "ETH_USDT"]);
    settle().await;
    assert_eq!(
        rig.venue_set(),
        ["spot.obu ob.BTC_USDT.50", "spot.obu ob.ETH_USDT.50"]
    );
}

#[tokio::test(start_paused = true)]
async fn those_that_a_refusal_names_are_refused_and_the_others_are_not() {
    let rig = Rig::new();
    rig.sim.inject(Fault::Refuse {
        symbol: Some("SOL_USDT".to_owned()),
        channel: None,
        code: 2,
        text: Some("unknown currency pairs: SOL_USDT, ETH_USDT.".to_owned()),
        times: Some(1),
    });
    let all = ["ETH_USDT", SYMBOL, "SOL_USDT"];
    let mut trades = rig.gate.trades(all).allow_partial().await.unwrap();
    assert_eq!(rig.venue_set(), ["spot.trades BTC_USDT"]);
    let a = rig.trade(SYMBOL);
    let told = support::ready(&mut trades).await;
    let refused = [
        "rejected ETH_USDT (ETH_USDT)",
        "rejected SOL_USDT (SOL_USDT)",
    ];
    assert_eq!(told, [refused[0], refused[1], &a]);
}
