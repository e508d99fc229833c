//! The keys of the frames, with the values left as the venue spelled them.
//!
//! Unknown keys are ignored everywhere: Gate adds keys without notice. Names are matched with
//! their case, since `u`/`U`, `b`/`B`, `a`/`A` and `e`/`E` mean different things.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::value::Raw;

/// Reads `text` as a JSON object. Structs would also be read from arrays, which is refused here.
pub(super) fn object<'a, T: Deserialize<'a>>(
    text: &'a [u8],
) -> Result<T, Option<serde_json::Error>> {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    if text.iter().find(|byte| !blank(byte)) != Some(&b'{') {
        return Err(None);
    }
    serde_json::from_slice(text).map_err(Some)
}

/// Reads `raw` as a JSON object and takes anything else for an empty one.
pub(super) fn lenient<'a, T: Deserialize<'a> + Default>(raw: Raw<'a>) -> T {
    raw.and_then(|raw| object(raw.get().as_bytes()).ok())
        .unwrap_or_default()
}

/// A value that was sent, `null` included: elsewhere `null` is the same as nothing.
fn sent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Raw<'de>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

macro_rules! wire {
    ($($(#[$meta:meta])* $name:ident { $($(#[$key:meta])* $field:ident,)* })*) => {$(
        $(#[$meta])*
        #[derive(Default, Deserialize)]
        #[serde(default)]
        pub(super) struct $name<'a> {
            $($(#[$key])* #[serde(borrow)] pub(super) $field: Option<&'a RawValue>,)*
        }
    )*};
}

wire! {
    /// What all frames share.
    Envelope {
        time,
        time_ms,
        id,
        channel,
        event,
        error,
        result,
        payload,
        header,
    }

    /// Where replies of the order API tell their channel.
    Header {
        channel,
    }

    /// Why a request was refused.
    Refusal {
        code,
        message,
    }

    /// `result` of an answer or of a system notice.
    Notice {
        status,
        #[serde(rename = "type")]
        kind,
        msg,
    }

    /// `spot.trades` and `spot.trades_v2`.
    Trade {
        id,
        id_market,
        create_time,
        create_time_ms,
        side,
        currency_pair,
        amount,
        price,
        range,
        trade_mode,
    }

    /// `spot.book_ticker`.
    Quote {
        t,
        u,
        s,
        b,
        #[serde(rename = "B")]
        b_size,
        a,
        #[serde(rename = "A")]
        a_size,
    }

    /// `spot.tickers`.
    Ticker {
        currency_pair,
        last,
        lowest_ask,
        highest_bid,
        change_percentage,
        base_volume,
        quote_volume,
        high_24h,
        low_24h,
    }

    /// `spot.candlesticks`.
    Candle {
        t,
        v,
        c,
        h,
        l,
        o,
        n,
        a,
        w,
    }

    /// `spot.order_book_update` and `spot.obu`.
    Update {
        t,
        full,
        l,
        #[serde(rename = "E")]
        event_time,
        s,
        #[serde(rename = "U")]
        first,
        u,
        b,
        a,
    }

    /// `spot.order_book`.
    Book {
        t,
        #[serde(rename = "lastUpdateId")]
        last_update_id,
        s,
        l,
        #[serde(deserialize_with = "sent")]
        bids,
        #[serde(deserialize_with = "sent")]
        asks,
    }
}
