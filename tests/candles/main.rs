//! `candles()` makes candles of ticks, and tells which of them may lack something.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::pin::Pin;
use std::task::Poll;

use feedline::adapters::Candles;
use feedline::market::{Candle, Interval, Tick};
use feedline::{Event, FeedExt};
use futures_channel::mpsc;
use futures_test::task::noop_context;
use futures_util::FutureExt;
use futures_util::stream::{self, Stream, StreamExt};

mod basics;
mod by_calendar;
mod by_trading;
#[cfg(all(feature = "gate", feature = "sim"))]
mod cross_check;
mod empty;
mod grace;
mod longer;
mod properties;
mod quiet;

#[path = "../support/events.rs"]
mod events;
use events::Item;

type Ticks<T> = stream::Iter<std::vec::IntoIter<Item<T>>>;

fn minutes<T: Tick>(items: Vec<Item<T>>) -> Candles<Ticks<T>> {
    stream::iter(items).candles(Interval::minutes(1))
}

fn all<T: Tick>(candles: &mut Candles<Ticks<T>>) -> Vec<Event<Candle>> {
    let items: Vec<_> = candles.collect().now_or_never().unwrap();
    items.into_iter().map(Result::unwrap).collect()
}

fn all_told<T: Tick>(mut candles: Candles<Ticks<T>>) -> Vec<String> {
    all(&mut candles).iter().map(told).collect()
}

fn story<T: Tick>(items: Vec<Item<T>>) -> Vec<String> {
    all_told(minutes(items))
}

/// A candle in few words: symbol, minute, state, prices, sums, flags.
fn told(event: &Event<Candle>) -> String {
    let candle = match event {
        Event::Data(candle) => candle,
        Event::Gap(_) => return "gap".to_owned(),
        Event::Status(_) => return "status".to_owned(),
    };
    let mut text = format!(
        "{} {} {:?} {} {} {} {}",
        candle.symbol,
        candle.start.as_secs() / 60,
        candle.state.unwrap(),
        candle.open,
        candle.high,
        candle.low,
        candle.close
    );
    if let (Some(volume), Some(trades)) = (candle.volume, candle.trades) {
        text += &format!(" v{volume} n{trades}");
    }
    for (flag, name) in [
        (candle.tainted, " tainted"),
        (candle.truncated, " truncated"),
    ] {
        text += if flag { name } else { "" };
    }
    text
}

/// A feed that brings what the test sends, when it sends it.
type Live<T> = mpsc::UnboundedReceiver<Item<T>>;

fn live<T>() -> (mpsc::UnboundedSender<Item<T>>, Live<T>) {
    mpsc::unbounded()
}

/// What the stream yields until it waits or has ended.
fn ready<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let mut items = Vec::new();
    while let Poll::Ready(Some(item)) = Pin::new(&mut *stream).poll_next(&mut noop_context()) {
        items.push(item);
    }
    items
}

fn ready_told<T: Tick>(candles: &mut Candles<Live<T>>) -> Vec<String> {
    let ready = ready(candles);
    ready.into_iter().map(|item| told(&item.unwrap())).collect()
}
