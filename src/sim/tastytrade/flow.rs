//! Orders that come, live and end by themselves.

use std::time::{Duration, Instant};

use super::notification::Notification;

/// What an order goes through that is filled.
const FILLED: [&str; 5] = ["Received", "Routed", "In Flight", "Live", "Filled"];

/// What an order goes through that is not.
const CANCELLED: [&str; 6] = [
    "Received",
    "Routed",
    "In Flight",
    "Live",
    "Cancel Requested",
    "Cancelled",
];

/// A seeded life of one account.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    account: String,
    symbols: Vec<String>,
    rng: fastrand::Rng,
    period: Option<Duration>,
    next: Instant,
    order: Option<Living>,
    orders: u64,
    /// In cents.
    cash: i64,
    held: std::collections::BTreeMap<String, i64>,
}

/// The order that is under way.
#[derive(Clone, Debug)]
struct Living {
    id: u64,
    symbol: String,
    shares: u64,
    /// In cents.
    price: i64,
    /// What is still ahead of it, the next one last.
    ahead: Vec<&'static str>,
}

impl Flow {
    /// A flow of `rate` steps a second; 0 for none.
    pub(super) fn new(
        account: String,
        symbols: Vec<String>,
        seed: u64,
        rate: f64,
        now: Instant,
    ) -> Self {
        let period = (rate > 0.0).then(|| Duration::from_secs_f64((1.0 / rate).clamp(1e-6, 1e9)));
        Self {
            account,
            symbols,
            // Not the market's own numbers.
            rng: fastrand::Rng::with_seed(seed ^ 0x7A57),
            next: now + period.unwrap_or_default(),
            period,
            order: None,
            orders: 0,
            cash: 10_000_000,
            held: std::collections::BTreeMap::new(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.period.map(|_| self.next)
    }

    /// What has happened by now.
    pub(super) fn advance(&mut self, now: Instant) -> Vec<Vec<Notification>> {
        let mut told = Vec::new();
        // Whoever slept for hours is not told of all of them.
        let mut most = 1_000;
        while let Some(period) = self.period
            && self.next <= now
        {
            if most > 0 {
                told.push(self.step());
                most -= 1;
            }
            self.next += period;
        }
        told
    }

    /// The next step of the order under way, with what it does to the account.
    pub(super) fn step(&mut self) -> Vec<Notification> {
        let Some(mut living) = self.order.take().or_else(|| self.begin()) else {
            return Vec::new();
        };
        let Some(status) = living.ahead.pop() else {
            return Vec::new();
        };
        let done = status == "Filled";
        let live = !living.ahead.is_empty();
        let fills = if done {
            vec![(cents(living.price), living.shares)]
        } else {
            Vec::new()
        };
        let open = if done { 0 } else { living.shares };
        let order = Notification::order(&self.account, living.id, &living.symbol)
            .with("status", status)
            .with("price", cents(living.price))
            .with("cancellable", live && !status.starts_with("Cancel"))
            .with("editable", live && !status.starts_with("Cancel"))
            .with_leg(living.shares, open, &fills);
        let mut told = vec![order];
        if done {
            let shares = i64::try_from(living.shares).unwrap_or(i64::MAX);
            let held = self.held.entry(living.symbol.clone()).or_default();
            *held += shares;
            self.cash -= living.price * shares;
            let position = Notification::position(&self.account, &living.symbol, *held)
                .with("average-open-price", cents(living.price))
                .with("close-price", cents(living.price));
            let balance = Notification::balance(&self.account)
                .with("cash-balance", cents(self.cash))
                .with("available-trading-funds", cents(self.cash));
            told.extend([position, balance]);
        }
        self.order = live.then_some(living);
        told
    }

    fn begin(&mut self) -> Option<Living> {
        let symbol = self.rng.choice(&self.symbols)?.clone();
        let path: &[&str] = if self.rng.u8(..) < 180 {
            &FILLED
        } else {
            &CANCELLED
        };
        self.orders += 1;
        Some(Living {
            id: 270_000 + self.orders,
            symbol,
            shares: self.rng.u64(1..20),
            price: self.rng.i64(1_000..30_000),
            ahead: path.iter().rev().copied().collect(),
        })
    }
}

fn cents(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    format!("{sign}{}.{:02}", amount / 100, amount % 100)
}
