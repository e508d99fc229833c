//! A venue that says odd things: of symbols that the simulator does not know it says nothing by itself,
//! so that each test says what comes of them.

use std::time::Duration;

use feedline::feed::Token;
use feedline::market::{CandleState, Record};
use feedline::sim::dxlink::Refusal;
use feedline::sim::{Fault, RawFrame, To};
use feedline::venue::dxlink::{Candle, CandleSymbol, Indexed, Quote, Stage};
use feedline::{ErrorKind, Event, Repair, Staleness, StatusKind, Subscription, Timestamp};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};

use super::{Rig, START, next, secs};

/// A venue at which somebody asks for what the test alone can bring.
struct Odd {
    rig: Rig,
    /// How many requests have been looked at.
    seen: usize,
}

impl Odd {
    fn new() -> Self {
        let rig = Rig::with(|sim| sim.rate(0.0), |dxlink| dxlink);
        Self { rig, seen: 0 }
    }

    /// The requests that add something which have come since the last look: when, on which channel, and
    /// what.
    fn asked(&mut self) -> Vec<(Timestamp, u64, Value)> {
        let requests = self.rig.sim.subscribe_requests();
        let new = requests[self.seen..].iter().map(|request| {
            let channel = request.channel.parse().unwrap();
            (request.at, channel, request.payload["add"].clone())
        });
        let new = new.collect();
        self.seen = requests.len();
        new
    }

    /// Waits for the next request, at most so long; tells its channel.
    async fn next_asked(&mut self, within: Duration) -> u64 {
        let wait = async {
            loop {
                if let [(_, channel, _)] = &self.asked()[..] {
                    return *channel;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(within, wait).await.expect("asked for")
    }

    fn say(&self, message: &Value) {
        let frame = RawFrame::Text(message.to_string());
        self.rig.sim.send(&To::All, &frame);
    }

    fn data(&self, channel: u64, rows: &[Value]) {
        self.say(&json!({"type": "FEED_DATA", "channel": channel, "data": rows}));
    }
}

fn symbol() -> CandleSymbol {
    "ODD{=m}".parse().unwrap()
}

/// A minute of the morning, in milliseconds.
fn minute(minute: i64) -> i64 {
    (START - 3_600 + minute * 60) * 1_000
}

#[allow(clippy::needless_pass_by_value, reason = "it is called with json!")]
fn bar(flags: Value, at: i64) -> Value {
    json!({"eventType": "Candle", "eventSymbol": "ODD{=m}", "eventFlags": flags, "time": minute(at),
        "sequence": 0, "open": 1, "high": 9, "low": 1, "close": 2, "volume": 5})
}

fn end(at: i64) -> Value {
    json!({"eventType": "Candle", "eventSymbol": "ODD{=m}", "eventFlags": 10, "time": minute(at),
        "sequence": 0, "open": "NaN", "high": "NaN", "low": "NaN", "close": "NaN"})
}

fn quote(symbol: &str, bid: u32) -> Value {
    json!({"eventType": "Quote", "eventSymbol": symbol, "bidPrice": bid, "askPrice": bid + 1})
}

/// What comes of a marker, in a word or two.
fn marker<T>(event: &Event<T>) -> Option<String> {
    Some(match event {
        Event::Data(_) => return None,
        Event::Gap(gap) if gap.repair == Repair::Follows => "gap, repair follows".to_owned(),
        Event::Gap(gap) => match gap.missed {
            Some(missed) => format!("gap {missed}"),
            None => "gap".to_owned(),
        },
        Event::Status(status) => match &status.kind {
            StatusKind::Stale {
                why: Staleness::Refused { text, .. },
            } => format!("refused: {text}"),
            StatusKind::Stale {
                why: Staleness::AwaitingSnapshot,
            } => "awaiting".to_owned(),
            StatusKind::Stale { .. } => "stale".to_owned(),
            StatusKind::Fresh => "fresh".to_owned(),
            StatusKind::SnapshotBegan => "[".to_owned(),
            StatusKind::SnapshotEnded { .. } => "]".to_owned(),
            StatusKind::Repaired { .. } => "repaired".to_owned(),
            StatusKind::RepairFailed { .. } => "not repaired".to_owned(),
            StatusKind::Interrupted { .. } => "interrupted".to_owned(),
            StatusKind::Resumed { .. } => "resumed".to_owned(),
            other => other.to_string(),
        },
    })
}

/// All that is ready of candles: their minute and the first letter of their state, and markers.
async fn candles(feed: &mut Subscription<Indexed<Candle>>) -> Vec<String> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut words = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        let event = event.unwrap().unwrap();
        words.push(marker(&event).unwrap_or_else(|| {
            let Event::Data(row) = event else { panic!() };
            let candle = row.event.unwrap();
            let state = match candle.state.unwrap() {
                CandleState::Partial => 'p',
                CandleState::Final => 'f',
                CandleState::Revised => 'r',
                _ => '?',
            };
            format!("{}{state}", (candle.start.as_millis() - minute(0)) / 60_000)
        }));
    }
    words
}

/// All that is ready of quotes: their bids, and markers.
async fn quotes(feed: &mut Subscription<Quote>) -> Vec<String> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut words = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        let event = event.unwrap().unwrap();
        words.push(marker(&event).unwrap_or_else(|| {
            let Event::Data(quote) = event else { panic!() };
            format!("{} {}", quote.symbol, quote.bid.unwrap())
        }));
    }
    words
}

