//! A protocol made up here: `sub 7 A,B` and `unsub 8 A` are answered by `ok 7` or `no 7 B`; `A 12` is a
//! price, and `retire 60` announces the connection's end. Names that begin with `c:` are candles, with
//! `n:` what happens to be numbered, with `p:` what is promised to be, with `b:` books, and with
//! `t:` prices whose number is their time in tenths of a second.

use std::cell::Cell;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use hashbrown::Equivalent;

use crate::feed::{
    Carries, ChannelSpec, Join, Malformed, Numbering, Op, Output, Position, Protocol, Refusal,
    Request, RequestId, Spec, Topics,
};
use crate::market::Record;
use crate::transport::{Address, Frame, FrameRef};
use crate::{Error, ErrorKind, Now, Symbol, Timestamp};

static PRICES: ChannelSpec = ChannelSpec::new("prices");
static CANDLES: ChannelSpec = ChannelSpec::new("candles");
static NUMBERED: ChannelSpec = ChannelSpec::new("numbered").numbered(Numbering::Learned);
static PROMISED: ChannelSpec = ChannelSpec::new("promised").numbered(Numbering::Promised);
static BOOKS: ChannelSpec = ChannelSpec::new("books")
    .numbered(Numbering::Promised)
    .join(Join::Resubscribe);

thread_local! {
    /// How often topics were hashed or compared on this thread.
    pub(super) static LOOKS: Cell<usize> = const { Cell::new(0) };
}

fn looked() {
    LOOKS.set(LOOKS.get() + 1);
}

#[derive(Clone, Debug)]
pub(super) struct Topic(pub(super) Symbol);

impl PartialEq for Topic {
    fn eq(&self, other: &Self) -> bool {
        looked();
        self.0 == other.0
    }
}

impl Eq for Topic {}

impl Hash for Topic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        looked();
        self.0.as_str().hash(state);
    }
}

impl crate::feed::Topic for Topic {
    fn channel(&self) -> &'static ChannelSpec {
        match self.0.get(..2) {
            Some("c:") => &CANDLES,
            Some("n:") => &NUMBERED,
            Some("p:") => &PROMISED,
            Some("b:") => &BOOKS,
            _ => &PRICES,
        }
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.0)
    }

    fn batch(&self) -> Option<u32> {
        Some(0)
    }
}

#[derive(Hash)]
struct Key<'a>(&'a str);

impl Equivalent<Topic> for Key<'_> {
    fn equivalent(&self, topic: &Topic) -> bool {
        topic.0 == *self.0
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Price {
    pub(super) symbol: Symbol,
    pub(super) price: u64,
}

impl Record for Price {
    const LATEST_REPLACES: bool = false;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn received(&self) -> Option<Timestamp> {
        None
    }
}

impl Carries<Price> for Price {
    fn into_event(self) -> Option<Price> {
        Some(self)
    }

    fn to_event(&self) -> Option<Price> {
        Some(self.clone())
    }
}

pub(super) struct Toy {
    spec: Spec,
    address: Address,
}

impl Toy {
    pub(super) fn new(spec: Spec, host: &str) -> Self {
        let address = Address::parse(&format!("ws://{host}/")).expect("a URL");
        Self { spec, address }
    }
}

impl Protocol for Toy {
    type Topic = Topic;
    type Event = Price;
    type Effect = Infallible;
    type Reply = Infallible;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(event: &Price) -> Option<Timestamp> {
        let tenths = i64::try_from(event.price).ok()?;
        let dated = event.symbol.starts_with("t:");
        dated
            .then(|| Timestamp::from_millis(tenths * 100))
            .flatten()
    }

    fn position(event: &Price) -> Option<Position> {
        let numbered = event.symbol.starts_with("n:") || event.symbol.starts_with("p:");
        let (first, last) = (event.price, event.price);
        numbered.then_some(Position { first, last })
    }

    fn open(&mut self, _: Now, out: &mut impl Output<Self>) {
        out.live();
    }

    fn frame(
        &mut self,
        _: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed> {
        let FrameRef::Text(text) = frame else {
            return Err(Malformed::new("not text"));
        };
        let mut words = text.split(' ');
        let (first, second) = (words.next(), words.next());
        let (Some(first), Some(second)) = (first, second) else {
            return Err(Malformed::new("one word"));
        };
        let number = || second.parse().map_err(|_| Malformed::new("not a number"));
        match first {
            "ok" => out.settled(RequestId(number()?)),
            "no" => {
                let named = words.next().and_then(|name| topics.find(&Key(name)));
                let mut refusal = Refusal::new("unknown");
                refusal.topic = named;
                out.refused(RequestId(number()?), refusal);
            }
            "die" => {
                let error = Error::new(ErrorKind::Internal(second.to_owned()));
                out.fail(crate::feed::Failure::Fatal(error));
            }
            "complain" => {
                let held = topics.find(&Key(second));
                out.complained(held.as_slice(), Refusal::passing("slow"));
            }
            "retire" => out.retire(Duration::from_secs(number()?.into())),
            "panic" => panic!("on purpose"),
            name => {
                if let Some(id) = topics.find(&Key(name)) {
                    let (symbol, price) = (Symbol::new(name), u64::from(number()?));
                    out.event(id, Price { symbol, price });
                }
            }
        }
        Ok(())
    }

    fn request(
        &mut self,
        _: Now,
        request: Request<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let names = request.topics.iter().map(|id| topics.get(*id).0.as_str());
        let names: Vec<_> = names.collect();
        let verb = match request.op {
            Op::Subscribe => "sub",
            Op::Unsubscribe => "unsub",
        };
        let text = format!("{verb} {} {}", request.id.0, names.join(","));
        out.send(Frame::text(text));
    }

    fn heartbeat(&mut self, _: Now, _: &mut impl Output<Self>) {}

    fn reply(&mut self, _: Now, reply: Infallible, _: &Topics<Topic>, _: &mut impl Output<Self>) {
        match reply {}
    }

    fn timeout(&mut self, _: Now, _: &Topics<Topic>, _: &mut impl Output<Self>) {}
}
