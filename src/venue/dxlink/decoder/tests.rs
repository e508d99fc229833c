use serde_json::{Value, json};

use super::super::fixture::{frame, row};
use super::super::{Change, EventFlags, EventKind, SaleKind, SaleSession, SnapshotKey};
use super::*;
use crate::market::Tick;
use crate::{Decimal, Timestamp};

fn decoder(lists: &[(&str, &[&str])]) -> Decoder {
    let mut decoder = Decoder::new();
    for (name, fields) in lists {
        decoder.fields(name, fields);
    }
    decoder
}

fn data(decoder: &mut Decoder, data: &str) -> Vec<Decoded> {
    let frame = format!(r#"{{"type":"FEED_DATA","channel":1,"data":{data}}}"#);
    decoder.decode(frame.as_bytes()).unwrap()
}

fn events(decoded: Vec<Decoded>) -> Vec<DxEvent> {
    let event = |decoded| match decoded {
        Decoded::Event(decoded) => decoded.event,
        other => panic!("{other:?}"),
    };
    decoded.into_iter().map(event).collect()
}

fn event(decoder: &mut Decoder, json: &str) -> DxEvent {
    let mut events = events(data(decoder, json));
    assert_eq!(events.len(), 1);
    events.remove(0)
}

#[test]
fn every_type_reads_back_what_it_serialises() {
    for kind in EventKind::ALL {
        let mut decoder = decoder(&[(kind.name(), kind.fields())]);
        let frame = frame(&[(kind.name(), row(*kind))]);
        let decoded = decoder.decode(frame.as_bytes()).unwrap();
        let json = serde_json::to_string(&decoded).unwrap();
        let back: Vec<Decoded> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, decoded, "{json}");
        let event = &events(decoded)[0];
        assert_eq!(event.event_type(), kind.name());
        assert_eq!(event.symbol().as_str(), "AAPL{=5m}");
        assert_eq!(event.index().is_some(), kind.is_indexed(), "{kind}");
        assert_eq!(event.source(), kind.is_order().then_some("NTV"));
        let json: Value = serde_json::to_value(event).unwrap();
        assert!(
            json["symbol"] == "AAPL{=5m}" && json["kind"].is_string(),
            "{json}"
        );
    }
}

