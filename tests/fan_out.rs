//! `fan_out()` gives one feed to several consumers.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use feedline::adapters::FanOut;
use feedline::market::{Quote, Trade};
use feedline::{
    Cause, ErrorKind, Event, Feed, FeedExt, Gap, GapId, Overflow, Rejection, Scope, Status,
    StatusKind,
};
use futures_test::stream::StreamTestExt;
use futures_test::task::{AwokenCount, new_count_waker, noop_context};
use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, FusedStream, Stream, StreamExt};
use proptest::prelude::*;
use tokio::sync::mpsc;

#[path = "support/events.rs"]
mod events;
use events::{Item, at, data, interrupted, of, outage, quote, trade};

type Boxed = BoxStream<'static, Item<Trade>>;

fn number(number: i64) -> Trade {
    trade("A", number, "5", "1")
}

fn numbers(range: std::ops::RangeInclusive<i64>) -> impl Stream<Item = Item<Trade>> {
    stream::iter(range).map(|at| data(number(at)))
}

fn seen(range: std::ops::RangeInclusive<i64>) -> Vec<Option<Event<Trade>>> {
    range.map(|at| Some(Event::Data(number(at)))).collect()
}

fn dropped(missed: u64, from: i64, to: i64) -> Option<Event<Trade>> {
    let cause = Cause::Overflow {
        from: Some(at(from)),
        to: Some(at(to)),
    };
    let gap = Gap::new(GapId::new((1 << 52) + 1), cause, of(&["A"]));
    Some(gap.missed(missed).into())
}

/// Two branches.
fn pair<S>(feed: S) -> (FanOut<S>, FanOut<S>)
where
    S: Feed<Error = feedline::Error>,
    S::Data: feedline::market::Record + Clone,
{
    let mut branches = feed.fan_out(2).into_iter();
    (branches.next().unwrap(), branches.next().unwrap())
}

/// A feed by hand.
fn channel() -> (mpsc::UnboundedSender<Item<Trade>>, Boxed) {
    let (send, mut receive) = mpsc::unbounded_channel();
    (
        send,
        stream::poll_fn(move |cx| receive.poll_recv(cx)).boxed(),
    )
}

/// All that is ready; `None` stands for an error.
fn ready<T>(stream: &mut (impl Stream<Item = Item<T>> + Unpin)) -> Vec<Option<Event<T>>> {
    let mut seen = Vec::new();
    while let Poll::Ready(Some(item)) = Pin::new(&mut *stream).poll_next(&mut noop_context()) {
        seen.push(item.ok());
    }
    seen
}

fn is_pending(branch: &mut (impl Stream + Unpin), waker: &Waker) -> bool {
    branch
        .poll_next_unpin(&mut Context::from_waker(waker))
        .is_pending()
}

#[test]
fn every_branch_sees_everything_at_its_place() {
    let gap = outage(1, 0, 1);
    let items = vec![
        data(number(1)),
        Ok(interrupted().into()),
        Ok(gap.clone().into()),
        data(number(2)),
    ];
    let expected = [
        Some(Event::Data(number(1))),
        Some(interrupted().into()),
        Some(gap.into()),
        Some(Event::Data(number(2))),
    ];
    let mut branches = stream::iter(items).fan_out(3);
    for branch in &mut branches {
        assert!(!branch.is_terminated());
        assert_eq!(branch.size_hint().1, Some(5));
        assert_eq!(ready(branch), expected);
        assert!(branch.is_terminated());
        assert_eq!(branch.size_hint(), (0, Some(0)));
        assert_eq!(ready(branch), []);
    }
}

#[test]
fn the_error_reaches_every_branch_after_what_is_queued() {
    let items = vec![
        data(number(1)),
        data(number(2)),
        Err(ErrorKind::Closed.into()),
    ];
    let (mut first, mut second) = pair(stream::iter(items));
    let expected: Vec<_> = seen(1..=2).into_iter().chain([None]).collect();
    assert_eq!(ready(&mut first), expected);
    assert_eq!(ready(&mut second), expected);
    assert!(first.is_terminated() && second.is_terminated());
}

#[test]
fn a_slow_branch_is_told_what_it_missed_and_costs_the_other_nothing() {
    let (mut fast, slow) = pair(numbers(1..=6));
    let mut slow = slow.capacity(2);
    assert_eq!(ready(&mut fast), seen(1..=6));
    assert_eq!(fast.dropped(), 0);
    assert_eq!(
        (slow.queued(), slow.dropped(), slow.high_water()),
        (2, 4, 2)
    );
    let mut expected = vec![dropped(4, 1, 4)];
    expected.extend(seen(5..=6));
    assert_eq!(ready(&mut slow), expected);
}

