//! Ways to the best sizes: what each finds on surfaces of known truth, and how far they are apart.

use std::io::Write;

use crate::common::{CHINCHILLA, LOPSIDED, Noise, Surface, close, columns, covers, points, shared, spaced};
use isoloss_laws::{
    Approach, ApproachOptions, Budgets, Fit, FitError, Kind, Labels, Line, Method, Options, Ordinate, Points,
    catalogue, disagree, envelope, fit, hull, isoflop, isoflop_cubic, parabola_bias, surface,
};

/// 15 sizes per budget, even in ln N within a factor of `width` around the best one, moved by a factor `off`.
fn curves(law: &Surface, budgets: (f64, f64, usize), width: f64, off: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let rows = spaced(budgets).into_iter().flat_map(|c| {
        let best = law.best(c) * off(c);
        let sizes = spaced((best / width, best * width, 15));
        sizes.into_iter().map(move |n| (n, c / (6.0 * n)))
    });
    rows.collect()
}

fn of(law: Surface, rows: &[(f64, f64)]) -> Points {
    points(rows, |n, d| law.at(n, d))
}

/// 7 sizes, each trained for 8 numbers of tokens around 20 per parameter.
fn horizons(law: Surface) -> Points {
    let rows = spaced((5e7, 5e9, 7)).into_iter().flat_map(|n| {
        let tokens = spaced((2.5 * n, 320.0 * n, 8));
        tokens.into_iter().map(move |d| (n, d))
    });
    of(law, &rows.collect::<Vec<_>>())
}

fn exponent(line: &Line) -> f64 {
    line.exponent.value
}

/// a of N* ~ C^a.
fn truth(law: Surface) -> f64 {
    law.beta / (law.alpha + law.beta)
}

fn fitted(points: &Points) -> Fit {
    let options = Options { method: Method::None, influence: false, ..Options::default() };
    fit(&catalogue::law("chinchilla").unwrap(), points, &options).unwrap()
}

fn drawn(draws: usize, seed: u64) -> ApproachOptions {
    ApproachOptions { fit: Options { draws, seed, ..Options::default() }, ..ApproachOptions::default() }
}

/// Says what is wrong and what to do.
fn refused<T: std::fmt::Debug>(result: Result<T, FitError>, words: &[&str]) {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert!(error.hint.as_ref().is_some_and(|h| h.len() > 15), "{text}");
    assert!(words.iter().all(|w| text.contains(w)), "{words:?} are not all in: {text}");
}

const WIDTHS: [(f64, f64, f64); 4] =
    [(2.0, -0.0033, 7e-6), (4.0, -0.0130, 1.04e-4), (8.0, -0.0290, 5.24e-4), (16.0, -0.0510, 1.64e-3)];

#[test]
fn parabolas_are_off_by_the_published_figures() {
    for (width, parabola, cubic) in WIDTHS {
        let table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e17, 1e22, 6), width, |_| 1.0));
        let fit = fitted(&table);
        let bias = parabola_bias(&fit, &table, &ApproachOptions::default()).unwrap();
        assert_eq!(bias.len(), 6);
        for b in &bias {
            assert!((b.parabola - parabola).abs() < 2e-4, "within {width}: {}, published {parabola}", b.parabola);
            assert!((b.parabola - bias[0].parabola).abs() < 1e-8, "{bias:?}");
            // The cubic is nearly right: 30 to 500 times less off.
            assert!((b.cubic.unwrap() - cubic).abs() < 0.02 * cubic + 1e-6, "within {width}: {:?}", b.cubic);
            assert!(close(b.tokens, b.flops / (6.0 * CHINCHILLA.best(b.flops)), 1e-7));
        }
        // The exponents are exact, in the table as it is and by the surface; the surface's factor is right, too.
        let parabolas = isoflop(&table, &ApproachOptions::default()).unwrap();
        let cubics = isoflop_cubic(&table, &ApproachOptions::default()).unwrap();
        let third = surface(&fit).unwrap();
        let a = truth(CHINCHILLA);
        for found in [&parabolas, &cubics, &third] {
            assert!(close(exponent(&found.params), a, 1e-8), "{:?} {}", found.kind, exponent(&found.params));
            assert!(close(exponent(&found.tokens), 1.0 - a, 1e-8), "{:?}", found.kind);
        }
        for c in [1e17, 1e20, 4e25] {
            let best = CHINCHILLA.best(c);
            assert!(close(third.params.at(c), best, 1e-8) && close(third.tokens.at(c), c / (6.0 * best), 1e-8));
            assert!(close(parabolas.tokens.at(c), c / (6.0 * best) * (1.0 + bias[0].parabola), 1e-6));
            assert!(close(parabolas.params.at(c), best / (1.0 + bias[0].parabola), 1e-6));
        }
        println!(
            "within a factor {width}: D* {:+.4} % by parabolas, {:+.5} % by cubics",
            100.0 * bias[0].parabola,
            100.0 * bias[0].cubic.unwrap()
        );
    }
}

