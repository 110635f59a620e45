//! `isoloss report`: one self-contained HTML file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use isoloss_figures::catalogue::{Material, frontier, multiplier, surface};
use isoloss_figures::report::{Report as Page, Section};
use isoloss_figures::{Figure, Width};
use isoloss_laws::Fit;

use super::compare::{Asked, pair};
use super::fit::{OfTable, load_apart};
use super::tell::{compared, made, tell};
use super::{Run, predict, typed, without};
use crate::failure::Failure;
use crate::numbers::short_name;
use crate::output::{self, file_name, talk};

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
        let all: Vec<String> = self.from.iter().map(|name| file_name(name)).collect();
        let title = self.title.clone().unwrap_or_else(|| format!("Scaling laws: {}", all.join(", ")));
        let mut page = Page::new(title, made());
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
                let (loaded, options) = load_apart(Path::new(name), &self.of)?;
                let told = tell(&file_name(name), &loaded, options, self.baseline.as_deref(), str::to_owned)?;
                unusable |= told.unusable;
                page.sections.extend(told.sections);
                origins.blocks.extend(Section::provenance([name.as_str()], Some(&told.fit), []).blocks);
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

/// A fit without its runs.
fn of_fit(name: &str, fit: &Fit) -> Vec<Section> {
    let drawn = [frontier::figure(fit, None, name), surface::figure(fit, None, name)];
    let figures: Vec<Figure> = drawn.into_iter().flatten().collect();
    let mut sections = vec![Section::fit(short_name(name), fit, None)];
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