#[test]
fn nobody_loses_anything_for_another_to_read_ahead() {
    let (first, second) = pair(numbers(1..=9));
    let (mut first, mut second) = (first.capacity(2), second.capacity(3));
    for at in 1..=9 {
        for branch in [&mut first, &mut second] {
            let event = branch.next().now_or_never().unwrap().unwrap().unwrap();
            assert_eq!(event, Event::Data(number(at)));
        }
    }
    assert_eq!((first.dropped(), second.dropped()), (0, 0));
}

#[test]
fn takes_a_bounded_number_at_each_poll() {
    let (first, second) = pair(numbers(1..=1_000_000));
    let (mut first, second) = (first.capacity(usize::MAX), second.capacity(usize::MAX));
    first.next().now_or_never().unwrap();
    assert_eq!((first.queued(), second.queued()), (255, 256));
}

#[test]
fn while_a_branch_that_loses_nothing_is_full_the_feed_is_not_polled() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polls);
    let feed = numbers(1..=5).inspect(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let (mut fast, lossless) = pair(feed);
    let mut lossless = lossless.capacity(2).overflow(Overflow::Wait);
    let (waker, woken) = new_count_waker();
    let mut poll = || match fast.poll_next_unpin(&mut Context::from_waker(&waker)) {
        Poll::Ready(item) => Some(item.map(|item| item.unwrap().data().unwrap())),
        Poll::Pending => None,
    };
    assert_eq!(poll(), Some(Some(number(1))));
    assert_eq!(poll(), Some(Some(number(2))));
    assert_eq!((poll(), poll(), woken.get()), (None, None, 0));
    assert_eq!(polls.load(Ordering::Relaxed), 2);

    let first = lossless.next().now_or_never().unwrap().unwrap().unwrap();
    assert_eq!((first, woken.get()), (Event::Data(number(1)), 1));
    assert_eq!(poll(), Some(Some(number(3))));
    assert_eq!(poll(), None);
    // Full again: dropping it lets the feed be polled.
    drop(lossless);
    assert_eq!(woken.get(), 2);
    assert_eq!(poll(), Some(Some(number(4))));
    assert_eq!(poll(), Some(Some(number(5))));
    assert_eq!(poll(), Some(None));
}

#[test]
fn a_branch_that_asked_to_fail_fails_alone() {
    let (mut first, failing) = pair(numbers(1..=5));
    let mut failing = failing.overflow(Overflow::Fail).capacity(2);
    assert_eq!(ready(&mut first), seen(1..=5));
    let mut next = || failing.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), Event::Data(number(1)));
    assert_eq!(next().unwrap().unwrap(), Event::Data(number(2)));
    assert_eq!(
        *next().unwrap().unwrap_err().kind(),
        ErrorKind::Overflow { capacity: 2 }
    );
    assert!(next().is_none());
}

#[test]
fn a_branch_may_want_the_latest_only() {
    let quotes = [("A", 1), ("B", 2), ("A", 3)].map(|(name, at)| quote(name, at, "5", None));
    let items: Vec<Item<Quote>> = quotes.iter().cloned().map(data).collect();
    let (mut all, latest) = pair(stream::iter(items));
    let mut latest = latest.overflow(Overflow::Conflate);
    assert_eq!(
        ready(&mut all),
        quotes.clone().map(|quote| Some(Event::Data(quote)))
    );
    assert_eq!(latest.merged(), 1);
    let left = [&quotes[2], &quotes[1]].map(|quote| Some(Event::Data(quote.clone())));
    assert_eq!(ready(&mut latest), left);
}

#[test]
fn a_change_of_policy_keeps_what_is_queued() {
    let (mut first, second) = pair(numbers(1..=9));
    first.next().now_or_never().unwrap();
    let second = second.overflow(Overflow::Wait);
    assert_eq!(second.queued(), 9);
    let mut second = second.overflow(Overflow::DropOldest).capacity(2);
    let mut expected = vec![dropped(7, 1, 7)];
    expected.extend(seen(8..=9));
    assert_eq!(ready(&mut second), expected);
    assert_eq!(ready(&mut first), seen(2..=9));
}

