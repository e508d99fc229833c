//! Operators on streams of events.

mod buffer;
mod candles;
mod data;
mod dedup;
mod fan_out;
mod feed;
mod feeds;
mod map_data;
mod merge_by_time;
mod stale_after;
mod strict;
mod tap_gaps;
mod timer;

pub use buffer::Buffer;
pub use candles::Candles;
pub use data::Data;
pub use dedup::Dedup;
pub use fan_out::FanOut;
pub use feed::Feed;
pub use feeds::FeedsExt;
pub use map_data::MapData;
pub use merge_by_time::{MergeByTime, Merged};
pub use stale_after::StaleAfter;
pub use strict::Strict;
pub use tap_gaps::TapGaps;

use std::time::Duration;

use crate::market::{Interval, Record, Tick};
use crate::{Error, Gap, Overflow};

/// How many items an operator takes at once that yield nothing, before it lets others run.
const BUDGET: usize = 256;

/// Operators on any [`Feed`]: a live subscription, a recording, a simulation.
///
/// All of them keep gaps and statuses at their place unless they say otherwise, pass the end and
/// the error of the stream beneath on, and own no task: nothing happens unless they are polled, and
/// dropping them drops the stream beneath. Those that wait for a time hold one timer, and need a
/// tokio runtime only when they have to wait. Where they chain with the methods of `StreamExt`,
/// these see the whole `Result<Event<T>, E>`.
///
/// | method | yields | holds back | drops |
/// |---|---|---|---|
/// | [`data`](FeedExt::data) | `T` | nothing | markers, which it counts |
/// | [`strict`](FeedExt::strict) | `Event<T>` without gaps | nothing | what follows a gap |
/// | [`map_data`](FeedExt::map_data) | `Event<U>` | nothing | nothing |
/// | [`tap_gaps`](FeedExt::tap_gaps) | `Event<T>` | nothing | nothing |
/// | [`dedup`](FeedExt::dedup) | `Event<T>` | nothing | repeats, which it counts |
/// | [`stale_after`](FeedExt::stale_after) | `Event<T>` and its silence | nothing | nothing |
/// | [`fan_out`](FeedExt::fan_out) | `Event<T>`, several times | up to a capacity for each branch | by each branch's policy, in a gap |
/// | [`buffer`](FeedExt::buffer) | `Event<T>` | up to its capacity | by its policy, in a gap |
/// | [`candles`](FeedExt::candles) | `Event<Candle>` | nothing | late ticks, which it counts |
pub trait FeedExt: Feed {
    /// Yields only the data, and counts the gaps and statuses it hides.
    ///
    /// For consumers that do not care, such as a price display. The counts can be read at any
    /// time: [`gaps`](Data::gaps), [`missed`](Data::missed), [`uncounted`](Data::uncounted),
    /// [`statuses`](Data::statuses). Use [`strict`](FeedExt::strict) to stop at a gap instead.
    ///
    /// # Termination
    ///
    /// With the stream beneath.
    ///
    /// # Backpressure
    ///
    /// Buffers nothing. After 256 markers in a row it wakes itself and returns `Pending`.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::{Cause, Error, Event, FeedExt, Gap, GapId, Scope};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let lost = Cause::Overflow { from: None, to: None };
    /// let gap = Gap::new(GapId::new(1), lost, Scope::All).missed(3);
    /// let feed = stream::iter([Ok::<_, Error>(Event::Data('a')), Ok(gap.into()), Ok(Event::Data('b'))]);
    ///
    /// let mut data = feed.data();
    /// assert_eq!(data.next().await.unwrap().unwrap(), 'a');
    /// assert_eq!(data.next().await.unwrap().unwrap(), 'b');
    /// assert_eq!((data.gaps(), data.missed()), (1, 3));
    /// # }
    /// ```
    fn data(self) -> Data<Self>
    where
        Self: Sized,
    {
        Data::new(self)
    }

