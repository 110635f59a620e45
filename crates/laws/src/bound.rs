//! A law bound to rows: what can be refused is refused here, before anything is fitted.

use crate::coordinates::Coordinates;
use crate::error::FitError;
use crate::law::Law;
use crate::layout::Layout;
use crate::objective::Link;
use crate::options::{Loss, Noise, Options};
use crate::points::Points;
use crate::program::{Columns, Program};
use crate::reducible::Reducible;
use crate::roles;
use crate::search::Rows;
use crate::warning::Plain;

/// A law bound to rows, ready to be fitted.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) layout: Layout,
    pub(crate) coordinates: Coordinates,
    pub(crate) program: Program,
    pub(crate) rows: Rows,
    /// where noise is a share of the reducible loss
    pub(crate) reducible: Option<Reducible>,
}

pub(crate) fn bind_program(law: &Law, layout: &Layout, points: &Points) -> Result<Program, FitError> {
    let columns = Columns {
        rows: points.len(),
        numbers: points.columns.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect(),
        labels: points.family.iter().map(|l| l.index.as_slice()).collect(),
    };
    Program::bind(&law.formula, &columns, &layout.slots, layout.entries.len()).map_err(|e| {
        FitError::new(
            format!("the law {} cannot be used here: {e}", law.name),
            "--map \"NAME=...\" makes a column that is missing",
        )
    })
}

/// A search among NaN never ends.
fn finite(law: &Law, points: &Points) -> Result<(), FitError> {
    let target = (law.formula.target.as_str(), &points.target);
    let columns = points.columns.iter().map(|(name, column)| (name.as_str(), column));
    for (name, column) in std::iter::once(target).chain(columns) {
        if let Some(row) = column.iter().position(|x| !x.is_finite()) {
            return Err(FitError::new(
                format!("line {}: {name} = {}, which is no finite number", points.line(row), column[row]),
                "leave the row out: a run that diverged or did not finish is no point of a law",
            ));
        }
    }
    Ok(())
}

pub(crate) fn bind(law: &Law, points: &Points, options: &Options, notes: &mut Vec<String>) -> Result<Bound, FitError> {
    finite(law, points)?;
    let layout = Layout::new(law, points, options)?;
    let coordinates = layout.coordinates(law);
    let program = bind_program(law, &layout, points)?;
    let lowest = points.target.iter().copied().fold(f64::INFINITY, f64::min);
    let losses = points.target.iter().filter(|y| **y <= 0.0).count();
    if losses > 0 && losses * 5 < points.len() && options.loss != Loss::Squared {
        // A few among positive ones are slips; a target that is negative as a rule is another kind of quantity.
        let row = points.target.iter().position(|y| *y <= 0.0).unwrap_or(0);
        return Err(FitError::new(
            format!(
                "line {}: {} = {} where nearly all are positive",
                points.line(row),
                law.formula.target,
                points.target[row]
            ),
            format!(
                "leave it out with --where \"{} > 0\", or fit raw residuals with --objective squared",
                law.formula.target
            ),
        ));
    }
    let target = &law.formula.target;
    let none_above = losses > 0 && losses == points.len();
    if none_above && target == "L" && options.loss != Loss::Squared && roles::never_negative(law) {
        return Err(FitError::new(
            format!(
                "{target} is {} at most: a loss lies above 0, and this law never goes below",
                Plain(highest(points))
            ),
            format!(
                "a log-likelihood is a loss with its sign turned: --map \"{target}=-COLUMN\"; --objective squared fits it \
                 as it is"
            ),
        ));
    }
    let link = match options.loss {
        Loss::Squared => Link::Raw,
        Loss::Robust if lowest <= 0.0 => {
            notes.push(format!(
                "some {target} are not positive (least {lowest}): residuals are of {target}, not of its logarithm"
            ));
            Link::Raw
        }
        _ if lowest <= 0.0 => {
            let row = points.target.iter().position(|y| *y <= 0.0).unwrap_or(0);
            return Err(FitError::new(
                format!("line {}: {} = {} has no logarithm", points.line(row), law.formula.target, points.target[row]),
                "leave the row out with --where, or fit raw residuals with --objective squared",
            ));
        }
        _ => Link::Log,
    };
    let reducible = match options.noise {
        Noise::Loss => None,
        Noise::Reducible if options.loss == Loss::Published => {
            return Err(FitError::new(
                "the published objective has a delta for log loss, not for shares of the reducible loss",
                "leave out one of --noise reducible and --objective published",
            ));
        }
        Noise::Reducible => Some(Reducible::bind(law, &layout, points)?),
    };
    Ok(Bound { layout, coordinates, program, rows: rows_of(link, points), reducible })
}

