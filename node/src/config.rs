//! Flags and environment become one `Config`, once.

use std::io::IsTerminal;
use std::path::PathBuf;

use chrono_tz::Tz;
use clap::{Args, ValueEnum};

use crate::clock;
use crate::home::Home;

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Folder of the identity and its log [default: the platform's data folder]
    #[arg(long, value_name = "DIR", global = true, env = "KLATCH_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
    /// Print one JSON document, and nothing else, on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results only: no hints, no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Whether to colour what is printed
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t)]
    pub color: Color,
    #[arg(long, global = true, hide = true, env = "NO_COLOR", value_parser = clap::builder::FalseyValueParser::new())]
    no_color: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Also into files and pipes
    Always,
    /// Nowhere
    Never,
}

/// How this run of the program was asked to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the identity lives.
    pub home: Home,
    /// One JSON document on standard output.
    pub json: bool,
    /// Results only.
    pub quiet: bool,
    /// Colour on standard output.
    pub paint: bool,
    /// The zone of whoever reads.
    pub zone: Tz,
}

/// There is no folder to take.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no folder for the identity: this user has no home folder; name one with --home")]
pub struct NoHome;

impl Config {
    /// From flags and environment.
    pub fn new(global: &Global) -> Result<Self, NoHome> {
        let dir = global.home.clone().or_else(Home::default_dir).ok_or(NoHome)?;
        let paint = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !global.no_color && std::io::stdout().is_terminal(),
        };
        Ok(Self {
            home: Home::at(dir),
            json: global.json,
            quiet: global.quiet,
            paint: paint && !global.json,
            zone: clock::local_zone(),
        })
    }
}
