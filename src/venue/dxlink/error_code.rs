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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Give up: a retry would be answered the same.
    Fatal,
    /// Connect again.
    Reconnect,
    /// Get another token and connect again; give up if that is refused too.
    Reauthorize,
    /// What is being asked for on the channel is not carried out: ask for it again later.
    Refuse,
    /// Report it and go on.
    Report,
}

impl ErrorCode {
    /// What to do about an ERROR of this code with this text, on the connection itself or on a
    /// channel that is ours.
    ///
    /// | code | on channel 0 | on another |
    /// |---|---|---|
    /// | `UNSUPPORTED_PROTOCOL` | fatal | what was asked for is refused |
    /// | `TIMEOUT` | connect again: the server closes as a rule | the same |
    /// | `UNAUTHORIZED` | another token; fatal if that is refused too | the same: the token does not allow it |
    /// | `UNAUTHORIZED`, "Session not found" | connect again: AUTH came too early | connect again |
    /// | `BAD_ACTION`, `UNKNOWN`, any other | reported; if one channel is being opened, that is refused | the same |
    /// | `INVALID_MESSAGE` | reported: a message of ours was not understood, nobody says which | reported |
    ///
    /// Source: dxLink AsyncAPI, ERROR, for the codes and that the channel is their scope; tastyware
    /// issues 338 and 339 for the early AUTH; the rest is not documented.
    pub(crate) fn remedy(&self, message: &str, on_channel: bool) -> Remedy {
        match self {
            // Said to a client that sent AUTH before the first AUTH_STATE: its token may be good.
            Self::Unauthorized if message.contains("Session not found") => Remedy::Reconnect,
            Self::InvalidMessage => Remedy::Report,
            _ if on_channel => Remedy::Refuse,
            Self::Unauthorized => Remedy::Reauthorize,
            Self::UnsupportedProtocol => Remedy::Fatal,
            Self::Timeout => Remedy::Reconnect,
            Self::BadAction | Self::Unknown | Self::Other(_) => Remedy::Report,
        }
    }

    /// The code as the venue spells it, and its words.
    pub(crate) fn words(&self, text: &str) -> String {
        let code: String = self.as_str().chars().take(CODE).collect();
        let text: String = text.chars().take(WORDS).collect();
        format!("{}: {text}", code.to_ascii_uppercase())
    }
}

/// The most characters of a code and of a text that are kept.
const CODE: usize = 40;
const WORDS: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_sent_too_early_may_be_good() {
        let unauthorized = ErrorCode::from_wire("UNAUTHORIZED").unwrap();
        let early = "Session not found: x";
        for on_channel in [false, true] {
            assert_eq!(unauthorized.remedy(early, on_channel), Remedy::Reconnect);
        }
        let remedy = unauthorized.remedy("bad token", false);
        assert_eq!(remedy, Remedy::Reauthorize);
        let other = ErrorCode::from_wire("SOMETHING").unwrap();
        assert_eq!(other, ErrorCode::Other("SOMETHING".into()));
        assert_eq!(other.remedy("", false), Remedy::Report);
    }

    #[test]
    fn an_error_of_a_channel_ends_neither_the_connection_nor_the_feed() {
        for code in [
            "UNSUPPORTED_PROTOCOL",
            "TIMEOUT",
            "UNAUTHORIZED",
            "BAD_ACTION",
            "UNKNOWN",
            "NEW",
        ] {
            let code = ErrorCode::from_wire(code).unwrap();
            assert_eq!(code.remedy("no", true), Remedy::Refuse, "{code}");
        }
        let invalid = ErrorCode::from_wire("INVALID_MESSAGE").unwrap();
        assert_eq!(invalid.remedy("no", true), Remedy::Report);
    }

    #[test]
    fn words_are_bounded() {
        assert_eq!(ErrorCode::BadAction.words("no"), "BAD_ACTION: no");
        let code = ErrorCode::Other("é".repeat(1_000).into());
        assert_eq!(
            code.words(&"ü".repeat(9_999)).chars().count(),
            CODE + 2 + WORDS
        );
    }
}
