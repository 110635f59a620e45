//! How many times the compute (or parameters, or tokens) the baseline needs for the loss of a variant.

use isoloss_laws::{Comparison, Fit, FitError, Place, Ratio, Reached, Scale, Side, compare, published};

use super::say::{list, name};
use super::scales::{self, BEYOND, ends, grid};
use super::words::{estimate, number, said};
use super::{Choice, Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::Figure;
use crate::figure::Panel;
use crate::layer::{Band, Dash, Line, Rule};
use crate::numbers::Numbers;
use crate::text::math;

/// See `isoloss figure multiplier`.
pub const ENTRY: Entry = Entry {
    name: "multiplier",
    says: "how many times the compute the baseline needs for the loss of each variant",
    needs: &[Needs::Runs, Needs::Fits],
    takes: &[Choice::Baseline],
    draw,
    published: Some(of_papers),
    beside: None,
};

/// Places along the variant's scale.
const STEPS: usize = 24;

/// Room above and below what runs reached, as a factor.
const ROOM: f64 = 1.5;

/// How far intervals may widen the axis on either side, as a factor, unless the multipliers themselves differ by more.
const WIDEST: f64 = 3.0;

/// A place where the multiplier passes 1 is that of a crossing if their logarithms differ by no more.
const SAME: f64 = 0.3;

/// One variant against the baseline.
#[derive(Clone, Debug)]
pub struct Compared {
    /// which variant
    pub name: String,
    /// at losses from high to low
    pub comparison: Comparison,
}

/// Multipliers against the loss.
pub fn figure(baseline: &str, compared: &[Compared], of: &str, certain: &str, source: &str) -> Figure {
    let y =
        Axis::log10(format!("{} multiplier over {baseline}", scales::upper(of))).numbers(Numbers::Plain).include(1.0);
    let mut panel = Panel::new(Axis::log10("Loss that both reach, nats per token").numbers(Numbers::Plain), y);
    panel = panel.with(Rule::y(1.0).label(format!("as {baseline}")));
    let unit = match of {
        "compute" => " FLOPs",
        "tokens" | "parameters" => &format!(" {of}"),
        _ => "",
    };
    // Far beyond the runs a multiplier runs away; the axis is that of what runs reached.
    let near = || compared.iter().flat_map(|c| &c.comparison.ratios).filter(|r| !r.beyond());
    let values = ends(near().map(|r| r.ratio.value).chain([1.0]));
    if let (true, Some((low, high))) =
        (compared.iter().any(|c| c.comparison.reached.measured().is_some()) && near().next().is_some(), values)
    {
        // Nor is it that of intervals which say next to nothing: they are cut at the frame.
        let most = WIDEST.max(high / low);
        let intervals = near().filter_map(|r| r.ratio.interval).flat_map(|i| [i.lower, i.upper]);
        let (lower, upper) = ends(intervals).unwrap_or((low, high));
        panel.y = panel.y.range(lower.clamp(low / most, low) / ROOM, upper.clamp(high, high * most) * ROOM);
    }
    let mut says = Vec::new();
    for one in compared {
        let mut ratios = one.comparison.ratios.clone();
        ratios.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        let band = ratios.iter().filter_map(|r| r.ratio.interval.map(|i| (r.loss, i.lower, i.upper)));
        let line = Line::new(ratios.iter().map(|r| (r.loss, r.ratio.value))).series(one.name.as_str());
        let line = Line { measured: one.comparison.reached.measured(), ..line };
        let band = Band::new(band);
        if !band.points.is_empty() {
            panel = panel.with(band.series(one.name.as_str()));
        }
        panel = panel.with(line);
        let inside: Vec<_> = ratios.iter().filter(|r| !r.beyond()).collect();
        let all: Vec<_> = if inside.is_empty() { ratios.iter().collect() } else { inside };
        if let (Some(best), Some(worst)) = (all.first(), all.last()) {
            let at = |r: &Ratio| format!("{} at loss {}", estimate(&r.ratio, 3), said(r.loss, 3));
            says.push(format!("{}: {}, {}", one.name, at(worst), at(best)));
        }
        if let Some((crossing, at)) = crossing(&one.comparison, &ratios) {
            let name = math(&format!("equal at {}{unit}", number(crossing, 2)));
            says.push(format!("{}: {name}", one.name));
            panel = panel.with(Rule::x(at).label(name).series(one.name.as_str()).dash(Dash::Dotted));
        }
    }
    let words = says.join("; ");
    let reached = reached(baseline, compared);
    Figure::new(format!(
        "How many times the {of} {baseline} needs for the loss of each variant, against that loss. {words}."
    ))
    .caption(format!(
        "How many times the {of} {baseline} needs for the same loss; above 1 the variant is better. {reached} {words}. \
         {certain} {source}"
    ))
    .aspect(0.72)
    .panel(panel)
}

/// Where two curves cross, on the scale and as a loss, if that is among the runs or near them and the two differ at all: farther
/// away it says more of the exponents than of the families, and curves that cannot be told apart may cross anywhere.
fn crossing(comparison: &Comparison, ratios: &[Ratio]) -> Option<(f64, f64)> {
    let tied = comparison.distinguishable == Some(false);
    let crossing = comparison.crossing.as_ref().filter(|_| !tied && comparison.crossing_beyond <= BEYOND)?.value;
    Some((crossing, loss_at(crossing, ratios)?))
}

/// The loss at which the multiplier passes 1, between two places, where the curves need as much as `crossing`.
fn loss_at(crossing: f64, ratios: &[Ratio]) -> Option<f64> {
    let passes = ratios.windows(2).filter(|w| (w[0].ratio.value - 1.0) * (w[1].ratio.value - 1.0) < 0.0);
    let between = passes.map(|w| {
        let part = libm::log(w[0].ratio.value) / libm::log(w[0].ratio.value / w[1].ratio.value);
        let along = |of: fn(&Ratio) -> f64| of(&w[0]) * libm::pow(of(&w[1]) / of(&w[0]), part);
        (libm::log(along(|r| r.baseline) / crossing).abs(), along(|r| r.loss))
    });
    between.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(off, _)| *off < SAME).map(|(_, loss)| loss)
}