/// Published figures are of parabolas through L: those through ln L are off by other amounts at every budget.
#[test]
fn the_logarithm_of_the_loss_has_another_bias() {
    let table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e17, 1e22, 6), 16.0, |_| 1.0));
    let options = ApproachOptions { ordinate: Ordinate::LogLoss, ..ApproachOptions::default() };
    let bias = parabola_bias(&fitted(&table), &table, &options).unwrap();
    assert!((bias[0].parabola + 0.0478).abs() < 2e-4 && (bias[5].parabola + 0.0498).abs() < 2e-4, "{bias:?}");
}

/// An uneven surface is worse, and a grid whose middle drifts with the budget bends the exponent, too.
#[test]
fn lopsided_surfaces_and_drifting_grids_are_worse() {
    let table = of(LOPSIDED, &curves(&LOPSIDED, (1e17, 1e22, 6), 8.0, |_| 1.0));
    let bias = parabola_bias(&fitted(&table), &table, &ApproachOptions::default()).unwrap();
    println!("lopsided, within a factor 8: {:+.2} %, cubic {:+.2} %", 100.0 * bias[0].parabola, {
        100.0 * bias[0].cubic.unwrap()
    });
    assert!(bias[0].parabola.abs() > 0.08 && bias[0].cubic.unwrap().abs() < 0.4 * bias[0].parabola.abs(), "{bias:?}");
    let drift = |c: f64| (c / 3e19_f64).powf(0.08);
    let table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e17, 1e22, 6), 8.0, drift));
    let found = isoflop(&table, &ApproachOptions::default()).unwrap();
    let off = exponent(&found.params) - truth(CHINCHILLA);
    println!("drifting grid: a off by {off:+.5}");
    assert!(off.abs() > 1e-4, "{off}");
    assert!((exponent(&surface(&fitted(&table)).unwrap().params) - truth(CHINCHILLA)).abs() < 1e-8);
}

/// What is known of the bias of the envelope and of the hull, without noise.
#[test]
fn envelope_and_hull_are_near_the_truth_on_a_grid() {
    let table = horizons(CHINCHILLA);
    let a = truth(CHINCHILLA);
    let options = ApproachOptions::default();
    let first = envelope(&table, &options).unwrap();
    // A staircase of n steps is 1/n^2 flatter.
    let sizes = first.minima.len();
    let expected = a * (1.0 - 1.0 / (sizes as f64).powi(2));
    println!("envelope: a {:.4}, truth {a:.4}, staircase {expected:.4}", exponent(&first.params));
    assert_eq!(sizes, 5, "{:?}", first.minima);
    assert!((exponent(&first.params) - expected).abs() < 0.004, "{}", exponent(&first.params));
    assert!(close(exponent(&first.params) + exponent(&first.tokens), 1.0, 1e-9));
    assert!(first.notes.iter().any(|n| n.contains("of 1500 budgets count")), "{:?}", first.notes);
    assert!(first.notes.iter().any(|n| n.contains("4.0 % flatter")), "{:?}", first.notes);
    let reasons: Vec<&str> = first.left_out.iter().map(|l| l.reason.as_str()).collect();
    assert!(reasons.iter().any(|r| r.contains("no smaller size")), "{reasons:?}");
    assert!(reasons.iter().any(|r| r.contains("no larger size")), "{reasons:?}");
    for m in &first.minima {
        assert!(close(m.params, CHINCHILLA.best(m.flops), 0.4), "{m:?}");
        assert!(
            close(m.flops, 6.0 * m.params * m.tokens, 1e-9) && close(m.loss, CHINCHILLA.at(m.params, m.tokens), 0.01)
        );
    }

    let frontier = hull(&table, &options).unwrap();
    let loss = frontier.loss.as_ref().unwrap();
    let (low, high) = (frontier.minima[0].flops, frontier.minima.last().unwrap().flops);
    // The same regression on the frontier of the law: what a hull without noise and with all sizes would give.
    let samples: Vec<f64> = (0..1000).map(|i| low + (high - low) * f64::from(i) / 999.0).collect();
    let expected = slope(&samples, |c| CHINCHILLA.at(CHINCHILLA.best(c), c / (6.0 * CHINCHILLA.best(c))));
    println!("hull: c {:.5}, of the law {expected:.5}; a {:.4}", exponent(loss), exponent(&frontier.params));
    assert!(close(exponent(loss), expected, 0.005), "{} {expected}", exponent(loss));
    assert!((exponent(&frontier.params) - a).abs() < 0.01, "{}", exponent(&frontier.params));
    assert!(frontier.left_out.len() == 2 && frontier.notes.iter().any(|n| n.contains("hull counts over")));
    for c in [high / 4.0, 0.5 * high] {
        let best = CHINCHILLA.best(c);
        assert!(close(loss.at(c), CHINCHILLA.at(best, c / (6.0 * best)), 0.01), "{}", loss.at(c));
    }
}

