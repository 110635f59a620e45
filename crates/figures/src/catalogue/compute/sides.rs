//! From fits, runs or a table to families with their laws.

use isoloss_formula::PF_DAY;
use isoloss_laws::{
    Comparison, Fit, FitError, Labels, Options, Place, Points as Rows, Reached, Scale, Side, Span, catalogue, compare,
};

use super::super::columns::{Columns, nothing, skipped};
use super::super::say::{curve, extent, list, name, power};
use super::super::{Material, Missing, Runs};
use super::{COLUMNS, Family, Saving, Unit, figure};
use crate::figure::Figure;
use crate::text::Rich;

/// One of those that are compared.
struct Known<'a> {
    name: String,
    fit: &'a Fit,
    family: Option<&'a str>,
    /// in the unit of the fit
    runs: Vec<(f64, f64)>,
    /// compute of its runs, in the unit of the fit
    reached: Option<(f64, f64)>,
}

impl<'a> Known<'a> {
    fn new(name: &str, fit: &'a Fit, family: Option<&'a str>) -> Self {
        let span = fit.spans.iter().find(|s| s.family.as_deref() == family).or(fit.spans.first());
        let reached = span.and_then(|s| along(fit, s));
        Self { name: name.to_owned(), fit, family, runs: Vec::new(), reached }
    }

    fn side(&self) -> Side<'a> {
        Side { fit: self.fit, family: self.family }
    }
}

/// The scale that a law is drawn along: its only input, or the compute of its N and D.
fn scale(fit: &Fit) -> Scale {
    match fit.law.inputs().collect::<Vec<_>>().as_slice() {
        [only] => Scale::Input((*only).to_owned()),
        _ => Scale::Compute,
    }
}

fn along(fit: &Fit, span: &Span) -> Option<(f64, f64)> {
    match scale(fit) {
        Scale::Compute => span.flops,
        Scale::Input(name) => span.inputs.iter().find(|(n, ..)| *n == name).map(|(_, low, high)| (*low, *high)),
    }
}

/// The unit that a fit counts compute in.
fn unit(known: &Known<'_>) -> Result<Unit, Missing> {
    let fit = known.fit;
    let Scale::Input(input) = scale(fit) else { return Ok(Unit::Flops) };
    match (input.as_str(), fit.units.iter().find(|(n, _)| *n == input).map(|(_, unit)| unit.as_str())) {
        (_, Some("PF-days")) => Ok(Unit::PfDays),
        (_, Some("FLOPs")) | ("C", None) => Ok(Unit::Flops),
        ("X", None) => Ok(Unit::Unknown),
        _ => Err(Missing::new(
            format!("{}: the law {} reads {input}, which is no compute", known.name, fit.law.name),
            "this figure compares laws of compute, or of parameters N and tokens D: isoloss fit TABLE --law chinchilla; \
             isoloss figure multiplier compares laws along what they read",
        )),
    }
}

