//! One bad day each.

use std::time::Duration;

use super::pair::{Pair, Seen};
use crate::{Interruption, Timestamp};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The venue accepts what it is asked for, but for requests with one of these.
fn answer_all_but(pair: &mut Pair, silent: &[&str]) {
    while let Some((_, id, names)) = pair.request() {
        if !names.iter().any(|name| silent.contains(&name.as_str())) {
            pair.say(&format!("ok {id}"));
        }
    }
}

fn answer(pair: &mut Pair) {
    answer_all_but(pair, &[]);
}

/// Steps of a tenth of a second, in which the venue answers and `tick` may send.
fn live(pair: &mut Pair, secs: u64, silent: &[&str], mut tick: impl FnMut(&mut Pair, u64)) {
    for step in 0..secs * 10 {
        answer_all_but(pair, silent);
        tick(pair, step);
        pair.pass(Duration::from_millis(100));
    }
    answer_all_but(pair, silent);
}

fn missing(seen: &[Seen]) -> Vec<(Vec<String>, Timestamp, Timestamp, Option<u64>)> {
    let missing = seen.iter().filter_map(|seen| match seen {
        Seen::Missing {
            names,
            from,
            to,
            missed,
        } => Some((names.clone(), *from, *to, *missed)),
        _ => None,
    });
    missing.collect()
}

#[test]
fn a_fatal_refusal_in_the_same_read_as_the_close_ends_the_feed() {
    let mut pair = Pair::with_login(1);
    pair.want("A");
    pair.say_and_cut("fatal wrong token");
    pair.pass(secs(3600));
    let ended = Seen::Ended("the venue refused the credentials: wrong token".to_owned());
    assert_eq!(pair.take_seen(), [ended]);
    assert_eq!(pair.connects.len(), 1);
}

#[test]
fn credentials_that_were_good_are_tried_again_for_a_quarter_of_an_hour() {
    let mut pair = Pair::with_login(1);
    pair.want("A");
    pair.say("welcome");
    answer(&mut pair);
    pair.cut();
    pair.take_seen();
    let begun = pair.now.instant;
    let refuse = |pair: &mut Pair| {
        pair.pass(Duration::from_millis(100));
        if pair.open {
            pair.say_and_cut("fatal expired");
        }
    };
    while pair.now.instant - begun < secs(14 * 60) {
        refuse(&mut pair);
    }
    assert!(pair.take_seen().iter().all(|seen| matches!(
        seen,
        Seen::Interrupted(Interruption::Login { error }) if error.contains("expired")
    )));
    while pair.seen.is_empty() || !matches!(pair.seen.last(), Some(Seen::Ended(_))) {
        assert!(pair.now.instant - begun < secs(17 * 60));
        refuse(&mut pair);
    }
}

#[test]
fn a_feed_that_ends_for_good_after_an_outage_says_what_is_missing_up_to_its_end() {
    let mut pair = Pair::with_login(1);
    pair.want("A");
    pair.say("welcome");
    answer(&mut pair);
    let before = pair.now.wall;
    pair.tick("A", 1, before);
    pair.cut();
    pair.take_seen();
    let mut seen = Vec::new();
    while !matches!(seen.last(), Some(Seen::Ended(_))) {
        pair.pass(Duration::from_secs(1));
        if pair.open {
            pair.say_and_cut("fatal expired");
        }
        seen.extend(pair.take_seen());
    }
    let [
        ..,
        Seen::Missing {
            names, from, to, ..
        },
        Seen::Ended(_),
    ] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert_eq!((&names[..], *from), (&["A".to_owned()][..], before));
    assert!(to.duration_since(*from) > secs(14 * 60), "{from} {to}");
}

#[test]
fn a_topic_that_is_never_answered_is_rejected_by_name_and_its_neighbours_never_notice() {
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    pair.take_seen();
    pair.want("BAD");
    let mut number = 0;
    live(&mut pair, 60, &["BAD"], |pair, _| {
        number += 1;
        let time = pair.now.wall;
        pair.tick("A", number, time);
    });
    let seen = pair.take_seen();
    let events = seen.iter().filter(|seen| matches!(seen, Seen::Event(..)));
    assert_eq!(events.count() as u64, number);
    assert_eq!(pair.connects.len(), 1);
    let rejected: Vec<_> = seen
        .iter()
        .filter(|seen| matches!(seen, Seen::Rejected(_)))
        .collect();
    assert_eq!(rejected.len(), 1);
    assert!(pair.rejected.contains("BAD"));
    assert!(missing(&seen).is_empty());
}

