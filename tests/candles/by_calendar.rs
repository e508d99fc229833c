//! Days, weeks and months in time zones, and sessions.

use feedline::FeedExt;
use feedline::market::{Calendar, Interval, Session, Trade};
use feedline::{Timestamp, adapters::Candles};
use futures_util::stream;

use super::events::{Item, data, trade};
use super::{Ticks, all};

fn tick(time: &str) -> Item<Trade> {
    let mut trade = trade("A", 0, "1", "1");
    trade.time = time.parse().unwrap();
    data(trade)
}

fn cut(interval: &str, calendar: &Calendar, times: &[&str]) -> Candles<Ticks<Trade>> {
    let ticks: Vec<_> = times.iter().map(|time| tick(time)).collect();
    stream::iter(ticks)
        .candles(interval.parse::<Interval>().unwrap())
        .calendar(calendar.clone())
        .partials(false)
}

/// Starts of the candles, and how many ticks each has.
fn starts(mut candles: Candles<Ticks<Trade>>) -> Vec<(String, u64)> {
    all(&mut candles)
        .into_iter()
        .map(|event| event.data().unwrap())
        .map(|candle| (candle.start.to_string(), candle.trades.unwrap()))
        .collect()
}

fn expect(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs
        .iter()
        .map(|(start, count)| ((*start).to_owned(), *count))
        .collect()
}

fn new_york() -> Calendar {
    Calendar::named("America/New_York").unwrap()
}

fn stocks() -> Calendar {
    new_york().session("Mon-Fri 09:30-16:00".parse().unwrap())
}

