use std::fmt::Debug;
use std::hash::Hash;

use hashbrown::{Equivalent, HashMap};

use crate::feed::ChannelSpec;
use crate::{Symbol, Timestamp};

/// One thing to subscribe to on a venue: a channel with its parameters and a symbol.
pub trait Topic: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// How the venue treats the channel.
    fn channel(&self) -> &'static ChannelSpec;

    /// The instrument; `None` for what concerns no single one, such as an account or a wildcard: its
    /// markers have the scope of all.
    fn symbol(&self) -> Option<&Symbol>;

    /// Topics of the same batch may share a subscribe request; `None` travels alone.
    fn batch(&self) -> Option<u32>;

    /// From when on its history is asked for: what never comes of it is missing since then.
    fn since(&self) -> Option<Timestamp> {
        None
    }

    /// Bytes that it adds to a request, for venues that limit them.
    fn bytes(&self) -> usize {
        0
    }

    /// Why it cannot be asked for, with what could be; `None` where only the venue knows.
    fn objection(&self) -> Option<String> {
        None
    }

    /// The topic for errors and logs: the symbol, with the channel's parameters if it has any.
    fn label(&self) -> String {
        self.symbol()
            .map_or_else(|| self.channel().name.to_owned(), ToString::to_string)
    }
}

/// A topic's number within one connection: small, dense, and reused once it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(u32);

impl TopicId {
    /// As an index into a table.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("fewer topics than 2^32"))
    }
}

/// The topics that a connection knows, found by a borrowed key or by number.
#[derive(Debug)]
pub struct Topics<T> {
    ids: HashMap<T, TopicId>,
    names: Vec<Option<T>>,
    free: Vec<TopicId>,
}

impl<T: Topic> Topics<T> {
    pub(crate) fn new() -> Self {
        Self {
            ids: HashMap::new(),
            names: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The number of the topic that equals `key`, if the connection knows it.
    #[inline]
    pub fn find<Q: Hash + Equivalent<T>>(&self, key: &Q) -> Option<TopicId> {
        self.ids.get(key).copied()
    }

    /// The topic of a number.
    ///
    /// # Panics
    ///
    /// If the number has been released.
    pub fn get(&self, id: TopicId) -> &T {
        self.names[id.index()]
            .as_ref()
            .expect("a topic keeps its number until it is released")
    }

    /// Whether a number names a topic now.
    pub(crate) fn contains(&self, id: TopicId) -> bool {
        self.names.get(id.index()).is_some_and(Option::is_some)
    }

    pub(crate) fn insert(&mut self, topic: &T) -> TopicId {
        if let Some(id) = self.find(topic) {
            return id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.names.push(None);
            TopicId::at(self.names.len() - 1)
        });
        self.names[id.index()] = Some(topic.clone());
        self.ids.insert(topic.clone(), id);
        id
    }

    /// A number that names nothing here and nothing there.
    pub(crate) fn vacant_beside(&self, other: &Self) -> TopicId {
        let free = self.free.iter().rev().copied();
        let mut both = free.filter(|id| !other.contains(*id));
        both.next()
            .unwrap_or_else(|| TopicId::at(self.names.len().max(other.names.len())))
    }

    /// Gives a number that names nothing, or this, to a topic.
    pub(crate) fn insert_as(&mut self, topic: &T, id: TopicId) {
        if self.contains(id) {
            return;
        }
        if id.index() < self.names.len() {
            self.free.retain(|free| *free != id);
        } else {
            let between = self.names.len()..id.index();
            self.free.extend(between.map(TopicId::at));
            self.names.resize(id.index() + 1, None);
        }
        self.names[id.index()] = Some(topic.clone());
        self.ids.insert(topic.clone(), id);
    }

    pub(crate) fn remove(&mut self, id: TopicId) {
        if let Some(topic) = self.names[id.index()].take() {
            self.ids.remove(&topic);
            self.free.push(id);
        }
    }
}
