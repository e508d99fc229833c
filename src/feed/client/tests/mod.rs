//! The hub around a protocol made up here, whose venue counts what it is asked for.

mod growth;
mod limits;
mod overlaps;
mod pool;
mod sockets;
mod succession;
mod toy;
mod venue;

use std::sync::Arc;
use std::time::Duration;

use self::toy::{Price, Topic, Toy};
use self::venue::Venue;
use super::{Hub, HubConfig};
use crate::feed::{Network, Sockets, Spec, Subscribe, no_effects};
use crate::{Clock, Overflow, Rate, Symbol, Timestamp};

/// When every test begins.
const NOON: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

fn spec() -> Spec {
    let mut spec = Spec::new("toy");
    spec.topics_per_request = 4;
    // Answers come one after the other, each as late as a test wants.
    spec.answer_timeout = Duration::from_secs(60);
    spec.requests = Rate::per_second(1_000);
    spec.connects = Rate::per_second(1_000);
    spec
}

/// A client of `venue`, with these settings.
fn hub(venue: &Venue, spec: Spec, set: impl FnOnce(&mut HubConfig)) -> Hub<Toy> {
    let host = Arc::clone(&venue.host);
    let protocol = move || Toy::new(spec.clone(), &host);
    let first = protocol();
    let network = Network {
        dial: Arc::new(venue.clone()),
        clock: Clock::starting_at(NOON),
        ..Network::default()
    };
    let backoff = HubConfig::default().backoff;
    let environment =
        Sockets::new(&network, &first, None, &backoff, no_effects).expect("good settings");
    let mut config = HubConfig {
        seed: 7,
        ..HubConfig::default()
    };
    set(&mut config);
    Hub::new(protocol, environment, config)
}

fn prices<S: Into<Symbol>>(
    hub: &Hub<Toy>,
    symbols: impl IntoIterator<Item = S>,
) -> Subscribe<Toy, Price> {
    Subscribe::new(hub.clone(), symbols, Overflow::DropOldest, |symbol| {
        Topic(symbol.clone())
    })
}

fn tasks() -> usize {
    let runtime = tokio::runtime::Handle::current();
    runtime.metrics().num_alive_tasks()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn settle() {
    tokio::time::sleep(ms(400)).await;
}
