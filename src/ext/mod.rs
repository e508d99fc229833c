//! Operators on streams of events.

mod batches;
mod buffer;
mod candle_history;
mod candles;
mod conflate;
mod data;
mod dedup;
mod fan_out;
mod feed;
mod feeds;
mod keyed;
mod map_data;
mod merge_by_time;
mod rate_limit;
mod sample;
mod stale_after;
mod strict;
mod tap_gaps;
mod timer;
mod upstream;

pub use batches::Batches;
pub use buffer::Buffer;
pub use candle_history::{CandleHistory, History};
pub use candles::Candles;
pub use conflate::Conflate;
pub use data::Data;
pub use dedup::Dedup;
pub use fan_out::FanOut;
pub use feed::Feed;
pub use feeds::FeedsExt;
pub use map_data::MapData;
pub use merge_by_time::{MergeByTime, Merged};
pub use rate_limit::RateLimit;
pub use sample::Sample;
pub use stale_after::StaleAfter;
pub use strict::Strict;
pub use tap_gaps::TapGaps;

use std::hash::Hash;
use std::time::Duration;

use crate::market::{Candle, Interval, Record, Tick};
use crate::queue::Lost;
use crate::{Error, Gap, Overflow, Rate};

/// How many items an operator takes at once that yield nothing, before it lets others run.
const BUDGET: usize = 256;