/// What of the lines is measured.
fn reached(baseline: &str, compared: &[Compared]) -> String {
    let all = |which: fn(&Reached) -> bool| compared.iter().all(|c| which(&c.comparison.reached));
    let mut text = match () {
        () if all(|r| r.measured().is_none()) => {
            return "Which of these losses runs of both reached is not known.".into();
        }
        () if all(Reached::apart) => "Dotted: extrapolated.".to_owned(),
        () if all(|r| r.baseline.and(r.variant).is_some()) => {
            "Solid: losses that runs of both reached; dotted: extrapolated.".to_owned()
        }
        () => "Solid: losses that runs reached, as far as they are known; dotted: extrapolated.".to_owned(),
    };
    let apart = compared.iter().filter(|c| c.comparison.reached.apart());
    let apart: Vec<String> = apart.map(|c| name(&c.name)).collect();
    if !apart.is_empty() {
        text.push_str(&format!(" The runs of {} share no loss with those of {}.", name(baseline), list(&apart)));
    }
    text
}

/// A comparison at places along the variant's scale, those left out at which the baseline never has that loss.
fn along(baseline: Side<'_>, variant: Side<'_>, scale: &Scale, range: (f64, f64)) -> Result<Comparison, FitError> {
    let places: Vec<Place> = grid(range.0, range.1 * BEYOND, STEPS).into_iter().map(Place::Scale).collect();
    if let Ok(all) = compare(baseline, variant, scale, &[], &places) {
        return Ok(all);
    }
    let each: Vec<Result<Comparison, FitError>> =
        places.iter().map(|p| compare(baseline, variant, scale, &[], &[*p])).collect();
    let mut found: Option<Comparison> = None;
    let mut why = None;
    for one in each {
        match (one, &mut found) {
            (Ok(one), Some(all)) => all.ratios.extend(one.ratios),
            (Ok(one), none) => *none = Some(one),
            (Err(e), _) => why = Some(e),
        }
    }
    found.ok_or_else(|| {
        why.unwrap_or_else(|| FitError { message: "nothing to compare".into(), hint: None, of_search: false })
    })
}

/// What the fit is compared along: compute, or its one input.
fn scale_of(fit: &Fit) -> (Scale, String) {
    let inputs: Vec<&str> = fit.law.inputs().collect();
    match inputs.as_slice() {
        [one] => {
            let name = match *one {
                "N" => "parameters",
                "D" => "tokens",
                "X" if fit.units.iter().any(|(n, u)| n == "X" && u == "PF-days") => "compute",
                "X" => "scale",
                "C" => "compute",
                other => other,
            };
            (Scale::Input((*one).to_owned()), name.to_owned())
        }
        _ => (Scale::Compute, "compute".to_owned()),
    }
}

/// The scale's range over the runs of a side.
fn range(side: &Side<'_>, scale: &Scale) -> (f64, f64) {
    let spans = &side.fit.spans;
    let span = spans.iter().find(|s| s.family.as_deref() == side.family).or(spans.first());
    let found = span.and_then(|s| match scale {
        Scale::Compute => s.flops,
        Scale::Input(name) => s.inputs.iter().find(|(n, ..)| n == name).map(|(_, l, h)| (*l, *h)),
    });
    let usual = if side.fit.units.iter().any(|(_, u)| u == "PF-days") { (0.1, 10.0) } else { (1e18, 1e22) };
    found.filter(|(low, _)| *low > 0.0).unwrap_or(usual)
}

