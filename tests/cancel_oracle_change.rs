//! `cancel_oracle_change`.
