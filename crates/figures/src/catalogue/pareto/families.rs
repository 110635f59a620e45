//! Runs of families, several sizes and seeds: the line of one, and what size the others are worth by it.

use isoloss_laws::{Estimate, Scored, Worth, effective_sizes, means_of};

use super::super::Missing;
use super::super::columns::{Columns, nothing, skipped};
use super::super::say::{count, digits, levels, list, name, ratio};
use super::worth::FARTHEST;
use crate::axis::Axis;
use crate::figure::{Figure, Panel, Width};
use crate::layer::{Arrow, Line, Point, Points};
use crate::numbers::Numbers;
use crate::palette::Colour;
use crate::text::math;

/// Of every interval here.
const LEVEL: f64 = 0.95;

/// What the legend calls rows without a family.
const OF_NONE: &str = "no family";

/// Runs of one family.
struct Family {
    name: String,
    /// by size, ascending
    sizes: Vec<(f64, Vec<Scored>)>,
}

impl Family {
    fn runs(&self) -> Vec<Scored> {
        self.sizes.iter().flat_map(|(_, runs)| runs.clone()).collect()
    }
}

fn is_drawn(worth: &Worth) -> bool {
    worth.at.is_some() && (1.0 / FARTHEST..FARTHEST).contains(&worth.found.times.value)
}

fn said(worth: &Worth, family: &str) -> String {
    let found = &worth.found;
    let at = match worth.at {
        Some(size) => format!("at {} scores {}", count(size), digits(found.score, 3)),
        None => "at all of its sizes together".to_owned(),
    };
    let beyond = match found.beyond > 1.0 {
        true => format!(", {} times beyond the sizes of the line", ratio(found.beyond)),
        false => String::new(),
    };
    format!("{family} {at}, worth {} times the size{beyond}", with_interval(&found.times))
}

/// `1.80 [1.52, 2.20]`, or the reason why there is no interval.
fn with_interval(times: &Estimate) -> String {
    match times.interval {
        Some(i) => format!("{} [{}, {}]", ratio(times.value), ratio(i.lower), ratio(i.upper)),
        None => format!("{} (no interval: {})", ratio(times.value), times.method),
    }
}

/// Runs are meant where models have no names, or a family is named where models have them.
pub(super) fn are_meant(columns: &Columns<'_>, baseline: Option<&str>) -> bool {
    let has =
        |column: &str, asked: &str| columns.find(column).is_some_and(|c| columns.texts(c).contains(&asked.to_owned()));
    match (columns.find("family"), columns.find("model")) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(_), Some(_)) => baseline.is_some_and(|asked| has("family", asked) && !has("model", asked)),
    }
}

