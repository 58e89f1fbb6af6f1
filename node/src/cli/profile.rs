//! `klatch profile`

use clap::Args;

use super::exit::CliError;
use super::output::Printer;
use super::posted;
use super::reach::Node;
use crate::daemon::Request;

/// Say who you are: everybody who holds your log sees it; what you do not name stays
#[derive(Args, Debug)]
pub(super) struct ProfileArgs {
    /// What you are called, up to 60 bytes
    #[arg(long)]
    name: Option<String>,
    /// Something about you, up to 2,000 bytes
    #[arg(long)]
    about: Option<String>,
    /// Where else you are found, up to 5 of them; replaces those there
    #[arg(long = "link", value_name = "LINK")]
    links: Vec<String>,
    /// Take all links away
    #[arg(long, conflicts_with = "links")]
    no_links: bool,
}

/// Runs it.
pub(super) fn run(args: &ProfileArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let links = (args.no_links || !args.links.is_empty()).then(|| args.links.clone());
    let request = Request::Profile { name: args.name.clone(), about: args.about.clone(), links };
    posted(request, node, out, |_| "your profile is changed".to_owned())
}
