use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What one channel brought over one connection, or over all of a client's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelCounters {
    /// Messages with at least one event of a subscribed topic.
    pub messages: u64,
    /// Events of subscribed topics.
    pub events: u64,
    /// Messages that could not be read, where the channel could.
    pub errors: u64,
    /// Payload bytes of those messages.
    pub bytes: u64,
    /// When the last of them was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Timestamp>,
    /// Gaps announced, other than those of full queues.
    pub gaps: u64,
    /// Events left out because they had come before, such as old changes of a book.
    #[serde(default)]
    pub repeated: u64,
}

impl ChannelCounters {
    /// Adds what another connection counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.events += other.events;
        self.errors += other.errors;
        self.bytes += other.bytes;
        self.last_message = self.last_message.max(other.last_message);
        self.gaps += other.gaps;
        self.repeated += other.repeated;
    }
}

/// The life of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConnectionCounters {
    /// How often it was opened.
    pub connects: u64,
    /// How often opening failed.
    pub connect_failures: u64,
    /// How often it was lost after it was open.
    pub disconnects: u64,
    /// When it was last opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connect: Option<Timestamp>,
    /// Frames received, of any kind.
    pub frames: u64,
    /// Messages whose topic could not be read.
    pub unreadable: u64,
    /// Messages of no interest or of unknown kind.
    pub ignored: u64,
    /// Values of optional fields that could not be held exactly and were left out.
    pub dropped_values: u64,
    /// When anything was last received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received: Option<Timestamp>,
}

impl ConnectionCounters {
    /// Adds what a later life of the same connection counted.
    pub(crate) fn add(&mut self, later: &Self) {
        self.connects += later.connects;
        self.connect_failures += later.connect_failures;
        self.disconnects += later.disconnects;
        self.last_connect = self.last_connect.max(later.last_connect);
        self.frames += later.frames;
        self.unreadable += later.unreadable;
        self.ignored += later.ignored;
        self.dropped_values += later.dropped_values;
        self.last_received = self.last_received.max(later.last_received);
    }
}
