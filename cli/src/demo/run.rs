//! The demo's venue, its client, and what passes between them.

use std::collections::VecDeque;
use std::time::Duration;

use feedline::adapters::Candles;
use feedline::feed::Subscription;
use feedline::market::{Candle, CandleState, Interval, Side};
use feedline::sim::gate::GateSim;
use feedline::sim::{Identity, Published};
use feedline::venue::gate::{Spot, Trade};
use feedline::{Decimal, Error, Event, FeedExt, Status, StatusKind};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until, timeout};

use super::account::{Account, Seen, Sent, id_of};
use super::acts::{self, Act};
use super::screen::Screen;
use crate::outcome::{Failure, Outcome};

const SYMBOLS: [&str; 3] = ["BTC_USDT", "ETH_USDT", "SOL_USDT"];
/// Trades a second, all symbols together.
const RATE: f64 = 100.0;
/// How long the feed may take to be live again, and the last trades to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// A simulated venue, and a client that is subscribed to its trades twice: as they are, and as
/// candles. The venue sees one subscription.
#[derive(Debug)]
pub(crate) struct Show {
    sim: GateSim,
    client: Spot,
    trades: Subscription<Trade>,
    candles: Candles<Subscription<Trade>>,
    seen: Vec<Seen>,
    live: bool,
}

impl Show {
    /// Starts the venue on a free port and subscribes.
    pub(crate) async fn start(seed: u64) -> Outcome<Self> {
        let sim = GateSim::builder()
            .symbols(SYMBOLS)
            .seed(seed)
            .rate(RATE)
            .listen("127.0.0.1:0")
            .await
            .map_err(|error| Failure::from_chain(&error))?;
        // One clock, since the account compares the venue's times with the client's.
        let client = Spot::builder()
            .url(sim.url())
            .clock(sim.clock())
            .seed(seed)
            .build()?;
        let trades = client.trades(SYMBOLS).await?;
        let candles = client.trades(SYMBOLS).await?;
        Ok(Self {
            sim,
            client,
            trades,
            candles: candles.candles(Interval::seconds(1)),
            seen: Vec::new(),
            live: true,
        })
    }

    /// Plays every act, and accounts for every trade.
    pub(crate) async fn play(&mut self, screen: &mut Screen) -> Outcome<Account> {
        let begun = Instant::now();
        let mut acts: VecDeque<Act> = acts::all().into();
        loop {
            let next = acts.front().map_or(acts::END, |act| act.at);
            tokio::select! {
                biased;
                () = sleep_until(begun + next) => match acts.pop_front() {
                    Some(act) => {
                        screen.act(act.words)?;
                        act.faults.into_iter().for_each(|fault| self.sim.inject(fault));
                    }
                    None => break,
                },
                event = self.trades.next() => self.trade(event, screen)?,
                event = self.candles.next() => candle(event, screen)?,
            }
            screen.flush()?;
        }
        self.drain(screen).await?;
        Ok(Account::new(&sent(&self.sim.journal()), &self.seen))
    }

    /// Stops the market, and takes what is still on its way: up to a last trade of each symbol,
    /// behind which nothing can be.
    async fn drain(&mut self, screen: &mut Screen) -> Outcome {
        let arrived = timeout(PATIENCE, async {
            while !self.live {
                let event = self.trades.next().await;
                self.trade(event, screen)?;
            }
            self.sim.pause_market();
            let last = |symbol| {
                let (price, size) = (Decimal::ONE_HUNDRED, Decimal::ONE);
                self.sim.publish_trade(symbol, price, size, Side::Buy)
            };
            let mut awaited: Vec<u64> = SYMBOLS
                .iter()
                .filter_map(|symbol| last(symbol))
                .map(|trade| trade.id)
                .collect();
            while !awaited.is_empty() {
                let event = self.trades.next().await;
                if let Some(Ok(Event::Data(trade))) = &event {
                    awaited.retain(|id| Some(*id) != id_of(trade));
                }
                self.trade(event, screen)?;
            }
            Ok(())
        });
        // What has not arrived by then is not delivered, and the account says so.
        arrived.await.unwrap_or(Ok(()))
    }

    fn trade(
        &mut self,
        event: Option<Result<Event<Trade>, Error>>,
        screen: &mut Screen,
    ) -> Outcome {
        let event = event.ok_or_else(|| Failure::failed("the feed ended"))??;
        match &event {
            Event::Data(trade) => self.seen.extend(Seen::trade(trade)),
            Event::Gap(gap) => self.seen.push(Seen::Gap(gap.clone())),
            Event::Status(status) => self.live = is_live(status).unwrap_or(self.live),
        }
        screen.event(event)
    }

    /// Ends the client and the venue.
    pub(crate) async fn end(self) {
        // What does not close in time is ended with the process.
        let _ = self.client.shutdown(Duration::from_millis(500)).await;
        self.sim.shutdown().await;
    }
}

fn candle(event: Option<Result<Event<Candle>, Error>>, screen: &mut Screen) -> Outcome {
    let event = event.ok_or_else(|| Failure::failed("the feed ended"))??;
    // The gaps and statuses of the candles are those of the trades, which are shown.
    match event {
        Event::Data(candle) if candle.state == Some(CandleState::Final) => screen.candle(&candle),
        _ => Ok(()),
    }
}

fn is_live(status: &Status) -> Option<bool> {
    match status.kind {
        StatusKind::Interrupted { .. } => Some(false),
        StatusKind::Resumed { .. } => Some(true),
        _ => None,
    }
}

/// The trades that the venue sent or would have sent, from the first that it sent to anybody: what
/// came before the subscription is nobody's loss.
fn sent(journal: &[Published]) -> Vec<Sent> {
    let mut begun: Vec<&str> = Vec::new();
    let mut sent = Vec::new();
    for published in journal {
        let Identity::Trade(id) = published.identity else {
            continue;
        };
        if published.channel != "spot.trades" {
            continue;
        }
        let symbol = published.symbol.as_str();
        if !begun.contains(&symbol) {
            if published.deliveries.is_empty() {
                continue;
            }
            begun.push(symbol);
        }
        sent.push(Sent {
            symbol: published.symbol.clone(),
            id,
            at: published.at,
        });
    }
    sent
}
