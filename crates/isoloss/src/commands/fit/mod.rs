//! `isoloss fit TABLE`: read, choose, prepare, fit, report.

mod draws;
mod options;

pub use options::Fit;

use std::path::Path;
use std::process::ExitCode;

use isoloss_formula::Table;
use isoloss_laws::{Law, Options, Severity, fit};
use isoloss_runs::{Prepare, prepare, read_path, refuse_panel};

use super::Run;
use super::predict::ask;
use crate::arguments;
use crate::choose::{Chosen, choose};
use crate::failure::Failure;
use crate::numbers::short_name;
use crate::output::{self, Format, talk};
use crate::points::{Beside, needed, points};
use crate::report::{self, Report};

/// Rows left out that are named where there is no fit.
const SHOWN: usize = 10;

impl Run for Fit {
    const ABOUT: &str = "Fit a law to a table of runs, with intervals";
    const EXAMPLES: &str = "\
Examples:
  isoloss fit runs.csv
  isoloss fit runs.csv --loss val/loss --map \"N=Model Size\" --where \"step = 20000\"
  isoloss fit runs.csv --law chinchilla --fix E=1.69 --save fit.json
  isoloss fit runs.csv --per family A,alpha --at \"N=70e9,D=1.4T\"
  isoloss fit runs.csv --formula \"L = E + A*N^-alpha\" --format json

A law reads columns: N parameters, D training tokens, C compute in FLOPs, L loss in nats per token. Usual names \
for them (n_params, tokens, val/loss ...) are known, and one of N, D and C follows from the others. Any other column \
is named by --map \"N=Your Header\"; what was taken for what is said before the fit.
In conditions and expressions a header with spaces stands in back-quotes, a word in single quotes.
Without --law and --formula: N and D give chinchilla, one of them power-floor, compute alone frontier.
Exit code 0: it did; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        if let Some(path) = &self.save {
            output::may_write(path, self.force)?;
            let same =
                |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
            if same(path, &self.table) {
                return Err(Failure::usage(
                    format_args!("--save {}: that is the table itself", path.display()),
                    "name another file: --save fit.json",
                ));
            }
        }
        let at = arguments::points("--at", &self.at)?;
        let options = self.options()?;
        let reading = read_path(&self.table)?;
        reading.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        refuse_panel(&reading.table)?;
        let Chosen { law, mut maps, says, covered } = choose(&reading.table, self.asked()?)?;
        says.iter().for_each(|s| talk(format_args!("{s}")));
        self.loss.as_ref().or(maps.iter().find(|(new, _)| new == "L").map(|(_, column)| column)).map(bits_per_byte);
        if self.law.is_some() || self.formula.is_some() {
            talk(format_args!("law {}: {}", law.name, law.reading()));
        }

        let (group, per) = self.families(&law, &reading.table)?;
        let headers: Vec<String> = reading.table.columns().iter().map(|c| c.name.clone()).collect();
        let headers: Vec<String> = headers.into_iter().chain(maps.iter().map(|(new, _)| new.clone())).collect();
        let needed = needed(&law, &headers);
        // What `prepare` calls L is the law's target, whatever its name.
        let mut loss = self.loss.clone();
        if needed[0] != "L" {
            maps.extend(loss.take().map(|column| (needed[0].clone(), column)));
            if self.drop_highest.is_some() || self.min_of.is_some() {
                maps.push(("L".into(), needed[0].clone()));
            }
        }
        let what = Prepare { map: maps, loss, ..self.rows(group.clone()) };
        let names: Vec<&str> = needed.iter().map(String::as_str).collect();
        let prepared = prepare(&reading.table, &names, &what)?;
        prepared.says.iter().filter(|s| !covered.contains(s)).for_each(|s| talk(format_args!("{s}")));

        let beside = Beside {
            group: group.as_deref(),
            cluster: self.cluster.as_deref(),
            weight: self.weight.as_deref(),
            se: self.se.as_deref(),
        };
        let points = points(&law, &needed, &prepared.table, beside)?;
        let options = Options { per_family: per, ..options };
        let fit = fit(&law, &points, &options).inspect_err(|_| {
            // Rows that were left out may be why.
            for row in prepared.left_out.iter().take(SHOWN) {
                let name = row.name.as_ref().map_or(String::new(), |n| format!(" {}", short_name(n)));
                talk(format_args!("left out: line {}{name}: {}", row.line, row.reason));
            }
            if prepared.left_out.len() > SHOWN {
                talk(format_args!("left out: {} more", prepared.left_out.len() - SHOWN));
            }
        })?;
        fit.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        let families = points.family.as_ref().map_or(&[][..], |f| &f.levels);
        let predictions = ask(&fit, &at, families)?;
        let report = Report { predictions, ties: options.tie, ..Report::new(&fit, &points, &prepared) };
        // On the disk before anything else can fail, and shown even where the disk is full.
        let saved = self.save.as_ref().map(|path| output::save(path, &fit.to_json(), self.force));
        output::answer(&match self.format {
            Format::Text => report::text(&report),
            Format::Json => report::json(&report),
            Format::Csv => report::csv(&report),
        })?;
        saved.transpose()?;
        let unusable = fit.warnings.iter().any(|w| w.severity == Severity::Error);
        if let Some(path) = &self.save {
            let path = path.display();
            talk(format_args!("saved {path}"));
            if unusable {
                talk(format_args!("note: it carries an error; isoloss predict {path} will say so and exit with 1"));
            }
        }
        Ok(output::code(unusable))
    }
}

/// Every other loss is in nats per token.
fn bits_per_byte(column: &String) {
    let plain = column.to_lowercase();
    if plain.contains("bpb") || plain.contains("bits_per_byte") {
        talk(format_args!("note: `{column}` is in bits per byte, and so is every loss below"));
    }
}

impl Fit {
    /// The column of families, and the parameters that have one value each.
    fn families(&self, law: &Law, table: &Table) -> Result<(Option<String>, Vec<String>), Failure> {
        let mut group = self.group.clone();
        let mut per = Vec::new();
        for pair in self.per.chunks(2) {
            let column = group.get_or_insert_with(|| pair[0].clone());
            if *column != pair[0] {
                return Err(Failure::usage(
                    format_args!("--per {}: families are told apart by {column} already", pair[0]),
                    "one column tells families apart; --where leaves the rows of one value of another",
                ));
            }
            per.extend(pair[1].split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()));
        }
        let declared = law.parameters.iter().find_map(|p| p.per.clone());
        let group = group.or(declared.filter(|column| table.column(column).is_some()));
        if self.group.is_some() && per.is_empty() && law.parameters.iter().all(|p| p.per.is_none()) {
            talk(format_args!(
                "note: --group changes nothing until a parameter has one value per family: --per COLUMN PARAMETERS"
            ));
        }
        Ok((group, per))
    }
}