/// What is due while nothing may be asked for yet must not keep the machine from resting.
#[test]
fn a_topic_that_is_due_before_the_login_is_done_waits_for_it() {
    let mut pair = Pair::with_login(1);
    pair.want("A");
    pair.say("welcome");
    let (_, id, _) = pair.request().unwrap();
    pair.say(&format!("later {id} A busy"));
    pair.cut();
    pair.pass(secs(9));
    assert!(pair.open && pair.request().is_none());
    pair.say("welcome");
    let (verb, _, names) = pair.request().unwrap();
    assert_eq!((verb.as_str(), names), ("add", vec!["A".to_owned()]));
}

/// A request whose answer is lost may have been served: who wants the beginning again has missed it.
#[test]
fn a_new_beginning_that_is_wanted_before_the_answer_is_asked_for_after_it() {
    let mut pair = Pair::new(1);
    pair.want("A");
    let (_, first, _) = pair.request().unwrap();
    let time = pair.now.wall;
    pair.tick("A", 1, time);
    pair.resubscribe("A");
    pair.say(&format!("ok {first}"));
    let (verb, id, _) = pair.request().unwrap();
    assert_eq!(verb, "del");
    pair.say(&format!("ok {id}"));
    let (verb, ..) = pair.request().unwrap();
    assert_eq!(verb, "add");
}

/// A release that was not answered may not have been served: the refusal of the next request for the topic
/// does not say that the venue has let go of it.
#[test]
fn a_topic_refused_while_the_venue_may_have_it_is_released() {
    let mut pair = Pair::new(1);
    pair.want("A");
    pair.want("B");
    answer(&mut pair);
    pair.resubscribe("B");
    // Neither the release nor what follows is answered.
    live(&mut pair, 15, &["B"], |_, _| {});
    let mut released = false;
    for _ in 0..600 {
        pair.pass(Duration::from_millis(100));
        while let Some((verb, id, names)) = pair.request() {
            let of_b = names.iter().any(|name| name == "B");
            if of_b && verb == "add" {
                pair.say(&format!("no {id} B unknown"));
            } else {
                released |= of_b && pair.rejected.contains("B");
                pair.say(&format!("ok {id}"));
            }
        }
    }
    assert!(
        pair.rejected.contains("B") && released,
        "{:?}",
        pair.take_seen()
    );
}

#[test]
fn the_good_ones_of_an_unanswered_request_are_accepted_and_the_culprit_is_found() {
    let mut pair = Pair::new(1);
    pair.want("A0");
    answer(&mut pair);
    let names: Vec<_> = (1..=100).map(|n| format!("A{n}")).collect();
    pair.want_all(&names);
    live(&mut pair, 40, &["A37"], |_, _| {});
    assert_eq!(pair.rejected.iter().collect::<Vec<_>>(), ["A37"]);
    let accepted = pair.take_seen().into_iter().filter_map(|seen| match seen {
        Seen::Accepted(names) => Some(names.len()),
        _ => None,
    });
    assert_eq!(accepted.sum::<usize>(), 100);
    assert_eq!(pair.connects.len(), 1);
}

#[test]
fn that_a_venue_speaks_again_does_not_prove_that_it_heard_what_was_asked_before() {
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    pair.want("B");
    // What is asked for in this time reaches nobody.
    for _ in 0..125 {
        while pair.request().is_some() {}
        pair.pass(Duration::from_millis(100));
    }
    let now = pair.now.wall;
    pair.tick("A", 1, now);
    live(&mut pair, 60, &[], |_, _| {});
    assert!(pair.rejected.is_empty(), "{:?}", pair.take_seen());
    assert!(pair.machine.settled());
    assert_eq!(pair.connects.len(), 1);
}

