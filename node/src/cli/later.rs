//! Commands that are named already, so that scripts and people find out what is missing.

use clap::Args;

use super::exit::CliError;

/// Arguments of a command that takes whatever it is given, and says that it is not here yet.
#[derive(Args, Debug)]
pub(super) struct LaterArgs {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Says so.
pub(super) fn not_yet(what: &'static str, instead: &'static str) -> Result<(), CliError> {
    Err(CliError::NotYet { what, instead })
}