/// The unit of all.
fn common(known: &[Known<'_>]) -> Result<Unit, Missing> {
    let units = known.iter().map(unit).collect::<Result<Vec<Unit>, Missing>>()?;
    let said = |unit: Unit| if unit == Unit::Unknown { " a unit that is not known" } else { unit.behind() };
    match units.iter().position(|u| *u != units[0]) {
        None => Ok(units[0]),
        Some(i) => Err(Missing::new(
            format!(
                "the fits count compute in different units: {} in{}, {} in{}",
                known[0].name,
                said(units[0]),
                known[i].name,
                said(units[i])
            ),
            "fit the one anew with the other's unit, as in --map \"C=flops/8.64e19\" for PF-days",
        )),
    }
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    if material.fits.len() >= 2 {
        let known: Vec<Known<'_>> = material.fits.iter().map(|(name, fit)| Known::new(name, fit, None)).collect();
        return drawn(known, material, &[], None);
    }
    if let [(name, fit)] = material.fits.as_slice() {
        let known: Vec<Known<'_>> = fit.families().iter().map(|f| Known::new(f, fit, Some(f))).collect();
        let mut figure = drawn(known, material, &[], None)?;
        figure.caption.push_str(&format!(" Data: {name}."));
        return Ok(figure);
    }
    if let Some(runs) = &material.runs
        && runs.points.family.is_some()
    {
        return fitted(material, &runs.apart()?, &runs.points, &runs.source);
    }
    let (rows, source) = table(material)?;
    let law = catalogue::law("power").expect("a law that ships");
    // Neither rows that move the fit nor a hold-out are drawn here.
    let options = Options { influence: false, trust: false, ..Options::default() };
    let runs = Runs { source, law, points: rows, names: Vec::new(), options, fit: None };
    fitted(material, &runs.apart()?, &runs.points, &runs.source)
}

/// The rows of a table of its own columns, and what a caption says of them.
fn table(material: &Material) -> Result<(Rows, String), Missing> {
    let columns = Columns::of(material, COLUMNS)?;
    let (families, loss) = (columns.words("family")?, columns.numbers("loss")?);
    let name = if columns.find("compute").is_some() { "compute" } else { "flops" };
    let flops = columns.numbers(name)?;
    // Values are in FLOPs, whatever the header says; what it says is what the reader is used to.
    let declared = columns.find(name).and_then(|c| c.unit.as_ref()).is_some_and(|u| u.scale == PF_DAY);
    let (one, unit) = if declared { (PF_DAY, "PF-days") } else { (1.0, "FLOPs") };
    let sound = |v: f64| v.is_finite() && v > 0.0;
    let rows: Vec<usize> = (0..families.len()).filter(|&r| sound(flops[r]) && sound(loss[r])).collect();
    if rows.is_empty() {
        return Err(nothing(columns.table, "compute and a loss"));
    }
    let points = Rows {
        target: rows.iter().map(|&r| loss[r]).collect(),
        columns: vec![("X".into(), rows.iter().map(|&r| flops[r] / one).collect())],
        family: Some(Labels::new("family", rows.iter().map(|&r| families[r].clone()))),
        lines: rows.iter().map(|&r| columns.table.line(r)).collect(),
        units: vec![("X".into(), unit.into())],
        ..Rows::default()
    };
    Ok((points, format!("{}.{}", columns.table.source, skipped(columns.table, rows.len()))))
}

fn fitted(material: &Material, found: &Fit, rows: &Rows, source: &str) -> Result<Figure, Missing> {
    let labels = rows.family.as_ref();
    let compute: Vec<f64> = match scale(found) {
        Scale::Compute => {
            let column = |name: &str| rows.column(name).unwrap_or_default();
            column("N").iter().zip(column("D")).map(|(n, d)| 6.0 * n * d).collect()
        }
        Scale::Input(name) => rows.column(&name).unwrap_or_default().to_vec(),
    };
    let known = found.families().iter().enumerate().map(|(i, family)| {
        let mut known = Known::new(family, found, Some(family));
        let of = |r: &usize| labels.is_some_and(|l| l.index[*r] as usize == i);
        known.runs = (0..rows.len()).filter(of).map(|r| (compute[r], rows.target[r])).collect();
        known
    });
    let mut figure = drawn(known.collect(), material, &[], None)?;
    figure.caption.push_str(&format!(" Data: {}", source.trim_end_matches('.')));
    figure.caption.push('.');
    Ok(figure)
}

/// Published laws, with the compute that their models had.
pub(super) fn from_published(
    fits: &[(String, Fit)],
    ladder: &[(f64, String)],
    reached: Option<(f64, f64)>,
) -> Result<Figure, Missing> {
    let known = fits.iter().map(|(name, fit)| Known { reached, ..Known::new(name, fit, None) });
    drawn(known.collect(), &Material::default(), ladder, reached)
}

fn drawn(
    known: Vec<Known<'_>>,
    material: &Material,
    ladder: &[(f64, String)],
    assumed: Option<(f64, f64)>,
) -> Result<Figure, Missing> {
    if known.len() < 2 {
        return Err(Missing::new(
            "one family alone saves nothing: this figure compares two or more",
            "--group names the column of families, or name two fits",
        ));
    }
    let unit = common(&known)?;
    let base = match &material.baseline {
        None => 0,
        Some(name) => known.iter().position(|k| k.name == *name).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|k| k.name.as_str()).collect();
            Missing::new(format!("no family {name}"), format!("the families are {}", names.join(", ")))
        })?,
    };
    let scale = scale(known[base].fit);
    let mut savings = Vec::new();
    let mut without = Vec::new();
    for (i, variant) in known.iter().enumerate().filter(|(i, _)| *i != base) {
        match saving(&known[base], &known[i], &scale, material.at, assumed)? {
            Some(saving) => savings.push(saving),
            None => without.push(name(&variant.name)),
        }
    }
    let at = savings.iter().flat_map(|s| [s.compute.0, s.compute.1]);
    let ends = extent(known.iter().filter_map(|k| k.reached).flat_map(|(low, high)| [low, high]).chain(at));
    let (low, high) = ends.ok_or_else(|| {
        Missing::new("no runs of these laws are known: at which loss are they compared?", "as in --at-loss 2.1")
    })?;
    // A law beyond its runs is seen for what it is only a little further on.
    let families = known.iter().map(|k| family(k, (low / 1.6, high * 1.6), unit));
    let mut figure = figure(&families.collect::<Result<Vec<_>, _>>()?, &savings, ladder, unit);
    if !without.is_empty() {
        figure.caption.push_str(&format!(
            " The runs of {} share no loss with those of {}: no ratio between them is drawn.",
            name(&known[base].name),
            list(&without),
        ));
    }
    Ok(figure)
}

