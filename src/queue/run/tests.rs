//! What a run says against what the markers in it say one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::queue::GapIds;
use crate::{
    Cause, GapId, Interruption, Rejection, Repair, Scope, Staleness, StatusKind, Symbol, Timestamp,
};

/// `Z` stands for the symbols that no scope names.
const SYMBOLS: [&str; 4] = ["A", "B", "C", "Z"];
/// Gaps of these and the next few numbers stand before the run.
const BEFORE: u64 = 1_000;

fn names() -> GapNames {
    GapNames::new(GapIds::of_an_operator())
}

fn of(symbols: &[&str]) -> Scope {
    Scope::of(symbols.iter().map(Symbol::new))
}

fn status(kind: StatusKind, symbols: &[&str]) -> Marker {
    Status::new(kind, of(symbols)).into()
}

fn outage(id: u64, (from, to): (i64, i64), symbols: &[&str]) -> Gap {
    let (from, to) = (Timestamp::from_nanos(from), Timestamp::from_nanos(to));
    Gap::new(GapId::new(id), Cause::Outage { from, to }, of(symbols))
}

fn promise(id: u64, span: (i64, i64), symbols: &[&str]) -> Marker {
    outage(id, span, symbols).repair(Repair::Follows).into()
}

fn verdict(id: u64, well: bool, symbols: &[&str]) -> Marker {
    let gap = GapId::new(id);
    let kind = if well {
        StatusKind::Repaired { gap }
    } else {
        StatusKind::RepairFailed { gap }
    };
    status(kind, symbols)
}

fn fold(markers: impl IntoIterator<Item = Marker>) -> Vec<Marker> {
    let (mut run, mut names) = (Run::default(), names());
    for marker in markers {
        run.add(marker, &mut names);
    }
    let most = run.len();
    let folded = Vec::from(run.into_markers(&mut names));
    assert!(folded.len() <= most, "{} of {most}", folded.len());
    folded
}

/// Markers in short.
fn words(markers: &[Marker]) -> Vec<String> {
    let word = |marker: &Marker| match marker {
        Marker::Status(status) => status.to_string(),
        Marker::Gap(gap) => {
            let (from, to) = gap.range().unwrap();
            let promise = if gap.repair == Repair::Follows {
                "?"
            } else {
                ""
            };
            let (from, to) = (from.as_nanos(), to.as_nanos());
            format!(
                "gap {}{promise} {from}-{to} of {}",
                gap.id.number(),
                gap.scope
            )
        }
    };
    markers.iter().map(word).collect()
}

/// What a consumer knows of one symbol.
#[derive(Clone, Debug, Default, PartialEq)]
struct Condition {
    /// The last of each pair of kinds, with the kind of its reason.
    link: Option<Said>,
    freshness: Option<Said>,
    snapshot: Option<Said>,
    rejected: bool,
    /// Moments at which something is missing, by the name of the gap.
    missing: BTreeMap<GapId, BTreeSet<i64>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Said {
    out: bool,
    cause: Option<Discriminant<Interruption>>,
    why: Option<Discriminant<Staleness>>,
    snipped: bool,
}

impl Condition {
    fn hear(&mut self, kind: &StatusKind) {
        let mut said = Said {
            out: false,
            cause: None,
            why: None,
            snipped: false,
        };
        let slot = match kind {
            StatusKind::Interrupted { cause } => {
                said.cause = Some(discriminant(cause));
                &mut self.link
            }
            StatusKind::Stale { why } => {
                said.why = Some(discriminant(why));
                &mut self.freshness
            }
            StatusKind::SnapshotBegan => &mut self.snapshot,
            StatusKind::Resumed { .. } => {
                said.out = true;
                &mut self.link
            }
            StatusKind::Fresh => {
                said.out = true;
                &mut self.freshness
            }
            StatusKind::SnapshotEnded { snipped } => {
                (said.out, said.snipped) = (true, *snipped);
                &mut self.snapshot
            }
            StatusKind::Rejected(_) => {
                self.rejected = true;
                return;
            }
            StatusKind::Repaired { gap } => {
                self.missing.remove(gap);
                return;
            }
            StatusKind::RepairFailed { .. } => return,
        };
        *slot = Some(said);
    }