/// Slope of ln y on ln x.
fn slope(x: &[f64], y: impl Fn(f64) -> f64) -> f64 {
    let rows: Vec<(f64, f64)> = x.iter().map(|&x| (x.ln(), y(x).ln())).collect();
    let n = rows.len() as f64;
    let (mx, my) = (rows.iter().map(|r| r.0).sum::<f64>() / n, rows.iter().map(|r| r.1).sum::<f64>() / n);
    let (xy, xx) = rows.iter().fold((0.0, 0.0), |(s, t), r| (s + (r.0 - mx) * (r.1 - my), t + (r.0 - mx).powi(2)));
    xy / xx
}

/// Mean error of `a` over noisy tables, and its spread, within bounds.
#[test]
fn noisy_surfaces_give_the_exponents_back() {
    let grid = horizons(CHINCHILLA);
    let flops = of(CHINCHILLA, &curves(&CHINCHILLA, (1e18, 1e21, 5), 6.0, |_| 1.0));
    let options = ApproachOptions::default();
    type Way<'a> = Box<dyn Fn(&Points) -> Result<Approach, FitError> + 'a>;
    let ways: [(&Points, Way<'_>, f64, f64); 6] = [
        (&grid, Box::new(|p| envelope(p, &options)), 0.03, 0.025),
        (&grid, Box::new(|p| hull(p, &options)), 0.02, 0.045),
        (&grid, Box::new(|p| surface(&fitted(p))), 0.005, 0.01),
        (&flops, Box::new(|p| isoflop(p, &options)), 0.004, 0.007),
        (&flops, Box::new(|p| isoflop_cubic(p, &options)), 0.006, 0.01),
        (&flops, Box::new(|p| surface(&fitted(p))), 0.004, 0.007),
    ];
    for (table, way, mean_within, spread_within) in ways {
        let mut found = Vec::new();
        let mut kind = Kind::Surface;
        for seed in 0..16 {
            let mut table = table.clone();
            Noise::new(seed).spoil(&mut table, 0.002);
            let approach = way(&table).unwrap();
            kind = approach.kind;
            found.push(exponent(&approach.params) - truth(CHINCHILLA));
        }
        let mean = found.iter().sum::<f64>() / 16.0;
        let spread = (found.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / 15.0).sqrt();
        println!("{}: a off by {mean:+.4}, spread {spread:.4}", kind.name());
        assert!(mean.abs() < mean_within && spread < spread_within, "{}: {mean:+.4} +- {spread:.4}", kind.name());
    }
}

/// The standard error of a minimum is its spread over noisy tables.
#[test]
fn errors_of_minima_are_their_spread() {
    let table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e18, 1e21, 5), 4.0, |_| 1.0));
    let (mut squares, mut errors) = (0.0, 0.0);
    for seed in 0..60 {
        let mut noisy = table.clone();
        Noise::new(seed).spoil(&mut noisy, 0.001);
        let found = isoflop(&noisy, &ApproachOptions::default()).unwrap();
        for m in &found.minima {
            // Without noise it lies 1.3 % off the optimum.
            squares += (m.params / CHINCHILLA.best(m.flops) * (1.0 - 0.0130)).ln().powi(2) / 300.0;
            errors += m.error.unwrap().powi(2) / 300.0;
        }
    }
    // The floor of the residuals makes them a little larger.
    let ratio = (errors / squares).sqrt();
    println!("standard error over spread: {ratio:.3}");
    assert!((0.9..1.35).contains(&ratio), "{ratio}");
}

