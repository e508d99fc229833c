//! Requests, channels that close, and errors.

use super::*;

#[test]
fn a_request_that_spans_channels_is_settled_when_all_of_it_is_sent() {
    let mut rig = Rig::new();
    let (_, told) = rig.ask(&[candles("A{=d}", 1), candles("A{=d}", 2)]);
    assert_eq!(told, ["send CHANNEL_REQUEST 1", "send CHANNEL_REQUEST 3"]);
    let told = rig.opened(1);
    assert_eq!(
        told,
        ["send FEED_SETUP 1", "send FEED_SUBSCRIPTION 1 add A{=d}"]
    );
    let told = rig.opened(3);
    let sent = ["send FEED_SETUP 3", "send FEED_SUBSCRIPTION 3 add A{=d}"];
    assert_eq!(told, [sent[0], sent[1], "settled 1"]);
}

#[test]
fn only_what_failed_of_a_request_is_refused() {
    let mut rig = Rig::new();
    let topics = [
        candles("A{=d}", 1),
        candles("A{=d}", 2),
        candles("B{=d}", 1),
    ];
    rig.ask(&topics);
    rig.opened(1);
    // One of three: the two that have been sent are not taken back.
    let told = rig.closed(3);
    let words = "the venue closed the channel";
    assert_eq!(told, [format!("answered 1 0: ok 2: ok 1: {words}")]);
}

#[test]
fn a_refusal_to_open_a_channel_is_told_in_the_venues_words() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A"), quote("B")]);
    let told = rig.error(1, "BAD_ACTION", "no such service");
    let words = "BAD_ACTION: no such service";
    assert_eq!(told, [format!("answered 1 0: {words} 1: {words}")]);
    // Some say it on the connection.
    let told = rig.request(Op::Subscribe, &[TopicId::at(0)]);
    assert_eq!(told, ["send CHANNEL_REQUEST 3"]);
    let told = rig.error(0, "BAD_ACTION", "too many");
    assert_eq!(told, ["answered 2 0: BAD_ACTION: too many"]);
    // It is not said of what, where there is more than one channel that it may be of.
    rig.ask(&[
        quote("A"),
        topic(EventKind::TimeAndSale, Contract::Stream, "A"),
    ]);
    assert_eq!(rig.error(0, "UNKNOWN", "?"), [""; 0]);
}

#[test]
fn an_error_on_an_open_channel_refuses_what_is_being_asked_for_on_it() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A")]);
    rig.opened(1);
    rig.data(
        1,
        r#"[{"eventType":"Quote","eventSymbol":"A","bidPrice":1}]"#,
    );
    rig.now.instant += Duration::from_secs(60);
    let (_, told) = rig.ask(&[quote("B"), quote("C")]);
    assert_eq!(told, ["send FEED_SUBSCRIPTION 1 add B,C", "settled 2"]);
    let told = rig.error(1, "BAD_ACTION", "too many subscriptions");
    let words = "BAD_ACTION: too many subscriptions";
    assert_eq!(
        told,
        [
            format!("dropped 1 {words}"),
            format!("dropped 2 {words}"),
            "send FEED_SUBSCRIPTION 1 remove B,C".to_owned(),
        ]
    );
    // The good one goes on.
    let told = rig.data(
        1,
        r#"[{"eventType":"Quote","eventSymbol":"A","bidPrice":2}]"#,
    );
    assert_eq!(told, ["0 2"]);
}

#[test]
fn an_error_that_is_of_nothing_asked_for_is_told_to_all_of_the_channel() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A"), quote("B")]);
    rig.opened(1);
    let data = r#"[{"eventType":"Quote","eventSymbol":"A","bidPrice":1}]"#;
    rig.data(1, data);
    rig.now.instant += Duration::from_secs(60);
    for code in ["BAD_ACTION", "INVALID_MESSAGE"] {
        let told = rig.error(1, code, "no");
        assert_eq!(told, [format!("complained 0,1 {code}: no")]);
        // Nothing is taken out for it.
        assert_eq!(rig.data(1, data), ["0 1"]);
    }
    assert_eq!(rig.error(7, "BAD_ACTION", "of nobody's"), [""; 0]);
}

