use super::*;
use crate::venue::dxlink::EventKind;
use crate::venue::dxlink::schema::{Layout, Schema};

fn parse(frame: &str) -> ServerMessage<'_> {
    ServerMessage::parse(frame.as_bytes()).unwrap()
}

fn reason(frame: &str) -> String {
    let error = ServerMessage::parse(frame.as_bytes()).unwrap_err();
    error.to_string()
}

#[test]
fn setup_may_have_fractions_or_no_timeouts() {
    let frame = r#"{"channel":0,"type":"SETUP","version":"1.0","keepaliveTimeout":2.5}"#;
    let ServerMessage::Setup(setup) = parse(frame) else {
        panic!()
    };
    assert_eq!(setup.version.as_deref(), Some("1.0"));
    assert_eq!(setup.keepalive_timeout, Some(Duration::from_millis(2_500)));
    assert_eq!(setup.accept_keepalive_timeout, None);
    let frame = r#"{"type":"SETUP","channel":0,"keepaliveTimeout":-1}"#;
    assert!(
        matches!(parse(frame), ServerMessage::Setup(setup) if setup.keepalive_timeout.is_none())
    );
}

#[test]
fn the_small_messages() {
    assert!(matches!(
        parse(r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED","userId":"u"}"#),
        ServerMessage::AuthState { authorized: true, user_id: Some(user) } if user == "u"
    ));
    assert!(matches!(
        parse(r#"{"type":"CHANNEL_CLOSED","channel":3}"#),
        ServerMessage::ChannelClosed { channel: 3 }
    ));
    assert!(matches!(
        parse(r#"{"type":"KEEPALIVE","channel":0}"#),
        ServerMessage::Keepalive
    ));
    assert!(matches!(
        parse(r#"{"type":"ERROR","error":"ODD","message":"\u0041"}"#),
        ServerMessage::Error { channel: 0, code: ErrorCode::Other(code), text }
            if &*code == "ODD" && text == "A"
    ));
    assert!(matches!(
        parse(r#"{"type":"X","channel":"?"}"#),
        ServerMessage::Unknown { channel: None, name } if name == "X"
    ));
    let opened = r#"{"type":"CHANNEL_OPENED","channel":1,"service":"FEED",
        "parameters":{"contract":"AUTO","subFormat":"LIST","new":1}}"#;
    let ServerMessage::ChannelOpened(opened) = parse(opened) else {
        panic!()
    };
    assert_eq!(opened.contract.as_deref(), Some("AUTO"));
    assert_eq!(opened.sub_format.as_deref(), Some("LIST"));
}

#[test]
fn a_config_is_merged() {
    let frame = r#"{"type":"FEED_CONFIG","channel":3,"dataFormat":"COMPACT",
        "aggregationPeriod":0.1,"eventFields":{"Quote":["eventSymbol","askPrice"]}}"#;
    let ServerMessage::FeedConfig(config) = parse(frame) else {
        panic!()
    };
    assert_eq!(config.data_format, Some(DataFormat::Compact));
    assert_eq!(config.aggregation_period, Some(Duration::from_millis(100)));
    let mut schema = Schema::default();
    config.apply(&mut schema);
    let layout = schema.layout(Some(EventKind::Quote), "Quote");
    assert_eq!(layout.map(Layout::width), Some(2));
}

#[test]
fn what_is_malformed_says_why() {
    assert_eq!(reason("[]"), "not a JSON object");
    assert_eq!(reason("null"), "not a JSON object");
    assert_eq!(reason(r#"{"channel":0}"#), "type is missing");
    assert_eq!(reason(r#"{"type":1}"#), "type cannot be read");
    assert_eq!(
        reason(r#"{"type":"CHANNEL_CLOSED"}"#),
        "CHANNEL_CLOSED: channel is missing"
    );
    assert_eq!(
        reason(r#"{"type":"AUTH_STATE","state":"?"}"#),
        "AUTH_STATE: state is unknown"
    );
    assert!(
        reason(r#"{"type":"FEED_CONFIG","channel":1,"eventFields":[]}"#).contains("eventFields")
    );
    assert!(reason("{\"type\":").starts_with("EOF"));
}

#[test]
fn data_is_found_on_both_ways() {
    for frame in [
        r#"{"type":"FEED_DATA","channel":7,"data":["Quote",[]]}"#,
        r#"{"channel":7.0,"data":["Quote",[]],"type":"FEED_DATA"}"#,
        r#"{"type":"FEED_DATA","channel":07,"data":[]}"#,
    ] {
        match ServerMessage::parse(frame.as_bytes()) {
            Ok(ServerMessage::FeedData(data)) => assert_eq!(data.channel(), 7),
            other => assert!(other.is_err() && frame.contains("07"), "{frame}"),
        }
    }
}
