//! What scripts are made of.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::Overflow;
use feedline::sim::Fault;
use proptest::prelude::*;
use proptest::strategy::Union;

use super::SYMBOLS;
use super::faults::fault;
use super::weather::Weather;

/// What a handle is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Trades,
    Obu,
    Updates,
}

/// One step of a script.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Subscribe {
        of: Of,
        symbols: BTreeSet<usize>,
        overflow: Overflow,
        capacity: usize,
    },
    /// A subscribe that is given up after so many milliseconds, accepted or not.
    Abandon(BTreeSet<usize>, u64),
    Drop(usize),
    Add(usize, usize),
    Remove(usize, usize),
    Resync(usize, usize),
    Read(usize, usize),
    Fault(Fault),
    Trades(usize),
    Pass(u64),
    /// The machine's clock is set to this many seconds ahead of the simulator's.
    Correct(i64),
}

/// What holds for a whole script.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Climate {
    /// How old events are when they are sent.
    pub(crate) age: Duration,
    /// How many seconds the machine's clock is ahead, if it is its own.
    pub(crate) ahead: Option<i64>,
}

pub(crate) fn climate(weather: &[Weather]) -> BoxedStrategy<Climate> {
    if !weather.contains(&Weather::Clocks) {
        return Just(Climate::default()).boxed();
    }
    let age = prop_oneof![Just(0), Just(900), 1_u64..60].prop_map(Duration::from_secs);
    let ahead = prop_oneof![Just(None), (-120_i64..120).prop_map(Some)];
    let climate = (age, ahead).prop_map(|(age, ahead)| Climate { age, ahead });
    prop_oneof![2 => Just(Climate::default()), 1 => climate].boxed()
}

pub(crate) fn step(weather: &[Weather]) -> Union<BoxedStrategy<Step>> {
    let has = |kind| weather.contains(&kind);
    let symbols = || prop::collection::btree_set(0..SYMBOLS.len(), 1..=SYMBOLS.len());
    let overflow = || {
        let fail = u32::from(has(Weather::Churn));
        Union::new_weighted(vec![
            (3, Just(Overflow::DropOldest).boxed()),
            (3, Just(Overflow::Wait).boxed()),
            (
                fail.max(1),
                Just(if fail > 0 {
                    Overflow::Fail
                } else {
                    Overflow::Wait
                })
                .boxed(),
            ),
        ])
    };
    let held = || 0_usize..8;
    let mut steps: Vec<(u32, BoxedStrategy<Step>)> = vec![
        (
            3,
            (symbols(), overflow(), 1_usize..40)
                .prop_map(|(symbols, overflow, capacity)| Step::Subscribe {
                    of: Of::Trades,
                    symbols,
                    overflow,
                    capacity,
                })
                .boxed(),
        ),
        (2, held().prop_map(Step::Drop).boxed()),
        (
            1,
            (held(), 0..SYMBOLS.len())
                .prop_map(|(at, symbol)| Step::Add(at, symbol))
                .boxed(),
        ),
        (
            1,
            (held(), 0..SYMBOLS.len())
                .prop_map(|(at, symbol)| Step::Remove(at, symbol))
                .boxed(),
        ),
        (
            1,
            (held(), 0..SYMBOLS.len())
                .prop_map(|(at, symbol)| Step::Resync(at, symbol))
                .boxed(),
        ),
        (
            3,
            (held(), 1_usize..60)
                .prop_map(|(at, count)| Step::Read(at, count))
                .boxed(),
        ),
        (4, fault(weather).prop_map(Step::Fault).boxed()),
        (6, (1_usize..40).prop_map(Step::Trades).boxed()),
        (5, (1_u64..20_000).prop_map(Step::Pass).boxed()),
    ];
    if has(Weather::Numbers) {
        let of = prop_oneof![Just(Of::Obu), Just(Of::Updates)];
        let books =
            (of, symbols(), 20_usize..400).prop_map(|(of, symbols, capacity)| Step::Subscribe {
                of,
                symbols,
                overflow: Overflow::DropOldest,
                capacity,
            });
        steps.push((2, books.boxed()));
    }
    if has(Weather::Churn) {
        let abandon =
            (symbols(), 0_u64..3_000).prop_map(|(symbols, after)| Step::Abandon(symbols, after));
        steps.push((2, abandon.boxed()));
    }
    if has(Weather::Clocks) {
        steps.push((1, (-3_600_i64..3_600).prop_map(Step::Correct).boxed()));
    }
    Union::new_weighted(steps)
}
