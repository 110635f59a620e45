//! The door: a command is parsed, its library called, its answer printed.

mod arguments;
mod choose;
mod commands;
mod constants;
mod failure;
mod hints;
mod numbers;
mod output;
mod points;
mod published;
mod report;

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match commands::program().try_get_matches_from(typed()) {
        Ok(matches) => matches,
        Err(error) => {
            // Asking for help is no mistake, and a closed pipe no reason to panic.
            let said = error.render().ansi().to_string();
            match said.split_once("\n\nFor more information, try") {
                Some((wrong, _)) if wrong.contains("--per <COLUMN> <PARAMETERS>") => {
                    output::talk(format_args!("{wrong}\nhint: the column of families, then the parameters: {PER}"));
                }
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

/// An option of two values, of which one is forgotten easily.
const PER: &str = "--per arch A,alpha";

/// The command line, with negative numbers joined to the option before them: no option begins with a digit, but the
/// parser would take `-1` for one, and not for the value that our own checks refuse with a reason.
fn typed() -> Vec<OsString> {
    let option =
        |text: &OsString| text.to_str().is_some_and(|t| t.len() > 2 && t.starts_with("--") && !t.contains('='));
    let negative = |text: &OsString| {
        text.to_str()
            .and_then(|t| t.strip_prefix('-'))
            .is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    };
    let mut all: Vec<OsString> = Vec::new();
    for text in std::env::args_os() {
        match all.last_mut() {
            Some(before) if option(before) && negative(&text) => {
                before.push("=");
                before.push(text);
            }
            _ => all.push(text),
        }
    }
    all
}

/// Where the options of the command that was typed stand.
fn help() -> String {
    let mut words = std::env::args_os().skip(1).skip_while(|word| word == "help");
    let typed = words.next().unwrap_or_default();
    match typed.to_str().unwrap_or_default() {
        name if commands::is_known(name) => format!("isoloss {name} --help shows every option, with examples"),
        name => match commands::nearest(name) {
            Some(near) => format!("did you mean isoloss {near}? isoloss --help shows every command"),
            None => "isoloss --help shows every command".to_owned(),
        },
    }
}