    fn lacks(&self) -> BTreeSet<i64> {
        self.missing.values().flatten().copied().collect()
    }
}

/// What a consumer knows after some markers.
fn read(markers: &[Marker]) -> BTreeMap<&'static str, Condition> {
    let before = BTreeSet::from([-1]);
    let start = Condition {
        missing: (BEFORE..BEFORE + 3)
            .map(|id| (GapId::new(id), before.clone()))
            .collect(),
        ..Condition::default()
    };
    let mut known: BTreeMap<_, _> = SYMBOLS.map(|symbol| (symbol, start.clone())).into();
    for marker in markers {
        let scope = match marker {
            Marker::Gap(gap) => &gap.scope,
            Marker::Status(status) => &status.scope,
        };
        for (_, condition) in known
            .iter_mut()
            .filter(|(symbol, _)| scope.contains(symbol))
        {
            match marker {
                Marker::Status(status) => condition.hear(&status.kind),
                Marker::Gap(gap) => {
                    let (from, to) = gap.range().unwrap();
                    let moments = condition.missing.entry(gap.id).or_default();
                    moments.extend(from.as_nanos()..=to.as_nanos());
                }
            }
        }
    }
    known
}

/// How many statuses of each kind there were.
fn counts(markers: &[Marker]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for marker in markers {
        let Marker::Status(status) = marker else {
            continue;
        };
        let kind = match &status.kind {
            StatusKind::Interrupted { .. } => "interrupted",
            StatusKind::Resumed { .. } => "resumed",
            StatusKind::Stale { .. } => "stale",
            StatusKind::Fresh => "fresh",
            StatusKind::Rejected(_) => "rejected",
            StatusKind::Repaired { .. } => "repaired",
            StatusKind::RepairFailed { .. } => "failed",
            StatusKind::SnapshotBegan => "began",
            StatusKind::SnapshotEnded { .. } => "ended",
        };
        *counts.entry(kind).or_default() += 1 + status.folded;
    }
    counts
}

/// How much is missing, and how many gaps do not say.
fn missed(markers: &[Marker]) -> (u64, usize) {
    let gaps = markers.iter().filter_map(|marker| match marker {
        Marker::Gap(gap) => Some(gap.missed),
        Marker::Status(_) => None,
    });
    let (known, unknown): (Vec<_>, Vec<_>) = gaps.partition(Option::is_some);
    (known.into_iter().flatten().sum(), unknown.len())
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        1 => Just(Scope::All),
        4 => prop::sample::subsequence(vec!["A", "B", "C"], 1..=3).prop_map(|symbols| of(&symbols)),
    ]
}