pub(super) fn draw(columns: &Columns<'_>, baseline: Option<&str>) -> Result<Figure, Missing> {
    let (names, sizes, scores) = (columns.words("family")?, columns.numbers("size")?, columns.numbers("score")?);
    let errors = columns.optional("score_stderr")?;
    let run = |row: usize| Scored::new(sizes[row], scores[row], errors.map(|errors| errors[row]));
    let sound: Vec<usize> = (0..names.len()).filter(|&row| run(row).is_some()).collect();
    if sound.is_empty() {
        return Err(nothing(columns.table, "a size above zero and a score"));
    }
    // A blank cell is no name: rows that have none are no family together.
    let (of_none, of_one): (Vec<usize>, Vec<usize>) = sound.iter().partition(|row| names[**row].trim().is_empty());
    if of_one.is_empty() {
        let text = format!("{}: no row with a size and a score has a family", columns.table.source);
        return Err(Missing::new(text, "--map \"family=...\" names the column that tells families apart"));
    }
    let mut families: Vec<Family> = Vec::new();
    for &row in &of_one {
        if families.iter().all(|family| family.name != names[row]) {
            let own = || of_one.iter().copied().filter(|other| names[*other] == names[row]).filter_map(run);
            let at = |size: f64| (size, own().filter(|run| run.size == size).collect());
            let sizes = levels(own().map(|run| run.size)).into_iter().map(at).collect();
            families.push(Family { name: names[row].clone(), sizes });
        }
    }
    let base = match baseline {
        None => None,
        Some(asked) => Some(families.iter().position(|family| family.name == asked).ok_or_else(|| {
            let known: Vec<&str> = families.iter().map(|family| family.name.as_str()).collect();
            let near = isoloss_formula::nearest(asked, known.iter().copied());
            let hint = near
                .first()
                .map_or_else(|| format!("they are {}", known.join(", ")), |n| format!("did you mean \"{n}\"?"));
            Missing::new(format!("{}: no family {asked} with sizes and scores", columns.table.source), hint)
        })?),
    };
    let each: Vec<Vec<Scored>> = families.iter().map(Family::runs).collect();
    let worths = base.map(|base| effective_sizes(&each, base, LEVEL)).transpose()?.unwrap_or_default();
    let header = |column: &str, otherwise: &str| columns.find(column).map_or(otherwise, |c| c.name.as_str()).to_owned();
    let size = match header("size", "size").as_str() {
        "size" => "Parameters".to_owned(),
        other => format!("Parameters ({other})"),
    };
    let score = header("score", "score");
    let score = if score.eq_ignore_ascii_case("score") { "Score".to_owned() } else { score };
    let mut figure = figure(&families, base, &worths, &size, &score);
    if !of_none.is_empty() {
        let models = columns.find("model").map(|column| columns.texts(column));
        let point = |&row: &usize| {
            let point = Point::new(sizes[row], scores[row]).fact("size", count(sizes[row]));
            models.iter().fold(point, |point, models| point.fact("model", name(&models[row])))
        };
        figure = with_points(figure, of_none.iter().map(point).collect());
    }
    figure.caption.push_str(&format!(" Data: {}.{}", columns.table.source, skipped(columns.table, sound.len())));
    Ok(figure)
}

/// With what is of no family: marks, and no more.
fn with_points(mut figure: Figure, points: Vec<Point>) -> Figure {
    figure.caption.push_str(&match points.len() {
        1 => " One row without a family is drawn in grey and enters no line.".to_owned(),
        many => format!(" {many} rows without a family are drawn in grey and enter no line."),
    });
    let points = Points::new(points).series(OF_NONE).radius(1.6);
    figure.panels = figure.panels.into_iter().map(|panel| panel.with(points.clone())).collect();
    figure.style(OF_NONE, Colour::Muted, None)
}

