use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use hashbrown::HashSet;

use crate::feed::client::{Hub, MakeTopic, NewHandle, Owner};
use crate::feed::subscription::handle::{AnyHandle, Handle, HandleId};
use crate::feed::subscription::lane::{Carries, Lane, TypedLane};
use crate::feed::subscription::objection::objection;
use crate::feed::subscription::settled::Settled;
use crate::feed::{Protocol, Subscription, Topic};
use crate::market::Record;
use crate::{Error, ErrorKind, Overflow, Symbol};

/// Events that a subscription's queue holds unless told otherwise.
const CAPACITY: usize = 16_384;
/// How long a subscription may take to be accepted unless told otherwise, through reconnects. More
/// connections than may be opened at once take longer.
const DEADLINE: Duration = Duration::from_secs(30);

/// How many symbols an error names.
const NAMED: usize = 5;

/// A subscription in the making: set what you need, then await it.
///
/// Awaiting resolves once the venue has accepted every symbol. Dropping the future before that
/// leaves nothing behind.
///
/// Symbols that are accepted before the others bring data meanwhile, which is queued. Until the await
/// resolves a full queue drops the oldest into a counted gap, under [`Overflow::Wait`] too: the socket
/// has to be read on, because the other answers are still to come.
///
/// # Errors
///
/// [`ErrorKind::Refused`] names every symbol that the venue refused, unless
/// [`allow_partial`](Self::allow_partial); [`ErrorKind::Timeout`] when the deadline passes, with what
/// stood in the way; [`ErrorKind::Invalid`] for an empty list or an overflow policy that does not fit the
/// channel; [`ErrorKind::NoRuntime`], [`ErrorKind::TooManyTopics`], [`ErrorKind::TooManyOfChannel`], [`ErrorKind::Closed`],
/// [`ErrorKind::Connect`].
#[must_use = "a subscription begins when it is awaited"]
pub struct Subscribe<P: Protocol, T> {
    hub: Hub<P>,
    symbols: Vec<Symbol>,
    topic: MakeTopic<P>,
    options: Options,
    event: std::marker::PhantomData<fn() -> T>,
}

#[derive(Clone, Copy, Debug)]
struct Options {
    overflow: Overflow,
    capacity: usize,
    deadline: Option<Duration>,
    allow_partial: bool,
}

