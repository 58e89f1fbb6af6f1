//! The program from outside: real processes, homes and sockets.

#![expect(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod door;
mod person;
mod pub_server;
mod two_nodes;
