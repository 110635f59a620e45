//! What a budget buys at best, and on which sizes it is best spent.

use isoloss_laws::{Fit, Plan, Points};

use super::fit::{equations, written};
use super::scales::{self, BEYOND, families, grid, rows_of};
use super::words::{bands, count, lines, number, said, shown};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Figure, LegendPlace, Panel};
use crate::layer::{Band, Dash, Line, Note, Points as Marks};
use crate::numbers::Numbers;
use crate::palette::Colour;
use crate::text::{Rich, math};

/// See `isoloss figure frontier`.
pub const ENTRY: Entry = Entry {
    name: "frontier",
    says: "the least loss that compute buys, and the parameters and tokens that reach it",
    needs: &[Needs::Runs, Needs::Fit],
    takes: &[],
    draw,
    published: Some(of_papers),
    beside: None,
};

/// Budgets at which the law is asked; each asks every draw of the fit.
const STEPS: usize = 24;

/// Runs and the frontier of a law of N and D.
///
/// # Errors
/// If the law has no best sizes.
pub fn figure(fit: &Fit, runs: Option<&Points>, source: &str) -> Result<Figure, Missing> {
    let (low, high) = scales::budgets(fit, runs);
    let measured = if runs.is_some() || fit.rows > 0 { (low, high) } else { (0.0, f64::MAX) };
    let places = runs.and_then(scales::flops).unwrap_or_default();
    let end = if measured.0 > 0.0 { high * BEYOND } else { high };
    let budgets = grid(low, end, STEPS);
    let mut loss = Panel::new(scales::compute(), scales::target(&fit.law, &fit.units, true));
    let label = "Best parameters _N_\\*, tokens _D_\\*";
    let mut sizes = Panel::new(scales::compute(), Axis::log10(math(label)).numbers(Numbers::Suffix));
    let (mut says, mut notes) = (Vec::new(), Vec::new());
    let all = families(fit);
    let both = all.len() <= 2;
    let (n_name, d_name) = (math("parameters _N_\\*"), math("tokens _D_\\*"));
    for family in &all {
        let plans = scales::frontier(fit, family.as_deref(), &budgets);
        let Some((_, last)) = plans.last() else { continue };
        let name = family.clone().unwrap_or_else(|| "compute-optimal".to_owned());
        let rows = runs.map_or(Vec::new(), |p| rows_of(p, family.as_deref()));
        if let Some(points) = runs {
            let marks = Marks::new(rows.iter().map(|r| (places[*r], points.target[*r])));
            let series = if family.is_some() { name.as_str() } else { "runs" };
            loss = loss.with(scales::cloud(marks, points.len()).series(series));
        }
        let band = |of: fn(&Plan) -> &isoloss_laws::Estimate| {
            Band::new(plans.iter().filter_map(|(c, p)| scales::banded(*c, of(p))))
        };
        let line =
            |of: fn(&Plan) -> f64| Line::new(plans.iter().map(|(c, p)| (*c, of(p)))).measured(measured.0, measured.1);
        let own = Rich::plain(name.as_str());
        if both {
            loss = scales::with_band(loss, band(|p| &p.loss.new_run), Some(&own));
        }
        loss = scales::with_band(loss, band(|p| &p.loss.mean), Some(&own));
        loss = loss.with(line(|p| p.loss.mean.value).series(name.as_str()));
        let (params, tokens) = (line(|p| p.params.value), line(|p| p.tokens.value));
        let (params_band, tokens_band) = (band(|p| &p.params), band(|p| &p.tokens));
        sizes = match all.len() {
            1 => scales::with_band(scales::with_band(sizes, params_band, Some(&n_name)), tokens_band, Some(&d_name))
                .with(params.series(n_name.clone()))
                .with(tokens.series(d_name.clone())),
            _ => scales::with_band(sizes, params_band, Some(&own))
                .with(params.series(name.as_str()).key(n_name.clone()))
                .with(tokens.series(name.as_str()).key(d_name.clone()).dash(Dash::Dashed)),
        };
        let lead = family.as_ref().map_or(String::new(), |f| format!("{f}: "));
        let ratios = ratios(&plans);
        says.push(format!("{lead}{}", shown(&ratios)));
        notes.push(math("_D_\\*/_N_\\*, ").then(&Rich::plain(lead.as_str())).then(&math(&ratios)));
        let (c, n, d) = (last.flops.value, last.params.value, last.tokens.value);
        let least = said(last.loss.mean.value, 3);
        let at = format!("at {} FLOPs N = {}, D = {}, loss {least}", said(c, 2), count(n), count(d));
        says.push(format!("{lead}{at}"));
    }
    if says.is_empty() {
        return Err(match fit.ladder {
            Some(_) => Missing::new(
                "parameters and tokens of the runs grow together: they do not say how a budget is best divided",
                "best sizes need runs of one size with several numbers of tokens, or of one budget with several sizes",
            ),
            None => Missing::new(
                format!("the law {} has no best sizes: it needs N and D, and a price for each", fit.law.name),
                "fit one that does: --law chinchilla",
            ),
        });
    }
    notes.truncate(4);
    let note = Note { lines: notes, ..Note::default() };
    let equations = equations(fit);
    loss.y = scales::room(loss.y, &loss.layers, equations.iter().map(lines).sum());
    loss = loss.with_all(equations);
    let law: Vec<String> = all.iter().map(|f| written(fit, f.as_deref())).collect();
    sizes = sizes.with(note);
    let beyond = match measured.0 > 0.0 {
        true => format!("Solid: where runs are; dotted: extrapolated, to {BEYOND} times their compute."),
        false => "Drawn where papers look; the constants come without their runs.".to_owned(),
    };
    let words = says.join("; ");
    let bands = bands(fit, &loss.layers, both);
    Ok(Figure::new(format!(
        "Two panels against training compute. Left, the least loss of the law {}; right, the parameters and tokens \
         that reach it. Tokens per parameter, {words}.",
        fit.law.name
    ))
    .caption(format!(
        "a, runs and the least loss that the law {} reaches at C = 6 N D, {}. b, the parameters N* and tokens D* that reach \
         it; tokens per parameter, {words}. {beyond} {bands} {source}",
        fit.law.name,
        law.join("; ")
    ))
    .columns(2)
    .aspect(0.85)
    .lettered()
    .legend(LegendPlace::Below)
    .style("runs", Colour::Muted, None)
    .style("compute-optimal", Colour::Ink, None)
    .style(n_name, Colour::Hue(0), None)
    .style(d_name, Colour::Hue(1), None)
    .panel(loss)
    .panel(sizes))
}

/// Best tokens per parameter at the first, middle and last budget.
fn ratios(plans: &[(f64, Plan)]) -> String {
    let at = |i: usize| {
        let (c, p) = &plans[i];
        format!("{} at {}", number(p.tokens.value / p.params.value, 2), number(*c, 1))
    };
    let (first, last) = (at(0), at(plans.len() - 1));
    if plans.len() < 2 { first } else { format!("{first}, {last} FLOPs") }
}

fn of_papers() -> Figure {
    scales::of_papers("besiroglu-2024", |fit, source| figure(fit, None, source))
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let (fit, runs) = scales::fitted(material)?;
    figure(&fit, runs.map(|r| &r.points), &scales::source(&fit, runs))
}
