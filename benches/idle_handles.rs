//! What a trade costs beside many handles that may lose nothing and have nothing to do: processor time
//! from the simulator's market to the one consumer that gets it, in memory and on one thread.
#![allow(clippy::print_stdout, reason = "a bench")]

use std::time::Duration;

use feedline::sim::gate::GateSim;
use feedline::{Decimal, Event, Overflow, market::Side, venue::gate::Spot};
use futures_util::{FutureExt, StreamExt};

const IDLE: [usize; 4] = [0, 100, 1_000, 4_000];

fn main() {
    let (trades, rounds) = if std::env::args().any(|arg| arg == "--bench") {
        (5_000, 5)
    } else {
        (100, 1)
    };
    println!("{trades} trades, one at a time, {rounds} rounds, medians of processor time");
    println!("{:>7} {:>12}", "idle", "ns a trade");
    for idle in IDLE {
        let mut spent: Vec<_> = (0..rounds).map(|_| run(idle, trades)).collect();
        spent.sort_unstable();
        println!("{idle:7} {:12}", spent[rounds / 2]);
    }
}

/// Nanoseconds a trade that the thread spent.
fn run(idle: usize, trades: u32) -> u128 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let sim = GateSim::builder().rate(0.0).journal(false).in_memory();
        let sim = sim.expect("a simulator");
        let builder = Spot::builder().url(sim.url()).dial(sim.dialer());
        let gate = builder.build().expect("a URL");
        let lossless = |symbol| gate.trades([symbol]).overflow(Overflow::Wait);
        let mut idlers = Vec::new();
        for _ in 0..idle {
            idlers.push(lossless("ETH_USDT").await.expect("it accepts"));
        }
        let mut busy = lossless("BTC_USDT").await.expect("it accepts");
        while busy.next().now_or_never().is_some() {}
        let publish = || sim.publish_trade("BTC_USDT", Decimal::ONE, Decimal::ONE, Side::Buy);
        let before = spent();
        for _ in 0..trades {
            publish().expect("it is listed");
            let event = busy.next().await.expect("it goes on");
            assert!(matches!(event, Ok(Event::Data(_))));
        }
        (spent() - before).as_nanos() / u128::from(trades)
    })
}

/// Processor time of this thread.
fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = stat.split(' ').next().expect("a field");
    Duration::from_nanos(nanos.parse().expect("a number"))
}
