//! What the numbers of the channels are declared to be worth.

use super::*;
use crate::feed::{Numbering, Topic as _};

#[test]
fn channels_say_what_their_numbers_are_worth() {
    let numbering = |channel| {
        let symbol = "A_B".into();
        Topic { channel, symbol }.channel().numbering
    };
    assert_eq!(numbering(Channel::Trades), Numbering::Learned);
    assert_eq!(numbering(OBU), Numbering::Promised);
    assert_eq!(numbering(UPDATES), Numbering::Promised);
    assert_eq!(numbering(BOOKS), Numbering::None);
    assert_eq!(numbering(Channel::BookTicker), Numbering::None);
}

#[test]
fn only_trades_that_are_counted_have_a_place() {
    let position = |result: &str| {
        let frame = format!(r#"{{"channel":"spot.trades","event":"update","result":{result}}}"#);
        let Ok(Message::Push(item)) = decode_any(frame.as_bytes(), None) else {
            panic!("{frame}")
        };
        SpotProtocol::position(&item.event).map(|position| (position.first, position.last))
    };
    let trade = |more: &str| {
        position(&format!(
            r#"{{"id":9,"create_time":1,"currency_pair":"A_B","amount":"1","price":"1"{more}}}"#
        ))
    };
    assert_eq!(trade(""), None);
    assert_eq!(trade(r#","range":"4-5""#), None);
    assert_eq!(trade(r#","id_market":5"#), Some((5, 5)));
    assert_eq!(trade(r#","id_market":"5","range":"4-5""#), Some((4, 5)));
    assert_eq!(trade(r#","id_market":5,"range":"7-6""#), Some((5, 5)));
    assert_eq!(trade(r#","id_market":5,"range":"900-901""#), Some((5, 5)));
}
