use super::*;
use crate::{
    Cause, Gap, GapId, Interruption, Rejection, Repair, Scope, Staleness, Status, StatusKind,
    Symbol, Timestamp,
};

/// An event of symbol `.0` with number and time `.1`, replaceable in slot `.2`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item(pub(super) Symbol, pub(super) i64, pub(super) Option<i64>);

impl Record for Item {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.0
    }

    fn time(&self) -> Option<Timestamp> {
        Some(Timestamp::from_nanos(self.1))
    }

    fn received(&self) -> Option<Timestamp> {
        Some(Timestamp::from_nanos(self.1 + 100))
    }

    fn slot(&self) -> Option<i64> {
        self.2
    }
}

fn item(symbol: &str, number: i64) -> Item {
    Item(symbol.into(), number, None)
}

fn latest(symbol: &str, number: i64) -> Item {
    Item(symbol.into(), number, Some(0))
}

fn data(symbol: &str, number: i64) -> Event<Item> {
    Event::Data(item(symbol, number))
}

fn queue(capacity: usize, overflow: Overflow) -> Queue<Item> {
    Queue::new(capacity, overflow, GapIds::default())
}

fn drain(queue: &mut Queue<Item>) -> Vec<Event<Item>> {
    std::iter::from_fn(|| queue.pop()).collect()
}

fn overflow_gap(id: u64, missed: u64, symbols: &[&str], first: i64, last: i64) -> Gap {
    let cause = Cause::Overflow {
        from: Some(Timestamp::from_nanos(first)),
        to: Some(Timestamp::from_nanos(last)),
    };
    let scope = Scope::of(symbols.iter().map(Symbol::new));
    let gap = Gap::new(GapId::new(id), cause, scope).missed(missed);
    let seen = |number| Timestamp::from_nanos(number + 100);
    gap.seen(seen(first), seen(last))
}

fn outage(id: u64) -> Gap {
    let cause = Cause::Outage {
        from: Timestamp::from_nanos(10),
        to: Timestamp::from_nanos(20),
    };
    Gap::new(GapId::new(id), cause, Scope::All)
}

fn of(symbols: &[&str]) -> Scope {
    Scope::of(symbols.iter().map(Symbol::new))
}

fn interrupted(scope: Scope) -> Status {
    let cause = Interruption::NotUtf8;
    Status::new(StatusKind::Interrupted { cause }, scope)
}

fn resumed(scope: Scope) -> Status {
    let kind = StatusKind::Resumed {
        downtime: std::time::Duration::from_secs(1),
        attempts: 1,
    };
    Status::new(kind, scope)
}

fn stale(scope: Scope) -> Status {
    let why = Staleness::NoFirstData;
    Status::new(StatusKind::Stale { why }, scope)
}

fn fresh(scope: Scope) -> Status {
    Status::new(StatusKind::Fresh, scope)
}

fn rejected(topic: &str) -> Status {
    let rejection = Rejection::new(topic, None, "no");
    Status::new(StatusKind::Rejected(rejection), of(&[topic]))
}

fn folded(status: Status, folded: u64) -> Event<Item> {
    Event::Status(Status { folded, ..status })
}

fn marks(markers: impl IntoIterator<Item = Marker>) -> Vec<Event<Item>> {
    let mut queue = queue(8, Overflow::DropOldest);
    for marker in markers {
        queue.mark(marker);
    }
    drain(&mut queue)
}

#[test]
fn yields_data_in_order_and_counts_it() {
    let mut queue = queue(3, Overflow::DropOldest);
    assert_eq!((queue.room(), queue.is_empty()), (3, true));
    queue.push(item("A", 1));
    queue.push(item("B", 2));
    assert_eq!((queue.len(), queue.room(), queue.is_full()), (2, 1, false));
    assert_eq!(drain(&mut queue), [data("A", 1), data("B", 2)]);
    assert_eq!((queue.high_water(), queue.dropped()), (2, 0));
}

#[test]
fn a_gap_takes_the_place_of_dropped_data_and_neighbours_add_to_it() {
    let mut queue = queue(2, Overflow::DropOldest);
    for (symbol, number) in [("A", 5), ("B", 1), ("A", 3), ("A", 4), ("A", 6)] {
        queue.push(item(symbol, number));
    }
    assert_eq!(queue.dropped(), 3);
    assert_eq!(
        drain(&mut queue),
        [
            Event::Gap(overflow_gap(1, 3, &["A", "B"], 1, 5)),
            data("A", 4),
            data("A", 6)
        ]
    );
}

