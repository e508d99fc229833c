//! A connection used on its own, around a protocol made up here: it logs in with a token that an
//! effect fetches, is never answered when it subscribes, and is not polled by any task.

#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use feedline::feed::{
    ChannelSpec, Connection, Environment, Failure, Malformed, Op, Output, Protocol, Request, Spec,
    Topic, TopicId, Topics,
};
use feedline::transport::memory::{self, Memory};
use feedline::transport::{Address, ConnectError, Frame, FrameRef};
use feedline::{Clock, Error, ErrorKind, Event, Interruption, Now, State, StatusKind, Symbol};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hashbrown::Equivalent;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Price(Symbol);

static PRICES: ChannelSpec = ChannelSpec::new("prices").unanswered();

impl Topic for Price {
    fn channel(&self) -> &'static ChannelSpec {
        &PRICES
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.0)
    }

    fn batch(&self) -> Option<u32> {
        Some(0)
    }

    fn bytes(&self) -> usize {
        self.0.len()
    }
}

#[derive(Hash)]
struct Key<'a>(&'a str);

impl Equivalent<Price> for Key<'_> {
    fn equivalent(&self, topic: &Price) -> bool {
        topic.0 == *self.0
    }
}

/// `token T` in, `sub A,B` and `unsub A` out, `A 12` in.
struct Toy {
    spec: Spec,
    address: Address,
}

struct FetchToken;

impl Toy {
    fn new() -> Self {
        let mut spec = Spec::new("toy");
        spec.topics_per_request = 3;
        spec.bytes_per_request = 8;
        spec.login_timeout = Duration::from_secs(5);
        Self {
            spec,
            address: Address::parse("ws://toy.invalid/").unwrap(),
        }
    }
}

impl Protocol for Toy {
    type Topic = Price;
    type Event = u64;
    type Effect = FetchToken;
    type Reply = Result<String, Error>;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(_: &u64) -> Option<feedline::Timestamp> {
        None
    }

    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        out.effect(FetchToken);
    }

    fn frame(
        &mut self,
        _: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Price>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let malformed = |topic: Option<TopicId>, reason: &'static str| match topic {
            Some(topic) => Malformed::event(topic, reason),
            None => Malformed::new(reason),
        };
        let FrameRef::Text(text) = frame else {
            return Err(malformed(None, "not text"));
        };
        if text == "welcome" {
            out.live();
            return Ok(());
        }
        let (symbol, price) = text.split_once(' ').ok_or(malformed(None, "no price"))?;
        let Some(topic) = topics.find(&Key(symbol)) else {
            return Ok(());
        };
        let price = price
            .parse()
            .map_err(|_| malformed(Some(topic), "not a number"))?;
        out.event(topic, price);
        Ok(())
    }

    fn request(
        &mut self,
        _: Now,
        request: Request<'_>,
        topics: &Topics<Price>,
        out: &mut impl Output<Self>,
    ) {
        let names: Vec<_> = request
            .topics
            .iter()
            .map(|id| topics.get(*id).0.as_str())
            .collect();
        let verb = if request.op == Op::Subscribe {
            "sub"
        } else {
            "unsub"
        };
        out.send(Frame::text(format!("{verb} {}", names.join(","))));
    }

    fn heartbeat(&mut self, _: Now, _: &mut impl Output<Self>) {}

    fn reply(
        &mut self,
        _: Now,
        reply: Self::Reply,
        _: &Topics<Price>,
        out: &mut impl Output<Self>,
    ) {
        match reply {
            Ok(token) => out.send(Frame::text(format!("token {token}"))),
            Err(error) => out.fail(Failure::Fatal(error)),
        }
    }

    fn timeout(&mut self, _: Now, _: &Topics<Price>, _: &mut impl Output<Self>) {}
}

/// Hands out one end of a pipe a connect and keeps the others for the test.
#[derive(Clone)]
struct World {
    clock: Clock,
    venues: Arc<Mutex<Vec<Memory>>>,
    token: Arc<dyn Fn() -> Result<String, Error> + Send + Sync>,
}

impl World {
    fn new(token: impl Fn() -> Result<String, Error> + Send + Sync + 'static) -> Self {
        Self {
            clock: Clock::system(),
            venues: Arc::default(),
            token: Arc::new(token),
        }
    }

    fn venue(&self) -> Memory {
        self.venues
            .lock()
            .unwrap()
            .pop()
            .expect("a connection was opened")
    }
}

impl Environment<Toy> for World {
    type Transport = Memory;

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn connect(&self, _: &Toy) -> BoxFuture<'static, Result<Memory, ConnectError>> {
        let (client, venue) = memory::pair(16);
        self.venues.lock().unwrap().push(venue);
        async move { Ok(client) }.boxed()
    }

    fn run(&self, FetchToken: FetchToken) -> BoxFuture<'static, Result<String, Error>> {
        let token = (self.token)();
        async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            token
        }
        .boxed()
    }
}

type Prices = Connection<Toy, World>;
type Item = Option<Result<Event<(Price, u64)>, Error>>;

/// Polls the connection for a while; what it yields in that time.
async fn poll(prices: &mut Prices) -> Vec<Event<(Price, u64)>> {
    let mut events = Vec::new();
    let wait = tokio::time::sleep(Duration::from_millis(100));
    tokio::pin!(wait);
    loop {
        tokio::select! {
            biased;
            event = prices.next() => events.push(event.expect("it goes on").expect("well")),
            () = &mut wait => return events,
        }
    }
}