/// Operators on any [`Feed`]: a live subscription, a recording, a simulation.
///
/// All of them keep gaps and statuses at their place unless they say otherwise, pass the end and
/// the error of the stream beneath on, and own no task: nothing happens unless they are polled, and
/// dropping them drops the stream beneath. Where they chain with the methods of `StreamExt`, these
/// see the whole `Result<Event<T>, E>`.
///
/// Those that go by the clock own a timer of tokio's. They need a tokio runtime with time enabled
/// only when they have to wait for it, and panic if there is none then: over a recording that is
/// always ready, [`batches`](FeedExt::batches) and [`sample`](FeedExt::sample) run anywhere.
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
/// | [`batches`](FeedExt::batches) | `Event<Vec<T>>` | one batch, for its period | nothing |
/// | [`rate_limit`](FeedExt::rate_limit) | `Event<T>` | one event, for its turn | nothing |
/// | [`conflate`](FeedExt::conflate), [`conflate_by`](FeedExt::conflate_by) | `Event<T>` | the latest of each key, until polled | what newer data replaces, which it counts |
/// | [`sample`](FeedExt::sample), [`sample_by`](FeedExt::sample_by) | `Event<T>` | the latest of each key, for the period | what newer data replaces, which it counts |
/// | [`candles`](FeedExt::candles) | `Event<Candle>` | the open candle of each symbol | late ticks, which it counts |
/// | [`candle_history`](FeedExt::candle_history) | `Event<Candle>` | nothing | nothing |
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

    /// Gathers data into batches of up to `max` events, each yielded when it is full or when
    /// `period` has passed since its first event.
    ///
    /// For consumers to whom a call costs more than an event, such as databases and sockets. A
    /// batch never spans a gap or a status, is never empty, and keeps the order.
    ///
    /// ```text
    /// time (s)        0   1   2   3   4   5   6
    /// stream beneath  a   b   c       d gap e        end at 6.2
    /// batches(2, 3s)      ab              d gap  e
    /// batches(9, 3s)              abc     d gap  e
    /// ```
    ///
    /// A consumer that comes late gets what has become ready meanwhile, up to `max`, instead of the
    /// batch that was due. With a `period` of zero a batch is what is ready at once, up to 256
    /// events. Nothing is reserved for `max`: a batch begins as large as the last one was, up to
    /// 1,024 events, and grows from there.
    ///
    /// # Termination
    ///
    /// With the stream beneath, after the batch that was not full yet. It comes before an error, too.
    ///
    /// # Backpressure
    ///
    /// Holds one batch, and the marker behind it. The stream beneath is polled whenever this is,
    /// but for 256 events at once at most: then it wakes itself and returns `Pending`.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](Batches::into_inner) gives
    /// back what is held.
    ///
    /// # Panics
    ///
    /// If `max` is zero; and when it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use feedline::{Error, Event, FeedExt};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// // Three at once, and then silence.
    /// let feed = stream::iter(["a", "b", "c"].map(|data| Ok::<_, Error>(Event::Data(data))));
    /// let mut batches = feed.chain(stream::pending()).batches(2, Duration::from_secs(3));
    ///
    /// assert_eq!(batches.next().await.unwrap().unwrap(), Event::Data(vec!["a", "b"]));
    /// let started = tokio::time::Instant::now();
    /// assert_eq!(batches.next().await.unwrap().unwrap(), Event::Data(vec!["c"]));
    /// assert_eq!(started.elapsed(), Duration::from_secs(3));
    /// # }
    /// ```
    fn batches(self, max: usize, period: Duration) -> Batches<Self>
    where
        Self: Sized,
    {
        Batches::new(self, max, period)
    }

    /// Yields data no faster than `rate`, and loses nothing.
    ///
    /// For consumers with a limit of their own, such as an API that is written to; usually behind
    /// [`batches`](FeedExt::batches) or [`conflate`](FeedExt::conflate), which keep the amount down.
    /// Gaps and statuses cost nothing: a marker waits for the data before it and for nothing else.
    ///
    /// ```text
    /// time (s)                  0      1      2      3
    /// stream beneath            abcd gap
    /// rate_limit(1/s, burst 2)  ab     c      d gap
    /// ```
    ///
    /// In no window of length *w* does it yield more data than the [`burst`](Rate::burst) plus one
    /// for each full [`interval`](Rate::interval) in *w*; both ends of the window count. It is the
    /// same bucket that paces what feedline sends to venues. Tokio's timers tick in milliseconds:
    /// a rate of over 1,000 a second is only reached with a burst that covers the ticks, as that of
    /// [`Rate::new`] does.
    ///
    /// # Termination
    ///
    /// With the stream beneath. The end and an error wait for the data before them.
    ///
    /// # Backpressure
    ///
    /// Holds one data event, and does not poll the stream beneath while it does: what comes
    /// meanwhile waits there, under the policy that is in force there.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](RateLimit::into_inner)
    /// gives back what is held.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use feedline::{Error, Event, FeedExt, Rate};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let feed = stream::iter((0..10).map(|data| Ok::<_, Error>(Event::Data(data))));
    /// let mut paced = feed.rate_limit(Rate::per_second(5));
    ///
    /// let started = tokio::time::Instant::now();
    /// while let Some(item) = paced.next().await {
    ///     println!("{} at {:?}", item.unwrap().data().unwrap(), started.elapsed());
    /// }
    /// // Five at once, and one every fifth of a second.
    /// assert_eq!(started.elapsed(), Duration::from_secs(1));
    /// # }
    /// ```
    fn rate_limit(self, rate: Rate) -> RateLimit<Self>
    where
        Self: Sized,
    {
        RateLimit::new(self, rate)
    }

    /// Keeps the latest event of each symbol until the consumer is ready for it.
    ///
    /// For consumers that want to know how things are, not how they came to be. At every poll it
    /// takes what the stream beneath has ready, 256 events at most; a newer event takes the place
    /// of the queued one of its symbol, and the oldest is yielded. A
    /// consumer that is fast enough sees every event; [`merged`](Conflate::merged) counts those that
    /// were replaced.
    ///
    /// ```text
    /// stream beneath, all ready   A1 B1 A2 gap A3 C1 A4
    /// conflate()                  A2 B1 gap A4 C1          merged() is 2
    /// ```
    ///
    /// - No event moves across a gap or a status: what is queued before one is not replaced by what
    ///   comes after it. Markers with no data between them fold, and beyond 64 of them the data
    ///   between the oldest is dropped into a gap with its exact count, as in every queue here. So
    ///   memory is bounded by the number of symbols. Ids of those gaps are of 2⁵² and more, which no
    ///   client gives.
    /// - One event a symbol is too few for some types. Of candles it would lose the final one to the
    ///   next partial one: use [`buffer`](FeedExt::buffer) with [`Overflow::Conflate`], which keeps
    ///   every window apart, or [`conflate_by`](FeedExt::conflate_by).
    /// - Of trades it yields the latest of each symbol; [`merged`](Conflate::merged) says how many
    ///   went without being seen.
    /// - Events that build upon one another, such as book updates
    ///   ([`Record::BUILDS_ON_PREVIOUS`]), do not compile with it.
    ///
    /// # Termination
    ///
    /// When the stream beneath has ended and all that is queued has been yielded; its error comes
    /// after that.
    ///
    /// # Backpressure
    ///
    /// None: the stream beneath is polled whenever this is, however much is queued.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](Conflate::into_inner) gives
    /// back what is queued.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::Quote;
    /// use feedline::{Error, Event, FeedExt};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let quote = |symbol: &str, bid: i64| Quote {
    ///     symbol: symbol.into(),
    ///     bid: Some(bid.into()),
    ///     bid_size: None,
    ///     ask: None,
    ///     ask_size: None,
    ///     time: None,
    ///     sequence: None,
    ///     received: None,
    ///     detail: (),
    /// };
    /// let quotes = [quote("A", 1), quote("B", 5), quote("A", 2), quote("A", 3)];
    /// let feed = stream::iter(quotes.map(|quote| Ok::<_, Error>(Event::Data(quote))));
    ///
    /// let mut latest = feed.conflate();
    /// assert_eq!(latest.next().await.unwrap().unwrap(), Event::Data(quote("A", 3)));
    /// assert_eq!(latest.next().await.unwrap().unwrap(), Event::Data(quote("B", 5)));
    /// assert_eq!(latest.merged(), 2);
    /// # }
    /// ```
    ///
    /// Of book updates only the whole makes a book:
    ///
    /// ```compile_fail
    /// use feedline::{Error, FeedExt, market::BookUpdate};
    /// # fn main() {
    /// let updates = futures_util::stream::empty::<Result<feedline::Event<BookUpdate>, Error>>();
    /// let _ = updates.conflate(); // error: these events build upon one another
    /// # }
    /// ```
    fn conflate(self) -> Conflate<Self>
    where
        Self: Sized,
        Self::Data: Record,
    {
        const { keyed::stands_alone::<Self::Data>() }
        Conflate::new(self, keyed::symbol_of, Lost::add)
    }

    /// [`conflate`](FeedExt::conflate) by a key of your own, for any type of event.
    ///
    /// You say what replaces what: events of equal keys do. Memory is bounded by the number of
    /// different keys. Should the queue have to drop data between too many markers, the gap has the
    /// exact count, but names no symbols: its scope is all.
    ///
    /// # Termination
    ///
    /// As that of [`conflate`](FeedExt::conflate).
    ///
    /// # Backpressure
    ///
    /// As that of [`conflate`](FeedExt::conflate): none.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](Conflate::into_inner) gives back
    /// what is held.
    ///
    /// # Panics
    ///
    /// If `key` does.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::{Error, Event, FeedExt};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let readings = [("inside", 20), ("outside", 7), ("inside", 21)];
    /// let feed = stream::iter(readings.map(|reading| Ok::<_, Error>(Event::Data(reading))));
    ///
    /// let mut latest = feed.conflate_by(|(place, _)| *place);
    /// assert_eq!(latest.next().await.unwrap().unwrap(), Event::Data(("inside", 21)));
    /// assert_eq!(latest.next().await.unwrap().unwrap(), Event::Data(("outside", 7)));
    /// # }
    /// ```
    ///
    /// Candles, of which the final one of each window must stay:
    ///
    /// ```
    /// # use feedline::market::Candle;
    /// # use feedline::{Feed, FeedExt};
    /// # fn finals_stay(candles: impl Feed<Data = Candle>) {
    /// let latest = candles.conflate_by(|candle| (candle.symbol.clone(), candle.start));
    /// # drop(latest);
    /// # }
    /// ```
    fn conflate_by<K, F>(self, key: F) -> Conflate<Self, K, F>
    where
        Self: Sized,
        K: Hash + Eq,
        F: FnMut(&Self::Data) -> K,
    {
        Conflate::new(self, key, |lost, _| lost.add_nameless())
    }

    /// Yields the latest event of each symbol once every `period`, if there was a new one.
    ///
    /// For consumers that look at regular times, such as displays and writers of one row a second.
    /// The times are a grid of tokio's clock that begins at the first poll; an event waits for the
    /// first of them after it was taken in, or until a newer one of its symbol takes its place. At
    /// each time the symbols come in the order in which they first changed. A symbol without a new
    /// event is left out.
    ///
    /// ```text
    /// time    stream beneath  sample(2s)
    /// 0.5 s   A1
    /// 1.2 s   B1
    /// 1.7 s   A2
    /// 2.0 s                   A2 B1
    /// 2.5 s   A3
    /// 3.1 s   gap             A3 gap
    /// 5.0 s   B2
    /// 6.0 s                   B2
    /// 6.3 s   A4, end         A4, end
    /// ```
    ///
    /// Gaps and statuses do not wait, and no event moves across one: what is held before a marker
    /// is yielded with it. A consumer that is slower than the grid gets at most one event of a
    /// symbol between two of its times, too: what has not been yielded yet is still replaced. With
    /// a `period` of zero it is [`conflate`](FeedExt::conflate). What is said there of markers, and
    /// of types of which one event a symbol is too few, holds here as well.
    ///
    /// # Termination
    ///
    /// With the stream beneath, after what is held, which does not wait any more. It comes before
    /// an error, too.
    ///
    /// # Backpressure
    ///
    /// None: the stream beneath is polled whenever this is, but for 256 events at once at most: then
    /// it wakes itself and returns `Pending`, unless something is due. It holds one event a symbol,
    /// and those before markers that have not been yielded.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](Sample::into_inner) gives
    /// back what is held.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use feedline::market::Quote;
    /// use feedline::{Error, Event, FeedExt};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let quote = |bid: i64| Quote {
    ///     symbol: "A".into(),
    ///     bid: Some(bid.into()),
    ///     bid_size: None,
    ///     ask: None,
    ///     ask_size: None,
    ///     time: None,
    ///     sequence: None,
    ///     received: None,
    ///     detail: (),
    /// };
    /// // A quote every 300 ms: at 300, 600, 900, 1,200…
    /// let quotes = stream::iter(1..).then(|bid| async move {
    ///     tokio::time::sleep(Duration::from_millis(300)).await;
    ///     Ok::<_, Error>(Event::Data(quote(bid)))
    /// });
    ///
    /// let mut sampled = std::pin::pin!(quotes.sample(Duration::from_secs(1)));
    /// assert_eq!(sampled.next().await.unwrap().unwrap(), Event::Data(quote(3)));
    /// assert_eq!(sampled.next().await.unwrap().unwrap(), Event::Data(quote(6)));
    /// assert_eq!(sampled.merged(), 4);
    /// # }
    /// ```
    fn sample(self, period: Duration) -> Sample<Self>
    where
        Self: Sized,
        Self::Data: Record,
    {
        const { keyed::stands_alone::<Self::Data>() }
        Sample::new(self, period, keyed::symbol_of, Lost::add)
    }

    /// [`sample`](FeedExt::sample) by a key of your own, for any type of event.
    ///
    /// You say what replaces what, as with [`conflate_by`](FeedExt::conflate_by).
    ///
    /// # Termination
    ///
    /// As that of [`sample`](FeedExt::sample).
    ///
    /// # Backpressure
    ///
    /// As that of [`sample`](FeedExt::sample): none.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing; [`into_inner`](Sample::into_inner) gives back
    /// what is held.
    ///
    /// # Panics
    ///
    /// If `key` does; and when it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use feedline::{Error, Event, FeedExt};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let readings = [("inside", 20), ("outside", 7), ("inside", 21)];
    /// let feed = stream::iter(readings.map(|reading| Ok::<_, Error>(Event::Data(reading))));
    ///
    /// let mut sampled = feed
    ///     .chain(stream::pending())
    ///     .sample_by(Duration::from_secs(60), |(place, _)| *place);
    /// assert_eq!(sampled.next().await.unwrap().unwrap(), Event::Data(("inside", 21)));
    /// assert_eq!(sampled.next().await.unwrap().unwrap(), Event::Data(("outside", 7)));
    /// # }
    /// ```
    fn sample_by<K, F>(self, period: Duration, key: F) -> Sample<Self, K, F>
    where
        Self: Sized,
        K: Hash + Eq,
        F: FnMut(&Self::Data) -> K,
    {
        Sample::new(self, period, key, |lost, _| lost.add_nameless())
    }

    /// Makes candles per symbol out of trades, quotes or shorter candles, by their own time.
    ///
    /// Every tick yields its symbol's candle as it then is, [`Partial`]. When the interval is over,
    /// it is yielded once more, now [`Final`]: at the symbol's first tick after its end, or for a
    /// quiet symbol when the clock has passed the end and a [`delay`]. Within a time of [`grace`]
    /// after that, what comes late yields it again, now [`Revised`].
    ///
    /// ```text
    /// tick (candles of 1m, grace 5s)   yields
    /// 12:00:10  price 5                Partial 12:00  open 5 close 5, truncated
    /// 12:00:50  price 7                Partial 12:00  open 5 close 7, truncated
    /// gap 12:00:55 to 12:01:20         gap
    /// 12:01:30  price 6                Final 12:00    open 5 close 7, truncated, tainted
    ///                                  Partial 12:01  open 6 close 6, tainted
    /// (clock 12:02:01)                 Final 12:01    open 6 close 6, tainted
    /// 12:02:02  price 8                Partial 12:02  open 8 close 8
    /// 12:01:59  price 9                Revised 12:01  open 6 high 9 close 9, tainted
    /// 12:00:59  price 9                nothing: late() is 1
    /// ```
    ///
    /// `interval` is one of time, of trades, of volume or of turnover. How the stream does it can
    /// be set before its first poll:
    ///
    /// | setting | says | without it |
    /// |---|---|---|
    /// | [`calendar`] | in which time zone days begin, when the market is open | UTC, always open |
    /// | [`partials`] | whether every tick yields its candle | it does |
    /// | [`delay`] | when a quiet symbol's candle is final | a second after its end |
    /// | [`grace`] | for how long a candle may be revised | not at all |
    /// | [`empty`] | whether intervals without ticks have a candle | they have none |
    ///
    /// - **Time** is that of the venue or, where it sends none, that of the receipt. Ticks of an
    ///   open candle may come in any order: it opens and closes with its earliest and its latest.
    ///   Intervals are counted from 1970: weeks from a Monday, months from January.
    /// - **The clock** is the latest event time of any symbol, and goes on with the machine's
    ///   monotonic clock while nothing comes. So recordings close their candles as a live feed does,
    ///   whatever the date is. An event time after its receipt counts as the receipt. While
    ///   the feed is `Interrupted`, or not read because another handle is full, no candle is
    ///   final by the clock; and if events turn out to be further behind than the [`delay`],
    ///   because they were not read in time, it is set back to them. A symbol that is behind the
    ///   others when its candle opens has its candle closed by the clock as much later.
    /// - **Nothing vanishes**: a tick is in one candle, or counted by [`late`](Candles::late),
    ///   [`outside`](Candles::outside) (the market was closed) or [`skipped`](Candles::skipped) (it
    ///   had no price or time).
    /// - `tainted`: a gap of its symbol touches the interval, both ends included. A gap that does
    ///   not say when taints what is open. `truncated`: the first candle of a symbol, unless its
    ///   first tick is at the very beginning, since what came before was not seen.
    /// - `volume`, `turnover`, `trades` and `vwap` are there for ticks with sizes, exact or absent:
    ///   a sum that does not fit is left out from then on. `vwap` is rounded half to even, at
    ///   eight digits beyond those of the prices where all have the same number of them, and never
    ///   at fewer than eight.
    /// - **Trades, volume, turnover**: a candle ends with the tick that fills it, which is not
    ///   split; ticks count in the order in which they come and none is late. Two
    ///   candles of a symbol that begin in the same moment are a nanosecond apart.
    /// - **Candles into longer candles**: a newer state of a candle replaces the older within the
    ///   longer one, for the latest 16 of them. The final one at its end ends it. Give both the
    ///   same grace if candles are to be revised. Candles of trading are made of final candles
    ///   alone, each of them once, in their order; those that do not say so are skipped.
    /// - **Refused** symbols (`Rejected`) lack something from an unknown time on: their open candle
    ///   is tainted, and no empty ones follow.
    ///
    /// Memory is one open candle a symbol, and those within their time of grace: a long one of
    /// short intervals is many candles.
    ///
    /// [`Partial`]: crate::market::CandleState::Partial
    /// [`Final`]: crate::market::CandleState::Final
    /// [`Revised`]: crate::market::CandleState::Revised
    /// [`calendar`]: Candles::calendar
    /// [`partials`]: Candles::partials
    /// [`delay`]: Candles::delay
    /// [`grace`]: Candles::grace
    /// [`empty`]: Candles::empty
    ///
    /// # Termination
    ///
    /// At the end of the stream beneath, or ahead of its error, every open candle is yielded once
    /// more: as [`Final`] if its interval was over by the latest event time, the earliest end first,
    /// then as [`Partial`]; those of one time in the order in which the symbols were first seen. With
    /// a delay of [`Duration::MAX`](std::time::Duration::MAX), or while the feed is interrupted, all
    /// are partial.
    ///
    /// # Backpressure
    ///
    /// Holds back no tick. After 256 ticks in a row that yield nothing it wakes itself and returns
    /// `Pending`. Partial candles are for the latest to replace: a slow consumer may put
    /// [`buffer`](FeedExt::buffer) with [`Overflow::Conflate`] behind this.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Panics
    ///
    /// When it has to wait for the clock outside a tokio runtime with time enabled; never with a
    /// delay of [`Duration::MAX`](std::time::Duration::MAX).
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
    /// let candles: Vec<_> = trades
    ///     .candles(Interval::minutes(1))
    ///     .partials(false)
    ///     .data()
    ///     .map(Result::unwrap)
    ///     .collect()
    ///     .await;
    /// assert_eq!(candles[0].state, Some(CandleState::Final));
    /// assert_eq!((candles[0].open, candles[0].close), (5.into(), 7.into()));
    /// assert_eq!(candles[0].vwap, Some(6.into()));
    /// // What was open at the end.
    /// assert_eq!(candles[1].state, Some(CandleState::Partial));
    /// # }
    /// ```
    fn candles(self, interval: Interval) -> Candles<Self>
    where
        Self: Sized,
        Self::Data: Tick,
    {
        Candles::new(self, interval)
    }

    /// Keeps the last `capacity` final candles of every symbol, to be read while the stream runs.
    ///
    /// It changes nothing in the stream. [`history`](CandleHistory::history) gives handles that
    /// can be read anywhere, at any time. A revised candle takes the place of the final one; a
    /// venue's candle that does not say whether it is final is so once a later one of its symbol
    /// has come.
    ///
    /// # Termination
    ///
    /// With the stream beneath; handles can still be read after that.
    ///
    /// # Backpressure
    ///
    /// Holds back nothing. Memory is bounded by `capacity` candles for every symbol that came,
    /// allocated as they come.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future of its next item loses nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use feedline::market::{Interval, Trade};
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
    /// let trades = stream::iter([trade(0, 5), trade(60, 7), trade(120, 6)])
    ///     .map(|trade| Ok::<_, Error>(Event::Data(trade)));
    ///
    /// let mut candles = trades.candles(Interval::minutes(1)).candle_history(100);
    /// let history = candles.history();
    /// while candles.next().await.is_some() {}
    /// let closes: Vec<_> = history.candles("BTC_USDT").iter().map(|candle| candle.close).collect();
    /// assert_eq!(closes, [5.into(), 7.into()]);
    /// # }
    /// ```
    fn candle_history<D>(self, capacity: usize) -> CandleHistory<Self, D>
    where
        Self: Feed<Data = Candle<D>> + Sized,
        D: Clone,
    {
        CandleHistory::new(self, capacity)
    }
}

impl<S: Feed + ?Sized> FeedExt for S {}
