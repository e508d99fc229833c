//! One symbol's candles: title, prices, marks, volume, and the two axes.

use feedline::market::{Calendar, Candle, CandleState, IntervalUnit};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};

use super::super::clock;
use super::glyph;
use super::picture::{Ink, write};
use super::scale::{Scale, brief, float};

/// Columns of a candle, with the space behind it.
const PITCH: u16 = 2;
/// Columns of a number on the axis, at least: those of a brief volume.
const LEAST_LABEL: usize = 6;
/// Rows without which it is no picture: title, two of prices, marks, volume, times.
pub(super) const LEAST_ROWS: u16 = 6;

/// What is known of a symbol, the oldest candle first and the open one last.
pub(super) struct Panel<'a> {
    pub(super) symbol: &'a str,
    /// Whether the venue refused it.
    pub(super) refused: bool,
    pub(super) candles: Vec<Candle>,
    pub(super) calendar: &'a Calendar,
    pub(super) ink: Ink,
}

impl Panel<'_> {
    /// Draws as many of the latest candles as have room.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let volume_rows = (area.height / 6).clamp(1, 4);
        let [title, prices, marks, volumes, times] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(volume_rows),
            Constraint::Length(1),
        ])
        .areas(area);
        self.title(title, buffer);
        let digits = digits(&self.candles);
        let axis = axis_width(&self.candles, digits);
        let width = area.width.saturating_sub(axis);
        let visible = self.latest(usize::from(width / PITCH));
        let Some(scale) = Scale::of(visible, prices.height, digits) else {
            return;
        };
        let peak = peak(visible);
        let first = area.x + width - PITCH * u16::try_from(visible.len()).unwrap_or(0);
        let columns = || (first..).step_by(PITCH.into()).zip(visible);

        for (x, candle) in columns() {
            let extent = scale.extent(candle);
            for row in 0..prices.height {
                let glyph = extent.glyph(row, self.solid(candle));
                put(buffer, x, prices.y + row, glyph, self.colour(candle));
            }
            if let Some((mark, colour)) = mark(candle) {
                put(buffer, x, marks.y, mark, self.ink.style(colour));
            }
            let volume = float(candle.volume.unwrap_or_default());
            let full = f64::from(8 * volumes.height);
            // A little volume is still some. It is at most `full` as the peak is the highest.
            let eighths = (volume / peak * full).ceil() as u32;
            for row in 0..volumes.height {
                let y = volumes.bottom() - 1 - row;
                let style = self.colour(candle);
                put(buffer, x, y, glyph::bar(eighths, row), style);
            }
        }
        let x = area.x + width;
        for row in 0..prices.height {
            put(buffer, x, prices.y + row, '│', self.ink.faint());
        }
        for (row, text, style) in self.labels(&scale, visible) {
            put(buffer, x, prices.y + row, '┤', self.ink.faint());
            let room = usize::from(axis - 2);
            buffer.set_stringn(x + 2, prices.y + row, format!("{text:>room$}"), room, style);
        }
        let text = brief(peak);
        let room = usize::from(axis - 2);
        let style = self.ink.faint();
        buffer.set_stringn(x + 2, volumes.y, format!("{text:>room$}"), room, style);
        self.times(times, columns(), x, buffer);
    }

    fn latest(&self, count: usize) -> &[Candle] {
        &self.candles[self.candles.len().saturating_sub(count)..]
    }

    /// The newest candle in figures.
    fn title(&self, area: Rect, buffer: &mut Buffer) {
        let rest = |x| Rect {
            x,
            width: area.right().saturating_sub(x),
            ..area
        };
        let x = write(buffer, area, self.symbol, self.ink.strong());
        let Some(last) = self.candles.last() else {
            let why = if self.refused {
                "  refused by the venue"
            } else {
                "  no trade yet"
            };
            write(buffer, rest(x), why, self.ink.faint());
            return;
        };
        let Candle {
            interval,
            open,
            high,
            low,
            close,
            ..
        } = last;
        let prices = format!("  {interval}  open {open}  high {high}  low {low}  close {close}");
        let x = write(buffer, rest(x), &prices, self.colour(last));
        if let Some(volume) = last.volume {
            write(buffer, rest(x), &format!("  volume {volume}"), Style::new());
        }
    }

    /// The prices on the axis, with their rows; the last close is among them, before all others.
    fn labels(&self, scale: &Scale, candles: &[Candle]) -> Vec<(u16, String, Style)> {
        let ticks = scale.ticks().into_iter();
        let mut labels: Vec<_> = ticks
            .map(|(row, text)| (row, text, self.ink.faint()))
            .collect();
        if let Some(last) = candles.last() {
            let here = scale.row(last.close);
            labels.retain(|(row, ..)| *row != here);
            labels.push((here, scale.text(float(last.close)), self.colour(last)));
        }
        labels
    }

    /// Beginnings of candles, each below its candle, as many as have room.
    fn times<'c>(
        &self,
        area: Rect,
        columns: impl Iterator<Item = (u16, &'c Candle)>,
        end: u16,
        buffer: &mut Buffer,
    ) {
        let mut free = area.x;
        let mut last = None;
        for (x, candle) in columns {
            last = Some((x, candle));
            let text = format!(
                "└{}",
                clock::short(candle.start, candle.interval, self.calendar)
            );
            let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
            let behind = x.saturating_add(width);
            if x >= free && behind <= end && self.has_label(candle, width) {
                buffer.set_string(x, area.y, text, self.ink.faint());
                free = behind + 1;
            }
        }
        // The first few candles have no room behind them, but before them.
        if free == area.x
            && let Some((x, candle)) = last
        {
            let start = clock::short(candle.start, candle.interval, self.calendar);
            let text = format!("{start}┘");
            let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
            if let Some(from) = (x + 1).checked_sub(width).filter(|from| *from >= area.x) {
                buffer.set_string(from, area.y, text, self.ink.faint());
            }
        }
    }

    /// Whether a candle is one of those whose time is written. It is a matter of the candle alone,
    /// so that times do not jump while the picture moves; only the first few have room for any.
    fn has_label(&self, candle: &Candle, width: u16) -> bool {
        let Some(length) = candle.interval.fixed() else {
            return true;
        };
        let round: &[u64] = match candle.interval.unit() {
            IntervalUnit::Hour => &[6, 12, 24],
            _ => &[5, 10, 15, 20, 30],
        };
        let apart = u64::from(width / PITCH + 1);
        let every = round.iter().find(|every| **every >= apart).unwrap_or(&60);
        let number = candle.start.as_secs().unsigned_abs() / length.as_secs().max(1);
        number.is_multiple_of(*every) || self.candles.len() < usize::from(width)
    }

    fn colour(&self, candle: &Candle) -> Style {
        self.ink.style(match candle.close >= candle.open {
            true => Color::Green,
            false => Color::Red,
        })
    }

    /// Whether the body says by its form what it cannot say by its colour.
    fn solid(&self, candle: &Candle) -> bool {
        self.ink == Ink::Plain && candle.close < candle.open
    }
}