async fn said(venue: &mut Memory) -> String {
    match venue.next().now_or_never() {
        Some(Some(Ok(Frame::Text(text)))) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

fn price(symbol: &str, price: u64) -> Event<(Price, u64)> {
    Event::Data((Price(symbol.into()), price))
}

#[tokio::test(start_paused = true)]
async fn a_connection_logs_in_by_effect_and_subscribes_within_the_limits() {
    let world = World::new(|| Ok("secret".to_owned()));
    let mut prices = Connection::new(Toy::new(), world.clone(), 1);
    for symbol in ["AA", "BB", "CC", "DD", "EEEEE", "FFFFF"] {
        prices.want(&Price(symbol.into()));
    }
    assert_eq!(poll(&mut prices).await, []);
    assert_eq!(prices.state(), State::Authenticating);
    let mut venue = world.venue();
    assert_eq!(said(&mut venue).await, "token secret");
    venue.send(Frame::text("welcome")).await.unwrap();
    assert_eq!(poll(&mut prices).await, []);
    assert!(
        prices.is_settled(),
        "a topic that is never answered is accepted when it is sent"
    );
    assert_eq!(
        said(&mut venue).await,
        "sub AA,BB,CC",
        "three topics a request"
    );
    assert_eq!(
        said(&mut venue).await,
        "sub DD,EEEEE",
        "eight bytes a request"
    );
    assert_eq!(said(&mut venue).await, "sub FFFFF");
    venue.send(Frame::text("AA 5")).await.unwrap();
    venue.send(Frame::text("AA five")).await.unwrap();
    venue.send(Frame::text("BB 6")).await.unwrap();
    let events = poll(&mut prices).await;
    assert_eq!(events.len(), 3);
    assert_eq!((&events[0], &events[2]), (&price("AA", 5), &price("BB", 6)));
    assert!(
        matches!(&events[1], Event::Gap(gap) if gap.missed == Some(1) && gap.scope.contains("AA"))
    );
    prices.release(&Price("AA".into()));
    assert_eq!(poll(&mut prices).await, []);
    assert_eq!(said(&mut venue).await, "unsub AA");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_reconnects_with_a_new_token() {
    let count = Mutex::new(0);
    let world = World::new(move || {
        let mut count = count.lock().unwrap();
        *count += 1;
        Ok(format!("number-{count}"))
    });
    let mut prices = Connection::new(Toy::new(), world.clone(), 1);
    prices.want(&Price("AA".into()));
    poll(&mut prices).await;
    let mut venue = world.venue();
    assert_eq!(said(&mut venue).await, "token number-1");
    venue.send(Frame::text("welcome")).await.unwrap();
    poll(&mut prices).await;
    drop(venue);
    let mut markers = poll(&mut prices).await;
    for _ in 0..10 {
        markers.extend(poll(&mut prices).await);
    }
    let mut venue = world.venue();
    assert_eq!(said(&mut venue).await, "token number-2");
    venue.send(Frame::text("welcome")).await.unwrap();
    markers.extend(poll(&mut prices).await);
    let [Event::Status(first), Event::Gap(_), Event::Status(last)] = &markers[..] else {
        panic!("{markers:?}")
    };
    let cause = Interruption::Closed {
        code: None,
        reason: "".into(),
    };
    assert_eq!(first.kind, StatusKind::Interrupted { cause });
    assert!(
        matches!(last.kind, StatusKind::Resumed { attempts: 1, .. }),
        "{last}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_not_answered_is_given_up() {
    let world = World::new(|| Ok("secret".to_owned()));
    let mut prices = Connection::new(Toy::new(), world.clone(), 1);
    prices.want(&Price("AA".into()));
    let begun = tokio::time::Instant::now();
    let interrupted: Item = prices.next().await;
    assert!(
        begun.elapsed() >= Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let Some(Ok(Event::Status(status))) = interrupted else {
        panic!("{interrupted:?}")
    };
    let StatusKind::Interrupted {
        cause: Interruption::Login { .. },
    } = status.kind
    else {
        panic!("{status}")
    };
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_ends_the_stream_once() {
    let world = World::new(|| Err(ErrorKind::Auth("no such user".to_owned()).into()));
    let mut prices = Connection::new(Toy::new(), world, 1);
    prices.want(&Price("AA".into()));
    let error = prices.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Auth("no such user".to_owned()));
    assert!(prices.next().await.is_none());
    assert!(prices.next().await.is_none(), "fused");
    assert_eq!(prices.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn not_polling_is_backpressure_and_dropping_closes() {
    let world = World::new(|| Ok("secret".to_owned()));
    let mut prices = Connection::new(Toy::new(), world.clone(), 1);
    prices.want(&Price("AA".into()));
    poll(&mut prices).await;
    let mut venue = world.venue();
    venue.send(Frame::text("welcome")).await.unwrap();
    poll(&mut prices).await;
    let mut sent = 0;
    while venue
        .feed(Frame::text(format!("AA {sent}")))
        .now_or_never()
        .is_some()
    {
        sent += 1;
    }
    assert!(sent <= 20, "the pipe fills, and nothing takes from it");
    let came = poll(&mut prices).await;
    let expected: Vec<_> = (0..came.len() as u64).map(|n| price("AA", n)).collect();
    assert_eq!(came, expected);
    drop(prices);
    while let Some(Ok(_)) = venue.next().await {}
    assert!(venue.send(Frame::text("AA 1")).await.is_err());
}
