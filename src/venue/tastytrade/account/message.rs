//! What the streamer sends: answers and notifications.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::event::AccountEvent;
use crate::feed::Malformed;
use crate::venue::tastytrade::fields::Fields;
use crate::{Symbol, Timestamp};

/// A message of the streamer.
#[derive(Debug)]
pub(super) enum Message<'a> {
    Answer(Answer),
    /// One, or those of a bundle.
    Notifications {
        told: Vec<Notification<'a>>,
        /// How many of the bundle are something else.
        unreadable: u64,
    },
    Unknown,
}

/// The answer to an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// Whether it was carried out.
    pub ok: bool,
    /// The action.
    pub action: SmolStr,
    /// The number that the action had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u32>,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<SmolStr>,
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Notification<'a> {
    pub(super) name: SmolStr,
    pub(super) data: &'a str,
    /// Of the account that it is about, if of one.
    pub(super) account: Option<Symbol>,
    pub(super) time: Option<Timestamp>,
    pub(super) sequence: Option<u64>,
}

impl<'a> Message<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(text).map_err(|_| malformed("not a JSON object"))?;
        if let Some(status) = fields.text("status") {
            return Ok(Self::Answer(Answer {
                ok: status == "ok",
                action: fields.text("action").unwrap_or_default(),
                request: fields.integer("request-id"),
                text: fields.text("message"),
            }));
        }
        if fields.raw("results").is_some() {
            let bundle = fields.list("results", |text| {
                Some(Fields::parse(text).ok().and_then(Notification::read))
            });
            let bundle = bundle.ok_or_else(|| malformed("a bundle that is no list"))?;
            let all = bundle.len();
            let told: Vec<_> = bundle.into_iter().flatten().collect();
            let unreadable = (all - told.len()) as u64;
            return Ok(Self::Notifications { told, unreadable });
        }
        if fields.raw("type").is_none() {
            return Ok(Self::Unknown);
        }
        let told = Notification::read(fields);
        let told = told.ok_or_else(|| malformed("a type that is no word"))?;
        Ok(Self::Notifications {
            told: vec![told],
            unreadable: 0,
        })
    }
}

impl<'a> Notification<'a> {
    fn read(mut fields: Fields<'a>) -> Option<Self> {
        // A type that is not known may have anything there.
        let data = fields.raw("data").unwrap_or("null");
        let inside = Fields::parse(data).ok();
        Some(Self {
            name: fields.text("type")?,
            data,
            account: inside.and_then(|mut inside| inside.symbol("account-number")),
            time: fields.time("timestamp"),
            sequence: fields.integer("ws-sequence"),
        })
    }
}

fn malformed(reason: &'static str) -> Malformed {
    Malformed::new(reason)
}

/// What a recorded message of the account streamer says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Decoded {
    /// The answer to an action.
    Answer(Answer),
    /// Notifications, each followed by the fills in it, told before or not. The account is empty for
    /// those of the user.
    Events(Vec<AccountEvent>),
}

/// Reads a recorded message; `received` is when it came. `None` for one of neither kind.
///
/// ```
/// use feedline::venue::tastytrade::{AccountUpdate, Decoded, decode};
///
/// let frame = r#"{"type":"AccountBalance","data":{"account-number":"5WT00001","cash-balance":"10.50"},"timestamp":1688595114405}"#;
/// let Some(Decoded::Events(events)) = decode(frame, None)? else { panic!() };
/// let AccountUpdate::Balance(balance) = &events[0].update else { panic!() };
/// assert_eq!(balance.total.unwrap().to_string(), "10.50");
/// # Ok::<(), feedline::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it cannot be read.
pub fn decode(frame: &str, received: Option<Timestamp>) -> Result<Option<Decoded>, crate::Error> {
    let message = Message::parse(frame).map_err(|malformed| {
        crate::Error::invalid(malformed.reason).with_venue(crate::venue::tastytrade::VENUE)
    })?;
    Ok(match message {
        Message::Answer(answer) => Some(Decoded::Answer(answer)),
        Message::Notifications { told, .. } => {
            let events = told.iter().flat_map(|told| {
                let account = told.account.clone().unwrap_or_else(|| Symbol::new(""));
                AccountEvent::of(told, &account, received)
            });
            Some(Decoded::Events(events.collect()))
        }
        Message::Unknown => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_notifications_are_told_apart() {
        let answer = Message::parse(
            r#"{"status":"error","action":"connect","message":"failed","request-id":7}"#,
        );
        let Ok(Message::Answer(answer)) = answer else {
            panic!()
        };
        assert_eq!((answer.ok, answer.request), (false, Some(7)));
        assert_eq!(answer.text.as_deref(), Some("failed"));
        assert!(matches!(
            Message::parse(r#"{"hello":1}"#),
            Ok(Message::Unknown)
        ));
        for bad in ["", "[]", "null", r#"{"type":[]}"#, r#"{"results":7}"#] {
            assert!(Message::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_in_a_bundle_does_not_take_the_rest_with_it() {
        let frame = r#"{"results":[7,{"type":"Order","data":7},{"type":"Order"}]}"#;
        let Ok(Message::Notifications { told, unreadable }) = Message::parse(frame) else {
            panic!()
        };
        assert_eq!((told.len(), unreadable), (2, 1));
        assert_eq!((told[0].data, told[1].data), ("7", "null"));
    }

    #[test]
    fn a_bundle_is_many_and_what_is_unknown_is_kept() {
        let frame = r#"{"results":[{"type":"New","data":{"account-number":"A","x":[1]},"timestamp":"5"},{"type":"Order","data":{"account-number":"A"},"ws-sequence":9}]}"#;
        let Ok(Some(Decoded::Events(events))) = decode(frame, None) else {
            panic!()
        };
        let names: Vec<_> = events
            .iter()
            .map(|event| match &event.update {
                crate::venue::tastytrade::AccountUpdate::Notice(notice) => notice.name.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        // An order without an identifier is none that could be used, but it is not lost.
        assert_eq!(names, ["New", "Order"]);
        assert_eq!(events[0].time, Timestamp::from_millis(5));
        assert_eq!(events[1].sequence, Some(9));
        let json = serde_json::to_string(&events).unwrap();
        assert_eq!(
            serde_json::from_str::<Vec<AccountEvent>>(&json).unwrap(),
            events
        );
    }
}
