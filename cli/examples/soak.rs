//! A feed in hard weather on the real clock: cuts every ten seconds and mutes behind pongs, with the
//! client's default settings. Prints how long it was down, its gaps, and the account.
//!
//! ```sh
//! cargo run --release -p feedline-cli --example soak -- --for 10m --seed 1
//! ```
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::HashSet;
use std::error::Error;
use std::time::{Duration, Instant};

use clap::Parser;
use feedline::market::Id;
use feedline::sim::gate::GateSim;
use feedline::sim::{Fault, Identity, Script};
use feedline::venue::gate::Spot;
use feedline::{Event, Gap, StatusKind, Symbol};
use futures_util::StreamExt;

const SYMBOLS: [&str; 3] = ["BTC_USDT", "ETH_USDT", "SOL_USDT"];

/// How long the last trades may take to arrive.
const TAIL: Duration = Duration::from_secs(15);

#[derive(Debug, Parser)]
struct Args {
    /// How long.
    #[arg(long = "for", value_parser = humantime::parse_duration, default_value = "10m")]
    lasting: Duration,
    /// Seed of the market and of the client's jitter.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Time between two cuts.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "10s")]
    cuts: Duration,
    /// Time between two mutes, of six seconds each.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "37s")]
    mutes: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let lasting = Some(Duration::from_secs(6));
    let script = Script::new().every(args.cuts, args.cuts, Fault::Cut).every(
        args.mutes,
        args.mutes,
        Fault::MuteData { lasting },
    );
    let sim = GateSim::builder()
        .symbols(SYMBOLS)
        .seed(args.seed)
        .rate(50.0)
        .faults(script)
        .listen("127.0.0.1:0")
        .await?;
    let client = Spot::builder()
        .url(sim.url())
        .clock(sim.clock())
        .seed(args.seed)
        .build()?;
    let mut trades = client.trades(SYMBOLS).await?;
    let (begun, mut downs) = (Instant::now(), Vec::new());
    let (mut delivered, mut gaps, mut down) = (HashSet::new(), Vec::<Gap>::new(), None);
    loop {
        let left = (args.lasting + TAIL).saturating_sub(begun.elapsed());
        let Ok(event) = tokio::time::timeout(left, trades.next()).await else {
            break;
        };
        match event.ok_or("the feed ended")?? {
            Event::Data(trade) => {
                if let Some(Id::Number(id)) = trade.id {
                    delivered.insert((trade.symbol, id));
                }
            }
            Event::Gap(gap) => gaps.push(gap),
            Event::Status(status) => match status.kind {
                StatusKind::Interrupted { .. } => {
                    down.get_or_insert_with(Instant::now);
                }
                StatusKind::Resumed { .. } => {
                    downs.extend(down.take().map(|at: Instant| at.elapsed()));
                }
                _ => {}
            },
        }
        if begun.elapsed() >= args.lasting {
            sim.pause_market();
            sim.inject(Fault::Heal);
        }
    }
    downs.extend(down.map(|at| at.elapsed()));
    downs.sort_unstable();
    let total: Duration = downs.iter().sum();
    let median = downs.get(downs.len() / 2).copied().unwrap_or_default();
    let worst = downs.last().copied().unwrap_or_default();
    println!(
        "down {total:.1?} of {:.1?}, {} times: median {median:.2?}, worst {worst:.2?}",
        args.lasting,
        downs.len()
    );
    let uncounted = gaps.iter().filter(|gap| gap.missed.is_none()).count();
    let counted: u64 = gaps.iter().filter_map(|gap| gap.missed).sum();
    println!(
        "{} gaps, {uncounted} of unknown count, {counted} counted missing",
        gaps.len()
    );
    let (mut sent, mut outage, mut unexplained) = (0_u64, 0_u64, 0_u64);
    let mut seen: HashSet<Symbol> = HashSet::new();
    for published in sim
        .journal()
        .into_iter()
        .filter(|p| p.channel == "spot.trades")
    {
        let Identity::Trade(id) = published.identity else {
            continue;
        };
        let symbol = published.symbol;
        let is_delivered = delivered.contains(&(symbol.clone(), id));
        // What came before the subscription is nobody's loss.
        if is_delivered {
            seen.insert(symbol.clone());
        }
        if !seen.contains(&symbol) {
            continue;
        }
        sent += 1;
        let time = published.time.unwrap_or(published.at);
        let within = |gap: &Gap| {
            gap.range()
                .is_some_and(|(from, to)| from <= time && time <= to)
        };
        let covers = |gap: &Gap| gap.missed.is_none() && gap.scope.contains(&symbol) && within(gap);
        if !is_delivered {
            let explained = gaps.iter().any(covers);
            outage += u64::from(explained);
            unexplained += u64::from(!explained);
        }
    }
    let unexplained = unexplained.saturating_sub(counted);
    println!(
        "{sent} sent, {} delivered, {outage} inside a gap's times, {unexplained} unexplained",
        delivered.len()
    );
    drop(trades);
    client.shutdown(Duration::from_secs(1)).await?;
    sim.shutdown().await;
    Ok(())
}