fn figure(families: &[Family], base: Option<usize>, worths: &[Worth], size: &str, score: &str) -> Figure {
    let groups: Vec<Vec<Scored>> = families.iter().flat_map(|f| f.sizes.iter().map(|(_, runs)| runs.clone())).collect();
    let means = means_of(&groups, LEVEL);
    let mut means_left = means.iter();
    let mut panel = Panel::new(Axis::log10(size).numbers(Numbers::Suffix), Axis::linear(score));
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut marks = Vec::new();
    for family in families {
        let mut points = Vec::new();
        for ((size, runs), mean) in family.sizes.iter().zip(means_left.by_ref()) {
            let Some(mean) = mean else { continue };
            let point = Point::new(*size, mean.value).fact("size", count(*size)).fact("runs", runs.len().to_string());
            let ends = mean.interval.map_or((mean.value, mean.value), |i| (i.lower, i.upper));
            (low, high) = (low.min(ends.0), high.max(ends.1));
            points.push(if mean.interval.is_some() { point.interval(ends.0, ends.1) } else { point });
        }
        marks.push(Points::new(points).series(family.name.as_str()).radius(2.4));
    }
    let drawn = || worths.iter().filter(|worth| is_drawn(worth));
    if let (Some(base), Some(first)) = (base, worths.first()) {
        let own: Vec<f64> = families[base].sizes.iter().map(|(size, _)| *size).collect();
        let needed = drawn().map(|worth| worth.found.needed.value);
        let all = || own.iter().copied().chain(needed.clone());
        let (from, to) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
        let (a, b) = first.found.line;
        let at = |size: f64| (size, a + b * libm::log(size));
        let line =
            Line::new([at(from), at(own[0]), at(own[own.len() - 1]), at(to)]).series(families[base].name.as_str());
        panel = panel.with(line.measured(own[0], own[own.len() - 1]).thickness(0.9));
    }
    for worth in drawn() {
        let (family, found) = (&families[worth.family].name, &worth.found);
        let tip = (found.needed.value, found.score);
        panel = panel.with(Arrow::new((found.size, found.score), tip).series(family.as_str()));
        // The interval of the tip, with ends as those of marks have.
        let cap = 0.012 * (high - low);
        let ends = found.needed.interval.filter(|i| i.upper < FARTHEST * found.size && i.lower > found.size / FARTHEST);
        if let Some(i) = ends {
            for line in [
                [(i.lower, tip.1), (i.upper, tip.1)],
                [(i.lower, tip.1 - cap), (i.lower, tip.1 + cap)],
                [(i.upper, tip.1 - cap), (i.upper, tip.1 + cap)],
            ] {
                panel = panel.with(Line::new(line).series(family.as_str()).thickness(0.6));
            }
        }
        let label = math(&format!("*{}×*", ratio(found.times.value)));
        panel = panel.with(Points::new([Point::new(tip.0, tip.1).label(label)]).colour(family.as_str()).radius(0.1));
    }
    for points in marks {
        panel = panel.with(points);
    }
    let mut figure = Figure::new(alt(families, worths)).caption(caption(families, base, worths, &means, size));
    for (hue, family) in families.iter().enumerate() {
        figure = figure.style(family.name.as_str(), Colour::Hue(hue), None);
    }
    figure.width(Width::Double).aspect(0.62).panel(panel)
}

fn alt(families: &[Family], worths: &[Worth]) -> String {
    let names: Vec<String> = families.iter().map(|family| name(&family.name)).collect();
    let each: Vec<String> = worths.iter().map(|worth| said(worth, &names[worth.family])).collect();
    let worth = if each.is_empty() { String::new() } else { format!(" {}.", each.join("; ")) };
    format!("Scores of {} against the sizes of their models on a logarithmic axis.{worth}", list(&names))
}

fn caption(
    families: &[Family],
    base: Option<usize>,
    worths: &[Worth],
    means: &[Option<Estimate>],
    size: &str,
) -> String {
    let runs: usize = families.iter().map(|family| family.runs().len()).sum();
    let names: Vec<String> = families.iter().map(|family| name(&family.name)).collect();
    let mut caption = format!("Scores of {runs} runs of {} against {}.", list(&names), size.to_lowercase());
    if let Some(mean) = means.iter().flatten().find(|mean| mean.interval.is_some()) {
        caption
            .push_str(&format!(" Marks are means over runs of a size, bars their 95 % intervals ({}).", mean.method));
    }
    let Some(base) = base else {
        caption.push_str(" --baseline names the family whose line says what size the others are worth.");
        return caption;
    };
    let Some(first) = worths.first() else { return caption };
    let (sizes, runs) = first.found.family;
    caption.push_str(&format!(
        " The line is S = a + b ln N, least squares through {runs} runs of {} at {sizes} sizes; an arrow ends where it has the \
         score, with its 95 % interval ({}).",
        names[base], first.found.times.method
    ));
    if first.found.bent {
        caption.push_str(" The sizes lie off that line by more than seeds explain.");
    }
    let each: Vec<String> = worths.iter().map(|worth| said(worth, &names[worth.family])).collect();
    caption.push_str(&format!(" {}.", each.join("; ")));
    if worths.iter().any(|worth| worth.at.is_some() && !is_drawn(worth)) {
        caption.push_str(&format!(" What is worth more than {FARTHEST} times the size has no arrow."));
    }
    caption
}
