//! `isoloss list`: what there is to fit, to predict from and to draw.

mod lab;

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use isoloss_figures::catalogue::{self as figures_there, Entry, Needs};
use isoloss_formula::nearest;
use isoloss_laws::{CODES, Law, Published, catalogue};

use super::Run;
use super::predict::load;
use crate::failure::Failure;
use crate::numbers::{count, exact, number, short_name, size};
use crate::output::{self, BOLD, RESET};
use crate::{published, report};

/// Options of `list`.
#[derive(Args, Debug)]
pub struct List {
    /// `laws`, `published` (constants from papers), `figures`, `warnings`; what can be trained: `corpora`, `models`, `mixers`, `measures`,
    /// `retrievers`, `recipes`, `schedules`, `experiments`; or what is in a saved fit: isoloss list fit.json
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// One of them in full: a law with formula, variables and paper, what can be trained with its settings: isoloss list laws chinchilla
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Run for List {
    const ABOUT: &str = "Laws, published constants, figures, warnings, what can be trained; what is in a saved fit";
    const EXAMPLES: &str = "\
Examples:
  isoloss list
  isoloss list laws chinchilla > my.toml
  isoloss list published besiroglu-2024
  isoloss list models transformer
  isoloss list experiments first-ladder
  isoloss list fit.json

A law goes to isoloss fit runs.csv --law NAME, in full it is a file to start from (--law my.toml); published constants to isoloss predict published:NAME, \
a figure to isoloss figure NAME.";

    fn run(self) -> Result<ExitCode, Failure> {
        let text = match (self.what.as_deref(), self.name.as_deref()) {
            (None, _) => {
                let parts = lab::LISTS.iter().map(|list| format!("\n{}", list.text()));
                format!("{}\n{}\n{}\n{}{}", laws(), all_published(), figures(), warnings(), parts.collect::<String>())
            }
            (Some("laws" | "law"), None) => laws(),
            // As its file says it, so that what is printed is a law file to start from.
            (Some("laws" | "law"), Some(name)) => named(name)?.to_owned(),
            (Some("figures" | "figure"), _) => figures(),
            (Some("warnings" | "warning"), _) => warnings(),
            (Some("published"), None) => all_published(),
            (Some("published"), Some(name)) => {
                let name = name.strip_prefix("published:").unwrap_or(name);
                published::fit(name)?;
                published::all().filter(|(_, p)| p.name == name).map(|(law, p)| one_published(law, p)).collect()
            }
            (Some(list), name) if lab::find(list).is_some() => {
                lab::find(list).map_or(Ok(String::new()), |l| l.of(name))?
            }
            (Some(path), None)
                if path.starts_with("published:") || published::in_file(path).is_some() || Path::new(path).exists() =>
            {
                summary(path)?
            }
            (Some(other), _) => {
                let near = nearest(other, names());
                let hint = match near.first() {
                    Some(near) => format!("did you mean isoloss list {near}?"),
                    None => {
                        format!("isoloss list {}, or isoloss list fit.json", names().collect::<Vec<_>>().join(", "))
                    }
                };
                return Err(Failure::usage(format_args!("list {other}: neither a list nor a saved fit"), hint));
            }
        };
        output::answer(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The lists.
pub fn names() -> impl Iterator<Item = &'static str> {
    ["laws", "published", "figures", "warnings"].into_iter().chain(lab::LISTS.iter().map(|list| list.name))
}

/// The file of a law.
fn named(name: &str) -> Result<&'static str, Failure> {
    catalogue::text(name).ok_or_else(|| {
        let near = nearest(name, catalogue::names());
        let all = catalogue::names().collect::<Vec<_>>().join(", ");
        Failure::usage(
            format_args!("list laws {name}: there is no such law"),
            near.first().map_or(format!("the laws are {all}"), |near| format!("did you mean {near}?")),
        )
    })
}

fn laws() -> String {
    let mut text = String::new();
    for law in catalogue::laws() {
        text.push_str(&format!("{BOLD}{}{RESET}: {}\n", law.name, law.says));
        law.formula.source.trim().lines().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text
}

/// Every figure, what it shows and what it is drawn from.
fn figures() -> String {
    let one = |e: &Entry| {
        let from = e.needs.iter().map(|need| match need {
            Needs::Runs => "a table of runs".to_owned(),
            Needs::Fit => "a fit".to_owned(),
            Needs::Fits => "fits".to_owned(),
            Needs::Store => "a store of runs".to_owned(),
            Needs::Table(columns) => {
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                format!("a table with columns {}", names.join(", "))
            }
        });
        let from: Vec<String> = from.chain(e.published.map(|_| "published numbers (--published)".to_owned())).collect();
        let options: Vec<&str> = e.takes.iter().map(|choice| choice.option()).collect();
        let options = if options.is_empty() { String::new() } else { format!("    with {}\n", options.join(", ")) };
        format!("{BOLD}{}{RESET}: {}\n    from {}\n{options}", e.name, e.says, from.join("; or "))
    };
    figures_there::ALL.iter().map(one).collect()
}

/// The codes of warnings, and what they mean.
fn warnings() -> String {
    CODES.iter().map(|(code, says)| format!("{BOLD}{code}{RESET}: {says}\n")).collect()
}

fn all_published() -> String {
    published::all().map(|(law, p)| one_published(law, p)).collect()
}

fn one_published(law: &Law, p: &Published) -> String {
    let values = law.parameters.iter().filter_map(|parameter| {
        let value = p.values.get(&parameter.name)?;
        let error = p.errors.get(&parameter.name).map_or(String::new(), |e| format!(" +- {}", exact(*e)));
        Some(format!("{} = {}{error}", parameter.name, number(*value, 6).trim_end_matches('0').trim_end_matches('.')))
    });
    let values: Vec<String> = values.collect();
    // Most conventions say the unit already.
    let unsaid = p.units.iter().filter(|(_, unit)| !p.convention.contains(&format!("in {unit}")));
    let units: Vec<String> = unsaid.map(|(name, unit)| format!("; {name} in {unit}")).collect();
    format!(
        "{BOLD}published:{}{RESET} (law {})\n    {}\n    {}{}\n    {}\n",
        p.name,
        law.name,
        values.join(", "),
        p.convention,
        units.concat(),
        p.source
    )
}

fn summary(path: &str) -> Result<String, Failure> {
    let fit = load(path)?;
    let mut text: String = fit.warnings.iter().map(report::warning).collect();
    text.push_str(&format!("{BOLD}{}{RESET}\n", fit.law.formula.source.trim()));
    text.push_str(&format!(
        "law {}, {}, {} free\n\n",
        fit.law.name,
        count(fit.rows, "row"),
        count(fit.free, "parameter")
    ));
    text.push_str(&report::parameters(&fit));
    for (name, unit) in &fit.units {
        text.push_str(&format!("  {name} in {unit}\n"));
    }
    if !fit.families().is_empty() {
        let all: Vec<String> = fit.families().iter().map(|f| short_name(f)).collect();
        text.push_str(&format!("  families: {}\n", all.join(", ")));
    }
    for (name, least, greatest) in &fit.ranges {
        text.push_str(&format!("  {name} from {} to {}\n", size(*least), size(*greatest)));
    }
    if fit.rows == 0 {
        text.push_str(&format!("  {}\n", fit.method));
    }
    Ok(text)
}
