//! The venues, one folder and one feature each.

#[cfg(feature = "gate")]
pub mod gate;
