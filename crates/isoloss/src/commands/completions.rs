//! `isoloss completions SHELL`.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;
use isoloss_figures::catalogue::ALL as FIGURES;
use isoloss_laws::catalogue;

use super::{Run, list};
use crate::failure::Failure;
use crate::output;

/// Options of `completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell to write for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Run for Completions {
    const ABOUT: &str = "What a shell needs to complete commands and options";
    const EXAMPLES: &str = "Example:\n  isoloss completions bash > ~/.local/share/bash-completion/completions/isoloss";

    fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut named(super::program(), self.shell), "isoloss", &mut script);
        output::answer(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The program with the names that arguments may be, which its own parser does not know: each is refused by whoever reads it,
/// with a hint. Where a file may stand in the place of a name, only bash goes on to files.
fn named(program: Command, shell: Shell) -> Command {
    let files_too = shell == Shell::Bash;
    let names = |command: &str, argument: &str| -> Vec<&'static str> {
        match (command, argument) {
            ("figure", "name") => FIGURES.iter().map(|figure| figure.name).collect(),
            ("list", "what") if files_too => list::names().collect(),
            (_, "law") if files_too => catalogue::names().collect(),
            (_, "experiment") if files_too => experiments().collect(),
            _ => Vec::new(),
        }
    };
    program.mut_subcommands(|command| {
        let of = command.get_name().to_owned();
        command.mut_args(|argument| match names(&of, argument.get_id().as_str()) {
            none if none.is_empty() => argument,
            names => argument.value_parser(PossibleValuesParser::new(names)),
        })
    })
}

#[cfg(feature = "lab")]
fn experiments() -> impl Iterator<Item = &'static str> {
    isoloss::experiment::BUILT_IN.iter().map(|(name, _)| *name)
}

#[cfg(not(feature = "lab"))]
fn experiments() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}
