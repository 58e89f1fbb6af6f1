//! What must hold whatever a peer sends: the properties that the fuzz targets check, one module a target.
//! `cargo test` replays the committed corpus through the same functions.

pub mod exchange;
pub mod frame;
pub mod message;

/// One target: its name, and what it checks.
pub type Target = (&'static str, fn(&[u8]));

/// Every target of this crate.
pub const TARGETS: [Target; 3] =
    [("frame", frame::check), ("message", message::check), ("exchange", exchange::check)];