#[test]
fn a_venue_that_answers_nothing_is_reconnected_and_nobody_is_rejected() {
    let mut pair = Pair::new(1);
    pair.want("A");
    pair.want("B");
    pair.pass(secs(600));
    assert!(pair.rejected.is_empty());
    assert!(pair.connects.len() > 3, "{:?}", pair.connects);
    answer(&mut pair);
    pair.pass(secs(1));
    answer(&mut pair);
    assert!(pair.machine.settled());
}

#[test]
fn a_passing_refusal_without_a_name_is_asked_again_by_halves_and_the_culprit_alone_waits() {
    let mut pair = Pair::new(1);
    pair.want_all(&["A", "B", "BAD"]);
    let mut asked_bad = 0;
    for _ in 0..36_000 {
        while let Some((_, id, names)) = pair.request() {
            if names.iter().any(|name| name == "BAD") {
                asked_bad += 1;
                pair.say(&format!("later {id} - server error"));
            } else {
                pair.say(&format!("ok {id}"));
            }
        }
        pair.pass(Duration::from_millis(100));
    }
    assert!(asked_bad < 75, "asked for {asked_bad} times in an hour");
    let seen = pair.take_seen();
    let accepted: Vec<_> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Accepted(names) => Some(names.len()),
            _ => None,
        })
        .collect();
    assert_eq!(accepted.iter().sum::<usize>(), 2);
    assert!(
        seen.iter()
            .any(|seen| matches!(seen, Seen::Postponed(why) if &*why.text == "server error"))
    );
}

#[test]
fn mixed_answers_are_taken_topic_by_topic() {
    let mut pair = Pair::new(1);
    pair.want_all(&["A", "B", "C"]);
    let (_, id, _) = pair.request().unwrap();
    pair.take_seen();
    pair.say(&format!("some {id} A B"));
    let (verb, id, names) = pair.request().unwrap();
    assert_eq!((verb.as_str(), names), ("add", vec!["C".to_owned()]));
    pair.say(&format!("ok {id}"));
    assert!(pair.request().is_none(), "B waits");
    pair.pass(secs(2));
    assert_eq!(pair.request().unwrap().2, ["B"]);
}

#[test]
fn a_whole_state_settles_what_was_asked_and_what_was_lost() {
    let mut pair = Pair::new(1);
    pair.want_all(&["A", "B", "C"]);
    pair.request();
    pair.say("held A B");
    assert!(!pair.machine.settled());
    pair.say("held A B C");
    assert!(pair.machine.settled());
    pair.take_seen();
    pair.say("held A C");
    let seen = pair.take_seen();
    assert!(
        matches!(&seen[..], [Seen::Stale(name, _)] if name == "B"),
        "{seen:?}"
    );
    pair.pass(secs(2));
    assert_eq!(pair.request().unwrap().2, ["B"]);
}

#[test]
fn no_data_comes_before_its_gap_after_a_cut_and_a_passing_refusal() {
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    let time = pair.now.wall;
    pair.tick("A", 1, time);
    pair.take_seen();
    pair.cut();
    pair.pass(secs(1));
    let (_, id, _) = pair.request().unwrap();
    pair.say(&format!("later {id} A busy"));
    // The venue brings it all the same.
    let time = pair.now.wall;
    pair.tick("A", 2, time);
    pair.pass(secs(3));
    answer(&mut pair);
    let time = pair.now.wall;
    pair.tick("A", 3, time);
    let seen = pair.take_seen();
    let gap = seen
        .iter()
        .position(|seen| matches!(seen, Seen::Missing { .. }));
    let event = seen.iter().position(|seen| matches!(seen, Seen::Event(..)));
    assert!(gap.unwrap() < event.unwrap(), "{seen:?}");
    let (_, from, to, _) = &missing(&seen)[0];
    assert!(from.as_millis() < to.as_millis());
}

#[test]
fn an_outage_of_delayed_events_has_its_extent_in_their_own_time() {
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    let late = secs(15 * 60);
    let last = pair.now.wall.saturating_sub(late);
    pair.tick("A", 1, last);
    pair.take_seen();
    pair.cut();
    pair.pass(secs(3));
    answer(&mut pair);
    let seen = pair.take_seen();
    let (names, from, to, _) = &missing(&seen)[0];
    assert_eq!((names, *from), (&vec!["A".to_owned()], last));
    // As late as the last event, but for a second that an event may be quicker.
    let now = pair.now.wall.saturating_sub(late);
    assert_eq!(*to, now.saturating_add(secs(1)));
}

