//! Where a venue counts connections, one is closed before the next is opened (C29).

use futures_util::StreamExt;

use super::toy::Toy;
use super::venue::Venue;
use super::{hub, ms, prices, settle, spec};
use crate::ErrorKind;
use crate::feed::client::Hub;

/// A client of a venue that allows one connection.
fn single(venue: &Venue) -> Hub<Toy> {
    let mut spec = spec();
    spec.connections = 1;
    hub(venue, spec, |config| config.linger = ms(0))
}

#[tokio::test(start_paused = true)]
async fn a_subscription_made_while_the_connection_closes_waits_for_that() {
    let venue = Venue::new(1);
    venue.closes_after(ms(250));
    let hub = single(&venue);
    for _ in 0..5 {
        drop(prices(&hub, ["A"]).await.unwrap());
        tokio::time::sleep(ms(20)).await;
    }
    assert_eq!((venue.connects(), venue.most_sockets()), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_made_after_a_fatal_end_waits_for_its_socket() {
    let venue = Venue::new(1);
    venue.closes_after(ms(250));
    let hub = single(&venue);
    for _ in 0..5 {
        let mut feed = prices(&hub, ["A"]).await.unwrap();
        venue.say("die gone");
        let error = feed.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Internal("gone".to_owned()));
    }
    drop(prices(&hub, ["A"]).await.unwrap());
    assert_eq!((venue.connects(), venue.most_sockets()), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_never_closes_its_end_is_not_waited_for_long() {
    let venue = Venue::new(1);
    venue.closes_after(ms(3_600_000));
    let hub = single(&venue);
    drop(prices(&hub, ["A"]).await.unwrap());
    settle().await;
    let begun = tokio::time::Instant::now();
    let feed = prices(&hub, ["A"]).await.unwrap();
    assert!(begun.elapsed() <= ms(1_000), "{:?}", begun.elapsed());
    drop(feed);
}