async fn history(odd: &mut Odd) -> (Subscription<Indexed<Candle>>, u64) {
    let from = Timestamp::from_millis(minute(0)).unwrap();
    let feed = odd.rig.dxlink.candles(from, [symbol()]).await.unwrap();
    let channel = odd.next_asked(secs(1)).await;
    (feed, channel)
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_with_an_unreadable_row_is_asked_for_again_at_once() {
    let mut odd = Odd::new();
    let (mut feed, channel) = history(&mut odd).await;
    odd.data(channel, &[bar(json!(4), 9), bar(json!("z"), 8)]);
    odd.data(channel, &[bar(json!(0), 7), end(5)]);
    // That of the row, and that of beginning anew: each has a repair of its own.
    assert_eq!(
        candles(&mut feed).await,
        ["gap, repair follows", "gap, repair follows"]
    );
    let channel = odd.next_asked(Duration::from_millis(500)).await;
    odd.data(
        channel,
        &[bar(json!(4), 9), bar(json!(0), 8), bar(json!(0), 7), end(5)],
    );
    let mut told = candles(&mut feed).await;
    // Of the row that could not be read, and of the time until it was asked for again.
    told.dedup();
    assert_eq!(told, ["[", "7f", "8f", "9p", "]", "repaired"]);
    odd.data(channel, &[bar(json!(0), 9)]);
    assert_eq!(candles(&mut feed).await, ["9p"]);
    assert_eq!(odd.rig.sim.breaches(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_withheld_for_a_snapshot_lies_inside_the_gap() {
    let mut odd = Odd::new();
    let (mut feed, channel) = history(&mut odd).await;
    odd.data(channel, &[bar(json!(12), 59)]);
    odd.data(channel, &[bar(json!(0), 60)]);
    candles(&mut feed).await;
    // The venue begins again, and its end never comes: live candles are withheld with it.
    odd.data(channel, &[bar(json!(4), 60)]);
    let mut last = 60;
    for second in (2..60).step_by(2) {
        tokio::time::sleep(secs(2)).await;
        last = 60 + second / 60;
        odd.data(channel, &[bar(json!(0), last)]);
    }
    assert_eq!(candles(&mut feed).await, ["awaiting"]);
    tokio::time::sleep(secs(5)).await;
    let Event::Gap(gap) = next(&mut feed).await.unwrap() else {
        panic!()
    };
    let (from, to) = gap.range().unwrap();
    let at = |at| Timestamp::from_millis(minute(at)).unwrap();
    // From the last candle that was delivered, a minute long, to now.
    assert_eq!(from, at(60), "{gap}");
    assert!(to >= at(61).max(at(last)), "{gap}");
    // The time by our clock is that of the withholding as well.
    let (from, to) = gap.seen_from.zip(gap.seen_to).unwrap();
    assert!(to.duration_since(from) >= secs(60), "{gap:?}");
    assert_eq!(gap.repair, Repair::Follows);
    // It is asked for from the last candle on that was delivered.
    let (_, _, add) = odd.asked().pop().unwrap();
    assert_eq!(add[0]["fromTime"], minute(60));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_never_whole_is_shown_in_the_end_and_never_called_whole() {
    let mut odd = Odd::new();
    let (mut feed, mut channel) = history(&mut odd).await;
    let mut asked = Vec::new();
    let mut told = Vec::new();
    for second in 0..60 {
        if second > 0 {
            for (at, number, _) in odd.asked() {
                channel = number;
                asked.push(at);
                odd.data(channel, &[bar(json!(4), 9), bar(json!(0), 8)]);
                odd.say(&json!({"type": "FEED_DATA", "channel": channel,
                    "data": ["Candle", ["ODD{=m}", 0]]}));
                odd.data(channel, &[bar(json!(0), 6), end(5)]);
            }
        } else {
            odd.data(channel, &[bar(json!(4), 9), bar(json!("z"), 8)]);
        }
        tokio::time::sleep(secs(1)).await;
        told.extend(candles(&mut feed).await);
    }
    assert!(!told.contains(&"[".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "6f");
    assert!(told.contains(&"8f".to_owned()) && told.contains(&"not repaired".to_owned()));
    assert_eq!(asked.len(), 2, "{asked:?}");
    // What comes now is live.
    odd.data(channel, &[bar(json!(0), 9), bar(json!(0), 10)]);
    assert_eq!(candles(&mut feed).await, ["9p", "9f", "10p"]);
}

#[tokio::test(start_paused = true)]
async fn history_without_flags_is_called_incomplete_and_its_candles_are_not_revised() {
    let mut odd = Odd::new();
    let (mut feed, channel) = history(&mut odd).await;
    odd.data(
        channel,
        &[bar(json!(0), 9), bar(json!(0), 8), bar(json!(0), 7)],
    );
    assert_eq!(candles(&mut feed).await, ["9p", "8f", "7f"]);
    tokio::time::sleep(secs(11)).await;
    assert_eq!(candles(&mut feed).await, ["gap"]);
    odd.data(channel, &[bar(json!(0), 10)]);
    assert_eq!(candles(&mut feed).await, ["9f", "10p"]);
    tokio::time::sleep(secs(600)).await;
    assert_eq!(candles(&mut feed).await, [""; 0]);
    assert_eq!(odd.asked(), []);
    // After an outage, what it cost is said not to be repaired.
    odd.rig.sim.inject(Fault::Cut);
    let channel = odd.next_asked(secs(5)).await;
    odd.data(channel, &[bar(json!(0), 11)]);
    let told = candles(&mut feed).await;
    assert_eq!(
        told,
        ["interrupted", "gap, repair follows", "resumed", "11p"]
    );
    tokio::time::sleep(secs(11)).await;
    assert_eq!(candles(&mut feed).await, ["gap", "not repaired"]);
}

#[tokio::test(start_paused = true)]
async fn the_gap_of_a_bad_row_stands_between_its_neighbours() {
    let mut odd = Odd::new();
    let mut sales = odd.rig.dxlink.time_and_sales(["ODD"]).await.unwrap();
    let channel = odd.next_asked(secs(1)).await;
    let sale = |number: i64, price: Value| {
        json!({"eventType": "TimeAndSale", "eventSymbol": "ODD", "time": minute(0),
            "sequence": number, "price": price, "size": 1})
    };
    let bad = || json!("NaN");
    odd.data(
        channel,
        &[sale(1, json!(1)), sale(2, bad()), sale(3, json!("3"))],
    );
    odd.data(
        channel,
        &[sale(4, bad()), sale(5, bad()), sale(6, json!(6))],
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut told = Vec::new();
    while let Some(event) = sales.next().now_or_never() {
        let event = event.unwrap().unwrap();
        if let Event::Gap(gap) = &event {
            let (from, to) = gap.range().unwrap();
            assert!(from <= to, "{gap}");
        }
        told.push(marker(&event).unwrap_or_else(|| match event {
            Event::Data(sale) => sale.price.to_string(),
            _ => panic!(),
        }));
    }
    assert_eq!(told, ["1", "gap 1", "3", "gap 2", "6"]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_refused_again_and_again_is_asked_for_ever_more_rarely() {
    let mut odd = Odd::new();
    let mut feed = odd.rig.dxlink.quotes(["ODD"]).await.unwrap();
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for _ in 0..1_200 {
        for (at, channel, _) in odd.asked() {
            asked.push(at.as_millis() / 1_000);
            let words = "Subscription limit exceeded";
            odd.say(&json!({"type": "ERROR", "channel": channel, "error": "BAD_ACTION", "message": words}));
            odd.say(&json!({"type": "CHANNEL_CLOSED", "channel": channel}));
        }
        told.extend(quotes(&mut feed).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let waits: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted() && waits.len() <= 7, "{waits:?}");
    assert!(waits.last().is_some_and(|wait| *wait >= 16), "{waits:?}");
    // In the venue's words, and fresh by nothing but data.
    let words = "refused: BAD_ACTION: Subscription limit exceeded";
    assert_eq!(told[0], words);
    assert!(!told.contains(&"fresh".to_owned()), "{told:?}");
    let channel = odd.next_asked(secs(60)).await;
    odd.data(channel, &[quote("ODD", 5)]);
    let told = quotes(&mut feed).await;
    assert_eq!(told[told.len() - 2..], ["fresh", "ODD 5"], "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_on_the_channel_is_told_in_the_stream_and_costs_nothing() {
    let mut odd = Odd::new();
    let mut feed = odd.rig.dxlink.quotes(["ODD", "EVEN"]).await.unwrap();
    let channel = odd.next_asked(secs(1)).await;
    odd.data(channel, &[quote("ODD", 1), quote("EVEN", 1)]);
    quotes(&mut feed).await;
    odd.say(&json!({"type": "ERROR", "channel": channel, "error": "UNKNOWN", "message": "oops"}));
    assert_eq!(quotes(&mut feed).await, ["refused: UNKNOWN: oops"]);
    odd.data(channel, &[quote("ODD", 2)]);
    odd.data(channel, &[quote("EVEN", 2), quote("ODD", 3)]);
    let told = quotes(&mut feed).await;
    assert_eq!(told, ["fresh", "ODD 2", "fresh", "EVEN 2", "ODD 3"]);
    assert_eq!(odd.asked(), []);
}

#[tokio::test(start_paused = true)]
async fn one_bad_topic_does_not_close_its_neighbours_channel_for_long() {
    let mut odd = Odd::new();
    let mut good = odd.rig.dxlink.quotes(["A1", "A2"]).await.unwrap();
    let channel = odd.next_asked(secs(1)).await;
    odd.data(channel, &[quote("A1", 1), quote("A2", 1)]);
    quotes(&mut good).await;
    tokio::time::sleep(secs(60)).await;
    let mut bad = odd.rig.dxlink.quotes(["BAD"]).lazy().unwrap();
    let (mut closed, mut bid) = (0, 1);
    let mut home = channel;
    for _ in 0..600 {
        for (_, channel, add) in odd.asked() {
            if add
                .as_array()
                .unwrap()
                .iter()
                .any(|item| item["symbol"] == "BAD")
            {
                odd.say(&json!({"type": "CHANNEL_CLOSED", "channel": channel}));
                closed += 1;
            } else {
                home = channel;
            }
        }
        bid += 1;
        odd.data(home, &[quote("A1", bid), quote("A2", bid)]);
        tokio::time::sleep(secs(1)).await;
        quotes(&mut bad).await;
    }
    let told = quotes(&mut good).await;
    let lost = told.iter().filter(|word| *word == "stale").count();
    // The first time, before the venue's dislike is known.
    assert_eq!(lost, 1, "{told:?}");
    assert!((5..30).contains(&closed), "{closed}");
    let came = told.iter().filter(|word| word.starts_with("A1 ")).count();
    assert!(came >= 597, "{came}");
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_in_an_outage_has_the_whole_history() {
    let rig = Rig::with(|sim| sim.rate(0.0), |dxlink| dxlink);
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let aapl: CandleSymbol = "AAPL{=m}".parse().unwrap();
    let mut first = rig.dxlink.candles(from, [aapl.clone()]).await.unwrap();
    let whole = snapshot(&mut first).await;
    assert!(whole.len() > 10);
    rig.sim.inject(Fault::RefuseConnect { times: Some(2) });
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let mut second = rig.dxlink.candles(from, [aapl]).lazy().unwrap();
    assert_eq!(snapshot(&mut second).await, whole);
}

#[tokio::test(start_paused = true)]
async fn a_topic_has_nothing_of_one_that_had_its_number_before() {
    let rig = Rig::with(|sim| sim.rate(0.0), |dxlink| dxlink);
    let from = Timestamp::from_secs(START - 3_600).unwrap();
    let aapl: CandleSymbol = "AAPL{=m}".parse().unwrap();
    let mut first = rig.dxlink.candles(from, [aapl.clone()]).await.unwrap();
    let whole = snapshot(&mut first).await;
    rig.sim.inject(Fault::RefuseConnect { times: Some(2) });
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(Duration::from_millis(10)).await;
    drop(first);
    let mut second = rig.dxlink.candles(from, [aapl]).lazy().unwrap();
    assert_eq!(snapshot(&mut second).await, whole);
}

/// The starts of a snapshot's candles.
async fn snapshot(feed: &mut Subscription<Indexed<Candle>>) -> Vec<Timestamp> {
    let mut starts = Vec::new();
    loop {
        match next(feed).await.unwrap() {
            Event::Data(row) if row.stage == Stage::Snapshot => {
                starts.push(row.event.unwrap().start);
            }
            Event::Status(status) if matches!(status.kind, StatusKind::SnapshotEnded { .. }) => {
                return starts;
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_costs_two_connects_also_where_the_venue_closes_at_once() {
    let rig = Rig::with(
        |sim| sim.token_mode().refusal(Refusal::Error),
        |dxlink| dxlink.token(Token::new("SENTINEL")),
    );
    let error = rig.dxlink.quotes(["AAPL"]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Auth(_)), "{error}");
    assert!(!format!("{error:?}").contains("SENTINEL"));
    tokio::time::sleep(secs(3_600)).await;
    assert_eq!(rig.sim.connects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_taken_no_longer_leaves_a_gap() {
    let rig = Rig::with(
        |sim| sim.token_mode().rate(0.0),
        |dxlink| dxlink.token(Token::new("test-token")),
    );
    let mut feed = rig.dxlink.quotes(["AAPL"]).await.unwrap();
    quotes(&mut feed).await;
    rig.sim.inject(Fault::ExpireToken { revoke: false });
    tokio::time::sleep(secs(5)).await;
    let told = quotes(&mut feed).await;
    assert_eq!(told[..3], ["interrupted", "gap", "resumed"], "{told:?}");
    assert!(told[3].starts_with("AAPL"));
    assert_eq!(rig.sim.connects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn candles_of_another_spelling_are_found() {
    let mut odd = Odd::new();
    let (mut feed, channel) = history(&mut odd).await;
    let mut row = bar(json!(12), 9);
    row["eventSymbol"] = json!("ODD{=1m,tho=false}");
    odd.say(&json!({"type": "FEED_DATA", "channel": channel.to_string(), "data": [row]}));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut symbols = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        if let Event::Data(row) = event.unwrap().unwrap() {
            symbols.push((row.symbol.clone(), row.event.unwrap().symbol().clone()));
        }
    }
    let asked = || "ODD{=m}".into();
    assert_eq!(symbols, [(asked(), asked())]);
}
