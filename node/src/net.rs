//! What joins the owner of the log with other nodes.

pub mod shelf;