pub(crate) fn rows_of(link: Link, points: &Points) -> Rows {
    let target = match link {
        Link::Log => points.target.iter().map(|y| libm::log(*y)).collect(),
        Link::Raw => points.target.clone(),
    };
    Rows { link, target, weight: weights(link, points), scale: vec![1.0; points.len()] }
}

/// Weights as given, times the inverse variance where standard errors are given (their mean set to 1).
fn weights(link: Link, points: &Points) -> Vec<f64> {
    let mut weight = points.weight.clone().unwrap_or_else(|| vec![1.0; points.len()]);
    if let Some(se) = &points.se {
        // The error of a logarithm is relative.
        let size = |y: f64| if link == Link::Log { y } else { 1.0 };
        let inverse: Vec<f64> = se.iter().zip(&points.target).map(|(s, y)| (size(*y) / s).powi(2)).collect();
        let mean = inverse.iter().sum::<f64>() / inverse.len().max(1) as f64;
        weight.iter_mut().zip(&inverse).for_each(|(w, v)| *w *= v / mean);
    }
    // What weights say is which rows count more, not how much noise there is: their mean is 1.
    let mean = weight.iter().sum::<f64>() / weight.len().max(1) as f64;
    if mean > 0.0 {
        weight.iter_mut().for_each(|w| *w /= mean);
    }
    weight
}

fn highest(points: &Points) -> f64 {
    points.target.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Refuses what no fit can answer.
pub(crate) fn check(law: &Law, bound: &Bound, points: &Points) -> Result<(), FitError> {
    let (n, p) = (points.len(), bound.coordinates.len());
    if n == 0 {
        return Err(FitError::new("no rows are left to fit", "every row that was left out is listed with its reason"));
    }
    if n <= p {
        let rows = if n == 1 { "1 row".into() } else { format!("{n} rows") };
        return Err(FitError::new(
            format!("{rows} for {p} free parameters: a fit needs more rows than parameters, and intervals a few more"),
            "train more runs, or hold parameters with --fix, or take a law with fewer (isoloss list laws)",
        ));
    }
    sizes_are_positive(&points.columns, |row| Some(format!("line {}", points.line(row))))?;
    for (name, column) in &points.columns {
        if law.inputs().any(|i| i == name) && n > 1 && column.iter().all(|x| x == &column[0]) {
            return Err(FitError::new(
                format!("{name} is {} in every row: a law cannot learn what it does", Plain(column[0])),
                format!("take a law without {name} (isoloss list laws), or add runs with other {name}"),
            ));
        }
    }
    if points.target.iter().all(|y| y == &points.target[0]) {
        return Err(FitError::new(
            format!("{} is {} in every row: there is nothing to explain", law.formula.target, Plain(points.target[0])),
            "is this the right column? --loss COLUMN names another",
        ));
    }
    Ok(())
}

/// Inputs that count something: their powers need them above zero.
const SIZES: &[&str] = &["N", "D", "C", "X", "U", "P"];

/// Refuses a size that is zero, negative or no number; `place` says where row i stands, if it is one of a table.
pub(crate) fn sizes_are_positive(
    columns: &[(String, Vec<f64>)],
    place: impl Fn(usize) -> Option<String>,
) -> Result<(), FitError> {
    for (name, column) in columns.iter().filter(|(n, _)| SIZES.contains(&n.as_str())) {
        if let Some(row) = column.iter().position(|x| x.is_nan() || *x <= 0.0) {
            let wrong = format!("{name} = {}: expected a number above zero", column[row]);
            return Err(match place(row) {
                Some(place) => FitError::new(
                    format!("{place}: {wrong}"),
                    format!("leave such rows out with --where \"{name} > 0\""),
                ),
                None => FitError::new(wrong, "sizes lie above zero, as in N=70e9,D=1.4e12"),
            });
        }
    }
    Ok(())
}
