//! What a connection does with its environment: how it reads, and what it tells.

#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use feedline::feed::{
    ChannelSpec, Connection, Environment, Malformed, Output, Protocol, Request, Spec, Topic, Topics,
};
use feedline::transport::memory::{self, Memory};
use feedline::transport::{Address, ConnectError, Frame, FrameRef};
use feedline::{Clock, Event, Interruption, Now, StatusKind, Symbol, Timestamp};
use futures_util::future::{BoxFuture, poll_fn};
use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use tokio::task::coop::poll_proceed;

static TICKS: ChannelSpec = ChannelSpec::new("ticks").unanswered();

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Tick(Symbol);

impl Topic for Tick {
    fn channel(&self) -> &'static ChannelSpec {
        &TICKS
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.0)
    }

    fn batch(&self) -> Option<u32> {
        None
    }
}

/// One topic, whose every message is a number. It is live when its socket opens.
struct Ticks {
    spec: Spec,
    address: Address,
}

impl Ticks {
    fn new() -> Self {
        Self {
            spec: Spec::new("ticks"),
            address: Address::parse("ws://ticks.invalid/").unwrap(),
        }
    }
}

fn topic() -> Tick {
    Tick("T".into())
}

impl Protocol for Ticks {
    type Topic = Tick;
    type Event = u64;
    type Effect = Infallible;
    type Reply = Infallible;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(_: &u64) -> Option<Timestamp> {
        None
    }

    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        out.live();
    }

    fn frame(
        &mut self,
        _: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Tick>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let text = std::str::from_utf8(frame.bytes()).unwrap();
        let number = text.parse().map_err(|_| Malformed::new("no number"))?;
        if let Some(id) = topics.find(&topic()) {
            out.event(id, number);
        }
        Ok(())
    }

    fn request(&mut self, _: Now, _: Request<'_>, _: &Topics<Tick>, out: &mut impl Output<Self>) {
        out.send(Frame::text("sub"));
    }

    fn heartbeat(&mut self, _: Now, _: &mut impl Output<Self>) {}

    fn reply(&mut self, _: Now, reply: Infallible, _: &Topics<Tick>, _: &mut impl Output<Self>) {
        match reply {}
    }

    fn timeout(&mut self, _: Now, _: &Topics<Tick>, _: &mut impl Output<Self>) {}
}

/// A transport whose reads use up the task's budget, as a socket's do.
struct Budgeted(Memory);

impl Stream for Budgeted {
    type Item = Result<Frame, Interruption>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let budget = ready!(poll_proceed(cx));
        let item = ready!(Pin::new(&mut self.0).poll_next(cx));
        budget.made_progress();
        Poll::Ready(item)
    }
}

impl Sink<Frame> for Budgeted {
    type Error = Interruption;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready_unpin(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), Self::Error> {
        self.0.start_send_unpin(frame)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_flush_unpin(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_close_unpin(cx)
    }
}

/// Keeps the venue's ends of its pipes, and what it is told.
#[derive(Clone)]
struct World {
    clock: Clock,
    venues: Arc<Mutex<Vec<Memory>>>,
    told: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new() -> Self {
        Self {
            clock: Clock::starting_at(Timestamp::EPOCH),
            venues: Arc::default(),
            told: Arc::default(),
        }
    }

    fn venue(&self) -> Memory {
        self.venues.lock().unwrap().pop().expect("it was opened")
    }

    fn tell(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

impl Environment<Ticks> for World {
    type Transport = Budgeted;

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn live(&self) {
        self.tell("live".to_owned());
    }

    fn closed(&self, lost: Option<&Interruption>) {
        self.tell(match lost {
            Some(cause) => format!("lost: {cause}"),
            None => "closed".to_owned(),
        });
    }

    fn connect(&self, _: &Ticks) -> BoxFuture<'static, Result<Budgeted, ConnectError>> {
        let (client, venue) = memory::pair(512);
        self.venues.lock().unwrap().push(venue);
        async move { Ok(Budgeted(client)) }.boxed()
    }

    fn run(&self, effect: Infallible) -> BoxFuture<'static, Infallible> {
        match effect {}
    }
}

type Feed = Connection<Ticks, World>;

/// Polls it once, after all of the task's budget has been used up elsewhere.
async fn poll_without_budget(feed: &mut Feed) -> Poll<Option<<Feed as Stream>::Item>> {
    tokio::task::yield_now().await;
    poll_fn(|cx| {
        while let Poll::Ready(budget) = poll_proceed(cx) {
            budget.made_progress();
        }
        Poll::Ready(feed.poll_next_unpin(cx))
    })
    .await
}

/// All that it yields without waiting.
fn ready_now(feed: &mut Feed) -> Vec<Event<(Tick, u64)>> {
    let mut events = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        events.push(event.unwrap().unwrap());
    }
    events
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_used_up_its_budget_has_not_read_all_that_has_come() {
    let world = World::new();
    let mut feed = Connection::new(Ticks::new(), world.clone(), 1);
    feed.want(&topic());
    assert_eq!(ready_now(&mut feed), []);
    let mut venue = world.venue();
    // The probe goes out, and the task does not run again until long after the answer has come.
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(ready_now(&mut feed), []);
    for number in 1..=300_u64 {
        venue.send(Frame::text(number.to_string())).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(11)).await;
    let mut numbers = Vec::new();
    // It reads what has come before it finds anything overdue, budget or not.
    let first = poll_without_budget(&mut feed).await;
    let Poll::Ready(Some(Ok(first))) = first else {
        panic!("{first:?}")
    };
    for event in std::iter::once(first).chain(ready_now(&mut feed)) {
        match event {
            Event::Data((_, number)) => numbers.push(number),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_environment_hears_that_its_connection_is_live_and_why_it_is_gone() {
    let world = World::new();
    let mut feed = Connection::new(Ticks::new(), world.clone(), 1);
    feed.want(&topic());
    assert_eq!(ready_now(&mut feed), []);
    assert_eq!(world.told(), ["live"]);
    drop(world.venue());
    let Some(Ok(Event::Status(status))) = feed.next().await else {
        panic!()
    };
    let StatusKind::Interrupted { cause } = status.kind else {
        panic!("{status}")
    };
    // It comes back by itself, and is let go.
    while world.venues.lock().unwrap().is_empty() {
        let wait = tokio::time::sleep(Duration::from_millis(100));
        let _ = futures_util::future::select(feed.next(), Box::pin(wait)).await;
    }
    assert_eq!(world.told(), [format!("lost: {cause}"), "live".to_owned()]);
    feed.release(&topic());
    let polled = async { while feed.next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(10), polled).await;
    assert_eq!(world.told(), ["closed"]);
}