    /// Ends with an error at the first gap.
    ///
    /// For consumers whose result is worthless if anything is missing. The error is of kind
    /// [`ErrorKind::Gap`](crate::ErrorKind::Gap) and holds the gap; statuses pass. The error type
    /// of the stream must be able to hold a [`feedline::Error`](Error), as that of subscriptions
    /// is; for others there is `TryStreamExt::map_err`.
    ///
    /// # Termination
    ///
    /// After the first gap or error, or with the stream beneath; from then on it yields `None`.
    ///
    /// # Backpressure
    ///
    /// Buffers nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::{Cause, Error, ErrorKind, Event, FeedExt, Gap, GapId, Scope};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let lost = Cause::Overflow { from: None, to: None };
    /// let gap = Gap::new(GapId::new(1), lost, Scope::All).missed(3);
    /// let feed = stream::iter([Ok::<_, Error>(Event::Data('a')), Ok(gap.into()), Ok(Event::Data('b'))]);
    ///
    /// let mut strict = feed.strict();
    /// assert_eq!(strict.next().await.unwrap().unwrap(), Event::Data('a'));
    /// let error = strict.next().await.unwrap().unwrap_err();
    /// assert!(matches!(error.kind(), ErrorKind::Gap(gap) if gap.missed == Some(3)));
    /// assert!(strict.next().await.is_none());
    /// # }
    /// ```
    fn strict(self) -> Strict<Self>
    where
        Self: Sized,
        Self::Error: From<Error>,
    {
        Strict::new(self)
    }

    /// Changes the data and keeps gaps and statuses as they are.
    ///
    /// # Termination
    ///
    /// With the stream beneath.
    ///
    /// # Backpressure
    ///
    /// Buffers nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::{Error, Event, FeedExt};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let feed = stream::iter([Ok::<_, Error>(Event::Data(2))]);
    /// let mut doubled = feed.map_data(|number| number * 2);
    /// assert_eq!(doubled.next().await.unwrap().unwrap(), Event::Data(4));
    /// # }
    /// ```
    fn map_data<U, F>(self, f: F) -> MapData<Self, F>
    where
        Self: Sized,
        F: FnMut(Self::Data) -> U,
    {
        MapData::new(self, f)
    }

    /// Calls `f` for each gap, and changes nothing.
    ///
    /// For counters, logs and alarms beside the stream. `f` runs when the gap passes, so before the
    /// consumer sees it; [`Gap`] has its own `Display` for a log line.
    ///
    /// # Termination
    ///
    /// With the stream beneath.
    ///
    /// # Backpressure
    ///
    /// Buffers nothing. `f` holds the stream up for as long as it runs: it must not block.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::{Cause, Error, Event, FeedExt, Gap, GapId, Scope};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let lost = Cause::Overflow { from: None, to: None };
    /// let gap = Gap::new(GapId::new(1), lost, Scope::All).missed(3);
    /// let feed = stream::iter([Ok::<_, Error>(Event::Data('a')), Ok(gap.into()), Ok(Event::Data('b'))]);
    ///
    /// let mut missing = 0;
    /// let events = feed.tap_gaps(|gap| missing += gap.missed.unwrap_or(0)).count().await;
    /// assert_eq!((events, missing), (3, 3));
    /// # }
    /// ```
    fn tap_gaps<F>(self, f: F) -> TapGaps<Self, F>
    where
        Self: Sized,
        F: FnMut(&Gap),
    {
        TapGaps::new(self, f)
    }

