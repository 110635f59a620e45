//! `isoloss completions SHELL`.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::Run;
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
        clap_complete::generate(self.shell, &mut super::program(), "isoloss", &mut script);
        output::answer(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}
