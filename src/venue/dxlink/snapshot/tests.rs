use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The venue's algorithm as it documents it, with the state that it keeps.
#[derive(Default)]
struct Model {
    pending: Vec<(i64, Change<u32>)>,
    partial: bool,
    complete: bool,
    snipped: bool,
    /// The snapshot has a row that could not be read: it is as if it had not come.
    spoilt: bool,
    book: BTreeMap<i64, u32>,
    /// `None` while nothing was shown for this row, else whether a snapshot was.
    shown: Option<(bool, bool)>,
}

impl Model {
    fn row(&mut self, flags: EventFlags, index: i64, change: Change<u32>) {
        self.shown = None;
        if flags.contains(EventFlags::SNAPSHOT_BEGIN) {
            self.pending.clear();
            (self.partial, self.complete, self.snipped) = (true, false, false);
            self.spoilt = false;
        }
        if self.partial && flags.ends_snapshot() {
            (self.partial, self.complete) = (false, true);
            self.snipped = flags.contains(EventFlags::SNAPSHOT_SNIP);
        }
        self.spoilt |= (self.partial || self.complete) && matches!(change, Change::Nothing);
        self.pending.push((index, change));
        if self.spoilt {
            self.pending.clear();
        }
        if flags.contains(EventFlags::TX_PENDING) || self.partial {
            return;
        }
        if std::mem::take(&mut self.spoilt) {
            self.complete = false;
            return;
        }
        if self.complete {
            self.book.clear();
        }
        for (index, change) in self.pending.drain(..) {
            match change {
                Change::Set(event) => drop(self.book.insert(index, event)),
                Change::Remove => drop(self.book.remove(&index)),
                Change::Nothing => {}
            }
        }
        self.shown = Some((self.complete, self.complete && self.snipped));
        self.complete = false;
    }
}

/// A consumer that applies what it is given.
#[derive(Default)]
struct Shown {
    book: BTreeMap<i64, u32>,
    fresh: Option<Vec<(i64, u32)>>,
    snapshots: Vec<bool>,
    lost: usize,
    /// Changes of a transaction that are still to come.
    open: usize,
}

impl Shown {
    fn take(&mut self, emit: &Emit<u32>) {
        match *emit {
            Emit::SnapshotBegin { events } => {
                assert_eq!(self.open, 0);
                self.open = events;
                self.fresh = Some(Vec::new());
            }
            Emit::Snapshot { index, event, left } => {
                let fresh = self.fresh.as_mut().unwrap();
                assert!(fresh.last().is_none_or(|(last, _)| *last < index));
                fresh.push((index, event));
                self.open -= 1;
                assert_eq!(left, self.open);
            }
            Emit::SnapshotEnd { snipped } => {
                assert_eq!(self.open, 0);
                self.book = self.fresh.take().unwrap().into_iter().collect();
                self.snapshots.push(snipped);
            }
            Emit::Update { index, event, left } => {
                self.step(left);
                self.book.insert(index, event);
            }
            Emit::Remove { index, left } => {
                self.step(left);
                self.book.remove(&index);
            }
            Emit::Lost { rows, .. } => self.lost += rows,
        }
    }

    fn step(&mut self, left: usize) {
        assert!(self.fresh.is_none());
        assert!(self.open == 0 || self.open == left + 1);
        self.open = left;
    }
}

fn run(
    snapshots: &mut Snapshots<u8, u32>,
    key: u8,
    bits: u32,
    index: i64,
    change: Change<u32>,
) -> Vec<Emit<u32>> {
    let flags = EventFlags::from_bits(bits);
    let mut emits = Vec::new();
    snapshots.row(&key, Mark { flags, index }, change, &mut |emit| {
        emits.push(emit);
    });
    emits
}

