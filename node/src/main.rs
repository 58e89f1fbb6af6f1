//! The binary: reads the command line, runs it, and turns its error into an exit code.

use klatch::cli::{Cli, Exit, plain};

fn main() {
    klatch::home::forbid_core_files();
    std::panic::set_hook(Box::new(|panic| {
        // Damaged pages make the database library panic; the store turns that into an error.
        if klatch_store::panics_are_caught() {
            return;
        }
        eprintln!(
            "a bug in Klatch: {panic}\nPlease report it with the command that led here; no key is in this text."
        );
        std::process::exit(Exit::Bug as i32);
    }));
    let exit = match Cli::from_args().run() {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("klatch: {}", plain(&error.to_string()));
            error.exit()
        }
    };
    std::process::exit(exit as i32);
}
