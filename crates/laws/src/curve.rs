//! A fit as a curve: loss against one scale, everything else given or, along the compute frontier, at its best.

use crate::additive::Additive;
use crate::comparable::along;
use crate::error::FitError;
use crate::layout::Layout;
use crate::program::Slot;
use crate::program::point::Point;
use crate::result::Fit;

/// The scale that a curve runs along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scale {
    /// training compute, C = 6 N D in FLOPs, with the best N and D for it
    Compute,
    /// one input of the law
    Input(String),
}

/// Loss along a scale, for any values of the parameters.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    point: Point,
    frontier: Option<Frontier>,
    buffer: Vec<f64>,
    width: usize,
}

/// What minimising over N at C = 6 N D needs.
#[derive(Clone, Debug)]
struct Frontier {
    additive: Option<Additive>,
    /// ln N between which the minimum is looked for
    low: f64,
    high: f64,
}

/// Where a curve is looked at: natural logarithms of the scale, e^-60 to e^60 around where it begins.
const REACH: f64 = 60.0;

impl Curve {
    /// `given` holds the inputs that are not asked for; `family` the family, where the fit has several.
    ///
    /// # Errors
    /// If an input has no value, the scale is none of the law's, or the family is unknown.
    pub(crate) fn new(
        fit: &Fit,
        family: Option<&str>,
        scale: &Scale,
        given: &[(String, f64)],
    ) -> Result<Self, FitError> {
        let layout = one_family(fit, family)?;
        let asked = along(scale);
        let inputs = fit.reads();
        if let Some(stray) = asked.iter().find(|a| !inputs.contains(a)) {
            return Err(FitError::new(
                format!("the law {} does not read {stray}", fit.law.name),
                format!("it reads {}", inputs.join(", ")),
            ));
        }
        let mut others: Vec<(&str, f64)> =
            given.iter().filter(|(n, _)| !asked.contains(&n.as_str())).map(|(n, x)| (n.as_str(), *x)).collect();
        // Columns of a group meet their parameters by the order of the rows that were fitted.
        others.sort_by_key(|(n, _)| fit.members().position(|m| m == *n));
        let absent = |i: &&&str| !asked.contains(i) && !others.iter().any(|(n, _)| n == *i);
        let missing: Vec<&str> = inputs.iter().filter(absent).copied().collect();
        if let Some(first) = missing.first() {
            return Err(FitError::new(
                format!("the law {} also reads {first}: at which value?", fit.law.name),
                format!("as in --with {}", fit.typically(missing.iter().copied())),
            ));
        }
        let width = fit.parameters.len();
        let point = Point::bind(&fit.law.formula, &others, &asked, &layout.slots, width).map_err(|e| {
            FitError::new(format!("the law {} cannot be used here: {e}", fit.law.name), "--with gives inputs a value")
        })?;
        let frontier = (*scale == Scale::Compute).then(|| {
            let range = fit.ranges.iter().find(|r| r.0 == "N").map(|r| (r.1, r.2));
            let (low, high) = range.unwrap_or((1e3, 1e15));
            let additive = Additive::of(&fit.law.formula, &layout);
            Frontier { additive, low: (low * 1e-6).ln(), high: (high * 1e6).ln() }
        });
        Ok(Self { point, frontier, buffer: vec![0.0; width + asked.len()], width })
    }

    /// The loss at the scale's logarithm; NaN where there is none.
    pub(crate) fn loss(&mut self, theta: &[f64], ln: f64) -> f64 {
        if self.frontier.is_none() {
            return self.eval(theta, &[libm::exp(ln)]);
        }
        let flops = libm::exp(ln);
        match self.best(theta, flops) {
            Some(n) => self.eval(theta, &[n, flops / (6.0 * n)]),
            None => f64::NAN,
        }
    }

    /// The N of least loss at C = 6 N D.
    pub(crate) fn best(&mut self, theta: &[f64], flops: f64) -> Option<f64> {
        let Frontier { additive, low, high } = self.frontier.clone()?;
        if let Some(additive) = additive {
            return additive.params(theta, flops);
        }
        minimum(low, high, |ln| {
            let n = libm::exp(ln);
            self.eval(theta, &[n, flops / (6.0 * n)])
        })
        .map(libm::exp)
    }

    /// The law itself at what was asked for.
    pub(crate) fn eval(&mut self, theta: &[f64], asked: &[f64]) -> f64 {
        self.buffer[..self.width].copy_from_slice(theta);
        self.buffer[self.width..].copy_from_slice(asked);
        self.point.at(&self.buffer)
    }