#[test]
fn dropping_skips_markers() {
    let mut queue = queue(2, Overflow::DropOldest);
    queue.mark(interrupted(Scope::All));
    queue.push(item("A", 1));
    queue.push(item("A", 2));
    queue.mark(rejected("X"));
    queue.push(item("A", 3));
    queue.push(item("A", 4));
    assert_eq!(
        drain(&mut queue),
        [
            interrupted(Scope::All).into(),
            Event::Gap(overflow_gap(1, 2, &["A"], 1, 2)),
            rejected("X").into(),
            data("A", 3),
            data("A", 4)
        ]
    );
}

#[test]
fn dropped_data_adds_to_a_gap_that_is_there_already() {
    let mut queue = queue(1, Overflow::DropOldest);
    queue.mark(outage(7));
    queue.push(item("A", 30));
    queue.push(item("A", 31));
    let cause = Cause::Outage {
        from: Timestamp::from_nanos(10),
        to: Timestamp::from_nanos(30),
    };
    let seen = Timestamp::from_nanos(130);
    let merged = Gap::new(GapId::new(7), cause, Scope::All).seen(seen, seen);
    assert_eq!(drain(&mut queue), [Event::Gap(merged), data("A", 31)]);
}

#[test]
fn wait_stores_beyond_its_capacity() {
    let mut queue = queue(1, Overflow::Wait);
    queue.push(item("A", 1));
    assert_eq!(queue.room(), 0);
    queue.push(item("A", 2));
    assert_eq!((queue.room(), queue.dropped()), (0, 0));
    assert_eq!(drain(&mut queue), [data("A", 1), data("A", 2)]);
}

#[test]
fn wait_has_no_room_while_markers_crowd_it() {
    let mut queue = queue(10, Overflow::Wait);
    queue.push(item("A", 0));
    for number in 0..MARKERS {
        queue.mark(rejected(&number.to_string()));
    }
    // One run of them keeps nobody waiting: there may be as many symbols.
    assert_eq!(queue.room(), 9);
    queue.push(item("A", 1));
    queue.mark(fresh(Scope::All));
    assert_eq!((queue.room(), queue.markers()), (0, MARKERS + 1));
    queue.mark(fresh(Scope::All));
    assert_eq!(queue.markers(), MARKERS + 1);
    queue.pop();
    queue.pop();
    assert_eq!((queue.room(), queue.dropped()), (9, 0));
}

#[test]
fn what_wait_stores_beyond_its_capacity_is_not_in_the_queue() {
    let mut queue = queue(2, Overflow::Wait);
    for number in 0..5 {
        queue.push(item("A", number));
    }
    let counted = |queue: &Queue<Item>| (queue.len(), queue.high_water(), queue.waits());
    assert_eq!(counted(&queue), (2, 2, true));
    for _ in 0..3 {
        queue.pop();
    }
    assert_eq!(counted(&queue), (2, 2, true));
    queue.pop();
    assert_eq!(counted(&queue), (1, 2, false));
}

#[test]
fn wait_drops_the_oldest_while_nobody_can_take_it() {
    let mut queue = queue(2, Overflow::Wait);
    queue.set_unread(true);
    let mut batch = Batch::new();
    for number in 0..5 {
        batch.push_data(item("A", number));
    }
    queue.offer_all(&mut batch);
    assert_eq!((queue.len(), queue.waits(), queue.dropped()), (2, false, 3));
    queue.set_unread(false);
    assert!(queue.waits());
    assert_eq!(
        drain(&mut queue),
        [
            Event::Gap(overflow_gap(1, 3, &["A"], 0, 2)),
            data("A", 3),
            data("A", 4)
        ]
    );
}

#[test]
fn fail_takes_no_more_data_after_an_overflow() {
    let mut queue = queue(1, Overflow::Fail);
    queue.push(item("A", 1));
    assert!(!queue.failed());
    queue.push(item("A", 2));
    assert!(queue.failed());
    assert_eq!(queue.pop(), Some(data("A", 1)));
    queue.push(item("A", 3));
    assert_eq!((queue.pop(), queue.dropped()), (None, 2));
}

#[test]
fn conflate_replaces_in_place() {
    let mut queue = queue(2, Overflow::Conflate);
    queue.push(latest("A", 1));
    queue.push(latest("B", 2));
    queue.push(latest("A", 3));
    assert_eq!(
        drain(&mut queue),
        [Event::Data(latest("A", 3)), Event::Data(latest("B", 2))]
    );
    assert_eq!((queue.merged(), queue.dropped()), (1, 0));
    queue.push(latest("A", 4));
    assert_eq!(queue.merged(), 1, "what has left is not replaced");
}

