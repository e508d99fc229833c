//! The decoder's two paths, for feedline's own benches. Not part of the API.

use std::hint::black_box;

use super::{decode as decoder, scan as scanner};

/// Whether the scanner reads `frame`.
pub fn scan(frame: &[u8]) -> bool {
    black_box(scanner::scan(black_box(frame), None)).is_some()
}

/// Whether the serde path reads `frame`.
pub fn serde(frame: &[u8]) -> bool {
    black_box(decoder::decode_any(black_box(frame), None)).is_ok()
}

/// Whether the decoder reads `frame`, by whichever path.
pub fn decode(frame: &[u8]) -> bool {
    black_box(decoder::decode(black_box(frame), None)).is_ok()
}
