//! Scripts that failed once.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::Overflow;
use feedline::sim::Fault;

use super::play::play;
use super::steps::{Climate, Of, Step};

const BTC: usize = 0;

fn subscribe(of: Of, capacity: usize) -> Step {
    Step::Subscribe {
        of,
        symbols: BTreeSet::from([BTC]),
        overflow: Overflow::DropOldest,
        capacity,
    }
}

/// A book shows when it last changed, which may be long ago.
#[tokio::test(start_paused = true)]
async fn a_message_is_garbled_when_a_book_is_the_last_that_told_the_time() {
    let flap = Fault::Flap {
        lives: Duration::from_secs(6),
        jitter: Duration::ZERO,
        lasting: Some(Duration::from_secs(7)),
    };
    let script = vec![
        subscribe(Of::Trades, 500),
        Step::Pass(1),
        Step::Trades(1),
        Step::Pass(9_999),
        subscribe(Of::Obu, 20),
        Step::Fault(flap),
        Step::Pass(12_356),
        Step::Fault(Fault::Garble { times: Some(2) }),
        Step::Trades(1),
    ];
    play(script, Climate::default(), 468_665).await;
}

#[tokio::test(start_paused = true)]
async fn a_symbol_is_added_while_all_are_stale() {
    let refuse = Fault::Refuse {
        symbol: None,
        channel: Some("spot.trades".into()),
        code: 3,
        text: None,
        times: Some(1),
    };
    let after = Duration::from_secs(3);
    let script = vec![
        subscribe(Of::Trades, 1),
        Step::Pass(1),
        Step::Fault(Fault::Upgrade { after }),
        Step::Fault(refuse),
        Step::Pass(250),
        Step::Add(0, 1),
    ];
    play(script, Climate::default(), 0).await;
}
