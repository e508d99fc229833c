//! What the venue does not answer, refuses or takes away is asked for again.

use feedline::Subscription;
use feedline::market::Record;
use feedline::sim::Fault;
use feedline::{Error, Event};
use futures_util::{FutureExt, StreamExt};

use super::{Rig, secs};

/// How many data are ready.
fn count<T: Record + Send + 'static>(feed: &mut Subscription<T>) -> Result<usize, Error> {
    let mut count = 0;
    while let Some(event) = feed.next().now_or_never() {
        count += usize::from(matches!(event.expect("no end")?, Event::Data(_)));
    }
    Ok(count)
}

#[tokio::test(start_paused = true)]
async fn a_channel_whose_request_is_not_answered_is_requested_again() {
    let rig = Rig::with(|sim| sim.rate(5.0), |dxlink| dxlink);
    let mut sales = rig.dxlink.time_and_sales(["AAPL"]).await.unwrap();
    rig.sim.inject(Fault::Silent {
        symbol: None,
        channel: Some("FEED".to_owned()),
        times: Some(1),
    });
    let mut quotes = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    tokio::time::sleep(secs(5)).await;
    assert!(count(&mut sales).unwrap() > 0);
    assert!(count(&mut quotes).unwrap() > 0);
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_while_the_venue_was_mute_is_not_given_up() {
    let rig = Rig::with(|sim| sim.rate(5.0), |dxlink| dxlink);
    let mut sales = rig.dxlink.time_and_sales(["AAPL"]).await.unwrap();
    tokio::time::sleep(secs(5)).await;
    rig.sim.inject(Fault::Mute {
        lasting: Some(secs(13)),
    });
    let mut quotes = rig.dxlink.quotes(["AAPL"]).lazy().unwrap();
    tokio::time::sleep(secs(60)).await;
    assert!(count(&mut sales).unwrap() > 0);
    assert!(count(&mut quotes).unwrap() > 0);
}
