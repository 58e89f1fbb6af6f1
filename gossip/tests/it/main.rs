//! The wire, from its bytes up to two nodes over loopback.

#![expect(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod converge;
mod handshake;
mod lan;
