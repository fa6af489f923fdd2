//! `accept_beneficiary`.
