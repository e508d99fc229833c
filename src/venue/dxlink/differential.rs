//! The tape must read a frame as serde does, or leave it alone; neither may panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::feed_data::{Body, FeedReader, read_any};
use super::fixture::{frame, full, row, usual};
use super::row::{Item, Row};
use super::schema::Schema;
use super::server::ServerMessage;
use super::tape::Tape;
use super::{Change, Decoder, EventKind, Malformed, Mark};
use crate::Timestamp;

const RECEIVED: Option<Timestamp> = Some(Timestamp::from_nanos(1));

/// Values of all sorts, to stand where another stands.
const VALUES: [&str; 44] = [
    "0",
    "1",
    "-1",
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "1e",
    "-0",
    "5.0",
    "5.5",
    "100.0",
    "1.3743299E7",
    "4.8E-12",
    "1e400",
    "7301444403715899392",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999999999999",
    "123456789012345678901234567890",
    "0.12345678901234567890123456789",
    "1700000000123",
    "20500",
    "null",
    "true",
    "false",
    "nul",
    "{}",
    "[]",
    "[1,2]",
    r#"{"a":null}"#,
    r#""""#,
    r#""NaN""#,
    r#""Infinity""#,
    r#""-Infinity""#,
    r#""\u0000""#,
    r#""A\u0041""#,
    "\"\u{e9}\"",
    r#""BUY""#,
    r#""UNDEFINED""#,
    r#""CANCEL""#,
    r#""AAPL{=o}""#,
];

/// What a row gives, all of it.
#[derive(Debug, PartialEq)]
struct Seen {
    kind: Option<EventKind>,
    name: String,
    symbol: String,
    source: Option<String>,
    mark: Result<Option<Mark>, Malformed>,
    change: Result<Change<Item>, Malformed>,
    item: Result<Item, Malformed>,
}

fn seen(row: Result<Row<'_>, Malformed>) -> Result<Seen, Malformed> {
    let row = row?;
    Ok(Seen {
        kind: row.kind(),
        name: row.name().to_owned(),
        symbol: row.symbol().to_owned(),
        source: row.source().map(Into::into),
        mark: row.mark(),
        change: row.change(RECEIVED),
        item: row.read(RECEIVED),
    })
}

/// The rows of a frame, or nothing if it is none.
type Rows = Option<Vec<Result<Seen, Malformed>>>;

fn fast(frame: &[u8], schema: &Schema) -> Rows {
    let Ok(ServerMessage::FeedData(data)) = ServerMessage::parse(frame) else {
        return None;
    };
    let mut rows = Vec::new();
    let mut reader = FeedReader::default();
    let read = reader.read(&data, schema, &mut |row| rows.push(seen(row)));
    read.is_ok().then_some(rows)
}

fn slow(frame: &[u8], schema: &Schema) -> Rows {
    let Ok(ServerMessage::FeedData(data)) = ServerMessage::parse_any(frame) else {
        return None;
    };
    let Body::Raw(raw) = data.body else { panic!() };
    let mut rows = Vec::new();
    let read = read_any(raw, schema, &mut |row| rows.push(seen(row)));
    read.is_ok().then_some(rows)
}

/// Debug, since a model number may be no number.
fn agree(frame: &[u8], schema: &Schema) {
    let (fast, slow) = (fast(frame, schema), slow(frame, schema));
    let frame = String::from_utf8_lossy(frame);
    assert_eq!(format!("{fast:?}"), format!("{slow:?}"), "{frame}");
}

#[test]
fn every_type_takes_the_short_cut_and_is_read_alike() {
    let schema = full();
    for kind in EventKind::ALL {
        let values = [row(*kind), row(*kind)].concat();
        let frame = frame(&[(kind.name(), values)]);
        let at = frame.find('[').unwrap() + 1;
        assert!(
            Tape::default().read(frame.as_bytes(), at).is_some(),
            "{frame}"
        );
        let rows = fast(frame.as_bytes(), &schema).unwrap();
        assert_eq!(rows.len(), 2);
        for row in &rows {
            let item = row.as_ref().unwrap().item.as_ref().unwrap();
            assert_eq!(item.dropped_values, 0, "{frame}");
        }
        agree(frame.as_bytes(), &schema);
    }
}

#[test]
fn every_value_in_every_place() {
    let schema = full();
    for kind in EventKind::ALL {
        for at in 0..kind.fields().len() {
            for value in VALUES {
                let mut values = row(*kind);
                values[at] = value;
                agree(frame(&[(kind.name(), values)]).as_bytes(), &schema);
            }
        }
    }
}

