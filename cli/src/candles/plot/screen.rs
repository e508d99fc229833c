//! The terminal while a picture is drawn on it, and how it is given back.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use ratatui::layout::Rect;

use super::picture::Picture;
use crate::outcome::{Failure, Outcome};

/// Whether the terminal is ours: it is given back once, by whoever comes first.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal's other screen, with keys unechoed. Dropping it gives the terminal back; a panic
/// does so before it tells what is wrong.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    /// Until it fails: then there are no keys.
    keys: Option<EventStream>,
}

/// What the person at the keyboard wants.
pub(super) enum Wish {
    End,
    Redraw,
}

impl Screen {
    pub(super) fn enter() -> Outcome<Self> {
        // Before it is taken, so that no failure half-way leaves it as it is not.
        TAKEN.store(true, Ordering::SeqCst);
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self {
                terminal,
                keys: Some(EventStream::new()),
            }),
            Err(error) => {
                release();
                Err(Failure::failed(format!(
                    "cannot draw on the terminal: {error}"
                )))
            }
        }
    }

    /// Draws, and tells on what size.
    pub(super) fn draw(&mut self, picture: &Picture<'_>) -> Outcome<Rect> {
        let drawn = self
            .terminal
            .draw(|frame| picture.draw(frame.area(), frame.buffer_mut()))?;
        Ok(drawn.area)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        release();
    }
}

/// Gives the terminal back if it is ours.
pub(crate) fn release() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing is left to be done where that fails: the terminal is gone.
        let _ = ratatui::try_restore();
        let _ = crossterm::execute!(io::stdout(), crossterm::cursor::Show);
    }
}

/// Waits for a key or another size. For ever where there is no screen, or no keyboard.
pub(super) async fn wish(screen: &mut Option<Screen>) -> Wish {
    loop {
        let Some(keys) = screen.as_mut().and_then(|screen| screen.keys.as_mut()) else {
            return std::future::pending().await;
        };
        match keys.next().await {
            Some(Ok(Event::Key(key))) if ends(key) => return Wish::End,
            Some(Ok(Event::Resize(..))) => return Wish::Redraw,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                if let Some(screen) = screen {
                    screen.keys = None;
                }
            }
        }
    }
}

/// The terminal makes no signal of Ctrl-C while its keys are read one by one.
fn ends(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release
        && match key.code {
            KeyCode::Char('c') => control,
            KeyCode::Char('q') | KeyCode::Esc => true,
            _ => false,
        }
}
