//! One WebSocket connection of a simulator.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::sim::SessionId;
use crate::sim::core::Control;
use crate::sim::core::hub::Shared;
use crate::sim::core::venue::Venue;

/// Frames written before the socket is flushed.
const BATCH: usize = 256;

/// How long a client has to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves one upgraded connection until either side ends it.
pub(in crate::sim) async fn serve<V: Venue, S>(
    shared: &Arc<Shared<V>>,
    stream: S,
    path: &str,
    shut: Arc<AtomicBool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (id, outgoing, control) = shared.with(|hub| {
        let opened = hub.core.open();
        hub.venue.opened(&mut hub.core, opened.0, path);
        opened
    });
    let (sink, stream) = socket.split();
    let writing = async {
        write(sink, outgoing, &control, &shut).await;
        // The client's side of the closing handshake is still to be read.
        tokio::time::sleep(CLOSING).await;
    };
    tokio::select! {
        biased;
        () = control.cut.notified() => {}
        // Before the reader, which answers pings: falling mute must take effect first.
        () = writing => {}
        () = read(shared, id, stream) => {}
    }
    shared.with(|hub| hub.core.cut(id));
}

async fn read<V: Venue, S>(
    shared: &Arc<Shared<V>>,
    id: SessionId,
    mut stream: SplitStream<WebSocketStream<S>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = stream.next().await {
        shared.with(|hub| {
            if hub.core.is_open(id) {
                hub.venue.received(&mut hub.core, id, &message);
            }
        });
    }
}

/// Returns once a close frame has been sent, or the connection is broken.
async fn write<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut outgoing: mpsc::Receiver<Message>,
    control: &Control,
    shut: &AtomicBool,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        // Everything is flushed here, as the muzzle demands.
        shut.store(control.mute.load(Ordering::Acquire), Ordering::Release);
        tokio::select! {
            biased;
            count = outgoing.recv_many(&mut batch, BATCH) => if count == 0 { return },
            () = control.changed.notified() => continue,
        }
        for message in batch.drain(..) {
            let last = message.is_close();
            if sink.feed(message).await.is_err() {
                return;
            }
            if last {
                let _closed = sink.flush().await;
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}
