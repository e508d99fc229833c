//! Time per event of the operators, over trades of 1, 100 and 10,000 symbols.
//!
//! `bare` and `bare_steady` read the same stream without an operator: subtract them.
#![allow(missing_docs, reason = "a bench")]

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use feedline::market::{Interval, Quote, Trade};
use feedline::{Decimal, Error, Event, FeedExt, FeedsExt, Overflow, Rate, Symbol, Timestamp};
use futures_test::task::new_count_waker;
use futures_util::stream::{self, Stream, StreamExt};

const EVENTS: usize = 20_000;
const SYMBOLS: [usize; 3] = [1, 100, 10_000];

fn main() {
    // Operators that wait have a timer.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    let _guard = runtime.enter();
    divan::main();
}

fn names(symbols: usize) -> Vec<Symbol> {
    (0..symbols)
        .map(|number| Symbol::new(format!("COIN{number}_USDT")))
        .collect()
}

fn trades(symbols: usize) -> Vec<Result<Event<Trade>, Error>> {
    let names = names(symbols);
    let trade = |at: usize| Trade {
        symbol: names[at * 7_919 % symbols].clone(),
        price: Decimal::new(8_379_090 + (at % 100) as i64, 2),
        size: Decimal::new(497_321 + (at % 10) as i64, 6),
        side: None,
        id: Some((at as u64).into()),
        // 20 s in all: some candles of 1 s become final.
        time: Timestamp::from_millis(1_700_000_000_000 + at as i64).expect("in range"),
        received: None,
        detail: (),
    };
    (0..EVENTS).map(|at| Ok(Event::Data(trade(at)))).collect()
}

fn quotes(symbols: usize) -> Vec<Result<Event<Quote>, Error>> {
    let names = names(symbols);
    let quote = |at: usize| Quote {
        symbol: names[at * 7_919 % symbols].clone(),
        bid: Some(Decimal::new(8_379_090, 2)),
        bid_size: Some(Decimal::ONE),
        ask: Some(Decimal::new(8_379_091, 2)),
        ask_size: Some(Decimal::ONE),
        time: None,
        sequence: Some(at as u64),
        received: None,
        detail: (),
    };
    (0..EVENTS).map(|at| Ok(Event::Data(quote(at)))).collect()
}

fn drain(stream: impl Stream) {
    let mut stream = pin!(stream);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    loop {
        let wakes = woken.get();
        match stream.as_mut().poll_next(&mut cx) {
            Poll::Ready(Some(item)) => {
                black_box(&item);
            }
            Poll::Ready(None) => break,
            // It may only have let others run.
            Poll::Pending if woken.get() == wakes => break,
            Poll::Pending => {}
        }
    }
}

/// Times what `read` does with the items, in items a second.
fn time<T, S: Stream>(
    bencher: Bencher<'_, '_>,
    items: impl Fn() -> Vec<T> + Sync,
    read: impl Fn(stream::Iter<std::vec::IntoIter<T>>) -> S + Sync,
) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(&items)
        .bench_local_values(|items| drain(read(stream::iter(items))));
}

#[divan::bench(args = SYMBOLS)]
fn bare(bencher: Bencher<'_, '_>, symbols: usize) {
    time(bencher, || trades(symbols), |feed| feed);
}

#[divan::bench(args = SYMBOLS)]
fn data(bencher: Bencher<'_, '_>, symbols: usize) {
    time(bencher, || trades(symbols), FeedExt::data);
}

#[divan::bench(args = SYMBOLS)]
fn buffer_with_room(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::buffer(feed, 1_024, Overflow::Wait);
    time(bencher, || trades(symbols), read);
}

#[divan::bench(args = SYMBOLS)]
fn buffer_drop_oldest(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::buffer(feed, 128, Overflow::DropOldest);
    time(bencher, || trades(symbols), read);
}

#[divan::bench(args = SYMBOLS)]
fn buffer_conflate_quotes(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::buffer(feed, 1_024, Overflow::Conflate);
    time(bencher, || quotes(symbols), read);
}

/// Trades of which each symbol has ten a minute, from the `from`th on.
fn ten_a_minute(names: &[Symbol], from: usize, count: usize) -> Vec<Result<Event<Trade>, Error>> {
    let step = 6_000_000_000 / names.len() as i64;
    let trade = |at: usize| Trade {
        symbol: names[at * 7_919 % names.len()].clone(),
        price: Decimal::new(8_379_090 + (at % 100) as i64, 2),
        size: Decimal::new(497_321 + (at % 10) as i64, 6),
        side: None,
        id: Some((at as u64).into()),
        time: Timestamp::from_nanos(1_700_000_000_000_000_000 + at as i64 * step),
        received: None,
        detail: (),
    };
    (from..from + count)
        .map(|at| Ok(Event::Data(trade(at))))
        .collect()
}

