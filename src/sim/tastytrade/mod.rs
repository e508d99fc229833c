//! tastytrade, simulated.