    /// The least and the greatest loss wherever the curve is looked at from `near`, from `least` on; `None` if it has
    /// none there.
    pub(crate) fn range(&mut self, theta: &[f64], near: f64, least: f64) -> Option<(f64, f64)> {
        let steps = -(REACH as i32)..=REACH as i32;
        let places = steps.map(|step| (near + f64::from(step)).max(least));
        let losses = places.map(|ln| self.loss(theta, ln)).filter(|loss| loss.is_finite());
        losses.fold(None, |range, loss| match range {
            None => Some((loss, loss)),
            Some((low, high)) => Some((low.min(loss), high.max(loss))),
        })
    }

    /// The scale's logarithm at which the curve has this loss, nearest to `near`; `None` if it never has.
    pub(crate) fn reach(&mut self, theta: &[f64], loss: f64, near: f64) -> Option<f64> {
        crossing(near, |ln| self.loss(theta, ln) - loss)
    }
}

/// Where a function changes sign, looked for outwards from `near` in steps that grow, then closed in on.
pub(crate) fn crossing(near: f64, mut f: impl FnMut(f64) -> f64) -> Option<f64> {
    let start = f(near);
    if start == 0.0 {
        return Some(near);
    }
    if start.is_nan() {
        return None;
    }
    let mut ends = [(near, start), (near, start)];
    let mut step = 0.7;
    let mut reach = step;
    while reach < REACH {
        for (side, sign) in [(0, 1.0), (1, -1.0)] {
            let (from, value) = ends[side];
            if value.is_nan() {
                continue;
            }
            let to = near + sign * reach;
            let next = f(to);
            if next * value < 0.0 || next == 0.0 {
                return Some(root(from, value, to, next, &mut f));
            }
            ends[side] = (to, next);
        }
        step *= 1.3;
        reach += step;
    }
    None
}

/// Regula falsi with the Illinois rule: the end that stays counts half, so that both ends close in.
fn root(mut a: f64, mut fa: f64, mut b: f64, mut fb: f64, f: &mut impl FnMut(f64) -> f64) -> f64 {
    let mut kept = 0;
    for _ in 0..200 {
        if fb == 0.0 || (b - a).abs() <= 1e-13 * (1.0 + a.abs()) {
            return b;
        }
        let c = b - fb * (b - a) / (fb - fa);
        let fc = f(c);
        if fc.is_nan() {
            return c;
        }
        if fc * fb < 0.0 {
            (a, fa) = (b, fb);
            kept = 0;
        } else {
            kept += 1;
            fa *= if kept > 0 { 0.5 } else { 1.0 };
        }
        (b, fb) = (c, fc);
    }
    b
}

/// The least of a function between two ends: a grid, then golden sections. `None` if it lies at an end.
pub(crate) fn minimum(low: f64, high: f64, mut f: impl FnMut(f64) -> f64) -> Option<f64> {
    const GRID: usize = 48;
    let step = (high - low) / GRID as f64;
    let values: Vec<f64> = (0..=GRID).map(|i| f(low + i as f64 * step)).collect();
    let best = (0..=GRID).filter(|&i| !values[i].is_nan()).min_by(|&a, &b| values[a].total_cmp(&values[b]))?;
    if best == 0 || best == GRID {
        return None;
    }
    let (mut a, mut b) = (low + (best - 1) as f64 * step, low + (best + 1) as f64 * step);
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut c, mut d) = (b - golden * (b - a), a + golden * (b - a));
    let (mut fc, mut fd) = (f(c), f(d));
    // Below this the values differ by rounding only.
    while b - a > 1e-8 * (1.0 + a.abs()) {
        if fc < fd {
            (b, d, fd) = (d, c, fc);
            c = b - golden * (b - a);
            fc = f(c);
        } else {
            (a, c, fc) = (c, d, fd);
            d = a + golden * (b - a);
            fd = f(d);
        }
    }
    Some(0.5 * (a + b))
}

/// The fit's layout with every parameter one number: that of one family.
pub(crate) fn one_family(fit: &Fit, family: Option<&str>) -> Result<Layout, FitError> {
    let mut layout = fit.layout.clone();
    let known = || format!("the families of this fit are {}", fit.families.join(", "));
    let index = match family {
        None => None,
        Some(_) if fit.families.is_empty() => {
            return Err(FitError::new("this fit has no families", "leave the family out"));
        }
        Some(name) => match fit.families.iter().position(|f| f == name) {
            Some(i) => Some(i),
            None => return Err(FitError::new(format!("no family {name} in this fit"), known())),
        },
    };
    for slot in layout.slots.values_mut() {
        if let Slot::PerLabel { first, .. } = *slot {
            match index {
                Some(i) => *slot = Slot::One(first + i),
                None => return Err(FitError::new("this fit has parameters per family: which one?", known())),
            }
        }
    }
    Ok(layout)
}
