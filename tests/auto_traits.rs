//! Which public types may be sent, shared and moved.

use std::convert::Infallible;
use std::time::Duration;

use feedline::adapters::{
    Batches, Buffer, CandleHistory, Candles, Conflate, Data, Dedup, FanOut, History, MapData,
    MergeByTime, Merged, RateLimit, Sample, StaleAfter, Strict, TapGaps,
};
use feedline::market::{
    BookAction, BookUpdate, Calendar, Candle, CandleState, EmptyIntervals, Id, Interval,
    IntervalUnit, Level, ParseIntervalError, ParseSessionError, Quote, Session, Side, Ticker,
    Trade, UnknownTimeZone,
};
use feedline::{
    Cause, Clock, Decimal, Error, ErrorKind, Event, Feed, FeedExt, FeedsExt, Gap, GapId,
    Interruption, Now, Overflow, Rate, Rejection, Repair, Scope, Staleness, Status, StatusKind,
    Symbol, Timestamp,
};
use futures_util::stream::{Iter, Stream};

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn unpin<T: Unpin>() {}

macro_rules! all {
    ($($type:ty),* $(,)?) => {$(
        send::<$type>();
        sync::<$type>();
        unpin::<$type>();
    )*};
}

type Trades = Iter<std::vec::IntoIter<Result<Event<Trade>, Infallible>>>;

#[test]
fn values_are_send_sync_and_unpin() {
    all!(
        BookAction,
        BookUpdate,
        Calendar,
        Candle,
        CandleState,
        Cause,
        Clock,
        Decimal,
        EmptyIntervals,
        Error,
        ErrorKind,
        Event<Trade>,
        Gap,
        GapId,
        Id,
        Interruption,
        Interval,
        IntervalUnit,
        Level,
        Merged<Trade>,
        Now,
        Overflow,
        ParseIntervalError,
        ParseSessionError,
        Quote,
        Rejection,
        Repair,
        Scope,
        Session,
        Side,
        Staleness,
        Status,
        StatusKind,
        Symbol,
        Ticker,
        Timestamp,
        Trade,
        UnknownTimeZone,
    );
}

#[test]
fn adapters_are_what_the_stream_beneath_is() {
    all!(
        Batches<Trades>,
        Buffer<Trades>,
        CandleHistory<Candles<Trades>>,
        Candles<Trades>,
        Conflate<Trades>,
        Conflate<Trades, u8, fn(&Trade) -> u8>,
        Data<Trades>,
        Dedup<Trades>,
        FanOut<Trades>,
        History,
        MapData<Trades, fn(Trade) -> Trade>,
        MergeByTime<Trades>,
        RateLimit<Trades>,
        Sample<Trades>,
        Sample<Trades, u8, fn(&Trade) -> u8>,
        StaleAfter<Trades>,
        Strict<Trades>,
        TapGaps<Trades, fn(&Gap)>,
    );
}

#[test]
fn a_chain_is_still_a_stream_that_can_be_spawned() {
    const SECOND: Duration = Duration::from_secs(1);
    fn spawnable<S: Stream + Send + 'static>(_: S) {}
    fn chain(feed: impl Feed<Data = Trade, Error = Error> + Send + 'static) {
        spawnable(
            feed.map_data(Trade::common)
                .tap_gaps(|_| {})
                .dedup()
                .stale_after(Duration::from_secs(10))
                .buffer(8, Overflow::DropOldest)
                .conflate()
                .candles(Interval::minutes(1))
                .sample_by(SECOND, |candle| (candle.symbol.clone(), candle.start))
                .batches(500, SECOND)
                .rate_limit(Rate::per_second(5))
                .strict()
                .data(),
        );
    }
    chain(futures_util::stream::pending());
}

#[test]
fn what_splits_and_merges_feeds_takes_any_and_can_be_spawned_and_moved() {
    fn spawnable<S: Stream + Send + Unpin + 'static>(_: S) {}
    // Neither of them need be `Unpin`.
    fn branches(feed: impl Feed<Data = Trade, Error = Error> + Send + 'static) {
        feed.fan_out(2).into_iter().for_each(spawnable);
    }
    fn merge<S: Feed<Data = Trade, Error = Infallible> + Send + 'static>(feeds: Vec<S>) {
        spawnable(
            feeds
                .merge_by_time(Duration::ZERO)
                .candles(Interval::minutes(1)),
        );
    }
    branches(futures_util::stream::pending());
    merge::<Trades>(Vec::new());
}

#[test]
fn feeds_and_their_handles_are_send_and_unpin() {
    use feedline::feed::{Backoff, Health, Heartbeat, Metrics, Spec, State, StateChanges};
    use feedline::transport::{Address, Frame, Roots, Tcp, WebSocket, memory::Memory};
    use feedline::{Control, Subscription};

    all!(
        Address,
        Backoff,
        Control,
        Frame,
        Health,
        Heartbeat,
        Memory,
        Metrics,
        Rate,
        Roots,
        Spec,
        State,
        Subscription<Trade>,
        Tcp,
    );
    send::<StateChanges>();
    unpin::<StateChanges>();
    send::<WebSocket>();
    unpin::<WebSocket>();
}

#[cfg(feature = "gate")]
#[test]
fn clients_are_shared_between_threads() {
    use feedline::venue::gate;

    all!(
        gate::Spot,
        gate::SpotBuilder,
        gate::SpotEvent,
        gate::Decoded,
        gate::DecodeError,
        gate::Topic,
        Event<gate::Trade>,
        Event<gate::Quote>,
        Event<gate::Ticker>,
        Event<gate::Candle>,
        Event<gate::BookUpdate>,
    );
    fn spawnable<T: Send + 'static>(_: &T) {}
    let gate = gate::Spot::new();
    spawnable(&gate.trades(["BTC_USDT"]));
    spawnable(&gate.trades(["BTC_USDT"]).into_future());
}

#[cfg(feature = "tastytrade")]
#[test]
fn tastytrades_client_is_shared_between_threads() {
    use feedline::venue::tastytrade;

    all!(
        tastytrade::Tastytrade,
        tastytrade::TastytradeBuilder,
        tastytrade::AccountEvent,
        tastytrade::AccountInfo,
        tastytrade::AccountTopic,
        tastytrade::Decoded,
        Event<tastytrade::Order>,
        Event<tastytrade::Fill>,
        Event<tastytrade::Balance>,
        Event<tastytrade::Position>,
    );
    fn spawnable<T: Send + 'static>(_: &T) {}
    let client = tastytrade::Tastytrade::new("secret", "token").unwrap();
    spawnable(&client.account(["5WT00001"]));
    spawnable(&client.account(["5WT00001"]).into_future());
}

#[cfg(feature = "sim")]
#[test]
fn simulators_are_shared_between_threads() {
    use feedline::sim::{Fault, Recording, Script, gate::GateSim};

    all!(Fault, GateSim, Recording, Script);
}

#[cfg(feature = "dxlink")]
#[test]
fn dxlinks_values_are_send_sync_and_unpin() {
    use feedline::venue::dxlink::{
        CandleStates, CandleSymbol, Decoded, Decoder, DxEvent, Emit, EventFlags, EventKind,
        Malformed, SnapshotKey, Snapshots,
    };

    all!(
        CandleStates,
        CandleSymbol,
        Decoded,
        Decoder,
        DxEvent,
        Emit<DxEvent>,
        EventFlags,
        EventKind,
        Malformed,
        SnapshotKey,
        Snapshots<SnapshotKey, DxEvent>,
    );
}
