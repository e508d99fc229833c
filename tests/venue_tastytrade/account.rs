//! What happens in accounts.

use feedline::account::{OrderStatus, PositionSide};
use feedline::market::Side;
use feedline::sim::Fault;
use feedline::sim::tastytrade::Notification;
use feedline::venue::tastytrade::{AccountEvent, AccountUpdate, Status};
use feedline::{Cause, ErrorKind, Event, StatusKind, Subscription};

use super::{A, B, Rig, next, secs};

/// The next event of an account, with nothing else before it.
async fn data(feed: &mut Subscription<AccountEvent>) -> AccountEvent {
    match next(feed).await.unwrap() {
        Event::Data(event) => event,
        other => panic!("{other:?}"),
    }
}

fn order(id: u64, status: &str) -> Notification {
    Notification::order(A, id, "AAPL").with("status", status)
}

#[tokio::test(start_paused = true)]
async fn orders_fills_balances_and_positions_are_typed() {
    let rig = Rig::new();
    let mut events = rig.tastytrade.account([A, B]).await.unwrap();
    rig.sim.notify([order(7, "Live").with_leg(3, 3, &[])]);
    let live = data(&mut events).await;
    assert_eq!(live.account, A);
    let AccountUpdate::Order(live) = live.update else {
        panic!("{live:?}")
    };
    assert_eq!(
        (live.id.to_string(), &live.status),
        ("7".to_owned(), &OrderStatus::Open)
    );
    assert_eq!(live.side, Some(Side::Buy));
    assert_eq!(live.remaining.unwrap().to_string(), "3");

    let fills = [("226.5".to_owned(), 1), ("226.6".to_owned(), 2)];
    rig.sim
        .notify([order(7, "Live").with_leg(3, 2, &fills[..1])]);
    rig.sim.notify([order(7, "Filled").with_leg(3, 0, &fills)]);
    rig.sim.notify([Notification::position(B, "IBM", -5)]);
    rig.sim
        .notify([Notification::balance(B).with("cash-balance", "10.50")]);
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(data(&mut events).await);
    }
    let [
        AccountUpdate::Order(_),
        AccountUpdate::Fill(one),
        AccountUpdate::Order(done),
        AccountUpdate::Fill(two),
        AccountUpdate::Position(short),
        AccountUpdate::Balance(cash),
    ] = told.iter().map(|event| &event.update).collect::<Vec<_>>()[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(
        (one.price.to_string(), one.size.to_string()),
        ("226.5".into(), "1".into())
    );
    assert_eq!(
        (two.price.to_string(), two.size.to_string()),
        ("226.6".into(), "2".into())
    );
    assert_eq!(done.detail.status, Some(Status::Filled));
    assert!(done.status.is_over());
    assert_eq!(short.side, Some(PositionSide::Short));
    assert_eq!(cash.total.unwrap().to_string(), "10.50");
    assert_eq!((told[4].account.as_str(), told[5].account.as_str()), (B, B));
    assert_eq!(rig.sim.breaches(), []);
    drop(events);
    rig.tastytrade.shutdown(secs(5)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn bundles_numbers_and_types_that_are_not_known_are_read() {
    let rig = Rig::with(|sim| sim.bundled(true).sequences(true), |client| client);
    let mut events = rig.tastytrade.account([A]).await.unwrap();
    let mut status = serde_json::Map::new();
    status.insert("account-number".into(), A.into());
    let complex = [order(8, "Contingent"), order(9, "Contingent")];
    rig.sim.notify([
        Notification::new("TradingStatus", status),
        Notification::complex_order(A, 5, "OCO", &complex),
    ]);
    let notice = data(&mut events).await;
    assert_eq!(notice.sequence, Some(1));
    assert!(
        matches!(&notice.update, AccountUpdate::Notice(notice) if notice.name == "TradingStatus")
    );
    let complex = data(&mut events).await;
    assert_eq!(complex.sequence, Some(2));
    assert!(
        matches!(&complex.update, AccountUpdate::ComplexOrder(complex) if complex.orders.len() == 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_kept_for_hours_with_tokens_that_live_for_minutes() {
    let rig = Rig::with(|sim| sim.pings_count(false).rate(0.0), |client| client);
    let mut events = rig.tastytrade.account([A]).await.unwrap();
    tokio::time::sleep(secs(3 * 3_600)).await;
    assert_eq!(rig.sim.breaches(), []);
    assert_eq!(rig.sim.connects().len(), 1);
    let fetched = rig.calls("POST /oauth/token");
    assert!((12..=15).contains(&fetched), "{fetched}");
    rig.sim.notify([order(7, "Live")]);
    data(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_a_gap_because_nothing_is_sent_again() {
    let rig = Rig::new();
    let mut events = rig.tastytrade.account([A]).await.unwrap();
    let fills = [("226.5".to_owned(), 1)];
    rig.sim.notify([order(7, "Live").with_leg(2, 1, &fills)]);
    data(&mut events).await;
    data(&mut events).await;
    rig.sim.inject(Fault::Cut);
    let mut told = Vec::new();
    while told.last() != Some(&"resumed") {
        told.push(match next(&mut events).await.unwrap() {
            Event::Status(status) => match status.kind {
                StatusKind::Interrupted { .. } => "interrupted",
                StatusKind::Resumed { .. } => "resumed",
                _ => "other",
            },
            Event::Gap(gap) => {
                assert!(
                    matches!(gap.cause, Cause::Outage { .. })
                        && gap.repair == feedline::Repair::None
                );
                "gap"
            }
            Event::Data(_) => "data",
        });
    }
    assert_eq!(told, ["interrupted", "gap", "resumed"]);
    // A fill that was told before the outage is not told again.
    let fills = [("226.5".to_owned(), 1), ("226.6".to_owned(), 1)];
    rig.sim.notify([order(7, "Filled").with_leg(2, 0, &fills)]);
    data(&mut events).await;
    let second = data(&mut events).await;
    assert!(
        matches!(&second.update, AccountUpdate::Fill(fill) if fill.price.to_string() == "226.6"),
        "{second:?}"
    );
    assert_eq!(rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_early_is_replaced_on_the_open_socket() {
    let rig = Rig::new();
    let mut events = rig.tastytrade.account([A]).await.unwrap();
    rig.sim.inject(Fault::ExpireToken { revoke: true });
    tokio::time::sleep(secs(120)).await;
    assert_eq!(rig.calls("POST /oauth/token"), 2);
    assert_eq!(rig.sim.connects().len(), 1);
    rig.sim.notify([order(7, "Live")]);
    data(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_told_at_once_in_the_venues_words() {
    let rig = Rig::of("SENTINEL-x", "SENTINEL-y", |sim| sim, |client| client);
    let error = rig.tastytrade.account([A]).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Auth(words) if words.contains("invalid_grant")),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_gateway_is_waited_for() {
    let rig = Rig::new();
    for status in [429, 502] {
        rig.sim.inject(Fault::RestFailure {
            status,
            times: Some(1),
        });
    }
    rig.sim.inject(Fault::RejectUpgrade {
        status: 502,
        times: Some(1),
    });
    let _events = rig.tastytrade.account([A]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_loses_nothing() {
    let rig = Rig::new();
    let subscribe = rig.tastytrade.account([A]).capacity(4);
    let mut events = subscribe.await.unwrap();
    for id in 0..100 {
        rig.sim.notify([order(id, "Live")]);
    }
    tokio::time::sleep(secs(300)).await;
    for id in 0..100_u64 {
        let AccountUpdate::Order(order) = data(&mut events).await.update else {
            panic!()
        };
        assert_eq!(order.id.to_string(), id.to_string());
    }
}
