//! A connection that is about to end is replaced before it does (D36).

use futures_util::{FutureExt, StreamExt};
use tokio::task::JoinHandle;

use super::toy::{Price, Toy};
use super::venue::Venue;
use super::{NOON, hub, ms, prices, settle, spec, tasks};
use crate::feed::client::Hub;
use crate::{Cause, Error, Event, Scope, StatusKind, Subscription, Timestamp};

/// A client of a venue that allows one connection, and a second one for a while.
fn client(venue: &Venue) -> Hub<Toy> {
    let mut spec = spec();
    (spec.connections, spec.spare) = (1, true);
    hub(venue, spec, |_| ())
}

fn scope(scope: &Scope) -> String {
    match scope {
        Scope::All => "*".to_owned(),
        Scope::Symbols(symbols) => symbols.iter().map(ToString::to_string).collect(),
    }
}

fn word(event: Result<Event<Price>, Error>) -> String {
    match event {
        Ok(Event::Data(price)) => format!("{} {}", price.symbol, price.price),
        Ok(Event::Gap(gap)) => {
            let missed = gap.missed.map_or_else(String::new, |n| format!(" {n}"));
            let cause = match &gap.cause {
                Cause::Venue { text, .. } => text.to_string(),
                Cause::Outage { .. } => "outage".to_owned(),
                Cause::Sequence {
                    expected, received, ..
                } => format!("sequence {expected} {received}"),
                other => format!("{other:?}"),
            };
            format!("gap {} ({cause}){missed}", scope(&gap.scope))
        }
        Ok(Event::Status(status)) => {
            let kind = match &status.kind {
                StatusKind::Interrupted { .. } => "interrupted",
                StatusKind::Resumed { .. } => "resumed",
                other => return format!("{other:?}"),
            };
            format!("{kind} {}", scope(&status.scope))
        }
        Err(error) => format!("error {error}"),
    }
}

/// What has come until now.
fn come(feed: &mut Subscription<Price>) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(next) = feed.next().now_or_never() {
        let Some(event) = next else {
            words.push("end".to_owned());
            break;
        };
        words.push(word(event));
    }
    words
}

async fn came(feed: &mut Subscription<Price>) -> Vec<String> {
    settle().await;
    come(feed)
}

fn numbers(topic: &str, range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|n| format!("{topic} {n}")).collect()
}

/// Brings a topic's events on every socket on which it stands, one every five milliseconds; the first
/// socket is `late` by so many of them.
fn flow(venue: &Venue, topic: &'static str, last: u64, late: u64) -> JoinHandle<()> {
    let venue = venue.clone();
    tokio::spawn(async move {
        for number in 1..=last + late {
            for socket in venue.open() {
                match number.checked_sub(late) {
                    Some(number) if socket == 1 && number > 0 => {
                        venue.bring(socket, topic, number);
                    }
                    _ if socket != 1 && number <= last => venue.bring(socket, topic, number),
                    _ => {}
                }
            }
            tokio::time::sleep(ms(5)).await;
        }
    })
}

/// Reads all the while.
async fn read(feed: &mut Subscription<Price>, flow: JoinHandle<()>) -> Vec<String> {
    let mut words = Vec::new();
    while !flow.is_finished() {
        tokio::time::sleep(ms(50)).await;
        words.extend(come(feed));
    }
    words.extend(came(feed).await);
    words
}

/// Numbers that are promised, or that have earned belief, prove the hand-over, whichever of the two is
/// ahead of the other.
#[tokio::test(start_paused = true)]
async fn numbers_prove_the_hand_over_and_nothing_is_missing_or_repeated() {
    for (topic, late, answers) in [
        ("n:A", 0, 0),
        ("n:A", 12, 300),
        ("p:A", 0, 300),
        ("p:A", 12, 300),
    ] {
        let venue = Venue::new(1);
        venue.answers_within(ms(answers));
        let hub = client(&venue);
        let mut feed = prices(&hub, [topic]).await.unwrap();
        let flow = flow(&venue, topic, 800, late);
        let announced = {
            let venue = venue.clone();
            async move {
                tokio::time::sleep(ms(2_000)).await;
                venue.say_to(1, "retire 20");
            }
        };
        let (words, ()) = futures_util::future::join(read(&mut feed, flow), announced).await;
        assert_eq!(words, numbers(topic, 1..=800), "{topic} {late}");
        assert_eq!((venue.open(), venue.connects()), (vec![2], 2));
        assert_eq!(venue.topics_of(2), [topic]);
        assert_eq!((venue.most_sockets(), venue.faults()), (2, vec![]));
        assert_eq!(
            hub.metrics()
                .channels
                .values()
                .map(|c| c.counters.events)
                .sum::<u64>(),
            800
        );
    }
}

