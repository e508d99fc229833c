//! A venue's own candles, freed of their place in snapshots.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use feedline::market::Candle;
use feedline::venue::dxlink::{CandleDetail, Indexed};
use feedline::{Error, Event, Feed};
use futures_util::Stream;

/// Stream of the candles as they are told.
#[derive(Debug)]
pub(super) struct Told<S> {
    stream: S,
    removed: u64,
}

impl<S> Told<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, removed: 0 }
    }

    /// How many the venue took back. A line that is written cannot be.
    pub(super) fn removed(&self) -> u64 {
        self.removed
    }
}

impl<S> Stream for Told<S>
where
    S: Feed<Data = Indexed<Candle<CandleDetail>>, Error = Error> + Unpin,
{
    type Item = Result<Event<Candle>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let item = ready!(Pin::new(&mut self.stream).poll_next(cx)).transpose()?;
            let Some(event) = item else {
                return Poll::Ready(None);
            };
            return Poll::Ready(Some(Ok(match event {
                Event::Data(indexed) => match indexed.event {
                    Some(candle) => Event::Data(candle.common()),
                    None => {
                        self.removed += 1;
                        continue;
                    }
                },
                Event::Gap(gap) => Event::Gap(gap),
                Event::Status(status) => Event::Status(status),
            })));
        }
    }
}
