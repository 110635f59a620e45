//! `isoloss man FOLDER`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Run;
use crate::failure::Failure;
use crate::output;

/// Options of `man`.
#[derive(Args, Debug)]
pub struct Man {
    /// Where the pages go, one for the program and one for each command: a folder that is there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Run for Man {
    const ABOUT: &str = "Manual pages, one for each command";
    const EXAMPLES: &str = "Example:\n  isoloss man ~/.local/share/man/man1\n  man isoloss-fit";

    fn run(self) -> Result<ExitCode, Failure> {
        let folder = self.folder.display();
        if !self.folder.is_dir() {
            return Err(Failure::usage(format_args!("{folder}: no folder"), format_args!("mkdir -p {folder}")));
        }
        clap_mangen::generate_to(super::program(), &self.folder).map_err(|error| {
            Failure::could_not(format_args!("{folder}: {error}"), "a folder that can be written to")
        })?;
        output::talk(format_args!("wrote {} pages to {folder}", pages(&super::program())));
        Ok(ExitCode::SUCCESS)
    }
}

/// One for a command and for each of its own.
fn pages(command: &clap::Command) -> usize {
    1 + command.get_subcommands().map(pages).sum::<usize>()
}
