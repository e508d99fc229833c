//! Enumerations whose list the venue may lengthen.

/// An enum of the venue's names, serialised in snake case; a name that is not listed is kept.
///
/// `UNDEFINED` is no variant: it is what an absent value is.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$doc:meta])* $variant:ident = $wire:literal / $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A name that is not documented, as the venue spelled it.
            Other(Box<str>),
        }

        impl $name {
            /// The value that the venue calls `name`; `None` for `UNDEFINED`.
            #[inline]
            pub(crate) fn from_wire(name: &str) -> Option<Self> {
                match name {
                    $($wire => Some(Self::$variant),)*
                    "UNDEFINED" => None,
                    other => Some(Self::Other(other.into())),
                }
            }

            /// Its name in snake case, or the venue's own for one that is not documented.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Ok(match &*text {
                    $($text => Self::$variant,)*
                    other => Self::Other(other.into()),
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(super) use text_enum;
