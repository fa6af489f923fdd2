//! A transfer hook for the tests of tokens with one.
