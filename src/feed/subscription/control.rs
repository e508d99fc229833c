use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::feed::client::Owner;
use crate::feed::subscription::acknowledged;
use crate::feed::subscription::handle::{AnyHandle, HandleId};
use crate::{Error, ErrorKind, Symbol};

/// How long [`Control::add`] waits for the venue.
const ADD_DEADLINE: Duration = Duration::from_secs(30);

/// Changes a subscription while it is being polled elsewhere, from any task or thread.
///
/// It does not keep the subscription alive: once that is dropped or has ended, every call returns
/// [`ErrorKind::Closed`].
#[derive(Clone)]
pub struct Control {
    handle: Weak<dyn AnyHandle>,
    id: HandleId,
    owner: Weak<dyn Owner>,
}

impl Control {
    pub(in crate::feed) fn new(
        handle: &Arc<dyn AnyHandle>,
        id: HandleId,
        owner: &Arc<dyn Owner>,
    ) -> Self {
        Self {
            handle: Arc::downgrade(handle),
            id,
            owner: Arc::downgrade(owner),
        }
    }

    fn owner(&self) -> Result<Arc<dyn Owner>, Error> {
        self.owner.upgrade().ok_or_else(|| ErrorKind::Closed.into())
    }

    /// Adds symbols and waits until the venue has answered to them, at most 30 seconds. Those already
    /// held are passed over, and those removed meanwhile are not waited for.
    ///
    /// The stream must be polled meanwhile if its policy is [`Overflow::Wait`](crate::Overflow): a
    /// full queue keeps the answer from being read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] with every one of these symbols that the venue refused; the others are
    /// added, and the stream tells the refusal too. [`ErrorKind::Timeout`], after which the symbols stay
    /// wanted. [`ErrorKind::TooManyTopics`],
    /// [`ErrorKind::TooManyOfChannel`], [`ErrorKind::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the symbols added.
    pub async fn add(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Result<(), Error> {
        let symbols: Vec<Symbol> = symbols.into_iter().map(Into::into).collect();
        let owner = self.owner()?;
        let handle = self.handle.upgrade().ok_or(ErrorKind::Closed)?;
        handle.forgive(&symbols);
        let answers = owner.add(self.id, &symbols)?;
        if tokio::time::timeout(ADD_DEADLINE, answers.all())
            .await
            .is_err()
        {
            let waiting_for = format!("{} more symbols; {}", answers.open(), owner.obstacle());
            let kind = ErrorKind::Timeout {
                after: ADD_DEADLINE,
                waiting_for,
            };
            return Err(Error::new(kind).with_venue(owner.venue()));
        }
        let refused = answers.refused();
        if !refused.is_empty() {
            return Err(Error::new(ErrorKind::Refused(refused)).with_venue(owner.venue()));
        }
        match handle.ended() {
            Some(ended) => Err(ended.with_venue(owner.venue())),
            None => Ok(()),
        }
    }

    /// Removes symbols; those not held are passed over. What is queued of them still comes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`].
    pub fn remove(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Result<(), Error> {
        let symbols: Vec<Symbol> = symbols.into_iter().map(Into::into).collect();
        self.owner()?.remove(self.id, &symbols)
    }

    /// Subscribes to a symbol afresh, as if the connection had been lost for it alone: the stream
    /// has a gap there, and then the beginning that a new subscription gets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the symbol is not held, [`ErrorKind::Closed`].
    pub fn resync(&self, symbol: impl Into<Symbol>) -> Result<(), Error> {
        self.owner()?.resync(self.id, &symbol.into())
    }

    /// The symbols held now.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.owner
            .upgrade()
            .map_or_else(Vec::new, |owner| owner.symbols(self.id))
    }

    /// Ends the subscription: its stream yields what is queued and then `None`. Waits for the
    /// venue's acknowledgement, at most ten seconds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] when the venue has not answered by then, naming what stands in the
    /// way; the subscription is over all the same.
    pub async fn close(&self) -> Result<(), Error> {
        let owner = self.owner()?;
        let acknowledgements = owner.release(self.id);
        acknowledged(acknowledgements, &*owner).await
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
