//! No secret shows in `Debug` forms, errors or logs.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use feedline::sim::Fault;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{A, Rig, SECRET, next, secs};

/// Writes down all that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn clean(text: &str) {
    for secret in ["SENTINEL", "sim-access-", "sim-quotes-", "Bearer"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_shown_or_logged_tells_a_secret() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let rig = Rig::new();
    let mut quotes = rig.tastytrade.market().quotes(["AAPL"]).await.unwrap();
    let account = rig.tastytrade.account([A]).await.unwrap();
    // Another test may have met what logs at the very moment when this began to listen.
    tracing::callsite::rebuild_interest_cache();
    clean(&format!("{:?}", rig.tastytrade));
    rig.sim.inject(Fault::RefuseAuth { times: Some(1) });
    rig.sim.inject(Fault::ExpireToken { revoke: true });
    rig.sim.inject(Fault::Cut);
    for _ in 0..10 {
        clean(&format!("{:?}", next(&mut quotes).await));
    }
    tokio::time::sleep(secs(60)).await;
    clean(&format!("{:?}", rig.tastytrade.account_metrics()));
    drop(account);

    let wrong = Rig::of(SECRET, "SENTINEL-wrong", |sim| sim, |client| client);
    clean(&format!(
        "{:?}",
        wrong.tastytrade.accounts().await.unwrap_err()
    ));
    let error = wrong
        .tastytrade
        .market()
        .quotes(["AAPL"])
        .await
        .unwrap_err();
    clean(&format!("{error:?} {error}"));
    let error = wrong.tastytrade.account([A]).await.unwrap_err();
    clean(&format!("{error:?} {error}"));

    drop(guard);
    let log = log.0.lock().unwrap();
    assert!(log.contains("connection"), "something is logged");
    // What the simulator writes down is the venue's business; it logs nothing.
    clean(&log);
}

#[test]
fn a_builder_does_not_show_its_credentials() {
    let builder = feedline::venue::tastytrade::Tastytrade::builder(SECRET, "SENTINEL-r");
    clean(&format!("{builder:?}"));
    let error = builder
        .url("https://user:SENTINEL@host")
        .build()
        .unwrap_err();
    clean(&format!("{error:?} {error}"));
}