#[test]
fn who_waits_is_woken_whoever_polled_last() {
    let (send, feed) = channel();
    let (mut first, mut second) = pair(feed);
    let (waker, woken) = new_count_waker();
    let (other, other_woken) = new_count_waker();
    assert!(is_pending(&mut first, &waker));
    assert!(is_pending(&mut second, &other));
    send.send(data(number(1))).unwrap();
    assert_eq!((woken.get(), other_woken.get()), (1, 1));
    // The one that is polled brings it to both; the other may come when it likes.
    assert_eq!(ready(&mut first), seen(1..=1));
    assert_eq!(second.queued(), 1);

    // The last to poll the feed goes away: the other is woken, and again by the feed.
    assert_eq!(ready(&mut second), seen(1..=1));
    assert!(is_pending(&mut second, &other));
    assert!(is_pending(&mut first, &waker));
    drop(first);
    assert_eq!(other_woken.get(), 2);
    assert!(is_pending(&mut second, &other));
    send.send(data(number(2))).unwrap();
    assert_eq!(other_woken.get(), 3);
    assert_eq!(ready(&mut second), seen(2..=2));
}

#[test]
fn who_waits_is_woken_by_what_another_brings() {
    // The feed has something ready that it never woke anybody for.
    let mut polls = 0;
    let feed = stream::poll_fn(move |_| {
        polls += 1;
        match polls {
            2 => Poll::Ready(Some(data(number(1)))),
            _ => Poll::Pending,
        }
    });
    let (mut first, mut second) = pair(feed);
    let (waker, woken) = new_count_waker();
    assert!(is_pending(&mut second, &waker));
    assert!(first.next().now_or_never().is_some());
    assert_eq!(woken.get(), 1);
    assert_eq!(second.queued(), 1);
}

#[test]
fn only_the_latest_waker_of_a_branch_is_woken() {
    let (send, feed) = channel();
    let (mut first, _second) = pair(feed);
    let (old, old_woken) = new_count_waker();
    let (new, new_woken) = new_count_waker();
    assert!(is_pending(&mut first, &old));
    assert!(is_pending(&mut first, &new));
    send.send(data(number(1))).unwrap();
    assert_eq!((old_woken.get(), new_woken.get()), (0, 1));
}

#[test]
fn a_feed_that_wakes_itself_while_it_is_polled_is_polled_again() {
    let (mut first, mut second) = pair(numbers(1..=3).interleave_pending());
    let (waker, woken) = new_count_waker();
    assert!(is_pending(&mut second, &waker));
    assert_eq!(woken.get(), 1);
    assert!(!is_pending(&mut first, &waker));
    assert_eq!(second.queued(), 1);
    assert_eq!(ready(&mut second), seen(1..=3));
    assert_eq!(ready(&mut first), seen(2..=3));
}

/// A waker that runs foreign code when it wakes, and when it is dropped.
struct Foreign {
    at_wake: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    _at_drop: Option<FanOut<Boxed>>,
}

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        let at_wake = self.at_wake.lock().unwrap().take();
        if let Some(at_wake) = at_wake {
            at_wake();
        }
    }
}

#[test]
fn a_waker_may_use_and_drop_other_branches() {
    let (send, feed) = channel();
    let mut branches = feed.fan_out(5);
    let [
        mut polled,
        gone,
        mut held_by_waker,
        mut replaces,
        goes_with_a_waker,
    ] = std::array::from_fn(|_| branches.remove(0));
    let foreign = |at_wake: Option<Box<dyn FnOnce() + Send>>, at_drop| {
        Waker::from(Arc::new(Foreign {
            at_wake: Mutex::new(at_wake),
            _at_drop: at_drop,
        }))
    };
    // A waker whose last copy is replaced by another drops a branch.
    let (counted, woken) = new_count_waker();
    let waker = foreign(None, Some(goes_with_a_waker));
    assert!(is_pending(&mut replaces, &waker));
    drop(waker);
    assert!(is_pending(&mut replaces, &counted));
    let seen_inside = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::clone(&seen_inside);
    let waker = foreign(
        Some(Box::new(move || {
            drop(gone);
            *inside.lock().unwrap() = ready(&mut polled);
        })),
        None,
    );
    assert!(is_pending(&mut held_by_waker, &waker));
    send.send(data(number(1))).unwrap();
    assert_eq!(*seen_inside.lock().unwrap(), seen(1..=1));
    assert_eq!(woken.get(), 1);
    assert_eq!(ready(&mut replaces), seen(1..=1));
    assert_eq!(ready(&mut held_by_waker), seen(1..=1));
}

