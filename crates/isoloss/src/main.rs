//! The door: a command is parsed, its library called, its answer printed.

mod arguments;
mod choose;
mod commands;
mod failure;
mod numbers;
mod output;
mod points;
mod published;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match commands::program().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Asking for help is no mistake, and a closed pipe no reason to panic.
            let said = error.render().ansi().to_string();
            match said.split_once("\n\nFor more information, try") {
                Some((wrong, _)) => output::talk(format_args!("{wrong}\nhint: {}", help())),
                None => drop(error.print()),
            }
            return ExitCode::from(u8::from(error.use_stderr()) * failure::USAGE);
        }
    };
    match commands::run(&matches) {
        Ok(code) => code,
        Err(failure) => {
            output::talk(format_args!("{failure}"));
            ExitCode::from(failure.code)
        }
    }
}

/// Where the options of the command that was typed stand.
fn help() -> String {
    let typed = std::env::args().nth(1).filter(|name| commands::is_known(name));
    match typed {
        Some(name) => format!("isoloss {name} --help shows every option, with examples"),
        None => "isoloss --help shows every command".to_owned(),
    }
}
