//! A line of the input as the bytes of a frame.

use std::borrow::Cow;

/// The frame's bytes, or why the line is none.
pub(crate) fn bytes(line: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    match line.strip_prefix(b"hex:") {
        Some(digits) => hex(digits.trim_ascii()).map(Cow::Owned),
        None if std::str::from_utf8(line).is_err() => Err("the text is not UTF-8"),
        None if line.trim_ascii().is_empty() => Err("the line is empty"),
        None => Ok(Cow::Borrowed(line)),
    }
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of hex digits");
    }
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect();
    bytes.ok_or("not only hex digits after hex:")
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| value.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_or_refused() {
        assert_eq!(bytes(b"hex:7b7D\r").as_deref(), Ok(&b"{}"[..]));
        assert_eq!(bytes(b"hex:").as_deref(), Ok(&b""[..]));
        assert!(bytes(b"hex:7").is_err());
        assert!(bytes(b"hex:7g").is_err());
        assert!(bytes(b"hex:+f").is_err());
    }

    #[test]
    fn text_is_taken_as_it_is() {
        assert_eq!(bytes(b" {} ").as_deref(), Ok(&b" {} "[..]));
        assert!(bytes(b"\xff").is_err());
        assert!(bytes(b"\r").is_err());
    }
}