#[test]
fn conflate_keeps_slots_apart() {
    let mut queue = queue(2, Overflow::Conflate);
    for (number, slot) in [(1, 10), (2, 20), (3, 10)] {
        queue.push(Item("A".into(), number, Some(slot)));
    }
    assert_eq!(
        drain(&mut queue),
        [
            Event::Data(Item("A".into(), 3, Some(10))),
            Event::Data(Item("A".into(), 2, Some(20)))
        ]
    );
}

#[test]
fn conflate_never_crosses_a_marker_nor_an_event_that_must_stay() {
    let mut queue = queue(8, Overflow::Conflate);
    queue.push(latest("A", 1));
    queue.mark(fresh(Scope::All));
    queue.push(latest("A", 2));
    queue.push(latest("B", 3));
    queue.push(item("A", 4));
    queue.push(latest("A", 5));
    queue.push(latest("B", 6));
    assert_eq!(
        drain(&mut queue),
        [
            Event::Data(latest("A", 1)),
            fresh(Scope::All).into(),
            Event::Data(latest("A", 2)),
            Event::Data(latest("B", 6)),
            data("A", 4),
            Event::Data(latest("A", 5)),
        ]
    );
    assert_eq!(queue.merged(), 1);
}

#[test]
fn conflate_drops_the_oldest_when_nothing_can_be_replaced() {
    let mut queue = queue(2, Overflow::Conflate);
    for (symbol, number) in [("A", 1), ("B", 2), ("C", 3), ("B", 4), ("A", 5)] {
        queue.push(latest(symbol, number));
    }
    assert_eq!(
        drain(&mut queue),
        [
            Event::Gap(overflow_gap(1, 2, &["A", "B"], 1, 4)),
            Event::Data(latest("C", 3)),
            Event::Data(latest("A", 5)),
        ]
    );
    assert_eq!((queue.merged(), queue.dropped()), (1, 2));
}

#[test]
fn the_latest_cycle_keeps_its_order() {
    let cycle = |id| -> [Marker; 3] {
        [
            interrupted(Scope::All).into(),
            outage(id).into(),
            resumed(Scope::All).into(),
        ]
    };
    assert_eq!(
        marks(cycle(1).into_iter().chain(cycle(2)).chain(cycle(3))),
        [
            folded(interrupted(Scope::All), 2),
            Event::Gap(outage(3)),
            folded(resumed(Scope::All), 2)
        ]
    );
}

#[test]
fn a_repair_does_not_speak_for_what_nobody_repairs() {
    let repaired = |id| {
        Status::new(
            StatusKind::Repaired {
                gap: GapId::new(id),
            },
            Scope::All,
        )
    };
    assert_eq!(
        marks([
            outage(1).repair(Repair::Follows).into(),
            outage(2).into(),
            outage(3).repair(Repair::Follows).into(),
            repaired(1).into(),
            repaired(3).into(),
        ]),
        [
            Event::Gap(outage(3).repair(Repair::Follows)),
            folded(repaired(3), 1),
            Event::Gap(outage(2)),
        ]
    );
}

#[test]
fn refusals_fold_by_topic() {
    assert_eq!(
        marks([
            rejected("X").into(),
            rejected("Y").into(),
            rejected("X").into()
        ]),
        [rejected("Y").into(), folded(rejected("X"), 1)]
    );
}

#[test]
fn folding_never_says_of_a_symbol_what_is_not_so() {
    assert_eq!(
        marks([stale(of(&["A"])).into(), fresh(of(&["B"])).into()]),
        [stale(of(&["A"])).into(), fresh(of(&["B"])).into()]
    );
    assert_eq!(
        marks([
            stale(of(&["A"])).into(),
            fresh(of(&["B"])).into(),
            stale(of(&["B"])).into(),
            fresh(of(&["A"])).into(),
        ]),
        [
            folded(stale(of(&["A", "B"])), 1),
            folded(fresh(of(&["A"])), 1)
        ]
    );
    assert_eq!(
        marks([
            resumed(of(&["B"])).into(),
            interrupted(of(&["A", "B"])).into(),
            resumed(of(&["A"])).into(),
        ]),
        [
            interrupted(of(&["A", "B"])).into(),
            folded(resumed(of(&["A"])), 1)
        ]
    );
    assert_eq!(
        marks([
            stale(Scope::All).into(),
            fresh(of(&["A"])).into(),
            stale(of(&["B"])).into(),
        ]),
        [folded(stale(Scope::All), 1), fresh(of(&["A"])).into()]
    );
    // "All but A" has no scope.
    assert_eq!(
        marks([
            stale(of(&["A"])).into(),
            fresh(Scope::All).into(),
            stale(of(&["A"])).into(),
            fresh(of(&["B"])).into(),
        ]),
        [folded(fresh(Scope::All), 1), folded(stale(of(&["A"])), 1)]
    );
}

