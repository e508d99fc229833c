//! The account streamer on bad days.

use feedline::sim::Fault;
use feedline::sim::tastytrade::Notification;
use feedline::venue::tastytrade::{AccountEvent, AccountUpdate};
use feedline::{Cause, ErrorKind, Event, StatusKind, Subscription};

use super::{A, Rig, next, secs};

fn order(id: u64) -> Notification {
    Notification::order(A, id, "AAPL")
}

/// What comes until the order of this number, in a word each.
async fn until(events: &mut Subscription<AccountEvent>, id: &str) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        told.push(match next(events).await.unwrap() {
            Event::Data(event) => match event.update {
                AccountUpdate::Order(order) if order.id.to_string() == id => return told,
                AccountUpdate::Order(order) => order.id.to_string(),
                other => panic!("{other:?}"),
            },
            Event::Gap(gap) => match gap.cause {
                Cause::Malformed { .. } => "malformed".to_owned(),
                Cause::Outage { .. } => "outage".to_owned(),
                cause => panic!("{cause:?}"),
            },
            Event::Status(status) => match status.kind {
                StatusKind::Interrupted { .. } => "interrupted".to_owned(),
                StatusKind::Resumed { .. } => "resumed".to_owned(),
                kind => panic!("{kind:?}"),
            },
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_is_a_gap_and_not_the_end() {
    for fault in [
        Fault::Garble { times: Some(1) },
        Fault::Truncate { times: Some(1) },
    ] {
        let rig = Rig::with(|sim| sim.rate(0.0), |client| client);
        let mut events = rig.tastytrade.account([A]).await.unwrap();
        rig.sim.inject(fault);
        rig.sim.notify([order(1)]);
        rig.sim.notify([order(2)]);
        assert_eq!(until(&mut events, "2").await, ["malformed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_says_nothing_any_more_is_left() {
    let rig = Rig::with(|sim| sim.rate(0.0), |client| client);
    let mut events = rig.tastytrade.account([A]).await.unwrap();
    rig.sim.inject(Fault::Mute { lasting: None });
    let Event::Status(status) = next(&mut events).await.unwrap() else {
        panic!()
    };
    assert!(matches!(status.kind, StatusKind::Interrupted { .. }));
    tokio::time::sleep(secs(30)).await;
    rig.sim.notify([order(1)]);
    assert_eq!(until(&mut events, "1").await, ["outage", "resumed"]);
    assert_eq!(rig.sim.connects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_order_is_delivered_or_lies_in_a_gap() {
    let rig = Rig::with(|sim| sim.rate(0.0), |client| client);
    let mut events = rig.tastytrade.account([A]).await.unwrap();
    for round in 0..20 {
        for id in 0..5 {
            rig.sim.notify([order(round * 10 + id)]);
        }
        if round % 3 == 0 {
            rig.sim.inject(Fault::Cut);
            rig.sim.notify([order(round * 10 + 9)]);
        }
        tokio::time::sleep(secs(200)).await;
        rig.sim.notify([order(1_000 + round)]);
        let told = until(&mut events, &(1_000 + round).to_string()).await;
        let orders = told
            .iter()
            .filter(|word| word.parse::<u64>().is_ok())
            .count();
        let cut = told.iter().any(|word| word == "outage");
        assert_eq!(cut, round % 3 == 0, "{told:?}");
        assert!(cut || orders == 5, "{told:?}");
    }
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_does_not_answer_is_named_at_the_deadline() {
    let rig = Rig::with(|sim| sim.rate(0.0), |client| client);
    rig.sim.inject(Fault::Mute { lasting: None });
    rig.sim.inject(Fault::RejectUpgrade {
        status: 502,
        times: None,
    });
    let error = rig
        .tastytrade
        .account([A])
        .deadline(secs(60))
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout { .. }), "{error}");
    assert!(error.to_string().contains("502"), "{error}");
}