#[test]
fn a_day_is_as_long_as_it_is() {
    // The clocks go forward on 8 March 2026 and back on 1 November.
    let times = [
        "2026-03-07T05:00:00Z",
        "2026-03-08T04:59:59.999999999Z",
        "2026-03-08T05:00:00Z",
        "2026-03-09T03:59:59.999999999Z",
        "2026-03-09T04:00:00Z",
        "2026-11-01T04:00:00Z",
        "2026-11-02T04:59:59.999999999Z",
        "2026-11-02T05:00:00Z",
    ];
    assert_eq!(
        starts(cut("1d", &new_york(), &times)),
        expect(&[
            ("2026-03-07T05:00:00Z", 2),
            ("2026-03-08T05:00:00Z", 2),
            ("2026-03-09T04:00:00Z", 1),
            ("2026-11-01T04:00:00Z", 2),
            ("2026-11-02T05:00:00Z", 1),
        ])
    );
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first_of_the_zone() {
    let times = [
        "2026-03-02T04:59:59Z",
        "2026-03-02T05:00:00Z",
        "2026-03-09T03:59:59Z",
    ];
    assert_eq!(
        starts(cut("1w", &new_york(), &times)),
        expect(&[("2026-02-23T05:00:00Z", 1), ("2026-03-02T05:00:00Z", 2)])
    );
    let times = [
        "2026-03-01T04:59:59Z",
        "2026-03-01T05:00:00Z",
        "2026-04-01T04:00:00Z",
    ];
    assert_eq!(
        starts(cut("1M", &new_york(), &times)),
        expect(&[
            ("2026-02-01T05:00:00Z", 1),
            ("2026-03-01T05:00:00Z", 1),
            ("2026-04-01T04:00:00Z", 1),
        ])
    );
}

#[test]
fn hours_and_less_are_counted_in_utc() {
    let kolkata = Calendar::named("Asia/Kolkata").unwrap();
    let times = ["2026-03-01T00:59:59Z", "2026-03-01T01:00:00Z"];
    assert_eq!(
        starts(cut("1h", &kolkata, &times)),
        expect(&[("2026-03-01T00:00:00Z", 1), ("2026-03-01T01:00:00Z", 1)])
    );
}

#[test]
fn an_hour_of_a_session_is_counted_from_its_opening_and_cut_at_its_close() {
    // A Friday in summer time: 13:30 to 20:00 UTC.
    let times = [
        "2026-06-05T13:29:59Z",
        "2026-06-05T13:30:00Z",
        "2026-06-05T14:29:59Z",
        "2026-06-05T14:30:00Z",
        "2026-06-05T19:59:59.999999999Z",
        "2026-06-05T20:00:00Z",
        "2026-06-06T15:00:00Z",
        "2026-06-08T13:45:00Z",
    ];
    let mut candles = cut("1h", &stocks(), &times);
    assert_eq!(
        starts(cut("1h", &stocks(), &times)),
        expect(&[
            ("2026-06-05T13:30:00Z", 2),
            ("2026-06-05T14:30:00Z", 1),
            ("2026-06-05T19:30:00Z", 1),
            ("2026-06-08T13:30:00Z", 1),
        ])
    );
    all(&mut candles);
    assert_eq!((candles.outside(), candles.late()), (3, 0));
}

#[test]
fn a_day_of_sessions_reaches_from_opening_to_close() {
    let times = [
        "2026-11-20T14:30:00Z",
        "2026-11-20T20:59:59Z",
        "2026-11-20T21:00:00Z",
        "2026-11-23T14:30:00Z",
    ];
    assert_eq!(
        starts(cut("1d", &stocks(), &times)),
        expect(&[("2026-11-20T14:30:00Z", 2), ("2026-11-23T14:30:00Z", 1)])
    );
    // A week from Monday's opening to Friday's close; 26 November is a holiday.
    let calendar = stocks().holidays(["2026-11-26".parse().unwrap()]);
    let times = [
        "2026-11-23T15:00:00Z",
        "2026-11-26T15:00:00Z",
        "2026-11-27T15:00:00Z",
        "2026-11-30T15:00:00Z",
    ];
    assert_eq!(
        starts(cut("1w", &calendar, &times)),
        expect(&[("2026-11-23T14:30:00Z", 2), ("2026-11-30T14:30:00Z", 1)])
    );
    let mut counted = cut("1w", &calendar, &times);
    all(&mut counted);
    assert_eq!(counted.outside(), 1);
    // A month begins with its first session, not on a holiday.
    let calendar = stocks().holidays(["2027-01-01".parse().unwrap()]);
    assert_eq!(
        starts(cut("1M", &calendar, &["2027-01-20T15:00:00Z"])),
        expect(&[("2027-01-04T14:30:00Z", 1)])
    );
}

#[test]
fn an_overnight_session_belongs_to_the_day_on_which_it_closes() {
    let chicago = Calendar::named("America/Chicago").unwrap();
    let futures = chicago.session("Mon-Fri 17:00-16:00".parse().unwrap());
    // Monday's session opens on Sunday, 31 May 2026, at 22:00 UTC.
    let times = [
        "2026-05-31T21:59:59Z",
        "2026-05-31T22:00:00Z",
        "2026-06-01T20:59:59Z",
        "2026-06-01T21:30:00Z",
        "2026-06-01T22:00:00Z",
        "2026-06-05T22:30:00Z",
    ];
    let mut candles = cut("1d", &futures, &times);
    all(&mut candles);
    assert_eq!(candles.outside(), 3);
    assert_eq!(
        starts(cut("1d", &futures, &times)),
        expect(&[("2026-05-31T22:00:00Z", 2), ("2026-06-01T22:00:00Z", 1)])
    );
    assert_eq!(
        starts(cut("1M", &futures, &times)),
        expect(&[("2026-05-31T22:00:00Z", 3)]),
        "June's first session opens in May"
    );
}

#[test]
fn what_is_no_zone_or_session_is_told() {
    let error = Calendar::named("Mars/Olympus").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("\"Mars/Olympus\" is not a known time zone")
    );
    assert!(std::error::Error::source(&error).is_some());
    for text in [
        "",
        "9:30",
        "25:00-26:00",
        "Mon 09:00",
        "Foo 09:00-10:00",
        "Mon- 09:00-10:00",
    ] {
        let error = text.parse::<Session>().unwrap_err().to_string();
        assert!(error.contains("such as 09:30-16:00"), "{error}");
    }
    let session: Session = "Sat-Mon,Wed 22:00-05:00".parse().unwrap();
    assert_eq!(session.to_string(), "Mon,Wed,Sat,Sun 22:00-05:00");
    assert_eq!(session.to_string().parse(), Ok(session));
}

