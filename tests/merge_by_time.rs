//! `merge_by_time()` merges feeds by the time of their events, with a bounded wait.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::adapters::{MergeByTime, Merged};
use feedline::market::{Quote, Record, Trade};
use feedline::{Error, ErrorKind, Event, FeedExt, FeedsExt, Overflow, Timestamp};
use futures_test::task::{new_count_waker, noop_context};
use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, FusedStream, Stream, StreamExt};
use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio::time::{Instant, advance, sleep_until};

#[path = "support/events.rs"]
mod events;
use events::{Item, at, data, interrupted, outage, quote, trade};

const WINDOW: Duration = Duration::from_millis(200);

type Boxed<T> = BoxStream<'static, Item<T>>;

/// A trade at so many seconds of the venue's time.
fn tick(secs: i64) -> Trade {
    trade("A", secs, "5", "1")
}

fn gap(id: u64) -> Event<Trade> {
    outage(id, 0, 1).into()
}

fn feed<T: Send + 'static>(items: Vec<Item<T>>) -> Boxed<T> {
    stream::iter(items).boxed()
}

fn ticks(secs: impl IntoIterator<Item = i64>) -> Boxed<Trade> {
    feed(secs.into_iter().map(|secs| data(tick(secs))).collect())
}

/// Each item at its millisecond, then the end.
fn timed(start: Instant, script: Vec<(u64, Item<Trade>)>) -> Boxed<Trade> {
    stream::iter(script)
        .then(move |(millis, item)| async move {
            sleep_until(start + Duration::from_millis(millis)).await;
            item
        })
        .boxed()
}

/// An item in short: feed, seconds, and an asterisk if it is late; markers by their word.
fn told(item: Result<Event<Merged<Trade>>, Error>) -> String {
    match item {
        Ok(Event::Data(Merged {
            feed, late, data, ..
        })) => {
            let late = if late { "*" } else { "" };
            format!("{feed}:{}{late}", data.time.as_secs())
        }
        Ok(Event::Gap(gap)) => format!("gap {}", gap.id.number()),
        Ok(Event::Status(_)) => "status".to_owned(),
        Err(_) => "error".to_owned(),
    }
}

/// All that is ready, and whether it has ended.
fn ready<S: Stream<Item = Item<Merged<Trade>>> + Unpin>(merge: &mut S) -> (Vec<String>, bool) {
    let mut seen = Vec::new();
    loop {
        match Pin::new(&mut *merge).poll_next(&mut noop_context()) {
            Poll::Ready(Some(item)) => seen.push(told(item)),
            Poll::Ready(None) => return (seen, true),
            Poll::Pending => return (seen, false),
        }
    }
}

/// The whole merge, each item with the millisecond of its coming.
async fn story(mut merge: MergeByTime<Boxed<Trade>>, start: Instant) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(item) = merge.next().await {
        seen.push(format!("{} {}", start.elapsed().as_millis(), told(item)));
    }
    seen
}

