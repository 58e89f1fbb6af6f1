//! The wire, from its bytes up to two nodes over loopback.

mod handshake;
