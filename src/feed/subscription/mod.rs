pub(super) mod control;
pub(super) mod handle;
pub(super) mod lane;
pub(super) mod objection;
pub(super) mod owed;
pub(super) mod rejections;
pub(super) mod settled;
pub(super) mod subscribe;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::runtime;

use super::{BATCH, Control};
use crate::feed::client::Owner;
use crate::feed::subscription::handle::{AnyHandle, Handle, HandleId, Taken};
use crate::market::Record;
use crate::queue::Batch;
use crate::{Error, ErrorKind, Event, Symbol};

/// How long [`Subscription::close`] waits for the venue.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);

/// A live feed: an owned stream of events. Dropping it unsubscribes.
///
/// It is fed by its client's task, so it need not be polled for the connection to live; what its
/// queue does when it is not polled enough is its [`Overflow`](crate::Overflow) policy. Beside the
/// queue's capacity, up to 256 events may be in the subscription's own hands; under
/// [`Overflow::Wait`](crate::Overflow) no more than the capacity.
///
/// # Termination
///
/// Ends with `None` when the user ended it: by [`close`](Self::close), the client's
/// `unsubscribe_all`, `close` or `shutdown`. Ends with one `Err` and then `None` for any other
/// reason. What was queued before comes first. A lost connection is no end: it is a
/// [`Status`](crate::Status) and a [`Gap`](crate::Gap) in the stream. A stream that ends while some of
/// its topics are not live has a gap for those as its last event, from where they stopped up to the end.
///
/// # Runtimes
///
/// A connection runs in the runtime of one of the subscriptions that use it. When that runtime ends,
/// the connection goes on in that of another, which is told as an interruption with its gap; a
/// subscription belongs to the runtime in which it was made, or was last polled. If all of them have
/// ended, its stream ends with [`ErrorKind::RuntimeEnded`]. A runtime that nobody runs, such as one of
/// the current thread outside of `block_on`, has not ended, but nothing of it goes on.
///
/// # Drop
///
/// Dropping never blocks, waits or fails, inside a runtime or outside of one, and during a panic.
///
/// # Cancel safety
///
/// Dropping a future of `next()` or [`next_batch`](Self::next_batch) loses nothing.
#[must_use = "dropping a subscription unsubscribes"]
pub struct Subscription<T: Record + Send> {
    handle: Arc<Handle<T>>,
    owner: Arc<dyn Owner>,
    batch: Batch<T>,
    done: bool,
    /// Where it was read last.
    runtime: runtime::Id,
}

impl<T: Record + Send + 'static> Subscription<T> {
    pub(super) fn new(handle: Arc<Handle<T>>, owner: Arc<dyn Owner>, runtime: runtime::Id) -> Self {
        Self {
            handle,
            owner,
            batch: Batch::new(),
            done: false,
            runtime,
        }
    }

    pub(super) fn shared(&self) -> Arc<dyn AnyHandle> {
        Arc::clone(&self.handle) as Arc<dyn AnyHandle>
    }

    pub(super) fn id(&self) -> HandleId {
        self.handle.id
    }

    pub(super) fn owner(&self) -> Arc<dyn Owner> {
        Arc::clone(&self.owner)
    }

    /// The symbols it holds now: refused and removed ones are gone.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.owner.symbols(self.handle.id)
    }

    /// How many events wait in the queue.
    pub fn queued(&self) -> usize {
        self.handle.len() + self.batch.len()
    }

    /// How many events a newer one has replaced, under [`Overflow::Conflate`](crate::Overflow).
    pub fn merged(&self) -> u64 {
        self.handle.merged()
    }

    /// How many events its queue has dropped; each of them is counted in a gap too.
    pub fn dropped(&self) -> u64 {
        self.handle.dropped()
    }

    /// A handle that changes the subscription while it is being polled elsewhere.
    pub fn control(&self) -> Control {
        Control::new(&self.shared(), self.handle.id, &self.owner)
    }

    /// Waits for at least one event and appends all that are ready, at most `max`, to `into`.
    /// Returns how many; zero means the stream has ended.
    ///
    /// Cheaper an event than `next()` for those who can use many at once.
    ///
    /// # Errors
    ///
    /// What ended the stream, once; then zero.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next_batch(
        &mut self,
        into: &mut Vec<Event<T>>,
        max: usize,
    ) -> Result<usize, Error> {
        std::future::poll_fn(|cx| {
            match self.poll_fill(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(Ok(0)),
                Poll::Ready(Some(Ok(()))) => {}
            }
            let count = self.batch.len().min(max.max(1));
            into.extend(std::iter::from_fn(|| self.batch.pop()).take(count));
            Poll::Ready(Ok(count))
        })
        .await
    }

    /// Unsubscribes and waits for the venue's acknowledgement, at most ten seconds. Events still
    /// queued are dropped with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] when the venue has not answered by then; the subscription is over
    /// all the same.
    pub async fn close(self) -> Result<(), Error> {
        self.control().close().await
    }

    /// Has at least one event in hand, unless the stream is over.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        if !self.batch.is_empty() {
            return Poll::Ready(Some(Ok(())));
        }
        if self.done {
            return Poll::Ready(None);
        }
        match self.handle.take(&mut self.batch, BATCH, cx.waker()) {
            Taken::Nothing => {
                self.note_runtime();
                Poll::Pending
            }
            Taken::Some { freed } => {
                if freed {
                    self.owner.wake(self.handle.id);
                }
                Poll::Ready(Some(Ok(())))
            }
            Taken::Ended(error) => {
                self.done = true;
                Poll::Ready(error.map(|error| Err(error.with_venue(self.owner.venue()))))
            }
        }
    }
}

impl<T: Record + Send> Subscription<T> {
    /// Its connection can go on where it is read, should the runtime end that it was made in.
    fn note_runtime(&mut self) {
        if let Ok(runtime) = runtime::Handle::try_current()
            && runtime.id() != self.runtime
        {
            self.runtime = runtime.id();
            self.owner.moved(self.handle.id, runtime);
        }
    }
}

impl<T: Record + Send + 'static> Stream for Subscription<T> {
    type Item = Result<Event<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.poll_fill(cx).map(|filled| match filled? {
            Ok(()) => this.batch.pop().map(Ok),
            Err(error) => Some(Err(error)),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.batch.len(), if self.done { Some(0) } else { None })
    }
}

impl<T: Record + Send + 'static> FusedStream for Subscription<T> {
    fn is_terminated(&self) -> bool {
        self.done && self.batch.is_empty()
    }
}

impl<T> Unpin for Subscription<T> where T: Record + Send {}

impl<T: Record + Send> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.owner.release(self.handle.id);
    }
}

impl<T: Record + Send> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("handle", &AnyHandle::label(&*self.handle))
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// Waits for the acknowledgements of an end.
pub(super) async fn acknowledged(
    acknowledgements: Vec<tokio::sync::oneshot::Receiver<()>>,
    owner: &dyn Owner,
) -> Result<(), Error> {
    let all = async {
        for acknowledgement in acknowledgements {
            // A connection that is gone has nothing left to release.
            let _ = acknowledgement.await;
        }
    };
    tokio::time::timeout(CLOSE_DEADLINE, all)
        .await
        .map_err(|_| {
            let waiting_for = format!("the acknowledgement of a close; {}", owner.obstacle());
            Error::new(ErrorKind::Timeout {
                after: CLOSE_DEADLINE,
                waiting_for,
            })
            .with_venue(owner.venue())
        })
}
