//! The whole picture: a panel a symbol, below each other, and what there is to say about them.

use feedline::market::Calendar;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};

use super::super::clock;
use super::panel::{LEAST_ROWS, Panel};

const LEGEND: &str = "! touched by a gap  < beginning not seen  ~ revised  · open";
/// Rows of the head and the foot.
const AROUND: u16 = 3;

/// Whether there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Rising is green, falling is red.
    Coloured,
    /// Falling bodies are solid, rising ones thin.
    Plain,
}

/// What is drawn.
pub(crate) struct Picture<'a> {
    pub(super) panels: Vec<Panel<'a>>,
    pub(super) calendar: &'a Calendar,
    pub(super) ink: Ink,
    pub(super) summary: String,
    /// The latest gap or status, with or without colours of its own.
    pub(super) marker: Option<&'a str>,
}

impl Ink {
    pub(super) fn style(self, colour: Color) -> Style {
        match self {
            Self::Coloured => Style::new().fg(colour),
            Self::Plain => Style::new(),
        }
    }

    pub(super) fn faint(self) -> Style {
        match self {
            Self::Coloured => Style::new().add_modifier(Modifier::DIM),
            Self::Plain => Style::new(),
        }
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

impl Picture<'_> {
    /// How high it is with all panels, when each of them has this many rows.
    pub(super) fn height(&self, rows: u16) -> u16 {
        let panels = u16::try_from(self.panels.len()).unwrap_or(u16::MAX);
        panels.saturating_mul(rows).saturating_add(AROUND)
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let [head, body, marker, legend] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(1),
        ])
        .areas(area);
        let fitting = usize::from(body.height / LEAST_ROWS);
        let (shown, hidden) = self.panels.split_at(fitting.min(self.panels.len()));
        let zone = clock::zone(self.calendar);
        let text = format!("times in {zone}; {}", self.summary);
        write(buffer, head, &text, self.ink.faint());
        let areas = Layout::vertical(shown.iter().map(|_| Constraint::Fill(1))).split(body);
        for (panel, area) in shown.iter().zip(areas.iter()) {
            panel.draw(*area, buffer);
        }
        if let Some(text) = self.marker {
            let text = anstream::adapter::strip_str(text).to_string();
            write(buffer, marker, &text, self.ink.style(Color::Yellow));
        }
        if hidden.is_empty() {
            let mut text = LEGEND.to_owned();
            if self.ink == Ink::Plain {
                text.push_str("  █ falling  ┃ rising");
            }
            write(buffer, legend, &text, self.ink.faint());
        } else {
            let names: Vec<&str> = hidden.iter().map(|panel| panel.symbol).collect();
            let text = format!("no room for {}: {}", names.len(), names.join(", "));
            write(buffer, legend, &text, self.ink.style(Color::Yellow));
        }
    }
}

/// Writes from the area's beginning; what does not fit is cut off visibly, so that no figure seems
/// shorter than it is. Tells where it ends.
pub(super) fn write(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    if area.is_empty() {
        return area.x;
    }
    let room = usize::from(area.width);
    if text.chars().count() <= room {
        return buffer.set_stringn(area.x, area.y, text, room, style).0;
    }
    let cut: String = text.chars().take(room - 1).chain(['…']).collect();
    buffer.set_stringn(area.x, area.y, cut, room, style).0
}

#[cfg(test)]
mod tests;
