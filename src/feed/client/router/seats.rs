use hashbrown::HashMap;

use super::Seat;

/// From here on a seat is found by its number, and not by looking at all of them.
const MANY: usize = 16;

/// The seats of the handles that want a topic. Taking one out costs the same however many there are.
#[derive(Debug, Default)]
pub(super) struct Seats {
    list: Vec<Seat>,
    /// Where in the list each stands, once there are many.
    index: Option<Box<HashMap<Seat, usize>>>,
}

impl Seats {
    pub(super) fn as_slice(&self) -> &[Seat] {
        &self.list
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a seat that is not there.
    pub(super) fn push(&mut self, seat: Seat) {
        self.list.push(seat);
        if let Some(index) = &mut self.index {
            index.insert(seat, self.list.len() - 1);
        } else if self.list.len() > MANY {
            let index = self.list.iter().enumerate().map(|(at, seat)| (*seat, at));
            self.index = Some(Box::new(index.collect()));
        }
    }

    /// Takes a seat out, if it is there.
    pub(super) fn remove(&mut self, seat: Seat) {
        let at = match &mut self.index {
            Some(index) => index.remove(&seat),
            None => self.list.iter().position(|held| *held == seat),
        };
        let Some(at) = at else { return };
        self.list.swap_remove(at);
        if let Some(index) = &mut self.index
            && let Some(moved) = self.list.get(at)
        {
            index.insert(*moved, at);
        }
        if self.list.is_empty() {
            self.index = None;
        }
    }

    /// Takes all of another's in.
    pub(super) fn append(&mut self, other: Self) {
        other.list.into_iter().for_each(|seat| self.push(seat));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_what_was_added_and_not_taken_out() {
        for seed in 0..100 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut seats, mut model) = (Seats::default(), std::collections::BTreeSet::new());
            for _ in 0..300 {
                let seat = random.usize(..40);
                if model.remove(&seat) {
                    seats.remove(seat);
                } else {
                    seats.remove(seat);
                    model.insert(seat);
                    seats.push(seat);
                }
                let mut held = seats.as_slice().to_vec();
                held.sort_unstable();
                assert_eq!(held, Vec::from_iter(model.iter().copied()), "seed {seed}");
            }
        }
    }
}
