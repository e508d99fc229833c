//! From the bytes of a frame to what it says.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::family::Family;
use super::message::{Ack, AckId, Malformed, Message, Op, Outcome};
use super::moment::Unit;
use super::push::{self, Context};
use super::value::{self, Bad, Raw, Read};
use super::{scan, wire};
use crate::Timestamp;

/// Reads one frame; `received` becomes the event's.
#[inline]
pub(crate) fn decode(frame: &[u8], received: Option<Timestamp>) -> Result<Message<'_>, Malformed> {
    match scan::scan(frame, received) {
        Some(item) => Ok(Message::Push(item)),
        None => decode_any(frame, received),
    }
}

/// [`decode`] without the scanner's short cut: the whole of the venue's language.
#[inline(never)]
pub(super) fn decode_any(
    frame: &[u8],
    received: Option<Timestamp>,
) -> Result<Message<'_>, Malformed> {
    let envelope: wire::Envelope<'_> = match wire::object(frame) {
        Ok(envelope) => envelope,
        Err(Some(error)) => return Err(Malformed::new(error.to_string())),
        Err(None) if is_bare_pong(frame) => return Ok(Message::Pong { sent: None }),
        Err(None) => return Err(Malformed::new("not a JSON object")),
    };
    // An event of an unforeseen type is an unknown event.
    let event = match value::text(envelope.event) {
        Ok(event) => event,
        Err(_) => envelope.event.map(|raw| Cow::Borrowed(raw.get())),
    };
    if event.as_deref() == Some("upgrade") {
        return Ok(upgrade(envelope.result));
    }
    let says_pong = event.as_deref() == Some("pong")
        || envelope.result.is_some_and(|raw| raw.get() == "\"pong\"");
    let Some(channel) = value::text(envelope.channel).unwrap_or_default() else {
        if says_pong && envelope.error.is_none() {
            let (sent, _) = sent(&envelope);
            return Ok(Message::Pong { sent });
        }
        let header: wire::Header<'_> = wire::lenient(envelope.header);
        return match value::text(header.channel) {
            Ok(Some(channel)) => Ok(Message::Ignored { channel }),
            _ if envelope.error.is_some() => Ok(ack(&envelope, event, "".into())),
            _ => Err(Malformed::new("channel is missing")),
        };
    };
    if channel.ends_with(".system") {
        let notice: wire::Notice<'_> = wire::lenient(envelope.result);
        if matches!(value::text(notice.kind), Ok(Some(kind)) if kind == "upgrade") {
            return Ok(upgrade(envelope.result));
        }
    }
    if envelope.error.is_some() {
        return Ok(ack(&envelope, event, channel));
    }
    if says_pong || channel == "pong" || channel.ends_with(".pong") {
        let (sent, _) = sent(&envelope);
        return Ok(Message::Pong { sent });
    }
    let data = match event.as_deref() {
        Some("subscribe" | "unsubscribe") => return Ok(ack(&envelope, event, channel)),
        // Frames of spot.obu have been seen without an event.
        None | Some("update" | "all") => Family::of(&channel),
        Some(_) => None,
    };
    // An answer that does not repeat its event: no event of the market has a status.
    let answers = event.is_none() && status(envelope.result).is_some();
    match data {
        _ if answers => Ok(ack(&envelope, event, channel)),
        Some(family) => {
            let (sent, dropped_values) = sent(&envelope);
            let context = Context {
                family,
                sent,
                received,
                dropped_values,
            };
            Ok(match push::push(context, envelope.result)? {
                Message::Several(items) if items.is_empty() => Message::Ignored { channel },
                push => push,
            })
        }
        None => Ok(Message::Ignored { channel }),
    }
}

/// When the venue sent the message, and how many values were of no use for it.
fn sent(envelope: &wire::Envelope<'_>) -> (Option<Timestamp>, u32) {
    let mut dropped = 0;
    let mut want = |time: Read<Timestamp>| {
        dropped += u32::from(time.is_err());
        time.unwrap_or_default()
    };
    let millis = want(value::moment(envelope.time_ms, Unit::Millis));
    let secs = want(value::moment(envelope.time, Unit::Seconds));
    (millis.or(secs), dropped)
}

fn upgrade<'a>(result: Raw<'_>) -> Message<'a> {
    let notice: wire::Notice<'_> = wire::lenient(result);
    let text = value::text(notice.msg).ok().flatten();
    Message::Upgrade {
        text: text.unwrap_or_default().into_owned(),
    }
}

/// The `status` of an answer.
fn status<'a>(result: Raw<'a>) -> Option<Cow<'a, str>> {
    let notice: wire::Notice<'a> = wire::lenient(result);
    value::text(notice.status).ok().flatten()
}

/// `pong`, as JSON or not.
fn is_bare_pong(frame: &[u8]) -> bool {
    let text = frame.trim_ascii();
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    text.eq_ignore_ascii_case(b"pong")
}

fn ack<'a>(
    envelope: &wire::Envelope<'a>,
    event: Option<Cow<'a, str>>,
    channel: Cow<'a, str>,
) -> Message<'a> {
    let (sent, _) = sent(envelope);
    let payload = envelope.payload.map(|raw| texts(raw));
    Message::Ack(Ack {
        op: match event.unwrap_or_default() {
            event if event == "subscribe" => Op::Subscribe,
            event if event == "unsubscribe" => Op::Unsubscribe,
            event => Op::Other(event),
        },
        channel,
        id: match value::signed(envelope.id) {
            Ok(id) => id.map_or(AckId::Absent, AckId::Number),
            Err(Bad) => AckId::Foreign,
        },
        payload: payload.flatten(),
        sent,
        outcome: outcome(envelope),
    })
}

fn outcome(envelope: &wire::Envelope<'_>) -> Outcome {
    let Some(error) = envelope.error else {
        return if status(envelope.result).is_some_and(|status| status == "fail") {
            Outcome::Refused {
                code: 0,
                text: "status fail".to_owned(),
            }
        } else {
            Outcome::Accepted
        };
    };
    let refusal: wire::Refusal<'_> = wire::lenient(Some(error));
    let message = value::text(refusal.message).ok().flatten();
    Outcome::Refused {
        code: value::signed(refusal.code).ok().flatten().unwrap_or(0),
        // An error of another shape is at least shown.
        text: message.unwrap_or(Cow::Borrowed(error.get())).into_owned(),
    }
}

/// An array of strings, or of numbers that should be.
fn texts(raw: &RawValue) -> Option<Vec<Cow<'_, str>>> {
    let raws: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    let text = |raw| Some(value::echo(Some(raw)).ok()?.unwrap_or_default());
    raws.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests;
