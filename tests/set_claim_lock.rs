//! `set_claim_lock`.
