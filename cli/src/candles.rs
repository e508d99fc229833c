//! `feedline candles`: makes candles of a live feed's trades.

mod clock;
mod cut;
mod lines;
mod open;
mod plot;

use clap::Parser;
use feedline::adapters;
use feedline::venue::gate::Trade;
use feedline::{Feed, FeedExt, Overflow, Subscription};

use crate::args::Venue;
use crate::interrupt::Interrupt;
use crate::live::{self, LeftOut, Options, Summary};
use crate::outcome::Outcome;
use cut::Cut;
use lines::Lines;
use plot::Plot;
pub(crate) use plot::release as release_terminal;

/// Make candles of a venue's trades, by the trades' own time.
///
/// A line a candle as soon as it is final, and again when it is revised; gaps and interruptions
/// stand in their place. Candles that a gap touches are marked. What is still open in the end is
/// written then, as it is. No trade is dropped here: when the output is slow, the venue is read no
/// faster.
#[derive(Debug, Parser)]
pub(crate) struct Candles {
    /// The venue.
    #[arg(value_enum)]
    venue: Venue,
    /// The venue's own names, such as BTC_USDT.
    #[arg(required = true, value_delimiter = ',')]
    symbols: Vec<String>,
    #[command(flatten)]
    cut: Cut,
    /// Write candles that are not final too, with every trade.
    #[arg(long, conflicts_with = "plot")]
    partials: bool,
    /// Draw the candles: in place while they come, until q or Ctrl-C, or once at the end if
    /// standard output is not a terminal.
    #[arg(long, conflicts_with = "json")]
    plot: bool,
    #[command(flatten)]
    options: Options,
}

/// The candles that the command shows.
type Made = adapters::Candles<Subscription<Trade>>;

/// Runs the command.
pub(crate) async fn run(args: Candles, interrupt: &Interrupt) -> Outcome {
    let Venue::Gate = args.venue;
    args.cut.check()?;
    let client = args.options.client()?;
    // A slow terminal is no reason to lose trades: the venue is read no faster instead.
    let subscribe = client.trades(&args.symbols).overflow(Overflow::Wait);
    let accepted = args.options.accepted(subscribe, &client, interrupt).await;
    let outcome = match accepted {
        Ok(Some(trades)) => show(args.cut.candles(trades), &args, interrupt).await,
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    live::say_goodbye(&client).await;
    outcome
}

async fn show(mut candles: Made, args: &Candles, interrupt: &Interrupt) -> Outcome {
    let mut summary = Summary::of("candles");
    let outcome = if args.plot {
        let mut candles = candles.candle_history(plot::HISTORY);
        let mut plot = Plot::new(&args.symbols, args.cut.calendar(), candles.history());
        let following = plot.follow(&mut candles, &args.options, &mut summary);
        let outcome = args.options.until_end(following, interrupt).await;
        summary.leave_out(left_out(candles.get_ref()));
        outcome.and(plot.finish(&summary))
    } else {
        let mut lines = Lines::new(args.options.json, args.partials, args.cut.calendar());
        let following = lines.follow(&mut candles, args.options.wanted(), &mut summary);
        let outcome = args.options.until_end(following, interrupt).await;
        summary.leave_out(left_out(&candles));
        let finished = lines.finish(&mut summary, args.options.wanted());
        outcome.and(finished)
    };
    args.options.sum_up(&summary, &outcome);
    outcome
}

fn left_out<S: Feed>(candles: &adapters::Candles<S>) -> LeftOut {
    LeftOut {
        late: candles.late(),
        skipped: candles.skipped(),
        outside: candles.outside(),
    }
}
