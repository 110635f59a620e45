//! The figure `compute`: what it reads off runs and laws, and what it says of them.

use isoloss_figures::catalogue::{self, Material, Runs, compute};
use isoloss_figures::{Layer, Render};
use isoloss_formula::Column;
use isoloss_laws::{Labels, Options, Points as Rows};

use super::made_up;
use super::seen::{arrow, close, points, published};

#[test]
fn the_ladder_and_the_multiplier_are_those_of_kimi_linear() {
    let figure = published(&compute::ENTRY);
    let rules = figure.panels[0].layers.iter().filter_map(|l| if let Layer::Rule(r) = l { Some(r.at) } else { None });
    let rules: Vec<f64> = rules.collect();
    for (at, printed) in rules.iter().zip([1.76, 3.65, 6.51, 9.97, 15.1]) {
        assert!(close(*at, printed, 5e-3), "{at} {printed}");
    }
    assert_eq!(rules.len(), 5);
    assert!(points(&figure, 0).is_empty(), "no losses are printed");
    let arrow = arrow(&figure);
    assert_eq!(arrow.label.to_string(), "1.16×");
    let (mla, kimi) = (2.3092 * arrow.from.0.powf(-0.0536), 2.2879 * arrow.to.0.powf(-0.0527));
    assert!(close(mla, arrow.from.1, 1e-9) && close(kimi, arrow.to.1, 1e-9));
}

#[test]
fn the_multiplier_of_simulated_families_is_found() {
    let truth = |loss: f64| (2.31 / loss).powf(1.0 / 0.054) / (2.27 / loss).powf(1.0 / 0.053);
    for at in [None, Some(2.0)] {
        let figure = (compute::ENTRY.draw)(&Material { at, ..made_up::compute() }).unwrap();
        let arrow = arrow(&figure);
        assert!(at.is_none_or(|at| arrow.from.1 == at));
        let ratio = arrow.from.0 / arrow.to.0;
        assert!(close(ratio, truth(arrow.from.1), 0.04), "{ratio} {}", truth(arrow.from.1));
        assert!(arrow.label.to_string().contains('['), "{}", arrow.label);
        assert!(figure.caption.contains("95 % interval"));
        assert_eq!(points(&figure, 0).iter().map(|p| p.points.len()).sum::<usize>(), 16);
    }
}

/// Laws of N and D are drawn along their compute frontier, and compared there.
#[test]
fn families_of_a_surface_are_compared_at_their_best() {
    let surface = |n: f64, d: f64, a: f64| 1.7 + a * n.powf(-0.34) + 410.0 * d.powf(-0.28);
    let (mut family, mut rows) = (Vec::new(), Vec::new());
    for (name, a) in [("old", 406.0), ("new", 320.0)] {
        for i in 0..5 {
            for j in 0..5 {
                let (n, d) = (1e7 * 3f64.powi(i), 2e8 * 3f64.powi(j));
                family.push(name.to_owned());
                rows.push((n, d, surface(n, d, a) * (1.0 + 0.002 * f64::from((i * 7 + j * 3) % 5 - 2))));
            }
        }
    }
    let rows = Rows {
        target: rows.iter().map(|r| r.2).collect(),
        columns: vec![
            ("N".into(), rows.iter().map(|r| r.0).collect()),
            ("D".into(), rows.iter().map(|r| r.1).collect()),
        ],
        family: Some(Labels::new("family", family)),
        ..Rows::default()
    };
    let options = Options { per_family: vec!["A".into()], draws: 60, starts: 8, ..Options::default() };
    let law = isoloss_laws::catalogue::law("chinchilla").unwrap();
    let runs = Runs { source: "made-up.csv".into(), law, points: rows, names: Vec::new(), options, fit: None };
    let figure = (compute::ENTRY.draw)(&Material { runs: Some(runs), ..Material::default() }).unwrap();
    let arrow = arrow(&figure);
    // The best loss of 6 N D for each, by brute force.
    let least = |flops: f64, a: f64| {
        let at = |n: f64| surface(n, flops / (6.0 * n), a);
        (0..6000).map(|i| at(10f64.powf(5.0 + f64::from(i) / 1000.0))).fold(f64::INFINITY, f64::min)
    };
    assert!(close(least(arrow.from.0, 406.0), arrow.from.1, 0.004), "{arrow:?}");
    assert!(close(least(arrow.to.0, 320.0), arrow.to.1, 0.004), "{arrow:?}");
    assert!(arrow.from.0 > arrow.to.0 && arrow.label.to_string().contains('['));
    assert_eq!(points(&figure, 0).iter().map(|p| p.points.len()).sum::<usize>(), 50);
}

