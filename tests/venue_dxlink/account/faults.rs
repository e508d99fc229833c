//! What goes wrong in scripts.

use std::time::Duration;

use feedline::sim::dxlink::{DxLinkFault, RowPlace};
use feedline::sim::{DataFormat, Fault};
use proptest::prelude::*;
use proptest::strategy::Union;

use super::SYMBOLS;
use super::weather::Weather;

fn times() -> impl Strategy<Value = Option<u32>> {
    (1_u32..3).prop_map(Some)
}

fn short() -> impl Strategy<Value = Option<Duration>> {
    (1_u64..40).prop_map(|secs| Some(Duration::from_secs(secs)))
}

fn symbol() -> impl Strategy<Value = String> {
    (0..SYMBOLS.len()).prop_map(|at| SYMBOLS[at].to_owned())
}

/// A symbol's sales and quotes, or its candles.
fn item() -> impl Strategy<Value = String> {
    let candles = symbol().prop_map(|symbol| format!("{symbol}{{=m}}"));
    prop_oneof![symbol(), candles]
}

fn some_item() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), item().prop_map(Some)]
}

type Weighted = Vec<(u32, BoxedStrategy<Fault>)>;

pub(super) fn fault(weather: &[Weather]) -> Union<BoxedStrategy<Fault>> {
    let mut faults = always();
    for kind in weather {
        faults.extend(of(*kind));
    }
    Union::new_weighted(faults)
}

fn always() -> Weighted {
    let close = Fault::Close {
        code: 1001,
        reason: "going away".to_owned(),
    };
    let format = prop_oneof![Just(DataFormat::Full), Just(DataFormat::Compact)];
    // Longer than the client's patience: what a venue does unheard and unseen, such as closing a
    // channel, cannot be known until the connection is given up.
    let mute = (70_u64..120).prop_map(|secs| Fault::Mute {
        lasting: Some(Duration::from_secs(secs)),
    });
    let reject = times().prop_map(|times| Fault::RejectUpgrade { status: 502, times });
    let endless = times().prop_map(|times| Fault::EndlessSnapshot {
        symbol: None,
        times,
    });
    vec![
        (4, Just(Fault::Cut).boxed()),
        (1, Just(close).boxed()),
        (1, mute.boxed()),
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
        (1, reject.boxed()),
        (1, Just(Fault::NonUtf8).boxed()),
        (1, Just(Fault::Null).boxed()),
        (2, Just(Fault::CloseChannel { channel: None }).boxed()),
        (
            1,
            times().prop_map(|times| Fault::BareSetup { times }).boxed(),
        ),
        (1, endless.boxed()),
        (
            1,
            format
                .prop_map(|format| Fault::ChangeFormat { format })
                .boxed(),
        ),
    ]
}

fn of(weather: Weather) -> Weighted {
    match weather {
        Weather::Silent => {
            let silent = times().prop_map(|times| Fault::Silent {
                symbol: None,
                channel: Some("FEED".to_owned()),
                times,
            });
            vec![(1, silent.boxed())]
        }
        Weather::Refusals => {
            let channel = times().prop_map(|times| Fault::Refuse {
                symbol: None,
                channel: Some("FEED".to_owned()),
                code: 2,
                text: None,
                times,
            });
            let item = (item(), times()).prop_map(|(symbol, times)| {
                Fault::from(DxLinkFault::RefuseItem {
                    symbol,
                    text: None,
                    times,
                })
            });
            let verbose = times().prop_map(|times| Fault::Verbose {
                bytes: 1 << 16,
                times,
            });
            vec![
                (1, channel.boxed()),
                (2, item.boxed()),
                (1, verbose.boxed()),
            ]
        }
        Weather::Numbers => {
            let texts = times().prop_map(|times| DxLinkFault::Texts { times }.into());
            let respell = times().prop_map(|times| DxLinkFault::Respell { times }.into());
            vec![(1, texts.boxed()), (1, respell.boxed())]
        }
        Weather::Rows => {
            let place = prop_oneof![
                Just(RowPlace::Begin),
                Just(RowPlace::Middle),
                Just(RowPlace::End),
                Just(RowPlace::Live)
            ];
            let row = (place, some_item(), any::<bool>(), times()).prop_map(
                |(place, symbol, short, times)| {
                    Fault::from(DxLinkFault::UnreadableRow {
                        place,
                        symbol,
                        short,
                        times,
                    })
                },
            );
            let unflagged = (some_item(), times())
                .prop_map(|(symbol, times)| DxLinkFault::Unflagged { symbol, times }.into());
            vec![(3, row.boxed()), (1, unflagged.boxed())]
        }
        Weather::Mutes => {
            let topic = (symbol(), short()).prop_map(|(symbol, lasting)| Fault::MuteTopic {
                symbol,
                channel: Some("TimeAndSale".to_owned()),
                lasting,
            });
            let silent = (symbol(), short())
                .prop_map(|(symbol, lasting)| Fault::AckWithoutData { symbol, lasting });
            vec![(1, topic.boxed()), (1, silent.boxed())]
        }
        Weather::Flapping => {
            let flap = (1_u64..15, 0_u64..10, 5_u64..60).prop_map(|(lives, jitter, lasting)| {
                Fault::Flap {
                    lives: Duration::from_secs(lives),
                    jitter: Duration::from_secs(jitter),
                    lasting: Some(Duration::from_secs(lasting)),
                }
            });
            let code = prop_oneof![Just(None), Just(Some(1013))];
            let login = (0_u64..1_000, code, times()).prop_map(|(after, code, times)| {
                Fault::CloseAfterLogin {
                    after: Duration::from_millis(after),
                    code,
                    times,
                }
            });
            let at_once = times().prop_map(|times| Fault::AcceptThenClose {
                after: Duration::ZERO,
                times,
            });
            vec![(2, flap.boxed()), (1, login.boxed()), (1, at_once.boxed())]
        }
        Weather::Http => {
            let wait = (1_u32..20).prop_map(|secs| Some(secs.to_string()));
            let answer =
                (prop_oneof![Just(None), wait], times()).prop_map(|(retry_after, times)| {
                    Fault::AnswerUpgrade {
                        status: 429,
                        location: None,
                        retry_after,
                        text: String::new(),
                        times,
                    }
                });
            vec![(1, answer.boxed())]
        }
        Weather::Clocks => {
            let untimed = times().prop_map(|times| Fault::Untimed { times });
            vec![(1, untimed.boxed())]
        }
        Weather::Withdrawals => {
            let text = prop_oneof![
                Just(None),
                Just(Some("Subscription limit exceeded".to_owned()))
            ];
            let withdraw = (some_item(), text, times()).prop_map(|(symbol, text, times)| {
                Fault::from(DxLinkFault::Withdraw {
                    symbol,
                    text,
                    times,
                })
            });
            vec![(2, withdraw.boxed())]
        }
        Weather::Churn => Vec::new(),
    }
}
