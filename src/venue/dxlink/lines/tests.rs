use super::super::request::Contract;
use super::super::topic::EventName;
use super::super::{Candle, CandleDetail, DxEvent, EventKind, index};
use super::*;
use crate::Decimal;
use crate::market::{CandleState, Interval};

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000).unwrap()
}

fn topic() -> Topic {
    let name = EventName::Known(EventKind::Candle);
    Topic::feed(name, Contract::History, &"A{=m}".into()).from(minute(0))
}

fn candle(at: i64) -> Item {
    let millis = at * 60_000;
    let candle = Candle {
        symbol: "A{=m}".into(),
        interval: Interval::minutes(1),
        start: minute(at),
        open: Decimal::ONE,
        high: Decimal::ONE,
        low: Decimal::ONE,
        close: Decimal::ONE,
        volume: None,
        turnover: None,
        trades: None,
        vwap: None,
        state: None,
        tainted: false,
        truncated: false,
        first_time: None,
        last_time: None,
        received: None,
        detail: CandleDetail {
            index: index::of_time(millis, 0),
            ..CandleDetail::default()
        },
    };
    Item {
        event: DxEvent::Candle(Box::new(candle)),
        dropped_values: 0,
    }
}

fn mark(flags: u32, at: i64) -> Mark {
    Mark {
        flags: EventFlags::from_bits(flags),
        index: index::of_time(at * 60_000, 0).unwrap(),
    }
}

/// What is shown, in a word each: candles by their minute and the first letter of stage and state.
fn word(shown: &Shown) -> String {
    match shown {
        Shown::Edge(SnapshotEdge::Begin) => "[".to_owned(),
        Shown::Edge(SnapshotEdge::End { .. }) => "]".to_owned(),
        Shown::Filled(true) => "filled".to_owned(),
        Shown::Filled(false) => "unfilled".to_owned(),
        Shown::Stray => "stray".to_owned(),
        Shown::Hole(hole) => match (hole.events, hole.resync) {
            (Some(events), false) => format!("hole {events}"),
            (None, false) => "hole".to_owned(),
            (None, true) => "anew".to_owned(),
            (Some(events), true) => format!("anew {events}"),
        },
        Shown::Item(DxItem::Indexed(row)) => match &row.event {
            Some(DxEvent::Candle(candle)) => {
                let state = match candle.state {
                    Some(CandleState::Partial) => 'p',
                    Some(CandleState::Final) => 'f',
                    Some(CandleState::Revised) => 'r',
                    _ => '?',
                };
                format!("{}{state}", candle.start.as_millis() / 60_000)
            }
            _ => "removed".to_owned(),
        },
        Shown::Item(DxItem::Event(_)) => "event".to_owned(),
    }
}

/// The state of one topic, and a clock.
struct Rig {
    lines: Lines,
    topic: Topic,
    now: Instant,
}

const ID: fn() -> TopicId = || TopicId::at(0);

impl Rig {
    fn new() -> Self {
        let mut rig = Self {
            lines: Lines::default(),
            topic: topic(),
            now: Instant::now(),
        };
        assert_eq!(rig.begin(), Some(minute(0)));
        rig
    }

    fn begin(&mut self) -> Option<Timestamp> {
        self.lines.begin(ID(), &self.topic)
    }

    fn take(&mut self, mark: Mark, change: Change<Item>) -> String {
        let mut shown = Vec::new();
        let symbol = &self.topic.symbol;
        let show = &mut |it: Shown| shown.push(word(&it));
        self.lines.row(ID(), symbol, self.now, mark, change, show);
        shown.join(" ")
    }

    /// A candle's row.
    fn row(&mut self, flags: u32, at: i64) -> String {
        self.take(mark(flags, at), Change::Set(candle(at)))
    }

    /// The row without a candle that ends a snapshot.
    fn end(&mut self, at: i64) -> String {
        self.take(mark(10, at), Change::Remove)
    }

    /// A row that cannot be read, or only its mark.
    fn bad(&mut self, mark: Option<Mark>) -> String {
        let mut shown = Vec::new();
        let symbol = &self.topic.symbol;
        let show = &mut |it: Shown| shown.push(word(&it));
        self.lines
            .unreadable(ID(), symbol, mark, "bad".into(), show);
        shown.join(" ")
    }

    fn doubt(&mut self) -> String {
        let mut shown = Vec::new();
        let symbol = &self.topic.symbol;
        let show = &mut |it: Shown| shown.push(word(&it));
        let reason = "garbled".into();
        self.lines.doubt(ID(), symbol, self.now, &reason, show);
        shown.join(" ")
    }

    fn pass(&mut self, secs: u64) -> String {
        self.now += Duration::from_secs(secs);
        let mut shown = Vec::new();
        while let Some(id) = self.lines.next_overdue(self.now) {
            let show = &mut |it: Shown| shown.push(word(&it));
            self.lines.overdue(id, &self.topic.symbol, show);
        }
        shown.join(" ")
    }
}

