//! `stale_after()` says in the stream when nothing comes.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::adapters::StaleAfter;
use feedline::{ErrorKind, Event, FeedExt, Scope, Staleness, Status, StatusKind};
use futures_test::task::{AwokenCount, new_count_waker, noop_context};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::advance;

#[path = "support/events.rs"]
mod events;
use events::{Item, data, interrupted, of, outage};

const PERIOD: Duration = Duration::from_secs(10);

type Boxed = Pin<Box<dyn Stream<Item = Item<u32>>>>;

/// A feed by hand, read through `stale_after(10s)`.
struct Feed {
    send: Option<mpsc::UnboundedSender<Item<u32>>>,
    stale: StaleAfter<Boxed>,
    waker: std::task::Waker,
    woken: AwokenCount,
}

fn feed(period: Duration) -> Feed {
    let (send, mut receive) = mpsc::unbounded_channel();
    let stream: Boxed = Box::pin(stream::poll_fn(move |cx| receive.poll_recv(cx)));
    let (waker, woken) = new_count_waker();
    Feed {
        send: Some(send),
        stale: stream.stale_after(period),
        waker,
        woken,
    }
}

impl Feed {
    fn send(&self, event: impl Into<Event<u32>>) {
        self.send.as_ref().unwrap().send(Ok(event.into())).unwrap();
    }

    /// All that is ready.
    fn ready(&mut self) -> Vec<Event<u32>> {
        let mut cx = Context::from_waker(&self.waker);
        let mut seen = Vec::new();
        while let Poll::Ready(Some(item)) = Pin::new(&mut self.stale).poll_next(&mut cx) {
            seen.push(item.unwrap());
        }
        seen
    }

    /// All that is ready after so many seconds, during which it is polled only when it wakes.
    async fn after(&mut self, secs: u64) -> Vec<Event<u32>> {
        let mut seen = self.ready();
        for _ in 0..secs {
            let before = self.woken.get();
            advance(Duration::from_secs(1)).await;
            if self.woken.get() > before {
                seen.append(&mut self.ready());
            }
        }
        seen
    }
}

fn silent(secs: u64) -> Event<u32> {
    let silence = Duration::from_secs(secs);
    let why = Staleness::Silence { silence };
    Status::new(StatusKind::Stale { why }, Scope::All).into()
}

fn fresh(scope: Scope) -> Event<u32> {
    Status::new(StatusKind::Fresh, scope).into()
}

fn resumed(scope: Scope) -> Event<u32> {
    let kind = StatusKind::Resumed {
        downtime: Duration::from_secs(1),
        attempts: 1,
    };
    Status::new(kind, scope).into()
}

fn down(scope: Scope) -> Event<u32> {
    Status::new(interrupted().kind, scope).into()
}

fn no_first_data(scope: Scope) -> Event<u32> {
    let why = Staleness::NoFirstData;
    Status::new(StatusKind::Stale { why }, scope).into()
}

fn backpressure() -> Event<u32> {
    let why = Staleness::Backpressure { by: "B".into() };
    Status::new(StatusKind::Stale { why }, Scope::All).into()
}

