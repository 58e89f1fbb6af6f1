//! Which occurrence of a series is meant.

use clap::Args;

/// The flag of every command that can be about one occurrence.
#[derive(Args, Clone, Debug)]
pub(crate) struct On {
    /// Of a series: the occurrence of that date, or of that local start [default: all of them]
    #[arg(long = "on", value_name = "DATE")]
    pub(crate) on: Option<String>,
}