#[test]
fn orders_by_time_and_names_the_feed() {
    let mut merge = [ticks([1, 4, 5]), ticks([2, 3, 5, 9])].merge_by_time(WINDOW);
    assert_eq!(merge.size_hint(), (0, Some(7)));
    assert_eq!(merge.feeds(), 2);
    let first = merge.next().now_or_never().unwrap().unwrap().unwrap();
    assert_eq!(first, Event::Data(Merged::new(0, tick(1))));
    let (seen, ended) = ready(&mut merge);
    // Of the same time, the first feed's goes first.
    assert_eq!(seen, ["1:2", "1:3", "0:4", "0:5", "1:5", "1:9"]);
    assert!(ended && merge.is_terminated());
    assert_eq!((merge.late(), merge.held()), (0, 0));
    assert_eq!(merge.size_hint(), (0, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_feed_that_is_behind_but_no_longer_than_the_window() {
    let start = Instant::now();
    let gate = timed(start, vec![(0, data(tick(100))), (300, data(tick(105)))]);
    let mexc = timed(
        start,
        vec![
            (50, data(tick(90))),
            (80, data(tick(110))),
            (1_000, data(tick(120))),
        ],
    );
    assert_eq!(
        story([gate, mexc].merge_by_time(WINDOW), start).await,
        [
            "50 1:90",
            "80 0:100",
            "280 1:110",
            "300 0:105*",
            "1000 1:120"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_always_behind_does_not_hold_the_other_longer() {
    // Both bring a tick every 50 ms, the second's clock is an hour behind.
    let start = Instant::now();
    let script = |behind: i64| {
        (0..20_u64)
            .map(|number| (number * 50, data(tick(10_000 + number as i64 - behind))))
            .collect()
    };
    let merge = [timed(start, script(0)), timed(start, script(3_600))].merge_by_time(WINDOW);
    let seen = story(merge, start).await;
    assert_eq!(seen.len(), 40);
    for line in seen.iter().filter(|line| line.contains(" 0:")) {
        let (came, rest) = line.split_once(' ').unwrap();
        let number = rest[2..].parse::<u64>().unwrap() - 10_000;
        let waited = came.parse::<u64>().unwrap() - number * 50;
        assert!(waited <= 200, "{line} waited {waited} ms");
    }
    // Until the first of the other went out, it was in order.
    let late = seen.iter().filter(|line| line.ends_with('*')).count();
    assert_eq!(late, 15, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_goes_on_being_earlier_holds_the_other_no_longer_than_the_window() {
    // The consumer is slower than the first feed, which is always ready and always earlier.
    let mut merge = [
        ticks(0..100),
        ticks([1_000]).chain(stream::pending()).boxed(),
    ]
    .merge_by_time(WINDOW)
    .capacity(4);
    let mut seen = Vec::new();
    for _ in 0..12 {
        seen.push(told(merge.next().await.unwrap()));
        advance(Duration::from_millis(60)).await;
    }
    // Four arrived with it, four more 240 ms later, when it had waited long enough.
    assert_eq!(
        seen,
        [
            "0:0", "0:1", "0:2", "0:3", "1:1000", "0:4*", "0:5*", "0:6*", "0:7*", "0:8*", "0:9*",
            "0:10*"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_ends_is_not_waited_for() {
    let start = Instant::now();
    let merge = [
        timed(start, vec![(10, data(tick(1)))]),
        timed(start, vec![(20, data(tick(2))), (30, data(tick(3)))]),
    ];
    assert_eq!(
        story(merge.merge_by_time(WINDOW), start).await,
        // The first ends at 20 ms, when it is looked at again.
        ["20 0:1", "20 1:2", "30 1:3"]
    );
    let none: [Boxed<Trade>; 0] = [];
    assert_eq!(ready(&mut none.merge_by_time(WINDOW)), (vec![], true));
}

#[tokio::test(start_paused = true)]
async fn markers_wait_no_longer_than_what_is_before_them() {
    let start = Instant::now();
    let script = vec![
        (0, Ok(gap(1))),
        (10, data(tick(100))),
        (20, Ok(gap(2))),
        (30, data(tick(101))),
        (40, Ok(interrupted().into())),
    ];
    let other = timed(start, vec![(215, data(tick(50))), (500, Ok(gap(3)))]);
    assert_eq!(
        story([timed(start, script), other].merge_by_time(WINDOW), start).await,
        [
            "0 gap 1",
            "210 0:100",
            "210 gap 2",
            "215 1:50*",
            "230 0:101",
            "230 status",
            "500 gap 3"
        ]
    );
}

#[test]
fn a_feed_keeps_its_own_order_even_back_in_time() {
    let items = vec![data(tick(10)), data(tick(7)), Ok(gap(1)), data(tick(12))];
    let mut merge = [feed(items), ticks([8, 9, 11])].merge_by_time(WINDOW);
    let (seen, _) = ready(&mut merge);
    assert_eq!(
        seen,
        ["1:8", "1:9", "0:10", "0:7*", "gap 1", "1:11", "0:12"]
    );
    assert_eq!(merge.late(), 1);
}

#[test]
fn without_the_venues_time_that_of_the_receipt_counts_and_without_any_the_place() {
    let quoted = |time: Option<i64>, received: Option<i64>| Quote {
        time: time.map(at),
        received: received.map(at),
        ..quote("A", 0, "5", None)
    };
    let first = [
        quoted(None, Some(3)),
        quoted(None, None),
        quoted(Some(6), Some(1)),
    ];
    let second = [
        quoted(None, None),
        quoted(Some(2), None),
        quoted(Some(4), None),
    ];
    let merged = |feed: usize, quote: &Quote| Event::Data(Merged::new(feed, quote.clone()));
    let merge = [&first, &second].map(|quotes| stream::iter(quotes.clone().map(data)));
    let merge = merge.merge_by_time(WINDOW);
    let seen: Vec<_> = merge.map(Result::unwrap).collect().now_or_never().unwrap();
    assert_eq!(
        seen,
        [
            merged(1, &second[0]),
            merged(1, &second[1]),
            merged(0, &first[0]),
            merged(0, &first[1]),
            merged(1, &second[2]),
            merged(0, &first[2]),
        ]
    );
}

#[test]
fn what_is_held_goes_out_before_an_error() {
    // It is not polled again once another has failed.
    let mut polls = 0;
    let silent = stream::poll_fn(move |_| {
        polls += 1;
        assert_eq!(polls, 1);
        Poll::Pending
    })
    .boxed();
    let mut merge = vec![
        ticks([5, 8]).chain(stream::pending()).boxed(),
        silent,
        feed(vec![
            data(tick(7)),
            Ok(gap(1)),
            Err(ErrorKind::Closed.into()),
            data(tick(1)),
        ]),
    ]
    .merge_by_time(Duration::MAX);
    assert_eq!(
        ready(&mut merge),
        (
            ["0:5", "2:7", "gap 1", "0:8", "error"]
                .map(str::to_owned)
                .to_vec(),
            true
        )
    );
    assert!(merge.is_terminated());
    assert_eq!(ready(&mut merge), (vec![], true));
}

#[tokio::test(start_paused = true)]
async fn what_is_held_goes_out_in_order_of_time_even_if_it_has_waited_long_enough() {
    let (send, mut receive) = mpsc::unbounded_channel();
    let mut merge = [
        ticks([1_000]).chain(stream::pending()).boxed(),
        stream::poll_fn(move |cx| receive.poll_recv(cx)).boxed(),
    ]
    .merge_by_time(WINDOW);
    assert_eq!(ready(&mut merge), (vec![], false));
    advance(Duration::from_millis(250)).await;
    send.send(data(tick(5))).unwrap();
    send.send(Err(ErrorKind::Closed.into())).unwrap();
    assert_eq!(
        ready(&mut merge),
        (["1:5", "0:1000", "error"].map(str::to_owned).to_vec(), true)
    );
}

#[test]
fn a_full_feed_lets_the_earliest_go_and_says_what_was_late() {
    let (send, mut receive) = mpsc::unbounded_channel();
    let slow = stream::poll_fn(move |cx| receive.poll_recv(cx)).boxed();
    let mut merge = [ticks(1..=5).chain(stream::pending()).boxed(), slow]
        .merge_by_time(Duration::MAX)
        .capacity(3);
    let next =
        |merge: &mut MergeByTime<_>| merge.next().now_or_never().map(|item| told(item.unwrap()));
    assert_eq!(next(&mut merge).as_deref(), Some("0:1"));
    assert_eq!(
        (merge.held(), merge.get_ref(0).unwrap().size_hint().0),
        (2, 2)
    );
    assert_eq!(next(&mut merge).as_deref(), Some("0:2"));
    // Older than what had to go, and older than what is held.
    send.send(data(tick(1))).unwrap();
    send.send(data(tick(3))).unwrap();
    assert_eq!(next(&mut merge).as_deref(), Some("1:1*"));
    assert_eq!(next(&mut merge).as_deref(), Some("0:3"));
    assert_eq!(next(&mut merge).as_deref(), Some("1:3"));
    // Two are held and may wait for ever.
    assert_eq!(next(&mut merge), None);
    assert_eq!((merge.held(), merge.late()), (2, 1));
    assert_eq!(merge.size_hint(), (2, None));
}

#[tokio::test(start_paused = true)]
async fn a_window_of_zero_never_waits_long_and_one_without_end_for_ever() {
    let mut merge = [
        ticks([3, 1]).chain(stream::pending()).boxed(),
        ticks([]),
        stream::pending().boxed(),
    ]
    .merge_by_time(Duration::ZERO);
    assert_eq!(ready(&mut merge).0, ["0:3", "0:1*"]);

    let mut merge = [ticks([3]), stream::pending().boxed()].merge_by_time(Duration::MAX);
    assert_eq!(ready(&mut merge), (vec![], false));
    advance(Duration::from_secs(1_000_000)).await;
    assert_eq!(ready(&mut merge), (vec![], false));
}

#[tokio::test(start_paused = true)]
async fn wakes_for_each_feed_and_for_the_window() {
    let (first, mut receive_first) = mpsc::unbounded_channel();
    let (second, mut receive_second) = mpsc::unbounded_channel();
    let mut merge = [
        stream::poll_fn(move |cx| receive_first.poll_recv(cx)).boxed(),
        stream::poll_fn(move |cx| receive_second.poll_recv(cx)).boxed(),
    ]
    .merge_by_time(WINDOW);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    let mut poll = || match merge.poll_next_unpin(&mut cx) {
        Poll::Ready(item) => Some(told(item.unwrap())),
        Poll::Pending => None,
    };
    assert_eq!(poll(), None);
    second.send(data(tick(2))).unwrap();
    assert_eq!((woken.get(), poll()), (1, None));
    second.send(data(tick(3))).unwrap();
    assert_eq!((woken.get(), poll()), (2, None));
    first.send(data(tick(1))).unwrap();
    assert_eq!((woken.get(), poll().as_deref()), (3, Some("0:1")));
    assert_eq!(poll(), None);
    advance(Duration::from_millis(199)).await;
    assert_eq!((woken.get(), poll()), (3, None));
    advance(Duration::from_millis(1)).await;
    assert_eq!((woken.get(), poll().as_deref()), (4, Some("1:2")));
    // The other arrived at the same time: the timer is not set again for it.
    assert_eq!(poll().as_deref(), Some("1:3"));
    assert_eq!(poll(), None);
}

#[test]
fn lets_others_run_between_endless_events_that_may_not_go_out() {
    let endless = stream::iter(0..).map(|secs| data(tick(secs))).boxed();
    let mut merge = [stream::pending().boxed(), endless]
        .merge_by_time(Duration::MAX)
        .capacity(usize::MAX);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(merge.poll_next_unpin(&mut cx).is_pending());
    assert_eq!((woken.get(), merge.held()), (1, 256));
}

#[test]
fn every_feed_has_its_turn() {
    let polls: Vec<Arc<AtomicUsize>> = (0..300).map(|_| Arc::default()).collect();
    let feeds: Vec<_> = polls
        .iter()
        .map(|polls| {
            let polls = Arc::clone(polls);
            let mut secs = 0;
            stream::poll_fn(move |_| {
                polls.fetch_add(1, Ordering::Relaxed);
                secs += 1;
                Poll::Ready(Some(data(tick(secs))))
            })
        })
        .collect();
    let mut merge = feeds.merge_by_time(Duration::MAX);
    // More feeds than one poll looks at: the first poll cannot say yet which is the earliest.
    assert!(merge.next().now_or_never().is_none());
    for number in 0..3_000 {
        let item = merge.next().now_or_never().unwrap().unwrap();
        assert_eq!(told(item), format!("{}:{}", number % 300, number / 300 + 1));
    }
    for polls in &polls {
        let polls = polls.load(Ordering::Relaxed);
        assert!((10..=12).contains(&polls), "{polls} polls");
    }
}

#[test]
fn does_not_poll_a_feed_that_has_ended() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polls);
    let ends = stream::poll_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(None)
    });
    let mut merge = [ends.boxed(), ticks(0..1_000)].merge_by_time(WINDOW);
    assert_eq!(ready(&mut merge).0.len(), 1_000);
    assert_eq!(ready(&mut merge), (vec![], true));
    assert_eq!(polls.load(Ordering::Relaxed), 1);
}

#[test]
fn merged_data_is_a_record_of_its_own_feed() {
    let mut trades = [7, 8].map(|id| Trade {
        id: Some(u64::into(id)),
        ..tick(1)
    });
    trades[1].time = at(2);
    let merged = |feed| {
        stream::iter(
            trades
                .clone()
                .map(move |trade| data(Merged::new(feed, trade))),
        )
    };
    let mut dedup = merged(0).chain(merged(1)).chain(merged(0)).dedup();
    assert_eq!(dedup.by_ref().count().now_or_never(), Some(4));
    assert_eq!(dedup.duplicates(), 2);

    let quotes =
        [(0, 1), (1, 2), (0, 3)].map(|(feed, secs)| Merged::new(feed, quote("A", secs, "5", None)));
    let mut latest = stream::iter(quotes.clone().map(data)).buffer(8, Overflow::Conflate);
    let left: Vec<_> = latest
        .by_ref()
        .map(Result::unwrap)
        .collect()
        .now_or_never()
        .unwrap();
    assert_eq!(
        left,
        [quotes[2].clone(), quotes[1].clone()].map(Event::Data)
    );
    assert_eq!(latest.merged(), 1);

    assert_eq!(Merged::new(3, tick(1)).late(true).time(), Some(at(1)));
}

#[test]
fn merged_data_reads_back_what_it_writes() {
    let merged = Merged::new(1, tick(1));
    let text = serde_json::to_string(&merged).unwrap();
    assert_eq!(
        text,
        r#"{"feed":1,"data":{"symbol":"A","price":"5","size":"1","time":"1970-01-01T00:00:01Z"}}"#
    );
    assert_eq!(
        serde_json::from_str::<Merged<Trade>>(&text).unwrap(),
        merged
    );
    let late = merged.late(true);
    let text = serde_json::to_string(&late).unwrap();
    assert!(text.starts_with(r#"{"feed":1,"late":true,"#), "{text}");
    assert_eq!(serde_json::from_str::<Merged<Trade>>(&text).unwrap(), late);
}

/// What a feed brings: after how many milliseconds, and data of that time or a marker.
fn script(back: i64) -> impl Strategy<Value = Vec<(u64, Option<i64>)>> {
    let item = (0..120_u64, prop::option::weighted(0.85, -back..200_i64));
    prop::collection::vec(item, 0..60)
}

/// Runs a merge to its end on a paused clock: each item with its milliseconds.
fn run(scripts: Vec<Vec<(u64, Item<Trade>)>>, capacity: usize) -> Vec<(u64, Event<Merged<Trade>>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async move {
        let start = Instant::now();
        let feeds: Vec<_> = scripts
            .into_iter()
            .map(|script| timed(start, script))
            .collect();
        let mut merge = feeds.merge_by_time(WINDOW).capacity(capacity);
        let mut seen = Vec::new();
        while let Some(item) = merge.next().await {
            seen.push((start.elapsed().as_millis() as u64, item.unwrap()));
        }
        seen
    })
}

fn millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn loses_nothing_keeps_each_feeds_order_flags_what_is_late_and_waits_no_longer(
        steps in prop::collection::vec(script(150), 1..4),
        capacity in prop_oneof![Just(2_usize), Just(1_024)],
    ) {
        // Data is known by its id, markers by theirs; both number feed and place.
        let mut scripts = Vec::new();
        for (feed, steps) in steps.into_iter().enumerate() {
            let (mut clock, mut script) = (0, Vec::new());
            for (place, (wait, ahead)) in steps.into_iter().enumerate() {
                clock += wait;
                let id = (feed * 1_000 + place) as u64;
                script.push((clock, match ahead {
                    Some(ahead) => data(Trade {
                        id: Some(id.into()),
                        time: millis(clock as i64 + ahead),
                        ..tick(0)
                    }),
                    None => Ok(gap(id)),
                }));
            }
            scripts.push(script);
        }
        let seen = run(scripts.clone(), capacity);

        let mut rest: Vec<_> = scripts.iter().map(|script| script.iter()).collect();
        let mut frontier = None;
        for (came, event) in &seen {
            let number = match event {
                Event::Data(merged) => merged.data.id.as_ref().unwrap().to_string().parse().unwrap(),
                Event::Gap(gap) => gap.id.number(),
                Event::Status(_) => unreachable!(),
            };
            let feed = number as usize / 1_000;
            let (arrived, sent) = rest[feed].next().unwrap();
            let sent = sent.as_ref().unwrap();
            prop_assert!(came - arrived <= 201, "waited from {} to {}", arrived, came);
            match (event, sent) {
                (Event::Data(merged), Event::Data(trade)) => {
                    prop_assert_eq!(&merged.data, trade);
                    prop_assert_eq!(merged.feed, feed);
                    let time = Some(trade.time);
                    prop_assert_eq!(merged.late, time < frontier);
                    frontier = frontier.max(time);
                }
                (Event::Gap(gap), Event::Gap(sent)) => prop_assert_eq!(gap, sent),
                _ => prop_assert!(false, "{:?} instead of {:?}", event, sent),
            }
        }
        prop_assert!(rest.iter_mut().all(|rest| rest.next().is_none()), "nothing is lost");
    }

    #[test]
    fn feeds_in_order_that_lag_less_than_the_window_come_out_in_order(
        steps in prop::collection::vec(prop::collection::vec((0..150_u64, 0..200_u64), 0..60), 1..4),
    ) {
        let mut scripts = Vec::new();
        for steps in steps {
            let (mut time, mut script) = (0, Vec::new());
            let mut arrived = 0;
            for (pause, lag) in steps {
                time += pause;
                // What was sent first arrives first.
                arrived = arrived.max(time + lag);
                script.push((arrived, data(Trade { time: millis(time as i64), ..tick(0) })));
            }
            scripts.push(script);
        }
        let mut expected: Vec<i64> = scripts
            .iter()
            .flatten()
            .map(|(_, item)| item.as_ref().unwrap().clone().data().unwrap().time.as_millis())
            .collect();
        expected.sort_unstable();
        let seen = run(scripts, 1_024);
        let merged: Vec<_> = seen.into_iter().map(|(_, event)| event.data().unwrap()).collect();
        prop_assert!(merged.iter().all(|merged| !merged.late));
        let times: Vec<_> = merged.iter().map(|merged| merged.data.time.as_millis()).collect();
        prop_assert_eq!(times, expected);
    }
}

#[test]
fn candles_of_several_feeds_can_be_made_into_longer_ones() {
    use feedline::market::Interval;

    let ticks = [0, 10, 70, 80, 130].map(|secs| data(trade("A", secs, "5", "1")));
    let minutes = stream::iter(ticks.to_vec()).candles(Interval::minutes(1));
    let merged = [minutes].merge_by_time(Duration::ZERO);
    let hours: Vec<_> = merged
        .candles(Interval::hours(1))
        .collect::<Vec<_>>()
        .now_or_never()
        .unwrap();
    let last = hours.last().unwrap().clone().unwrap().data().unwrap();
    assert_eq!((last.volume, last.trades), (Some(5.into()), Some(5)));
}
