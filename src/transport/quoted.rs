//! What others say, as it may be shown.

use std::borrow::Cow;

/// Most bytes of another side's words that are repeated.
const WORDS: usize = 200;
/// Secrets shorter than this are not looked for: they would be found everywhere.
const SECRET: usize = 4;

/// The words of another side: on one line, bounded, and without `secrets`.
pub(crate) fn quoted<'a>(words: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = Cow::Borrowed(words);
    for secret in secrets {
        if secret.len() >= SECRET && words.contains(secret) {
            words = Cow::Owned(words.replace(secret, "…"));
        }
    }
    let mut shown = String::new();
    for word in words.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if shown.len() > WORDS {
            let end = shown.char_indices().map(|(at, _)| at);
            let end = end.take_while(|at| *at <= WORDS).last();
            shown.truncate(end.unwrap_or_default());
            shown.push('…');
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bounded_on_one_line_and_without_secrets() {
        let shown = quoted(" the\tkey hunter2\r\nis\u{7} wrong ", ["hunter2", "", "is"]);
        assert_eq!(shown, "the key … is wrong");
        let long = quoted(&"é".repeat(10_000), []);
        assert_eq!(long, "é".repeat(100) + "…");
    }
}
