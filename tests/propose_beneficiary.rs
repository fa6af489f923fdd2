//! `propose_beneficiary`.
