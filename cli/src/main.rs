//! The feedline tool.
fn main() {}