#[test]
fn budgets_that_fail_a_check_are_left_out_and_named() {
    let mut rows = curves(&CHINCHILLA, (1e18, 1e21, 4), 4.0, |_| 1.0);
    // The best size is beyond the largest; too few sizes; a frown; a single run.
    let beyond = |c: f64| spaced((CHINCHILLA.best(c) / 50.0, CHINCHILLA.best(c) / 3.0, 6));
    rows.extend(beyond(1e17).iter().map(|n| (*n, 1e17 / (6.0 * n))));
    rows.extend([1e9, 2e9, 4e9].map(|n| (n, 1e22 / (6.0 * n))));
    rows.extend([1e9, 2e9, 3e9, 4e9, 6e9].map(|n| (n, 2e22 / (6.0 * n))));
    rows.push((1e9, 3e24));
    let mut table = of(CHINCHILLA, &rows);
    for i in 0..table.len() {
        if close(6.0 * rows[i].0 * rows[i].1, 2e22, 1e-6) {
            table.target[i] = 2.0 - 0.1 * (rows[i].0 / 2.5e9).ln().powi(2);
        }
    }
    let found = isoflop(&table, &ApproachOptions::default()).unwrap();
    assert_eq!(found.minima.len(), 4);
    assert!(close(exponent(&found.params), truth(CHINCHILLA), 1e-8));
    let left: Vec<(f64, &str)> = found.left_out.iter().map(|l| (l.flops, l.reason.as_str())).collect();
    for (i, (flops, words)) in
        [(1e17, "outside its runs"), (1e22, "3 sizes: a parabola needs 4"), (2e22, "nowhere bends upwards")]
            .iter()
            .enumerate()
    {
        assert!(close(left[i].0, *flops, 1e-9) && left[i].1.contains(words), "{left:?}");
    }
    assert!(left.len() == 3 && found.notes.iter().any(|n| n.contains("not listed: 1")), "{:?}", found.notes);
    // A vertex inside does not help if the least loss was seen at an end (Porian et al. drop those).
    let (mut ends, first) = (table.clone(), rows.iter().position(|r| close(r.0 * r.1, 1e18 / 6.0, 1e-9)).unwrap());
    ends.target[first] = ends.target[first + 7] - 1e-4;
    let found = isoflop(&ends, &ApproachOptions::default()).unwrap();
    assert!(
        found.left_out.iter().any(|l| close(l.flops, 1e18, 1e-9) && l.reason.contains("smallest size")),
        "{found:?}"
    );
}

/// Budgets by label where compute is not quite equal; by tolerance where it is nearly so.
#[test]
fn budgets_are_declared_or_alike() {
    let mut rows = curves(&CHINCHILLA, (1e18, 1e21, 4), 4.0, |_| 1.0);
    let mut noise = Noise::new(5);
    rows.iter_mut().for_each(|r| r.1 *= 1.0 + 0.02 * (noise.uniform() - 0.5));
    let table = of(CHINCHILLA, &rows);
    let with = |budgets| isoflop(&table, &ApproachOptions { budgets, ..ApproachOptions::default() });
    let labels = |i: usize| Labels::new("budget", (0..table.len()).map(|r| format!("b{}", r / i)));
    let near = with(Budgets::Within(0.05)).unwrap();
    let named = with(Budgets::Labelled(labels(15))).unwrap();
    for (near, named) in near.minima.iter().zip(&named.minima) {
        assert!(close(near.params, named.params, 1e-9) && close(near.tokens, named.tokens, 1e-9));
    }
    assert!((exponent(&near.params) - truth(CHINCHILLA)).abs() < 0.02);
    refused(with(Budgets::Within(0.0)), &["budgets that count: 0", "wider tolerance"]);
    refused(with(Budgets::Within(f64::NAN)), &["NaN"]);
    // Everything in one chain is no budget.
    let reason = with(Budgets::Within(20.0)).unwrap_err().to_string();
    assert!(reason.contains("no single budget") || reason.contains("a line through best sizes needs two"), "{reason}");
    let short = Labels::new("budget", ["a", "b"]);
    refused(with(Budgets::Labelled(short)), &["2 rows have a budget, the table has 60"]);
}