/// Fits of published constants know no runs: where they are compared has to be said.
#[test]
fn published_fits_are_compared_where_asked() {
    let fit = |name: &str| (name.to_owned(), isoloss_laws::published(name).unwrap());
    let material = |at| Material { fits: vec![fit("kimi-mla"), fit("kimi-linear")], at, ..Material::default() };
    let missing = (compute::ENTRY.draw)(&material(None)).unwrap_err();
    assert!(missing.hint.unwrap().contains("--at"));
    let figure = (compute::ENTRY.draw)(&material(Some(2.1))).unwrap();
    let arrow = arrow(&figure);
    let ratio = (2.3092 / 2.1_f64).powf(1.0 / 0.0536) / (2.2879 / 2.1_f64).powf(1.0 / 0.0527);
    assert!(close(arrow.from.0 / arrow.to.0, ratio, 1e-9));
    let flops =
        Material { fits: vec![fit("kimi-mla"), fit("nmm-45-45-10-text")], at: Some(2.1), ..Material::default() };
    assert!((compute::ENTRY.draw)(&flops).unwrap_err().message.contains("units"));
}

/// Losses of families along compute, without noise: (name, factor).
fn powers(families: &[(&str, f64)], header: &str) -> Material {
    let days = [0.5, 1.0, 2.0, 4.0, 8.0];
    let rows =
        || families.iter().flat_map(|(name, a)| days.iter().map(move |d| (*name, 2.0 * (a * d).powf(-0.05), *d)));
    let mut compute = Column::numbers(header, rows().map(|r| 8.64e19 * r.2).collect());
    compute.unit = isoloss_formula::unit_of_header(header).1;
    made_up::table(vec![
        Column::words("family", rows().map(|r| r.0.to_owned()).collect()),
        compute,
        Column::numbers("loss", rows().map(|r| r.1).collect()),
    ])
}

#[test]
fn the_arrow_is_the_greatest_saving_and_names_its_pair() {
    let draw = |material: Material| (compute::ENTRY.draw)(&material).unwrap();
    for (families, pair, said) in [
        ([("old", 1.0), ("a", 1.2), ("b", 1.5)], "b over old", "the greatest saving, b over old: "),
        // The baseline saves a factor of two: more than the variant that is a little better.
        (
            [("old", 1.0), ("a", 1.1), ("b", 0.5)],
            "b over old",
            "the greatest difference, b over old, which costs compute: ",
        ),
    ] {
        let figure = draw(powers(&families, "flops"));
        let arrow = arrow(&figure);
        assert!(arrow.said().to_string().ends_with(pair), "{}", arrow.said());
        assert!(figure.caption.contains(said), "{}", figure.caption);
        let ends = arrow.between.as_ref().map(|(a, b)| (a.to_string(), b.to_string())).unwrap();
        assert!(ends.0.starts_with("b: ") && ends.1.starts_with("old: "), "{ends:?}");
        assert!(close(arrow.from.0 / arrow.to.0, families[2].1, 1e-3));
    }
}

