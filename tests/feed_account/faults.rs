//! What goes wrong in scripts.

use std::time::Duration;

use feedline::sim::gate::{GateFault, WrongNumber};
use feedline::sim::{Delayed, Fault};
use proptest::prelude::*;
use proptest::strategy::Union;

use super::SYMBOLS;
use super::weather::Weather;

fn times() -> impl Strategy<Value = Option<u32>> {
    (1_u32..4).prop_map(Some)
}

fn short() -> impl Strategy<Value = Option<Duration>> {
    (1_u64..40).prop_map(|secs| Some(Duration::from_secs(secs)))
}

fn symbol() -> impl Strategy<Value = String> {
    (0..SYMBOLS.len()).prop_map(|at| SYMBOLS[at].to_owned())
}

fn some_symbol() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), symbol().prop_map(Some)]
}

fn trades() -> Option<String> {
    Some("spot.trades".to_owned())
}

pub(crate) fn fault(weather: &[Weather]) -> Union<BoxedStrategy<Fault>> {
    let mut faults = always();
    for kind in weather {
        faults.extend(of(*kind));
    }
    Union::new_weighted(faults)
}

type Weighted = Vec<(u32, BoxedStrategy<Fault>)>;

fn always() -> Weighted {
    vec![
        (4, Just(Fault::Cut).boxed()),
        (
            1,
            Just(Fault::Close {
                code: 1001,
                reason: "going away".to_owned(),
            })
            .boxed(),
        ),
        (
            1,
            short().prop_map(|lasting| Fault::Mute { lasting }).boxed(),
        ),
        (1, times().prop_map(|times| Fault::NoAck { times }).boxed()),
        (
            1,
            (1_u64..3_000, short())
                .prop_map(|(by, lasting)| Fault::Delay {
                    of: Delayed::Acks,
                    by: Duration::from_millis(by),
                    lasting,
                })
                .boxed(),
        ),
        (2, times().prop_map(|times| Fault::Garble { times }).boxed()),
        (
            1,
            times().prop_map(|times| Fault::Truncate { times }).boxed(),
        ),
        (
            1,
            times()
                .prop_map(|times| Fault::RefuseConnect { times })
                .boxed(),
        ),
        (
            1,
            times()
                .prop_map(|times| Fault::RejectUpgrade { status: 503, times })
                .boxed(),
        ),
        (
            1,
            times()
                .prop_map(|times| Fault::AcceptThenClose {
                    after: Duration::from_millis(300),
                    times,
                })
                .boxed(),
        ),
        (
            1,
            times()
                .prop_map(|times| Fault::Refuse {
                    symbol: None,
                    channel: trades(),
                    code: 3,
                    text: None,
                    times,
                })
                .boxed(),
        ),
        (1, Just(Fault::NonUtf8).boxed()),
        (1, Just(Fault::Null).boxed()),
        (
            1,
            Just(Fault::Upgrade {
                after: Duration::from_secs(3),
            })
            .boxed(),
        ),
    ]
}

fn of(weather: Weather) -> Weighted {
    match weather {
        Weather::Silent => {
            let times = prop_oneof![times(), Just(None)];
            let silent = (some_symbol(), times).prop_map(|(symbol, times)| Fault::Silent {
                symbol,
                channel: trades(),
                times,
            });
            vec![(2, silent.boxed())]
        }
        Weather::Refusals => {
            let refuse = (some_symbol(), prop_oneof![Just(2), Just(3)], times()).prop_map(
                |(symbol, code, times)| Fault::Refuse {
                    symbol,
                    channel: trades(),
                    code,
                    text: None,
                    times,
                },
            );
            let verbose = times().prop_map(|times| Fault::Verbose {
                bytes: 1 << 16,
                times,
            });
            vec![(2, refuse.boxed()), (1, verbose.boxed())]
        }
        Weather::Numbers => numbers(),
        Weather::Mutes => {
            let topic = (symbol(), short()).prop_map(|(symbol, lasting)| Fault::MuteTopic {
                symbol,
                channel: trades(),
                lasting,
            });
            let silent = (symbol(), short())
                .prop_map(|(symbol, lasting)| Fault::AckWithoutData { symbol, lasting });
            let all = short().prop_map(|lasting| Fault::MuteData { lasting });
            vec![(1, topic.boxed()), (1, silent.boxed()), (1, all.boxed())]
        }
        Weather::Flapping => {
            let flap = (1_u64..15, 0_u64..10, 5_u64..60).prop_map(|(lives, jitter, lasting)| {
                Fault::Flap {
                    lives: Duration::from_secs(lives),
                    jitter: Duration::from_secs(jitter),
                    lasting: Some(Duration::from_secs(lasting)),
                }
            });
            let login = (
                0_u64..1_000,
                prop_oneof![Just(None), Just(Some(1013))],
                times(),
            )
                .prop_map(|(after, code, times)| Fault::CloseAfterLogin {
                    after: Duration::from_millis(after),
                    code,
                    times,
                });
            let at_once = times().prop_map(|times| Fault::AcceptThenClose {
                after: Duration::ZERO,
                times,
            });
            vec![(2, flap.boxed()), (1, login.boxed()), (1, at_once.boxed())]
        }
        Weather::Http => {
            let retry_after = prop_oneof![
                Just(None),
                (1_u32..20).prop_map(|secs| Some(secs.to_string()))
            ];
            let answer = (prop_oneof![Just(429), Just(502)], retry_after, times()).prop_map(
                |(status, retry_after, times)| Fault::AnswerUpgrade {
                    status,
                    location: None,
                    retry_after,
                    text: "error code: 1015".to_owned(),
                    times,
                },
            );
            vec![(1, answer.boxed())]
        }
        Weather::Clocks => {
            let step = (1_u64..120, any::<bool>()).prop_map(|(secs, back)| Fault::StepClock {
                by: Duration::from_secs(secs),
                back,
            });
            let untimed = times().prop_map(|times| Fault::Untimed { times });
            vec![(1, step.boxed()), (1, untimed.boxed())]
        }
        Weather::Rows | Weather::Withdrawals | Weather::Churn => Vec::new(),
    }
}

fn numbers() -> Weighted {
    let wrong = prop_oneof![
        Just(WrongNumber::NoLast),
        Just(WrongNumber::NoFirst),
        Just(WrongNumber::Backwards),
        Just(WrongNumber::Text),
        Just(WrongNumber::Huge),
        Just(WrongNumber::Negative),
        Just(WrongNumber::Null),
    ];
    let channel = prop_oneof![
        Just("spot.obu".to_owned()),
        Just("spot.order_book_update".to_owned())
    ];
    let numbers = (wrong, channel, some_symbol(), any::<bool>(), times()).prop_map(
        |(wrong, channel, symbol, snapshots, times)| {
            Fault::from(GateFault::Numbers {
                wrong,
                channel: Some(channel),
                symbol,
                snapshots,
                times,
            })
        },
    );
    let replay = (some_symbol(), times())
        .prop_map(|(symbol, times)| GateFault::Replay { symbol, times }.into());
    let old = (some_symbol(), times())
        .prop_map(|(symbol, times)| GateFault::OldSnapshot { symbol, times }.into());
    let crossed = (some_symbol(), times())
        .prop_map(|(symbol, times)| GateFault::Crossed { symbol, times }.into());
    let skipped =
        (some_symbol(), times()).prop_map(|(symbol, times)| Fault::SequenceGap { symbol, times });
    vec![
        (3, numbers.boxed()),
        (1, replay.boxed()),
        (1, old.boxed()),
        (1, crossed.boxed()),
        (1, skipped.boxed()),
    ]
}