#[test]
fn every_truncation_and_every_changed_byte() {
    let schema = full();
    let values = [row(EventKind::TimeAndSale), row(EventKind::TimeAndSale)].concat();
    let quote = row(EventKind::Quote);
    let frame = frame(&[
        ("TimeAndSale", values),
        ("News", vec!["\"A\"", "1"]),
        ("Quote", quote),
    ]);
    for end in 0..frame.len() {
        agree(&frame.as_bytes()[..end], &schema);
        for byte in *b"\"\\{}[],:0 .-e\xff" {
            let mut changed = frame.as_bytes().to_vec();
            changed[end] = byte;
            agree(&changed, &schema);
            changed.insert(end, byte);
            agree(&changed, &schema);
            changed.drain(end..=end + 1);
            agree(&changed, &schema);
        }
    }
}

#[test]
fn deep_nesting_is_no_panic() {
    let schema = full();
    let deep = "[".repeat(100_000);
    let closed = format!("{deep}{}", "]".repeat(100_000));
    for inner in [&deep, &closed] {
        agree(inner.as_bytes(), &schema);
        let frame = format!(r#"{{"type":"FEED_DATA","channel":1,"data":["Message",[{inner}]]}}"#);
        agree(frame.as_bytes(), &schema);
        let frame = format!(r#"{{"type":"FEED_DATA","channel":1,"data":{inner}}}"#);
        agree(frame.as_bytes(), &schema);
    }
}

fn kind() -> impl Strategy<Value = EventKind> {
    select(EventKind::ALL)
}

proptest! {
    #[test]
    fn any_list_of_fields_and_any_values(
        kind in kind(),
        picked in subsequence((0..32_usize).collect::<Vec<_>>(), 1..32).prop_shuffle(),
        unknown in 0..3_usize,
        changes in vec((any::<Index>(), select(&VALUES[..])), 0..4),
        rows in 0..4_usize,
        extra in 0..2_usize,
    ) {
        let fields = kind.fields();
        let mut list: Vec<&str> =
            picked.iter().filter_map(|at| fields.get(*at).copied()).collect();
        list.extend(["newField", "otherField"].iter().take(unknown));
        let mut schema = Schema::default();
        schema.announce(kind.name(), &list);
        let mut values: Vec<&str> =
            (0..rows).flat_map(|_| list.iter().map(|field| usual(field))).collect();
        for (place, value) in changes {
            if !values.is_empty() {
                *place.get_mut(&mut values) = value;
            }
        }
        values.extend(std::iter::repeat_n("1", extra));
        agree(frame(&[(kind.name(), values)]).as_bytes(), &schema);
    }

    #[test]
    fn several_pairs_some_of_them_unlisted(
        pairs in vec((0..4_usize, vec(select(&VALUES[..]), 0..6)), 0..6),
    ) {
        let mut schema = Schema::default();
        schema.announce("Quote", &["eventSymbol", "bidPrice"]);
        schema.request("News", &["eventSymbol", "body", "more"]);
        let names = ["Quote", "News", "Trade", "Other"];
        let pairs: Vec<_> =
            pairs.into_iter().map(|(name, values)| (names[name], values)).collect();
        agree(frame(&pairs).as_bytes(), &schema);
    }

    #[test]
    fn numbers_at_their_limits(
        number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
        symbol in "\\PC{0,30}",
    ) {
        let mut schema = Schema::default();
        schema.announce("Quote", &["eventSymbol", "sequence", "bidPrice", "bidTime"]);
        schema.announce("Greeks", &["eventSymbol", "index", "delta", "time"]);
        let symbol = serde_json::to_string(&symbol).unwrap();
        let values = vec![symbol.as_str(), number.as_str(), number.as_str(), number.as_str()];
        agree(frame(&[("Quote", values.clone()), ("Greeks", values)]).as_bytes(), &schema);
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        agree(&bytes, &full());
        let frame = [br#"{"type":"FEED_DATA","channel":1,"data":["Quote",["#, &bytes[..]].concat();
        agree(&frame, &full());
        let _ = Decoder::new().decode(&bytes);
    }

    #[test]
    fn any_json(
        kind in select(vec![
            "SETUP", "AUTH_STATE", "CHANNEL_OPENED", "CHANNEL_CLOSED", "FEED_CONFIG", "FEED_DATA",
            "ERROR", "KEEPALIVE", "DOM_CONFIG", "DOM_SNAPSHOT",
        ]),
        keys in subsequence(vec![
            "channel", "version", "keepaliveTimeout", "state", "error", "message", "service",
            "parameters", "dataFormat", "aggregationPeriod", "eventFields", "data", "depthLimit",
            "orderFields", "time", "bids", "asks",
        ], 0..17),
        values in vec(select(&VALUES[..]), 17),
    ) {
        let keys: Vec<_> = keys.iter().zip(values).map(|(key, value)| {
            format!(r#","{key}":{value}"#)
        }).collect();
        let frame = format!(r#"{{"type":"{kind}"{}}}"#, keys.concat());
        let _ = Decoder::new().decode(frame.as_bytes());
        agree(frame.as_bytes(), &full());
    }
}
