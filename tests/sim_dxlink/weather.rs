//! Bad weather: silence, withdrawals, unreadable rows, connections and clocks that do not hold.

use std::time::Duration;

use feedline::sim::dxlink::{DxEvent, DxLinkFault, DxLinkSim, RowPlace};
use feedline::sim::{Fate, Fault, Identity, Script};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::faults::{quote, with_quotes};
use super::support::{
    START, Socket, add, at, auth, builder, closed, connect, greeted, next, now, request, rows,
    send, setup, text, with_channel, within,
};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn sale(second: i64) -> DxEvent {
    DxEvent::new("TimeAndSale", "AAPL").at(at(second), 0)
}

fn unreadable(place: RowPlace, short: bool) -> DxLinkFault {
    DxLinkFault::UnreadableRow {
        place,
        symbol: None,
        short,
        times: Some(1),
    }
}

/// A channel whose items have a past of three sales.
async fn with_history(sim: &DxLinkSim) -> Socket {
    let fields = json!({"TimeAndSale": ["eventFlags", "index"]});
    let socket = with_channel(sim, "HISTORY", fields).await;
    for second in [-3, -2, -1] {
        sim.publish(sale(second));
    }
    socket
}

async fn snapshot(socket: &mut Socket) -> Vec<Vec<Value>> {
    let item = json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": 0}]);
    add(socket, 1, item).await;
    let frames = within(socket, Duration::from_millis(1)).await;
    rows(&frames, "TimeAndSale", 2)
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_snapshot_can_be_unreadable() {
    for (place, broken) in [
        (RowPlace::Begin, 0),
        (RowPlace::Middle, 1),
        (RowPlace::End, 3),
    ] {
        let sim = builder().in_memory().unwrap();
        let mut socket = with_history(&sim).await;
        sim.inject(unreadable(place, false));
        let rows = snapshot(&mut socket).await;
        let flags: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
        let mut expected = [json!(4), json!(0), json!(0), json!(10)];
        expected[broken] = json!("?");
        assert_eq!(flags, expected);
        let fates: Vec<_> = sim
            .journal()
            .iter()
            .map(|event| event.deliveries[0].fate)
            .collect();
        assert_eq!(fates.len(), 4);
        assert_eq!(fates[broken], Fate::Spoiled);
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Sent).count(), 3);
        let again = snapshot(&mut socket).await;
        assert!(again.iter().all(|row| row[0].is_i64()));
        sim.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_row_can_be_unreadable_or_short() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_history(&sim).await;
    snapshot(&mut socket).await;
    sim.inject(unreadable(RowPlace::Live, false));
    sim.inject(unreadable(RowPlace::Middle, false));
    sim.publish(sale(1));
    sim.publish(sale(2));
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let live = rows(&frames, "TimeAndSale", 2);
    assert_eq!(live.len(), 2);
    assert_eq!(live[0][0], "?");
    assert_eq!(live[1][0], 0);
    sim.inject(unreadable(RowPlace::Live, true));
    sim.publish_transaction([sale(3), sale(4)]);
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let lengths: Vec<_> = frames
        .iter()
        .map(|frame| frame["data"][1].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [1, 2], "a short row is alone in its frame");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn history_may_come_without_flags() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_history(&sim).await;
    sim.inject(DxLinkFault::Unflagged {
        symbol: Some("AAPL".into()),
        times: Some(1),
    });
    let rows = snapshot(&mut socket).await;
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row[0] == 0));
    assert_eq!(snapshot(&mut socket).await.len(), 4);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_withdrawn_again_and_again_with_words() {
    let sim = builder().in_memory().unwrap();
    sim.inject(DxLinkFault::Withdraw {
        symbol: Some("AAPL".into()),
        text: Some("Subscription limit exceeded".into()),
        times: Some(2),
    });
    let mut socket = greeted(&sim).await;
    for channel in [1, 3] {
        send(&mut socket, request(channel, "TICKER")).await;
        next(&mut socket).await;
        add(
            &mut socket,
            channel,
            json!([{"type": "Quote", "symbol": "AAPL"}]),
        )
        .await;
        assert_eq!(
            text(&mut socket).await,
            format!(
                r#"{{"type":"ERROR","channel":{channel},"error":"BAD_ACTION","message":"Subscription limit exceeded"}}"#
            )
        );
        let closed = format!(r#"{{"type":"CHANNEL_CLOSED","channel":{channel}}}"#);
        assert_eq!(text(&mut socket).await, closed);
        assert!(sim.active_topics().is_empty());
    }
    send(&mut socket, request(5, "TICKER")).await;
    next(&mut socket).await;
    add(&mut socket, 5, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_item_of_a_request_is_refused_and_the_others_are_served() {
    let sim = builder().in_memory().unwrap();
    sim.inject(DxLinkFault::RefuseItem {
        symbol: "AAPL".into(),
        text: None,
        times: Some(1),
    });
    sim.inject(Fault::Verbose {
        bytes: 1 << 20,
        times: Some(1),
    });
    let mut socket = greeted(&sim).await;
    send(&mut socket, request(1, "TICKER")).await;
    next(&mut socket).await;
    let both = json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Quote", "symbol": "IBM"}]);
    add(&mut socket, 1, both.clone()).await;
    let refused = next(&mut socket).await;
    assert_eq!(
        (&refused["type"], &refused["channel"]),
        (&json!("ERROR"), &json!(1))
    );
    let words = refused["message"].as_str().unwrap();
    assert!(words.starts_with("AAPL cannot be subscribed.") && words.len() == 1 << 20);
    assert_eq!(
        sim.active_topics().into_iter().collect::<Vec<_>>(),
        ["TICKER Quote IBM"]
    );
    add(&mut socket, 1, both).await;
    now(&mut socket).await;
    assert_eq!(sim.active_topics().len(), 2);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn channels_and_items_may_be_silent() {
    let sim = builder().in_memory().unwrap();
    let silent = |symbol: Option<&str>, channel: Option<&str>| Fault::Silent {
        symbol: symbol.map(str::to_owned),
        channel: channel.map(str::to_owned),
        times: None,
    };
    sim.inject(silent(None, Some("DOM")));
    sim.inject(silent(Some("AAPL"), None));
    let mut socket = greeted(&sim).await;
    let parameters = json!({"symbol": "AAPL", "sources": ["ntv"]});
    let dom = json!({"type": "CHANNEL_REQUEST", "channel": 3, "service": "DOM", "parameters": parameters});
    send(&mut socket, dom).await;
    assert!(now(&mut socket).await.is_empty());
    send(&mut socket, request(1, "TICKER")).await;
    assert_eq!(next(&mut socket).await["type"], "CHANNEL_OPENED");
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    assert!(now(&mut socket).await.is_empty());
    assert!(sim.active_topics().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_type_is_mute_until_it_is_subscribed_again() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::MuteTopic {
        symbol: "AAPL".into(),
        channel: Some("Quote".into()),
        lasting: None,
    });
    sim.publish(quote(1.0));
    assert!(now(&mut socket).await.is_empty());
    let journal = sim.journal();
    assert_eq!(journal.last().unwrap().deliveries[0].fate, Fate::Withheld);
    send(&mut socket, json!({"type": "KEEPALIVE", "channel": 0})).await;
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    sim.publish(quote(2.0));
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let bids = rows(&frames, "Quote", 2);
    assert_eq!(bids.last().unwrap()[1], 2.0);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn numbers_may_be_texts_and_candles_spelt_otherwise() {
    let script: Script = r#"
        {"at":"0s","fault":"dxlink","kind":"texts"}
        {"at":"0s","fault":"dxlink","kind":"respell"}
    "#
    .parse()
    .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let fields = json!({"Candle": ["eventSymbol", "eventFlags", "close", "volume"]});
    let mut socket = with_channel(&sim, "HISTORY", fields).await;
    let item = json!([{"type": "Candle", "symbol": "AAPL{=m}", "fromTime": 0}]);
    let bar = |close| {
        DxEvent::new("Candle", "AAPL{=m}")
            .at(at(0), 0)
            .with("close", close)
    };
    sim.publish(bar(1.5));
    add(&mut socket, 1, item).await;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let first = rows(&frames, "Candle", 4);
    let told = json!(["AAPL{=1m}", "4", "1.5", "NaN"]);
    assert_eq!(json!(first[0]), told);
    sim.publish(bar(2.5));
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    let told = json!(["AAPL{=m}", 0, 2.5, "NaN"]);
    assert_eq!(json!(rows(&frames, "Candle", 4)[0]), told);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_end_once_it_is_authorized() {
    let sim = builder().token_mode().in_memory().unwrap();
    sim.inject(Fault::CloseAfterLogin {
        after: secs(1),
        code: Some(1013),
        times: Some(1),
    });
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    send(&mut socket, auth("wrong")).await;
    assert_eq!(now(&mut socket).await.len(), 3);
    assert!(within(&mut socket, secs(2)).await.is_empty());
    send(&mut socket, auth("test-token")).await;
    let authorized = Instant::now();
    assert_eq!(closed(&mut socket).await, Some((1013, String::new())));
    assert_eq!(authorized.elapsed().as_secs(), 1);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_flap() {
    let sim = builder().in_memory().unwrap();
    sim.inject(Fault::Flap {
        lives: secs(3),
        jitter: Duration::ZERO,
        lasting: None,
    });
    for _ in 0..2 {
        let mut socket = with_quotes(&sim).await;
        let open = Instant::now();
        while let Some(Ok(_)) = socket.next().await {}
        assert_eq!(open.elapsed().as_secs(), 3);
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn sales_may_be_old_and_are_told_apart_when_the_clock_is_set_back() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({"TimeAndSale": ["index", "time"]});
    let mut socket = with_channel(&sim, "STREAM", fields).await;
    add(
        &mut socket,
        1,
        json!([{"type": "TimeAndSale", "symbol": "AAPL"}]),
    )
    .await;
    now(&mut socket).await;
    let trade = |sim: &DxLinkSim| {
        let (price, size) = (feedline::Decimal::ONE, feedline::Decimal::ONE);
        let side = feedline::market::Side::Buy;
        sim.publish_trade("AAPL", price, size, side).unwrap();
    };
    sim.inject(Fault::Age {
        by: secs(900),
        lasting: None,
    });
    trade(&sim);
    sleep(secs(10)).await;
    trade(&sim);
    sim.inject(Fault::StepClock {
        by: secs(10),
        back: true,
    });
    trade(&sim);
    sim.inject(Fault::Untimed { times: Some(1) });
    sleep(secs(1)).await;
    trade(&sim);
    let frames = within(&mut socket, secs(1)).await;
    let told = rows(&frames, "TimeAndSale", 2);
    let seconds = |row: &Vec<Value>| row[1].as_i64().unwrap() / 1_000;
    let times: Vec<_> = told.iter().map(seconds).collect();
    assert_eq!(times, [START - 900, START - 890, START - 900, 0]);
    let mut indices: Vec<_> = told.iter().map(|row| row[0].as_i64().unwrap()).collect();
    let journal: Vec<_> = sim.journal();
    let of_journal: Vec<_> = journal
        .iter()
        .map(|event| match event.identity {
            Identity::Index(index) => index,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(indices, of_journal);
    assert_eq!(journal[0].time.unwrap().as_secs(), at(-900).as_secs());
    indices.sort_unstable();
    indices.dedup();
    assert_eq!(indices.len(), 4);
    sim.shutdown().await;
}
