//! The hull's frontier and its interval, where runs of one size share a trunk.

use crate::common::{Noise, Surface, covers, points, spaced};
use isoloss_laws::{ApproachOptions, Kind, Labels, Options, Points, catalogue, disagree, fit, hull_resampled};

/// Early fusion, the average of three losses (Shukor et al. 2025, arXiv 2504.07951, table 2). The paper prints neither A
/// nor B: these give its frontier, 29.574 C^-0.0492, at 1e21 FLOPs with 2e9 parameters the best there.
const EARLY: Surface = Surface { e: 1.904, a: 277.5, b: 1802.0, alpha: 0.301, beta: 0.335 };
/// Its six sizes (table 6).
const SIZES: [f64; 6] = [275e6, 468e6, 932e6, 1.63e9, 2.28e9, 3.35e9];

/// Runs of some sizes, each at the same horizons, with noise of a run and noise that all runs of a size share.
fn trunks(sizes: &[f64], horizons: &[f64], own: f64, shared: f64, seed: u64) -> Points {
    let rows: Vec<(f64, f64)> = sizes.iter().flat_map(|n| horizons.iter().map(move |d| (*n, *d))).collect();
    let mut table = points(&rows, |n, d| EARLY.at(n, d));
    let mut noise = Noise::new(seed);
    for chunk in table.target.chunks_mut(horizons.len()) {
        let common = shared * noise.normal();
        chunk.iter_mut().for_each(|y| *y *= (common + own * noise.normal()).exp());
    }
    table.cluster = Some(Labels::new("trunk", rows.iter().map(|r| format!("{:e}", r.0))));
    table
}

/// c of L ~ C^c along the law's own frontier, at the budgets that a hull counts over.
fn slope((low, high): (f64, f64)) -> f64 {
    let budget = |i: usize| low + (high - low) * i as f64 / 999.0;
    let at = |c: f64| (c.ln(), EARLY.at(EARLY.best(c), c / (6.0 * EARLY.best(c))).ln());
    let rows: Vec<(f64, f64)> = (0..1000).map(|i| at(budget(i))).collect();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| rows.iter().map(of).sum::<f64>() / 1000.0;
    let (x, y) = (mean(&|r| r.0), mean(&|r| r.1));
    mean(&|r| (r.0 - x) * (r.1 - y)) / mean(&|r| (r.0 - x).powi(2))
}

fn quick(draws: usize) -> ApproachOptions {
    ApproachOptions { fit: Options { draws, ..Options::default() }, ..ApproachOptions::default() }
}

/// Of sixty such tables, with noise of runs, of trunks, of both or none, 53 to 60 intervals held the law's own exponent.
#[test]
fn intervals_of_a_hull_hold_the_laws_own_frontier() {
    let (sizes, horizons) = (spaced((1e8, 1e10, 8)), spaced((2.5e9, 600e9, 8)));
    let (mut held, mut widths) = (0, Vec::new());
    for seed in 0..16 {
        let table = trunks(&sizes, &horizons, 0.002, 0.002, seed);
        let found = hull_resampled(&table, &quick(150)).unwrap();
        let over = (found.minima[0].flops, found.minima[found.minima.len() - 1].flops);
        let c = found.loss.unwrap().exponent;
        assert!(c.method.contains("over 8 clusters of trunk") && found.params.exponent.interval.is_some(), "{c:?}");
        held += usize::from(covers(&c, slope(over)));
        widths.push(c.interval.map_or(f64::NAN, |i| i.upper - i.lower));
    }
    assert!(held >= 14, "{held} of 16");
    // Two fifths of the exponent itself: so little eight sizes say of it.
    widths.sort_by(f64::total_cmp);
    assert!((0.005..0.03).contains(&widths[8]), "{widths:?}");
}

