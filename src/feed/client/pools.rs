//! The pools of this process that clients share.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, Weak};

use tokio::runtime;

use super::{Parts, Pool};
use crate::feed::Protocol;
use crate::feed::subscription::handle::lock;

static POOLS: LazyLock<Mutex<HashMap<Key, Weak<dyn Any + Send + Sync>>>> =
    LazyLock::new(Mutex::default);

/// Whose connections these are, and where they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    protocol: TypeId,
    endpoint_and_account: [u64; 2],
    runtime: runtime::Id,
}

impl Key {
    fn new<P: Protocol>(endpoint: &str, account: &str, runtime: runtime::Id) -> Self {
        // Not the account itself, which may be a key. Two hashes, so that no two are ever the same.
        static STATES: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        let named = (endpoint, account);
        Self {
            protocol: TypeId::of::<P>(),
            endpoint_and_account: STATES.each_ref().map(|state| state.hash_one(named)),
            runtime,
        }
    }
}

/// The pool of an account at an endpoint: that of whoever is there already, or a new one. What is not
/// used is returned, because it is not to be dropped under a lock.
pub(super) fn shared<P: Protocol>(
    parts: Parts<P>,
    account: &str,
    runtime: runtime::Id,
) -> (Arc<Pool<P>>, Option<Parts<P>>) {
    let endpoint = (parts.protocol)().address().endpoint();
    let key = Key::new::<P>(&endpoint, account, runtime);
    let mut pools = lock(&POOLS);
    let known = pools.get(&key).and_then(Weak::upgrade);
    if let Some(Ok(pool)) = known.map(Arc::downcast) {
        return (pool, Some(parts));
    }
    let pool = Arc::new(Pool::new(parts, Some(Registered(key))));
    let shared: Arc<dyn Any + Send + Sync> = Arc::<Pool<P>>::clone(&pool);
    pools.insert(key, Arc::downgrade(&shared));
    (pool, None)
}

/// A pool's entry, as long as it lives.
#[derive(Debug)]
pub(super) struct Registered(Key);

impl Drop for Registered {
    fn drop(&mut self) {
        let mut pools = lock(&POOLS);
        // Its successor may be there already.
        if pools
            .get(&self.0)
            .is_some_and(|pool| pool.strong_count() == 0)
        {
            pools.remove(&self.0);
        }
    }
}

/// Whether there is one of this account, in this runtime.
#[cfg(test)]
pub(super) fn has<P: Protocol>(host: &str, account: &str) -> bool {
    let endpoint = crate::transport::Address::parse(&format!("ws://{host}/"));
    let endpoint = endpoint.expect("a host").endpoint();
    let runtime = runtime::Handle::current().id();
    let key = Key::new::<P>(&endpoint, account, runtime);
    lock(&POOLS).contains_key(&key)
}
