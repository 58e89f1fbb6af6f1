//! Tests of the log from outside, one binary: laws as properties, vectors, and what came from elsewhere.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, helpers included")]

mod chains;
mod encoding;
mod feeds;
mod forks;
mod keys;
mod laws;
mod log_laws;
mod meetup;
mod page;
mod people;
mod published;
mod raw;
mod rules;
mod vectors;
