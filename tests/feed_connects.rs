//! How many connections are opened how fast, whichever client opens them.

#![cfg(all(feature = "gate", feature = "sim"))]

mod support;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use feedline::ErrorKind;
use feedline::sim::Fault;
use feedline::transport::{Dial, Io};
use feedline::venue::gate::Spot;
use futures_util::future::{BoxFuture, join_all};
use support::{Rig, secs, settle};
use tokio::time::Instant;

/// Another client of the same venue.
fn client(rig: &Rig) -> Spot {
    let builder = Spot::builder().url(rig.sim.url()).dial(rig.sim.dialer());
    builder
        .clock(rig.sim.clock())
        .build()
        .expect("good settings")
}

#[tokio::test(start_paused = true)]
async fn subscribes_that_are_given_up_cost_the_next_one_nothing() {
    let rig = Rig::new();
    // Nobody is accepted meanwhile: what is given up is given up while it waits.
    rig.sim.inject(Fault::NoAck { times: None });
    let hasty = (0..60).map(|_| async {
        let gate = client(&rig);
        let trades = gate.trades(["BTC_USDT"]);
        let trades = tokio::time::timeout(Duration::from_millis(100), trades);
        assert!(trades.await.is_err());
    });
    join_all(hasty).await;
    rig.sim.inject(Fault::Heal);
    let dialled = rig.sim.connects().len();
    assert!(dialled <= 21, "{dialled}");
    let start = Instant::now();
    let _trades = client(&rig).trades(["BTC_USDT"]).await.unwrap();
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_connects_outlives_its_clients() {
    let rig = Rig::new();
    for _ in 0..40 {
        let gate = client(&rig);
        drop(gate.trades(["BTC_USDT"]).await.unwrap());
        gate.shutdown(secs(5)).await.unwrap();
    }
    let connects = rig.sim.connects();
    // Twenty at once, and ten a second.
    for window in connects.windows(31) {
        let span = window[30].duration_since(window[0]);
        assert!(span >= Duration::from_millis(999), "{span:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_connections_that_a_venue_allows_are_opened_by_default() {
    let names: Vec<String> = (0..300).map(|at| format!("S{at}_USDT")).collect();
    let rig = Rig::with(
        |sim| sim.symbols(&names),
        |gate| gate.topics_per_connection(1),
    );
    let _trades = rig.gate.trades(&names).await.unwrap();
    assert_eq!(rig.venue_set().len(), 300);
    assert_eq!(rig.sim.connects().len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_was_not_set_grows_with_the_connections_that_are_needed() {
    let names: Vec<String> = (0..450).map(|at| format!("S{at}_USDT")).collect();
    let rig = Rig::with(
        |sim| sim.symbols(&names),
        |gate| gate.topics_per_connection(1),
    );
    // One that was set is kept to, and says what is missing.
    let error = rig
        .gate
        .trades(&names)
        .deadline(secs(30))
        .await
        .unwrap_err();
    let ErrorKind::Timeout { after, waiting_for } = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(*after, secs(30));
    assert!(
        waiting_for.contains("connections are not open yet"),
        "{error}"
    );
    // And costs the next one nothing.
    let start = Instant::now();
    let one = rig.gate.trades(["S1_USDT"]).await.unwrap();
    assert!(start.elapsed() < secs(3), "{:?}", start.elapsed());
    drop(one);
    let _trades = rig.gate.trades(&names).await.unwrap();
    assert_eq!(rig.venue_set().len(), 450);
}

#[tokio::test(start_paused = true)]
async fn more_topics_than_fit_by_default_are_refused_with_what_is_valid() {
    let rig = Rig::new();
    let names: Vec<String> = (0..50_000).map(|at| format!("S{at}_USDT")).collect();
    let error = rig.gate.trades(&names).lazy().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::TooManyTopics { limit: 45_000 });
    let told = error.to_string();
    assert!(
        told.contains("45000") && told.contains("max_topics"),
        "{told}"
    );
    assert!(rig.gate.trades(&names[..45_000]).lazy().is_ok());
}

/// Counts the streams that are open at once.
#[derive(Clone, Debug)]
struct Counting {
    inner: Arc<dyn Dial>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Dial for Counting {
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let (dialling, this) = (self.inner.dial(host, port), self.clone());
        Box::pin(async move {
            let mut inner = dialling.await?;
            let (near, mut far) = tokio::io::duplex(64 << 10);
            let now = this.open.fetch_add(1, Ordering::SeqCst) + 1;
            this.most.fetch_max(now, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut far, &mut inner).await;
                this.open.fetch_sub(1, Ordering::SeqCst);
            });
            Ok(Box::new(near) as Box<dyn Io>)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_before_it_is_opened_again() {
    let rig = Rig::new();
    let counting = Counting {
        inner: rig.sim.dialer(),
        open: Arc::default(),
        most: Arc::default(),
    };
    let gate = Spot::builder()
        .url(rig.sim.url())
        .dial(Arc::new(counting.clone()))
        .clock(rig.sim.clock())
        .linger(Duration::ZERO)
        .build()
        .unwrap();
    for _ in 0..10 {
        let trades = gate.trades(["BTC_USDT"]).await.unwrap();
        drop(trades);
        // As soon as the driver has seen it.
        tokio::task::yield_now().await;
    }
    let _trades = gate.trades(["BTC_USDT"]).await.unwrap();
    settle().await;
    assert_eq!(counting.open.load(Ordering::SeqCst), 1);
    assert_eq!(counting.most.load(Ordering::SeqCst), 1);
}