    /// Drops events that have come before: [`dedup_within`](FeedExt::dedup_within) the latest 1,024
    /// of their symbol.
    ///
    /// Venues send again what they sent just before a reconnect, and some send one trade many
    /// times. An event is a repeat when its own [`identity`](Record::identity) says so, never
    /// because it looks like another: two trades of one millisecond, price and size are two trades.
    ///
    /// ```text
    /// stream beneath:  A 1   A 2   B 2   interrupted   gap   A 2   A 3   resumed
    /// dedup():         A 1   A 2   B 2   interrupted   gap         A 3   resumed
    /// ```
    ///
    /// - Identities are the venue's, a trade's id or the sequence number of a quote or book change.
    ///   Events without one always pass, and so do all gaps and statuses. The gap of an outage
    ///   stays although repeats have filled a part of it.
    /// - Symbols do not share identities. Put it before what merges venues.
    /// - A snapshot, an event that replaces what was before it and has no identity, makes its
    ///   symbol begin anew: the changes that come after it must be applied, seen or not.
    /// - A venue that begins its numbers anew within the window has events taken for repeats;
    ///   [`duplicates`](Dedup::duplicates) counts all that were.
    ///
    /// Memory is up to the window's identities a symbol, some 40 bytes each, taken as they come.
    ///
    /// # Termination
    ///
    /// With the stream beneath; from then on it yields `None`.
    ///
    /// # Backpressure
    ///
    /// Buffers nothing. After 256 repeats in a row it wakes itself and returns `Pending`.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::Trade;
    /// use feedline::{Error, Event, FeedExt, Timestamp};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let trade = |id: u64| Trade {
    ///     symbol: "BTC_USDT".into(),
    ///     price: 100.into(),
    ///     size: 1.into(),
    ///     side: None,
    ///     id: Some(id.into()),
    ///     time: Timestamp::EPOCH,
    ///     received: None,
    ///     detail: (),
    /// };
    /// let trades = stream::iter([1, 2, 1, 2, 3].map(|id| Ok::<_, Error>(Event::Data(trade(id)))));
    ///
    /// let mut once = trades.dedup();
    /// let ids: Vec<_> = once.by_ref().map(|event| event.unwrap().data().unwrap().id.unwrap()).collect().await;
    /// assert_eq!(ids, [1.into(), 2.into(), 3.into()]);
    /// assert_eq!(once.duplicates(), 2);
    /// # }
    /// ```
    fn dedup(self) -> Dedup<Self>
    where
        Self: Sized,
        Self::Data: Record,
    {
        Dedup::new(self, Dedup::<Self>::WINDOW)
    }

    /// Drops events whose identity is among the latest `window` of their symbol.
    ///
    /// [`dedup`](FeedExt::dedup) with a window of your own; at least one identity is remembered.
    /// What counts is how many different events came since, not when; a repeat does not renew its
    /// place.
    ///
    /// ```text
    /// stream beneath:   1 2 1 3 1
    /// dedup_within(2):  1 2   3 1      (1 is forgotten when 3 comes)
    /// ```
    ///
    /// # Termination
    ///
    /// With the stream beneath; from then on it yields `None`.
    ///
    /// # Backpressure
    ///
    /// Buffers nothing. After 256 repeats in a row it wakes itself and returns `Pending`.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::Trade;
    /// use feedline::{Error, Event, FeedExt, Timestamp};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let trade = |id: u64| Trade {
    ///     symbol: "BTC_USDT".into(),
    ///     price: 100.into(),
    ///     size: 1.into(),
    ///     side: None,
    ///     id: Some(id.into()),
    ///     time: Timestamp::EPOCH,
    ///     received: None,
    ///     detail: (),
    /// };
    /// let trades = stream::iter([1, 2, 1, 3, 1].map(|id| Ok::<_, Error>(Event::Data(trade(id)))));
    ///
    /// assert_eq!(trades.dedup_within(2).count().await, 4);
    /// # }
    /// ```
    fn dedup_within(self, window: usize) -> Dedup<Self>
    where
        Self: Sized,
        Self::Data: Record,
    {
        Dedup::new(self, window)
    }

