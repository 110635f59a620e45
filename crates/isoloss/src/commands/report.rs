//! `isoloss report`: one self-contained HTML file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use isoloss_figures::catalogue::{Material, Runs};
use isoloss_figures::catalogue::{backtest, fit as fitted, frontier, isoflop, multiplier, residuals, surface};
use isoloss_figures::report::{LeftOut, Made, Report as Page, Section, Table};
use isoloss_figures::{Figure, Width};
use isoloss_laws::{Cuts, Fit, Options, Score, Severity, score};

use super::compare::{Asked, named, pair, reached};
use super::fit::{Loaded, OfTable, load_apart};
use super::{Run, predict, typed, without};
use crate::failure::Failure;
use crate::numbers::{count, short_name};
use crate::output::{self, file_name, talk};
use crate::report::comparisons::One;

/// Options of `report`.
#[derive(Args, Debug)]
pub struct Report {
    /// What it is about: tables of runs, saved fits, published:NAME
    #[arg(value_name = "TABLE|FIT", required = true)]
    from: Vec<String>,

    /// The file: -o report.html
    #[arg(short, long, value_name = "FILE", help_heading = "The report")]
    output: PathBuf,
    /// What it is called [default: the names of the files]
    #[arg(long, value_name = "TEXT", help_heading = "The report")]
    title: Option<String>,
    /// The question that it answers, at its head
    #[arg(long, value_name = "TEXT", help_heading = "The report")]
    question: Option<String>,
    /// With --group: the family that others are compared with [default: the first]
    #[arg(long, value_name = "NAME", help_heading = "The report")]
    baseline: Option<String>,
    /// Write over a file that is there
    #[arg(long, help_heading = "The report")]
    force: bool,

    #[command(flatten)]
    of: OfTable,
}

/// Cuts of the back-test.
const CUTS: usize = 6;

impl Run for Report {
    const ABOUT: &str = "One HTML file: runs, fits, comparisons, back-test, figures and where they come from";
    const EXAMPLES: &str = "\
Examples:
  isoloss report runs.csv -o report.html
  isoloss report runs.csv --group arch --baseline mla -o report.html --question \"Is it worth its compute?\"
  isoloss report old.json new.json -o report.html

The file needs no network and nothing beside it: it opens from disk, prints, and keeps its figures and numbers without \
script. A table is fitted as isoloss fit does it; with --group its families are compared.
Exit code 0: it did; 1: it could not, or numbers in it must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let ending = self.output.extension().map(|e| e.to_string_lossy().to_lowercase());
        if !matches!(ending.as_deref(), Some("html" | "htm")) {
            return Err(Failure::usage(
                format_args!("-o {}: a report is an HTML file", self.output.display()),
                "as in -o report.html",
            ));
        }
        output::may_write(&self.output, self.force)?;
        if self.from.iter().all(|name| predict::is_fit(name)) {
            let idle = typed::<OfTable>().into_iter().chain(self.baseline.as_ref().map(|_| "--baseline".to_owned()));
            let hint = "saved fits are told as they were made, the first one is the baseline: leave it out";
            without("report", &idle.collect::<Vec<_>>(), hint)?;
        }
        output::is_no_input(&self.output, &self.from)?;
        let made = Made {
            program: concat!("isoloss ", env!("CARGO_PKG_VERSION")).to_owned(),
            date: Some(chrono::Utc::now().format("%Y-%m-%d").to_string()),
        };
        let all: Vec<String> = self.from.iter().map(|name| file_name(name)).collect();
        let title = self.title.clone().unwrap_or_else(|| format!("Scaling laws: {}", all.join(", ")));
        let mut page = Page::new(title, made);
        page.question.clone_from(&self.question);
        let (mut names, mut fits) = (Vec::new(), Vec::new());
        let (mut origins, mut unusable) = (Section::new("Provenance"), false);
        for name in &self.from {
            if predict::is_fit(name) {
                let fit = predict::load(name)?;
                unusable |= predict::carried(name, &fit);
                page.sections.extend(of_fit(name, &fit));
                origins.blocks.extend(Section::provenance([name.as_str()], Some(&fit), []).blocks);
                names.push(name.clone());
                fits.push(fit);
            } else {
                let told = self.of_table(name)?;
                unusable |= told.unusable;
                page.sections.extend(told.sections);
                origins.blocks.extend(told.origin.blocks);
            }
        }
        page.sections.extend(between(&names, fits));
        let command: Vec<String> = std::env::args().skip(1).collect();
        let command = ("command", format!("isoloss {}", command.join(" ")));
        origins.blocks.extend(Section::provenance([], None, [command]).blocks);
        page.sections.push(origins);
        output::save(&self.output, page.html().as_bytes(), self.force)?;
        talk(format_args!("wrote {}", self.output.display()));
        Ok(output::code(unusable))
    }
}

/// What there is to tell of a table.
struct Told {
    sections: Vec<Section>,
    /// where it comes from
    origin: Section,
    /// numbers in it must not be used
    unusable: bool,
}

