//! Connected, and mute: DXLink's keepalives prove nothing about data either.

use feedline::market::Quote;
use feedline::sim::Fault;
use feedline::{Event, Interruption, Staleness, StatusKind, Subscription};
use futures_util::{FutureExt, StreamExt};

use super::{Rig, secs};

/// The statuses that are ready now.
fn statuses<D: Send + 'static>(feed: &mut Subscription<Quote<D>>) -> Vec<StatusKind>
where
    Quote<D>: feedline::market::Record,
{
    let mut statuses = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        if let Event::Status(status) = event.expect("no end").unwrap() {
            statuses.push(status.kind);
        }
    }
    statuses
}

fn is_quiet(status: &StatusKind) -> bool {
    let why = Staleness::Quiet { silence: secs(0) };
    matches!(status, StatusKind::Stale { why: told }
        if std::mem::discriminant(told) == std::mem::discriminant(&why))
}

#[tokio::test(start_paused = true)]
async fn mute_behind_keepalives_is_told_and_mended_by_a_new_connection() {
    let rig = Rig::with(|sim| sim.rate(20.0), |dxlink| dxlink);
    let mut quotes = rig.dxlink.quotes(["AAPL", "SPY"]).await.unwrap();
    tokio::time::sleep(secs(60)).await;
    assert_eq!(statuses(&mut quotes), []);
    rig.sim.inject(Fault::MuteData { lasting: None });
    let mut told = Vec::new();
    for _ in 0..60 {
        tokio::time::sleep(secs(1)).await;
        told.extend(statuses(&mut quotes));
    }
    let quiet = told.iter().position(is_quiet);
    let cut = told.iter().position(|status| {
        matches!(
            status,
            StatusKind::Interrupted {
                cause: Interruption::Quiet { .. },
            }
        )
    });
    assert!(quiet.is_some() && quiet < cut, "{told:?}");
    let resumed = |status: &StatusKind| matches!(status, StatusKind::Resumed { .. });
    assert_eq!(
        told.iter().filter(|status| resumed(status)).count(),
        1,
        "{told:?}"
    );
    assert!(
        told[cut.unwrap()..].contains(&StatusKind::Fresh),
        "{told:?}"
    );
    assert_eq!(rig.sim.connects().len(), 2);
    assert!(rig.dxlink.health().ok);
}

/// The venue acknowledges nothing: between taking out and adding again something could be lost unseen.
#[tokio::test(start_paused = true)]
async fn a_quiet_topic_is_added_again_without_being_taken_out() {
    let rig = Rig::with(|sim| sim.rate(20.0), |dxlink| dxlink);
    let _sales = rig.dxlink.time_and_sales(["AAPL", "SPY"]).await.unwrap();
    tokio::time::sleep(secs(60)).await;
    let before = rig.sim.requests().len();
    rig.sim.inject(Fault::MuteData { lasting: None });
    tokio::time::sleep(secs(25)).await;
    let requests = rig.sim.requests();
    let asked: Vec<_> = requests[before..]
        .iter()
        .filter(|request| request.event == "FEED_SUBSCRIPTION")
        .map(|request| &request.payload)
        .collect();
    let first = asked.first().expect("it was asked for again");
    assert!(first["add"].is_array(), "{first}");
    assert!(first["remove"].is_null(), "{first}");
}