#[test]
fn degenerate_tables_are_refused_with_a_hint() {
    let options = ApproachOptions { fit: Options { draws: 20, ..Options::default() }, ..ApproachOptions::default() };
    type Way = fn(&Points, &ApproachOptions) -> Result<Approach, FitError>;
    let ways: [Way; 4] = [envelope, isoflop, isoflop_cubic, hull];
    let one_size: Vec<(f64, f64)> = spaced((1e9, 1e11, 9)).into_iter().map(|d| (1e8, d)).collect();
    let one_budget = curves(&CHINCHILLA, (1e20, 1e20, 2), 4.0, |_| 1.0);
    let ladder: Vec<(f64, f64)> = spaced((1e7, 1e10, 9)).into_iter().map(|n| (n, 20.0 * n)).collect();
    let wide = curves(&CHINCHILLA, (1e18, 1e21, 4), 4.0, |_| 1.0);
    let tables = [
        ("one size", of(CHINCHILLA, &one_size)),
        ("one budget", of(CHINCHILLA, &one_budget)),
        ("a ladder", of(CHINCHILLA, &ladder)),
        ("equal losses", points(&wide, |_, _| 2.5)),
        ("one row", of(CHINCHILLA, &wide[..1])),
        ("two rows", of(CHINCHILLA, &wide[..2])),
        ("no rows", of(CHINCHILLA, &[])),
        ("a loss of zero", points(&wide, |n, _| if n > 1e9 { 0.0 } else { 2.0 })),
        ("no number", points(&wide, |n, _| if n > 1e9 { f64::NAN } else { 2.0 })),
        ("rising", points(&wide, |n, d| 1.0 + 1e-3 * (n * d).ln())),
    ];
    for (name, table) in &tables {
        for way in ways {
            let refusal = way(table, &options);
            // A hull needs no budgets, an envelope no more than sizes that cross.
            let Err(error) = refusal else {
                assert_eq!(*name, "a ladder", "{name}: {refusal:?}");
                continue;
            };
            assert!(error.hint.as_ref().is_some_and(|h| h.len() > 15), "{name}: {error}");
        }
        match disagree(table, &Kind::ALL, 1e20, &options) {
            Err(error) => assert!(error.hint.is_some(), "{name}: {error}"),
            Ok(found) => assert!(*name == "rising" || found.failed.len() >= 2, "{name}: {found:?}"),
        }
    }
    let no_tokens = Points { columns: vec![("N".into(), vec![1e8])], target: vec![3.0], ..Points::default() };
    refused(isoflop(&no_tokens, &options), &["need the column D", "--map"]);
    let mut zero = of(CHINCHILLA, &wide);
    zero.columns[1].1[3] = 0.0;
    refused(hull(&zero, &options), &["line 4: D = 0"]);
    refused(disagree(&of(CHINCHILLA, &wide), &Kind::ALL, -1.0, &options), &["a budget of -1", "as in"]);
    // Laws without best sizes.
    let power = fit(&catalogue::law("kaplan").unwrap(), &of(CHINCHILLA, &wide), &Options::default()).unwrap();
    refused(surface(&power), &["kaplan", "A*N^-alpha"]);
    refused(
        surface(&fit(&catalogue::law("chinchilla").unwrap(), &tables[2].1, &Options::default()).unwrap()),
        &["budget"],
    );
    let mut counted = of(CHINCHILLA, &wide);
    let flops = wide.iter().map(|r| 7.0 * r.0 * r.1).collect();
    counted.columns.push(("C".into(), flops));
    refused(parabola_bias(&fitted(&counted), &counted, &options), &["from 6 N D"]);
}