/// At the loss asked for, or in the middle of those that both reached; `None` if there is no such loss.
fn saving(
    base: &Known<'_>,
    variant: &Known<'_>,
    scale: &Scale,
    at: Option<f64>,
    assumed: Option<(f64, f64)>,
) -> Result<Option<Saving>, FitError> {
    let ask =
        |places: &[Place]| -> Result<Comparison, FitError> { compare(base.side(), variant.side(), scale, &[], places) };
    let shared = match (at, assumed) {
        (Some(_), _) => None,
        // Published laws know no runs: what both reach is what the laws say at the ends of their ladder.
        (None, Some((low, high))) => {
            let ends = |known: &Known<'_>| -> Result<(f64, f64), FitError> {
                let own = compare(known.side(), known.side(), scale, &[], &[Place::Scale(high), Place::Scale(low)])?;
                Ok((own.ratios[0].loss, own.ratios[1].loss))
            };
            Reached { baseline: Some(ends(base)?), variant: Some(ends(variant)?) }.shared()
        }
        (None, None) => match ask(&[]) {
            Ok(comparison) => comparison.reached.shared(),
            Err(_) => return Ok(None),
        },
    };
    let Some(loss) = at.or_else(|| shared.map(|(low, high)| 0.5 * (low + high))) else { return Ok(None) };
    let comparison = ask(&[Place::Loss(loss)])?;
    let ratio = comparison.ratios.into_iter().next();
    Ok(ratio.map(|r| Saving {
        baseline: base.name.clone(),
        variant: variant.name.clone(),
        loss,
        compute: (r.variant, r.baseline),
        beyond: r.beyond(),
        times: r.ratio,
    }))
}

fn family(known: &Known<'_>, (low, high): (f64, f64), unit: Unit) -> Result<Family, FitError> {
    let places: Vec<f64> = curve(low, high, |x| x).into_iter().map(|p| p.0).collect();
    let mut found = Family { name: known.name.clone(), ..Family::default() };
    let scale = scale(known.fit);
    if let Scale::Input(input) = &scale {
        let family = known.family.map(|f| vec![f.to_owned(); places.len()]);
        let said = known.fit.predict(&[(input.clone(), places.clone())], family.as_deref())?;
        for (x, prediction) in places.iter().zip(said) {
            found.curve.push((*x, prediction.mean.value));
            found.band.extend(prediction.mean.interval.map(|i| (*x, i.lower, i.upper)));
        }
    } else {
        let asked: Vec<Place> = places.iter().map(|x| Place::Scale(*x)).collect();
        let own = compare(known.side(), known.side(), &scale, &[], &asked)?;
        found.curve = places.iter().zip(own.ratios).map(|(x, r)| (*x, r.loss)).collect();
    }
    found.law = equation(known, unit);
    found.runs.clone_from(&known.runs);
    found.measured = known.reached;
    Ok(found)
}

/// A pure power as a formula; other laws are too long for a legend.
fn equation(known: &Known<'_>, unit: Unit) -> Rich {
    let value = |name: &str| {
        let own = known.family.map(|f| format!("{name}[{f}]"));
        let found = own.and_then(|own| known.fit.parameter(&own)).or_else(|| known.fit.parameter(name));
        found.map(|p| p.estimate.value)
    };
    match (known.fit.law.name.as_str(), value("A"), value("alpha")) {
        ("power", Some(a), Some(alpha)) => power(a, if unit == Unit::Unknown { "X" } else { "C" }, alpha, 5),
        _ => Rich::default(),
    }
}