#[test]
fn what_comes_ahead_of_a_snapshot_does_not_stand_for_it() {
    let mut rig = Rig::new();
    assert_eq!(rig.row(0, 9), "9p");
    assert_eq!(rig.row(4, 9), "");
    // Cut before the snapshot was whole: it is asked for as a whole.
    rig.lines.reset();
    assert_eq!(rig.begin(), Some(minute(0)));
    assert_eq!(rig.row(4, 10), "");
    assert_eq!(rig.row(8, 9), "[ 9f 10p ] filled");
    assert_eq!(rig.row(0, 11), "10f 11p");
    rig.lines.reset();
    assert_eq!(rig.begin(), Some(minute(11)));
    // What was the newest before the outage is not final.
    assert_eq!(rig.row(0, 15), "15p");
    rig.lines.reset();
    assert_eq!(rig.begin(), Some(minute(11)));
}

#[test]
fn half_a_snapshot_is_not_given_up_while_nothing_is_read() {
    let mut rig = Rig::new();
    rig.row(4, 9);
    rig.lines.reading(rig.now, false);
    assert_eq!(rig.lines.due(), None);
    assert_eq!(rig.pass(600), "");
    rig.lines.reading(rig.now, true);
    assert_eq!(rig.pass(59), "");
    assert_eq!(rig.pass(1), "anew");
}

#[test]
fn a_snapshot_without_its_beginning_is_asked_for_again() {
    let mut rig = Rig::new();
    assert_eq!(rig.row(0, 9), "9p");
    assert_eq!(rig.row(8, 8), "anew");
    assert_eq!(rig.row(0, 9), "stray");
    assert_eq!(rig.begin(), Some(minute(0)));
    assert_eq!(rig.row(4, 9), "");
    assert_eq!(rig.row(0, 8), "");
    assert_eq!(rig.row(8, 7), "[ 7f 8f 9p ] filled");
    // An end by itself is an update.
    assert_eq!(rig.row(8, 9), "9p");
    assert_eq!(rig.row(12, 10), "[ 10p ] filled");
}

#[test]
fn an_unreadable_row_in_a_snapshot_asks_for_it_again_at_once() {
    for bad in [Some(mark(0, 8)), Some(mark(8, 8)), None] {
        let mut rig = Rig::new();
        rig.row(4, 9);
        assert_eq!(rig.bad(bad), "anew");
        // The rest of it says nothing, and is not withheld as if it did.
        assert_eq!(rig.row(0, 7), "stray");
        assert_eq!(rig.bad(Some(mark(0, 6))), "stray");
        assert_eq!(rig.end(5), "stray");
        assert_eq!(rig.row(0, 9), "stray");
        assert_eq!(rig.lines.due(), None);
        assert_eq!(rig.begin(), Some(minute(0)));
        // Nor do rows of it that were on their way.
        assert_eq!(rig.end(5), "stray");
        assert_eq!(rig.row(4, 9), "");
        assert_eq!(rig.row(0, 8), "");
        assert_eq!(rig.end(5), "[ 8f 9p ] filled");
    }
}

#[test]
fn an_unreadable_beginning_asks_for_the_snapshot_again_at_once() {
    for bad in [Some(mark(4, 9)), None] {
        let mut rig = Rig::new();
        assert_eq!(rig.bad(bad), "anew");
    }
}

#[test]
fn what_the_venue_begins_again_by_itself_counts() {
    let mut rig = Rig::new();
    rig.row(4, 9);
    assert_eq!(rig.bad(None), "anew");
    assert_eq!(rig.row(4, 9), "");
    assert_eq!(rig.end(5), "[ 9p ] filled");
}

#[test]
fn a_garbled_message_spoils_the_snapshots_that_are_under_way() {
    let mut rig = Rig::new();
    // It may have held the beginning; if that comes, all is well.
    assert_eq!(rig.doubt(), "");
    rig.row(4, 9);
    assert_eq!(rig.end(5), "[ 9p ] filled");
    // A gap of all tells what else it may have held: each change of a candle tells all of it.
    assert_eq!(rig.doubt(), "");
    rig.row(4, 9);
    assert_eq!(rig.doubt(), "anew");
    assert_eq!(rig.end(5), "stray");
}

#[test]
fn a_snapshot_lost_in_a_garbled_message_is_asked_for_again_though_no_row_follows() {
    let mut rig = Rig::new();
    assert_eq!(rig.doubt(), "");
    assert_eq!(rig.pass(9), "");
    assert_eq!(rig.pass(1), "anew");
}

#[test]
fn a_beginning_lost_in_a_garbled_message_is_asked_for_again() {
    let mut rig = Rig::new();
    rig.doubt();
    assert_eq!(rig.row(0, 9), "9p");
    assert_eq!(rig.pass(9), "");
    assert_eq!(rig.pass(1), "anew");
}

