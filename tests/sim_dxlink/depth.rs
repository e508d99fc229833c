//! The DOM service.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::support::{builder, greeted, next, now, send, text, within};

#[tokio::test(start_paused = true)]
async fn a_book_comes_once_it_is_set_up() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    let parameters = json!({"symbol": "AAPL", "sources": ["ntv"]});
    send(&mut socket, json!({"type": "CHANNEL_REQUEST", "channel": 1, "service": "DOM", "parameters": parameters})).await;
    assert_eq!(next(&mut socket).await["parameters"], parameters);
    sim.step(5);
    assert!(now(&mut socket).await.is_empty());
    send(&mut socket, json!({"type": "DOM_SETUP", "channel": 1, "acceptAggregationPeriod": 1, "acceptDepthLimit": 3})).await;
    assert_eq!(
        text(&mut socket).await,
        r#"{"type":"DOM_CONFIG","channel":1,"aggregationPeriod":1,"depthLimit":3,"dataFormat":"FULL","orderFields":["price","size"]}"#
    );
    let book = next(&mut socket).await;
    let prices = |side: &str| -> Vec<f64> {
        let levels = book[side].as_array().unwrap().iter();
        levels
            .map(|level| level["price"].as_f64().unwrap())
            .collect()
    };
    assert_eq!((prices("bids").len(), prices("asks").len()), (3, 3));
    assert!(prices("asks").is_sorted() && prices("bids").is_sorted_by(|a, b| a >= b));
    assert!(prices("bids")[0] < prices("asks")[0]);
    // What changes within the period comes at its end, once.
    let begun = Instant::now();
    sim.step(50);
    let frames = within(&mut socket, Duration::from_secs(3)).await;
    assert_eq!(frames.len(), 1);
    assert!(begun.elapsed().as_secs() <= 3);
    assert_eq!(sim.publish_book("AAPL", &[(1.5, 100.0)], &[]), 1);
    let text = text(&mut socket).await;
    assert!(
        text.ends_with(r#""bids":[{"price":1.5,"size":100.0}],"asks":[]}"#),
        "{text}"
    );
    assert_eq!(
        sim.active_topics().into_iter().collect::<Vec<_>>(),
        ["DOM AAPL ntv"]
    );
    assert_eq!(sim.journal().len(), 3);
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn of_an_unknown_symbol_nothing_is_told() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    let parameters = json!({"symbol": "NOTHING", "sources": []});
    send(&mut socket, json!({"type": "CHANNEL_REQUEST", "channel": 1, "service": "DOM", "parameters": parameters})).await;
    next(&mut socket).await;
    send(&mut socket, json!({"type": "DOM_SETUP", "channel": 1, "acceptOrderFields": ["size"], "acceptDepthLimit": 0})).await;
    assert!(now(&mut socket).await.is_empty());
    sim.publish_book("NOTHING", &[(1.5, 100.0)], &[]);
    assert_eq!(next(&mut socket).await["depthLimit"], 0);
    assert_eq!(next(&mut socket).await["bids"], json!([{"size": 100.0}]));
    sim.shutdown().await;
}