#[test]
fn the_servers_list_counts_and_what_it_drops_is_missing() {
    let mut decoder = decoder(&[("Quote", &["eventSymbol", "bidPrice", "askPrice"])]);
    let quote = |event: DxEvent| match event {
        DxEvent::Quote(quote) => (quote.bid, quote.ask),
        other => panic!("{other:?}"),
    };
    let first = event(&mut decoder, r#"["Quote",["A",1,2]]"#);
    assert_eq!(quote(first), (Some(Decimal::ONE), Some(Decimal::TWO)));
    let config =
        r#"{"type":"FEED_CONFIG","channel":1,"eventFields":{"Quote":["askPrice","eventSymbol"]}}"#;
    decoder.decode(config.as_bytes()).unwrap();
    let config = r#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"FULL","aggregationPeriod":1}"#;
    decoder.decode(config.as_bytes()).unwrap();
    let second = event(&mut decoder, r#"["Quote",[2,"A"]]"#);
    assert_eq!(quote(second), (None, Some(Decimal::TWO)));
    let full = event(
        &mut decoder,
        r#"[{"eventType":"Quote","bidPrice":1,"eventSymbol":"A"}]"#,
    );
    assert_eq!(quote(full), (Some(Decimal::ONE), None));
    // Another channel has its own lists.
    let other = br#"{"type":"FEED_DATA","channel":3,"data":["Quote",["A",1,2]]}"#;
    assert_eq!(decoder.decode(other).unwrap().len(), 1);
}

#[test]
fn a_pair_that_cannot_be_used_costs_nothing_else() {
    let mut decoder = decoder(&[("Quote", &["eventSymbol", "bidPrice"])]);
    let decoded = data(
        &mut decoder,
        r#"["Quote",["A",1,"B"],"Trade",["A",1],"Quote",["C",2,null,3,"D","x"]]"#,
    );
    let shown: Vec<Value> = decoded
        .iter()
        .map(|d| serde_json::to_value(d).unwrap())
        .collect();
    let expected = json!([
        {"message": "refused", "channel": 1, "event_type": "Quote",
            "reason": "3 values is not a multiple of 2 fields"},
        {"message": "refused", "channel": 1, "event_type": "Trade",
            "reason": "no list of fields is known"},
        {"message": "event", "channel": 1, "kind": "quote", "symbol": "C", "bid": "2"},
        {"message": "refused", "channel": 1, "event_type": "Quote",
            "reason": "eventSymbol is missing"},
        {"message": "event", "channel": 1, "kind": "quote", "symbol": "D", "dropped_values": 1},
    ]);
    assert_eq!(json!(shown), expected);
}

#[test]
fn the_old_head_brings_its_own_list() {
    let quote = event(
        &mut Decoder::new(),
        r#"[["Quote",["bidPrice","eventSymbol"]],[1.50,"A"]]"#,
    );
    assert_eq!(serde_json::to_value(quote).unwrap()["bid"], "1.50");
}

#[test]
fn unknown_types_come_as_they_are() {
    let mut decoder = decoder(&[("News", &["eventSymbol", "body"])]);
    let named = event(&mut decoder, r#"["News",["A",{"x":[1]}]]"#);
    assert_eq!(
        serde_json::to_value(named).unwrap(),
        json!({"kind": "raw", "symbol": "A", "event_type": "News",
            "fields": {"eventSymbol": "A", "body": {"x": [1]}}})
    );
    for nameless in [r#"["Other",["A",1]]"#, r#"[ "Other",["A",1]]"#] {
        assert_eq!(
            serde_json::to_value(event(&mut decoder, nameless)).unwrap(),
            json!({"kind": "raw", "symbol": "", "event_type": "Other", "values": ["A", 1]})
        );
    }
    let full = event(
        &mut decoder,
        r#"[{"eventType":"Other","eventSymbol":"A","x":1.5}]"#,
    );
    assert_eq!(serde_json::to_value(full).unwrap()["fields"]["x"], 1.5);
    // A candle of price bars has no interval, and is not lost for that.
    decoder.fields(
        "Candle",
        &["eventSymbol", "open", "high", "low", "close", "time"],
    );
    let bar = event(
        &mut decoder,
        r#"["Candle",["A{=2p}",1,3,1,2,1700000040000]]"#,
    );
    assert!(matches!(&bar, DxEvent::Raw(raw) if raw.event_type == "Candle"));
    assert_eq!(bar.time(), Timestamp::from_millis(1_700_000_040_000));
}

#[test]
fn a_cancel_is_told_apart_and_has_the_id_of_what_it_cancels() {
    let fields = &[
        "eventSymbol",
        "index",
        "price",
        "size",
        "type",
        "timeNanoPart",
        "time",
    ];
    let mut decoder = decoder(&[("TimeAndSale", fields)]);
    let index = 7_301_444_403_715_899_392_i64;
    let mut sale = |kind: &str| {
        let json = format!(r#"["TimeAndSale",["A",{index},5,"NaN","{kind}",42,1700000000123]]"#);
        match event(&mut decoder, &json) {
            DxEvent::TimeAndSale(sale) => sale,
            other => panic!("{other:?}"),
        }
    };
    let (new, cancel) = (sale("NEW"), sale("CANCEL"));
    assert_eq!(new.id, cancel.id);
    assert_eq!(cancel.detail.kind, Some(SaleKind::Cancel));
    assert_eq!(
        (new.price(), cancel.price()),
        (Some(Decimal::from(5)), None)
    );
    assert!(new.detail.sizeless && new.size.is_zero());
    assert_eq!(new.time.as_nanos(), 1_700_000_000_123_000_042);
    assert_eq!(
        sale("BUST").detail.kind,
        Some(SaleKind::Other("BUST".into()))
    );
}

#[test]
fn an_id_is_made_of_time_and_sequence_only_where_both_are_there() {
    let id = |fields: &[&str], row: &str| {
        let mut decoder = decoder(&[("TimeAndSale", fields)]);
        match event(&mut decoder, &format!(r#"["TimeAndSale",[{row}]]"#)) {
            DxEvent::TimeAndSale(sale) => sale.id.map(|id| id.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let fields = ["eventSymbol", "price", "time", "sequence"];
    let made = id(&fields, r#""A",5,1700000000123,0"#);
    assert_eq!(made.as_deref(), Some("7301444403715899392"));
    assert_eq!(id(&fields[..3], r#""A",5,1700000000123"#), None);
}

#[test]
fn last_sales_tell_which_of_the_two_they_are() {
    let fields: &[&str] = &["eventSymbol", "price"];
    let mut decoder = decoder(&[("Trade", fields), ("TradeETH", fields)]);
    let decoded = events(data(
        &mut decoder,
        r#"["TradeETH",["A",1],"Trade",["A","NaN"]]"#,
    ));
    let sessions: Vec<_> = decoded
        .iter()
        .map(|event| match event {
            DxEvent::LastSale(sale) => (sale.session, sale.price),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        (SaleSession::Extended, Some(Decimal::ONE)),
        (SaleSession::Regular, None),
    ];
    assert_eq!(sessions, expected);
}

#[test]
fn rows_of_indexed_types_are_rows_of_snapshots() {
    let mut decoder = decoder(&[
        (
            "Order",
            &["eventSymbol", "eventFlags", "index", "size", "source"],
        ),
        (
            "Candle",
            &[
                "eventSymbol",
                "eventFlags",
                "time",
                "open",
                "high",
                "low",
                "close",
            ],
        ),
        ("Quote", &["eventSymbol", "bidPrice"]),
    ]);
    let decoded = data(
        &mut decoder,
        r#"["Order",["A",0,9,0,"ntv","A",1,8,5,""],"Candle",["A{=m}",10,1700000040000,"NaN","NaN","NaN","NaN"],"Quote",["A",1]]"#,
    );
    let rows: Vec<_> = decoded.into_iter().map(Decoded::into_row).collect();
    let key = |event_type: &str, symbol: &str, source: &str| SnapshotKey {
        event_type: event_type.into(),
        symbol: symbol.into(),
        source: source.into(),
    };
    let [Some(gone), Some(order), Some(candle), None] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!((&gone.0, gone.1.index), (&key("Order", "A", "ntv"), 9));
    assert_eq!(gone.2, Change::Remove);
    assert_eq!(order.0, key("Order", "A", "DEFAULT"));
    assert!(matches!(order.2, Change::Set(_)) && order.1.flags == EventFlags::TX_PENDING);
    assert_eq!(candle.0, key("Candle", "A{=m}", "DEFAULT"));
    assert_eq!(
        (candle.1.index, &candle.2),
        (7_301_444_574_998_691_840, &Change::Remove)
    );
    // In FULL what is left out is the default: an order without size.
    let full = r#"[{"eventType":"Order","eventSymbol":"A","index":7}]"#;
    let row = data(&mut decoder, full).remove(0).into_row().unwrap();
    assert_eq!(row.2, Change::Remove);
}

#[test]
fn depth_has_the_symbol_of_its_channel() {
    let mut decoder = Decoder::new();
    for frame in [
        r#"{"type":"CHANNEL_OPENED","channel":1,"service":"DOM","parameters":{"symbol":"A","sources":["ntv"]}}"#,
        r#"{"type":"DOM_CONFIG","channel":1,"depthLimit":5}"#,
    ] {
        decoder.decode(frame.as_bytes()).unwrap();
    }
    let frame = r#"{"type":"DOM_SNAPSHOT","channel":1,"bids":[{"price":1.50,"size":2}]}"#;
    let decoded = decoder.decode(frame.as_bytes()).unwrap();
    assert_eq!(
        serde_json::to_value(&decoded[0]).unwrap(),
        json!({"message": "event", "channel": 1, "kind": "book", "symbol": "A",
            "action": "snapshot", "bids": [["1.50", "2"]], "asks": [], "detail": {"depth_limit": 5}})
    );
}
