//! A drawn buffer as lines of text, with colours where it has any.

use anstyle::{AnsiColor, Style};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Its rows, without the spaces at their ends.
pub(super) fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    buffer.content.chunks(width).map(line).collect()
}

fn line(cells: &[Cell]) -> String {
    let blank = |cell: &&Cell| cell.symbol() == " ";
    let end = cells.len() - cells.iter().rev().take_while(blank).count();
    let mut line = String::new();
    let mut before = Style::new();
    for cell in &cells[..end] {
        let style = style(cell);
        if style != before {
            line.push_str(&format!("{before:#}{style}"));
            before = style;
        }
        line.push_str(cell.symbol());
    }
    line.push_str(&format!("{before:#}"));
    line
}

fn style(cell: &Cell) -> Style {
    let colour = match cell.fg {
        Color::Green => Some(AnsiColor::Green),
        Color::Red => Some(AnsiColor::Red),
        Color::Yellow => Some(AnsiColor::Yellow),
        Color::Cyan => Some(AnsiColor::Cyan),
        _ => None,
    };
    let mut style = Style::new().fg_color(colour.map(Into::into));
    if cell.modifier.contains(Modifier::DIM) {
        style = style.dimmed();
    }
    if cell.modifier.contains(Modifier::BOLD) {
        style = style.bold();
    }
    style
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn colours_change_only_where_they_differ() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        let red = ratatui::style::Style::new().fg(Color::Red);
        buffer.set_string(1, 0, "abc", red);
        let red = AnsiColor::Red.on_default();
        assert_eq!(lines(&buffer), [format!(" {red}abc{red:#}"), String::new()]);
    }
}