#[test]
fn a_channel_that_the_venue_closes_hands_on_its_words() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A")]);
    rig.opened(1);
    rig.data(
        1,
        r#"[{"eventType":"Quote","eventSymbol":"A","bidPrice":1}]"#,
    );
    rig.error(1, "UNKNOWN", "maintenance");
    assert_eq!(rig.closed(1), ["dropped 0 UNKNOWN: maintenance"]);
    // It may have none.
    rig.request(Op::Subscribe, &[TopicId::at(0)]);
    rig.opened(3);
    assert_eq!(rig.closed(3), ["dropped 0 "]);
}

#[test]
fn who_makes_the_venue_close_channels_does_it_to_nobody_else_for_long() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A"), quote("B")]);
    rig.opened(1);
    rig.data(
        1,
        r#"[{"eventType":"Quote","eventSymbol":"A","bidPrice":1}]"#,
    );
    rig.data(
        1,
        r#"[{"eventType":"Quote","eventSymbol":"B","bidPrice":1}]"#,
    );
    rig.now.instant += Duration::from_secs(60);
    // The neighbours on its channel lose it once.
    rig.ask(&[quote("BAD")]);
    assert_eq!(rig.closed(1).len(), 3);
    let ids = [0, 1, 2].map(TopicId::at);
    let told = rig.request(Op::Subscribe, &ids);
    assert_eq!(told, ["send CHANNEL_REQUEST 3", "send CHANNEL_REQUEST 5"]);
    assert_eq!(rig.opened(3)[1], "send FEED_SUBSCRIPTION 3 add A,B");
    assert_eq!(rig.opened(5)[1], "send FEED_SUBSCRIPTION 5 add BAD");
    assert_eq!(rig.closed(5), ["dropped 2 "]);
    let told = rig.request(Op::Subscribe, &ids[2..]);
    assert_eq!(told, ["send CHANNEL_REQUEST 7"]);
    rig.opened(7);
    // On the next connection as well; but who has brought something is above suspicion.
    rig.open();
    rig.request(Op::Subscribe, &ids);
    assert_eq!(rig.opened(1)[1], "send FEED_SUBSCRIPTION 1 add A,B");
    assert_eq!(rig.opened(3)[1], "send FEED_SUBSCRIPTION 3 add BAD");
    // Its channel goes with it.
    let told = rig.request(Op::Unsubscribe, &ids[2..]);
    assert_eq!(told, ["send CHANNEL_CANCEL 3", "settled 6"]);
}

#[test]
fn a_culprit_among_a_thousand_is_found_in_a_few_rounds() {
    let mut rig = Rig::new();
    let topics: Vec<_> = (0..1_000).map(|at| quote(&format!("S{at}"))).collect();
    let (mut asked, _) = rig.ask(&topics);
    let bad = asked[777];
    rig.opened(1);
    let mut rounds = 0;
    let mut number = 1;
    while asked != [bad] {
        rounds += 1;
        assert!(rounds <= 4);
        let closed = rig.closed(number);
        let named = closed.iter().filter(|line| line.starts_with("dropped"));
        assert_eq!(named.count(), asked.len());
        rig.request(Op::Subscribe, &asked);
        for id in &asked {
            let place = rig.protocol.channels.place(*id).unwrap();
            rig.opened(place.channel);
        }
        number = rig.protocol.channels.place(bad).unwrap().channel;
        asked = rig.protocol.channels.topics_on(number);
    }
    assert_eq!(rounds, 4);
}