#[test]
fn a_waker_may_do_so_too_when_the_feed_wakes_while_it_is_polled() {
    let (mut first, mut second) = pair(numbers(1..=1).interleave_pending().boxed());
    let seen_inside = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::clone(&seen_inside);
    let waker = Waker::from(Arc::new(Foreign {
        at_wake: Mutex::new(Some(Box::new(move || {
            *inside.lock().unwrap() = ready(&mut second);
        }))),
        _at_drop: None,
    }));
    assert!(is_pending(&mut first, &waker));
    assert_eq!(*seen_inside.lock().unwrap(), seen(1..=1));
    assert_eq!(ready(&mut first), seen(1..=1));
}

#[test]
fn dropping_the_last_branch_drops_the_feed() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let feed = numbers(1..=2).inspect(move |_| {
        let _ = &held;
    });
    let (mut first, second) = pair(feed);
    first.next().now_or_never().unwrap();
    drop(first);
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(second);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn dropping_a_branch_frees_what_it_queued() {
    let (mut first, second) = pair(stream::iter((0..10).map(|_| {
        let symbol = "A_NAME_TOO_LONG_TO_BE_KEPT_INLINE";
        data(trade(symbol, 1, "5", "1"))
    })));
    first.next().now_or_never().unwrap();
    assert_eq!(second.queued(), 10);
    drop(second);
    // What the feed brings from now on is not kept for it.
    assert_eq!(ready(&mut first).len(), 9);
}

#[test]
fn a_feed_that_panics_leaves_nobody_asleep() {
    let mut polls = 0;
    let feed = stream::poll_fn(move |_| {
        polls += 1;
        match polls {
            1 => Poll::Pending,
            2 => panic!("once"),
            3 => Poll::Ready(Some(data(number(1)))),
            _ => Poll::Pending,
        }
    });
    let (mut first, mut second) = pair(feed);
    let (waker, woken) = new_count_waker();
    assert!(is_pending(&mut first, &waker));
    let poll = AssertUnwindSafe(|| second.next().now_or_never());
    assert!(catch_unwind(poll).is_err());
    assert_eq!(woken.get(), 1);
    assert_eq!(
        first.next().now_or_never().unwrap().unwrap().unwrap(),
        Event::Data(number(1))
    );
    assert_eq!(second.queued(), 1);
}

#[test]
fn does_not_poll_a_feed_that_has_ended() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polls);
    let ends = stream::poll_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(None::<Item<Trade>>)
    });
    let (mut first, mut second) = pair(ends);
    for _ in 0..2 {
        assert_eq!((ready(&mut first), ready(&mut second)), (vec![], vec![]));
    }
    assert_eq!(polls.load(Ordering::Relaxed), 1);
}