#[test]
fn a_snapshot_is_shown_once_it_is_whole_the_oldest_first() {
    let mut snapshots = Snapshots::default();
    assert_eq!(run(&mut snapshots, 1, 4, 30, Change::Set(3)), []);
    assert_eq!(run(&mut snapshots, 1, 0, 20, Change::Set(2)), []);
    assert_eq!(snapshots.pending(&1), 2);
    let shown = run(&mut snapshots, 1, 10, 10, Change::Remove);
    let expected = [
        Emit::SnapshotBegin { events: 2 },
        Emit::Snapshot {
            index: 20,
            event: 2,
            left: 1,
        },
        Emit::Snapshot {
            index: 30,
            event: 3,
            left: 0,
        },
        Emit::SnapshotEnd { snipped: false },
    ];
    assert_eq!(shown, expected);
    assert_eq!(snapshots.pending(&1), 0);
}

#[test]
fn the_row_of_a_snip_is_an_event() {
    let mut snapshots = Snapshots::default();
    run(&mut snapshots, 1, 4, 30, Change::Set(3));
    let shown = run(&mut snapshots, 1, 16, 20, Change::Set(2));
    assert_eq!(shown[0], Emit::SnapshotBegin { events: 2 });
    assert_eq!(shown[3], Emit::SnapshotEnd { snipped: true });
}

