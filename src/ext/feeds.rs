use std::time::Duration;

use super::{Feed, MergeByTime};
use crate::market::Record;

/// Operators on several [`Feed`]s of one type: an array, a `Vec`, or any other collection of them.
///
/// Feeds of different types become one type by `StreamExt::boxed`, their data by
/// [`map_data`](crate::FeedExt::map_data).
///
/// | method | yields | holds back | drops |
/// |---|---|---|---|
/// | [`merge_by_time`](FeedsExt::merge_by_time) | `Event<Merged<T>>` | up to 1,024 events a feed, for the window | nothing |
pub trait FeedsExt: IntoIterator<Item: Feed> {
    /// Merges feeds by the time of their events, waiting `window` at most for a feed that is
    /// behind.
    ///
    /// The earliest event goes out as soon as every other feed has shown what comes next in it, or
    /// has ended. A feed that shows nothing holds the others up, but nothing waits longer than
    /// `window`, on this machine's clock, from when it was taken in: then it goes out, after what
    /// is held that is earlier. An event earlier than one that went out before is flagged
    /// [`late`](crate::adapters::Merged::late), and never dropped; those that are not late never
    /// go back in time.
    ///
    /// ```text
    /// clock    gate       mexc       [gate, mexc].merge_by_time(200ms)
    /// 0 ms     t=100
    /// 50 ms               t=90       mexc 90    (gate's is later)
    /// 80 ms               t=110      gate 100   (mexc's next is later)
    /// 280 ms                         mexc 110   (gate has shown nothing for 200 ms)
    /// 300 ms   t=105                 gate 105   late
    /// ```
    ///
    /// - Time is that of the venue or, where it sends none, that of the receipt. Data without any
    ///   goes at its place in its own feed. Clocks of venues differ: a feed that is always more than
    ///   the window behind is late throughout.
    /// - The order of each feed is kept, also where it goes back in time by itself.
    /// - Gaps and statuses keep their place in their own feed too, and wait no longer than the data
    ///   before them. They have no source: a marker of [`Scope::All`](crate::Scope::All) from one
    ///   feed then speaks for all of them, which is wider than true and never narrower. Where that
    ///   matters, give each venue's symbols a prefix, or follow markers with
    ///   [`tap_gaps`](crate::FeedExt::tap_gaps) before merging.
    /// - At most 1,024 events of each feed are held, or
    ///   [`capacity`](MergeByTime::capacity). While a feed has as many, what is earliest goes out
    ///   without waiting for the others; what turns out to be earlier is then late.
    ///
    /// [`late`](MergeByTime::late) and [`held`](MergeByTime::held) can be read at any time. The
    /// cost of an event grows with the number of feeds: some dozens are fine.
    ///
    /// # Termination
    ///
    /// A feed that ends leaves the others to go on; when all have ended, so does this. The error of
    /// one feed is the end of all: what is held goes out first, in order of time and without
    /// waiting, then the error.
    ///
    /// # Backpressure
    ///
    /// Takes in what the feeds have ready, 256 events at a poll and one of each feed in turn. A feed
    /// of which as many events are held as may be is not polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with a timer, when it has to wait.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use feedline::market::Trade;
    /// use feedline::{Error, Event, FeedExt, FeedsExt, Timestamp};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let trade = |millis| Trade {
    ///     symbol: "BTC_USDT".into(),
    ///     price: 100.into(),
    ///     size: 1.into(),
    ///     side: None,
    ///     id: None,
    ///     time: Timestamp::from_millis(millis).unwrap(),
    ///     received: None,
    ///     detail: (),
    /// };
    /// let feed = |times: Vec<i64>| stream::iter(times).map(move |at| Ok::<_, Error>(Event::Data(trade(at))));
    /// let (gate, mexc) = (feed(vec![1, 4, 5]), feed(vec![2, 3, 6]));
    ///
    /// let merged = [gate.boxed(), mexc.boxed()].merge_by_time(Duration::from_millis(200));
    /// let order: Vec<_> = merged
    ///     .data()
    ///     .map(|merged| merged.unwrap())
    ///     .map(|merged| (merged.feed, merged.data.time.as_millis()))
    ///     .collect()
    ///     .await;
    /// assert_eq!(order, [(0, 1), (1, 2), (1, 3), (0, 4), (0, 5), (1, 6)]);
    /// # }
    /// ```
    fn merge_by_time(self, window: Duration) -> MergeByTime<Self::Item>
    where
        Self: Sized,
        <Self::Item as Feed>::Data: Record,
    {
        MergeByTime::new(self, window)
    }
}

impl<I: IntoIterator<Item: Feed>> FeedsExt for I {}
