//! The commands: one file and one line in [`ALL`] each. Help is made from the list.

mod compare;
mod completions;
#[cfg(feature = "lab")]
mod coordinates;
mod figure;
mod fit;
mod knowledge;
mod list;
mod man;
mod mixture;
mod next;
mod plan;
mod predict;
mod report;
#[cfg(feature = "lab")]
mod run;
mod runs;
mod score;
mod tell;
#[cfg(feature = "lab")]
mod train;

use std::fmt;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::failure::Failure;
use crate::output::shell;

/// Every command, in the order of the help.
const ALL: &[Entry] = &[
    #[cfg(feature = "lab")]
    entry::<run::Run>("Measure", "run"),
    #[cfg(feature = "lab")]
    entry::<train::Train>("Measure", "train"),
    #[cfg(feature = "lab")]
    entry::<coordinates::Coordinates>("Measure", "coordinates"),
    entry::<runs::Runs>("Measure", "runs"),
    entry::<fit::Fit>("Explain", "fit"),
    entry::<predict::Predict>("Explain", "predict"),
    entry::<compare::Compare>("Explain", "compare"),
    entry::<plan::Plan>("Explain", "plan"),
    entry::<score::Score>("Explain", "score"),
    entry::<knowledge::Knowledge>("Explain", "knowledge"),
    entry::<figure::Figure>("Show", "figure"),
    entry::<report::Report>("Show", "report"),
    entry::<list::List>("Other", "list"),
    entry::<completions::Completions>("Other", "completions"),
    entry::<man::Man>("Other", "man"),
];

/// What a command is: options, and what is done with them.
trait Run: FromArgMatches + Args {
    /// One line for the list of commands.
    const ABOUT: &str;
    /// Shown below its help.
    const EXAMPLES: &str;

    fn run(self) -> Result<ExitCode, Failure>;
}

struct Entry {
    heading: &'static str,
    name: &'static str,
    about: &'static str,
    command: fn(&'static str) -> Command,
    run: fn(&ArgMatches) -> Result<ExitCode, Failure>,
}

const fn entry<C: Run>(heading: &'static str, name: &'static str) -> Entry {
    Entry {
        heading,
        name,
        about: C::ABOUT,
        // After the options, whose own description would stand in its place.
        command: |name| C::augment_args(Command::new(name)).about(C::ABOUT).long_about(None).after_help(C::EXAMPLES),
        run: |matches| match C::from_arg_matches(matches) {
            Ok(command) => command.run(),
            Err(error) => error.exit(),
        },
    }
}

/// The whole program for the parser.
pub fn program() -> Command {
    let mut list = String::new();
    let mut heading = "";
    for entry in ALL {
        if entry.heading != heading {
            heading = entry.heading;
            list.push_str(&format!("\n\x1b[1m{heading}\x1b[0m\n"));
        }
        list.push_str(&format!("  {:<14}{}\n", entry.name, entry.about));
    }
    Command::new("isoloss")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Measure, fit and use neural scaling laws, with error bars")
        .help_template(format!("{{about}}\n\n{{usage-heading}} {{usage}}\n{list}\n{{options}}\n{{after-help}}"))
        .after_help(
            "\
A first command: isoloss fit runs.csv
where runs.csv has one row a run and columns such as params, tokens and loss.
Help for a command, with examples: isoloss fit --help",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(ALL.iter().map(|entry| (entry.command)(entry.name)))
}

/// Whether there is such a command.
pub fn is_known(name: &str) -> bool {
    ALL.iter().any(|entry| entry.name == name)
}

/// The command that was probably meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    isoloss_formula::nearest(name, ALL.iter().map(|entry| entry.name)).first().copied()
}

/// Runs the command that was asked for.
pub fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let (name, matches) = matches.subcommand().unwrap_or(("", matches));
    match ALL.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.run)(matches),
        None => Err(Failure::usage("no command", "isoloss --help")),
    }
}

/// The options of a group that stand on the command line.
pub fn typed<A: Args>() -> Vec<String> {
    let given: Vec<String> = std::env::args_os().map(|text| text.to_string_lossy().into_owned()).collect();
    let stands = |flag: &String| given.iter().any(|text| text.split('=').next() == Some(flag.as_str()));
    let group = A::augment_args(Command::new("none"));
    group.get_arguments().filter_map(|a| a.get_long()).map(|name| format!("--{name}")).filter(stands).collect()
}

/// The options of a group as they were typed on this command line, with what they were given, to be typed again.
pub fn retyped<A: Args>() -> String {
    let given: Vec<String> = std::env::args_os().map(|text| text.to_string_lossy().into_owned()).collect();
    let group = A::augment_args(Command::new("none"));
    let option = |text: &str| {
        let name = text.strip_prefix("--")?.split('=').next()?;
        group.get_arguments().find(|argument| argument.get_long() == Some(name))
    };
    let mut again = String::new();
    for (at, text) in given.iter().enumerate() {
        let Some(argument) = option(text) else { continue };
        let values =
            argument.get_num_args().map_or(usize::from(argument.get_action().takes_values()), |n| n.max_values());
        let values = if text.contains('=') { 0 } else { values };
        for text in given.iter().skip(at).take(1 + values) {
            again.push_str(&format!(" {}", shell(text)));
        }
    }
    again
}

/// Refuses options that would change nothing: whoever typed them expects something else.
pub fn without(place: impl fmt::Display, idle: &[String], hint: impl fmt::Display) -> Result<(), Failure> {
    match idle {
        [] => Ok(()),
        _ => Err(Failure::usage(format_args!("{place}: {} would change nothing here", idle.join(", ")), hint)),
    }
}

#[test]
fn the_parser_is_sound() {
    program().debug_assert();
}