    /// Says in the stream when nothing has come for `period`, and when something comes again.
    ///
    /// A connected feed without data may be a quiet market or a venue that forgot its consumer:
    /// only you know how long a silence of these symbols is normal. After `period` without data,
    /// gap or status it yields a [`Stale`] of all symbols with [`Silence`], once; ahead of the next
    /// data a [`Fresh`].
    ///
    /// ```text
    /// time     stream beneath   stale_after(10s)
    /// 12:00:00 data             data
    /// 12:00:10                  stale: nothing came for 10s
    /// 12:00:45 data             fresh, data
    /// 12:00:50 interrupted      interrupted            (why nothing comes is known now)
    /// 12:03:00 resumed          resumed
    /// 12:03:10                  stale: nothing came for 10s
    /// ```
    ///
    /// - The period counts from the first poll, and then from when the stream beneath was seen to
    ///   have nothing more ready. A consumer that is late itself sees no silence in that.
    /// - While all of the feed is [`Interrupted`], or stale for a reason that the stream beneath
    ///   gave, silence is explained and nothing is said; what ends that begins the period anew.
    ///   Trouble of single symbols does not explain the silence of the others.
    /// - Statuses of the stream beneath pass unchanged. A [`Resumed`] or a `Fresh` of theirs ends
    ///   the silence too. `Fresh` is of all symbols: what they called stale and still is, is said
    ///   again right after it.
    ///
    /// A period beyond what clocks can say is never over. With several symbols it is the silence
    /// of them all; for one symbol, subscribe it by itself.
    ///
    /// [`Stale`]: crate::StatusKind::Stale
    /// [`Fresh`]: crate::StatusKind::Fresh
    /// [`Interrupted`]: crate::StatusKind::Interrupted
    /// [`Resumed`]: crate::StatusKind::Resumed
    /// [`Silence`]: crate::Staleness::Silence
    ///
    /// # Termination
    ///
    /// With the stream beneath; from then on it yields `None`.
    ///
    /// # Backpressure
    ///
    /// Holds at most one event back, while it says what goes before it.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing, and the period goes on.
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
    /// use feedline::{Error, Event, FeedExt, Staleness, StatusKind};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let quiet = stream::iter([Ok::<_, Error>(Event::Data('a'))]).chain(stream::pending());
    /// let mut feed = quiet.stale_after(Duration::from_secs(10));
    ///
    /// assert_eq!(feed.next().await.unwrap().unwrap(), Event::Data('a'));
    /// let Some(Ok(Event::Status(status))) = feed.next().await else { panic!() };
    /// let silence = Duration::from_secs(10);
    /// assert_eq!(status.kind, StatusKind::Stale { why: Staleness::Silence { silence } });
    /// # }
    /// ```
    fn stale_after(self, period: Duration) -> StaleAfter<Self>
    where
        Self: Sized,
    {
        StaleAfter::new(self, period)
    }

