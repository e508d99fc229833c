//! Wakers run arbitrary code: none is run under a lock that this code may want (C28).
//!
//! Here each of them asks the client for everything that there is to ask, and every way of waking is
//! gone through. What deadlocks fails by the clock on the wall: nothing else sees it.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use feedline::sim::{Delayed, Fault};
use feedline::venue::gate::{Spot, Trade};
use feedline::{ErrorKind, Overflow, State, Subscription};
use futures_util::Stream;
use support::{Rig, ms, secs, settle};

/// A waker that looks at everything of its client.
struct Nosy {
    gate: Spot,
    woken: AtomicUsize,
}

impl Nosy {
    fn look(&self) {
        self.gate.metrics();
        self.gate.health();
        self.gate.state().current();
        drop(self.gate.trades(["BTC_USDT"]).lazy());
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.look();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.look();
    }
}

/// Something that is polled with such a waker alone.
struct Watched<F> {
    watched: Pin<Box<F>>,
    nosy: Arc<Nosy>,
}

impl<F> Watched<F> {
    fn new(rig: &Rig, watched: F) -> Self {
        let (gate, woken) = (rig.gate.clone(), AtomicUsize::new(0));
        Self {
            watched: Box::pin(watched),
            nosy: Arc::new(Nosy { gate, woken }),
        }
    }

    fn woken(&self) -> usize {
        self.nosy.woken.load(Ordering::Relaxed)
    }
}

impl<F: Future> Watched<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.nosy));
        self.watched.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl<S: Stream> Watched<S> {
    fn poll_next(&mut self) -> Poll<Option<S::Item>> {
        let waker = Waker::from(Arc::clone(&self.nosy));
        let mut cx = Context::from_waker(&waker);
        self.watched.as_mut().poll_next(&mut cx)
    }
}

/// Runs a test on a thread of its own, for at most a minute of real time.
fn watch(test: impl AsyncFnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(test());
        done.send(()).unwrap();
    });
    match finished.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a waker deadlocked"),
        _ => thread.join().unwrap(),
    }
}

/// A subscription whose consumer has nothing to read.
async fn waiting(rig: &Rig, symbols: &[&str]) -> Watched<Subscription<Trade>> {
    let feed = rig.gate.trades(symbols.to_vec()).await.unwrap();
    let mut feed = Watched::new(rig, feed);
    assert!(feed.poll_next().is_pending());
    feed
}

#[test]
fn a_consumer_is_woken_without_a_lock_by_data_and_by_every_end() {
    watch(async || {
        let rig = Rig::new();
        let mut data = waiting(&rig, &["BTC_USDT"]).await;
        rig.trade("BTC_USDT");
        settle().await;
        assert_eq!(data.woken(), 1);
        assert!(matches!(data.poll_next(), Poll::Ready(Some(Ok(_)))));
        // By its own control.
        let mut closed = waiting(&rig, &["ETH_USDT"]).await;
        closed.watched.control().close().await.unwrap();
        assert_eq!(closed.woken(), 1);
        assert!(matches!(closed.poll_next(), Poll::Ready(None)));
        // By its client.
        let ends: [fn(&Spot); 2] = [Spot::unsubscribe_all, Spot::close];
        for end in ends {
            let mut ended = waiting(&rig, &["ETH_USDT"]).await;
            end(&rig.gate);
            assert_eq!(ended.woken(), 1);
            assert!(matches!(ended.poll_next(), Poll::Ready(None)));
        }
    });
}

#[test]
fn a_consumer_is_woken_without_a_lock_when_the_venue_refuses_all_that_it_holds() {
    watch(async || {
        let rig = Rig::new();
        let mut refused = Watched::new(&rig, rig.gate.trades(["NO_PE"]).lazy().unwrap());
        assert!(refused.poll_next().is_pending());
        settle().await;
        assert!(refused.woken() > 0);
        let Poll::Ready(Some(Ok(_))) = refused.poll_next() else {
            panic!("the refusal is told in band");
        };
        let Poll::Ready(Some(Err(error))) = refused.poll_next() else {
            panic!("and then the stream ends");
        };
        assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error}");
    });
}

#[test]
fn a_consumer_is_woken_without_a_lock_when_its_connection_fails() {
    watch(async || {
        let rig = Rig::new();
        rig.sim.inject(Fault::RejectUpgrade {
            status: 404,
            times: Some(1),
        });
        let mut failed = Watched::new(&rig, rig.gate.trades(["BTC_USDT"]).lazy().unwrap());
        assert!(failed.poll_next().is_pending());
        settle().await;
        assert!(failed.woken() > 0);
        assert!(matches!(failed.poll_next(), Poll::Ready(Some(Err(_)))));
    });
}

