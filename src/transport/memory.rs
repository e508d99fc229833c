//! A transport without a network: two ends of a pipe of frames.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_channel::mpsc;
use futures_core::Stream;
use futures_sink::Sink;

use super::Frame;
use crate::{Interruption, Text};

/// Two connected ends. Each holds at most `capacity + 1` frames that the other has not taken; dropping
/// one ends the other's stream.
///
/// ```
/// use feedline::transport::{Frame, memory};
/// use futures_util::{SinkExt, StreamExt};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (mut client, mut venue) = memory::pair(8);
/// venue.send(Frame::text("hello")).await.unwrap();
/// assert_eq!(client.next().await, Some(Ok(Frame::text("hello"))));
/// # }
/// ```
pub fn pair(capacity: usize) -> (Memory, Memory) {
    let (to_b, from_a) = mpsc::channel(capacity);
    let (to_a, from_b) = mpsc::channel(capacity);
    (Memory::new(to_b, from_b), Memory::new(to_a, from_a))
}

/// One end of a pipe made by [`pair`].
#[derive(Debug)]
pub struct Memory {
    to: mpsc::Sender<Frame>,
    from: mpsc::Receiver<Frame>,
}

impl Memory {
    fn new(to: mpsc::Sender<Frame>, from: mpsc::Receiver<Frame>) -> Self {
        Self { to, from }
    }
}

fn gone() -> Interruption {
    Interruption::Closed {
        code: None,
        reason: Text::default(),
    }
}

impl Stream for Memory {
    type Item = Result<Frame, Interruption>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.from)
            .poll_next(cx)
            .map(|frame| frame.map(Ok))
    }
}

impl Sink<Frame> for Memory {
    type Error = Interruption;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(ready!(self.to.poll_ready(cx)).map_err(|_| gone()))
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), Self::Error> {
        self.to.start_send(frame).map_err(|_| gone())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.to.close_channel();
        Poll::Ready(Ok(()))
    }
}
