//! Every rule of the venue's language, on frames made up for it.

use super::*;
use crate::market::{self, BookAction, CandleState, Id, Side};
use crate::venue::gate::channel::Channel;
use crate::venue::gate::message::{Item, PushKey, SpotEvent};
use crate::venue::gate::{
    BookUpdate, Candle, DeltaSpeed, Depth, IdRange, Interval, ObuLevel, Quote, Trade,
};

fn item(frame: &str) -> Item {
    match decode(frame.as_bytes(), None) {
        Ok(Message::Push(item)) => item,
        other => panic!("{frame}: {other:?}"),
    }
}

fn push(channel: &str, result: &str) -> Item {
    item(&format!(
        r#"{{"channel":"{channel}","event":"update","result":{result}}}"#
    ))
}

fn trade(result: &str) -> Trade {
    match push("spot.trades", result).event {
        SpotEvent::Trade(trade) => trade,
        other => panic!("{other:?}"),
    }
}

fn quote(result: &str) -> Quote {
    match push("spot.book_ticker", result).event {
        SpotEvent::Quote(quote) => quote,
        other => panic!("{other:?}"),
    }
}

fn candle(result: &str) -> Candle {
    match push("spot.candlesticks", result).event {
        SpotEvent::Candle(candle) => *candle,
        other => panic!("{other:?}"),
    }
}

fn book(channel: &str, result: &str) -> (PushKey, BookUpdate) {
    let item = push(channel, result);
    match item.event {
        SpotEvent::Book(book) => (item.key, book),
        other => panic!("{other:?}"),
    }
}

fn acked(frame: &str) -> Ack<'_> {
    match decode(frame.as_bytes(), None) {
        Ok(Message::Ack(ack)) => ack,
        other => panic!("{frame}: {other:?}"),
    }
}

fn malformed(frame: &str) -> Malformed {
    decode(frame.as_bytes(), None).expect_err(frame)
}

fn ignored(frame: &str) -> String {
    match decode(frame.as_bytes(), None) {
        Ok(Message::Ignored { channel }) => channel.into_owned(),
        other => panic!("{frame}: {other:?}"),
    }
}

#[test]
fn unknown_keys_nulls_and_any_order_are_fine() {
    let item = item(
        r#" {"result" : {"price":"1.50", "new":{"a":[1]}, "amount":2, "currency_pair":"A_B",
                "create_time_ms":1500.25, "id":"x7", "range":null},
                "conn_id":"","time_ms":null,"error":null,"id":null,"time":7,
                "event":"update","channel":"spot.trades_v2"} "#,
    );
    assert_eq!(item.key, PushKey::Exact(Channel::Trades));
    assert_eq!(item.dropped_values, 0);
    let SpotEvent::Trade(trade) = item.event else {
        panic!()
    };
    assert_eq!(trade.price.to_string(), "1.50");
    assert_eq!(trade.size.to_string(), "2");
    assert_eq!(trade.time.as_nanos(), 1_500_250_000);
    assert_eq!(trade.id, Some(Id::Text("x7".into())));
    assert_eq!((trade.side, trade.detail.range), (None, None));
    assert_eq!(trade.detail.sent, Timestamp::from_secs(7));
}

#[test]
fn a_trade_keeps_all_that_the_venue_sent() {
    let trade = trade(
        r#"{"id":5,"id_market":6,"create_time":1700000000,"create_time_ms":"1700000000123.4567",
                "side":"sell","currency_pair":"A_B","amount":"0.2010","price":"3","range":"4-5",
                "trade_mode":1}"#,
    );
    assert_eq!(trade.time.as_nanos(), 1_700_000_000_123_456_700);
    assert_eq!(trade.side, Some(Side::Sell));
    assert_eq!(trade.size.to_string(), "0.2010");
    assert_eq!(
        trade.detail.create_time,
        Timestamp::from_secs(1_700_000_000)
    );
    assert_eq!(trade.detail.id_market, Some(6));
    assert_eq!(trade.detail.range, Some(IdRange { first: 4, last: 5 }));
    assert_eq!(trade.detail.trade_mode, Some(1));
}

