//! Is the table what it is taken for? Checks of the numbers alone.

use crate::mixture::few_mixtures;
use crate::points::Points;
use crate::result::Fit;
use crate::warning::{Severity, Short, Warning, count};
use std::collections::HashMap;

pub(crate) fn warnings(fit: &Fit, points: &Points) -> Vec<Warning> {
    let mut out = Vec::new();
    let loss = is_loss(fit);
    if loss {
        out.extend(perplexity(points));
        out.extend(rises(fit, points));
    }
    out.extend(units(fit, points));
    out.extend(few_scales(points));
    out.extend(few_mixtures(fit));
    out.extend(copies(points));
    out.extend(sweep(points));
    out.extend(checkpoints(points));
    out.extend(few_clusters(fit, points));
    out.extend(standard_errors(fit, points));
    out
}

/// The target is a loss: the law says so, or it bears the name.
fn is_loss(fit: &Fit) -> bool {
    let (name, meaning) = &fit.law.variables[0];
    meaning.starts_with("loss") || name == "L" || name.to_lowercase().contains("loss")
}

fn perplexity(points: &Points) -> Option<Warning> {
    let mut sorted = points.target.clone();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted[sorted.len() / 2];
    // A uniform guess over the largest vocabularies in use (about 262 thousand) costs 12.5 nats.
    (middle > 12.5).then(|| {
        let text = format!(
            "half of the losses are above {middle:.1} nats, more than a uniform guess over any vocabulary costs"
        );
        Warning::new(
            Severity::Warning,
            "perplexity",
            text,
            "if they are perplexities, take the logarithm: --map \"L=ln(COLUMN)\"",
        )
    })
}

/// The law's loss at the largest value of an input above that at the smallest, the others at their middle.
fn rises(fit: &Fit, points: &Points) -> Vec<Warning> {
    let inputs: Vec<&(String, Vec<f64>)> =
        points.columns.iter().filter(|(n, _)| fit.reads().contains(&n.as_str())).collect();
    let middle = |c: &[f64]| {
        let mut c = c.to_vec();
        c.sort_by(f64::total_cmp);
        c[c.len() / 2]
    };
    let mut out = Vec::new();
    for (name, column) in inputs.iter().copied().filter(|(n, _)| ["N", "D", "C", "X"].contains(&n.as_str())) {
        let ends = [column.iter().copied().fold(f64::INFINITY, f64::min), column.iter().copied().fold(0.0, f64::max)];
        let at: Vec<(String, Vec<f64>)> = (inputs.iter())
            .map(|(n, c)| (n.clone(), if n == name { ends.to_vec() } else { vec![middle(c); 2] }))
            .collect();
        let family = fit.families.first().map(|f| vec![f.clone(); 2]);
        let Ok(p) = fit.predict(&at, family.as_deref()) else { continue };
        let (low, high) = (p[0].mean.value, p[1].mean.value);
        if high > low * 1.0005 {
            let text =
                format!("the fitted loss rises with {name}, from {} to {} over the runs", Short(low), Short(high));
            out.push(Warning::new(
                Severity::Warning,
                "rises",
                text,
                "is the target a loss, and are larger runs tuned as well as small ones?",
            ));
        }
    }
    out
}

/// Words for what a column should hold, and the least that is plausible.
const LEAST: &[(&str, &str, f64)] = &[("N", "parameters", 2e3), ("D", "tokens", 1e4), ("C", "FLOPs", 1e8)];

