use feedline::market::Candle;
use ratatui::style::Color;
use serde_json::json;

use super::super::text;
use super::*;

/// A candle of one second: second, open, high, low, close, volume.
fn candle(second: u32, prices: [&str; 4], volume: &str) -> Candle {
    let [open, high, low, close] = prices;
    serde_json::from_value(json!({
        "symbol": "A_B", "interval": "1s", "start": format!("2026-01-02T03:04:{second:02}Z"),
        "open": open, "high": high, "low": low, "close": close, "volume": volume, "state": "final",
    }))
    .unwrap()
}

fn candles() -> Vec<Candle> {
    let mut candles = vec![
        candle(0, ["10", "12", "10", "11"], "4"),
        candle(1, ["11", "11", "10", "10"], "8"),
        candle(2, ["10", "13", "9", "13"], "2"),
        candle(3, ["13", "14", "13", "14"], "1"),
    ];
    candles[0].truncated = true;
    candles[2].tainted = true;
    candles[3].state = Some(feedline::market::CandleState::Partial);
    candles
}

fn buffer(symbols: &[(&str, Vec<Candle>)], ink: Ink, width: u16, height: u16) -> Buffer {
    let calendar = Calendar::utc();
    let panels = symbols.iter().map(|(symbol, candles)| Panel {
        symbol,
        refused: *symbol == "E_F",
        candles: candles.clone(),
        calendar: &calendar,
        ink,
    });
    let picture = Picture {
        panels: panels.collect(),
        calendar: &calendar,
        ink,
        summary: "3 candles".to_owned(),
        marker: Some("gap     of A_B"),
    };
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    picture.draw(area, &mut buffer);
    buffer
}

fn drawn(symbols: &[(&str, Vec<Candle>)], width: u16, height: u16) -> Vec<String> {
    text::lines(&buffer(symbols, Ink::Plain, width, height))
        .iter()
        .map(|line| anstream::adapter::strip_str(line).to_string())
        .collect()
}

#[test]
fn a_small_picture() {
    let expected = [
        "times in UTC; 3 candles",
        "A_B  1s  open 13  high 14  low 13  close 14  vo…",
        "                                      ┃ ┤     14",
        "                                    ╻ ┃ │",
        "                                ╷   ┃   │",
        "                                │   ┃   │",
        "                                ┃ █ ┃   │",
        "                                ╹ ▀ ╿   ┤     10",
        "                                    │   │",
        "                                <   ! ·",
        "                                  █         8.00",
        "                                █ █ ▄ ▂",
        "                              03:04:03┘",
        "gap     of A_B",
        "! touched by a gap  < beginning not seen  ~ rev…",
    ];
    assert_eq!(drawn(&[("A_B", candles())], 48, 15), expected);
}

#[test]
fn what_does_not_fit_is_cut_visibly_or_named() {
    let symbols = [("A_B", candles()), ("C_D", Vec::new()), ("E_F", Vec::new())];
    let lines = drawn(&symbols, 30, 15);
    assert_eq!(lines[1], "A_B  1s  open 13  high 14  lo…");
    assert_eq!(lines[7], "C_D  no trade yet");
    assert_eq!(lines[14], "no room for 1: E_F");
    let lines = drawn(&symbols, 30, 24);
    assert_eq!(lines[15], "E_F  refused by the venue");
}

#[test]
fn no_size_is_too_small() {
    for width in 0..40 {
        for height in 0..12 {
            drawn(&[("A_B", candles()), ("C_D", candles())], width, height);
        }
    }
}

#[test]
fn colours_say_what_forms_say_without_them() {
    let buffer = buffer(&[("A_B", candles())], Ink::Coloured, 48, 15);
    let cells = buffer.content.iter();
    let colour = |glyph: &str| {
        let mut found = cells.clone().filter(|cell| cell.symbol() == glyph);
        found.next().map(|cell| cell.fg)
    };
    assert_eq!(colour("!"), Some(Color::Yellow));
    // A rising candle, and the falling one's bar of volume, the highest.
    assert_eq!(colour("╻"), Some(Color::Green));
    assert_eq!(colour("█"), Some(Color::Red));
}
