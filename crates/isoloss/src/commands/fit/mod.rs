//! `isoloss fit TABLE`: read, choose, prepare, fit, report.

mod draws;
mod load;
mod options;
mod pair;
mod rank;
mod ways;

pub use load::{Loaded, is_store, load, load_apart, load_curves, load_table, read};
#[cfg(feature = "lab")]
pub use load::{apart_of, law_of};
#[cfg(feature = "lab")]
pub use options::Noise;
pub use options::{Fit, OfFamilies, OfFit, OfLaw, OfRows, OfTable, names};

use std::path::Path;
use std::process::ExitCode;

use isoloss_formula::nearest;
use isoloss_laws::{self as laws, FARTHER, Farther, Law, Options, Toward};

use super::predict::ask;
use super::{Run, retyped};
use crate::arguments;
use crate::failure::Failure;
use crate::numbers::{exact, number};
use crate::output::{self, Format, shell, talk};
use crate::report::{self, Report};

/// Weights towards what is to be predicted, as they did best on public tables.
pub const AIM: f64 = 1.0;

impl Run for Fit {
    const ABOUT: &str = "Fit a law to a table of runs, with intervals";
    const EXAMPLES: &str = "\
Examples:
  isoloss fit runs.csv
  isoloss fit runs.csv --loss val/loss --map \"N=Model Size\" --where \"step = 20000\"
  isoloss fit runs.csv --law chinchilla --fix E=1.69 --save fit.json
  isoloss fit runs.csv --per family A,alpha --at \"N=70e9,D=1.4T\"
  isoloss fit runs.csv --formula \"L = E + A*N^-alpha\" --format json
  isoloss fit runs.csv --toward \"N=70e9,D=1.4T\" --at \"N=70e9,D=1.4T\"
  isoloss fit runs.csv --law all,my.toml
  isoloss fit runs.csv --method all --flops 1e22

A law reads columns: N parameters, D training tokens, C compute in FLOPs, L loss in nats per token. Usual names \
for them (n_params, tokens, val/loss ...) are known, and one of N, D and C follows from the others. Any other column \
is named by --map \"N=Your Header\"; what was taken for what is said before the fit.
In conditions and expressions a header with spaces stands in back-quotes, a word in single quotes.
--law all ranks all laws that the columns allow, --law all,my.toml one of yours among them. Without --law and --formula: N and D give chinchilla, one of them power-floor, compute alone frontier.
Exit code 0: it did; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        if let Some(path) = &self.save {
            if path == Path::new("-") {
                return Err(Failure::usage(
                    "--save -: standard output holds the answer already",
                    "name a file: --save fit.json; or --format json writes every number there",
                ));
            }
            output::may_write(path, self.force)?;
            output::is_no_input(path, &[self.table.display().to_string()])?;
        }
        let at = arguments::points("--at", &self.at)?;
        let options = self.how.options(&self.law)?;
        if let Some(listed) = self.law.law.as_deref().and_then(rank::ranked) {
            let law = format!("--law {}", self.law.law.as_deref().unwrap_or_default());
            self.alone(&format!("{law} ranks laws"))?;
            let strange = if self.method.is_some() {
                Some("--method")
            } else {
                (!self.families.per.is_empty()).then_some("--per")
            };
            if let Some(flag) = strange {
                return Err(Failure::usage(
                    format_args!("{flag}: {law} ranks laws as they are"),
                    "ask for one law: --law chinchilla",
                ));
            }
            if let Some(flag) = self.how.of_intervals() {
                return Err(Failure::usage(
                    format_args!("{flag}: {law} ranks by held-out errors and makes no intervals"),
                    "leave it out, or ask for one law: --law chinchilla",
                ));
            }
            self.rank(&listed, &options)?;
            return Ok(ExitCode::SUCCESS);
        }
        let loaded = load(&self.table, &self.law, &self.rows, |law, table| self.families.of(law, table))?;
        loaded.several_clusters()?;
        let toward = self.toward.as_ref().map(|text| toward(text, &loaded.law)).transpose()?;
        let options = Options { per_family: loaded.per.clone(), toward, ..options };
        if let Some(way) = self.method {
            self.alone("--method compares ways of finding the best sizes")?;
            return self.ways(way, &loaded, &options);
        }
        let fit = loaded.fit(&options)?;
        let families = loaded.points.family.as_ref().map_or(&[][..], |f| &f.levels);
        let predictions = ask(&fit, None, &at, families)?;
        let report = Report::new(&fit, &loaded.points, &loaded.prepared);
        let next = self.next(&fit, report.closing.as_ref());
        let report = Report { predictions, next, ..report };
        // On the disk before anything else can fail, and shown even where the disk is full.
        let saved = self.save.as_ref().map(|path| output::save(path, fit.to_json().as_bytes(), self.force));
        output::answer(&match self.format {
            Format::Text => report::text(&report),
            Format::Json => report::json(&report),
            Format::Csv => report::csv(&report),
        })?;
        saved.transpose()?;
        let unusable = !fit.may_be_used();
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

impl Fit {
    /// Options that ask something of one fit are refused where there is none.
    fn alone(&self, what: &str) -> Result<(), Failure> {
        let given =
            [("--save", self.save.is_some()), ("--at", !self.at.is_empty()), ("--toward", self.toward.is_some())];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(Failure::usage(
                format_args!("{flag}: {what} and makes no fit to keep or to ask"),
                "ask for one law, without --method, in a command of its own",
            )),
        }
    }