/// Compute that was counted is used as it is.
#[test]
fn a_column_of_compute_replaces_six_n_d() {
    let rows = curves(&CHINCHILLA, (1e18, 1e21, 4), 4.0, |_| 1.0);
    let plain = of(CHINCHILLA, &rows);
    let mut counted = plain.clone();
    counted.columns.push(("C".into(), rows.iter().map(|r| 12.0 * r.0 * r.1).collect()));
    let options = ApproachOptions::default();
    let (plain, counted) = (isoflop(&plain, &options).unwrap(), isoflop(&counted, &options).unwrap());
    assert!(close(counted.minima[0].flops, 2.0 * plain.minima[0].flops, 1e-9));
    assert!(close(counted.minima[0].params, plain.minima[0].params, 1e-9));
    assert!(close(counted.minima[0].tokens, plain.minima[0].tokens, 1e-9));
    assert!(close(counted.params.at(2e20), plain.params.at(1e20), 1e-9));
}

#[test]
fn paired_draws_say_how_sure_and_how_far_apart() {
    let mut table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e18, 1e21, 6), 8.0, |_| 1.0));
    Noise::new(11).spoil(&mut table, 0.003);
    let options = drawn(200, 7);
    let found = disagree(&table, &[Kind::Isoflop, Kind::Cubic, Kind::Isoflop], 1e22, &options).unwrap();
    assert!(found.failed.is_empty() && close(found.noise, 0.003, 0.2), "{found:?}");
    let kinds: Vec<Kind> = found.compared.iter().map(|c| c.approach.kind).collect();
    assert_eq!(kinds, [Kind::Surface, Kind::Isoflop, Kind::Cubic]);
    let width = |e: &isoloss_laws::Estimate| e.interval.map_or(f64::NAN, |i| i.upper - i.lower);
    for c in &found.compared {
        let a = &c.approach.params.exponent;
        println!("{}: a {:.4} +- {:.4}", c.approach.kind.name(), a.value, width(a) / 2.0);
        assert!(covers(a, truth(CHINCHILLA)), "{a:?}");
        assert!(covers(&c.approach.tokens.exponent, 1.0 - truth(CHINCHILLA)));
        assert!(a.method.contains("200 paired draws") && width(a) < 0.2, "{a:?}");
        assert!(c.params.interval.is_some() && c.tokens.interval.is_some());
        assert!(close(c.params.value, c.approach.params.at(1e22), 1e-12));
        assert_eq!(c.exponent_difference.is_none(), c.approach.kind == Kind::Surface);
    }
    let (third, second) = (&found.compared[0], &found.compared[1]);
    let apart = second.exponent_difference.as_ref().unwrap();
    assert!(close(apart.value, second.approach.params.exponent.value - third.approach.params.exponent.value, 1e-12));
    assert!(covers(apart, 0.0), "{apart:?}");
    // Pairing is worth its trouble: the difference is surer than two separate intervals would make it.
    let separate = width(&third.approach.params.exponent).hypot(width(&second.approach.params.exponent));
    println!("difference of a: {:+.4}, width {:.4}, unpaired {separate:.4}", apart.value, width(apart));
    assert!(width(apart) < separate);
    let ratio = second.params_ratio.as_ref().unwrap();
    assert!(ratio.interval.is_some() && close(ratio.value, second.params.value / third.params.value, 1e-12));
}

/// With little noise the bias of parabolas on a wide grid stands out from it.
#[test]
fn a_bias_beyond_noise_is_seen() {
    let mut table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e18, 1e21, 6), 16.0, |_| 1.0));
    Noise::new(2).spoil(&mut table, 1e-4);
    let found = disagree(&table, &[Kind::Isoflop, Kind::Cubic], 1e20, &drawn(100, 1)).unwrap();
    let ratio = |i: usize| found.compared[i].params_ratio.clone().unwrap();
    assert!(!covers(&ratio(1), 1.0) && covers(&ratio(1), 1.0 / (1.0 - 0.0510)), "{:?}", ratio(1));
    assert!(close(ratio(2).value, 1.0, 0.01), "{:?}", ratio(2));
}

#[test]
fn draws_depend_on_the_seed_alone() {
    let mut table = horizons(CHINCHILLA);
    Noise::new(4).spoil(&mut table, 0.002);
    let with = |seed, threads| {
        let mut options = drawn(40, seed);
        options.fit.threads = threads;
        disagree(&table, &Kind::ALL, 1e21, &options).unwrap()
    };
    let one = with(0, 1);
    assert_eq!(one.compared.len() + one.failed.len(), Kind::ALL.len());
    assert!(one.compared.iter().any(|c| c.approach.kind == Kind::Envelope));
    assert!(one.compared.iter().any(|c| c.approach.kind == Kind::Hull));
    assert_eq!(one, with(0, 1));
    assert_eq!(one, with(0, 3));
    let other = with(1, 1);
    for (a, b) in one.compared.iter().zip(&other.compared) {
        // The seed of the surface's search, too, is another.
        assert!(close(a.approach.params.exponent.value, b.approach.params.exponent.value, 1e-9));
        assert_ne!(a.approach.params.exponent.interval, b.approach.params.exponent.interval, "{:?}", a.approach.kind);
    }
}