#[test]
fn history_without_flags_is_shown_as_it_comes_and_called_incomplete() {
    let mut rig = Rig::new();
    assert_eq!(rig.row(0, 9), "9p");
    assert_eq!(rig.row(0, 8), "8f");
    assert_eq!(rig.row(0, 7), "7f");
    assert_eq!(rig.pass(10), "hole unfilled");
    assert_eq!(rig.row(0, 10), "9f 10p");
    assert_eq!(rig.pass(600), "");
    // Asked for again, it comes as it came, and nothing is withheld.
    rig.begin();
    assert_eq!(rig.row(0, 11), "11p");
    assert_eq!(rig.row(0, 8), "8r");
    assert_eq!(rig.pass(10), "hole unfilled");
    // The next connection may do better; nothing of this one counts as whole.
    rig.lines.reset();
    assert_eq!(rig.begin(), Some(minute(0)));
    rig.row(4, 12);
    assert_eq!(rig.row(8, 11), "[ 11f 12p ] filled");
}

#[test]
fn a_late_beginning_is_still_a_beginning() {
    let mut rig = Rig::new();
    rig.row(0, 9);
    assert_eq!(rig.pass(10), "hole unfilled");
    assert_eq!(rig.row(4, 9), "");
    assert_eq!(rig.end(5), "[ 9p ] filled");
}

#[test]
fn a_snapshot_that_is_never_whole_is_given_up_and_never_called_whole() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        rig.row(4, 9);
        rig.row(0, 8);
        assert_eq!(rig.bad(Some(mark(0, 7))), "anew");
        assert_eq!(rig.row(0, 6), "stray");
        assert_eq!(rig.begin(), Some(minute(0)));
    }
    rig.row(4, 9);
    rig.row(0, 8);
    // What can be read is shown, with the hole in its place.
    assert_eq!(rig.bad(Some(mark(0, 7))), "8f 9p hole unfilled");
    assert_eq!(rig.row(0, 6), "6f");
    assert_eq!(rig.end(5), "");
    assert_eq!(rig.row(0, 9), "9p");
    assert_eq!(rig.row(0, 10), "9f 10p");
    // A reconnect tries again, all of it.
    rig.lines.reset();
    assert_eq!(rig.begin(), Some(minute(0)));
    rig.row(4, 10);
    assert_eq!(rig.bad(Some(mark(0, 7))), "anew");
}

#[test]
fn a_snapshot_without_end_is_asked_for_again_and_then_given_up() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        rig.row(4, 9);
        assert_eq!(rig.pass(59), "");
        rig.row(0, 8);
        assert_eq!(rig.pass(1), "anew");
        rig.begin();
    }
    rig.row(4, 9);
    rig.row(0, 8);
    assert_eq!(rig.pass(60), "8f 9p hole unfilled");
}

#[test]
fn more_rows_than_can_be_held_are_shown_and_not_asked_for_without_end() {
    let mut rig = Rig::new();
    let limits = super::super::snapshot::SnapshotLimits { one: 2, all: 4 };
    rig.lines.snapshots = Snapshots::new(limits);
    rig.row(4, 9);
    rig.row(0, 8);
    assert_eq!(rig.row(0, 7), "8f 9p hole unfilled 7f");
    assert_eq!(rig.row(0, 6), "6f");
    assert_eq!(rig.end(5), "");
    assert_eq!(rig.lines.due(), None);
}

#[test]
fn an_unreadable_change_of_a_candle_is_a_hole_in_its_place() {
    let mut rig = Rig::new();
    rig.row(12, 9);
    assert_eq!(rig.bad(Some(mark(0, 9))), "hole 1");
    // What is known of it is not told as final.
    assert_eq!(rig.row(0, 10), "10p");
    assert_eq!(rig.row(0, 11), "10f 11p");
    // Nobody knows what a row without mark was: perhaps a beginning.
    assert_eq!(rig.bad(None), "anew 1");
    assert_eq!(rig.row(0, 12), "11f 12p");
}

#[test]
fn an_unreadable_change_of_an_order_breaks_its_book() {
    let name = EventName::Known(EventKind::Order);
    let mut rig = Rig::new();
    rig.topic = Topic::feed(name, Contract::History, &"A".into()).source("NTV".into());
    rig.begin();
    rig.row(12, 9);
    assert_eq!(rig.bad(Some(mark(0, 9))), "anew 1");
    rig.begin();
    rig.row(12, 9);
    assert_eq!(rig.doubt(), "anew");
    // Once is enough until it begins.
    assert_eq!(rig.doubt(), "");
}

#[test]
fn a_snapshot_that_lacks_the_candle_it_resumes_with_fills_nothing() {
    let mut rig = Rig::new();
    assert_eq!(rig.row(12, 9), "[ 9p ] filled");
    for (flags, at, told) in [(14, 0, "[ ] unfilled"), (12, 20, "[ 20p ] unfilled")] {
        rig.lines.reset();
        assert_eq!(rig.begin(), Some(minute(9)));
        let told_now = match flags {
            14 => rig.take(mark(14, at), Change::Remove),
            flags => rig.row(flags, at),
        };
        assert_eq!(told_now, told);
        // The newest is that of the snapshot from here on.
        rig.lines.forget(ID());
        rig.lines.reset();
        rig.begin();
        rig.row(12, 9);
    }
}

#[test]
fn nothing_is_remembered_of_another_topic_with_the_same_number() {
    let mut rig = Rig::new();
    rig.row(12, 9);
    rig.lines.reset();
    rig.lines.forget(ID());
    assert_eq!(rig.begin(), Some(minute(0)));
}