/// Compares sides with the first of them.
fn all(sides: &[(String, Side<'_>)], source: &str) -> Result<Figure, Missing> {
    let [(name, base), variants @ ..] = sides else {
        return Err(Missing::new("there is nothing to compare", "name two fits, or a table with families"));
    };
    let (scale, of) = scale_of(base.fit);
    let mut compared = Vec::new();
    for (name, side) in variants {
        let comparison = along(*base, *side, &scale, range(side, &scale))?;
        compared.push(Compared { name: name.clone(), comparison });
    }
    let bare = sides.iter().find(|(_, s)| s.fit.draws.is_empty());
    let certain = match (bare, compared.first()) {
        (Some((name, side)), _) => format!("No band: {name}: {}.", side.fit.method),
        (None, Some(_)) if compared.iter().flat_map(|c| &c.comparison.ratios).all(|r| r.ratio.interval.is_none()) => {
            let why = compared.iter().flat_map(|c| &c.comparison.ratios).next();
            why.map_or(String::new(), |r| format!("No band: {}.", r.ratio.method))
        }
        (None, Some(one)) => {
            let level = 100.0 * base.fit.level;
            format!("Band: {level:.0} % interval ({}); {}.", base.fit.method, one.comparison.pairing)
        }
        (None, None) => String::new(),
    };
    Ok(figure(name, &compared, &of, &certain, source))
}

fn of_papers() -> Figure {
    let sides =
        ["kimi-mla", "kimi-linear"].map(|n| published(n).unwrap_or_else(|| unreachable!("constants that ship")));
    let source = sides[0].notes.join(" ");
    let named = [
        ("MLA".to_owned(), Side { fit: &sides[0], family: None }),
        ("Kimi Linear".to_owned(), Side { fit: &sides[1], family: None }),
    ];
    all(&named, &source).unwrap_or_else(|e| Figure::new(e.message))
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    if material.fits.len() > 1 {
        let first = material.baseline.as_ref();
        if let Some(first) = first.filter(|first| !material.fits.iter().any(|(n, _)| n == *first)) {
            let known: Vec<&str> = material.fits.iter().map(|(n, _)| n.as_str()).collect();
            return Err(Missing::new(format!("no fit {first}"), format!("the fits are {}", known.join(", "))));
        }
        let mut sides: Vec<(String, Side<'_>)> =
            material.fits.iter().map(|(n, fit)| (n.clone(), Side { fit, family: None })).collect();
        sides.sort_by_key(|(n, _)| Some(n) != first);
        return all(&sides, "");
    }
    let hint = "group the runs by a column of families (--group), or name two fits, the baseline first";
    let alone = || Missing::new("one fit has nothing to be compared with", hint);
    material.runs.as_ref().ok_or_else(alone)?;
    let runs = scales::runs(material)?;
    let labels = runs.points.family.as_ref().filter(|f| f.levels.len() > 1);
    let labels = labels.ok_or_else(|| Missing::new("all runs are of one family: there is nothing to compare", hint))?;
    let fit = runs.apart()?;
    let mut names: Vec<&String> = labels.levels.iter().collect();
    if let Some(first) = &material.baseline {
        if !names.contains(&first) {
            let known: Vec<&str> = names.iter().map(|n| n.as_str()).collect();
            let hint = format!("the families are {}", known.join(", "));
            return Err(Missing::new(format!("no family {first}"), hint));
        }
        names.sort_by_key(|n| *n != first);
    }
    let sides: Vec<(String, Side<'_>)> =
        names.into_iter().map(|n| (n.clone(), Side { fit: &fit, family: Some(n.as_str()) })).collect();
    all(&sides, &format!("{} runs of {}.", runs.points.len(), runs.source))
}

#[cfg(test)]
mod tests {
    use isoloss_laws::Estimate;

    use super::*;

    fn at(loss: f64, baseline: f64, ratio: f64) -> Ratio {
        Ratio {
            loss,
            variant: baseline / ratio,
            baseline,
            ratio: Estimate { value: ratio, interval: None, method: String::new() },
            beyond_baseline: false,
            beyond_variant: false,
        }
    }

    /// A multiplier that passes 1 twice: the loss belongs to the compute that is named.
    #[test]
    fn of_two_crossings_the_one_that_is_named() {
        let all = [at(2.0, 1e20, 1.1), at(2.5, 1e19, 0.9), at(4.0, 1e17, 0.9), at(5.0, 1e16, 1.1)];
        let found = |crossing| loss_at(crossing, &all).unwrap();
        assert!((2.0..2.5).contains(&found(3e19)) && (4.0..5.0).contains(&found(3e16)));
        assert!(loss_at(1e18, &all[1..3]).is_none());
        assert!(loss_at(6.6e-3, &all).is_none(), "neither of them is named");
    }

    /// Where curves cross is said near the runs, of families that differ.
    #[test]
    fn a_crossing_far_away_or_of_families_that_are_tied_is_not_said() {
        let all = vec![at(2.0, 1e20, 1.1), at(2.5, 1e19, 0.9)];
        let said = |crossing_beyond: f64, distinguishable: Option<bool>| {
            let comparison = Comparison {
                ratios: all.clone(),
                reached: Reached { baseline: None, variant: None },
                crossing: Some(Estimate { value: 3e19, interval: None, method: String::new() }),
                crossing_beyond,
                distinguishable,
                changes: true,
                pairing: "",
                warnings: Vec::new(),
            };
            crossing(&comparison, &all).is_some()
        };
        assert!(said(1.0, Some(true)) && said(5.0, None));
        assert!(!said(50.0, Some(true)) && !said(1.0, Some(false)));
    }
}