#[test]
fn a_zero_time_is_no_time() {
    let late =
        trade(r#"{"create_time":9,"create_time_ms":"0","currency_pair":"A","amount":1,"price":1}"#);
    assert_eq!(Some(late.time), Timestamp::from_secs(9));
    let error = malformed(
        r#"{"channel":"spot.trades","result":{"create_time":0,"currency_pair":"A","amount":1,"price":1}}"#,
    );
    assert_eq!(error.reason, "create_time is missing");
}

#[test]
fn an_empty_side_is_absent_and_not_zero() {
    let quote = quote(r#"{"t":0,"u":9,"s":"A_B","b":"","B":"0","a":"2","A":3}"#);
    assert_eq!((quote.bid, quote.time), (None, None));
    assert_eq!(quote.bid_size, Some(0.into()));
    assert_eq!(quote.ask_size, Some(3.into()));
    assert_eq!(quote.sequence, Some(9));
}

#[test]
fn what_is_optional_and_unreadable_is_counted() {
    let item = push(
        "spot.book_ticker",
        r#"{"t":-1,"u":1.5,"s":"A_B","b":"1_0","B":true,"a":"0.1234567890123456789012345678901","A":"2"}"#,
    );
    assert_eq!(item.dropped_values, 5);
    let SpotEvent::Quote(quote) = item.event else {
        panic!()
    };
    assert_eq!((quote.bid, quote.ask, quote.sequence), (None, None, None));
    assert!(quote.ask_size.is_some());
}

#[test]
fn a_candle_name_splits_at_the_first_underscore() {
    let text = r#"{"t":"1700000000","v":"24.4","a":"2","c":"4","h":"5","l":"1","o":"2","n":"7d_A_B_C","w":false}"#;
    let whole = candle(text);
    assert_eq!(whole.symbol, "A_B_C");
    assert_eq!(whole.interval, market::Interval::days(7));
    assert_eq!(whole.turnover.unwrap().to_string(), "24.4");
    assert_eq!(whole.volume.unwrap().to_string(), "2");
    assert_eq!(whole.state, Some(CandleState::Partial));
    let state = |w| candle(&text.replace(r#","w":false"#, w)).state;
    assert_eq!(state(""), None);
    assert_eq!(state(r#","w":true"#), Some(CandleState::Final));
    assert_eq!(
        push("spot.candlesticks", text).key,
        PushKey::Exact(Channel::Candlesticks(Interval::Days7))
    );
    let unlisted = push("spot.candlesticks", &text.replace("7d_", "2d_"));
    assert_eq!(unlisted.key, PushKey::Unlisted);
}

#[test]
fn book_updates_tell_their_level_or_not() {
    let old = r#"{"t":1600000000123456,"s":"A_B","U":1,"u":2,"b":[["1.0",2]],"a":[]}"#;
    let (key, update) = book("spot.order_book_update", old);
    assert_eq!(key, PushKey::OrderBookUpdate { speed: None });
    assert_eq!(update.time.unwrap().as_nanos(), 1_600_000_000_123_456_000);
    assert_eq!(update.action, BookAction::Delta);
    assert_eq!((update.first, update.last), (Some(1), Some(2)));
    let full = r#"{"full":true,"l":"20","s":"A_B","U":1,"u":2,"b":[],"a":[]}"#;
    let (key, update) = book("spot.order_book_update", full);
    let speed = Some(DeltaSpeed::Millis20);
    assert_eq!(key, PushKey::OrderBookUpdate { speed });
    assert_eq!(update.action, BookAction::Snapshot);
    assert_eq!(update.detail.level, Some(20));
}

#[test]
fn an_obu_name_splits_at_the_last_dot() {
    let (key, update) = book("spot.obu", r#"{"s":"ob.A.B_C.400","U":3,"u":4}"#);
    assert_eq!(key, PushKey::Exact(Channel::Obu(ObuLevel::Levels400)));
    assert_eq!(update.symbol, "A.B_C");
    assert!(update.bids.is_empty() && update.asks.is_empty());
    let (key, _) = book("spot.obu", r#"{"s":"ob.A.10","U":3,"u":4}"#);
    assert_eq!(key, PushKey::Unlisted);
}

#[test]
fn an_order_book_replaces() {
    let text = r#"{"t":1,"lastUpdateId":8,"s":"A_B","l":"5","bids":[["1","2"]],"asks":[]}"#;
    let (key, whole) = book("spot.order_book", text);
    let depth = Some(Depth::Levels5);
    assert_eq!(key, PushKey::OrderBook { depth });
    assert_eq!((whole.action, whole.last), (BookAction::Snapshot, Some(8)));
    let error =
        malformed(r#"{"channel":"spot.order_book","result":{"s":"A_B","l":"5","bids":[]}}"#);
    assert_eq!(error.reason, "asks is missing");
    assert_eq!(error.key, Some(key));
}

#[test]
fn a_result_may_be_an_array() {
    let text = r#"{"s":"A_B","u":1}"#;
    let frame = format!(r#"{{"channel":"spot.book_ticker","result":[{text},{text}]}}"#);
    let Ok(Message::Several(items)) = decode(frame.as_bytes(), None) else {
        panic!()
    };
    assert_eq!(items.len(), 2);
    assert_eq!(items[0], items[1]);
    assert!(items[0].is_ok());
    assert_eq!(
        ignored(r#"{"channel":"spot.book_ticker","result":[]}"#),
        "spot.book_ticker"
    );
}

#[test]
fn what_cannot_be_read_in_an_array_stands_in_its_place() {
    let frame =
        br#"{"channel":"spot.book_ticker","result":[{"s":"A_B"},{"s":"C_D","B":"-1"},{"s":"E_F"}]}"#;
    let Ok(Message::Several(items)) = decode(frame, None) else {
        panic!()
    };
    let [Ok(_), Err(error), Ok(_)] = &items[..] else {
        panic!("{items:?}")
    };
    assert_eq!(error.symbol, Some("C_D".into()));
    assert_eq!(error.key, Some(PushKey::Exact(Channel::BookTicker)));
    assert!(crate::venue::gate::decode(frame).is_err());
}

#[test]
fn what_a_malformed_push_concerns_is_told() {
    let error = malformed(
        r#"{"channel":"spot.trades","event":"update","result":{"currency_pair":"A_B","amount":"1","price":"","create_time":5}}"#,
    );
    assert_eq!(error.reason, "price is missing");
    assert_eq!(error.channel, Some("spot.trades"));
    assert_eq!(error.symbol, Some("A_B".into()));
    assert_eq!(error.key, Some(PushKey::Exact(Channel::Trades)));
    let levels = [
        "{}",
        "1",
        r#"[["1"]]"#,
        r#"[["1","-2"]]"#,
        r#"[[]]"#,
        r#"[["","1"]]"#,
        r#"[{"p":"1","s":2}]"#,
        r#"[["1",null]]"#,
    ];
    for bad in levels {
        let error = malformed(&format!(
            r#"{{"channel":"spot.obu","result":{{"s":"ob.A_B.50","b":{bad}}}}}"#
        ));
        assert_eq!(error.reason, "b cannot be read", "{bad}");
        let key = Channel::Obu(ObuLevel::Levels50);
        assert_eq!(error.key, Some(PushKey::Exact(key)));
    }
    for result in ["5", "\"x\"", "true", "null", "[7]"] {
        let error = malformed(&format!(
            r#"{{"channel":"spot.tickers","result":{result}}}"#
        ));
        assert_eq!(error.channel, Some("spot.tickers"), "{result}");
    }
}

#[test]
fn what_is_no_frame_is_malformed() {
    for frame in [
        "",
        " ",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{",
        "{}",
        "{}{}",
        r#"{"time":1}"#,
    ] {
        assert_eq!(malformed(frame).channel, None);
    }
    let doubled = r#"{"channel":"spot.trades","channel":"spot.obu"}"#;
    assert!(malformed(doubled).reason.contains("duplicate"));
}

#[test]
fn only_the_error_decides_about_an_answer() {
    let accepted = acked(
        r#"{"time":5,"time_ms":0,"id":3,"channel":"spot.obu","event":"subscribe","payload":["ob.A.50"],"error":null,"result":null}"#,
    );
    assert_eq!(accepted.outcome, Outcome::Accepted);
    assert_eq!(
        (accepted.op, accepted.id),
        (Op::Subscribe, AckId::Number(3))
    );
    assert_eq!(accepted.payload, Some(vec!["ob.A.50".into()]));
    assert_eq!(accepted.sent, Timestamp::from_secs(5));
    let refused = acked(
        r#"{"channel":"spot.trades","event":"unsubscribe","payload":{},"error":{"code":2,"message":"no\nway"},"result":{"status":"success"}}"#,
    );
    assert_eq!((refused.op, refused.payload), (Op::Unsubscribe, None));
    let text = "no\nway".to_owned();
    assert_eq!(refused.outcome, Outcome::Refused { code: 2, text });
    for event in ["", r#","event":"subscribe""#] {
        let failed = format!(r#"{{"channel":"spot.obu"{event},"result":{{"status":"fail"}}}}"#);
        assert!(matches!(
            acked(&failed).outcome,
            Outcome::Refused { code: 0, .. }
        ));
    }
}

#[test]
fn an_error_without_a_known_event_is_a_refusal() {
    let refused =
        acked(r#"{"time":1,"channel":"spot.x","event":"y","error":{"code":1,"message":"z"}}"#);
    assert_eq!(refused.op, Op::Other("y".into()));
    let refused = acked(r#"{"error":"text"}"#);
    let text = "\"text\"".to_owned();
    assert_eq!(refused.outcome, Outcome::Refused { code: 0, text });
    assert_eq!(refused.channel, "");
}

#[test]
fn notices_and_pongs() {
    let upgrade = Message::Upgrade { text: "bye".into() };
    for frame in [
        r#"{"channel":"spot.system","event":"update","result":{"type":"upgrade","msg":"bye"}}"#,
        r#"{"event":"upgrade","result":{"msg":"bye"}}"#,
    ] {
        assert_eq!(decode(frame.as_bytes(), None), Ok(upgrade.clone()));
    }
    let frame = br#"{"time":4,"channel":"spot.pong","event":"","error":null,"result":null}"#;
    let sent = Timestamp::from_secs(4);
    assert_eq!(decode(frame, None), Ok(Message::Pong { sent }));
}

#[test]
fn what_is_not_public_spot_data_is_ignored() {
    for (frame, channel) in [
        (
            r#"{"channel":"spot.orders","event":"update","result":[{}]}"#,
            "spot.orders",
        ),
        (r#"{"channel":"spot.new","result":7}"#, "spot.new"),
        (
            r#"{"channel":"futures.trades","event":"update","result":[]}"#,
            "futures.trades",
        ),
        (
            r#"{"channel":"spot.trades","event":"strange","result":{}}"#,
            "spot.trades",
        ),
        (r#"{"channel":"spot.trades","event":7}"#, "spot.trades"),
        (
            r#"{"channel":"spot.system","event":"update","result":{"type":"x"}}"#,
            "spot.system",
        ),
        (
            r#"{"header":{"channel":"spot.login","event":"api"},"data":{}}"#,
            "spot.login",
        ),
    ] {
        assert_eq!(ignored(frame), channel);
    }
}
