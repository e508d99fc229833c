//! Ten thousand symbols on one connection.

use feedline::feed::Changes;
use feedline::sim::Fault;
use feedline::sim::dxlink::Limits;
use feedline::{Event, StatusKind};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::{Rig, secs};

#[tokio::test(start_paused = true)]
async fn ten_thousand_symbols_come_within_the_limits_and_come_back() {
    let names: Vec<String> = (0..10_000).map(|at| format!(".SPXW261120C{at}")).collect();
    let rig = Rig::with(
        |sim| {
            sim.symbols(&names)
                .rate(10.0)
                .journal(false)
                .limits(Limits::tastytrade())
        },
        |dxlink| {
            dxlink.changes(Changes {
                count: 10_000,
                per: secs(60),
            })
        },
    );
    let start = Instant::now();
    let quotes = rig
        .dxlink
        .quotes(&names)
        .deadline(secs(300))
        .capacity(100_000);
    let mut quotes = quotes.await.unwrap();
    let took = start.elapsed();
    assert!(took < secs(60), "{took:?}");
    assert_eq!(rig.sim.active_topics().len(), 10_000);
    let messages = rig.sim.subscribe_requests().len();
    rig.sim.inject(Fault::Cut);
    let cut = Instant::now();
    loop {
        if let Event::Status(status) = quotes.next().await.unwrap().unwrap()
            && matches!(status.kind, StatusKind::Resumed { .. })
        {
            break;
        }
    }
    let back = cut.elapsed();
    assert!(
        (60..150).contains(&messages),
        "{messages} messages, in {took:?}"
    );
    assert!(back < secs(120), "{back:?}");
    assert_eq!(rig.sim.active_topics().len(), 10_000);
    assert_eq!(rig.sim.breaches(), []);
    assert_eq!(rig.sim.connects().len(), 2);
}
