//! Venue simulators.
