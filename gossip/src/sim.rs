//! A simulated network with a seed and a virtual clock, driving the real [`crate::sync::Exchange`].
//!
//! Nothing in here is part of a node: it is for tests, and for `examples/sim.rs`, which runs many seeds.

pub mod author;
pub mod shelf;
