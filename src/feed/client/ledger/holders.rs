use super::ClientId;

/// How many handles of each client hold a topic. Most topics have one client.
#[derive(Debug)]
pub(super) struct Holders {
    first: (ClientId, usize),
    others: Vec<(ClientId, usize)>,
}

impl Holders {
    /// One handle of this client.
    pub(super) fn new(client: ClientId) -> Self {
        Self {
            first: (client, 1),
            others: Vec::new(),
        }
    }

    pub(super) fn contains(&self, client: ClientId) -> bool {
        let mut holders = std::iter::once(&self.first).chain(&self.others);
        holders.any(|(holder, handles)| *holder == client && *handles > 0)
    }

    /// One handle more of this client.
    pub(super) fn add(&mut self, client: ClientId) {
        let mut holders = std::iter::once(&mut self.first).chain(&mut self.others);
        match holders.find(|(holder, _)| *holder == client) {
            Some((_, handles)) => *handles += 1,
            None => self.others.push((client, 1)),
        }
    }

    /// One handle less; returns whether it was the client's last.
    pub(super) fn remove(&mut self, client: ClientId) -> bool {
        let mut holders = std::iter::once(&mut self.first).chain(&mut self.others);
        let held = holders.find(|(holder, handles)| *holder == client && *handles > 0);
        let Some((_, handles)) = held else {
            return false;
        };
        *handles -= 1;
        let last = *handles == 0;
        self.others.retain(|(_, handles)| *handles > 0);
        if self.first.1 == 0
            && let Some(next) = self.others.pop()
        {
            self.first = next;
        }
        last
    }

    /// Whether no client's handle is left.
    pub(super) fn is_empty(&self) -> bool {
        self.first.1 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_is_counted_for_itself() {
        let (a, b, c) = (ClientId(1), ClientId(2), ClientId(3));
        let mut holders = Holders::new(a);
        holders.add(b);
        holders.add(a);
        holders.add(c);
        assert!(!holders.remove(a));
        assert!(holders.remove(a));
        assert!(!holders.remove(a), "it has none");
        assert!(!holders.contains(a) && holders.contains(b) && holders.contains(c));
        assert!(holders.remove(c) && !holders.is_empty());
        assert!(holders.remove(b) && holders.is_empty());
    }
}
