//! Candles as a picture.

mod glyph;
mod panel;
mod picture;
mod scale;
mod screen;
mod text;

use std::io::{self, IsTerminal};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use feedline::adapters::{CandleHistory, History};
use feedline::market::{Calendar, Candle};
use feedline::{Error, Event, Feed, StatusKind, Symbol, Text};
use futures_util::StreamExt;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::{Interval, MissedTickBehavior};

use super::open::Open;
use crate::live::{Options, Summary};
use crate::outcome::Outcome;
use crate::output::Output;
use picture::{Ink, Picture};
pub(crate) use screen::release;
use screen::{Screen, Wish};

/// How many candles are kept of a symbol: enough for the widest terminal.
pub(crate) const HISTORY: usize = 256;
/// How often the picture is drawn while it changes.
const REDRAW: Duration = Duration::from_millis(100);
/// The width where nobody tells one.
const WIDTH: u16 = 100;
/// The width that any history fills.
const MOST_WIDTH: u16 = 600;
/// Rows of a symbol where there is no terminal to fill.
const ROWS: u16 = 16;

/// What is drawn, and where.
pub(crate) struct Plot {
    symbols: Vec<Symbol>,
    calendar: Calendar,
    history: History,
    open: Open,
    /// The symbols that the venue refused, by its names for them.
    refused: Vec<Text>,
    /// The latest gap or status, as `watch` writes it.
    marker: Option<String>,
    /// Size of the terminal that the picture was last drawn on.
    drawn: Option<Rect>,
}

impl Plot {
    pub(crate) fn new(symbols: &[String], calendar: Calendar, history: History) -> Self {
        let mut distinct: Vec<Symbol> = Vec::new();
        for symbol in symbols.iter().map(Symbol::from) {
            if !distinct.contains(&symbol) {
                distinct.push(symbol);
            }
        }
        Self {
            symbols: distinct,
            calendar,
            history,
            open: Open::default(),
            refused: Vec::new(),
            marker: None,
            drawn: None,
        }
    }

    /// Takes candles in until there are no more, or as many as asked for have been final; on a
    /// terminal it draws them meanwhile.
    pub(crate) async fn follow<S>(
        &mut self,
        candles: &mut CandleHistory<S>,
        options: &Options,
        summary: &mut Summary,
    ) -> Outcome
    where
        S: Feed<Data = Candle, Error = Error> + Unpin,
    {
        let mut screen = if on_terminal() {
            Some(Screen::enter()?)
        } else {
            None
        };
        let mut redraw = tokio::time::interval(REDRAW);
        redraw.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changed = true;
        while summary.data() < options.wanted() {
            // A feed that always has more must not keep the other branches from being polled.
            tokio::task::coop::consume_budget().await;
            tokio::select! {
                biased;
                () = tick(&mut redraw, changed && screen.is_some()) => {
                    if let Some(screen) = &mut screen {
                        self.drawn = Some(screen.draw(&self.picture(summary, ink()))?);
                    }
                    changed = false;
                }
                wish = screen::wish(&mut screen) => match wish {
                    Wish::End => return Ok(()),
                    Wish::Redraw => changed = true,
                },
                item = candles.next() => {
                    let Some(event) = item.transpose()? else { break };
                    self.enter(&event, summary);
                    changed = true;
                }
            }
        }
        Ok(())
    }

    /// Leaves the picture on standard output, as the last thing to be seen.
    pub(crate) fn finish(&self, summary: &Summary) -> Outcome {
        let picture = self.picture(summary, ink());
        let area = self.drawn.unwrap_or_else(|| {
            let columns = std::env::var("COLUMNS").ok();
            let width = columns.and_then(|columns| columns.parse().ok());
            let width = width.unwrap_or(WIDTH).min(MOST_WIDTH);
            Rect::new(0, 0, width, picture.height(ROWS))
        });
        let mut buffer = Buffer::empty(area);
        picture.draw(area, &mut buffer);
        let mut output = Output::new();
        for line in text::lines(&buffer) {
            output.line(line)?;
        }
        output.flush()
    }

    fn enter(&mut self, event: &Event<Candle>, summary: &mut Summary) {
        match event {
            Event::Data(candle) => {
                if !self.open.enter(candle) {
                    return;
                }
            }
            Event::Gap(gap) => self.marker = Some(crate::text::gap(gap)),
            Event::Status(status) => {
                if let StatusKind::Rejected(rejection) = &status.kind
                    && !self.refused.contains(&rejection.topic)
                {
                    self.refused.push(rejection.topic.clone());
                }
                self.marker = Some(crate::text::status(status));
            }
        }
        summary.count(event);
    }

    fn picture(&self, summary: &Summary, ink: Ink) -> Picture<'_> {
        let panels = self.symbols.iter().map(|symbol| {
            let mut candles = self.history.candles(symbol);
            candles.extend(self.open.of(symbol).cloned());
            panel::Panel {
                symbol,
                refused: self.refused.iter().any(|name| *symbol == **name),
                candles,
                calendar: &self.calendar,
                ink,
            }
        });
        Picture {
            panels: panels.collect(),
            summary: summary.to_string(),
            calendar: &self.calendar,
            ink,
            marker: self.marker.as_deref(),
        }
    }
}

/// Waits for the next drawing, if there is anything to draw.
async fn tick(redraw: &mut Interval, due: bool) {
    if due {
        redraw.tick().await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Whether there is a terminal to draw on again and again, and not only a place to write to.
fn on_terminal() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn ink() -> Ink {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => Ink::Plain,
        _ => Ink::Coloured,
    }
}
