use hashbrown::HashMap;
use tokio::sync::oneshot;

/// Handles that wait for the venue to acknowledge their end.
#[derive(Debug, Default)]
pub(super) struct Closings {
    waiting: HashMap<Closing, Waiting>,
    count: u64,
}

/// Identifies the end of one handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Closing(u64);

#[derive(Debug)]
struct Waiting {
    /// So many of its topics have not been released.
    topics: usize,
    tell: Vec<oneshot::Sender<()>>,
}

impl Closings {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// `tell` is told once this many topics have been released.
    pub(super) fn add(&mut self, topics: usize, tell: Vec<oneshot::Sender<()>>) -> Closing {
        self.count += 1;
        let closing = Closing(self.count);
        self.waiting.insert(closing, Waiting { topics, tell });
        closing
    }

    /// A topic of it has been released, or is wanted again. Returns who is to be told, which runs
    /// arbitrary code.
    pub(super) fn released(&mut self, closing: Closing) -> Vec<oneshot::Sender<()>> {
        let Some(waiting) = self.waiting.get_mut(&closing) else {
            return Vec::new();
        };
        waiting.topics -= 1;
        if waiting.topics > 0 {
            return Vec::new();
        }
        let done = self.waiting.remove(&closing);
        done.map_or_else(Vec::new, |done| done.tell)
    }
}
