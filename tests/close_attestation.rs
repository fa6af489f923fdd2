//! `close_attestation`.
