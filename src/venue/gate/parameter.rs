//! What a channel can be subscribed with, besides its symbol.

use std::fmt;

/// A text that is not one of the values Gate offers, with those that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseParameterError {
    text: String,
    what: &'static str,
    valid: &'static [&'static str],
}

impl ParseParameterError {
    pub(super) fn new(text: &str, what: &'static str, valid: &'static [&'static str]) -> Self {
        Self {
            text: text.to_owned(),
            what,
            valid,
        }
    }

    /// The values that Gate offers.
    pub fn valid(&self) -> &'static [&'static str] {
        self.valid
    }
}

impl fmt::Display for ParseParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, what, valid } = self;
        let valid = valid.join(", ");
        write!(f, "{text:?} is not {what} of Gate: expected one of {valid}")
    }
}

impl std::error::Error for ParseParameterError {}

/// An enum whose variants are texts on the wire: `ALL`, `as_str`, `Display`, `FromStr`, serde.
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $what:literal {
            $($(#[$doc:meta])* $variant:ident = $text:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every value, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const TEXTS: &'static [&'static str] = &[$($text,)*];

            /// The venue's spelling.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The value that the venue spells `text`.
            pub(crate) fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::venue::gate::ParseParameterError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_text(text)
                    .ok_or_else(|| Self::Err::new(text, $what, Self::TEXTS))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use text_enum;

text_enum! {
    /// How many levels a side a full book of `spot.order_book` has.
    ///
    /// Source: Gate Spot WebSocket v4, Limited-Level Full Order Book Snapshot.
    pub enum Depth: "a book depth" {
        /// 5 levels a side.
        Levels5 = "5",
        /// 10 levels a side.
        Levels10 = "10",
        /// 20 levels a side.
        Levels20 = "20",
        /// 30 levels a side.
        Levels30 = "30",
        /// 50 levels a side.
        Levels50 = "50",
        /// 100 levels a side.
        Levels100 = "100",
    }
}

impl Depth {
    /// The number of levels.
    pub const fn levels(self) -> u16 {
        match self {
            Self::Levels5 => 5,
            Self::Levels10 => 10,
            Self::Levels20 => 20,
            Self::Levels30 => 30,
            Self::Levels50 => 50,
            Self::Levels100 => 100,
        }
    }

    /// The depth of frames that say level `levels`.
    pub(crate) fn from_levels(levels: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.levels() == levels)
    }
}

text_enum! {
    /// How often `spot.order_book` sends a full book.
    ///
    /// Source: Gate Spot WebSocket v4, Limited-Level Full Order Book Snapshot.
    pub enum BookSpeed: "a book speed" {
        /// Every 100 ms.
        Millis100 = "100ms",
        /// Every 1,000 ms.
        Millis1000 = "1000ms",
    }
}

text_enum! {
    /// How often `spot.order_book_update` sends changes, which also decides how deep it reaches.
    ///
    /// Source: Gate Spot WebSocket v4, Changed Order Book Levels.
    pub enum DeltaSpeed: "a book update speed" {
        /// Every 20 ms, of the best 20 levels a side.
        Millis20 = "20ms",
        /// Every 100 ms, of the best 100 levels a side.
        Millis100 = "100ms",
    }
}

impl DeltaSpeed {
    /// How many levels a side the channel maintains at this speed; deeper ones never change.
    pub const fn levels(self) -> u16 {
        match self {
            Self::Millis20 => 20,
            Self::Millis100 => 100,
        }
    }

    /// The speed whose frames say level `levels`.
    pub(crate) fn from_levels(levels: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.levels() == levels)
    }
}

text_enum! {
    /// How many levels a side a `spot.obu` stream has, which also decides how often it sends.
    ///
    /// Source: Gate Spot WebSocket v4, Order Book V2.
    pub enum ObuLevel: "an order book V2 level" {
        /// 50 levels a side, every 20 ms.
        Levels50 = "50",
        /// 400 levels a side, every 100 ms.
        Levels400 = "400",
    }
}

impl ObuLevel {
    /// The number of levels.
    pub const fn levels(self) -> u16 {
        match self {
            Self::Levels50 => 50,
            Self::Levels400 => 400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_list_what_is_valid() {
        let error = "40".parse::<Depth>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"40\" is not a book depth of Gate: expected one of 5, 10, 20, 30, 50, 100"
        );
        assert!("1000ms".parse::<DeltaSpeed>().is_err());
        assert_eq!("100ms".parse(), Ok(BookSpeed::Millis100));
        assert_eq!(ObuLevel::Levels400.to_string(), "400");
    }

    #[test]
    fn levels_are_what_the_text_says() {
        for depth in Depth::ALL {
            assert_eq!(depth.levels().to_string(), depth.as_str());
            assert_eq!(Depth::from_levels(depth.levels()), Some(*depth));
        }
        for level in ObuLevel::ALL {
            assert_eq!(level.levels().to_string(), level.as_str());
        }
        assert_eq!(Depth::from_levels(40), None);
        assert_eq!(DeltaSpeed::from_levels(20), Some(DeltaSpeed::Millis20));
    }
}
