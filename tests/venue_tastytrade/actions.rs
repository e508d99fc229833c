//! Which actions are sent, and what becomes of their answers.

use std::collections::BTreeSet;

use feedline::ErrorKind;
use feedline::sim::tastytrade::Notification;
use feedline::venue::tastytrade::AccountUpdate;
use serde_json::{Value, json};

use super::{A, B, Rig, next, secs};

impl Rig {
    /// The values of the `connect`s so far.
    fn connected(&self) -> Vec<Value> {
        let requests = self.sim.requests().into_iter();
        let connects = requests.filter(|request| request.event == "connect");
        connects
            .map(|request| request.payload["value"].clone())
            .collect()
    }

    fn topics(&self) -> Vec<String> {
        self.sim.active_topics().into_iter().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_that_are_asked_for_together_share_a_connect() {
    let rig = Rig::new();
    let both = rig.tastytrade.account([A, B, A]).await.unwrap();
    assert_eq!(rig.connected(), [json!([A, B])]);
    let again = rig.tastytrade.account([B]).await.unwrap();
    assert_eq!(rig.connected().len(), 1);
    drop((both, again));
    tokio::time::sleep(secs(10)).await;
    assert_eq!(rig.sim.sessions(), []);
}

#[tokio::test(start_paused = true)]
async fn a_connect_names_every_account_that_is_wanted() {
    let rig = Rig::new();
    let first = rig.tastytrade.account([A]).await.unwrap();
    let second = rig.tastytrade.account([B]).await.unwrap();
    assert_eq!(rig.connected(), [json!([A]), json!([A, B])]);
    drop(first);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(rig.connected()[2..], [json!([B])]);
    assert_eq!(rig.sim.breaches(), []);
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_the_users_is_refused_alone() {
    let rig = Rig::new();
    let error = rig.tastytrade.account([A, "5WT99999"]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error}");
    let refused: Vec<_> = error.rejections().iter().map(|one| &one.text).collect();
    assert_eq!(refused, ["value missing or not valid"]);
    let some = rig.tastytrade.account([A, "5WT99999"]).allow_partial();
    let _events = some.await.unwrap();
    assert_eq!(rig.topics(), [format!("ACCOUNT {A}")]);
}

#[tokio::test(start_paused = true)]
async fn alerts_and_watchlists_connect_first() {
    let rig = Rig::new();
    let mut alerts = rig.tastytrade.quote_alerts(A).await.unwrap();
    let mut lists = rig.tastytrade.public_watchlists(A).await.unwrap();
    let wanted = [
        format!("ACCOUNT {A}"),
        "public-watchlists-subscribe".to_owned(),
        "quote-alerts-subscribe".to_owned(),
    ];
    assert_eq!(rig.sim.active_topics(), BTreeSet::from(wanted));
    rig.sim.notify([
        Notification::quote_alert("AAPL", 200.5),
        Notification::watchlist("Best", &["AAPL", "IBM"]),
        Notification::balance(A),
    ]);
    let alert = next(&mut alerts).await.unwrap().data().unwrap();
    assert_eq!(alert.account, A);
    assert!(matches!(alert.update, AccountUpdate::QuoteAlert(alert) if alert.symbol == "AAPL"));
    let list = next(&mut lists).await.unwrap().data().unwrap();
    assert!(matches!(list.update, AccountUpdate::Watchlist(list) if list.entries.len() == 2));
    assert_eq!(rig.sim.breaches(), []);
}