#[test]
fn a_subscriber_is_woken_without_a_lock_by_acceptance_refusal_and_the_end() {
    watch(async || {
        let rig = Rig::new();
        let mut accepted = Watched::new(&rig, rig.gate.trades(["BTC_USDT"]).into_future());
        assert!(accepted.poll().is_pending());
        settle().await;
        assert!(accepted.woken() > 0);
        let Poll::Ready(Ok(_keep)) = accepted.poll() else {
            panic!("it is accepted");
        };
        // A topic that is active already is accepted when the connection's task joins it.
        let mut joined = Watched::new(&rig, rig.gate.trades(["BTC_USDT"]).into_future());
        assert!(joined.poll().is_pending());
        settle().await;
        assert!(joined.woken() > 0);
        assert!(matches!(joined.poll(), Poll::Ready(Ok(_))));
        let mut refused = Watched::new(&rig, rig.gate.trades(["NO_PE"]).into_future());
        assert!(refused.poll().is_pending());
        settle().await;
        assert!(refused.woken() > 0);
        assert!(matches!(refused.poll(), Poll::Ready(Err(_))));
        rig.sim.inject(Fault::NoAck { times: None });
        let mut ended = Watched::new(&rig, rig.gate.trades(["ETH_USDT"]).into_future());
        assert!(ended.poll().is_pending());
        rig.gate.unsubscribe_all();
        assert!(ended.woken() > 0);
        assert!(matches!(ended.poll(), Poll::Ready(Err(_))));
    });
}

#[test]
fn whoever_adds_is_woken_without_a_lock_by_acceptance_refusal_removal_and_the_end() {
    watch(async || {
        let rig = Rig::new();
        let feed = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        let control = feed.control();
        let add = |symbol: &'static str| {
            let control = control.clone();
            Watched::new(&rig, async move { control.add([symbol]).await })
        };
        for (symbol, refused) in [("ETH_USDT", false), ("NO_PE", true)] {
            let mut adding = add(symbol);
            assert!(adding.poll().is_pending());
            settle().await;
            assert!(adding.woken() > 0);
            let Poll::Ready(added) = adding.poll() else {
                panic!("{symbol} is answered");
            };
            assert_eq!(added.is_err(), refused);
        }
        rig.sim.inject(Fault::NoAck { times: None });
        // Before the task has looked, and after it has.
        for looks in [false, true] {
            let mut removed = add("SOL_USDT");
            assert!(removed.poll().is_pending());
            if looks {
                settle().await;
            }
            control.remove(["SOL_USDT"]).unwrap();
            settle().await;
            assert!(removed.woken() > 0);
            assert!(matches!(removed.poll(), Poll::Ready(Ok(()))));
        }
        let mut ended = add("XRP_USDT");
        assert!(ended.poll().is_pending());
        drop(feed);
        settle().await;
        assert!(ended.woken() > 0);
        assert!(matches!(ended.poll(), Poll::Ready(Err(_))));
    });
}

#[test]
fn whoever_closes_is_woken_without_a_lock_by_the_venue_and_by_another_who_subscribes() {
    watch(async || {
        let rig = Rig::new();
        let feed = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
        let mut closing = Watched::new(&rig, feed.close());
        assert!(closing.poll().is_pending());
        settle().await;
        assert!(closing.woken() > 0);
        assert!(matches!(closing.poll(), Poll::Ready(Ok(()))));
        // Its topics are taken over before the venue has answered.
        let feed = rig.gate.trades(["SOL_USDT"]).await.unwrap();
        let (of, by, lasting) = (Delayed::Acks, secs(5), None);
        rig.sim.inject(Fault::Delay { of, by, lasting });
        let mut closing = Watched::new(&rig, feed.close());
        assert!(closing.poll().is_pending());
        tokio::time::sleep(ms(100)).await;
        let _other = rig.gate.trades(["SOL_USDT"]).lazy().unwrap();
        settle().await;
        assert!(closing.woken() > 0);
        assert!(matches!(closing.poll(), Poll::Ready(Ok(()))));
    });
}

#[test]
fn whoever_watches_the_state_is_woken_without_a_lock() {
    watch(async || {
        let rig = Rig::new();
        let mut states = Watched::new(&rig, rig.gate.state());
        assert!(states.poll_next().is_pending());
        let _feed = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        assert!(states.woken() > 0);
        assert!(matches!(states.poll_next(), Poll::Ready(Some(State::Live))));
        assert!(states.poll_next().is_pending());
        let before = states.woken();
        rig.gate.close();
        assert!(states.woken() > before);
        assert!(matches!(
            states.poll_next(),
            Poll::Ready(Some(State::Closed))
        ));
        // And whoever waits for the connections to end.
        let gate = rig.gate.clone();
        let stopping = async move { gate.shutdown(secs(5)).await };
        let mut stopping = Watched::new(&rig, stopping);
        assert!(stopping.poll().is_pending());
        settle().await;
        assert!(stopping.woken() > 0);
        assert!(matches!(stopping.poll(), Poll::Ready(Ok(()))));
    });
}

#[test]
fn a_full_queue_that_is_read_wakes_its_connection_without_a_lock() {
    watch(async || {
        let rig = Rig::new();
        let feed = rig.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
        let mut feed = Watched::new(&rig, feed.capacity(1).await.unwrap());
        assert!(feed.poll_next().is_pending());
        for _ in 0..5 {
            rig.trade("BTC_USDT");
        }
        settle().await;
        for _ in 0..5 {
            assert!(matches!(feed.poll_next(), Poll::Ready(Some(Ok(_)))));
            settle().await;
        }
        assert!(feed.woken() > 0);
    });
}
