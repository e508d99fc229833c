//! Tokens, accounts and what is refused.

use std::time::Duration;

use feedline::sim::tastytrade::Notification;
use feedline::sim::{BreachKind, Fault};
use serde_json::json;
use tokio::time::sleep;

use super::support::{AGENT, builder, get, http};

const GRANT: &str = r#"{"grant_type":"refresh_token","refresh_token":"test-refresh","client_secret":"test-secret"}"#;

#[tokio::test(start_paused = true)]
async fn a_refresh_token_gives_an_access_token_for_a_quarter_of_an_hour() {
    let sim = builder().in_memory().unwrap();
    let (status, grant) = http(&sim, "POST /oauth/token", &[AGENT], GRANT).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&grant["token_type"], &grant["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    let token = format!("Bearer {}", grant["access_token"].as_str().unwrap());
    let headers = [
        AGENT,
        ("authorization", token.as_str()),
        ("accept-version", "20251101"),
    ];
    let (status, answer) = http(&sim, "GET /api-quote-tokens", &headers, "").await;
    assert_eq!(status, 200);
    assert_eq!(answer["context"], "/api-quote-tokens");
    assert_eq!(answer["data"]["level"], "api");
    assert_eq!(answer["data"]["dxlink-url"], sim.dxlink_url());
    assert_eq!(
        answer["data"]["expires-at"],
        "2026-10-02T12:53:00.000+00:00"
    );
    sleep(Duration::from_secs(901)).await;
    let (status, answer) = http(&sim, "GET /api-quote-tokens", &headers, "").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (401, &json!("token_invalid"))
    );
    // A form is as good as JSON.
    let form = "grant_type=refresh_token&refresh_token=test-refresh&client_secret=test-secret";
    let (status, second) = http(&sim, "POST /oauth/token", &[AGENT], form).await;
    assert_eq!(status, 200);
    assert_ne!(second["access_token"], grant["access_token"]);
    let calls = sim.rest_requests();
    assert_eq!(calls[..2], ["POST /oauth/token", "GET /api-quote-tokens"]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_refused_in_the_venues_envelope() {
    let sim = builder()
        .credentials("other", "test-refresh")
        .customer(false)
        .in_memory()
        .unwrap();
    let (status, answer) = http(&sim, "POST /oauth/token", &[AGENT], GRANT).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("invalid_grant"))
    );
    let (status, answer) = http(&sim, "POST /oauth/token", &[AGENT], "{}").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("unsupported_grant_type"))
    );
    let (status, page) = http(&sim, "POST /oauth/token", &[], GRANT).await;
    assert_eq!(status, 401);
    assert!(page.as_str().unwrap().starts_with("<html>"));
    let (status, _) = http(&sim, "GET /customers/me/accounts", &[AGENT], "").await;
    assert_eq!(status, 401);
    let old = [AGENT, ("accept-version", "latest")];
    assert_eq!(http(&sim, "GET /customers/me", &old, "").await.0, 406);
    let (status, answer) = get(&sim, "/api-quote-tokens").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (403, &json!("quote_streamer.customer_not_found_error"))
    );
    assert_eq!(get(&sim, "/nothing").await.0, 404);
    assert_eq!(get(&sim, "/accounts/5WT09999/balances").await.0, 403);
    let kinds: Vec<_> = sim.breaches().iter().map(|breach| breach.kind).collect();
    let expected = [
        BreachKind::Unauthorized,
        BreachKind::Malformed,
        BreachKind::Malformed,
        BreachKind::Unauthorized,
    ];
    assert_eq!(kinds, expected);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn accounts_are_what_notifications_said_of_them() {
    let sim = builder()
        .accounts(["5WT00001"])
        .sandbox(true)
        .in_memory()
        .unwrap();
    let (_, answer) = get(&sim, "/customers/me/accounts").await;
    let account = &answer["data"]["items"][0];
    assert_eq!(account["authority-level"], "owner");
    for key in [
        "account-number",
        "opened-at",
        "nickname",
        "account-type-name",
        "is-closed",
        "day-trader-status",
        "is-firm-error",
        "is-firm-proprietary",
        "is-futures-approved",
        "margin-or-cash",
        "is-foreign",
        "created-at",
    ] {
        assert!(!account["account"][key].is_null(), "{key}");
    }
    assert_eq!(
        get(&sim, "/api-quote-tokens").await.1["data"]["level"],
        "demo"
    );
    let order = |status: &str| Notification::order("5WT00001", 7, "AAPL").with("status", status);
    sim.notify([order("Live"), Notification::position("5WT00001", "IBM", -5)]);
    sim.notify([Notification::balance("5WT00001").with("cash-balance", "1.5")]);
    let balance = get(&sim, "/accounts/5WT00001/balances").await.1;
    assert_eq!(balance["data"]["cash-balance"], "1.5");
    let same = get(&sim, "/accounts/5WT00001/balances/USD").await.1;
    assert_eq!(same["data"], balance["data"]);
    let order_seven = get(&sim, "/accounts/5WT00001/orders/7").await.1;
    assert_eq!(order_seven["data"]["status"], "Live");
    assert_eq!(get(&sim, "/accounts/5WT00001/orders/8").await.0, 404);
    let positions = get(&sim, "/accounts/5WT00001/positions").await.1;
    let position = &positions["data"]["items"][0];
    assert_eq!(
        (&position["quantity"], &position["quantity-direction"]),
        (&json!("5"), &json!("Short"))
    );
    let live = |answer: serde_json::Value| answer["data"]["items"].as_array().unwrap().len();
    assert_eq!(live(get(&sim, "/accounts/5WT00001/orders/live").await.1), 1);
    sim.notify([
        order("Filled"),
        Notification::position("5WT00001", "IBM", 0),
    ]);
    assert_eq!(live(get(&sim, "/accounts/5WT00001/orders/live").await.1), 0);
    assert_eq!(live(get(&sim, "/accounts/5WT00001/orders").await.1), 1);
    assert_eq!(live(get(&sim, "/accounts/5WT00001/positions").await.1), 0);
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn calls_can_fail() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::RestFailure {
        status: 429,
        times: Some(1),
    });
    assert_eq!(get(&sim, "/customers/me").await.0, 429);
    assert_eq!(get(&sim, "/customers/me").await.0, 200);
    sim.shutdown().await;
}
