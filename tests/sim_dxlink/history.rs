//! Snapshots and what follows them.

use std::time::Duration;

use feedline::sim::dxlink::DxEvent;
use serde_json::json;
use tokio::time::Instant;

use super::contracts::{period, sale, sales};
use super::support::{add, at, builder, closed, next, now, rows, with_channel, within};

#[tokio::test(start_paused = true)]
async fn a_history_is_a_snapshot_and_then_what_changes() {
    let sim = builder().rows_per_frame(2).in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", sales()).await;
    for second in [-3, -2, -1] {
        sim.publish(sale(second, 0, 100.0));
    }
    let from = at(-2).as_millis();
    let item = json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": from}]);
    add(&mut socket, 1, item.clone()).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    let index = |second| at(second).as_secs() << 32;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    // Two rows a frame, newest first, and a row that only ends it.
    assert_eq!(frames.len(), 2);
    let flags: Vec<_> = rows(&frames, "TimeAndSale", 3)
        .iter()
        .map(|row| row[..2].to_vec())
        .collect();
    let border = index(-3) + (999 << 22);
    assert_eq!(
        flags,
        [
            [json!(4), json!(index(-1))],
            [json!(0), json!(index(-2))],
            [json!(10), json!(border)]
        ]
    );
    assert_eq!(rows(&frames, "TimeAndSale", 3)[2][2], "NaN");
    // An update, a correction and a removal.
    sim.publish(sale(0, 0, 1.0));
    sim.publish(sale(-1, 0, 2.0));
    sim.publish(sale(-2, 0, 0.0).removed());
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let seen: Vec<_> = rows(&frames, "TimeAndSale", 3)
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(seen, [0, 0, 2]);
    // The same item again begins again.
    add(&mut socket, 1, item).await;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let seen: Vec<_> = rows(&frames, "TimeAndSale", 3)
        .iter()
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(seen, [index(0), index(-1), index(-2) + (999 << 22)]);
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_known_of_unknown_symbols_and_little_of_quiet_ones() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", sales()).await;
    add(
        &mut socket,
        1,
        json!([{"type": "TimeAndSale", "symbol": "NOTHING", "fromTime": 0}]),
    )
    .await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    assert!(now(&mut socket).await.is_empty());
    let last = i64::MAX;
    add(
        &mut socket,
        1,
        json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": last}]),
    )
    .await;
    assert_eq!(next(&mut socket).await["data"][1][0], 14);
    sim.publish(sale(0, 0, 1.0));
    assert_eq!(next(&mut socket).await["data"][1][0], 0);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn too_long_a_history_is_cut() {
    let sim = builder().snapshot_limit(2).in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", sales()).await;
    for second in [-3, -2, -1] {
        sim.publish(sale(second, 0, 100.0));
    }
    add(
        &mut socket,
        1,
        json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": 0}]),
    )
    .await;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let flags: Vec<_> = rows(&frames, "TimeAndSale", 3)
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(flags, [4, 16]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn transactions_and_periods_keep_their_flags() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({"Order": ["eventFlags", "index", "size"]});
    let mut socket = with_channel(&sim, "HISTORY", fields).await;
    add(
        &mut socket,
        1,
        json!([{"type": "Order", "symbol": "X", "source": "NTV"}]),
    )
    .await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    let order = |index: i64, size: f64| {
        DxEvent::new("Order", "X")
            .source("NTV")
            .index(index)
            .with("size", size)
    };
    assert_eq!(sim.publish(order(9, 1.0).source("ntv")), 0);
    sim.publish_transaction([order(1, 1.0), order(2, 2.0), order(3, 0.0).removed()]);
    let frame = next(&mut socket).await;
    assert_eq!(frame["data"][1], json!([1, 1, 1.0, 1, 2, 2.0, 2, 3, 0.0]));
    // Of each index the latest waits, and no transaction stays open for what moved away.
    period(&mut socket, 1.0).await;
    sim.publish(order(4, 4.0));
    next(&mut socket).await;
    sim.publish_transaction([order(1, 5.0), order(2, 5.0)]);
    sim.publish_transaction([order(3, 6.0), order(1, 7.0)]);
    let frames = within(&mut socket, Duration::from_secs(3)).await;
    let sent: Vec<_> = rows(&frames, "Order", 3);
    assert_eq!(
        sent,
        [
            [json!(1), json!(1), json!(7.0)],
            [json!(0), json!(2), json!(5.0)],
            [json!(0), json!(3), json!(6.0)]
        ]
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn something_can_happen_in_the_middle_of_a_snapshot() {
    let sim = builder()
        .rows_per_frame(2)
        .frame_pace(Duration::from_millis(100))
        .in_memory()
        .unwrap();
    let mut socket = with_channel(&sim, "HISTORY", sales()).await;
    for second in -5..0 {
        sim.publish(sale(second, 0, 100.0));
    }
    let item = json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": 0}]);
    add(&mut socket, 1, item.clone()).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    let begun = Instant::now();
    let flags = |frames: &[serde_json::Value]| -> Vec<serde_json::Value> {
        let rows = rows(frames, "TimeAndSale", 3);
        rows.iter().map(|row| row[0].clone()).collect()
    };
    assert_eq!(flags(&[next(&mut socket).await]), [4, 0]);
    // What has been sent comes again at the end, what waits changes in its place.
    sim.publish(sale(-1, 0, 101.0));
    sim.publish(sale(-5, 0, 101.0));
    assert_eq!(flags(&[next(&mut socket).await]), [0, 0]);
    let last = next(&mut socket).await;
    assert_eq!(flags(std::slice::from_ref(&last)), [0, 10]);
    assert_eq!(last["data"][1][2], 101.0);
    assert_eq!(flags(&[next(&mut socket).await]), [0]);
    assert_eq!(begun.elapsed().as_millis(), 300);
    // A cut in the middle.
    add(&mut socket, 1, item).await;
    assert_eq!(flags(&[next(&mut socket).await]), [4, 0]);
    sim.inject(feedline::sim::Fault::Cut);
    assert!(closed(&mut socket).await.is_none());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn snapshots_may_be_untidy() {
    let sim = builder().untidy_snapshots(true).in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", sales()).await;
    for second in -3..0 {
        sim.publish(sale(second, 0, 100.0));
    }
    let item = json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": 0}]);
    add(&mut socket, 1, item).await;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let flags: Vec<_> = rows(&frames, "TimeAndSale", 3)
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(flags, [0, 4, 1, 1, 0, 10]);
    sim.shutdown().await;
}
