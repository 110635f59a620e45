//! fit
use crate::coordinates::Coordinates;
use crate::error::FitError;
use crate::law::Law;
use crate::layout::Layout;
use crate::objective::Link;
use crate::options::{Loss, Options};
use crate::points::Points;
use crate::program::{Columns, Program};
use crate::search::{Found, Rows, search};
use crate::start::starts;

/// A law bound to rows, ready to be fitted.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) layout: Layout,
    pub(crate) coordinates: Coordinates,
    pub(crate) program: Program,
    pub(crate) rows: Rows,
}

pub(crate) fn bind_program(law: &Law, layout: &Layout, points: &Points) -> Result<Program, FitError> {
    let columns = Columns {
        rows: points.len(),
        numbers: points.columns.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect(),
        labels: points.family.iter().map(|l| l.index.as_slice()).collect(),
    };
    Program::bind(&law.formula, &columns, &layout.slots, layout.entries.len())
        .map_err(|e| FitError::new(format!("the law {} cannot be used here: {e}", law.name), "columns it needs may be missing; --map \"NAME=...\" makes one"))
}

pub(crate) fn bind(law: &Law, points: &Points, options: &Options) -> Result<Bound, FitError> {
    let layout = Layout::new(law, points, options)?;
    let coordinates = layout.coordinates(law);
    let program = bind_program(law, &layout, points)?;
    let positive = points.target.iter().all(|y| *y > 0.0);
    let link = match options.loss {
        Loss::Squared => Link::Raw,
        Loss::Robust if !positive => Link::Raw,
        _ => Link::Log,
    };
    let target = match link {
        Link::Log => points.target.iter().map(|y| crate::program::math::ln(*y)).collect(),
        Link::Raw => points.target.clone(),
    };
    let weight = points.weight.clone().unwrap_or_else(|| vec![1.0; points.len()]);
    Ok(Bound { layout, coordinates, program, rows: Rows { link, target, weight } })
}

#[doc(hidden)]
pub fn probe(law: &Law, points: &Points, options: &Options) {
    let t = std::time::Instant::now();
    let b = bind(law, points, options).unwrap();
    let s = if options.start_at.is_empty() {
        starts(law, &b.layout, &b.coordinates, &b.program, points, b.rows.link, options.starts, options.seed)
    } else { options.start_at.clone() };
    let t1 = t.elapsed();
    let f: Found = search(&b.program, &b.coordinates, &b.rows, options.loss, &s);
    println!("starts {:?} total {:?} delta {} starts {} lost {}", t1, t.elapsed(), f.delta, f.starts, f.lost);
    for o in f.optima.iter().take(6) {
        println!("  {:.14} x{} it {} dec {:.1e} {:?}", o.solution.value, o.starts, o.solution.iterations, o.solution.decrement, o.theta);
    }
    println!("  mean it {}", f.iterations as f64 / f.starts as f64);
    let mut h = std::collections::BTreeMap::new();
    for o in &f.optima { let e = h.entry(o.solution.iterations / 25).or_insert(0); *e += o.starts; }
    println!("  {h:?} optima {}", f.optima.len());
}

#[doc(hidden)]
pub fn speed(law: &Law, points: &Points, options: &Options) {
    use crate::objective::{Derivatives, Objective};
    let b = bind(law, points, options).unwrap();
    let mut o = Objective::new(&b.program, &b.coordinates, b.rows.link, &b.rows.target, &b.rows.weight);
    o.delta = 1e-3;
    let at = b.coordinates.point(&[1.8, 480.0, 0.34, 2000.0, 0.36]);
    let mut d = Derivatives::default();
    for _ in 0..3 {
        let t = std::time::Instant::now();
        for _ in 0..10000 { o.value(&at); }
        let v = t.elapsed();
        let t = std::time::Instant::now();
        for _ in 0..10000 { o.derive(&at, 0.5, &mut d); }
        println!("value {:?} derive {:?} ops {:?}", v / 10000, t.elapsed() / 10000, b.program.ops.len());
    }
}
