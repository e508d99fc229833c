use super::text_enum::text_enum;

text_enum! {
    /// The code of the venue's ERROR message.
    ///
    /// Source: dxLink AsyncAPI, ERROR.
    ErrorCode {
        /// The version that SETUP named is not supported. A retry does not help.
        UnsupportedProtocol = "UNSUPPORTED_PROTOCOL" / "unsupported_protocol",
        /// A message that was expected did not come in time; the server closes as a rule.
        Timeout = "TIMEOUT" / "timeout",
        /// The action needs an authorization, or the token was refused.
        Unauthorized = "UNAUTHORIZED" / "unauthorized",
        /// The server could not read a message: a defect of the client.
        InvalidMessage = "INVALID_MESSAGE" / "invalid_message",
        /// The message broke the protocol, such as a channel of an even number.
        BadAction = "BAD_ACTION" / "bad_action",
        /// Anything else.
        Unknown = "UNKNOWN" / "unknown",
    }
}

/// What to do about an ERROR.
#[allow(dead_code, reason = "written for the protocol, which comes next")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Give up: a retry would be answered the same.
    Fatal,
    /// Connect again.
    Reconnect,
    /// Get another token and connect again; give up if that is refused too.
    Reauthorize,
    /// Report it and go on.
    Report,
}

#[allow(dead_code, reason = "written for the protocol, which comes next")]
impl ErrorCode {
    /// What to do about an ERROR of this code with this text.
    pub(crate) fn remedy(&self, message: &str) -> Remedy {
        match self {
            // Said to a client that sent AUTH before the first AUTH_STATE: its token may be good.
            Self::Unauthorized if message.contains("Session not found") => Remedy::Reconnect,
            Self::Unauthorized => Remedy::Reauthorize,
            Self::UnsupportedProtocol => Remedy::Fatal,
            Self::Timeout => Remedy::Reconnect,
            Self::InvalidMessage | Self::BadAction | Self::Unknown | Self::Other(_) => {
                Remedy::Report
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_sent_too_early_may_be_good() {
        let unauthorized = ErrorCode::from_wire("UNAUTHORIZED").unwrap();
        let early = "Session not found: x";
        assert_eq!(unauthorized.remedy(early), Remedy::Reconnect);
        assert_eq!(unauthorized.remedy("bad token"), Remedy::Reauthorize);
        let other = ErrorCode::from_wire("SOMETHING").unwrap();
        assert_eq!(other, ErrorCode::Other("SOMETHING".into()));
        assert_eq!(other.remedy(""), Remedy::Report);
    }
}
