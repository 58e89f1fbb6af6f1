//! The wire: Noise, frames, discovery, and replication as a state machine without I/O.
//!
//! Layers, each knowing only the one below: [`sync`] (what to say), [`noise`] (encrypted frames of bytes),
//! [`link`] (one TCP stream); [`peers`] decides whom to dial. Only [`link`] and [`lan`] touch a socket.
//! Source: spec/gossip.md.

pub mod lan;
pub mod link;
pub mod noise;
pub mod peers;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sync;
