//! `klatch completions`

use clap::Args;
use clap_complete::Shell;

use super::exit::CliError;
use super::output::Printer;

/// Print the completions of a shell
///
/// For bash: `klatch completions bash > ~/.local/share/bash-completion/completions/klatch`
#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Runs it.
pub(super) fn run(args: &CompletionsArgs, out: &Printer) -> Result<(), CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "klatch", &mut text);
    out.raw(&text)
}
