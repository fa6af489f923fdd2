//! `propose_authority`.
