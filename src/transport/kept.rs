//! A byte stream lent to somebody who may drop it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Io;

/// Where a [`Kept`] stream goes when it is dropped.
#[derive(Clone, Default)]
pub(super) struct Home(Arc<Mutex<Option<Box<dyn Io>>>>);

impl Home {
    /// The stream, if it has come back.
    pub(super) fn take(&self) -> Option<Box<dyn Io>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A byte stream that goes back when it is dropped, until it is [given away](Kept::give_away).
///
/// The WebSocket library drops the stream when the answer to an upgrade is not one, although the rest
/// of what the server says is still to come.
pub(super) struct Kept {
    io: Option<Box<dyn Io>>,
    home: Option<Home>,
}

impl Kept {
    pub(super) fn new(io: Box<dyn Io>, home: Home) -> Self {
        Self {
            io: Some(io),
            home: Some(home),
        }
    }

    /// It does not come back.
    pub(super) fn give_away(&mut self) {
        self.home = None;
    }

    fn io(&mut self) -> Pin<&mut dyn Io> {
        // It leaves in `drop` alone.
        Pin::new(self.io.as_mut().expect("a stream until it is dropped"))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            *home.0.lock().unwrap_or_else(PoisonError::into_inner) = self.io.take();
        }
    }
}

impl AsyncRead for Kept {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().io().poll_read(cx, buf)
    }
}

impl AsyncWrite for Kept {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().io().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io().poll_shutdown(cx)
    }
}