impl Report {
    fn of_table(&self, name: &str) -> Result<Told, Failure> {
        let (loaded, options) = load_apart(Path::new(name), &self.of)?;
        let families = loaded.points.family.as_ref().map_or(&[][..], |f| &f.levels);
        let fit = loaded.fit(&options)?;
        let runs = Runs {
            source: file_name(name),
            law: loaded.law.clone(),
            points: loaded.points.clone(),
            names: loaded.names(),
            options: options.clone(),
            fit: Some(fit.clone()),
        };
        let table = Table::of_points(&runs.points, &runs.law.formula.target, &runs.names, Some(&fit));
        let quick = Options { influence: false, ..options };
        let tested = score(&runs.law, &runs.points, &quick, None, &Cuts::Rolling(CUTS));
        let tested = tested.inspect_err(|e| talk(format_args!("note: {name}: no back-test: {}", e.message))).ok();

        let file = file_name(name);
        let mut sections = vec![Section::fit(format!("The law of {file}"), &fit)];
        let mut figures = figures(&fit, &runs, tested.as_ref());
        if families.len() > 1 && fit.differs() {
            let baseline = match &self.baseline {
                Some(asked) => named(asked, families, name)?,
                None => families[0].clone(),
            };
            let variants = families.iter().filter(|family| **family != baseline);
            sections.extend(variants.flat_map(|variant| compared(&baseline, reached(&fit, &baseline, variant))));
            let material = Material { runs: Some(runs.clone()), baseline: Some(baseline), ..Material::default() };
            figures.extend((multiplier::ENTRY.draw)(&material).ok());
        }
        sections.insert(1, Section::figures("Figures", figures));
        sections.extend(tested.map(|found| Section::score("Fit small, predict large", &found, fit.objective.log)));
        sections.push(Section::runs(format!("The runs of {file}"), table, &left_out(&loaded)));
        let origin = Section::provenance([name], Some(&fit), []);
        let unusable = fit.warnings.iter().any(|w| w.severity == Severity::Error);
        Ok(Told { sections, origin, unusable })
    }
}

/// What can be drawn of a fit and its runs. A law without best sizes has no frontier, and runs without budgets no
/// parabolas: nothing is missing then.
fn figures(fit: &Fit, runs: &Runs, tested: Option<&Score>) -> Vec<Figure> {
    let (points, source) = (&runs.points, format!("{} of {}.", count(runs.points.len(), "run"), runs.source));
    let mut all = vec![fitted::figure(fit, Some(points), &source)];
    let material = Material { runs: Some(runs.clone()), ..Material::default() };
    let more = [
        frontier::figure(fit, Some(points), &source),
        surface::figure(fit, Some(points), &source),
        (isoflop::ENTRY.draw)(&material),
        residuals::figure(fit, points, &runs.names, &source),
    ];
    all.extend(more.into_iter().flatten());
    let log = fit.objective.log;
    let back = |found| backtest::figure(found, points, &runs.law, log, fit.level, &runs.names, &source);
    all.extend(tested.map(back));
    all.into_iter().map(|figure| figure.width(Width::Double)).collect()
}

/// A fit without its runs.
fn of_fit(name: &str, fit: &Fit) -> Vec<Section> {
    let drawn = [frontier::figure(fit, None, name), surface::figure(fit, None, name)];
    let figures: Vec<Figure> = drawn.into_iter().flatten().collect();
    let mut sections = vec![Section::fit(short_name(name), fit)];
    if !figures.is_empty() {
        sections.push(Section::figures(format!("Figures of {}", short_name(name)), figures));
    }
    sections
}

/// Fits against the first of them, where they can be compared.
fn between(names: &[String], fits: Vec<Fit>) -> Vec<Section> {
    if fits.len() < 2 {
        return Vec::new();
    }
    let first = (names[0].as_str(), &fits[0]);
    let variants = names.iter().zip(&fits).skip(1);
    let pairs = variants.map(|(name, fit)| compared(&names[0], pair(first, (name, fit), &Asked::default())));
    let mut sections: Vec<Section> = pairs.flatten().collect();
    let named = names.iter().cloned().zip(fits).collect();
    let drawn = (multiplier::ENTRY.draw)(&Material { fits: named, ..Material::default() });
    sections.extend(drawn.ok().map(|figure| Section::figures("At equal loss", [figure.width(Width::Double)])));
    sections
}

/// A table of multipliers. Where two share no loss there is none; the figure shows what their laws say.
fn compared(baseline: &str, found: Result<(String, One), Failure>) -> Vec<Section> {
    let (unit, one) = match found {
        Ok(found) => found,
        Err(why) => {
            talk(format_args!("note: no table of multipliers: {}", why.message()));
            return Vec::new();
        }
    };
    let title = format!("{} against {}", short_name(&one.variant), short_name(baseline));
    let each = one.all.iter().map(|c| Section::comparison(&*title, baseline, &one.variant, &unit, &c.comparison));
    each.collect()
}

fn left_out(loaded: &Loaded) -> Vec<LeftOut> {
    let each = loaded.prepared.left_out.iter();
    each.map(|l| LeftOut { line: l.line, name: l.name.clone(), reason: l.reason.clone() }).collect()
}