#[test]
fn a_market_that_never_opens_has_no_candles() {
    let calendar = Calendar::utc().session("09:00-10:00".parse::<Session>().unwrap().on([]));
    let mut candles = cut(
        "1d",
        &calendar,
        &["2026-03-01T09:30:00Z", "2026-03-02T09:30:00Z"],
    );
    assert!(all(&mut candles).is_empty());
    assert_eq!(candles.outside(), 2);
    let _: Timestamp = Timestamp::EPOCH;
}

#[test]
fn where_midnight_does_not_exist_the_day_begins_when_it_can() {
    // São Paulo's clocks went from 00:00 to 01:00 on 4 November 2018, and from 00:00 back to 23:00
    // on 17 February 2019; Beirut's from 00:00 to 01:00 on 31 March 2024.
    let sao_paulo = Calendar::named("America/Sao_Paulo").unwrap();
    let times = [
        "2018-11-04T02:59:59.999999999Z",
        "2018-11-04T03:00:00Z",
        "2018-11-05T01:59:59Z",
        "2018-11-05T02:00:00Z",
        "2019-02-17T02:30:00Z",
        "2019-02-17T03:00:00Z",
    ];
    assert_eq!(
        starts(cut("1d", &sao_paulo, &times)),
        expect(&[
            ("2018-11-03T03:00:00Z", 1),
            ("2018-11-04T03:00:00Z", 2),
            ("2018-11-05T02:00:00Z", 1),
            ("2019-02-16T02:00:00Z", 1),
            ("2019-02-17T03:00:00Z", 1),
        ])
    );
    let beirut = Calendar::named("Asia/Beirut").unwrap();
    let times = ["2024-03-30T21:59:59Z", "2024-03-30T22:00:00Z"];
    assert_eq!(
        starts(cut("1d", &beirut, &times)),
        expect(&[("2024-03-29T22:00:00Z", 1), ("2024-03-30T22:00:00Z", 1)])
    );
}

#[test]
fn a_day_that_has_begun_does_not_end_because_the_clocks_go_back_over_midnight() {
    // Newfoundland's went from 00:01 back to 23:01 of the day before on 7 November 2010.
    let st_johns = Calendar::named("America/St_Johns").unwrap();
    let times = [
        "2010-11-07T02:29:59Z",
        "2010-11-07T02:30:30Z",
        "2010-11-07T03:00:00Z",
        "2010-11-07T03:30:00Z",
        "2010-11-08T03:29:59Z",
    ];
    let mut candles = cut("1d", &st_johns, &times);
    assert_eq!(
        starts(cut("1d", &st_johns, &times)),
        expect(&[("2010-11-06T02:30:00Z", 1), ("2010-11-07T02:30:00Z", 4)])
    );
    all(&mut candles);
    assert_eq!(candles.late(), 0);
    let within = ["2010-11-07T03:00:00Z", "2010-11-07T04:00:00Z"];
    assert_eq!(
        starts(cut("1d", &st_johns, &within)),
        expect(&[("2010-11-07T02:30:00Z", 2)])
    );
}