    /// The command that comes after this one; none after a fit that must not be used.
    fn next(&self, fit: &laws::Fit, closing: Option<&Farther>) -> Option<String> {
        if !fit.may_be_used() {
            return None;
        }
        let quoted = |path: &Path| shell(&path.display().to_string());
        let open = match closing {
            Some(Farther::Budget(best)) => fit.sizes(best).open(),
            _ => false,
        };
        if let Some(largest) = fit.largest_flops.filter(|_| open) {
            let saved = self.save.as_deref().unwrap_or(Path::new("fit.json"));
            let first = if self.save.is_none() { "with --save fit.json, " } else { "" };
            let (budget, far) = (number(largest, 2), number(FARTHER * largest, 2));
            let saved = quoted(saved);
            let told = format!("{first}isoloss plan {saved} --next 4 --budget {budget} --know N --at C={far}");
            return Some(told + " (the runs that would tell)");
        }
        let Some(saved) = &self.save else {
            let with = [retyped::<OfLaw>(), retyped::<OfFamilies>(), retyped::<OfRows>()].concat();
            // What came from standard input is gone.
            return (self.table != Path::new("-")).then(|| format!("isoloss score {}{with}", quoted(&self.table)));
        };
        if fit.members().count() > 1 {
            let largest = fit.ranges.iter().filter(|(name, ..)| fit.law.inputs().any(|i| i == name));
            let at: Vec<String> = largest.map(|(name, _, high)| format!("{name}={}", number(*high, 2))).collect();
            let at = if at.is_empty() { String::new() } else { format!(" --at \"{}\"", at.join(",")) };
            return Some(format!("isoloss plan {} --mixture{at}", quoted(saved)));
        }
        if let (Some(_), Some(Farther::Far(all))) = (fit.ladder, closing) {
            let at: Vec<String> = all.first()?.at.iter().map(|(name, v)| format!("{name}={}", number(*v, 3))).collect();
            return Some(format!("isoloss predict {} --at \"{}\"", quoted(saved), at.join(",")));
        }
        let largest = fit.largest_flops?;
        let family = fit.families().first().filter(|_| fit.differs());
        let family = family.map_or_else(String::new, |f| format!(" --family {}", shell(f)));
        let others: Vec<&str> = fit.law.inputs().filter(|name| *name != "N" && *name != "D").collect();
        let with = if others.is_empty() { String::new() } else { format!(" --with {}", fit.typically(others)) };
        Some(format!("isoloss plan {} --flops {}{family}{with}", quoted(saved), number(FARTHER * largest, 2)))
    }
}

/// One place, by inputs of the law.
fn toward(text: &str, law: &Law) -> Result<Toward, Failure> {
    let at = arguments::values("--toward", &[text.to_owned()])?;
    let inputs: Vec<&str> = law.inputs().collect();
    for (name, value) in &at {
        if !inputs.contains(&name.as_str()) {
            let near = nearest(name, inputs.iter().copied());
            return Err(Failure::usage(
                format_args!("--toward: the law {} has no input {name}", law.name),
                match near.first() {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("its inputs are {}", inputs.join(", ")),
                },
            ));
        }
        if *value <= 0.0 {
            return Err(Failure::usage(
                format_args!("--toward: {name} is {}: expected a number above zero", exact(*value)),
                "as in --toward \"N=70e9,D=1.4e12\"",
            ));
        }
    }
    Ok(Toward { at, kappa: AIM })
}