    /// Makes of one feed several, one for each consumer, without a task.
    ///
    /// Each branch yields every event, or a gap that says how many it missed, then the end. Whoever
    /// is polled and has nothing queued polls the feed beneath, for all of them; whoever waits is
    /// woken by whatever another brought, and by the feed. So no branch depends on another being
    /// polled, unless that one asked for it:
    ///
    /// ```text
    /// stream beneath:                  1 2 3 4 5 6
    /// a branch polled all the time:    1 2 3 4 5 6
    /// one of capacity(2), after 6:                 gap(4 missed) 5 6
    /// ```
    ///
    /// - A branch queues 1,024 data events and drops the oldest if there are more:
    ///   [`capacity`](FanOut::capacity) and [`overflow`](FanOut::overflow) change that, for each
    ///   branch. Gaps that it adds have ids of 2⁵² and more, which no client gives.
    /// - Under [`Overflow::Wait`] a branch loses nothing: while it is full the feed is not polled
    ///   and the others get nothing new. Taking an event from it, or dropping it, wakes them.
    ///   Under [`Overflow::Fail`] it alone ends with an error.
    /// - Branches may be in different tasks and threads. The feed beneath is polled, and data is
    ///   cloned and dropped, under a lock that the branches share; wakers are called without it.
    ///   The feed must not itself use a branch of it.
    ///
    /// # Termination
    ///
    /// Each branch with the stream beneath, after what is queued for it; its error reaches every
    /// branch. Dropping a branch frees its queue, and dropping the last drops the stream beneath.
    ///
    /// # Backpressure
    ///
    /// The stream beneath is polled when a branch that is polled has nothing queued: as fast as the
    /// fastest of them. More than one event is taken at once only while every branch has room for
    /// it.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of a branch's next item loses nothing, also for the others.
    ///
    /// # Panics
    ///
    /// If `branches` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::Trade;
    /// use feedline::{Error, Event, FeedExt, Overflow, Timestamp};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
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
    /// let trades = stream::iter((1..=6).map(move |millis| Ok::<_, Error>(Event::Data(trade(millis)))));
    ///
    /// let mut branches = trades.fan_out(2).into_iter();
    /// let recorder = branches.next().unwrap();
    /// let mut display = branches.next().unwrap().capacity(2);
    ///
    /// assert_eq!(recorder.count().await, 6);
    /// let Some(Ok(Event::Gap(gap))) = display.next().await else { panic!() };
    /// assert_eq!(gap.missed, Some(4));
    /// assert_eq!(display.next().await.unwrap().unwrap(), Event::Data(trade(5)));
    /// # }
    /// ```
    fn fan_out(self, branches: usize) -> Vec<FanOut<Self>>
    where
        Self: Sized,
        Self::Data: Record + Clone,
        Self::Error: Clone + From<Error>,
    {
        FanOut::branches(self, branches)
    }

    /// Queues up to `capacity` data events, and does what `overflow` says when more come.
    ///
    /// It is the queue that every subscription has. Behind another operator it decouples that
    /// operator from the consumer; before a slow one it says what is lost. At every poll it takes
    /// what the stream beneath has ready, 256 events at most, and then yields the oldest: events
    /// are only taken in while the consumer polls.
    ///
    /// ```text
    /// stream beneath:  1 2 3 4 5 . . . .      (all ready at the first poll)
    /// buffer(2, DropOldest):  gap(3 missed) 4 5
    /// buffer(2, Wait):        1 2 3 4 5       (3 is taken after 1 has been yielded)
    /// buffer(2, Fail):        1 2 error
    /// ```
    ///
    /// [`Overflow::Conflate`] replaces by [`Record::slot`] and symbol. Gaps and statuses are never
    /// dropped; those with no data between them fold, and beyond 64 of them the data between the
    /// oldest is dropped into their gap. Gaps that it adds have ids of 2⁵² and more, which no
    /// client gives. [`dropped`](Buffer::dropped), [`merged`](Buffer::merged) and
    /// [`high_water`](Buffer::high_water) can be read at any time.
    ///
    /// # Termination
    ///
    /// When the stream beneath has ended and all that is queued has been yielded; its error comes
    /// after that. Under [`Overflow::Fail`] an overflow ends it in the same way with an error of
    /// kind [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    ///
    /// # Backpressure
    ///
    /// Under [`Overflow::Wait`] the stream beneath is not polled while the queue is full; the other
    /// policies always poll it.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](Buffer::into_inner) gives
    /// back what is queued.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::Trade;
    /// use feedline::{Error, Event, FeedExt, Overflow, Timestamp};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
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
    /// let trades = stream::iter((1..=5).map(|millis| Ok::<_, Error>(Event::Data(trade(millis)))));
    ///
    /// let mut latest = trades.buffer(2, Overflow::DropOldest);
    /// let Some(Ok(Event::Gap(gap))) = latest.next().await else { panic!() };
    /// assert_eq!(gap.missed, Some(3));
    /// assert_eq!(latest.next().await.unwrap().unwrap(), Event::Data(trade(4)));
    /// # }
    /// ```
    fn buffer(self, capacity: usize, overflow: Overflow) -> Buffer<Self>
    where
        Self: Sized,
        Self::Data: Record,
        Self::Error: From<Error>,
    {
        Buffer::new(self, capacity, overflow)
    }

