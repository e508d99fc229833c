//! Gate (gate.com, formerly gate.io).
