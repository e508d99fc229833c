use std::task::Poll;

/// What is known of the stream beneath an operator that holds something back.
#[derive(Debug)]
pub(super) enum Upstream<E> {
    Open,
    /// It ended, with this error or without one; what is held back goes first.
    Ended(Option<E>),
    /// The end has been told.
    Over,
}

impl<E> Upstream<E> {
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Tells the end, for when nothing is held back any more: the error first, if there is one.
    /// While the stream beneath is open it has registered the waker.
    pub(super) fn poll_end<T>(&mut self) -> Poll<Option<Result<T, E>>> {
        match std::mem::replace(self, Self::Over) {
            Self::Open => {
                *self = Self::Open;
                Poll::Pending
            }
            Self::Ended(error) => Poll::Ready(error.map(Err)),
            Self::Over => Poll::Ready(None),
        }
    }

    /// Bounds of how many items are to come, if `held` are held back and every item of the stream
    /// beneath becomes one at most.
    pub(super) fn size_hint(
        &self,
        held: usize,
        beneath: (usize, Option<usize>),
    ) -> (usize, Option<usize>) {
        let (lower, upper) = match self {
            Self::Open => beneath,
            Self::Ended(Some(_)) => (1, Some(1)),
            Self::Ended(None) | Self::Over => (0, Some(0)),
        };
        // Not more than one for sure: items may merge, and nothing follows an error.
        let lower = usize::from(lower > 0 || held > 0);
        (lower, upper.and_then(|upper| upper.checked_add(held)))
    }
}