#[test]
fn folding_keeps_the_reasons_apart() {
    let by = |by: &str, scope| {
        let why = Staleness::Backpressure { by: by.into() };
        Status::new(StatusKind::Stale { why }, scope)
    };
    assert_eq!(
        marks([
            by("X", of(&["A", "B"])).into(),
            stale(of(&["B"])).into(),
            by("Y", of(&["C"])).into(),
            fresh(of(&["A"])).into(),
        ]),
        [
            stale(of(&["B"])).into(),
            folded(by("Y", of(&["A", "C"])), 1),
            fresh(of(&["A"])).into(),
        ]
    );
}

#[test]
fn data_between_the_oldest_markers_is_dropped_into_their_gap() {
    let mut queue = queue(10, Overflow::DropOldest);
    queue.push(item("A", -1));
    for number in 0..4 {
        for topic in 0..30 {
            queue.mark(rejected(&format!("{number}.{topic}")));
        }
        queue.push(item("A", number));
        // Behind the oldest run there may be 64: the third one still fits.
        assert_eq!(queue.dropped(), if number < 3 { 0 } else { 1 });
    }
    let events = drain(&mut queue);
    assert_eq!(events[0], data("A", -1));
    assert_eq!(events[31], Event::Gap(overflow_gap(1, 1, &["A"], 0, 0)));
    assert_eq!(events[62], data("A", 1));
    assert_eq!((events.len(), queue.markers()), (1 + 4 * 30 + 1 + 3, 0));
}

#[test]
fn a_queue_with_room_keeps_its_data_whatever_stands_between() {
    let mut queue = queue(16_384, Overflow::DropOldest);
    let gap = |id| Marker::from(outage(id).repair(Repair::Follows));
    let repaired = |id| {
        let gap = GapId::new(id);
        Status::new(StatusKind::Repaired { gap }, Scope::All)
    };
    for number in 0..2_000 {
        queue.mark(gap(number + 1));
        queue.push(item("A", 2 * number as i64));
        queue.mark(repaired(number + 1));
        queue.push(item("A", 2 * number as i64 + 1));
    }
    assert_eq!((queue.len(), queue.dropped()), (4_000, 0));
    assert_eq!(
        drain(&mut queue).len(),
        8_000,
        "nothing is folded across data"
    );
}

#[test]
fn a_queue_that_is_full_folds_what_it_drops_between() {
    let mut queue = queue(16, Overflow::DropOldest);
    for number in 0..5_000 {
        queue.mark(outage(number + 1).repair(Repair::Follows));
        queue.push(item("A", number as i64));
        let gap = GapId::new(number + 1);
        queue.mark(Status::new(StatusKind::Repaired { gap }, Scope::All));
    }
    assert!(queue.markers() <= 2 * 16 + 3, "{}", queue.markers());
    assert_eq!((queue.len(), queue.dropped()), (16, 5_000 - 16));
}

#[test]
fn markers_that_are_being_taken_do_not_change_any_more() {
    let mut queue = queue(2, Overflow::Conflate);
    queue.mark(interrupted(Scope::All));
    queue.mark(resumed(Scope::All));
    assert_eq!(queue.pop(), Some(interrupted(Scope::All).into()));
    queue.push(latest("A", 1));
    queue.push(latest("A", 2));
    queue.push(latest("B", 3));
    queue.push(latest("C", 4));
    queue.mark(fresh(Scope::All));
    assert_eq!(
        (queue.markers(), queue.merged(), queue.dropped()),
        (3, 1, 1)
    );
    assert_eq!(
        drain(&mut queue),
        [
            resumed(Scope::All).into(),
            Event::Gap(overflow_gap(1, 1, &["A"], 2, 2)),
            Event::Data(latest("B", 3)),
            Event::Data(latest("C", 4)),
            fresh(Scope::All).into(),
        ]
    );
}

#[test]
fn takes_many_at_once() {
    let mut queue = queue(8, Overflow::DropOldest);
    for number in 0..5 {
        queue.push(item("A", number));
    }
    let mut out = Batch::new();
    queue.take_into(&mut out, 3);
    queue.mark(fresh(Scope::All));
    let taken: Vec<_> = std::iter::from_fn(|| out.pop()).collect();
    assert_eq!(taken, [data("A", 0), data("A", 1), data("A", 2)]);
    out.push_data(item("A", 9));
    queue.take_into(&mut out, usize::MAX);
    assert_eq!(
        (out.len(), out.markers(), queue.len(), queue.is_empty()),
        (4, 1, 0, true)
    );
}