#[tokio::test(start_paused = true)]
async fn says_once_that_nothing_comes_and_once_that_it_comes_again() {
    let mut feed = feed(PERIOD);
    feed.send(Event::Data(1));
    assert_eq!(feed.ready(), [Event::Data(1)]);
    assert_eq!(feed.after(9).await, []);
    assert_eq!(feed.after(1).await, [silent(10)]);
    assert!(feed.stale.is_silent());
    assert_eq!(feed.after(100).await, []);
    feed.send(Event::Data(2));
    feed.send(Event::Data(3));
    assert_eq!(
        feed.ready(),
        [fresh(Scope::All), Event::Data(2), Event::Data(3)]
    );
    assert!(!feed.stale.is_silent());
    assert_eq!(feed.after(10).await, [silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn the_period_counts_from_the_first_poll() {
    let mut feed = feed(PERIOD);
    advance(Duration::from_secs(60)).await;
    assert_eq!(feed.after(9).await, []);
    assert_eq!(feed.after(1).await, [silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn data_and_markers_begin_the_period_anew() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.after(9).await, []);
    feed.send(Event::Data(1));
    assert_eq!(feed.after(9).await, [Event::Data(1)]);
    let gap = outage(1, 0, 1);
    feed.send(gap.clone());
    assert_eq!(feed.after(9).await, [gap.into()]);
    feed.send(no_first_data(of(&["A"])));
    assert_eq!(feed.after(9).await, [no_first_data(of(&["A"]))]);
    assert_eq!(feed.after(1).await, [silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn wakes_for_the_stream_beneath_and_for_the_period_and_for_nothing_else() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.ready(), []);
    feed.send(Event::Data(1));
    assert_eq!(feed.woken.get(), 1);
    advance(Duration::from_secs(4)).await;
    assert_eq!(feed.ready(), [Event::Data(1)]);
    // The timer is still set for the tenth second: it wakes then, in vain, and is set anew.
    advance(Duration::from_secs(6)).await;
    assert_eq!(feed.woken.get(), 2);
    assert_eq!(feed.ready(), []);
    advance(Duration::from_secs(3)).await;
    assert_eq!(feed.woken.get(), 2);
    advance(Duration::from_secs(1)).await;
    assert_eq!(feed.woken.get(), 3);
    assert_eq!(feed.ready(), [silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn a_late_consumer_sees_no_silence_that_was_none() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.ready(), []);
    feed.send(Event::Data(1));
    advance(Duration::from_secs(60)).await;
    assert_eq!(feed.after(9).await, [Event::Data(1)]);
    // And says how long it has really been.
    advance(Duration::from_secs(6)).await;
    assert_eq!(feed.ready(), [silent(15)]);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_explains_silence_and_the_period_counts_anew_when_it_is_over() {
    let mut feed = feed(PERIOD);
    feed.send(interrupted());
    assert_eq!(feed.after(60).await, [interrupted().into()]);
    // Some topics bring data before all have resumed.
    feed.send(Event::Data(1));
    assert_eq!(feed.after(60).await, [Event::Data(1)]);
    feed.send(resumed(Scope::All));
    assert_eq!(feed.after(9).await, [resumed(Scope::All)]);
    assert_eq!(feed.after(1).await, [silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_of_some_does_not_explain_the_silence_of_the_others() {
    let mut feed = feed(PERIOD);
    feed.send(down(of(&["A"])));
    assert_eq!(feed.after(10).await, [down(of(&["A"])), silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn resumed_after_silence_and_an_interruption_makes_it_fresh() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.after(10).await, [silent(10)]);
    feed.send(interrupted());
    assert_eq!(feed.after(60).await, [interrupted().into()]);
    feed.send(resumed(Scope::All));
    feed.send(Event::Data(1));
    assert_eq!(
        feed.after(10).await,
        [
            resumed(Scope::All),
            fresh(Scope::All),
            Event::Data(1),
            silent(10)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_gap_alone_ends_no_silence() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.after(10).await, [silent(10)]);
    let gap = outage(1, 0, 1);
    feed.send(gap.clone());
    assert_eq!(feed.after(60).await, [gap.into()]);
    feed.send(Event::Data(1));
    assert_eq!(feed.ready(), [fresh(Scope::All), Event::Data(1)]);
}

#[tokio::test(start_paused = true)]
async fn what_the_feed_says_of_all_explains_silence() {
    let mut feed = feed(PERIOD);
    feed.send(backpressure());
    assert_eq!(feed.after(60).await, [backpressure()]);
    feed.send(fresh(Scope::All));
    assert_eq!(feed.after(9).await, [fresh(Scope::All)]);
    assert_eq!(feed.after(1).await, [silent(10)]);
}

#[tokio::test(start_paused = true)]
async fn their_fresh_of_all_ends_our_silence_too() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.after(10).await, [silent(10)]);
    feed.send(backpressure());
    feed.send(fresh(Scope::All));
    feed.send(Event::Data(1));
    assert_eq!(
        feed.after(10).await,
        [
            backpressure(),
            fresh(Scope::All),
            Event::Data(1),
            silent(10)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_they_called_stale_is_said_again_after_our_fresh() {
    let mut feed = feed(PERIOD);
    feed.send(no_first_data(of(&["A", "B"])));
    assert_eq!(
        feed.after(10).await,
        [no_first_data(of(&["A", "B"])), silent(10)]
    );
    feed.send(Event::Data(1));
    assert_eq!(
        feed.ready(),
        [
            fresh(Scope::All),
            no_first_data(of(&["A", "B"])),
            Event::Data(1)
        ]
    );
    assert_eq!(feed.after(10).await, [silent(10)]);
    // A word that one of them is fresh is a sign of life.
    feed.send(fresh(of(&["A"])));
    assert_eq!(
        feed.ready(),
        [
            fresh(Scope::All),
            no_first_data(of(&["B"])),
            fresh(of(&["A"]))
        ]
    );
    feed.send(fresh(of(&["B"])));
    assert_eq!(feed.after(10).await, [fresh(of(&["B"])), silent(10)]);
    feed.send(Event::Data(2));
    assert_eq!(feed.ready(), [fresh(Scope::All), Event::Data(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_symbol_does_not_hide_the_silence_of_all_after_backpressure() {
    let mut feed = feed(PERIOD);
    feed.send(no_first_data(of(&["A"])));
    feed.send(backpressure());
    feed.send(fresh(of(&["B", "C"])));
    assert_eq!(feed.after(10).await.last(), Some(&silent(10)));
    feed.send(Event::Data(1));
    assert_eq!(
        feed.ready(),
        [fresh(Scope::All), no_first_data(of(&["A"])), Event::Data(1)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_huge_period_is_never_over() {
    let mut feed = feed(Duration::MAX);
    assert_eq!(feed.after(1_000).await, []);
    feed.send(Event::Data(1));
    assert_eq!(feed.ready(), [Event::Data(1)]);
}

#[test]
fn needs_no_runtime_while_it_need_not_wait() {
    let items: [Item<u32>; 2] = [data(1), Ok(interrupted().into())];
    let endless = stream::iter(items).chain(stream::pending());
    let mut stale = Box::pin(endless).stale_after(PERIOD);
    for _ in 0..2 {
        assert!(stale.next().now_or_never().is_some());
    }
    // Interrupted: it waits for nothing but the stream beneath.
    assert!(stale.next().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn ends_with_the_stream_beneath() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.after(10).await, [silent(10)]);
    feed.send = None;
    let mut cx = noop_context();
    for _ in 0..2 {
        // A second poll of the channel would be fine; of a stream that ended it might not.
        assert!(matches!(
            Pin::new(&mut feed.stale).poll_next(&mut cx),
            Poll::Ready(None)
        ));
        assert!(feed.stale.is_terminated());
    }
    assert_eq!(feed.stale.size_hint(), (0, Some(0)));
}

#[test]
fn the_error_is_the_last_item() {
    let mut polled = 0;
    let fails = stream::poll_fn(|_| {
        polled += 1;
        assert_eq!(polled, 1);
        Poll::Ready(Some(Item::<u32>::Err(ErrorKind::Closed.into())))
    });
    let mut stale = fails.stale_after(PERIOD);
    assert_eq!(stale.size_hint(), (0, None));
    let mut next = || stale.next().now_or_never().unwrap();
    assert_eq!(*next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(next().is_none());
    assert!(stale.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn gives_back_what_it_holds() {
    let mut feed = feed(PERIOD);
    assert_eq!(feed.after(10).await, [silent(10)]);
    feed.send(Event::Data(1));
    let first = feed.stale.next().await.unwrap().unwrap();
    assert_eq!(first, fresh(Scope::All));
    assert_eq!(feed.stale.size_hint().0, 1);
    assert_eq!(feed.stale.into_inner().1, [Event::Data(1)]);
}
