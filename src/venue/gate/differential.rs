//! The scanner must read a frame as serde does, or leave it alone; neither may panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::decode::decode_any;
use super::message::Message;
use super::scan::scan;
use crate::Timestamp;

const RECEIVED: Option<Timestamp> = Some(Timestamp::from_nanos(1));

/// Frames as the venue lays them out, old and new.
pub(super) const LAYOUTS: [&str; 17] = [
    r#"{"time":1700000001,"time_ms":1700000001120,"channel":"spot.trades","event":"update","result":{"id":31,"id_market":32,"create_time":1700000001,"create_time_ms":"1700000001119.653000","side":"sell","currency_pair":"AB_USDT","amount":"0.0120","price":"90.5","range":"30-31","trade_mode":0}}"#,
    r#"{"time":1700000001,"channel":"spot.trades","event":"update","result":{"id":31,"create_time":1700000001,"create_time_ms":"1700000001119.6","side":"buy","currency_pair":"AB_USDT","amount":"1","price":"0.5","range":"1-2","id_market":9}}"#,
    r#"{"time":1700000001,"channel":"spot.trades","event":"update","result":{"id":31,"create_time":1700000001,"create_time_ms":"1700000001119.6","side":"buy","currency_pair":"AB_USDT","amount":"1","price":"0.5"}}"#,
    r#"{"channel":"spot.trades","result":{"id":31,"create_time":0,"create_time_ms":"1700000001119","side":"buy","currency_pair":"AB_USDT","amount":"1","price":"0.5"},"time_ms":1700000001120,"event":"update"}"#,
    r#"{"time":1700000001,"time_ms":1700000001120,"channel":"spot.book_ticker","event":"update","result":{"t":1700000001119,"u":41,"s":"AB_USDT","b":"90.4","B":"2","a":"90.5","A":"0.1"}}"#,
    r#"{"time":1700000001,"time_ms":0,"channel":"spot.book_ticker","event":"update","result":{"t":0,"u":0,"s":"AB_USDT","b":"","B":"0","a":"","A":""}}"#,
    r#"{"time":1700000001,"channel":"spot.tickers","event":"update","result":{"currency_pair":"AB_USDT","last":"90.5","lowest_ask":"90.5","highest_bid":"90.4","change_percentage":"-1.25","base_volume":"10.0","quote_volume":"905.123456789012345","high_24h":"95","low_24h":"85"}}"#,
    r#"{"time":1700000001,"channel":"spot.candlesticks","event":"update","result":{"t":"1700000000","v":"0","c":"90.5","h":"91","l":"90","o":"90.1","n":"10s_AB_USDT"}}"#,
    r#"{"time":1700000001,"time_ms":1700000001120,"channel":"spot.candlesticks","event":"update","result":{"t":"1700000000","v":"12.5","c":"90.5","h":"91","l":"90","o":"90.1","n":"7d_AB_USDT","a":"0.1","w":true}}"#,
    r#"{"time":1700000001,"channel":"spot.order_book_update","event":"update","result":{"t":1700000001119,"e":"depthUpdate","E":1700000001,"s":"AB_USDT","U":50,"u":53,"b":[["90.4","2"],["90.3","0"]],"a":[]}}"#,
    r#"{"time":1700000001,"time_ms":1700000001120,"channel":"spot.order_book_update","event":"update","result":{"t":1700000001119653,"full":true,"l":"100","e":"depthUpdate","E":1700000001,"s":"AB_USDT","U":50,"u":53,"b":[],"a":[["90.5","1"]]}}"#,
    r#"{"time":1700000001,"channel":"spot.order_book_update","event":"update","result":{"t":1700000001119,"s":"AB_USDT","U":50,"u":53,"b":[],"a":[],"l":"20"}}"#,
    r#"{"channel":"spot.obu","result":{"t":1700000001119,"full":true,"s":"ob.AB_USDT.50","u":60,"b":[["90.4","2"]],"a":[["90.5","1"]]},"time_ms":1700000001120}"#,
    r#"{"channel":"spot.obu","result":{"t":1700000001119,"s":"ob.AB.C_USDT.400","U":61,"u":62,"a":[["90.5","0"]]},"time_ms":1700000001120,"event":"update"}"#,
    r#"{"time":1700000001,"time_ms":1700000001120,"channel":"spot.obu","event":"update","result":{"t":1700000001119,"s":"ob.AB_USDT.50","U":63,"u":64}}"#,
    r#"{"time":1700000001,"time_ms":1700000001120,"channel":"spot.order_book","event":"update","result":{"t":1700000001119,"lastUpdateId":70,"s":"AB_USDT","l":"20","bids":[["90.4","2"]],"asks":[["90.5","1"],["90.6","3"]]}}"#,
    r#"{"time":1700000001,"channel":"spot.order_book","event":"update","result":{"t":1700000001119,"lastUpdateId":70,"s":"AB_USDT","bids":[],"asks":[]}}"#,
];

