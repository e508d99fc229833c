//! Candles of any origin, from the venue's acceptance to the end.

use feedline::feed::{Carries, Protocol, Subscribe};
use feedline::market::{Candle, Tick};
use feedline::venue::dxlink::{self, Indexed};
use feedline::{Error, Feed, FeedExt, Symbol, adapters};

use super::Show;
use super::lines::Lines;
use super::plot::{self, Plot};
use super::told::Told;
use crate::event::Data;
use crate::interrupt::Interrupt;
use crate::live::{LeftOut, Summary};
use crate::outcome::Outcome;
use crate::venue::Client;

/// Candles of these symbols, to be shown.
pub(super) struct Showing<'a> {
    show: &'a Show,
    symbols: Vec<String>,
    interrupt: &'a Interrupt,
}

impl<'a> Showing<'a> {
    pub(super) fn new(show: &'a Show, symbols: Vec<String>, interrupt: &'a Interrupt) -> Self {
        Self {
            show,
            symbols,
            interrupt,
        }
    }

    /// Candles made here of what a venue trades.
    pub(super) async fn made_of<P: Protocol, T: Data + Tick>(
        &self,
        trades: Subscribe<P, T>,
        client: &impl Client,
    ) -> Outcome
    where
        P::Event: Carries<T>,
    {
        let options = &self.show.options;
        match options.accepted(trades, client, self.interrupt).await? {
            Some(trades) => {
                let symbols = trades.symbols();
                self.candles(self.show.cut.candles(trades), symbols, left_out)
                    .await
            }
            None => Ok(()),
        }
    }

    /// A venue's own candles.
    pub(super) async fn venues<P: Protocol>(
        &self,
        candles: Subscribe<P, Indexed<dxlink::Candle>>,
        client: &impl Client,
    ) -> Outcome
    where
        P::Event: Carries<Indexed<dxlink::Candle>>,
    {
        let options = &self.show.options;
        let removed = |told: &Told<_>| LeftOut {
            removed: told.removed(),
            ..LeftOut::default()
        };
        match options.accepted(candles, client, self.interrupt).await? {
            Some(candles) => {
                let symbols = candles.symbols();
                self.candles(Told::new(candles), symbols, removed).await
            }
            None => Ok(()),
        }
    }

    /// Shows them as asked for, and tells in the end what is in none of them.
    async fn candles<S>(
        &self,
        mut candles: S,
        symbols: Vec<Symbol>,
        left_out: impl Fn(&S) -> LeftOut,
    ) -> Outcome
    where
        S: Feed<Data = Candle, Error = Error> + Unpin,
    {
        let Show {
            cut,
            partials,
            plot,
            options,
        } = self.show;
        let mut summary = Summary::of("candles", symbols);
        let outcome = if *plot {
            let mut candles = candles.candle_history(plot::HISTORY);
            let mut plot = Plot::new(&self.symbols, cut.calendar(), candles.history());
            let following = plot.follow(&mut candles, options, &mut summary);
            let outcome = options.until_end(following, self.interrupt).await;
            summary.leave_out(left_out(candles.get_ref()));
            summary.end();
            outcome.and(plot.finish(&summary))
        } else {
            let mut lines = Lines::new(options.json, *partials, cut.calendar());
            let following = lines.follow(&mut candles, options.wanted(), &mut summary);
            let outcome = options.until_end(following, self.interrupt).await;
            summary.leave_out(left_out(&candles));
            let finished = lines.finish(&mut summary, options.wanted());
            outcome.and(finished)
        };
        options.sum_up(&summary, &outcome);
        outcome
    }
}

fn left_out<S: Feed>(candles: &adapters::Candles<S>) -> LeftOut {
    LeftOut {
        late: candles.late(),
        skipped: candles.skipped(),
        outside: candles.outside(),
        removed: 0,
    }
}