fn units(fit: &Fit, points: &Points) -> Vec<Warning> {
    let mut out = Vec::new();
    // A law may call something else by that letter, as people.
    let other = |name: &str, what: &str| {
        let said = fit.law.variables.iter().find(|(known, _)| known == name).map_or("", |(_, meaning)| meaning);
        !said.is_empty() && !said.contains(what)
    };
    for (name, what, least) in LEAST {
        let Some(column) = points.column(name).filter(|_| !other(name, what)) else { continue };
        let mut rows: Vec<usize> = (0..column.len()).filter(|&i| column[i] > 0.0).collect();
        rows.sort_by(|&a, &b| column[a].total_cmp(&column[b]));
        let (Some(&low), Some(&high)) = (rows.first(), rows.last()) else { continue };
        if column[high] < *least {
            let text = format!("{name} runs from {} to {}: few for a count of {what}", column[low], column[high]);
            let hint = format!("if the unit is millions, say so: --map \"{name}=1e6*COLUMN\"; if billions, 1e9");
            out.push(Warning::new(Severity::Warning, "units", text, &hint));
            continue;
        }
        // One row far from all others: another unit.
        for (row, next) in [(low, rows.get(1)), (high, rows.len().checked_sub(2).map(|i| &rows[i]))] {
            if let Some(&next) = next
                && rows.len() > 3
                && (column[row] / column[next]).ln().abs() > 500f64.ln()
            {
                let text = format!(
                    "line {}: {name} = {:e}, {} times off the nearest other run",
                    points.line(row),
                    column[row],
                    times((column[row] / column[next]).ln().abs().exp())
                );
                out.push(Warning::new(Severity::Warning, "units", text, "another unit in that row?"));
            }
        }
    }
    out
}

/// How many times, without digits that nobody reads.
fn times(x: f64) -> String {
    if x < 1e5 { format!("{x:.0}") } else { format!("{x:.0e}") }
}

fn few_scales(points: &Points) -> Vec<Warning> {
    let few = points.columns.iter().filter(|(n, _)| ["N", "D", "C", "X"].contains(&n.as_str())).filter_map(
        |(name, column)| {
            let mut values: Vec<f64> = column.clone();
            values.sort_by(f64::total_cmp);
            values.dedup_by(|a, b| (*a / *b).ln().abs() < 0.05);
            (values.len() < 4).then(|| {
                let text =
                    format!("{name} takes only {}: an exponent over it rests on that", count(values.len(), "value"));
                Warning::new(
                    Severity::Warning,
                    "few-scales",
                    text,
                    "four or more, over a factor of ten, make an exponent believable",
                )
            })
        },
    );
    few.collect()
}

/// Rows by their inputs.
fn cells(points: &Points) -> Vec<Vec<usize>> {
    let mut by: HashMap<Vec<u64>, Vec<usize>> = HashMap::new();
    for row in 0..points.len() {
        let mut key: Vec<u64> = points.columns.iter().map(|(_, c)| c[row].to_bits()).collect();
        key.extend(points.family.iter().map(|f| u64::from(f.index[row])));
        by.entry(key).or_default().push(row);
    }
    let mut cells: Vec<Vec<usize>> = by.into_values().collect();
    cells.sort();
    cells
}

/// So many copies are named by their lines, and the others counted.
const NAMED: usize = 4;

fn copies(points: &Points) -> Option<Warning> {
    let mut copies: Vec<(u64, u64)> = Vec::new();
    for cell in cells(points) {
        let mut first: HashMap<u64, usize> = HashMap::new();
        for row in cell {
            let original = *first.entry(points.target[row].to_bits()).or_insert(row);
            // Copies in one cluster are known to share their luck.
            let known = points.cluster.as_ref().is_some_and(|c| c.index[row] == c.index[original]);
            if original != row && !known {
                copies.push((points.line(row), points.line(original)));
            }
        }
    }
    copies.sort_unstable();
    (!copies.is_empty()).then(|| {
        let (are, copies_of) = if copies.len() == 1 { ("is", "an exact copy") } else { ("are", "exact copies") };
        let named = copies.iter().take(NAMED).map(|(line, of)| format!("line {line} of line {of}"));
        let mut named = named.collect::<Vec<_>>().join(", ");
        if copies.len() > NAMED {
            named.push_str(&format!(" and {} more", copies.len() - NAMED));
        }
        let text = format!(
            "{} of {} rows {are} {copies_of} of others, {named}: they make intervals too narrow",
            copies.len(),
            points.len()
        );
        let hint = "leave copies out of the file; if runs really repeat one another, --cluster COLUMN says so";
        Warning::new(Severity::Warning, "copies", text, hint)
    })
}