#[test]
fn an_empty_snapshot_is_a_snapshot() {
    let shown = run(&mut Snapshots::default(), 1, 14, 0, Change::Remove);
    let expected = [
        Emit::SnapshotBegin { events: 0 },
        Emit::SnapshotEnd { snipped: false },
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_transaction_is_shown_together() {
    let mut snapshots = Snapshots::default();
    assert_eq!(run(&mut snapshots, 1, 1, 5, Change::Set(1)), []);
    assert_eq!(run(&mut snapshots, 1, 1, 6, Change::Set(2)), []);
    let shown = run(&mut snapshots, 1, 0, 5, Change::Remove);
    let expected = [
        Emit::Update {
            index: 6,
            event: 2,
            left: 1,
        },
        Emit::Remove { index: 5, left: 0 },
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_is_too_large_is_told_and_the_next_snapshot_counts_again() {
    let mut snapshots = Snapshots::new(SnapshotLimits { one: 2, all: 3 });
    for index in [9, 8] {
        let bits = if index == 9 { 4 } else { 0 };
        assert_eq!(run(&mut snapshots, 1, bits, index, Change::Set(1)), []);
    }
    let lost = |rows| {
        [Emit::Lost {
            rows,
            snapshot: true,
        }]
    };
    assert_eq!(run(&mut snapshots, 1, 0, 7, Change::Set(1)), lost(3));
    assert_eq!(run(&mut snapshots, 1, 0, 6, Change::Set(1)), []);
    assert_eq!(run(&mut snapshots, 1, 10, 5, Change::Remove), lost(2));
    assert_eq!(run(&mut snapshots, 1, 12, 5, Change::Set(1)).len(), 3);
    // All keys together.
    run(&mut snapshots, 1, 4, 1, Change::Set(1));
    run(&mut snapshots, 1, 0, 2, Change::Set(1));
    run(&mut snapshots, 2, 4, 1, Change::Set(1));
    assert_eq!(run(&mut snapshots, 3, 12, 1, Change::Set(1)), lost(1));
    snapshots.forget(&1);
    assert_eq!(run(&mut snapshots, 3, 12, 1, Change::Set(1)).len(), 3);
}

#[test]
fn a_snapshot_with_a_row_that_cannot_be_read_is_never_shown() {
    let lost = |rows| {
        [Emit::Lost {
            rows,
            snapshot: true,
        }]
    };
    let mut snapshots = Snapshots::default();
    // In the middle: the rest of it is not shown either.
    run(&mut snapshots, 1, 4, 3, Change::Set(3));
    assert_eq!(run(&mut snapshots, 1, 0, 2, Change::Nothing), lost(2));
    assert_eq!(run(&mut snapshots, 1, 0, 1, Change::Set(1)), []);
    assert_eq!(run(&mut snapshots, 1, 10, 0, Change::Remove), lost(2));
    // The first and the last.
    assert_eq!(run(&mut snapshots, 1, 4, 3, Change::Nothing), lost(1));
    assert_eq!(run(&mut snapshots, 1, 10, 0, Change::Remove), lost(1));
    run(&mut snapshots, 1, 4, 3, Change::Set(3));
    assert_eq!(run(&mut snapshots, 1, 8, 2, Change::Nothing), lost(2));
    assert_eq!(run(&mut snapshots, 1, 12, 2, Change::Set(2)).len(), 3);
}

#[derive(Clone, Debug)]
enum Step {
    Row {
        key: u8,
        bits: u32,
        index: i64,
        change: Change<u32>,
    },
    /// The connection is lost.
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let bits = select(vec![
        0, 0, 0, 1, 2, 4, 5, 8, 9, 10, 12, 14, 16, 17, 20, 0x44,
    ]);
    let change = prop_oneof![
        6 => any::<u32>().prop_map(Change::Set),
        2 => Just(Change::Remove),
        1 => Just(Change::Nothing),
    ];
    let row = (0..3_u8, bits, 0..6_i64, change);
    prop_oneof![
        40 => row.prop_map(|(key, bits, index, change)| Step::Row { key, bits, index, change }),
        1 => Just(Step::Reset),
    ]
}

proptest! {
    #[test]
    fn shows_what_the_documented_algorithm_shows(steps in vec(step(), 0..200)) {
        let mut snapshots = Snapshots::default();
        let mut models: [Model; 3] = Default::default();
        let mut shown: [Shown; 3] = Default::default();
        for step in steps {
            match step {
                Step::Reset => {
                    snapshots.reset();
                    for model in &mut models {
                        model.pending.clear();
                        (model.partial, model.complete) = (false, false);
                        model.spoilt = false;
                    }
                }
                Step::Row { key, bits, index, change } => {
                    let at = usize::from(key);
                    models[at].row(EventFlags::from_bits(bits), index, change);
                    let before = shown[at].snapshots.len();
                    let emits = run(&mut snapshots, key, bits, index, change);
                    for emit in emits {
                        shown[at].take(&emit);
                    }
                    let snapshot = shown[at].snapshots[before..].first();
                    let expected = models[at].shown.filter(|(whole, _)| *whole);
                    prop_assert_eq!(snapshot.copied(), expected.map(|(_, snipped)| snipped));
                    prop_assert_eq!(shown[at].open, 0);
                    prop_assert_eq!(&shown[at].book, &models[at].book);
                    prop_assert_eq!(snapshots.pending(&key), models[at].pending.len());
                }
            }
        }
    }

    #[test]
    fn every_row_of_a_bounded_line_is_held_shown_or_told(steps in vec(step(), 0..200)) {
        let limits = SnapshotLimits { one: 3, all: 5 };
        let mut snapshots = Snapshots::new(limits);
        // Rows of each key since something was shown or told of it.
        let mut since = [0_usize; 3];
        for step in steps {
            let Step::Row { key, bits, index, change } = step else {
                snapshots.reset();
                since = [0; 3];
                continue;
            };
            let rows = &mut since[usize::from(key)];
            if bits & 4 != 0 {
                *rows = 0;
            }
            *rows += 1;
            let emits = run(&mut snapshots, key, bits, index, change);
            let told = emits.iter().find_map(|emit| match emit {
                Emit::Lost { rows, .. } => Some(*rows),
                _ => None,
            });
            if let Some(told) = told {
                prop_assert_eq!((told, emits.len()), (*rows, 1));
            }
            let line = snapshots.lines.get(&key);
            if told.is_some() || line.is_none() {
                *rows = 0;
            }
            if line.is_some_and(|line| !matches!(line.phase, Phase::Dropping { .. })) {
                prop_assert_eq!(snapshots.pending(&key), *rows);
            }
            let held: usize = (0..3).map(|key| snapshots.pending(&key)).sum();
            prop_assert!(snapshots.pending(&key) <= limits.one && held <= limits.all);
            prop_assert_eq!(held, snapshots.held);
        }
    }
}
