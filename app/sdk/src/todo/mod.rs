//! What is to be done in a plan now: by whom and until when ([`agenda`]), and what anyone can do ([`due`]), also with
//! what price feeds publish ([`observing`]).

pub mod agenda;
pub mod due;
pub mod observing;