#[test]
fn compute_is_in_flops_unless_the_table_says_otherwise() {
    let two = [("old", 1.0), ("new", 1.3)];
    for (header, unit, at) in [("flops", "FLOPs", 8.64e19), ("flops (PF-days)", "PFLOP/s-days", 1.0)] {
        let figure = (compute::ENTRY.draw)(&powers(&two, header)).unwrap();
        let label = figure.panels[0].x.label.to_string();
        assert!(label.ends_with(unit), "{header}: {label}");
        assert!(figure.caption.contains(&format!(" {unit} where old needs")), "{}", figure.caption);
        assert!(close(points(&figure, 0)[0].points[1].x, at, 1e-9));
        let arrow = arrow(&figure);
        assert!(close(arrow.from.0 / arrow.to.0, 1.3, 1e-3), "{header}");
    }
    let small = isoloss_laws::Law::from_formula("L = E + A*N^-alpha", &["L", "N"], &[]).unwrap();
    let column = |x: fn(f64) -> f64| (1..=8).map(|i| x(1e7 * 2f64.powi(i))).collect::<Vec<f64>>();
    let rows = Rows {
        target: column(|n| 2.0 + 400.0 * n.powf(-0.4)),
        columns: vec![("N".into(), column(|n| n))],
        ..Rows::default()
    };
    let fit = isoloss_laws::fit(&small, &rows, &Options { draws: 20, ..Options::default() }).unwrap();
    let fits = vec![("one".to_owned(), fit.clone()), ("other".to_owned(), fit)];
    let missing = (compute::ENTRY.draw)(&Material { fits, ..Material::default() }).unwrap_err();
    assert!(
        missing.message.starts_with("one: the law") && missing.message.ends_with("reads N, which is no compute"),
        "{missing}"
    );
}

/// Two fits whose runs share no loss: whatever is drawn of them together is extrapolated, in each figure.
#[test]
fn what_runs_did_not_reach_is_drawn_as_extrapolated() {
    let law = isoloss_laws::catalogue::law("chinchilla").unwrap();
    let fitted = |a: f64, from: f64| {
        let sizes = (0..25).map(|i| (from * 3f64.powi(i % 5), 20.0 * from * 3f64.powi(i / 5)));
        let (n, d): (Vec<f64>, Vec<f64>) = sizes.unzip();
        let target = n.iter().zip(&d).map(|(n, d)| 1.7 + a * n.powf(-0.34) + 410.0 * d.powf(-0.28)).collect();
        let rows = Rows { target, columns: vec![("N".into(), n), ("D".into(), d)], ..Rows::default() };
        isoloss_laws::fit(&law, &rows, &Options { draws: 20, starts: 8, ..Options::default() }).unwrap()
    };
    let (small, large) = (fitted(400.0, 1e6), fitted(320.0, 1e10));
    assert!(small.spans[0].target.0 > large.spans[0].target.1, "the ranges lie apart");
    let fits = vec![("small".to_owned(), small), ("large".to_owned(), large)];
    let material = |at| Material { fits: fits.clone(), at, ..Material::default() };
    let figure = (catalogue::multiplier::ENTRY.draw)(&material(None)).unwrap();
    let line =
        figure.panels[0].layers.iter().find_map(|l| if let Layer::Line(l) = l { Some(l) } else { None }).unwrap();
    assert!(line.measured.is_some_and(|(low, high)| low > high), "{:?}", line.measured);
    assert!(figure.caption.contains("Dotted: extrapolated. The runs of small share no loss with those of large."));
    let svg = figure.draw(&Render::default()).svg;
    let (_, drawn) = svg.split_once("class=\"line\"").unwrap();
    let (drawn, _) = drawn.split_once("</g>").unwrap();
    assert!(drawn.matches("<path").count() == 1 && drawn.contains("stroke-dasharray=\"0.1 2.1\""), "{drawn}");
    let without = (compute::ENTRY.draw)(&material(None)).unwrap();
    assert!(without.panels[0].layers.iter().all(|l| !matches!(l, Layer::Arrow(_))));
    assert!(without.caption.contains("The runs of small share no loss with those of large"), "{}", without.caption);
    let asked = (compute::ENTRY.draw)(&material(Some(2.6))).unwrap();
    assert_eq!(arrow(&asked).dash, isoloss_figures::Dash::Dotted);
    assert!(asked.caption.contains("extrapolated: runs of both did not reach this loss"), "{}", asked.caption);
}