/// Values of all sorts, to stand where another stood.
const VALUES: [&str; 47] = [
    "0",
    "1",
    "01",
    "-1",
    "1.5",
    "1.0",
    "1e3",
    "1700000001119653",
    "9300000000000",
    "9223372036854775807",
    "99999999999999999999",
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"\"",
    "\"0\"",
    "\"1\"",
    "\"1.\"",
    "\".5\"",
    "\"-2.50\"",
    "\"1e-7\"",
    "\"1_0\"",
    "\"x\"",
    "\"\\u0031\"",
    "\"0.00000000000000000000000000001\"",
    "\"123456789012345678901234567890\"",
    "\"20\"",
    "\"1-2\"",
    "\"BUY\"",
    "\"2m_AB\"",
    "\"ob.AB.10\"",
    "-0",
    "\"-0\"",
    "\"-0.0\"",
    "-2.50",
    "18446744073709551615",
    "18446744073709551616",
    "\"18446744073709551616\"",
    "1e40",
    "\"true\"",
    "\"2-1\"",
    "[[\"1\",\"2\",\"3\"]]",
    "[[\"1\",\"-2\"]]",
    "[[1,2,{}],[\"3\",4]]",
    "\"\u{e9}_USDT\"",
];

fn agree(frame: &[u8]) {
    let full = decode_any(frame, RECEIVED);
    if let Some(item) = scan(frame, RECEIVED) {
        assert_eq!(
            Ok(Message::Push(item)),
            full,
            "{}",
            String::from_utf8_lossy(frame)
        );
    }
}

/// Where each value of the frame begins and ends, nested ones too.
pub(super) fn values(frame: &str) -> Vec<(usize, usize)> {
    let begins = frame.match_indices([':', '[', ',']).map(|(at, _)| at + 1);
    let spans = begins.filter_map(|at| {
        let mut stream =
            serde_json::Deserializer::from_str(&frame[at..]).into_iter::<serde_json::Value>();
        let _ = stream.next()?.ok()?;
        Some((at, at + stream.byte_offset()))
    });
    spans.collect()
}

#[test]
fn every_known_layout_takes_the_short_cut() {
    for frame in LAYOUTS {
        assert!(scan(frame.as_bytes(), RECEIVED).is_some(), "{frame}");
        agree(frame.as_bytes());
    }
}

#[test]
fn every_truncation_and_every_changed_byte() {
    for frame in LAYOUTS {
        for end in 0..frame.len() {
            agree(&frame.as_bytes()[..end]);
            for byte in *b"\"\\{}[],:0 .-e\xff" {
                let mut changed = frame.as_bytes().to_vec();
                changed[end] = byte;
                agree(&changed);
                changed.insert(end, byte);
                agree(&changed);
                changed.drain(end..=end + 1);
                agree(&changed);
            }
        }
    }
}

#[test]
fn every_value_in_every_place() {
    for frame in LAYOUTS {
        for (start, end) in values(frame) {
            for value in VALUES {
                agree(format!("{}{value}{}", &frame[..start], &frame[end..]).as_bytes());
            }
        }
    }
}

