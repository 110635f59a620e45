//! Runs whose sizes and tokens grow together: one scale, not two.

use crate::additive::Additive;
use crate::bound::Bound;
use crate::law::Law;
use crate::points::Points;

/// On a ladder where N and D move together, `A*N^-alpha + B*D^-beta` is one power of N within any noise: that one is
/// fitted, as the first term alone, and the parameters it cannot tell apart are refused. Fitting all five lets the two
/// powers cancel, and no bootstrap of such fits covers.
pub(crate) fn along_ladder(law: &Law, bound: &mut Bound) {
    let Some(shape) = Additive::of(&law.formula, &bound.layout) else { return };
    let entries = &mut bound.layout.entries;
    if [shape.a, shape.alpha, shape.b, shape.beta].iter().any(|&i| entries[i].held.is_some() || entries[i].bounded) {
        return;
    }
    entries[shape.b].held = Some(0.0);
    entries[shape.beta].held = Some(1.0);
    bound.coordinates = bound.layout.coordinates(law);
}

/// If two inputs N and D move together over the rows, the line ln D = intercept + slope ln N they lie on.
pub(crate) fn ladder(points: &Points) -> Option<(f64, f64)> {
    let (n, d) = (points.column("N")?, points.column("D")?);
    let pairs: Vec<(f64, f64)> =
        n.iter().zip(d).filter(|(n, d)| **n > 0.0 && **d > 0.0).map(|(n, d)| (n.ln(), d.ln())).collect();
    let m = pairs.len() as f64;
    let (x, y) = (pairs.iter().map(|p| p.0).sum::<f64>() / m, pairs.iter().map(|p| p.1).sum::<f64>() / m);
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - x, p.1 - y)).sum::<f64>();
    let (xx, xy, yy) = (sum(&|a, _| a * a), sum(&|a, b| a * b), sum(&|_, b| b * b));
    let correlation = xy / (xx * yy).sqrt();
    (correlation.abs() > 0.999).then(|| (xy / xx, y - x * xy / xx))
}