#[test]
fn a_session_around_the_clock_leaves_nothing_out() {
    let chicago = Calendar::named("America/Chicago").unwrap();
    let always = chicago.session("17:00-17:00".parse().unwrap());
    // The clocks go forward on 8 March 2026 and back on 1 November.
    let times = [
        "2026-03-07T22:59:59Z",
        "2026-03-07T23:00:00Z",
        "2026-03-08T21:59:59Z",
        "2026-03-08T22:00:00Z",
        "2026-10-31T22:00:00Z",
        "2026-11-01T22:59:59Z",
        "2026-11-01T23:00:00Z",
    ];
    let mut candles = cut("1d", &always, &times);
    all(&mut candles);
    assert_eq!((candles.outside(), candles.late()), (0, 0));
    assert_eq!(
        starts(cut("1d", &always, &times)),
        expect(&[
            ("2026-03-06T23:00:00Z", 1),
            ("2026-03-07T23:00:00Z", 2),
            ("2026-03-08T22:00:00Z", 1),
            ("2026-10-31T22:00:00Z", 2),
            ("2026-11-01T23:00:00Z", 1),
        ])
    );
    assert_eq!(
        starts(cut(
            "1w",
            &always,
            &["2026-03-08T21:59:59Z", "2026-03-08T22:00:00Z"]
        )),
        expect(&[("2026-03-01T23:00:00Z", 1), ("2026-03-08T22:00:00Z", 1)])
    );
}

#[test]
fn several_days_and_months_are_counted_from_1970_and_before_it() {
    let times = [
        "1969-12-29T12:00:00Z",
        "1969-12-30T12:00:00Z",
        "1969-12-31T12:00:00Z",
        "1970-01-01T12:00:00Z",
    ];
    assert_eq!(
        starts(cut("2d", &Calendar::utc(), &times)),
        expect(&[
            ("1969-12-28T00:00:00Z", 1),
            ("1969-12-30T00:00:00Z", 2),
            ("1970-01-01T00:00:00Z", 1)
        ])
    );
    assert_eq!(
        starts(cut(
            "3M",
            &new_york(),
            &["1969-12-31T23:00:00Z", "1970-01-01T05:00:00Z"]
        )),
        expect(&[("1969-10-01T04:00:00Z", 1), ("1970-01-01T05:00:00Z", 1)])
    );
}

#[test]
fn hours_of_a_session_make_its_day_the_last_one_too() {
    // It closes in the middle of an hour, as London's and Frankfurt's do.
    let frankfurt = Calendar::named("Europe/Berlin").unwrap();
    let xetra = frankfurt.session("Mon-Fri 09:00-17:30".parse().unwrap());
    let times = [
        "2026-06-05T07:00:00Z",
        "2026-06-05T14:59:59Z",
        "2026-06-05T15:10:00Z",
        "2026-06-08T07:00:00Z",
    ];
    let ticks: Vec<_> = times.iter().map(|time| tick(time)).collect();
    let mut days = stream::iter(ticks)
        .candles(Interval::hours(1))
        .calendar(xetra.clone())
        .candles(Interval::days(1))
        .calendar(xetra.clone())
        .partials(false);
    let told: Vec<_> = super::ready(&mut days)
        .into_iter()
        .map(|event| event.unwrap().data().unwrap())
        .map(|candle| (candle.start.to_string(), candle.trades.unwrap()))
        .collect();
    assert_eq!(
        told,
        expect(&[("2026-06-05T07:00:00Z", 3), ("2026-06-08T07:00:00Z", 1)])
    );
    assert_eq!((days.skipped(), days.late()), (0, 0));
}

#[test]
fn hours_that_are_not_the_sessions_own_end_its_day_too() {
    // A venue's hours in UTC, in a session from 13:30 to 20:00 UTC.
    let hour = |time: &str| {
        let Ok(feedline::Event::Data(tick)) = tick(time) else {
            unreachable!()
        };
        let mut next = tick.clone();
        next.time = next
            .time
            .saturating_add(std::time::Duration::from_secs(3_600));
        let items = vec![data(tick), data(next)];
        let mut hours = stream::iter(items)
            .candles(Interval::hours(1))
            .partials(false);
        Ok(all(&mut hours).remove(0))
    };
    let hours = vec![hour("2026-06-05T18:00:00Z"), hour("2026-06-05T19:00:00Z")];
    let mut days = stream::iter(hours as Vec<Item<feedline::market::Candle>>)
        .candles(Interval::days(1))
        .calendar(stocks())
        .partials(false);
    let day = all(&mut days).remove(0).data().unwrap();
    let done = Some(feedline::market::CandleState::Final);
    assert_eq!((day.state, day.trades), (done, Some(2)));
}
