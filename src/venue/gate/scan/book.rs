//! `result` of the book channels.

use super::{Cursor, Scanned, symbol, time_of};
use crate::Symbol;
use crate::market::BookAction;
use crate::venue::gate::channel::Channel;
use crate::venue::gate::family::{book_key, obu_name, update_key};
use crate::venue::gate::message::{PushKey, SpotEvent};
use crate::venue::gate::moment::Unit;
use crate::venue::gate::value::is_span;
use crate::venue::gate::{BookDetail, BookUpdate, ObuLevel};

pub(super) fn update(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = time_of(at.count()?, Unit::Millis)?;
    let mut full = at.skip(b",\"full\":true");
    let mut level = level(at)?;
    at.skip(b",\"e\":\"depthUpdate\"");
    let mut event_time = None;
    if at.skip(b",\"E\":") {
        event_time = time_of(at.count()?, Unit::Seconds)?;
    }
    at.literal(b",\"s\":\"")?;
    let symbol = symbol(at.text()?)?;
    at.literal(b",\"U\":")?;
    let first = at.count()?;
    at.literal(b",\"u\":")?;
    let last = at.count()?;
    at.literal(b",\"b\":[")?;
    let bids = at.levels()?;
    at.literal(b",\"a\":[")?;
    let asks = at.levels()?;
    if level.is_none() {
        level = self::level(at)?;
    }
    full = full || at.skip(b",\"full\":true");
    at.literal(b"}")?;
    if !full && !is_span(first, last) {
        return None;
    }
    let book = BookUpdate {
        symbol,
        action: action(full),
        bids,
        asks,
        first: Some(first),
        last: Some(last),
        time,
        received: None,
        detail: BookDetail {
            sent: None,
            event_time,
            level,
        },
    };
    Some((update_key(level), SpotEvent::Book(book)))
}

pub(super) fn obu(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = time_of(at.count()?, Unit::Millis)?;
    let full = at.skip(b",\"full\":true");
    at.literal(b",\"s\":\"")?;
    let (name, level) = obu_name(at.text()?)?;
    let channel = Channel::Obu(ObuLevel::from_text(level)?);
    let mut first = None;
    if at.skip(b",\"U\":") {
        first = Some(at.count()?);
    }
    at.literal(b",\"u\":")?;
    let last = at.count()?;
    if !full && !is_span(first?, last) {
        return None;
    }
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    if at.skip(b",\"b\":[") {
        bids = at.levels()?;
    }
    if at.skip(b",\"a\":[") {
        asks = at.levels()?;
    }
    at.literal(b"}")?;
    let book = BookUpdate {
        symbol: Symbol::new(name),
        action: action(full),
        bids,
        asks,
        first,
        last: Some(last),
        time,
        received: None,
        detail: BookDetail {
            sent: None,
            event_time: None,
            level: level.parse().ok(),
        },
    };
    Some((PushKey::Exact(channel), SpotEvent::Book(book)))
}

pub(super) fn whole(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = time_of(at.count()?, Unit::Millis)?;
    at.literal(b",\"lastUpdateId\":")?;
    let last = Some(at.count()?);
    at.literal(b",\"s\":\"")?;
    let symbol = symbol(at.text()?)?;
    let level = level(at)?;
    at.literal(b",\"bids\":[")?;
    let bids = at.levels()?;
    at.literal(b",\"asks\":[")?;
    let asks = at.levels()?;
    at.literal(b"}")?;
    let book = BookUpdate {
        symbol,
        action: BookAction::Snapshot,
        bids,
        asks,
        first: None,
        last,
        time,
        received: None,
        detail: BookDetail {
            sent: None,
            event_time: None,
            level,
        },
    };
    Some((book_key(level), SpotEvent::Book(book)))
}

/// `l`, if it comes next; the outer `None` is a surprise.
fn level(at: &mut Cursor<'_>) -> Option<Option<u16>> {
    if !at.skip(b",\"l\":\"") {
        return Some(None);
    }
    let level = at.count()?;
    at.literal(b"\"")?;
    level.try_into().ok().map(Some)
}

const fn action(full: bool) -> BookAction {
    if full {
        BookAction::Snapshot
    } else {
        BookAction::Delta
    }
}