    /// Makes candles per symbol out of trades or quotes, by their own time.
    ///
    /// Every tick yields its symbol's candle as it then is, [`Partial`]. The first tick after the
    /// interval's end yields the candle once more, now [`Final`], and then the next one. No clock
    /// is involved: a symbol without ticks stays as it is, and intervals without any tick have no
    /// candle.
    ///
    /// ```text
    /// tick (candles of 1m)       yields
    /// 12:00:10  price 5          Partial 12:00  open 5 close 5, truncated
    /// 12:00:50  price 7          Partial 12:00  open 5 close 7, truncated
    /// gap 12:00:55 to 12:01:20   gap
    /// 12:01:30  price 6          Final 12:00    open 5 close 7, truncated, tainted
    ///                            Partial 12:01  open 6 close 6, tainted
    /// 12:00:59  price 9          nothing: late() is 1
    /// ```
    ///
    /// - Intervals lie in UTC and are counted from 1970: weeks from a Monday, months from January.
    /// - Time is that of the venue or, where it sends none, that of the receipt. Ticks of an open
    ///   candle may come in any order: it opens and closes with its earliest and its latest.
    ///   [`late`](Candles::late) counts ticks of intervals before their symbol's open one,
    ///   [`skipped`](Candles::skipped) events without a price or a time.
    /// - `tainted`: a gap of its symbol touches the interval, both ends included. A gap that does
    ///   not say when taints what is open. `truncated`: the first candle of a symbol, unless its
    ///   first tick is at the very beginning, since what came before was not seen.
    /// - `volume`, `turnover` and `trades` are there for ticks with sizes, exact or absent: a sum
    ///   that does not fit is left out from then on. `vwap` is in final candles only.
    ///
    /// Memory is one open candle a symbol.
    ///
    /// [`Partial`]: crate::market::CandleState::Partial
    /// [`Final`]: crate::market::CandleState::Final
    ///
    /// # Termination
    ///
    /// At the end of the stream beneath, or ahead of its error, every open candle is yielded once
    /// more as [`Partial`], in the order in which the symbols were first seen: they tell of gaps
    /// that came after the last tick.
    ///
    /// # Backpressure
    ///
    /// Holds at most one candle back. After 256 ticks in a row that are late or skipped it wakes
    /// itself and returns `Pending`. Partial candles are for the latest to replace: a slow consumer
    /// may put [`buffer`](FeedExt::buffer) with [`Overflow::Conflate`] behind this.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::{CandleState, Interval, Trade};
    /// use feedline::{Error, Event, FeedExt, Timestamp};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let trade = |secs, price: i64| Trade {
    ///     symbol: "BTC_USDT".into(),
    ///     price: price.into(),
    ///     size: 2.into(),
    ///     side: None,
    ///     id: None,
    ///     time: Timestamp::from_secs(secs).unwrap(),
    ///     received: None,
    ///     detail: (),
    /// };
    /// let trades = stream::iter([trade(0, 5), trade(50, 7), trade(60, 6)])
    ///     .map(|trade| Ok::<_, Error>(Event::Data(trade)));
    ///
    /// let finals: Vec<_> = trades
    ///     .candles(Interval::minutes(1))
    ///     .data()
    ///     .filter_map(async |candle| candle.ok().filter(|candle| candle.state == Some(CandleState::Final)))
    ///     .collect()
    ///     .await;
    /// assert_eq!(finals.len(), 1);
    /// assert_eq!((finals[0].open, finals[0].close), (5.into(), 7.into()));
    /// assert_eq!(finals[0].vwap, Some(6.into()));
    /// # }
    /// ```
    fn candles(self, interval: Interval) -> Candles<Self>
    where
        Self: Sized,
        Self::Data: Tick,
    {
        Candles::new(self, interval)
    }
}

impl<S: Feed + ?Sized> FeedExt for S {}
