//! `propose_oracles`.
