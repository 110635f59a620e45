//! What a report tells of a table: the law, figures, comparisons, back-test and runs.

use isoloss_figures::catalogue::{Material, Runs};
use isoloss_figures::catalogue::{backtest, fit as fitted, frontier, isoflop, multiplier, residuals, surface};
use isoloss_figures::report::{LeftOut, Made, Section, Table};
use isoloss_figures::{Figure, Width};
use isoloss_laws::{Cuts, Fit, Options, Score, Severity, score};

use super::compare::{named, reached};
use super::fit::Loaded;
use crate::failure::Failure;
use crate::numbers::{count, short_name};
use crate::output::talk;
use crate::report::comparisons::One;

/// Cuts of the back-test.
const CUTS: usize = 6;

/// What there is to tell.
pub struct Told {
    pub sections: Vec<Section>,
    pub fit: Fit,
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
pub fn tell(name: &str, loaded: &Loaded, options: Options, baseline: Option<&str>) -> Result<Told, Failure> {
    let families = loaded.points.family.as_ref().map_or(&[][..], |f| &f.levels);
    let fit = loaded.fit(&options)?;
    let runs = runs(name, loaded, &options, &fit);
    let table = Table::of_points(&runs.points, &runs.law.formula.target, &runs.names, Some(&fit));
    let quick = Options { influence: false, ..options };
    let tested = score(&runs.law, &runs.points, &quick, None, &Cuts::Rolling(CUTS));
    let tested = tested.inspect_err(|e| talk(format_args!("note: {name}: no back-test: {}", e.message))).ok();

    let mut sections = vec![Section::fit(format!("The law of {name}"), &fit)];
    let mut figures = figures(&fit, &runs, tested.as_ref());
    if families.len() > 1 && fit.differs() {
        let baseline = match baseline {
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
    sections.push(Section::runs(format!("The runs of {name}"), table, &left_out(loaded)));
    let unusable = fit.warnings.iter().any(|w| w.severity == Severity::Error);
    Ok(Told { sections, fit, unusable })
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