/// Rows that share noise leave less to average over: intervals are wider.
#[test]
fn shared_noise_makes_intervals_wider() {
    let mut table = horizons(CHINCHILLA);
    let mut noise = Noise::new(8);
    let shared: Vec<f64> = (0..7).map(|_| 0.004 * noise.normal()).collect();
    (0..56).for_each(|i| table.target[i] *= (shared[i / 8] + 0.0005 * noise.normal()).exp());
    let width = |table: &Points| {
        let found = disagree(table, &[], 1e21, &drawn(100, 3)).unwrap();
        let interval = found.compared[0].approach.params.exponent.interval.unwrap();
        interval.upper - interval.lower
    };
    let apart = width(&table);
    table.cluster = Some(Labels::new("run", (0..56).map(|i| (i / 8).to_string())));
    let together = width(&table);
    println!("width {apart:.4} as separate rows, {together:.4} as 7 clusters");
    assert!(together > 1.2 * apart, "{together} {apart}");
}

/// Without noise there is nothing to draw, and it is said.
#[test]
fn exact_tables_have_no_intervals() {
    let table = of(CHINCHILLA, &curves(&CHINCHILLA, (1e18, 1e21, 4), 4.0, |_| 1.0));
    let found = disagree(&table, &[Kind::Isoflop], 1e20, &drawn(20, 0)).unwrap();
    for c in &found.compared {
        let a = &c.approach.params.exponent;
        assert!(a.interval.is_none() && a.method.contains("exactly"), "{a:?}");
    }
}

/// The 245 points of Hoffmann et al. 2022 as Besiroglu et al. 2024 read them off the figure.
#[test]
fn chinchilla_runs() {
    let Some(folder) = shared() else {
        writeln!(std::io::stderr(), "SKIPPED 1 test: no ../shared").unwrap();
        return;
    };
    let table = columns(&folder, "chinchilla_epoch_svg.csv", &["Model Size", "Training FLOP", "loss"]);
    let mut rows: Vec<[f64; 3]> = (0..table[0].len()).map(|i| [table[0][i], table[1][i], table[2][i]]).collect();
    rows.sort_by(|a, b| a[2].total_cmp(&b[2]));
    rows.truncate(240);
    let points = Points {
        target: rows.iter().map(|r| r[2]).collect(),
        columns: vec![
            ("N".into(), rows.iter().map(|r| r[0]).collect()),
            ("D".into(), rows.iter().map(|r| r[1] / (6.0 * r[0])).collect()),
        ],
        ..Points::default()
    };
    let found = disagree(&points, &Kind::ALL, 5.76e23, &drawn(40, 0)).unwrap();
    for c in &found.compared {
        let a = &c.approach.params.exponent;
        let interval = a.interval.map_or(a.method.clone(), |i| format!("{:.4}..{:.4}", i.lower, i.upper));
        println!("{}: a {:.4} {interval}, {} minima", c.approach.kind.name(), a.value, c.approach.minima.len());
        println!("    {:?}\n    {:?}", c.approach.notes, c.exponent_difference);
    }
    for (kind, error) in &found.failed {
        println!("{}: {error}", kind.name());
    }
    // The paper prints a = 0.50 for approach 1 and 0.49 for approach 2, Besiroglu et al. 0.513 +- 0.020 for approach 3.
    let a = |kind| found.compared.iter().find(|c| c.approach.kind == kind).map(|c| exponent(&c.approach.params));
    assert!((a(Kind::Surface).unwrap() - 0.513).abs() < 0.02, "{:?}", a(Kind::Surface));
    assert!((a(Kind::Isoflop).unwrap() - 0.49).abs() < 0.01, "{:?}", a(Kind::Isoflop));
    assert!((a(Kind::Envelope).unwrap() - 0.50).abs() < 0.05, "{:?}", a(Kind::Envelope));
}
