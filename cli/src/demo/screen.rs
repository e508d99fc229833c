//! What the demo shows.

use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};
use feedline::Event;
use feedline::market::Candle;
use feedline::venue::gate::Trade;
use serde::Serialize;

use super::account::{Account, Row};
use crate::event::Line;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::text::{self, BOLD, DIM, GREEN, RED, paint};

/// One trade in this long is shown, so that the others can be read.
const SAMPLE: Duration = Duration::from_millis(400);

/// Standard output, as lines for people or as JSON.
pub(crate) struct Screen {
    output: Output,
    json: bool,
    next_trade: Option<Instant>,
}

#[derive(Serialize)]
struct Accounted<'a> {
    kind: &'static str,
    #[serde(flatten)]
    account: &'a Account,
}

impl Screen {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            output: Output::new(),
            json,
            next_trade: None,
        }
    }

    pub(crate) fn intro(&mut self) -> Outcome {
        self.say(paint(BOLD, "feedline: nothing is lost in silence"))?;
        self.say(
            "A simulated venue on this machine trades three pairs, and breaks the connection on purpose.\n\
             You see a sample of the trades, candles of one second, and every gap and interruption.\n",
        )?;
        self.flush()
    }

    pub(crate) fn act(&mut self, words: &str) -> Outcome {
        let style = anstyle::AnsiColor::Magenta.on_default().bold();
        self.say(format_args!("{style}venue   {words}{style:#}"))
    }

    pub(crate) fn event(&mut self, event: Event<Trade>) -> Outcome {
        if self.json {
            return self.output.json(&Line::new(event));
        }
        match event {
            Event::Data(trade) => self.trade(&trade),
            Event::Gap(gap) => self.output.line(text::gap(&gap)),
            Event::Status(status) => self.output.line(text::status(&status)),
        }
    }

    fn trade(&mut self, trade: &Trade) -> Outcome {
        let now = Instant::now();
        if self.next_trade.is_some_and(|next| now < next) {
            return Ok(());
        }
        self.next_trade = Some(now + SAMPLE);
        let line = text::trade(trade);
        self.output.line(format_args!("trade   {line}"))
    }

    pub(crate) fn candle(&mut self, candle: &Candle) -> Outcome {
        let line = text::candle(candle);
        self.say(format_args!("candle  {line}"))
    }

    pub(crate) fn interrupted(&mut self) -> Outcome {
        self.say("Ended before the account.")?;
        self.flush()
    }

    pub(crate) fn account(&mut self, account: &Account) -> Outcome {
        if self.json {
            let kind = "account";
            self.output.json(&Accounted { kind, account })?;
            return self.flush();
        }
        self.output
            .line(format_args!("\n{BOLD}Where each trade has gone{BOLD:#}"))?;
        self.output.line(table(account))?;
        let verdict = match account.total.unexplained {
            0 => paint(GREEN.bold(), "0 unexplained: nothing was lost in silence."),
            count => paint(RED.bold(), format_args!("{count} unexplained.")),
        };
        self.output.line(verdict)?;
        let next = paint(BOLD, "feedline watch gate trades BTC_USDT");
        self.output
            .line(format_args!("{DIM}Try the real venue next:{DIM:#} {next}"))?;
        self.flush()
    }

    pub(crate) fn flush(&mut self) -> Outcome {
        self.output.flush()
    }

    /// A line that only people want.
    fn say(&mut self, text: impl std::fmt::Display) -> Outcome {
        if self.json {
            return Ok(());
        }
        self.output.line(text)
    }
}

fn table(account: &Account) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "",
        "sent",
        "delivered",
        "counted missing",
        "inside a reported outage",
        "unexplained",
    ]);
    for (symbol, row) in &account.symbols {
        table.add_row(cells(symbol.as_str(), *row));
    }
    table.add_row(cells("all", account.total));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn cells(name: &str, row: Row) -> [String; 6] {
    let Row {
        sent,
        delivered,
        counted,
        outage,
        unexplained,
    } = row;
    let figures = [sent, delivered, counted, outage, unexplained].map(|figure| figure.to_string());
    let [sent, delivered, counted, outage, unexplained] = figures;
    [
        name.to_owned(),
        sent,
        delivered,
        counted,
        outage,
        unexplained,
    ]
}