/// Times an operator that knows every symbol already, and leaves out what its end costs.
fn time_steady<S: Stream + Unpin>(
    bencher: Bencher<'_, '_>,
    symbols: usize,
    read: impl Fn(stream::BoxStream<'static, Result<Event<Trade>, Error>>) -> S + Sync,
) {
    let names = names(symbols);
    let made = || {
        let known = ten_a_minute(&names, 0, symbols * 2);
        let timed = ten_a_minute(&names, symbols * 2, EVENTS);
        let mut paused = false;
        let pause = stream::poll_fn(move |_| {
            if std::mem::replace(&mut paused, true) {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        });
        let feed = stream::iter(known).chain(pause).chain(stream::iter(timed));
        let mut operator = read(feed.chain(stream::pending()).boxed());
        drain(&mut operator);
        operator
    };
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(made)
        .bench_local_values(|mut operator| {
            drain(&mut operator);
            operator
        });
}

#[divan::bench(args = SYMBOLS)]
fn tap_gaps(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| {
        FeedExt::tap_gaps(feed, |gap| {
            black_box(gap);
        })
    };
    time(bencher, || trades(symbols), read);
}

#[divan::bench(args = SYMBOLS)]
fn dedup(bencher: Bencher<'_, '_>, symbols: usize) {
    time(bencher, || trades(symbols), FeedExt::dedup);
}

/// Every identity is new, and one must be forgotten for it.
#[divan::bench(args = SYMBOLS)]
fn dedup_in_a_full_window(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::dedup_within(feed, 64);
    time(bencher, || trades(symbols), read);
}

#[divan::bench(args = SYMBOLS)]
fn stale_after(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::stale_after(feed, Duration::from_secs(10));
    time(bencher, || trades(symbols), read);
}

/// Two feeds, whose events take turns.
#[divan::bench(args = SYMBOLS)]
fn merge_by_time(bencher: Bencher<'_, '_>, symbols: usize) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| {
            let mut feeds = [Vec::new(), Vec::new()];
            for (at, trade) in trades(symbols).into_iter().enumerate() {
                feeds[at % 2].push(trade);
            }
            feeds
        })
        .bench_local_values(|feeds| {
            let feeds = feeds.map(stream::iter);
            drain(feeds.merge_by_time(Duration::from_millis(200)));
        });
}

/// Two branches, polled in turn: the time is that of both.
#[divan::bench(args = SYMBOLS)]
fn fan_out(bencher: Bencher<'_, '_>, symbols: usize) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| trades(symbols))
        .bench_local_values(|items| {
            let mut branches = stream::iter(items).fan_out(2);
            let mut cx = Context::from_waker(Waker::noop());
            let mut open = true;
            while open {
                for branch in &mut branches {
                    let item = Pin::new(branch).poll_next(&mut cx);
                    open = !matches!(item, Poll::Ready(None));
                    black_box(&item);
                }
            }
        });
}

#[divan::bench(args = SYMBOLS)]
fn bare_steady(bencher: Bencher<'_, '_>, symbols: usize) {
    time_steady(bencher, symbols, |feed| feed);
}

#[divan::bench(args = SYMBOLS)]
fn batches(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::batches(feed, 500, Duration::from_secs(1));
    time(bencher, || trades(symbols), read);
}

/// So high a rate that nothing waits.
#[divan::bench(args = SYMBOLS)]
fn rate_limit(bencher: Bencher<'_, '_>, symbols: usize) {
    let rate = Rate::new(1_000_000_000, Duration::from_secs(1));
    time(
        bencher,
        || trades(symbols),
        |feed| FeedExt::rate_limit(feed, rate),
    );
}

#[divan::bench(args = SYMBOLS)]
fn conflate(bencher: Bencher<'_, '_>, symbols: usize) {
    time(bencher, || quotes(symbols), FeedExt::conflate);
}

#[divan::bench(args = SYMBOLS)]
fn sample(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::sample(feed, Duration::from_millis(1));
    time(bencher, || quotes(symbols), read);
}

#[divan::bench(args = SYMBOLS)]
fn candles(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::candles(feed, Interval::minutes(1));
    time_steady(bencher, symbols, read);
}

#[divan::bench(args = SYMBOLS)]
fn candles_without_partials(bencher: Bencher<'_, '_>, symbols: usize) {
    let read = |feed| FeedExt::candles(feed, Interval::minutes(1)).partials(false);
    time_steady(bencher, symbols, read);
}
