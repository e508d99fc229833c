//! Random scripts against a model that keeps everything in one `Vec` and searches it.

use proptest::prelude::*;

use super::tests::Item;
use super::*;
use crate::{Rejection, Scope, Status, StatusKind, Symbol};

#[derive(Clone, Copy, Debug)]
enum Step {
    Push { symbol: u8, slot: Option<i64> },
    Mark(u8),
    Pop,
}

fn steps(marks: u32, length: usize) -> impl Strategy<Value = Vec<Step>> {
    let symbol = 0..4_u8;
    let slot = prop_oneof![1 => Just(None), 5 => (0..2_i64).prop_map(Some)];
    let step = prop_oneof![
        20 => (symbol, slot).prop_map(|(symbol, slot)| Step::Push { symbol, slot }),
        marks => (0..4_u8).prop_map(Step::Mark),
        6 => Just(Step::Pop),
    ];
    prop::collection::vec(step, 0..length)
}

fn name(symbol: u8) -> Symbol {
    Symbol::new(char::from(b'A' + symbol).to_string())
}

fn status(which: u8) -> Status {
    let kind = match which {
        0 => StatusKind::Fresh,
        1 => StatusKind::Rejected(Rejection::new("X", None, "no")),
        2 => StatusKind::Rejected(Rejection::new("Y", None, "no")),
        _ => StatusKind::Interrupted {
            cause: crate::Interruption::NotUtf8,
        },
    };
    Status::new(kind, Scope::All)
}

/// What the model holds: the number of an event, how many were lost here, or a marker.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Data(Item),
    Lost(u64),
    Mark,
}

struct Model {
    tokens: Vec<Token>,
    capacity: usize,
    overflow: Overflow,
    merged: u64,
    dropped: u64,
    failed: bool,
}

impl Model {
    fn len(&self) -> usize {
        let data = |token: &&Token| matches!(token, Token::Data(_));
        self.tokens.iter().filter(data).count()
    }

    fn push(&mut self, item: Item) {
        let full = self.len() >= self.capacity;
        match self.overflow {
            Overflow::Wait => {}
            Overflow::Fail => {
                self.failed |= full;
                if self.failed {
                    self.dropped += 1;
                    return;
                }
            }
            Overflow::DropOldest => {
                if full {
                    self.drop_oldest();
                }
            }
            Overflow::Conflate => {
                for token in self.tokens.iter_mut().rev() {
                    let Token::Data(queued) = token else { break };
                    if queued.0 != item.0 {
                        continue;
                    }
                    if queued.2.is_none() || item.2.is_none() {
                        break;
                    }
                    if queued.2 == item.2 {
                        *queued = item;
                        self.merged += 1;
                        return;
                    }
                }
                if full {
                    self.drop_oldest();
                }
            }
        }
        self.tokens.push(Token::Data(item));
    }

    fn drop_oldest(&mut self) {
        let data = |token: &Token| matches!(token, Token::Data(_));
        let at = self.tokens.iter().position(data).unwrap();
        self.tokens[at] = Token::Lost(1);
        self.dropped += 1;
    }

    /// The next data, with how many were lost before it.
    fn pop_data(&mut self) -> (u64, Option<Item>) {
        let mut lost = 0;
        while !self.tokens.is_empty() {
            match self.tokens.remove(0) {
                Token::Data(item) => return (lost, Some(item)),
                Token::Lost(count) => lost += count,
                Token::Mark => {}
            }
        }
        (lost, None)
    }
}

/// Pops markers and then data; what the markers say was lost, and how many they stand for.
fn pop_data(queue: &mut Queue<Item>) -> (u64, u64, Option<Item>) {
    let (mut lost, mut marks) = (0, 0);
    loop {
        match queue.pop() {
            Some(Event::Data(item)) => return (lost, marks, Some(item)),
            Some(Event::Gap(gap)) => lost += gap.missed.unwrap(),
            Some(Event::Status(status)) => marks += 1 + status.folded,
            None => return (lost, marks, None),
        }
    }
}

fn policy() -> impl Strategy<Value = Overflow> {
    prop_oneof![
        Just(Overflow::DropOldest),
        Just(Overflow::Wait),
        Just(Overflow::Conflate),
        Just(Overflow::Fail),
    ]
}