#[test]
#[should_panic(expected = "a feed needs a branch")]
fn a_feed_without_a_branch_is_a_mistake() {
    let _ = numbers(1..=2).fan_out(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_in_many_tasks_lose_nothing_and_none_sleeps_for_ever() {
    let (send, feed) = channel();
    let tasks: Vec<_> = feed
        .fan_out(4)
        .into_iter()
        .map(|branch| {
            let branch = branch.capacity(8).overflow(Overflow::Wait);
            tokio::spawn(branch.map(Result::ok).collect::<Vec<_>>())
        })
        .collect();
    for at in 1..=2_000 {
        send.send(data(number(at))).unwrap();
        if at % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    drop(send);
    for task in tasks {
        assert_eq!(task.await.unwrap(), seen(1..=2_000));
    }
}

/// What happens to a feed and its branches.
#[derive(Clone, Debug)]
enum Step {
    Data,
    Marker,
    /// A branch is polled, woken or not, with the waker it had or with another.
    Poll(usize, bool),
    /// What has been woken is polled, as by an executor, this many times.
    Run(usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Data),
        2 => Just(Step::Marker),
        6 => (0..4_usize, any::<bool>()).prop_map(|(branch, new)| Step::Poll(branch, new)),
        2 => (1..6_usize).prop_map(Step::Run),
        1 => (0..4_usize).prop_map(Step::Drop),
    ]
}

/// A branch, its waker, and what it has yielded.
struct Reader {
    branch: FanOut<Boxed>,
    lossless: bool,
    waker: Waker,
    woken: AwokenCount,
    /// How often it had been woken when it began to wait; `None` while it need not be woken.
    waits: Option<usize>,
    seen: Vec<Event<Trade>>,
    ended: bool,
}

impl Reader {
    fn poll(&mut self) {
        let before = self.woken.get();
        match self
            .branch
            .poll_next_unpin(&mut Context::from_waker(&self.waker))
        {
            Poll::Ready(Some(item)) => {
                self.seen.push(item.unwrap());
                self.waits = None;
            }
            Poll::Ready(None) => {
                self.ended = true;
                self.waits = None;
            }
            Poll::Pending => self.waits = Some(before),
        }
    }

    fn runnable(&self) -> bool {
        !self.ended && self.waits.is_none_or(|waits| self.woken.get() > waits)
    }
}

/// A marker that never folds.
fn refused(number: usize) -> Status {
    let rejection = Rejection::new(number.to_string(), None, "");
    Status::new(StatusKind::Rejected(rejection), Scope::All)
}

/// Walks through what a branch yielded beside what the feed brought.
fn account(reader: &Reader, sent: &[Event<Trade>]) -> Result<(), TestCaseError> {
    if reader.lossless {
        prop_assert_eq!(&reader.seen, sent);
        return Ok(());
    }
    let (mut next, mut missed) = (0, 0);
    let mut markers = Vec::new();
    for event in &reader.seen {
        match event {
            Event::Gap(gap) => missed += gap.missed.unwrap(),
            Event::Data(_) => {
                let skipped = sent[next..].iter().position(|sent| sent == event);
                let place = next + skipped.unwrap();
                let lost = sent[next..place].iter().filter(|event| !event.is_marker());
                prop_assert_eq!(lost.count() as u64, missed);
                missed = 0;
                next = place + 1;
            }
            Event::Status(_) => {
                let place = sent.iter().position(|sent| sent == event).unwrap();
                prop_assert!(place >= next, "a marker behind what came after it");
                markers.push(event);
            }
        }
        // Data that comes after a marker is never yielded ahead of it.
        let due = sent[..next].iter().filter(|event| event.is_marker());
        let told: Vec<_> = markers.iter().copied().take(due.clone().count()).collect();
        prop_assert_eq!(told, due.collect::<Vec<_>>());
    }
    let lost = sent[next..].iter().filter(|event| !event.is_marker());
    prop_assert_eq!(lost.count() as u64, missed);
    let all: Vec<_> = sent.iter().filter(|event| event.is_marker()).collect();
    prop_assert_eq!(markers, all);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_branch_gets_or_counts_everything_and_none_sleeps_for_ever(
        steps in prop::collection::vec(step(), 0..150),
        queues in prop::collection::vec((1..6_usize, any::<bool>()), 1..4),
        yields in any::<bool>(),
    ) {
        let (send, feed) = channel();
        let feed = if yields { feed.interleave_pending().boxed() } else { feed };
        let mut readers: Vec<Option<Reader>> = feed
            .fan_out(queues.len())
            .into_iter()
            .zip(&queues)
            .map(|(branch, (capacity, lossless))| {
                let policy = if *lossless { Overflow::Wait } else { Overflow::DropOldest };
                let (waker, woken) = new_count_waker();
                Some(Reader {
                    branch: branch.capacity(*capacity).overflow(policy),
                    lossless: *lossless,
                    waker,
                    woken,
                    waits: None,
                    seen: Vec::new(),
                    ended: false,
                })
            })
            .collect();
        let mut sent = Vec::new();
        let run = |readers: &mut [Option<Reader>], times: usize| {
            for _ in 0..times {
                let Some(reader) = readers.iter_mut().flatten().find(|reader| reader.runnable()) else {
                    return;
                };
                reader.poll();
            }
        };
        for step in steps {
            match step {
                Step::Data | Step::Marker => {
                    let place = sent.len();
                    let event: Event<Trade> = if matches!(step, Step::Data) {
                        Event::Data(number(place as i64))
                    } else {
                        refused(place).into()
                    };
                    sent.push(event.clone());
                    // Nobody is there to hear it once all branches are gone.
                    let _ = send.send(Ok(event));
                }
                Step::Poll(branch, new) => {
                    if let Some(Some(reader)) = readers.get_mut(branch) {
                        if new {
                            (reader.waker, reader.woken) = new_count_waker();
                        }
                        reader.poll();
                    }
                }
                Step::Run(times) => run(&mut readers, times),
                Step::Drop(branch) => {
                    if let Some(reader) = readers.get_mut(branch) {
                        *reader = None;
                    }
                }
            }
        }
        // Until all is quiet: who is not woken is not polled.
        run(&mut readers, usize::MAX);
        for reader in readers.iter().flatten() {
            prop_assert!(reader.waits.is_some() && reader.branch.queued() == 0);
            account(reader, &sent)?;
        }
        drop(send);
        run(&mut readers, usize::MAX);
        prop_assert!(readers.iter().flatten().all(|reader| reader.ended));
    }
}
