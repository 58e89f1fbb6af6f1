//! Tests of the log from outside, one binary: laws as properties, vectors, and what came from elsewhere.

mod chains;
mod feeds;
mod log_laws;
