//! Which value of a row is which field.

use smol_str::SmolStr;

use super::field::Field;
use super::kind::EventKind;

/// The fields of each event type, as the server announced them and else as they were asked for.
///
/// A FEED_CONFIG changes the types that it names and leaves the others; COMPACT rows of a type that
/// no FEED_CONFIG has named are read by the list that was requested. Source: dxLink AsyncAPI,
/// FEED_CONFIG.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    /// By [`EventKind`].
    kinds: [Option<Box<Entry>>; EventKind::ALL.len()],
    /// Types that feedline has no type for.
    others: Vec<(SmolStr, Entry)>,
}

/// The most types without a kind; the oldest make room.
const MAX_OTHERS: usize = 256;

#[derive(Clone, Debug)]
struct Entry {
    layout: Layout,
    announced: bool,
}

impl Schema {
    /// The list asked for in FEED_SETUP, which counts until the server announces its own.
    pub(crate) fn request<S: AsRef<str>>(&mut self, name: &str, fields: &[S]) {
        if !self.entry(name).is_some_and(|entry| entry.announced) {
            self.put(name, fields, false);
        }
    }

    /// The list of a FEED_CONFIG.
    pub(crate) fn announce<S: AsRef<str>>(&mut self, name: &str, fields: &[S]) {
        self.put(name, fields, true);
    }

    fn put<S: AsRef<str>>(&mut self, name: &str, fields: &[S], announced: bool) {
        let entry = Entry {
            layout: Layout::new(fields),
            announced,
        };
        if let Some(kind) = EventKind::from_name(name) {
            self.kinds[kind as usize] = Some(Box::new(entry));
        } else if let Some(at) = self.others.iter().position(|(known, _)| known == name) {
            self.others[at].1 = entry;
        } else {
            if self.others.len() >= MAX_OTHERS {
                self.others.remove(0);
            }
            self.others.push((name.into(), entry));
        }
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        match EventKind::from_name(name) {
            Some(kind) => self.kinds[kind as usize].as_deref(),
            None => {
                let other = self.others.iter().find(|(known, _)| known == name);
                other.map(|(_, entry)| entry)
            }
        }
    }

    /// How rows of the type are laid out; `None` if neither side has said.
    #[inline]
    pub(super) fn layout(&self, kind: Option<EventKind>, name: &str) -> Option<&Layout> {
        let entry = match kind {
            Some(kind) => self.kinds[kind as usize].as_deref(),
            None => self.entry(name),
        };
        entry.map(|entry| &entry.layout)
    }
}

/// One type's fields in the order of its rows.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    names: Vec<SmolStr>,
    /// By [`Field`]; [`ABSENT`] where the list lacks it.
    positions: [u16; Field::COUNT],
}

const ABSENT: u16 = u16::MAX;

impl Layout {
    pub(super) fn new<S: AsRef<str>>(fields: &[S]) -> Self {
        let mut positions = [ABSENT; Field::COUNT];
        for (at, name) in fields.iter().enumerate() {
            let Ok(at) = u16::try_from(at) else { break };
            if let Some(field) = Field::from_name(name.as_ref()) {
                positions[field as usize] = at;
            }
        }
        Self {
            names: fields.iter().map(|name| name.as_ref().into()).collect(),
            positions,
        }
    }

    /// Values a row.
    #[inline]
    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    /// The names as the server spells them.
    pub(super) fn names(&self) -> &[SmolStr] {
        &self.names
    }

    /// Where in a row the field is.
    #[inline]
    pub(super) fn position(&self, field: Field) -> Option<usize> {
        match self.positions[field as usize] {
            ABSENT => None,
            at => Some(usize::from(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(schema: &Schema, name: &str) -> Vec<String> {
        let layout = schema.layout(EventKind::from_name(name), name);
        let names = layout.map(|layout| layout.names().iter().map(ToString::to_string).collect());
        names.unwrap_or_default()
    }

    #[test]
    fn a_config_changes_only_the_types_it_names() {
        let mut schema = Schema::default();
        schema.request("Quote", &["eventSymbol", "bidPrice"]);
        schema.request("News", &["eventSymbol", "body"]);
        schema.announce("Trade", &["price", "eventSymbol"]);
        assert_eq!(names(&schema, "Quote"), ["eventSymbol", "bidPrice"]);
        assert_eq!(names(&schema, "Trade"), ["price", "eventSymbol"]);
        assert_eq!(names(&schema, "News"), ["eventSymbol", "body"]);
        schema.announce("News", &["body"]);
        assert_eq!(names(&schema, "News"), ["body"]);
        assert!(schema.layout(None, "Other").is_none());
    }

    #[test]
    fn the_servers_list_outlives_a_new_wish() {
        let mut schema = Schema::default();
        schema.announce("Quote", &["askPrice", "eventSymbol"]);
        schema.request("Quote", &["eventSymbol", "askPrice", "bidPrice"]);
        let layout = schema.layout(Some(EventKind::Quote), "Quote").unwrap();
        assert_eq!(layout.width(), 2);
        assert_eq!(layout.position(Field::AskPrice), Some(0));
        assert_eq!(layout.position(Field::BidPrice), None);
    }
}