#[test]
fn a_request_that_the_machine_gave_up_is_taken_up_by_the_next() {
    let mut rig = Rig::new();
    let (ids, _) = rig.ask(&[candles("A{=d}", 1), candles("A{=d}", 2)]);
    rig.opened(1);
    // The second channel was never opened; what is asked for again is sent once.
    assert_eq!(rig.request(Op::Subscribe, &ids[1..]), [""; 0]);
    assert_eq!(rig.opened(3).last().unwrap(), "settled 2");
    // A topic whose number is gone is taken out at the venue when something is sent next.
    rig.protocol.vacated(ids[0]);
    rig.topics.remove(ids[0]);
    let told = rig.pass(1);
    assert_eq!(told, ["send FEED_SUBSCRIPTION 1 remove A{=d}"]);
    assert_eq!(rig.pass(1), [""; 0]);
}

#[test]
fn a_topic_that_is_gone_before_its_channel_opens_is_not_asked_for() {
    let mut rig = Rig::new();
    let (ids, _) = rig.ask(&[quote("A"), quote("B")]);
    rig.protocol.vacated(ids[0]);
    rig.topics.remove(ids[0]);
    let told = rig.opened(1);
    assert_eq!(told[1..], ["send FEED_SUBSCRIPTION 1 add B", "settled 1"]);
}

#[test]
fn the_depth_limit_of_a_book_is_told_with_it() {
    let mut rig = Rig::new();
    let dom = Topic {
        service: Service::Dom {
            source: None,
            depth: 10,
        },
        symbol: "A".into(),
    };
    rig.ask(&[dom]);
    rig.opened(1);
    let snapshot = r#"{"type":"DOM_SNAPSHOT","channel":1,"bids":[{"price":1,"size":2}]}"#;
    assert_eq!(rig.frame(snapshot), ["0 depth None"]);
    rig.frame(r#"{"type":"DOM_CONFIG","channel":1,"depthLimit":5}"#);
    assert_eq!(rig.frame(snapshot), ["0 depth Some(5)"]);
    let bad = r#"{"type":"DOM_SNAPSHOT","channel":1,"bids":[{"price":1,"size":-2}]}"#;
    assert_eq!(rig.frame(bad), ["gap 0 1"]);
}

#[test]
fn a_channel_request_that_is_not_answered_is_made_again() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A"), quote("B")]);
    rig.now.instant += Duration::from_secs(10);
    // Half of it is asked for again, but the channel is for all.
    let told = rig.request(Op::Subscribe, &[TopicId::at(0)]);
    assert_eq!(told, ["send CHANNEL_REQUEST 3"]);
    assert_eq!(rig.request(Op::Subscribe, &[TopicId::at(1)]), [""; 0]);
    let told = rig.opened(3);
    assert_eq!(
        told,
        [
            "send FEED_SETUP 3",
            "send FEED_SUBSCRIPTION 3 add A,B",
            "settled 2",
            "settled 3",
        ]
    );
    // The first answer comes all the same.
    assert_eq!(rig.opened(1), ["send CHANNEL_CANCEL 1"]);
}

#[test]
fn an_answer_to_the_first_request_for_a_channel_is_good_enough() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A")]);
    rig.now.instant += Duration::from_secs(10);
    let told = rig.request(Op::Subscribe, &[TopicId::at(0)]);
    assert_eq!(told, ["send CHANNEL_REQUEST 3"]);
    let told = rig.opened(1);
    let sent = ["send FEED_SETUP 1", "send FEED_SUBSCRIPTION 1 add A"];
    assert_eq!(told, [sent[0], sent[1], "settled 2"]);
    assert_eq!(rig.opened(3), ["send CHANNEL_CANCEL 3"]);
}

#[test]
fn what_was_never_sent_is_not_taken_out() {
    let mut rig = Rig::new();
    rig.ask(&[quote("A")]);
    let told = rig.request(Op::Unsubscribe, &[TopicId::at(0)]);
    assert_eq!(told, ["settled 2"]);
}