#[test]
fn a_wall_clock_set_back_and_a_machine_that_slept_do_not_shrink_an_outage() {
    for step in [-3600_i64, 3600] {
        let mut pair = Pair::new(1);
        pair.want("A");
        answer(&mut pair);
        let last = pair.now.wall;
        pair.tick("A", 1, last);
        pair.cut();
        // The wall clock is set again at the next connect.
        pair.now.wall = if step < 0 {
            pair.now.wall.saturating_sub(secs(3600))
        } else {
            pair.now.wall.saturating_add(secs(3600))
        };
        pair.take_seen();
        pair.pass(secs(2));
        answer(&mut pair);
        let (_, from, to, _) = missing(&pair.take_seen())[0].clone();
        assert_eq!(from, last);
        assert!(to > last, "{step}: {from} to {to}");
    }
}

#[test]
fn a_venue_clock_set_back_during_an_outage_extends_its_gap_to_the_new_time() {
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    let time = pair.now.wall;
    pair.tick("A", 1, time);
    pair.cut();
    pair.pass(secs(2));
    answer(&mut pair);
    pair.take_seen();
    let back = pair.now.wall.saturating_sub(secs(3600));
    pair.tick("A", 2, back);
    let seen = pair.take_seen();
    let (_, from, to, _) = &missing(&seen)[0];
    assert!(*from < back && *to == back, "{seen:?}");
}

/// However small the step, and however late the first event comes after the gap was told.
#[test]
fn a_venue_clock_that_is_set_during_an_outage_leaves_no_loss_outside_its_gaps() {
    for step in [-90_000, -3_000, -2_000, 1_000, 3_000, 90_000_i64] {
        for late in [0, 1, 7] {
            let mut pair = Pair::new(1);
            pair.want("A");
            answer(&mut pair);
            let time = pair.now.wall;
            pair.tick("A", 1, time);
            pair.take_seen();
            let venue =
                |pair: &Pair| Timestamp::from_nanos(pair.now.wall.as_nanos() + step * 1_000_000);
            let mut lost = Vec::new();
            // The second time before anything has come since the first.
            for _ in 0..2 {
                pair.cut();
                let begun = lost.len();
                while !pair.open || lost.len() == begun {
                    lost.push(venue(&pair));
                    pair.pass(Duration::from_millis(50));
                }
                answer(&mut pair);
            }
            pair.pass(secs(late));
            let time = venue(&pair);
            pair.tick("A", 2, time);
            let gaps = missing(&pair.take_seen());
            for lost in lost {
                let covers = |from: Timestamp, to: Timestamp| from <= lost && lost <= to;
                assert!(
                    gaps.iter().any(|(_, from, to, _)| covers(*from, *to)),
                    "step {step} ms, late {late} s: {lost} is outside of {gaps:?}"
                );
            }
        }
    }
}

#[test]
fn learned_numbers_count_what_an_outage_and_a_mute_cost() {
    let mut pair = Pair::new(1);
    pair.want("#A");
    answer(&mut pair);
    for number in 1..=300 {
        let time = pair.now.wall;
        pair.tick("#A", number, time);
        pair.pass(Duration::from_millis(10));
    }
    pair.take_seen();
    // Muted, then on.
    pair.pass(secs(2));
    let time = pair.now.wall;
    pair.tick("#A", 400, time);
    let seen = pair.take_seen();
    assert_eq!(missing(&seen)[0].3, Some(99));
    assert!(matches!(seen.last(), Some(Seen::Event(..))));
    pair.cut();
    pair.pass(secs(1));
    answer(&mut pair);
    assert!(
        missing(&pair.take_seen()).is_empty(),
        "the count is waited for"
    );
    let time = pair.now.wall;
    pair.tick("#A", 411, time);
    let seen = pair.take_seen();
    assert_eq!(missing(&seen)[0].3, Some(10));
    // And not for ever.
    pair.cut();
    pair.pass(secs(1));
    answer(&mut pair);
    pair.pass(secs(2));
    assert_eq!(missing(&pair.take_seen())[0].3, None);
}

