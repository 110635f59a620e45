//! What a report tells of a table: the law, figures, comparisons, back-test and runs.

use std::panic::resume_unwind;
use std::thread;

use isoloss_figures::catalogue::{Material, Runs};
use isoloss_figures::catalogue::{backtest, fit as fitted, frontier, isoflop, multiplier, residuals, surface};
use isoloss_figures::report::{Block, LeftOut, Made, Section, Table};
use isoloss_figures::{Figure, Width};
use isoloss_laws::{Cuts, Fit, Options, Score, score};

use super::compare::{named, reached};
use super::fit::Loaded;
use crate::failure::Failure;
use crate::numbers::{count, short_name};
use crate::output::talk;
use crate::report::comparisons::One;

/// Cuts of the back-test.
const CUTS: usize = 6;

/// The section of the figures.
pub const FIGURES: &str = "Figures";

/// What there is to tell.
pub struct Told {
    pub sections: Vec<Section>,
    pub fit: Fit,
    /// the figures in the sections, by the names of their list
    #[cfg(feature = "lab")]
    pub figures: Vec<(&'static str, Figure)>,
    /// numbers in it must not be used
    pub unusable: bool,
}

/// This program, today.
pub fn made() -> Made {
    Made {
        program: concat!("isoloss ", env!("CARGO_PKG_VERSION")).to_owned(),
        date: Some(chrono::Utc::now().format("%Y-%m-%d").to_string()),
    }
}

/// Fits a table that is called `name`, and tells everything about it. Families are compared with `baseline`, or the first.
/// Hints are said as `hints` has them.
pub fn tell(
    name: &str,
    loaded: &Loaded,
    options: Options,
    baseline: Option<&str>,
    hints: fn(&str) -> String,
) -> Result<Told, Failure> {
    let families = loaded.points.family.as_ref().map_or(&[][..], |f| &f.levels);
    let mut fit = loaded.fit(&options)?;
    for hint in fit.warnings.iter_mut().filter_map(|warning| warning.hint.as_mut()) {
        *hint = hints(hint);
    }
    let fit = fit;
    let runs = runs(name, loaded, &options, &fit);
    let table = Table::of_points(&runs.points, &runs.law.formula.target, &runs.names, Some(&fit));
    let quick = Options { influence: false, ..options };
    // A back-test takes as long as everything else together.
    let (tested, mut figures) = thread::scope(|scope| {
        let tested = scope.spawn(|| score(&runs.law, &runs.points, &quick, None, &Cuts::Rolling(CUTS)));
        let figures = figures(&fit, &runs);
        (tested.join().unwrap_or_else(|panic| resume_unwind(panic)), figures)
    });
    let tested = tested.inspect_err(|e| talk(format_args!("note: {name}: no back-test: {}", e.message))).ok();
    figures.extend(tested.as_ref().map(|tested| (backtest::ENTRY.name, back(&fit, &runs, tested))));

    let mut law = Section::fit(format!("The law of {name}"), &fit, Some(&loaded.points));
    let says: Vec<String> = loaded.says.iter().chain(&fit.notes).cloned().collect();
    if !says.is_empty() {
        law.blocks.extend([Block::Heading("How the table was read".to_owned()), Block::List(says)]);
    }
    let mut sections = vec![law];
    if families.len() > 1 && fit.differs() {
        let baseline = match baseline {
            Some(asked) => named(asked, families, name)?,
            None => families[0].clone(),
        };
        let variants = families.iter().filter(|family| **family != baseline);
        sections.extend(variants.flat_map(|variant| compared(&baseline, reached(&fit, &baseline, variant))));
        let material = Material { runs: Some(runs.clone()), baseline: Some(baseline), ..Material::default() };
        figures.extend((multiplier::ENTRY.draw)(&material).ok().map(|figure| (multiplier::ENTRY.name, figure)));
    }
    sections.insert(1, Section::figures(FIGURES, figures.iter().map(|(_, figure)| figure.clone())));
    sections.extend(tested.map(|found| Section::score("Fit small, predict large", &found)));
    sections.push(Section::runs(format!("The runs of {name}"), table, &left_out(loaded)));
    let unusable = !fit.may_be_used();
    Ok(Told {
        sections,
        fit,
        #[cfg(feature = "lab")]
        figures,
        unusable,
    })
}

/// A fitted table as figures want it.
pub fn runs(name: &str, loaded: &Loaded, options: &Options, fit: &Fit) -> Runs {
    Runs {
        source: name.to_owned(),
        law: loaded.law.clone(),
        points: loaded.points.clone(),
        names: loaded.names(),
        options: options.clone(),
        fit: Some(fit.clone()),
    }
}

/// What can be drawn of a fit and its runs. A law without best sizes has no frontier, and runs without budgets no
/// parabolas: nothing is missing then.
fn figures(fit: &Fit, runs: &Runs) -> Vec<(&'static str, Figure)> {
    let (points, source) = (&runs.points, source(runs));
    let mut all = vec![(fitted::ENTRY.name, fitted::figure(fit, Some(points), &source))];
    let material = Material { runs: Some(runs.clone()), ..Material::default() };
    let more = [
        (frontier::ENTRY.name, frontier::figure(fit, Some(points), &source)),
        (surface::ENTRY.name, surface::figure(fit, Some(points), &source)),
        (isoflop::ENTRY.name, (isoflop::ENTRY.draw)(&material)),
        (residuals::ENTRY.name, residuals::figure(fit, points, &runs.names, &source)),
    ];
    all.extend(more.into_iter().filter_map(|(name, figure)| Some((name, figure.ok()?))));
    all.into_iter().map(|(name, figure)| (name, figure.width(Width::Double))).collect()
}

fn back(fit: &Fit, runs: &Runs, tested: &Score) -> Figure {
    backtest::figure(tested, &runs.points, &runs.law, fit.level, &runs.names, &source(runs)).width(Width::Double)
}

fn source(runs: &Runs) -> String {
    format!("{} of {}.", count(runs.points.len(), "run"), runs.source)
}

/// A table of multipliers. Where two share no loss there is none; the figure shows what their laws say.
pub fn compared(baseline: &str, found: Result<(String, One), Failure>) -> Vec<Section> {
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
