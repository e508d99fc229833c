//! Trades into a database, a transaction a batch; what is missing goes into it too.
//!
//! `cargo run --example batches_to_sqlite --features sim` records a simulated minute with an outage
//! in it, in no time and without a network, into memory. With a path as its argument it writes a
//! file.
//!
//! There is no sink in feedline: a batch is a `Vec` in a stream, and what becomes of it is a loop.

#![allow(clippy::print_stdout, reason = "an example's output is for reading")]

use std::error::Error;
use std::time::Duration;

use feedline::sim::gate::GateSim;
use feedline::sim::{Fault, Script};
use feedline::venue::gate::{Spot, Trade};
use feedline::{Event, FeedExt, Gap, Overflow};
use futures_util::StreamExt;
use rusqlite::{Connection, params};
use tokio::task::spawn_blocking;

type Fallible<T> = Result<T, Box<dyn Error>>;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS trades (
        symbol TEXT NOT NULL, id TEXT, price TEXT NOT NULL, size TEXT NOT NULL, time TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS gaps (
        scope TEXT NOT NULL, cause TEXT NOT NULL, missed INTEGER, from_time TEXT, to_time TEXT
    );";

// Paused, so that the minute passes as fast as it is computed.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Fallible<()> {
    let venue = GateSim::builder()
        .symbols(["BTC_USDT", "ETH_USDT"])
        .seed(7)
        .rate(200.0)
        .faults(Script::new().at(Duration::from_secs(20), Fault::Cut))
        .in_memory()?;
    let gate = Spot::builder()
        .url(venue.url())
        .dial(venue.dialer())
        .clock(venue.clock())
        .build()?;
    let mut database = match std::env::args().nth(1) {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    database.execute_batch(SCHEMA)?;

    // `Wait` loses nothing to a slow database. The minute ends ahead of the batches, so that the
    // last of them is flushed.
    let trades = gate
        .trades(["BTC_USDT", "ETH_USDT"])
        .overflow(Overflow::Wait)
        .await?;
    let minute = Box::pin(tokio::time::sleep(Duration::from_secs(60)));
    let mut batches = trades
        .take_until(minute)
        .batches(500, Duration::from_secs(1));
    let mut transactions = 0;
    while let Some(event) = batches.next().await {
        match event? {
            Event::Data(trades) => {
                transactions += 1;
                // A database waits for its disk, which must not hold up what else this thread does.
                database = spawn_blocking(move || write_trades(database, &trades)).await??;
            }
            // The gap stands between the batches where its trades are missing.
            Event::Gap(gap) => write_gap(&database, &gap)?,
            Event::Status(status) => println!("{status}"),
        }
    }

    let count = |table: &str| {
        let query = format!("SELECT count(*) FROM {table}");
        database.query_row(&query, [], |row| row.get::<_, i64>(0))
    };
    println!(
        "{} trades and {} gaps in {transactions} transactions",
        count("trades")?,
        count("gaps")?
    );
    gate.shutdown(Duration::from_secs(2)).await?;
    venue.shutdown().await;
    Ok(())
}

/// One transaction: all of the batch is in the database, or none of it.
fn write_trades(mut database: Connection, trades: &[Trade]) -> rusqlite::Result<Connection> {
    let transaction = database.transaction()?;
    let mut insert = transaction.prepare_cached("INSERT INTO trades VALUES (?, ?, ?, ?, ?)")?;
    for trade in trades {
        insert.execute(params![
            trade.symbol.as_str(),
            trade.id.as_ref().map(ToString::to_string),
            // As text: a database's floating point would round the venue's digits.
            trade.price.to_string(),
            trade.size.to_string(),
            trade.time.to_string(),
        ])?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(database)
}

fn write_gap(database: &Connection, gap: &Gap) -> rusqlite::Result<()> {
    println!("{gap}");
    let (from, to) = gap.range().unzip();
    let mut insert = database.prepare_cached("INSERT INTO gaps VALUES (?, ?, ?, ?, ?)")?;
    insert.execute(params![
        gap.scope.to_string(),
        gap.cause.to_string(),
        gap.missed.and_then(|missed| i64::try_from(missed).ok()),
        from.map(|time| time.to_string()),
        to.map(|time| time.to_string()),
    ])?;
    Ok(())
}
