//! The wire, from its bytes up to two nodes over loopback.

#![expect(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]
#![expect(clippy::disallowed_methods, reason = "tests of time run on tokio's clock, which stands still")]

mod again;
mod converge;
mod ended;
mod faults;
mod handshake;
mod hostile;
mod lan;
mod limits;
mod listens;
mod lists;
mod loopback;
mod storm;
mod succession;
mod vectors;
