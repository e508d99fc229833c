/// Which prices candles are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CandlePrice {
    /// Last prices.
    #[default]
    Last,
    /// Bids.
    Bid,
    /// Asks.
    Ask,
    /// The middle between bid and ask.
    Mark,
    /// Settlement prices.
    Settlement,
}

impl CandlePrice {
    /// By their names, the last in the venue's short form.
    const ALL: [(&'static str, Self); 5] = [
        ("last", Self::Last),
        ("bid", Self::Bid),
        ("ask", Self::Ask),
        ("mark", Self::Mark),
        ("settlement", Self::Settlement),
    ];

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Bid => "bid",
            Self::Ask => "ask",
            Self::Mark => "mark",
            Self::Settlement => "s",
        }
    }

    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        named(text, &Self::ALL).ok_or_else(|| {
            format!("price is one of last, bid, ask, mark and s (settlement), unlike {text:?}")
        })
    }
}

/// Where the counting of candles begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CandleAlignment {
    /// At midnight.
    #[default]
    Midnight,
    /// At the beginning of the trading session.
    Session,
}

impl CandleAlignment {
    const ALL: [(&'static str, Self); 2] =
        [("midnight", Self::Midnight), ("session", Self::Session)];

    pub(super) const fn letter(self) -> char {
        match self {
            Self::Midnight => 'm',
            Self::Session => 's',
        }
    }

    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        named(text, &Self::ALL).ok_or_else(|| {
            format!("the alignment a is m (midnight) or s (session), unlike {text:?}")
        })
    }
}

/// `true` or `false`.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    let names = [("true", true), ("false", false)];
    named(text, &names).ok_or_else(|| format!("tho is true or false, unlike {text:?}"))
}

/// The first of `names` that `text`, in any case, is the beginning of, or the plural.
pub(super) fn named<T: Copy>(text: &str, names: &[(&str, T)]) -> Option<T> {
    let begins = |name: &str| {
        let head = name.get(..text.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(text))
    };
    let plural = |name: &str| {
        let head = text.strip_suffix(['s', 'S']);
        head.is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    let found = names
        .iter()
        .find(|(name, _)| !text.is_empty() && (begins(name) || plural(name)));
    found.map(|(_, value)| *value)
}
