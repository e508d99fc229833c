//! Kinds of bad weather, and which of them scripts have.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

/// What the random scripts put a client through besides cuts, refused connects, short mutes, garbled
/// messages and subscriptions that come and go, which they always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weather {
    /// Topics that the venue never answers, or not for a while.
    Silent,
    /// Refusals, passing and not, of one topic or many, and long ones.
    Refusals,
    /// Books and their numbers: unreadable, old, crossed.
    Numbers,
    /// Rows of snapshots and histories that cannot be read.
    Rows,
    /// Data stop behind pongs.
    Mutes,
    /// Connections that do not live long.
    Flapping,
    /// HTTP answers to the upgrade.
    Http,
    /// Delayed data, and clocks that are wrong or are set.
    Clocks,
    /// Channels that are withdrawn again and again.
    Withdrawals,
    /// Subscribes that are given up, and handles whose policy is to fail.
    Churn,
}

const ALL: [(&str, Weather); 10] = [
    ("silent", Weather::Silent),
    ("refusals", Weather::Refusals),
    ("numbers", Weather::Numbers),
    ("rows", Weather::Rows),
    ("mutes", Weather::Mutes),
    ("flapping", Weather::Flapping),
    ("http", Weather::Http),
    ("clocks", Weather::Clocks),
    ("withdrawals", Weather::Withdrawals),
    ("churn", Weather::Churn),
];

/// The weather of this run: what `FEEDLINE_WEATHER` names, such as `silent,clocks`; without it, all.
pub fn today() -> Vec<Weather> {
    let told = std::env::var("FEEDLINE_WEATHER").ok();
    let named = |name: &str| match told.as_deref() {
        None | Some("all") => true,
        Some(told) => told.split(',').any(|told| told.trim() == name),
    };
    let today = ALL.iter().filter(|(name, _)| named(name));
    today.map(|(_, weather)| *weather).collect()
}