#[test]
fn keys_before_and_after_the_result() {
    let stamps = [
        "",
        r#""time":1,"#,
        r#""time_ms":0,"#,
        r#""time":0,"time_ms":5,"#,
    ];
    let tails = [
        "",
        r#","time_ms":5"#,
        r#","event":"update""#,
        r#","time_ms":0,"event":"update""#,
        r#","event":"update","time_ms":5"#,
        r#","time":5"#,
    ];
    let result = r#""result":{"t":1,"u":2,"s":"A_B","b":"1","B":"2","a":"3","A":"4"}"#;
    for stamp in stamps {
        for event in [
            "",
            r#""event":"update","#,
            r#""event":"all","#,
            r#""event":"","#,
        ] {
            for tail in tails {
                let channel = r#""channel":"spot.book_ticker","#;
                agree(format!("{{{stamp}{channel}{event}{result}{tail}}}").as_bytes());
            }
        }
    }
}

#[test]
fn deep_nesting_is_no_panic() {
    let deep = "[".repeat(100_000);
    agree(deep.as_bytes());
    for key in ["result", "channel", "error", "x"] {
        agree(format!(r#"{{"channel":"spot.trades","{key}":{deep}"#).as_bytes());
        let closed = format!("{deep}{}", "]".repeat(100_000));
        agree(format!(r#"{{"channel":"spot.obu","{key}":{closed}}}"#).as_bytes());
    }
    let inner = format!(
        r#"{{"channel":"spot.order_book_update","result":{{"s":"A","b":{deep}{}}}}}"#,
        "]".repeat(100_000)
    );
    agree(inner.as_bytes());
}

proptest! {
    #[test]
    fn several_values_changed(
        layout in select(&LAYOUTS[..]),
        changes in vec((any::<Index>(), select(&VALUES[..])), 1..4),
    ) {
        let mut frame = layout.to_owned();
        for (place, value) in changes {
            let spans = values(&frame);
            if !spans.is_empty() {
                let (start, end) = *place.get(&spans);
                frame.replace_range(start..end, value);
            }
        }
        agree(frame.as_bytes());
    }

    #[test]
    fn keys_in_any_order_some_missing_some_twice(
        keys in subsequence(vec![
            r#""id":1"#, r#""id_market":2"#, r#""create_time":3"#, r#""create_time_ms":"3000.5""#,
            r#""side":"buy""#, r#""currency_pair":"A_B""#, r#""amount":"1""#, r#""price":"2""#,
            r#""range":"1-1""#, r#""id_market":2"#, r#""trade_mode":0"#, r#""new":[]"#,
        ], 6..=12).prop_shuffle(),
    ) {
        let keys = keys.join(",");
        agree(format!(r#"{{"channel":"spot.trades","result":{{{keys}}}}}"#).as_bytes());
    }

    #[test]
    fn numbers_at_their_limits(
        price in "[0-9]{1,30}(\\.[0-9]{0,30})?",
        time in "[0-9]{1,20}(\\.[0-9]{0,12})?",
        id in "[1-9][0-9]{0,21}",
        symbol in "\\PC{0,30}",
    ) {
        agree(format!(r#"{{"time":{id},"channel":"spot.trades","event":"update","result":{{"id":{id},"create_time":1,"create_time_ms":"{time}","side":"buy","currency_pair":"{symbol}","amount":"{price}","price":"{price}","range":"{id}-{id}"}}}}"#).as_bytes());
        agree(format!(r#"{{"time_ms":{id},"channel":"spot.order_book_update","event":"update","result":{{"t":{id},"s":"{symbol}","U":{id},"u":{id},"b":[["{price}","{price}"]],"a":[]}}}}"#).as_bytes());
    }

    #[test]
    fn numbers_of_a_chain(
        first in "[0-9]{1,21}", last in "[0-9]{1,21}", full in select(&["", r#""full":true,"#][..]),
        size in "-?[0-9]{1,22}(\\.[0-9]{0,4})?",
    ) {
        agree(format!(r#"{{"channel":"spot.order_book_update","event":"update","result":{{"t":1,{full}"s":"A_B","U":{first},"u":{last},"b":[["1","{size}"]],"a":[]}}}}"#).as_bytes());
        agree(format!(r#"{{"channel":"spot.obu","event":"update","result":{{"t":1,{full}"s":"ob.A_B.50","U":{first},"u":{last},"b":[["1","{size}"]]}}}}"#).as_bytes());
    }

    #[test]
    fn any_bytes(frame in vec(any::<u8>(), 0..200)) {
        agree(&frame);
    }
}