/// The new one lags, and brings what the old one has delivered.
#[tokio::test(start_paused = true)]
async fn what_the_old_connection_has_delivered_is_left_out_of_the_new_one() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["p:A"]).await.unwrap();
    venue.say_to(1, "retire 20");
    settle().await;
    // Handed over by now, with nothing to count from: what is missing until the new beginning is told.
    assert_eq!(venue.open(), [2]);
    let mut expected = vec!["gap * (subscribed to again)".to_owned()];
    assert_eq!(came(&mut feed).await, expected);
    venue.hold(true);
    venue.say_to(2, "retire 20");
    settle().await;
    assert_eq!(venue.open(), [2, 3]);
    for number in 10..=20 {
        venue.bring(2, "p:A", number);
    }
    settle().await;
    venue.hold(false);
    settle().await;
    assert_eq!(venue.open(), [3]);
    for number in 15..=22 {
        venue.bring(3, "p:A", number);
    }
    expected = numbers("p:A", 10..=22);
    assert_eq!(came(&mut feed).await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_the_old_connection_never_delivers_is_missing_with_its_count() {
    for topic in ["n:A", "p:A"] {
        let venue = Venue::new(1);
        let hub = client(&venue);
        let mut feed = prices(&hub, [topic]).await.unwrap();
        for number in 1..=250 {
            venue.bring(1, topic, number);
        }
        assert_eq!(came(&mut feed).await, numbers(topic, 1..=250));
        venue.hold(true);
        venue.say_to(1, "retire 20");
        settle().await;
        assert_eq!(venue.open(), [1, 2]);
        venue.bring(1, topic, 251);
        for number in 251..=260 {
            venue.bring(2, topic, number);
        }
        venue.hold(false);
        tokio::time::sleep(ms(4_000)).await;
        // It may still deliver them.
        assert_eq!(venue.open(), [1, 2]);
        tokio::time::sleep(ms(4_000)).await;
        assert_eq!(venue.open(), [2]);
        for number in 261..=262 {
            venue.bring(2, topic, number);
        }
        let mut expected = numbers(topic, 251..=251);
        expected.push("gap * (sequence 252 261) 9".to_owned());
        if topic == "n:A" {
            expected.extend(numbers(topic, 261..=262));
        } else {
            // Promised to be without a jump: it begins anew.
            expected.push("gap * (subscribed to again)".to_owned());
        }
        let mut words = came(&mut feed).await;
        words.retain(|word| !word.starts_with("Repaired"));
        assert_eq!(words, expected);
        venue.bring(2, topic, 263);
        assert_eq!(came(&mut feed).await.last(), Some(&format!("{topic} 263")));
    }
}

#[tokio::test(start_paused = true)]
async fn without_numbers_one_gap_says_that_the_topics_have_moved() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A", "B"]).await.unwrap();
    let mut other = prices(&hub, ["B"]).await.unwrap();
    venue.bring(1, "A", 1);
    venue.bring(1, "B", 2);
    settle().await;
    venue.hold(true);
    venue.say_to(1, "retire 20");
    settle().await;
    // Both have it: the old one is heard.
    venue.say("A 3");
    venue.bring(1, "B", 4);
    venue.hold(false);
    settle().await;
    assert_eq!((venue.open(), venue.topics_of(2).len()), (vec![2], 2));
    venue.bring(2, "A", 5);
    venue.bring(2, "B", 6);
    settle().await;
    let gap = loop {
        match other.next().await.unwrap().unwrap() {
            Event::Gap(gap) => break gap,
            Event::Data(price) => assert!(price.price < 5),
            other => panic!("{other:?}"),
        }
    };
    // The span in which both brought it, from the last that had come before.
    let (from, to) = gap.range().unwrap();
    let (from, to) = (
        to.duration_since(from),
        gap.seen_to.unwrap().duration_since(gap.seen_from.unwrap()),
    );
    assert!(from == to && (ms(400)..ms(410)).contains(&to), "{gap:?}");
    assert_eq!(come(&mut other), ["B 6"]);
    let expected = [
        "A 1",
        "B 2",
        "A 3",
        "B 4",
        "gap * (moved to another connection)",
        "A 5",
        "B 6",
    ];
    assert_eq!(come(&mut feed), expected);
    assert_eq!(venue.faults(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_gap_of_topics_that_moved_spans_what_both_connections_may_have_brought() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["t:A"]).await.unwrap();
    venue.bring(1, "t:A", 10_000);
    settle().await;
    venue.hold(true);
    venue.say_to(1, "retire 20");
    settle().await;
    venue.bring(1, "t:A", 10_008);
    venue.hold(false);
    settle().await;
    assert_eq!(venue.open(), [2]);
    venue.bring(2, "t:A", 10_012);
    settle().await;
    let mut gaps = Vec::new();
    while let Some(Some(Ok(event))) = feed.next().now_or_never() {
        if let Event::Gap(gap) = event {
            gaps.push(gap);
        }
    }
    let at = |seconds, millis| {
        let second = Timestamp::from_secs(seconds).unwrap();
        second.saturating_add(ms(millis))
    };
    // From where the venue's clock stood when the second began, to where it stands by its last event.
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    // And a second more, which an event may be under way.
    assert_eq!(gaps[0].range(), Some((at(1_000, 400), at(1_001, 800))));
    let seen = gaps[0].seen_from.zip(gaps[0].seen_to);
    let after = |millis| NOON.saturating_add(ms(millis));
    assert_eq!(seen, Some((after(400), after(800))));
}

#[tokio::test(start_paused = true)]
async fn a_book_goes_on_from_a_new_beginning_with_one_gap_before_it() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["b:A"]).await.unwrap();
    venue.bring(1, "b:A", 1);
    venue.say_to(1, "retire 20");
    // It is asked for again on the new one, and what comes before is of no use.
    venue.keep(true);
    settle().await;
    assert_eq!(venue.open(), [2]);
    for number in 2..=3 {
        venue.bring(2, "b:A", number);
    }
    settle().await;
    venue.keep(false);
    settle().await;
    venue.bring(2, "b:A", 4);
    let expected = ["b:A 1", "gap * (subscribed to again)", "b:A 4"];
    assert_eq!(came(&mut feed).await, expected);
    let asked = venue.requests();
    let verbs: Vec<_> = asked
        .iter()
        .filter_map(|asked| asked.split(' ').next())
        .collect();
    assert_eq!(verbs, ["sub", "sub", "unsub", "sub"]);
    assert_eq!(venue.open(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_cannot_connect_is_tried_again_while_the_old_one_goes_on() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A"]).await.unwrap();
    venue.refuse(true);
    venue.say_to(1, "retire 120");
    tokio::time::sleep(ms(85_000)).await;
    assert_eq!((venue.dials(), venue.open()), (1, vec![1]));
    tokio::time::sleep(ms(20_000)).await;
    let tried = venue.dials() - 1;
    assert!((3..20).contains(&tried), "{tried}");
    venue.bring(1, "A", 1);
    assert_eq!(came(&mut feed).await, ["A 1"]);
    assert!(hub.health().ok);
    venue.refuse(false);
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!(venue.open(), [2]);
    venue.bring(2, "A", 2);
    let expected = ["gap * (moved to another connection)", "A 2"];
    assert_eq!(came(&mut feed).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_is_refused_a_topic_is_given_up_and_another_made_later() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A", "B"]).await.unwrap();
    venue.turn_away("B", true);
    venue.say_to(1, "retire 25");
    settle().await;
    assert_eq!((venue.open(), venue.connects()), (vec![1], 2));
    venue.turn_away("B", false);
    venue.bring(1, "B", 1);
    assert_eq!(came(&mut feed).await, ["B 1"]);
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!((venue.open(), venue.topics_of(3).len()), (vec![3], 2));
    let expected = ["gap * (moved to another connection)"];
    assert_eq!(came(&mut feed).await, expected);
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_that_is_cut_first_is_an_outage_that_the_new_one_ends() {
    for topic in ["A", "n:A", "b:A"] {
        let venue = Venue::new(1);
        let hub = client(&venue);
        let mut feed = prices(&hub, [topic]).await.unwrap();
        for number in 1..=250 {
            venue.bring(1, topic, number);
        }
        assert_eq!(came(&mut feed).await.len(), 250);
        venue.hold(true);
        venue.say_to(1, "retire 20");
        settle().await;
        assert_eq!(venue.open(), [1, 2]);
        venue.cut_one(1);
        settle().await;
        venue.hold(false);
        settle().await;
        assert_eq!((venue.open(), venue.connects()), (vec![2], 2), "{topic}");
        venue.bring(2, topic, 253);
        let mut expected = vec![
            "interrupted *".to_owned(),
            "gap * (outage)".to_owned(),
            "resumed *".to_owned(),
            format!("{topic} 253"),
        ];
        if topic == "n:A" {
            expected[1] += " 2";
        }
        assert_eq!(came(&mut feed).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_that_is_cut_while_the_new_one_is_refused_is_an_outage_as_ever() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A"]).await.unwrap();
    venue.refuse(true);
    venue.say_to(1, "retire 20");
    tokio::time::sleep(ms(10_000)).await;
    venue.cut_one(1);
    settle().await;
    venue.refuse(false);
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!((venue.open(), venue.most_sockets()), (vec![2], 1));
    venue.bring(2, "A", 1);
    let expected = ["interrupted *", "gap * (outage)", "resumed *", "A 1"];
    assert_eq!(came(&mut feed).await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_wanted_otherwise_meanwhile_is_wanted_of_both() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A", "B", "C"]).await.unwrap();
    let goes = prices(&hub, ["D"]).await.unwrap();
    venue.hold(true);
    venue.say_to(1, "retire 20");
    settle().await;
    assert_eq!(venue.open(), [1, 2]);
    let control = feed.control();
    control.remove(["B"]).unwrap();
    drop(goes);
    let added = tokio::spawn({
        let control = feed.control();
        async move { control.add(["E", "D"]).await }
    });
    let mut comes = prices(&hub, ["F", "C"]).lazy().unwrap();
    settle().await;
    venue.hold(false);
    settle().await;
    added.await.unwrap().unwrap();
    settle().await;
    assert_eq!(venue.open(), [2]);
    let all = ["A", "C", "D", "E", "F"];
    assert_eq!(venue.topics_of(2), all);
    for topic in all {
        venue.bring(2, topic, 1);
    }
    let words = came(&mut feed).await;
    let expected = ["A 1", "C 1", "D 1", "E 1"];
    assert_eq!(words[words.len() - 4..], expected, "{words:?}");
    let words = came(&mut comes).await;
    assert_eq!(words[words.len() - 2..], ["C 1", "F 1"], "{words:?}");
    assert_eq!(venue.faults(), [""; 0]);
    drop((feed, comes));
    tokio::time::sleep(ms(5_000)).await;
    assert_eq!((venue.sockets(), venue.topics()), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_stays_so_until_the_new_connection_brings_it() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A", "p:B"]).await.unwrap();
    venue.say_to(1, "complain A");
    venue.hold(true);
    venue.say_to(1, "retire 20");
    settle().await;
    venue.bring(1, "p:B", 7);
    // Unheard.
    venue.bring(2, "A", 1);
    venue.hold(false);
    settle().await;
    assert_eq!(venue.open(), [2]);
    venue.bring(2, "p:B", 8);
    venue.bring(2, "A", 2);
    let words = came(&mut feed).await;
    assert!(words[0].contains("Stale"), "{words:?}");
    let expected = [
        "p:B 7",
        "gap A (moved to another connection)",
        "p:B 8",
        "Fresh",
        "A 2",
    ];
    assert_eq!(words[1..], expected);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_meanwhile_closes_both() {
    let before = tasks();
    let venue = Venue::new(1);
    let hub = client(&venue);
    let mut feed = prices(&hub, ["A"]).await.unwrap();
    venue.hold(true);
    venue.say_to(1, "retire 20");
    settle().await;
    assert_eq!(venue.open(), [1, 2]);
    hub.shutdown(ms(3_000)).await.unwrap();
    assert_eq!(came(&mut feed).await, ["end"]);
    assert_eq!((venue.sockets(), tasks()), (0, before));
}

#[tokio::test(start_paused = true)]
async fn whoever_drops_the_last_topic_meanwhile_closes_both() {
    let venue = Venue::new(1);
    let hub = client(&venue);
    let feed = prices(&hub, ["A"]).await.unwrap();
    venue.hold(true);
    venue.say_to(1, "retire 20");
    settle().await;
    assert_eq!(venue.open(), [1, 2]);
    drop(feed);
    tokio::time::sleep(ms(5_000)).await;
    assert_eq!(venue.sockets(), 0);
    venue.hold(false);
    let mut feed = prices(&hub, ["A"]).await.unwrap();
    venue.bring(3, "A", 1);
    assert_eq!(came(&mut feed).await, ["A 1"]);
    assert_eq!(venue.open(), [3]);
}

#[tokio::test(start_paused = true)]
async fn where_no_second_connection_is_allowed_there_is_never_one() {
    let venue = Venue::new(1);
    let mut spec = spec();
    spec.connections = 1;
    spec.lifetime = Some(ms(60_000));
    let hub = hub(&venue, spec, |_| ());
    let mut feed = prices(&hub, ["A"]).await.unwrap();
    venue.say_to(1, "retire 20");
    tokio::time::sleep(ms(100_000)).await;
    assert_eq!((venue.open(), venue.dials()), (vec![1], 1));
    venue.cut_one(1);
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!((venue.open(), venue.most_sockets()), (vec![2], 1));
    let expected = ["interrupted *", "gap * (outage)", "resumed *"];
    assert_eq!(came(&mut feed).await, expected);
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_counted_are_replaced_one_at_a_time() {
    let venue = Venue::new(1);
    venue.closes_after(ms(200));
    let mut spec = spec();
    (spec.connections, spec.spare, spec.topics_per_connection) = (3, true, 1);
    let hub = hub(&venue, spec, |_| ());
    let mut feed = prices(&hub, ["n:A", "n:B", "n:C"]).await.unwrap();
    venue.say("retire 20");
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!((venue.connects(), venue.open().len()), (6, 3));
    assert_eq!(venue.topics(), ["n:A", "n:B", "n:C"]);
    assert_eq!(venue.most_sockets(), 4);
    // Nothing has shown where each left off; the queue makes one gap of the three.
    let gap = "gap n:An:Bn:C (moved to another connection)";
    assert_eq!(came(&mut feed).await, [gap]);
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_replaces_one_connection_after_the_other() {
    let venue = Venue::new(1);
    let mut spec = spec();
    (spec.connections, spec.spare) = (1, true);
    spec.lifetime = Some(ms(40_000));
    let hub = hub(&venue, spec, |_| ());
    let mut feed = prices(&hub, ["n:A"]).await.unwrap();
    let flow = flow(&venue, "n:A", 20_200, 0);
    let words = read(&mut feed, flow).await;
    assert_eq!(words, numbers("n:A", 1..=20_200));
    // Each was replaced ten seconds after it was opened.
    assert_eq!((venue.open(), venue.connects()), (vec![11], 11));
    assert_eq!((venue.most_sockets(), venue.faults()), (2, vec![]));
    let metrics = hub.metrics();
    let counters = &metrics.connections[0].counters;
    assert_eq!((counters.connects, counters.disconnects), (11, 0));
    hub.shutdown(ms(3_000)).await.unwrap();
    assert_eq!(venue.sockets(), 0);
}

#[test]
fn a_runtime_that_ends_meanwhile_takes_both_sockets_and_no_topic() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let venue = Venue::new(1);
    let hub = client(&venue);
    let gone = first.block_on(prices(&hub, ["A"]).into_future()).unwrap();
    let mut feed = first.block_on(async {
        let feed = prices(&hub, ["A", "B"]).await.unwrap();
        venue.hold(true);
        venue.say_to(1, "retire 20");
        settle().await;
        assert_eq!(venue.open(), [1, 2]);
        feed.control().remove(["B"]).unwrap();
        settle().await;
        feed
    });
    second.block_on(async { assert!(feed.next().now_or_never().is_none()) });
    drop(gone);
    drop(first);
    venue.hold(false);
    venue.forget_sockets();
    second.block_on(async {
        tokio::time::sleep(ms(5_000)).await;
        assert_eq!(
            (venue.open(), venue.topics_of(3)),
            (vec![3], vec!["A".to_owned()])
        );
        feed.control().add(["C"]).await.unwrap();
        venue.bring(3, "A", 1);
        venue.bring(3, "C", 2);
        let words = came(&mut feed).await;
        let expected = ["interrupted *", "gap * (outage)", "resumed *", "A 1", "C 2"];
        assert_eq!(words, expected);
    });
}