/// What a candle may lack, or that it is not over yet.
fn mark(candle: &Candle) -> Option<(char, Color)> {
    match candle.state {
        _ if candle.tainted => Some(('!', Color::Yellow)),
        _ if candle.truncated => Some(('<', Color::Yellow)),
        Some(CandleState::Revised) => Some(('~', Color::Cyan)),
        Some(CandleState::Partial) => Some(('·', Color::Reset)),
        _ => None,
    }
}

/// Digits after the point that the prices have.
fn digits(candles: &[Candle]) -> usize {
    let prices = candles
        .iter()
        .flat_map(|candle| [candle.high, candle.low, candle.close]);
    prices
        .map(|price| price.scale() as usize)
        .max()
        .unwrap_or(0)
}

/// Columns right of the candles: a line, a space, and the widest number. It depends on all candles
/// and not on the visible ones, so that it stays when these move.
fn axis_width(candles: &[Candle], digits: usize) -> u16 {
    let ends = candles.iter().flat_map(|candle| [candle.high, candle.low]);
    let widths = ends.map(|price| format!("{price:.digits$}").len());
    let widest = widths.max().unwrap_or(0).max(LEAST_LABEL);
    u16::try_from(widest).unwrap_or(u16::MAX).saturating_add(2)
}

/// The largest volume; not zero, to divide by.
fn peak(candles: &[Candle]) -> f64 {
    let volumes = candles.iter().filter_map(|candle| candle.volume);
    let peak = volumes.max().unwrap_or_default();
    if peak.is_zero() { 1.0 } else { float(peak) }
}

fn put(buffer: &mut Buffer, x: u16, y: u16, glyph: char, style: Style) {
    if glyph != ' '
        && let Some(cell) = buffer.cell_mut((x, y))
    {
        cell.set_char(glyph).set_style(style);
    }
}