proptest! {
    #[test]
    fn behaves_as_the_model(
        capacity in 1..12_usize,
        overflow in policy(),
        steps in steps(2, 200).prop_filter("few markers", |steps| {
            steps.iter().filter(|step| matches!(step, Step::Mark(_))).count() < MARKERS
        }),
    ) {
        let mut queue = Queue::new(capacity, overflow, GapIds::default());
        let mut model = Model { tokens: vec![], capacity, overflow, merged: 0, dropped: 0, failed: false };
        let (mut marked, mut seen) = (0, 0);
        for (number, step) in (0..).zip(steps.into_iter().chain([Step::Pop; 250])) {
            match step {
                Step::Push { symbol, slot } => {
                    let item = Item(name(symbol), number, slot);
                    model.push(item.clone());
                    queue.push(item);
                }
                Step::Mark(which) => {
                    model.tokens.push(Token::Mark);
                    queue.mark(status(which));
                    marked += 1;
                }
                Step::Pop => {
                    let (lost, marks, item) = pop_data(&mut queue);
                    seen += marks;
                    prop_assert_eq!((lost, item), model.pop_data());
                }
            }
            prop_assert_eq!(queue.len(), model.len().min(capacity));
            prop_assert_eq!(queue.room(), capacity.saturating_sub(model.len()));
            prop_assert_eq!(queue.merged(), model.merged);
            prop_assert_eq!(queue.dropped(), model.dropped);
            prop_assert_eq!(queue.failed(), model.failed);
        }
        prop_assert!(queue.is_empty());
        prop_assert_eq!(queue.markers(), 0);
        prop_assert_eq!(seen, marked, "every marker is seen or folded into one that is");
    }

    #[test]
    fn markers_stay_bounded_and_data_accounted_for(
        capacity in 1..400_usize,
        steps in steps(30, 800),
    ) {
        let mut queue = Queue::new(capacity, Overflow::DropOldest, GapIds::default());
        let (mut pushed, mut delivered, mut missed) = (0_i64, 0_i64, 0_i64);
        let (mut marked, mut seen) = (0, 0);
        let mut expect = |events: &mut dyn Iterator<Item = Event<Item>>| {
            for event in events {
                match event {
                    Event::Data(item) => {
                        // All that came before is delivered or counted ahead of this.
                        prop_assert_eq!(item.1, delivered + missed);
                        delivered += 1;
                    }
                    Event::Gap(gap) => missed += i64::try_from(gap.missed.unwrap()).unwrap(),
                    Event::Status(status) => seen += 1 + status.folded,
                }
            }
            Ok(())
        };
        for step in steps {
            match step {
                Step::Push { symbol, .. } => {
                    queue.push(Item(name(symbol), pushed, None));
                    pushed += 1;
                }
                Step::Mark(which) => {
                    queue.mark(status(which));
                    marked += 1;
                }
                Step::Pop => expect(&mut queue.pop().into_iter())?,
            }
            // Not counted are those of the oldest run, two refusals, a gap and two conditions, and of
            // one that is being taken.
            let most = capacity.max(MARKERS) + 2 * 5;
            prop_assert!(queue.markers() <= most, "{} markers", queue.markers());
        }
        expect(&mut std::iter::from_fn(|| queue.pop()))?;
        prop_assert_eq!(delivered + missed, pushed);
        prop_assert_eq!(seen, marked);
    }

    #[test]
    fn nothing_crosses_a_marker(
        capacity in 1..30_usize,
        overflow in policy(),
        steps in steps(30, 300),
    ) {
        let mut queue = Queue::new(capacity, overflow, GapIds::default());
        let mut pushed = 0_i64;
        for step in steps {
            match step {
                Step::Push { symbol, slot } => {
                    queue.push(Item(name(symbol), pushed, slot));
                    pushed += 1;
                }
                // The text says how much was pushed before.
                Step::Mark(_) => queue.mark(Status::new(
                    StatusKind::Rejected(Rejection::new("X", Some(pushed), "no")),
                    Scope::All,
                )),
                Step::Pop => {}
            }
        }
        let mut after = -1;
        let mut latest = -1;
        while let Some(event) = queue.pop() {
            match event {
                Event::Data(item) => {
                    prop_assert!(item.1 >= after);
                    latest = latest.max(item.1);
                }
                Event::Status(Status { kind: StatusKind::Rejected(rejection), .. }) => {
                    after = rejection.code.unwrap();
                    prop_assert!(latest < after);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn batches_are_what_their_events_are_one_by_one(
        capacity in 1..30_usize,
        overflow in policy(),
        marks in 0..2_u32,
        batches in prop::collection::vec((steps(1, 20), 0..20_usize), 0..30),
    ) {
        let mut queue = Queue::new(capacity, overflow, GapIds::default());
        let mut slow = Queue::new(capacity, overflow, GapIds::default());
        let (mut staged, mut taken) = (Batch::new(), Batch::new());
        let mut number = 0;
        for (steps, max) in batches {
            for step in steps {
                match step {
                    Step::Push { symbol, slot } => {
                        staged.push_data(Item(name(symbol), number, slot));
                        slow.push(Item(name(symbol), number, slot));
                        number += 1;
                    }
                    Step::Mark(which) if marks > 0 => {
                        staged.push_marker(status(which).into());
                        slow.mark(status(which));
                    }
                    Step::Mark(_) | Step::Pop => {}
                }
            }
            queue.offer_all(&mut staged);
            prop_assert!(staged.is_empty() && staged.markers() == 0);
            prop_assert_eq!(queue.len(), slow.len());
            prop_assert_eq!(queue.markers(), slow.markers());
            prop_assert_eq!(queue.high_water(), slow.high_water());
            prop_assert_eq!(queue.dropped(), slow.dropped());
            prop_assert_eq!(queue.merged(), slow.merged());
            prop_assert_eq!(queue.failed(), slow.failed());
            queue.take_into(&mut taken, max);
            prop_assert!(taken.len() <= max);
            while let Some(event) = taken.pop() {
                prop_assert_eq!(Some(event), slow.pop());
            }
            prop_assert_eq!(taken.markers(), 0);
        }
        while let Some(event) = queue.pop() {
            prop_assert_eq!(Some(event), slow.pop());
        }
        prop_assert_eq!(slow.pop(), None);
    }
}
