//! Scripts that failed once.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::Overflow;
use feedline::sim::Fault;
use feedline::sim::dxlink::{DxLinkFault, RowPlace};

use super::play::{Step, play};
use super::secs;

const AAPL: usize = 0;
const MSFT: usize = 1;
const SPY: usize = 2;

fn sales<const N: usize>(symbols: [usize; N], overflow: Overflow, capacity: usize) -> Step {
    Step::Sales(BTreeSet::from(symbols), overflow, capacity)
}

fn quotes<const N: usize>(symbols: [usize; N]) -> Step {
    Step::Quotes(BTreeSet::from(symbols))
}

fn mute(lasting: u64) -> Step {
    Step::Fault(Fault::Mute {
        lasting: Some(secs(lasting)),
    })
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_closed_while_a_spoilt_snapshot_is_asked_for_again() {
    let script = vec![
        Step::Candles(AAPL, 1),
        Step::Pass(1),
        Step::Fault(Fault::Garble { times: Some(1) }),
        Step::Fault(Fault::CloseChannel { channel: None }),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_chart_is_begun_while_the_venue_is_mute() {
    let script = vec![
        sales([AAPL, MSFT, SPY], Overflow::Wait, 1),
        Step::Candles(MSFT, 1),
        Step::Pass(1),
        Step::Trades(1),
        Step::Read(0, 1),
        mute(70),
        Step::Pass(10_001),
        Step::Candles(AAPL, 1),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn quotes_are_asked_for_while_the_venue_is_mute() {
    let script = vec![
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Pass(1_000),
        mute(70),
        Step::Pass(10_000),
        quotes([AAPL]),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_chart_is_begun_during_an_outage() {
    let script = vec![
        Step::Candles(MSFT, 1),
        Step::Pass(1),
        Step::Fault(Fault::Cut),
        Step::Candles(MSFT, 1),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_request_is_not_answered() {
    let script = vec![
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Pass(1),
        quotes([AAPL]),
        Step::Fault(Fault::Cut),
        Step::Fault(Fault::Silent {
            symbol: None,
            channel: Some("FEED".to_owned()),
            times: Some(1),
        }),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_is_refused_while_nothing_is_read() {
    let script = vec![
        sales([AAPL, MSFT], Overflow::Wait, 2),
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Pass(1),
        Step::Trades(2),
        Step::Candles(AAPL, 1),
        Step::Pass(100),
        Step::Candles(MSFT, 1),
        Step::Fault(Fault::from(DxLinkFault::RefuseItem {
            symbol: "MSFT{=m}".to_owned(),
            text: None,
            times: Some(1),
        })),
        Step::Pass(9_000),
    ];
    play(script, Duration::ZERO, 3_068).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_data_of_a_topic_that_was_withdrawn_are_dropped() {
    let script = vec![
        sales([AAPL, MSFT], Overflow::DropOldest, 1),
        Step::Pass(1),
        sales([AAPL, MSFT], Overflow::Wait, 1),
        Step::Fault(Fault::CloseChannel { channel: None }),
        Step::Pass(1_001),
        Step::Read(0, 1),
        Step::Trades(2),
        Step::Pass(1),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn events_that_are_sent_together_are_lost_just_before_an_outage_ends() {
    let script = vec![
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Fault(Fault::Garble { times: Some(1) }),
        Step::Pass(1),
        Step::Trades(4),
        Step::Pass(101),
        Step::Fault(Fault::Cut),
        Step::Trades(1),
    ];
    play(script, Duration::ZERO, 242_536).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_chart_is_begun_while_the_history_of_the_first_is_under_way() {
    let script = vec![
        quotes([AAPL]),
        Step::Candles(AAPL, 1),
        sales([AAPL, MSFT], Overflow::Wait, 1),
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Read(0, 1),
        Step::Pass(1),
        Step::Candles(SPY, 1),
        Step::Trades(1),
        Step::Pass(1),
        Step::Drop(2),
        Step::Candles(SPY, 1),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_endless_snapshot_is_followed_by_a_history_without_flags() {
    let (symbol, times) = (None, Some(1));
    let unflagged = DxLinkFault::Unflagged {
        symbol: None,
        times,
    };
    let script = vec![
        Step::Fault(Fault::EndlessSnapshot { symbol, times }),
        Step::Candles(AAPL, 1),
        Step::Pass(1),
        Step::Fault(Fault::DxLink(unflagged)),
    ];
    play(script, secs(900), 0).await;
}

/// What shows the new time has waited for others to be sent with it.
#[tokio::test(start_paused = true)]
async fn the_venues_clock_is_set_just_before_an_outage() {
    let script = vec![
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Pass(1),
        Step::Trades(1),
        Step::Clock(1),
        Step::Trades(1),
        Step::Pass(101),
        Step::Fault(Fault::Cut),
        Step::Trades(1),
    ];
    play(script, Duration::ZERO, 106_544).await;
}

#[tokio::test(start_paused = true)]
async fn a_symbol_is_dropped_and_wanted_again_while_nothing_is_read() {
    let script = vec![
        sales([AAPL], Overflow::DropOldest, 1),
        sales([MSFT], Overflow::Wait, 1),
        Step::Pass(1),
        Step::Trades(1),
        Step::Trades(2),
        Step::Pass(200),
        quotes([AAPL]),
        Step::Drop(0),
        Step::Trades(4),
        Step::Pass(1),
        sales([AAPL], Overflow::DropOldest, 1),
    ];
    play(script, Duration::ZERO, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_row_of_some_candle_is_unreadable_and_the_next_candle_begins() {
    let unreadable = DxLinkFault::UnreadableRow {
        place: RowPlace::Live,
        symbol: Some("MSFT{=m}".into()),
        short: false,
        times: Some(1),
    };
    let script = vec![
        Step::Fault(Fault::DxLink(unreadable)),
        sales([SPY], Overflow::DropOldest, 1),
        sales([AAPL], Overflow::DropOldest, 1),
        Step::Candles(MSFT, 1),
        Step::Candles(AAPL, 1),
        Step::Pass(6_750),
        Step::Pass(18_113),
        Step::Trades(19),
        sales([AAPL, MSFT, SPY], Overflow::Wait, 1),
        Step::Pass(19_244),
        Step::Pass(15_893),
        Step::Trades(2),
    ];
    play(script, Duration::ZERO, 0).await;
}