#[test]
fn numbers_are_learned_over_cuts_that_come_before_they_are_trusted() {
    let mut pair = Pair::new(1);
    pair.want("#A");
    answer(&mut pair);
    let mut number = 0;
    for _ in 0..5 {
        for _ in 0..60 {
            number += 1;
            let time = pair.now.wall;
            pair.tick("#A", number, time);
            pair.pass(Duration::from_millis(10));
        }
        pair.cut();
        pair.pass(secs(1));
        answer(&mut pair);
        number += 7;
    }
    pair.take_seen();
    let time = pair.now.wall;
    pair.tick("#A", number + 1, time);
    assert_eq!(missing(&pair.take_seen())[0].3, Some(7));
}

#[test]
fn a_venue_clock_set_back_by_less_than_a_mute_leaves_no_loss_outside_its_gap() {
    let mut pair = Pair::new(1);
    pair.want("#A");
    answer(&mut pair);
    for number in 1..=300 {
        let time = pair.now.wall;
        pair.tick("#A", number, time);
        pair.pass(Duration::from_millis(10));
    }
    pair.take_seen();
    // Set back by four seconds at once; the mute lasts for ten.
    let first_lost = pair.now.wall.saturating_sub(secs(4));
    pair.pass(secs(10));
    let time = pair.now.wall.saturating_sub(secs(4));
    pair.tick("#A", 1_301, time);
    let seen = pair.take_seen();
    let (_, from, to, missed) = &missing(&seen)[0];
    assert!(*from <= first_lost && time <= *to, "{seen:?}");
    assert_eq!(*missed, Some(1_000));
}

#[test]
fn events_without_their_snapshot_are_said_and_then_asked_for_again_with_backoff() {
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    let time = pair.now.wall;
    pair.tick("A", 1, time);
    pair.take_seen();
    let mut added = 0;
    for _ in 0..3_600 {
        pair.say("stray A");
        while let Some((verb, id, _)) = pair.request() {
            added += u32::from(verb == "add");
            pair.say(&format!("ok {id}"));
        }
        pair.pass(secs(1));
    }
    assert!(
        (60..200).contains(&added),
        "asked for {added} times in an hour"
    );
    let seen = pair.take_seen();
    assert!(matches!(&seen[0], Seen::Stale(name, why) if name == "A" && why.contains("snapshot")));
}

#[test]
fn a_topic_withdrawn_again_and_again_is_asked_for_ever_more_rarely() {
    let mut pair = Pair::new(1);
    pair.want("A");
    let mut asked = 0;
    for _ in 0..36_000 {
        while let Some((_, id, _)) = pair.request() {
            asked += 1;
            pair.say(&format!("ok {id}"));
            pair.say("gone A limit");
        }
        pair.pass(Duration::from_millis(100));
    }
    assert!(asked < 75, "asked for {asked} times in an hour");
}

#[test]
fn cuts_every_ten_seconds_cost_half_a_second_each() {
    for seed in 0..20 {
        let mut pair = Pair::new(seed);
        pair.want("A");
        let mut number = 0;
        for _ in 0..60 {
            live(&mut pair, 10, &[], |pair, _| {
                number += 1;
                let time = pair.now.wall;
                pair.tick("A", number, time);
            });
            pair.cut();
            let cut = pair.now.instant;
            while !pair.open {
                pair.pass(Duration::from_millis(10));
            }
            let down = pair.now.instant - cut;
            assert!(down < Duration::from_millis(500), "seed {seed}: {down:?}");
        }
    }
}

#[test]
fn a_late_reply_of_an_effect_never_reaches_another_topic() {
    use crate::feed::machine::EffectTag;
    let mut pair = Pair::new(1);
    pair.want("A");
    answer(&mut pair);
    let id = pair.machine.find(&super::pair::name("A")).unwrap();
    let tag = EffectTag::Topic { id, generation: 1 };
    assert!(pair.machine.expects(tag));
    pair.release("A");
    answer(&mut pair);
    pair.want("B");
    assert_eq!(
        pair.machine.find(&super::pair::name("B")),
        Some(id),
        "the number is used again"
    );
    assert!(!pair.machine.expects(tag));
}
