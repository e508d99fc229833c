//! Candles made of a simulated venue's trades equal those that the venue itself sends.

use std::collections::BTreeMap;
use std::time::Duration;

use feedline::feed::Quiet;
use feedline::market::{Candle, CandleState, Interval};
use feedline::sim::gate::GateSim;
use feedline::venue::gate::{self, Spot};
use feedline::{Clock, Decimal, FeedExt, Overflow, Symbol, Timestamp};
use futures_util::stream::{StreamExt, select};
use tokio::time::sleep;

const DAY: Duration = Duration::from_secs(86_400);
const SYMBOLS: usize = 50;

/// Open, high, low, close, volume and turnover of every final candle.
type Finals = BTreeMap<(String, Symbol, Timestamp), [Decimal; 6]>;

enum From {
    /// Made of trades, or of such candles.
    Trades(Candle),
    /// Sent by the venue.
    Venue(Candle),
}

fn enter(finals: &mut Finals, candle: &Candle) {
    let key = (
        candle.interval.to_string(),
        candle.symbol.clone(),
        candle.start,
    );
    let values = [
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume.unwrap(),
        candle.turnover.unwrap(),
    ];
    assert_eq!(
        finals.insert(key, values),
        None,
        "{candle:?} is final twice"
    );
}

#[tokio::test(start_paused = true)]
async fn over_a_day_of_fifty_symbols_every_candle_equals_the_venues_own() {
    let clock = Clock::starting_at(Timestamp::from_secs(1_790_000_017).unwrap());
    let names: Vec<String> = (0..SYMBOLS).map(|at| format!("COIN{at}_USDT")).collect();
    let sim = GateSim::builder()
        .seed(20_261_120)
        .symbols(&names)
        .rate(0.6)
        .journal(false)
        .clock(clock.clone())
        .in_memory()
        .unwrap();
    let gate = Spot::builder()
        .url(sim.url())
        .dial(sim.dialer())
        .clock(clock)
        // A question about a symbol that is quiet for once costs a moment of it.
        .quiet(Quiet::Off)
        .build()
        .unwrap();
    let trades = || gate.trades(&names).overflow(Overflow::Wait);
    let venue = |interval| gate.candlesticks(interval, &names).overflow(Overflow::Wait);

    let minutes = trades().await.unwrap().candles(Interval::minutes(1));
    let hours = trades().await.unwrap().candles(Interval::minutes(1));
    let hours = hours.partials(false).candles(Interval::hours(1));
    let ours = select(minutes, hours)
        .filter_map(async |item| item.unwrap().data())
        .map(From::Trades);
    let theirs = select(
        venue(gate::Interval::Minutes1).await.unwrap(),
        venue(gate::Interval::Hours1).await.unwrap(),
    )
    .filter_map(async |item| item.unwrap().map(gate::Candle::common).data())
    .map(From::Venue);
    let mut all = Box::pin(select(ours, theirs).take_until(sleep(DAY)));

    let (mut made, mut sent) = (Finals::new(), Finals::new());
    let mut truncated = 0;
    while let Some(candle) = all.next().await {
        match candle {
            From::Trades(candle) if candle.state == Some(CandleState::Final) => {
                assert!(!candle.tainted, "nothing was lost");
                if candle.truncated {
                    // What was traded in it before the subscription, only the venue knows.
                    truncated += 1;
                } else {
                    enter(&mut made, &candle);
                }
            }
            From::Venue(candle) if candle.state == Some(CandleState::Final) => {
                enter(&mut sent, &candle);
            }
            From::Trades(_) | From::Venue(_) => {}
        }
    }

    let last = *made.keys().map(|(.., start)| start).max().unwrap();
    assert_eq!(
        truncated,
        2 * SYMBOLS,
        "each symbol's first minute and first hour"
    );
    assert!(made.len() > 20_000, "{} candles", made.len());
    for (key, made) in &made {
        assert_eq!(sent.get(key), Some(made), "{key:?}");
    }
    // What the venue sent and the trades did not make: the truncated ones, and at the very end
    // those of which one side was not told any more.
    let missing = sent.keys().filter(|key| !made.contains_key(*key));
    let missing: Vec<_> = missing.filter(|(.., start)| *start < last).collect();
    assert_eq!(missing.len(), truncated, "{missing:?}");
}