impl<P, T> Subscribe<P, T>
where
    P: Protocol,
    P::Event: Carries<T>,
    T: Record + Send + 'static,
{
    pub(crate) fn new(
        hub: Hub<P>,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
        overflow: Overflow,
        topic: impl Fn(&Symbol) -> P::Topic + Send + Sync + 'static,
    ) -> Self {
        Self {
            hub,
            symbols: symbols.into_iter().map(Into::into).collect(),
            topic: Arc::new(topic),
            options: Options {
                overflow,
                capacity: CAPACITY,
                deadline: None,
                allow_partial: false,
            },
            event: std::marker::PhantomData,
        }
    }

    /// What the queue does when it is full.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// How many events the queue holds, 16,384 unless set. Memory is taken as it fills.
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.options.capacity = capacity;
        self
    }

    /// How long acceptance may take, through reconnects. Unless set it is 30 seconds, and as much longer
    /// as the limit of connects keeps the client from opening all the connections that it needs.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Yields the stream even if the venue refuses some symbols; each refusal is a
    /// [`StatusKind::Rejected`](crate::StatusKind::Rejected) in the stream. Only if all are refused is it an error.
    pub fn allow_partial(mut self) -> Self {
        self.options.allow_partial = true;
        self
    }

    /// Returns the stream at once, without waiting for the venue: refusals and the first
    /// connection's troubles are then told in the stream.
    ///
    /// # Errors
    ///
    /// Those that need no venue: [`ErrorKind::Invalid`], [`ErrorKind::NoRuntime`],
    /// [`ErrorKind::TooManyTopics`], [`ErrorKind::TooManyOfChannel`], [`ErrorKind::Closed`].
    pub fn lazy(self) -> Result<Subscription<T>, Error> {
        let subscription = self.enter(true)?;
        subscription.shared().open();
        Ok(subscription)
    }

    /// Enters the handle into the client's ledger.
    fn enter(self, lazy: bool) -> Result<Subscription<T>, Error> {
        let topics = self.topics()?;
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return Err(self.hub.error(ErrorKind::NoRuntime));
        };
        let member = self.hub.member(&runtime)?;
        let id = member.next_handle();
        let handle = Arc::new(Handle::<T>::new(
            id,
            topics[0].channel().name,
            topics.len(),
            self.options.capacity,
            self.options.overflow,
            member.gap_ids(),
            member.clock(),
        ));
        if lazy || self.options.allow_partial {
            handle.tell_refusals();
        }
        let lane = {
            let handle = Arc::clone(&handle);
            Box::new(move || {
                Box::new(TypedLane::new(Arc::clone(&handle))) as Box<dyn Lane<P::Event>>
            })
        };
        let new = NewHandle {
            id,
            handle: Arc::clone(&handle) as Arc<dyn AnyHandle>,
            topics,
            lane,
            topic: Arc::clone(&self.topic),
            eager: lazy,
            runtime: runtime.clone(),
        };
        member.attach(new)?;
        Ok(Subscription::new(handle, member, runtime.id()))
    }

    /// The topics asked for, without repeats.
    fn topics(&self) -> Result<Vec<P::Topic>, Error> {
        let venue = self.hub.venue();
        let invalid = |text: &str| Err(Error::invalid(text).with_venue(venue));
        // Two symbols may be one topic, written in two ways.
        let mut seen = HashSet::new();
        let topics = self.symbols.iter().map(|symbol| (self.topic)(symbol));
        let topics: Vec<_> = topics.filter(|topic| seen.insert(topic.clone())).collect();
        let Some(first) = topics.first() else {
            return invalid("a subscription needs at least one symbol");
        };
        if let Some(objection) = objection(&self.symbols, &topics) {
            return invalid(&objection);
        }
        if self.options.capacity == 0 {
            return invalid("a subscription's capacity must be at least 1");
        }
        if self.options.overflow == Overflow::Conflate && !first.channel().latest_replaces {
            let name = first.channel().name;
            return invalid(&format!(
                "{name} cannot be conflated, because each of its events counts: use DropOldest, Wait or Fail"
            ));
        }
        Ok(topics)
    }
}

impl<P, T> IntoFuture for Subscribe<P, T>
where
    P: Protocol,
    P::Event: Carries<T>,
    T: Record + Send + 'static,
{
    type Output = Result<Subscription<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let options = self.options;
            let subscription = self.enter(false)?;
            let (handle, owner) = (subscription.shared(), subscription.owner());
            accepted(handle, owner, subscription.id(), options).await?;
            Ok(subscription)
        })
    }
}

/// Waits until every topic has been accepted or refused.
async fn accepted(
    handle: Arc<dyn AnyHandle>,
    owner: Arc<dyn Owner>,
    id: HandleId,
    options: Options,
) -> Result<(), Error> {
    let deadline = options
        .deadline
        .unwrap_or_else(|| DEADLINE.saturating_add(owner.connect_delay()));
    if tokio::time::timeout(deadline, Settled::new(&handle))
        .await
        .is_err()
    {
        let waiting_for = format!(
            "{} to accept {}, of {}; {}",
            owner.venue(),
            handle.label(),
            some_of(&owner.symbols(id)),
            owner.obstacle()
        );
        let kind = ErrorKind::Timeout {
            after: deadline,
            waiting_for,
        };
        return Err(Error::new(kind).with_venue(owner.venue()));
    }
    if let Some(error) = handle.ended() {
        return Err(error.with_venue(owner.venue()));
    }
    let refused = handle.tell_refusals();
    if !refused.is_empty() && !options.allow_partial {
        return Err(Error::new(ErrorKind::Refused(refused)).with_venue(owner.venue()));
    }
    handle.open();
    Ok(())
}

impl<P: Protocol, T> fmt::Debug for Subscribe<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribe")
            .field("symbols", &self.symbols)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The first of these symbols, and how many more there are.
fn some_of(symbols: &[Symbol]) -> String {
    let (named, others) = symbols.split_at(symbols.len().min(NAMED));
    let named: Vec<&str> = named.iter().map(Symbol::as_str).collect();
    match others.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