fn condition() -> impl Strategy<Value = StatusKind> {
    let closed = Interruption::Closed {
        code: None,
        reason: "".into(),
    };
    let resumed = StatusKind::Resumed {
        downtime: Duration::ZERO,
        attempts: 1,
    };
    let stale = |why| Just(StatusKind::Stale { why });
    prop_oneof![
        Just(StatusKind::Interrupted {
            cause: Interruption::NotUtf8
        }),
        Just(StatusKind::Interrupted { cause: closed }),
        Just(resumed),
        stale(Staleness::NoFirstData),
        stale(Staleness::Backpressure { by: "X".into() }),
        Just(StatusKind::Fresh),
        Just(StatusKind::SnapshotBegan),
        any::<bool>().prop_map(|snipped| StatusKind::SnapshotEnded { snipped }),
        "[A-C]".prop_map(|topic| StatusKind::Rejected(Rejection::new(topic, None, "no"))),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Say(StatusKind, Scope),
    Miss {
        span: (i64, i64),
        scope: Scope,
        missed: Option<u64>,
        promised: bool,
    },
    /// About one of the gaps before or in the run.
    Hear {
        which: prop::sample::Index,
        well: bool,
        scope: Scope,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let span = (0..20_i64, 0..5_i64).prop_map(|(from, long)| (from, from + long));
    let miss = (
        span,
        scope(),
        prop::option::weighted(0.8, 0..9_u64),
        any::<bool>(),
    )
        .prop_map(|(span, scope, missed, promised)| Step::Miss {
            span,
            scope,
            missed,
            promised,
        });
    let hear = (any::<prop::sample::Index>(), any::<bool>(), scope())
        .prop_map(|(which, well, scope)| Step::Hear { which, well, scope });
    prop_oneof![
        4 => (condition(), scope()).prop_map(|(kind, scope)| Step::Say(kind, scope)),
        2 => miss,
        3 => hear,
    ]
}

/// Markers of a feed. `once`: nothing is said twice of the repair of one symbol's gap.
fn markers(steps: Vec<Step>, once: bool) -> Vec<Marker> {
    let mut promised: Vec<(u64, BTreeSet<&str>)> = Vec::new();
    for id in BEFORE..BEFORE + 3 {
        promised.push((id, SYMBOLS.into()));
    }
    let mut markers = Vec::new();
    for (id, step) in (1..).zip(steps) {
        match step {
            Step::Say(kind, scope) => markers.push(Status::new(kind, scope).into()),
            Step::Miss {
                span,
                scope,
                missed,
                promised: promise,
            } => {
                let mut gap = Gap {
                    scope: scope.clone(),
                    ..outage(id, span, &[])
                };
                gap = gap.missed(missed);
                if promise {
                    gap = gap.repair(Repair::Follows);
                    let of = SYMBOLS.into_iter().filter(|symbol| scope.contains(symbol));
                    promised.push((id, of.collect()));
                }
                markers.push(gap.into());
            }
            Step::Hear { which, well, scope } => {
                let (id, open) = which.get(&promised).clone();
                let of =
                    |symbol: &&&str| scope.contains(symbol) && (!once || open.contains(*symbol));
                let said: Vec<_> = SYMBOLS.iter().filter(of).copied().collect();
                let whole = said.len() == SYMBOLS.len();
                let scope = if whole { Scope::All } else { self::of(&said) };
                // Nothing is said of `Z` alone, because nothing names it.
                if said.is_empty() || (!whole && said.contains(&"Z")) {
                    continue;
                }
                let held = promised.iter_mut().find(|(held, _)| *held == id).unwrap();
                held.1.retain(|symbol| !said.contains(symbol));
                let Marker::Status(status) = verdict(id, well, &[]) else {
                    unreachable!()
                };
                markers.push(Status { scope, ..status }.into());
            }
        }
    }
    markers
}

/// Folds in two parts, the second appended to the first.
fn fold_in_parts(markers: &[Marker], at: usize) -> Vec<Marker> {
    let mut names = names();
    let mut runs = [Run::default(), Run::default()];
    for (place, marker) in markers.iter().enumerate() {
        runs[usize::from(place >= at)].add(marker.clone(), &mut names);
    }
    let [mut run, later] = runs;
    run.append(later, &mut names);
    run.into_markers(&mut names).into()
}

fn is_sound(whole: &[Marker], folded: &[Marker]) -> Result<(), TestCaseError> {
    let (whole_known, known) = (read(whole), read(folded));
    for symbol in SYMBOLS {
        let (whole, folded) = (&whole_known[symbol], &known[symbol]);
        prop_assert_eq!(
            (whole.link, whole.freshness),
            (folded.link, folded.freshness)
        );
        prop_assert_eq!(
            (whole.snapshot, whole.rejected),
            (folded.snapshot, folded.rejected)
        );
        // Nothing is said to be repaired that is not.
        let (lacks, said) = (whole.lacks(), folded.lacks());
        prop_assert!(
            lacks.is_subset(&said),
            "{symbol} lacks {lacks:?}, not only {said:?}"
        );
    }
    let (known, unknown) = missed(whole);
    let (said, unsaid) = missed(folded);
    prop_assert!(said <= known && (unknown > 0 || said == known));
    prop_assert!((unknown == 0) == (unsaid == 0), "an unknown count wins");
    let mut seen: BTreeSet<_> = (BEFORE..BEFORE + 3).map(GapId::new).collect();
    for marker in folded {
        match marker {
            Marker::Gap(gap) => {
                prop_assert!(seen.insert(gap.id), "two gaps of one name");
                let (from, to) = gap.range().unwrap();
                prop_assert!(from <= to);
            }
            Marker::Status(Status {
                kind: StatusKind::Repaired { gap } | StatusKind::RepairFailed { gap },
                ..
            }) => prop_assert!(seen.contains(gap), "of a gap that nobody has seen"),
            Marker::Status(_) => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn folding_leaves_every_symbol_in_its_condition(
        steps in prop::collection::vec(step(), 0..40),
        once in any::<bool>(),
        part in any::<prop::sample::Index>(),
    ) {
        let whole = markers(steps, once);
        let folded = fold(whole.clone());
        is_sound(&whole, &folded)?;
        is_sound(&whole, &fold_in_parts(&whole, part.index(whole.len() + 1)))?;
        if once {
            prop_assert_eq!(counts(&whole), counts(&folded), "each is seen or folded into one that is");
        }
        // Whatever has been repaired of all of a symbol's gaps is still said to be.
        let (whole, folded) = (read(&whole), read(&folded));
        for symbol in SYMBOLS {
            let healed = whole[symbol].lacks().is_empty();
            prop_assert!(!once || !healed || folded[symbol].lacks().is_empty(), "{symbol} lacks nothing");
        }
    }

    #[test]
    fn a_marker_alone_stays_as_it_is(steps in prop::collection::vec(step(), 1..9)) {
        for marker in markers(steps, true) {
            let mut names = names();
            let mut table = Box::<Table>::default();
            table.add(marker.clone(), &mut names);
            prop_assert_eq!(table.into_markers(&mut names).collect::<Vec<_>>(), [marker]);
        }
    }

    #[test]
    fn the_latest_cycle_reads_interrupted_gaps_resumed(
        cycles in prop::collection::vec(prop::collection::vec((0..20_i64, scope(), any::<bool>()), 0..4), 1..9),
        drops in prop::collection::vec(0..3_usize, 9),
        down in any::<bool>(),
    ) {
        let (mut run, mut names, mut id) = (Run::default(), names(), 0);
        let cycle = cycles.len();
        for ((at, gaps), drops) in (1..).zip(cycles).zip(drops) {
            let cause = Interruption::NotUtf8;
            run.add(Status::new(StatusKind::Interrupted { cause }, Scope::All).into(), &mut names);
            for (from, scope, promised) in gaps {
                id += 1;
                let repair = if promised { Repair::Follows } else { Repair::None };
                let gap = Gap { scope, repair, ..outage(id, (from, from), &[]) };
                run.add(gap.into(), &mut names);
            }
            if at == cycle && down {
                break;
            }
            let kind = StatusKind::Resumed { downtime: Duration::ZERO, attempts: 1 };
            run.add(Status::new(kind, Scope::All).into(), &mut names);
            for _ in 0..drops {
                run.dropped(&mut names).add_nameless();
            }
        }
        let kinds: String = run.into_markers(&mut names).iter().map(|marker| match marker {
            Marker::Gap(_) => 'G',
            Marker::Status(Status { kind: StatusKind::Interrupted { .. }, .. }) => 'I',
            Marker::Status(_) => 'R',
        }).collect();
        let kinds = kinds.replace('G', "");
        let expected = if !down { "IR" } else if cycle == 1 { "I" } else { "RI" };
        prop_assert_eq!(kinds, expected);
    }
}

#[test]
fn a_repair_that_went_well_does_not_speak_for_one_that_failed() {
    let markers = [
        promise(5, (10, 20), &["A"]),
        verdict(5, false, &["A"]),
        promise(9, (100, 110), &["A"]),
        verdict(9, true, &["A"]),
    ];
    assert_eq!(
        words(&fold(markers)),
        [
            "gap 5? 10-20 of A",
            "A: gap 5 cannot be repaired",
            "gap 9? 100-110 of A",
            "A: gap 9 repaired",
        ]
    );
}

#[test]
fn what_stays_missing_is_one_and_what_was_repaired_is_one() {
    let mut markers = Vec::new();
    for id in 0..1_000 {
        let span = (10 * id, 10 * id + 5);
        markers.push(promise(2 * id as u64 + 1, span, &["A"]));
        markers.push(verdict(2 * id as u64 + 1, true, &["A"]));
        markers.push(promise(2 * id as u64 + 2, span, &["B"]));
        markers.push(verdict(2 * id as u64 + 2, false, &["B"]));
        markers.push(outage(10_000 + id as u64, span, &["C"]).into());
    }
    assert_eq!(
        words(&fold(markers)),
        [
            "gap 1999? 0-9995 of A",
            "A: gap 1999 repaired (and 999 before)",
            "gap 2000? 0-9995 of B, C",
            "B: gap 2000 cannot be repaired (and 999 before)",
        ]
    );
}

#[test]
fn a_gap_of_many_is_repaired_once_each_of_them_is() {
    let begun = [
        promise(5, (10, 20), &["A", "B"]),
        verdict(5, true, &["A"]),
        promise(9, (30, 40), &["A", "B"]),
        verdict(9, true, &["B"]),
        verdict(9, true, &["A"]),
    ];
    let whole = [
        "gap 5? 10-20 of A, B",
        "A: gap 5 repaired",
        "gap 9? 30-40 of A, B",
        "A, B: gap 9 repaired (and 1 before)",
    ];
    assert_eq!(words(&fold(begun.clone())), whole);
    let over = begun.into_iter().chain([verdict(5, true, &["B"])]);
    assert_eq!(
        words(&fold(over)),
        [
            "gap 5? 10-40 of A, B",
            "A, B: gap 5 repaired (and 3 before)"
        ]
    );
}

#[test]
fn a_name_that_went_into_another_is_not_spoken_of_again() {
    let (mut run, mut names) = (Run::default(), names());
    for marker in [
        promise(5, (10, 20), &["A"]),
        verdict(5, false, &["A"]),
        promise(6, (30, 40), &["A"]),
        verdict(6, false, &["A"]),
    ] {
        run.add(marker, &mut names);
    }
    let folded = Vec::from(run.into_markers(&mut names));
    let expected = [
        "gap 6? 10-40 of A",
        "A: gap 6 cannot be repaired (and 1 before)",
    ];
    assert_eq!(words(&folded), expected);
    // In the same queue, later.
    let mut run = Run::default();
    run.add(verdict(5, true, &["A"]), &mut names);
    run.add(verdict(6, true, &["A"]), &mut names);
    run.add(verdict(7, true, &["A"]), &mut names);
    let folded = Vec::from(run.into_markers(&mut names));
    assert_eq!(words(&folded), ["A: gap 7 repaired"]);
}

#[test]
fn a_gap_that_grows_by_its_own_name_is_repaired_as_a_whole_or_not() {
    let markers = [
        promise(5, (10, 20), &["A"]),
        promise(5, (30, 40), &["A"]),
        verdict(5, true, &["A"]),
    ];
    let folded = fold(markers);
    assert_eq!(words(&folded), ["gap 5? 10-40 of A", "A: gap 5 repaired"]);
    let markers = [
        promise(5, (10, 20), &["A", "B"]),
        verdict(5, true, &["A"]),
        promise(5, (30, 40), &["A", "B"]),
        verdict(5, true, &["B"]),
    ];
    let folded = fold(markers);
    assert!(!read(&folded)["A"].lacks().is_empty());
}

#[test]
fn promises_that_are_never_kept_are_bounded_by_symbols() {
    let promises = (0..10_000).map(|id| promise(id + 1, (id as i64, id as i64), &["A"]));
    let later = [verdict(7, true, &["A"]), verdict(10_000, true, &["A"])];
    let folded = words(&fold(promises.chain(later)));
    // 64, one for the symbol, and one that is named anew for all before.
    let given_up = format!("gap {} 0-9934 of A", (1_u64 << 52) + 1);
    assert_eq!((folded.len(), &folded[0]), (64 + 1 + 1 + 1, &given_up));
    assert_eq!(folded[64 + 2], "A: gap 10000 repaired");
    let many = (0..1_000).map(|id| promise(id + 1, (0, 0), &[&format!("S{id}")]));
    assert_eq!(fold(many).len(), 1_000, "one a symbol");
}

#[test]
fn malformed_neighbours_are_one_gap() {
    let malformed = |id, from, to| -> Marker {
        let cause = Cause::Malformed {
            messages: 1,
            from: Timestamp::from_nanos(from),
            to: Timestamp::from_nanos(to),
        };
        Gap::new(GapId::new(id), cause, of(&["A"])).missed(1).into()
    };
    let folded = fold([malformed(1, 5, 4), malformed(2, 4, 9), malformed(3, 9, 9)]);
    let cause = Cause::Malformed {
        messages: 3,
        from: Timestamp::from_nanos(4),
        to: Timestamp::from_nanos(9),
    };
    let gap = Gap::new(GapId::new(3), cause, of(&["A"])).missed(3);
    assert_eq!(folded, [Marker::Gap(gap)]);
}

#[test]
fn what_does_not_fold_keeps_its_order() {
    let gap = || outage(1, (0, 1), &["A"]).into();
    let ended = || status(StatusKind::SnapshotEnded { snipped: false }, &["A"]);
    let orders = [
        vec![ended(), gap()],
        vec![gap(), ended(), verdict(BEFORE, true, &["A"])],
        vec![verdict(BEFORE, true, &["A"]), ended(), gap()],
        vec![
            status(StatusKind::Fresh, &["B"]),
            status(StatusKind::SnapshotBegan, &["A"]),
            gap(),
            ended(),
            promise(2, (5, 6), &["B"]),
        ],
    ];
    for order in orders {
        assert_eq!(fold(order.clone()), order);
    }
}

#[test]
fn a_loss_on_both_sides_of_an_end_stands_within() {
    let (mut run, mut names) = (Run::default(), names());
    run.add(status(StatusKind::SnapshotBegan, &["A"]), &mut names);
    run.dropped(&mut names).add_nameless();
    let ended = StatusKind::SnapshotEnded { snipped: false };
    run.add(status(ended, &["A"]), &mut names);
    run.dropped(&mut names).add_nameless();
    let folded: Vec<_> = run.into_markers(&mut names).into();
    let kinds = folded.iter().map(|marker| match marker {
        Marker::Gap(gap) => format!("{} missing", gap.missed.unwrap()),
        Marker::Status(status) => status.to_string(),
    });
    let expected = ["A: snapshot begins", "2 missing", "A: snapshot is complete"];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

#[test]
fn many_refusals_are_told_in_the_venues_words_up_to_a_number() {
    let refused = |number: u64| {
        let topic = format!("S{number}");
        let rejection = Rejection::new(topic.as_str(), Some(number as i64), "no such market");
        status(StatusKind::Rejected(rejection), &[&topic])
    };
    let folded = fold((0..4_000).chain(0..4_000).map(refused));
    assert_eq!(folded.len(), 65);
    assert_eq!(counts(&folded)["rejected"], 8_000);
    let Some(Marker::Status(last)) = folded.last() else {
        panic!("{folded:?}")
    };
    let Scope::Symbols(symbols) = &last.scope else {
        panic!("{last}")
    };
    assert_eq!(
        (symbols.len(), last.folded),
        (4_000 - 64, 2 * (4_000 - 64) - 1)
    );
    let words = matches!(&last.kind, StatusKind::Rejected(why) if why.code == Some(3_999));
    assert!(words, "in those of the last");
}

#[test]
fn a_flood_of_markers_costs_no_more_than_its_length() {
    let mut run = Run::default();
    let mut names = names();
    for number in 0..200_000_u64 {
        let symbol = format!("S{}", number % 300);
        let kinds = [
            StatusKind::Interrupted {
                cause: Interruption::NotUtf8,
            },
            StatusKind::Resumed {
                downtime: Duration::ZERO,
                attempts: 1,
            },
            StatusKind::Fresh,
            StatusKind::SnapshotBegan,
        ];
        let kind = kinds[(number / 300 % 4) as usize].clone();
        run.add(status(kind, &[&symbol]), &mut names);
        run.add(promise(number + 1, (0, 1), &[&symbol]), &mut names);
        run.add(verdict(number + 1, number % 2 == 0, &[&symbol]), &mut names);
    }
    let folded: Vec<_> = run.into_markers(&mut names).into();
    assert_eq!(folded.len(), 8, "{:?}", words(&folded));
}
