//! Recorded frames.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::Timestamp;
use feedline::sim::{Identity, Recording};
use serde_json::json;
use tokio::time::sleep;

use super::support::{builder, connect, get, subscribe, texts_within, with_trades, within};

fn tiny_recording() -> Recording {
    let lines = [
        json!({"dir": "out", "frame": "{}"}),
        json!({"frame": "{\"channel\":\"spot.trades\",\"event\":\"subscribe\",\"result\":{\"status\":\"success\"}}"}),
        json!({"frame": "{ \"channel\":\"spot.trades\",\"event\":\"update\",\"result\":{\"id\":5,\"currency_pair\":\"OLD_ONE\"}}"}),
        json!({"market": "futures", "frame": "{\"channel\":\"futures.trades\",\"event\":\"update\",\"result\":[]}"}),
        json!({"frame": "{\"channel\":\"spot.order_book_update\",\"event\":\"update\",\"result\":{\"s\":\"OLD_ONE\",\"U\":3,\"u\":4}}"}),
        json!({"frame": "{\"channel\":\"spot.candlesticks\",\"event\":\"update\",\"result\":{\"n\":\"1m_OLD_ONE\",\"t\":\"60\",\"w\":true}}"}),
        json!({"frame": "{\"channel\":\"spot.obu\",\"event\":\"update\",\"result\":{\"s\":\"ob.OLD_ONE.50\",\"full\":true,\"u\":9}}"}),
        json!({"dir": "rest", "channel": "rest:order_book", "request": "https://host/spot/order_book?currency_pair=OLD_ONE&limit=9", "frame": "{\"id\":4}"}),
    ];
    let directory = std::env::temp_dir().join(format!("feedline-recording-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("tiny.jsonl");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).unwrap();
    let recording = Recording::read(&path).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(recording.len(), 8);
    recording
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_played_to_those_who_subscribed() {
    let sim = builder()
        .rate(10.0)
        .recording(tiny_recording(), false)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    sleep(Duration::from_secs(5)).await;
    subscribe(&mut socket, "spot.trades", json!(["OLD_ONE", "BTC_USDT"])).await;
    subscribe(
        &mut socket,
        "spot.order_book_update",
        json!(["OLD_ONE", "20ms"]),
    )
    .await;
    subscribe(&mut socket, "spot.obu", json!(["ob.OLD_ONE.50"])).await;
    let frames = texts_within(&mut socket, Duration::from_secs(20)).await;
    let pushes: Vec<_> = frames
        .iter()
        .filter(|frame| !frame.contains("conn_id"))
        .collect();
    assert_eq!(frames.len() - pushes.len(), 3);
    assert_eq!(pushes.len(), 3);
    assert!(
        pushes[0].starts_with("{ \"channel\":\"spot.trades\""),
        "unchanged: {}",
        pushes[0]
    );
    let journal = sim.journal();
    let identities: Vec<_> = journal.iter().map(|event| event.identity).collect();
    let start = Timestamp::from_secs(60).unwrap();
    let expected = [
        Identity::Trade(5),
        Identity::Book { first: 3, last: 4 },
        Identity::Candle {
            start,
            closed: true,
        },
        Identity::Book { first: 9, last: 9 },
    ];
    assert_eq!(identities, expected);
    assert!(journal[2].deliveries.is_empty());
    assert_eq!(
        get(&sim, "/spot/order_book?currency_pair=OLD_ONE").await.1,
        json!({"id": 4})
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_recording_can_loop() {
    let sim = builder()
        .rate(10.0)
        .recording(tiny_recording(), true)
        .in_memory()
        .unwrap();
    let mut socket = with_trades(&sim).await;
    subscribe(&mut socket, "spot.trades", json!(["OLD_ONE"])).await;
    let frames = within(&mut socket, Duration::from_secs(4)).await;
    assert_eq!(frames.len(), 1 + 10);
    sim.shutdown().await;
}

/// Plays the whole recorded sample file, where there is one.
#[tokio::test(start_paused = true)]
async fn the_sample_recording_is_played_whole() {
    let Ok(samples) = std::env::var("FEEDLINE_SAMPLES") else {
        eprintln!("skipped: FEEDLINE_SAMPLES does not name the folder of recorded samples");
        return;
    };
    let recording = Recording::read(format!("{samples}/gate.jsonl")).unwrap();
    let sim = builder()
        .recording(recording, false)
        .rate(100.0)
        .in_memory()
        .unwrap();
    let mut socket = connect(&sim).await;
    let (_, pairs) = get(&sim, "/spot/currency_pairs").await;
    let pairs: BTreeSet<String> = pairs
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(pairs.len() > 10, "{pairs:?}");
    subscribe(&mut socket, "spot.trades", json!(pairs)).await;
    subscribe(&mut socket, "spot.tickers", json!(pairs)).await;
    for pair in &pairs {
        subscribe(
            &mut socket,
            "spot.order_book_update",
            json!([pair, "100ms"]),
        )
        .await;
        subscribe(&mut socket, "spot.candlesticks", json!(["1m", pair])).await;
    }
    let frames = within(&mut socket, Duration::from_secs(10)).await;
    let pushes = frames
        .iter()
        .filter(|frame| frame["event"] == "update")
        .count();
    assert!(pushes > 130, "{pushes}");
    assert_eq!(
        get(&sim, "/spot/order_book?currency_pair=HAI_ETH").await.1["id"],
        2_691_446
    );
    let missed = sim
        .journal()
        .iter()
        .filter(|event| event.deliveries.is_empty())
        .count();
    eprintln!("{pushes} frames played, {missed} of topics that were not subscribed");
    sim.shutdown().await;
}
