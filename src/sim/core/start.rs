//! How a fault starts.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use super::Core;
use crate::sim::{Fault, SessionId};

impl Core {
    /// Starts a fault; all but announcing a shutdown, which takes the venue's words.
    pub(in crate::sim) fn start(&mut self, target: Option<SessionId>, fault: Fault) {
        let now = self.now().instant;
        let sessions = self.targets(target);
        match fault {
            Fault::Heal => self.rules.clear(),
            Fault::Mute { .. } | Fault::MuteData { .. } | Fault::MuteTopic { .. } => {
                for session in sessions {
                    self.rules.add(fault.clone(), Some(session), now);
                }
            }
            Fault::Cut => sessions.into_iter().for_each(|session| self.cut(session)),
            Fault::SlowReader => {
                for session in sessions {
                    self.drop_slow(session);
                }
            }
            Fault::Close { code, reason } => self.send_each(&sessions, &close(code, &reason)),
            Fault::Empty => self.send_each(&sessions, &Message::text("")),
            Fault::Null => self.send_each(&sessions, &Message::text("null")),
            Fault::NonUtf8 => {
                // Not `Message::text`, which cannot hold what is not UTF-8.
                let broken = b"{\"time\":\xff\xfe}".to_vec();
                let frame = Frame::message(broken, OpCode::Data(Data::Text), true);
                self.send_each(&sessions, &Message::Frame(frame));
            }
            Fault::Oversize { bytes } => {
                let mut text = String::from("\"");
                text.extend(std::iter::repeat_n('x', bytes.saturating_sub(2)));
                text.push('"');
                self.send_each(&sessions, &Message::text(text));
            }
            Fault::Upgrade { .. } => {}
            Fault::StepClock { by, back } => {
                let by = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
                self.skew = self.skew.saturating_add(if back { -by } else { by });
            }
            Fault::Flap { .. } => {
                self.rules.add(fault, target, now);
                for session in sessions {
                    self.flap(session);
                }
            }
            standing => self.rules.add(standing, target, now),
        }
        self.update_mutes();
    }

    fn send_each(&mut self, sessions: &[SessionId], message: &Message) {
        for session in sessions {
            self.queue(*session, message.clone());
        }
    }
}

/// A close frame with this code.
pub(in crate::sim) fn close(code: u16, reason: &str) -> Message {
    Message::Close(Some(CloseFrame {
        code: CloseCode::from(code),
        reason: reason.to_owned().into(),
    }))
}