#[test]
fn sizes_are_clusters_where_none_are_named_and_few_say_nothing() {
    let horizons = spaced((2.5e9, 600e9, 8));
    let table = trunks(&spaced((1e8, 1e10, 8)), &horizons, 0.002, 0.002, 1);
    let named = hull_resampled(&table, &quick(100)).unwrap();
    let unnamed = hull_resampled(&Points { cluster: None, ..table.clone() }, &quick(100)).unwrap();
    let (named, unnamed) = (named.loss.unwrap().exponent, unnamed.loss.unwrap().exponent);
    assert!(named.interval == unnamed.interval && unnamed.method.contains("over 8 sizes"), "{unnamed:?}");
    // The seed decides, and nothing else.
    let again = hull_resampled(&table, &quick(100)).unwrap().loss.unwrap().exponent;
    let mut other = quick(100);
    other.fit.seed = 1;
    let other = hull_resampled(&table, &other).unwrap().loss.unwrap().exponent;
    assert!(again == named && other.interval != named.interval && other.value == named.value);
    // The same interval stands beside the other ways, whose draws add noise.
    let beside = disagree(&table, &[Kind::Hull], 1e22, &quick(100)).unwrap();
    assert_eq!(beside.compared[1].approach.loss.as_ref().unwrap().exponent, named);
    let few = hull_resampled(&trunks(&spaced((1e8, 1e10, 5)), &horizons, 0.002, 0.0, 1), &quick(100)).unwrap();
    let few = few.loss.unwrap().exponent;
    assert!(few.interval.is_none() && few.method.contains("5 clusters of trunk: fewer than 6"), "{few:?}");
    let none = hull_resampled(&table, &quick(0)).unwrap().loss.unwrap().exponent;
    assert!(none.interval.is_none() && none.method == "not asked for");
}

/// As few sizes as papers have, and horizons: many a draw has no third size on its hull, and the others tell enough.
#[test]
fn six_sizes_at_few_horizons_have_an_interval_that_holds() {
    let (mut held, mut given) = (0, 0);
    const TABLES: u64 = 40;
    for seed in 0..TABLES {
        let table = trunks(&spaced((2e8, 4e9, 6)), &[1e10, 4e10, 16e10, 64e10], 0.002, 0.002, seed);
        let Ok(found) = hull_resampled(&table, &quick(150)) else { continue };
        let over = (found.minima[0].flops, found.minima[found.minima.len() - 1].flops);
        let c = found.loss.unwrap().exponent;
        if c.interval.is_some() {
            given += 1;
            held += u32::from(covers(&c, slope(over)));
        }
    }
    assert!(given >= 36 && f64::from(held) >= 0.9 * f64::from(given), "{held} of {given} of {TABLES}");
}

/// Six sizes do not tell alpha: the paper has 0.298 +- 0.101 from a hundred resamples (table 11). Named trunks make our
/// interval as wide, and it holds the truth; without them it is narrower and often does not. Where runs share nothing, the
/// default holds it, too.
#[test]
fn alpha_from_six_sizes_is_hardly_known() {
    let chinchilla = catalogue::law("chinchilla").unwrap();
    let options = Options { draws: 300, influence: false, trust: false, ..Options::default() };
    let (mut held, mut alone, mut apart, mut widths, mut values) = (0, 0, 0, Vec::new(), Vec::new());
    const TABLES: u64 = 20;
    for seed in 0..TABLES {
        let table = trunks(&SIZES, &[25e9, 100e9, 400e9], 0.003, 0.003, seed);
        let of =
            |table: &Points| fit(&chinchilla, table, &options).unwrap().parameter("alpha").unwrap().estimate.clone();
        let alpha = of(&table);
        held += usize::from(covers(&alpha, EARLY.alpha));
        alone += usize::from(covers(&of(&Points { cluster: None, ..table }), EARLY.alpha));
        let single = trunks(&SIZES, &[25e9, 100e9, 400e9], 0.005, 0.0, seed);
        apart += usize::from(covers(&of(&Points { cluster: None, ..single }), EARLY.alpha));
        widths.push(alpha.interval.map_or(f64::INFINITY, |i| i.upper - i.lower));
        values.push(alpha.value);
    }
    widths.sort_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / TABLES as f64;
    let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / TABLES as f64).sqrt();
    assert!(held >= 18 && alone < held && apart >= 17, "{held} {alone} {apart}");
    assert!((0.05..0.15).contains(&spread) && 0.5 * widths[10] > 0.1, "{spread} {widths:?}");
}