/// Seeds differ by a fraction of a percent; settings of one size by more.
fn sweep(points: &Points) -> Option<Warning> {
    let cells = cells(points);
    let many: Vec<&Vec<usize>> = cells.iter().filter(|c| c.len() >= 3).collect();
    if points.cluster.is_some() || many.len() * 2 < cells.len() || many.is_empty() {
        return None;
    }
    let spread = |cell: &[usize]| {
        let losses = || cell.iter().map(|&r| points.target[r]);
        (losses().fold(0.0, f64::max) / losses().fold(f64::INFINITY, f64::min)).ln()
    };
    let mut spreads: Vec<f64> = many.iter().map(|c| spread(c)).collect();
    spreads.sort_by(f64::total_cmp);
    let middle = spreads[spreads.len() / 2];
    (middle > 0.02).then(|| {
        let text = format!(
            "{} with several runs each, whose losses differ by {:.0} %: a sweep that was not reduced, several data sets, or an input that the law ignores?",
            count(many.len(), "size"),
            100.0 * middle
        );
        Warning::new(
            Severity::Warning,
            "sweep",
            text,
            "--min-of COLUMN keeps the best run of each COLUMN, --where one setting; --per COLUMN E,A,B fits data sets apart",
        )
    })
}

/// Tokens in even steps at one size: checkpoints of one run, whose noise is shared and whose schedule had not ended.
fn checkpoints(points: &Points) -> Option<Warning> {
    let (n, d) = (points.column("N")?, points.column("D")?);
    let mut by: HashMap<u64, Vec<f64>> = HashMap::new();
    n.iter().zip(d).for_each(|(n, d)| by.entry(n.to_bits()).or_default().push(*d));
    let even = |ds: &mut Vec<f64>| {
        ds.sort_by(f64::total_cmp);
        let steps: Vec<f64> = ds.windows(2).map(|w| w[1] - w[0]).collect();
        let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
        ds.len() >= 6 && mean > 0.0 && steps.iter().all(|s| (s / mean - 1.0).abs() < 0.05)
    };
    let sizes = by.len();
    let found = by.values_mut().filter_map(|ds| even(ds).then_some(())).count();
    (found * 2 > sizes).then(|| {
        let text = format!(
            "tokens in even steps at {found} of {}: checkpoints of one run, read as runs?",
            count(sizes, "size")
        );
        Warning::new(
            Severity::Warning,
            "checkpoints",
            text,
            "keep the last of each run: --last-of COLUMN, where COLUMN names the run",
        )
    })
}

/// Runs scatter by their standard errors and a little more; ten times more or less is another unit or another quantity.
fn standard_errors(fit: &Fit, points: &Points) -> Option<Warning> {
    let se = points.se.as_ref()?;
    let size = |y: f64| if fit.objective.log { y } else { 1.0 };
    let middle = |mut each: Vec<f64>| {
        each.sort_by(f64::total_cmp);
        each[each.len() / 2]
    };
    let stated = middle(se.iter().zip(&points.target).map(|(s, y)| s / size(*y)).collect());
    // The median of an absolute normal deviate is 0.67 standard deviations.
    let seen = middle(fit.residuals.iter().map(|r| r.abs()).collect()) / 0.6745;
    let ratio = seen / stated;
    (seen > 1e-9 && !(0.1..=10.0).contains(&ratio)).then(|| {
        let (ratio, word) = if ratio > 1.0 { (ratio, "more") } else { (1.0 / ratio, "less") };
        let text = format!("runs scatter {} times {word} than their standard errors say", times(ratio));
        let hint = format!(
            "--se wants one standard deviation in the unit of {}; --weight takes weights",
            fit.law.formula.target
        );
        Warning::new(Severity::Warning, "standard-errors", text, &hint)
    })
}

fn few_clusters(fit: &Fit, points: &Points) -> Option<Warning> {
    let labels = points.cluster.as_ref()?;
    (labels.levels.len() < 6).then(|| {
        let text = format!(
            "{} of {} cannot tell how much noise rows share: intervals that allow for it stand beside those that do not{}",
            match labels.levels.len() {
                1 => "1 cluster".to_owned(),
                n => format!("{n} clusters"),
            },
            labels.name,
            fit.without_clusters.iter().map(|(name, i)| format!("\n  {name} without clusters: {} to {}", Short(i.lower), Short(i.upper))).collect::<String>()
        );
        Warning::new(Severity::Warning, "few-clusters", text, "six or more clusters; a ladder that repeats trunks with other seeds has them")
    })
}
