//! Candles and bars as characters.

/// The part of a candle at half a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nothing,
    Wick,
    Body,
}

/// A candle's extent in halves of cells, counted from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) high: u16,
    /// The upper and the lower end of the body.
    pub(super) body: (u16, u16),
    pub(super) low: u16,
}

impl Extent {
    fn part(self, half: u16) -> Part {
        if (self.body.0..=self.body.1).contains(&half) {
            Part::Body
        } else if (self.high..=self.low).contains(&half) {
            Part::Wick
        } else {
            Part::Nothing
        }
    }

    /// The character in a row of cells. A solid body is told from a thin one without colours.
    pub(super) fn glyph(self, row: u16, solid: bool) -> char {
        use Part::{Body, Nothing, Wick};
        match (self.part(2 * row), self.part(2 * row + 1)) {
            (Nothing, Nothing) => ' ',
            (Body, Body) if solid => '█',
            (Nothing, Body) if solid => '▄',
            (Body, Nothing) if solid => '▀',
            (Body, Body) => '┃',
            (Nothing, Body) => '╻',
            (Body, Nothing) => '╹',
            (Wick, Body) => '╽',
            (Body, Wick) => '╿',
            (Wick, Wick) => '│',
            (Nothing, Wick) => '╷',
            (Wick, Nothing) => '╵',
        }
    }
}

/// The character of a bar in a row counted from the bottom, where the bar is `eighths` of cells
/// high.
pub(super) fn bar(eighths: u32, row: u16) -> char {
    let here = eighths.saturating_sub(8 * u32::from(row)).min(8);
    [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][here as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(extent: Extent, solid: bool) -> String {
        (0..5).map(|row| extent.glyph(row, solid)).collect()
    }

    #[test]
    fn halves_of_cells_are_told_apart() {
        let extent = |high, body, low| Extent { high, body, low };
        assert_eq!(column(extent(1, (3, 6), 9), false), "╷╽┃╿│");
        assert_eq!(column(extent(1, (3, 6), 9), true), "╷╽█╿│");
        assert_eq!(column(extent(2, (3, 4), 8), false), " ╽╿│╵");
        assert_eq!(column(extent(3, (3, 3), 3), false), " ╻   ");
        assert_eq!(column(extent(4, (4, 4), 4), true), "  ▀  ");
    }

    #[test]
    fn a_bar_fills_rows_from_the_bottom() {
        let rows = |eighths| [bar(eighths, 0), bar(eighths, 1)];
        assert_eq!(rows(0), [' ', ' ']);
        assert_eq!(rows(3), ['▃', ' ']);
        assert_eq!(rows(12), ['█', '▄']);
        assert_eq!(rows(99), ['█', '█']);
    }
}
