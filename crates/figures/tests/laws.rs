//! The figures of laws: as they look (snapshots), that they say what the laws say, and that no input breaks them.

use isoloss_figures::catalogue::{ALL, Material, Needs, Runs, backtest, curves::Curve, entry};
use isoloss_figures::{Figure, Layer, Render, Width};
use isoloss_formula::{Column, Table};
use isoloss_laws::{
    ApproachOptions, Cuts, Fit, Labels, Law, Options, Points, Severity, Warning, catalogue, fit, isoflop, score,
};

/// Numbers between -1 and 1 that look random: fractional parts of multiples of the golden ratio.
fn noise(i: usize) -> f64 {
    2.0 * ((i + 1) as f64 * 0.618_033_988_749_894_9).fract() - 1.0
}

fn loss(n: f64, d: f64, better: f64) -> f64 {
    1.8 + 420.0 * (n * better).powf(-0.34) + 2000.0 * d.powf(-0.365)
}

fn options() -> Options {
    Options { draws: 60, starts: 8, ..Options::default() }
}

fn runs(law: &str, sizes: &[(f64, f64)], family: Option<&[&str]>) -> Runs {
    let better = |i: usize| family.map_or(1.0, |f| 1.0 + 0.6 * (i % f.len()) as f64);
    let target = sizes.iter().enumerate().map(|(i, (n, d))| loss(*n, *d, better(i)) * (1.0 + 0.004 * noise(i)));
    let points = Points {
        target: target.collect(),
        columns: vec![
            ("N".into(), sizes.iter().map(|s| s.0).collect()),
            ("D".into(), sizes.iter().map(|s| s.1).collect()),
        ],
        family: family.map(|f| Labels::new("family", (0..sizes.len()).map(|i| f[i % f.len()]))),
        ..Points::default()
    };
    let names = (0..sizes.len()).map(|i| format!("run {}", i + 1)).collect();
    Runs {
        source: "made-up.csv".into(),
        law: catalogue::law(law).expect("ships"),
        points,
        names,
        options: options(),
        fit: None,
    }
}

/// Sizes and lengths in a grid.
fn grid(copies: usize) -> Vec<(f64, f64)> {
    let each = [1e7, 3e7, 1e8, 3e8].iter().flat_map(|n| [5.0, 15.0, 45.0, 135.0].map(|r| (*n, n * r)));
    each.flat_map(|s| std::iter::repeat_n(s, copies)).collect()
}

fn equal_compute() -> Vec<(f64, f64)> {
    let each = [(1e18, 8e7), (1e19, 2.6e8), (1e20, 8.5e8)];
    each.iter().flat_map(|(c, n)| [0.25, 0.5, 1.0, 2.0, 4.0].map(|f| (n * f, c / (6.0 * n * f)))).collect()
}

fn material(runs: Runs) -> Material {
    Material { runs: Some(runs), ..Material::default() }
}

fn drawn(name: &str, material: &Material) -> Figure {
    match (entry(name).expect("in the catalogue").draw)(material) {
        Ok(figure) => figure,
        Err(e) => panic!("{name}: {e}"),
    }
}

fn table() -> Table {
    let rows: Vec<(usize, f64)> = (0..3).flat_map(|r| (1..=60).map(move |s| (r, f64::from(s) * 50.0))).collect();
    let size = |r: usize| [1e7, 4e7, 1.6e8][r];
    let value = |i: usize, r: usize, s: f64| loss(size(r), s * 1e6, 1.0) + 0.01 * noise(i);
    Table::new(
        "made-up.csv",
        vec![
            Column::words("run", rows.iter().map(|(r, _)| format!("run {r}")).collect()),
            Column::numbers("step", rows.iter().map(|(_, s)| *s).collect()),
            Column::numbers("loss", rows.iter().enumerate().map(|(i, (r, s))| value(i, *r, *s)).collect()),
            Column::numbers("params", rows.iter().map(|(r, _)| size(*r)).collect()),
        ],
        (2..rows.len() as u64 + 2).collect(),
    )
}

/// What every figure owes its readers.
fn sound(name: &str, figure: &Figure) -> String {
    assert!(figure.alt.len() > 40 && figure.caption.len() > 40, "{name} says nothing: {}", figure.alt);
    for text in [&figure.alt, &figure.caption] {
        for bad in ["NaN", "inf", "^{", "..", " ;"] {
            assert!(!text.contains(bad), "{name}: {bad} in {text}");
        }
    }
    for panel in &figure.panels {
        assert!(!panel.x.label.is_empty() && !panel.y.label.is_empty(), "{name}: an axis without a label");
    }
    let drawing = figure.clone().width(Width::Single).draw(&Render::dark());
    assert!(drawing.svg.starts_with("<svg"));
    figure.clone().width(Width::Double).draw(&Render::default()).svg
}

fn snapshot(name: &str, figure: &Figure) {
    let svg = sound(name, figure);
    insta::assert_snapshot!(name, svg);
}

#[test]
fn every_figure_of_a_table_looks_as_it_did() {
    let two = runs("chinchilla", &grid(2), Some(&["plain", "better"]));
    let plain = material(runs("chinchilla", &grid(1), None));
    for name in ["fit", "frontier", "residuals", "backtest"] {
        snapshot(&format!("laws-{name}"), &drawn(name, &plain));
    }
    let iso = material(runs("chinchilla", &equal_compute(), None));
    snapshot("laws-fit-of-isoflops", &drawn("fit", &iso));
    snapshot("laws-isoflop", &drawn("isoflop", &iso));
    snapshot("laws-multiplier", &drawn("multiplier", &material(two)));
    let curves = Material { table: Some(table()), ..Material::default() };
    snapshot("laws-curves", &drawn("curves", &curves));
    // A surface is thousands of places: its words are kept, and that it is drawn.
    let surface = drawn("surface", &plain);
    sound("surface", &surface);
    insta::assert_snapshot!("laws-surface-caption", format!("{}\n{}", surface.alt, surface.caption));
}

/// What a fit predicts that carries an error has marks of its own, with a name, and only where there are any.
#[test]
fn predictions_by_fits_with_an_error_are_marked() {
    let runs = runs("chinchilla", &grid(1), None);
    let mut found = score(&runs.law, &runs.points, &runs.options, None, &Cuts::Rolling(4)).expect("enough rows");
    let drawn = |found: &_| backtest::figure(found, &runs.points, &runs.law, 0.95, &runs.names, "Made up.");
    let marked = |figure: &Figure| {
        let layers = figure.panels[0].layers.iter();
        let own = |layer: &&Layer| {
            let Layer::Points(marks) = layer else { return false };
            marks.marker.as_ref().is_some_and(|name| name.to_string() == "by a fit with an error")
        };
        layers.filter(own).count()
    };
    assert_eq!(marked(&drawn(&found)), 0);
    let (severity, code) = (Severity::Error, "unidentified".to_owned());
    found.cuts[0].errors.push(Warning { severity, code, text: String::new(), hint: None });
    let figure = drawn(&found);
    assert!(marked(&figure) > 0, "{}", figure.caption);
    let rest = format!("1 of these fits ends with an error; the other {} alone", found.cuts.len() - 1);
    for text in [&figure.alt, &figure.caption] {
        assert!(text.contains(&rest) && text.contains("(unidentified)"), "{text}");
    }
    sound("backtest", &figure);
}

#[test]
fn published_laws_draw_without_runs() {
    for entry in ALL {
        if let Some(published) = entry.published {
            let figure = published();
            assert!(!figure.panels.is_empty(), "{}: {}", entry.name, figure.alt);
            assert!(figure.caption.contains("arXiv"), "{}: {}", entry.name, figure.caption);
            sound(entry.name, &figure);
        }
    }
}

#[test]
fn figures_say_what_the_laws_say() {
    let material = material(runs("chinchilla", &grid(1), None));
    let runs = material.runs.as_ref().expect("given");
    let fit = fit(&runs.law, &runs.points, &runs.options).expect("a fit");
    let floor = fit.parameter("E").expect("a floor").estimate.value;
    let four = format!("{floor:.3}");
    let four = four.trim_end_matches('0').to_owned();
    let figure = drawn("fit", &material);
    assert!(figure.caption.contains(&format!("L = {four} +")), "{four}: {}", figure.caption);
    // The frontier's line is the plan's.
    let frontier = drawn("frontier", &material);
    let lines: Vec<_> =
        frontier.panels[1].layers.iter().filter_map(|l| if let Layer::Line(l) = l { Some(l) } else { None }).collect();
    for (n, d) in lines[0].points.iter().zip(&lines[1].points) {
        assert!((6.0 * n.1 * d.1 / n.0 - 1.0).abs() < 1e-9);
        let best = fit.optimum(n.0).expect("an optimum");
        assert!((best.params.value / n.1 - 1.0).abs() < 1e-6, "{} {}", best.params.value, n.1);
    }
    // Residuals are those of the fit.
    let residuals = drawn("residuals", &material);
    let mut seen: Vec<f64> = marks(&residuals, 0).iter().map(|m| (m.1 / 100.0).ln_1p()).collect();
    let mut own = fit.residuals.clone();
    seen.sort_by(f64::total_cmp);
    own.sort_by(f64::total_cmp);
    assert!(seen.iter().zip(&own).all(|(a, b)| (a - b).abs() < 1e-9), "{seen:?} {own:?}");
}

/// All marks of a panel.
fn marks(figure: &Figure, panel: usize) -> Vec<(f64, f64)> {
    let layers = figure.panels[panel].layers.iter();
    layers
        .flat_map(|l| if let Layer::Points(p) = l { p.points.clone() } else { Vec::new() })
        .map(|p| (p.x, p.y))
        .collect()
}

#[test]
fn parabolas_are_least_at_the_minima() {
    let material = material(runs("chinchilla", &equal_compute(), None));
    let points = &material.runs.as_ref().expect("given").points;
    let approach = isoflop(points, &ApproachOptions::default()).expect("parabolas");
    let figure = drawn("isoflop", &material);
    let curves: Vec<_> =
        figure.panels[0].layers.iter().filter_map(|l| if let Layer::Line(l) = l { Some(l) } else { None }).collect();
    assert_eq!(curves.len(), approach.minima.len());
    for (curve, minimum) in curves.iter().zip(&approach.minima) {
        let least = curve.points.iter().min_by(|a, b| a.1.total_cmp(&b.1)).expect("a place");
        assert!((least.0 / minimum.params).ln().abs() < 0.1, "{} {}", least.0, minimum.params);
        // Least squares: no other parabola through that minimum lies closer, so residuals are orthogonal to its bend.
        let bend = (curve.points[0].1 - minimum.loss) / (curve.points[0].0 / minimum.params).ln().powi(2);
        let n = points.column("N").expect("sizes");
        let rows = (0..points.len()).filter(|r| {
            let c = 6.0 * n[*r] * points.column("D").expect("tokens")[*r];
            (c / minimum.flops).ln().abs() < 0.05
        });
        let off: f64 = rows
            .map(|r| {
                let u = (n[r] / minimum.params).ln().powi(2);
                (points.target[r] - minimum.loss - bend * u) * u
            })
            .sum();
        assert!(off.abs() < 1e-9, "{off}");
    }
}

/// Budgets that a column names: runs that 5 % of compute would part belong together.
#[test]
fn budgets_may_be_named() {
    let uneven: Vec<(f64, f64)> =
        equal_compute().iter().enumerate().map(|(i, (n, d))| (*n, d * (1.0 + 0.12 * (i % 5) as f64))).collect();
    let labels = Labels::new("budget", (0..uneven.len()).map(|i| format!("budget {}", i / 5)));
    let plain = material(runs("chinchilla", &uneven, None));
    assert!((entry("isoflop").expect("there").draw)(&plain).is_err(), "no budget is found");
    let figure = drawn("isoflop", &Material { budgets: Some(labels), ..plain });
    let parabolas = figure.panels[0].layers.iter().filter(|l| matches!(l, Layer::Line(_))).count();
    assert_eq!(parabolas, 3, "{}", figure.caption);
}

/// More tokens make it worse: at no budget is there a best size, so none is drawn, named or spoken of.
#[test]
fn a_law_without_best_sizes_has_none_in_its_figures() {
    let mut runs = runs("chinchilla", &grid(1), None);
    runs.law = Law::from_formula("L = E + A*N^-alpha + B*D^beta", &["L", "N", "D"], &[]).expect("a law");
    let (n, d) = (runs.points.columns[0].1.clone(), runs.points.columns[1].1.clone());
    let worse = |(i, (n, d)): (usize, (&f64, &f64))| {
        (1.8 + 420.0 * n.powf(-0.34) + 1e-5 * d.powf(0.45)) * (1.0 + 0.004 * noise(i))
    };
    runs.points.target = n.iter().zip(&d).enumerate().map(worse).collect();
    let fit = fit(&runs.law, &runs.points, &runs.options).expect("a fit");
    let figure = drawn("fit", &material(runs));
    assert!(
        figure.caption.contains("the law at each size; it has no best sizes at these budgets."),
        "{}",
        figure.caption
    );
    assert!(!figure.caption.contains("band:") && !sound("fit", &figure).contains("compute-optimal"));
    let saved = Material { fits: vec![("mine".into(), fit)], ..Material::default() };
    let error = (entry("fit").expect("there").draw)(&saved).expect_err("nothing to draw");
    assert!(error.to_string().contains("has no best sizes at these budgets: without runs"), "{error}");
    let surface = drawn("surface", &saved);
    assert!(surface.alt.ends_with("No path: the law has no best sizes at these budgets."), "{}", surface.alt);
    assert!(!sound("surface", &surface).contains("compute-optimal"));
}

/// A name that would be cut beside its mark stands in the caption, and its line at the mark.
#[test]
fn long_names_of_runs_stand_in_the_caption_of_residuals() {
    let mut runs = runs("chinchilla", &grid(1), None);
    runs.points.lines = (2..).take(runs.points.len()).collect();
    let labels = |figure: &Figure| -> Vec<String> {
        let points =
            figure.panels[0].layers.iter().filter_map(|l| if let Layer::Points(p) = l { Some(p) } else { None });
        points.flat_map(|p| &p.points).map(|p| p.label.to_string()).filter(|l| !l.is_empty()).collect()
    };
    let short = drawn("residuals", &material(runs.clone()));
    assert!(labels(&short).iter().all(|l| l.starts_with("run ")), "{:?}", labels(&short));
    runs.names = (0..runs.points.len()).map(|i| format!("d_model {i}, 328 k tokens")).collect();
    let long = drawn("residuals", &material(runs));
    assert!(labels(&long).iter().all(|l| l.starts_with("line ")), "{:?}", labels(&long));
    let first = &labels(&long)[0];
    assert!(long.caption.contains(&format!("{first}, d_model ")), "{first}: {}", long.caption);
}

/// Best learning rates far below one are typeset, and an interval has the places of its value.
#[test]
fn a_sweep_of_small_rates_is_captioned_in_characters() {
    use isoloss_figures::catalogue::sweep::{Swept, figure};
    let runs: Vec<(f64, f64)> = [1e-4, 2e-4, 4e-4, 8e-4, 1.6e-3]
        .into_iter()
        .enumerate()
        .map(|(i, lr): (usize, f64)| (lr, 3.0 + 0.1 * (lr / 4.4e-4).ln().powi(2) + 0.001 * noise(i)))
        .collect();
    let (lrs, losses): (Vec<f64>, Vec<f64>) = runs.iter().copied().unzip();
    let best = isoloss_laws::choose(&lrs, &losses, 0.95).ok();
    let ends = best.as_ref().and_then(|b| b.best.interval).expect("an interval");
    let figure = figure(&[Swept { rung: "d_model 8".into(), runs, best }], "Nowhere.");
    sound("sweep", &figure);
    let (_, said) = figure.caption.split_once("d_model 8 0.000").expect("a plain number");
    let (value, rest) = said.split_once(" [0.000").expect("a lower end");
    let (lower, upper) = rest.split_once(", 0.00").expect("an upper end");
    let upper = upper.split_once(']').expect("a bracket").0;
    assert!(value.len() == lower.len() && 1 + lower.len() == upper.len(), "{} {ends:?}", figure.caption);
}

#[test]
fn what_cannot_be_drawn_says_what_would_help() {
    for entry in ALL {
        let error = (entry.draw)(&Material::default()).expect_err(entry.name);
        assert!(error.hint.is_some(), "{}: {error}", entry.name);
    }
    let kaplan = material(runs("kaplan-n", &grid(1), None));
    for name in ["frontier", "surface", "multiplier"] {
        let error = (entry(name).expect("there").draw)(&kaplan).expect_err(name);
        assert!(error.hint.is_some(), "{name}: {error}");
    }
    let few = Table::new("t.csv", vec![Column::numbers("step", vec![1.0])], vec![2]);
    let error = (entry("curves").expect("there").draw)(&Material { table: Some(few), ..Material::default() });
    assert!(error.expect_err("no loss").message.contains("loss"));
    let families = runs("chinchilla", &grid(2), Some(&["a", "b"]));
    let stray = Material { baseline: Some("c".into()), ..material(families) };
    assert!((entry("multiplier").expect("there").draw)(&stray).expect_err("no c").to_string().contains("a, b"));
}

#[test]
fn no_table_breaks_a_figure() {
    let long = "n".repeat(4096);
    let hostile = ["<script>alert(1)</script>", "emoji 😀 & co", long.as_str(), "a_b*c^{d}"];
    let ten: Vec<String> = (0..10).map(|i| format!("family {i}")).collect();
    let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
    let ladder: Vec<(f64, f64)> = (0..8).map(|i| 1e7 * 2f64.powi(i)).map(|n| (n, 20.0 * n)).collect();
    let many: Vec<(f64, f64)> = (0..500)
        .map(|i| 1e7 * (1.0 + noise(i)).exp2() * f64::from(i as u32 % 40 + 1))
        .enumerate()
        .map(|(i, n)| (n, n * (20.0 + 15.0 * noise(i * 7))))
        .collect();
    let mut tables = vec![
        runs("chinchilla", &grid(1)[..1], None),
        runs("chinchilla", &grid(1)[..2], None),
        runs("chinchilla", &ladder, None),
        runs("chinchilla", &many, None),
        runs("chinchilla", &grid(2), Some(&hostile)),
        runs("chinchilla", &grid(3), Some(&ten)),
        runs("kaplan-n", &grid(1), Some(&["a", "b"])),
        runs("over-training", &grid(1), None),
    ];
    let without = Options { method: isoloss_laws::Method::None, ..options() };
    tables.push(Runs { options: without, ..runs("chinchilla", &grid(1), None) });
    let mut odd = runs("chinchilla", &grid(1), None);
    odd.names = vec![hostile[0].into(), hostile[2].into()];
    odd.points.target[3] = f64::NAN;
    tables.push(odd);
    for table in tables {
        let material = material(table);
        for entry in ALL.iter().filter(|e| !e.needs.iter().all(|n| matches!(n, Needs::Store | Needs::Table(_)))) {
            match (entry.draw)(&material) {
                Ok(figure) => {
                    let svg = figure.width(Width::Single).draw(&Render::default()).svg;
                    assert!(!svg.contains("<script>") && !svg.contains("NaN"), "{}", entry.name);
                }
                Err(e) => assert!(!e.message.is_empty()),
            }
        }
    }
}

#[test]
fn a_fit_without_intervals_has_no_bands_and_says_why() {
    let without = Options { method: isoloss_laws::Method::None, ..options() };
    let material = material(Runs { options: without, ..runs("chinchilla", &grid(1), None) });
    for name in ["fit", "frontier"] {
        let figure = drawn(name, &material);
        assert!(figure.panels.iter().flat_map(|p| &p.layers).all(|l| !matches!(l, Layer::Band(_))));
        assert!(figure.caption.contains("No band"), "{}", figure.caption);
    }
}

#[test]
fn saved_fits_are_drawn_without_their_runs() {
    let runs = runs("chinchilla", &grid(1), None);
    let fit = fit(&runs.law, &runs.points, &runs.options).expect("a fit");
    let saved = Fit::from_json(&fit.to_json()).expect("reads what it wrote");
    let material = Material { fits: vec![("mine".into(), saved)], ..Material::default() };
    for name in ["fit", "frontier", "surface"] {
        sound(name, &drawn(name, &material));
    }
}

/// Without runs there is nothing to measure a law of many inputs against, and a frame of nothing is no figure.
#[test]
fn saved_fits_of_other_inputs_are_drawn_or_refused() {
    let draw = |formula: &str| {
        let mut runs = runs("chinchilla", &grid(1), None);
        runs.points.columns[1].0 = "T".into();
        let rounds = (0..runs.points.len()).map(|row| 1.0 + (row % 3) as f64);
        runs.points.columns.push(("R".into(), rounds.collect()));
        runs.law = Law::from_formula(formula, &["L", "N", "T", "R"], &[]).expect("a law");
        let mut alone = runs.points.clone();
        alone.columns.retain(|(name, _)| runs.law.inputs().any(|input| input == name));
        let fit = fit(&runs.law, &alone, &runs.options).expect("a fit");
        let material = Material { fits: vec![("mine".into(), fit)], ..Material::default() };
        let without = (entry("fit").expect("in the catalogue").draw)(&material);
        runs.law = catalogue::law("power-floor").expect("ships");
        runs.points.columns.truncate(1);
        (without, (entry("fit").expect("in the catalogue").draw)(&Material { runs: Some(runs), ..material }))
    };
    let (two, _) = draw("L = E + A*N^-alpha + B*T^-beta");
    let two = two.expect("a figure");
    sound("fit", &two);
    let lines = two.panels[0].layers.iter().filter(|l| matches!(l, Layer::Line(line) if line.points.len() > 100));
    assert_eq!(lines.count(), 3, "a line at the least, a middle and the greatest T");
    assert!(two.caption.starts_with("L against N, a line per T: the fitted law."), "{}", two.caption);
    let (three, other) = draw("L = E + A*N^-alpha + B*T^-beta + k*R");
    assert!(three.unwrap_err().to_string().contains("the law formula reads N, T, R, and is drawn as runs measured"));
    assert!(other.unwrap_err().to_string().contains("of made-up.csv the law power-floor was asked for X"));
}

#[test]
fn learning_curves_take_any_numbers() {
    use isoloss_figures::catalogue::curves::figure;
    let odd = vec![(0.0, 3.0), (1.0, f64::NAN), (f64::INFINITY, 2.0), (10.0, 2.5), (5.0, 2.6)];
    let curves = vec![
        Curve { run: "<script>".into(), points: odd.clone(), held_out: odd, ..Curve::default() },
        Curve { params: Some(-1.0), ..Curve::default() },
    ];
    let svg = figure(&curves, "step", "Nowhere.").draw(&Render::default()).svg;
    assert!(!svg.contains("<script>"));
    figure(&[], "tokens", "Nowhere.").draw(&Render::default());
}

/// Families are told apart beside sizes, or in their place where all runs are of one size.
#[test]
fn learning_curves_tell_families_apart() {
    use isoloss_figures::catalogue::curves::figure;
    let curve = |i: usize, params: f64| Curve {
        run: format!("run {i}"),
        params: Some(params),
        family: ["plain", "better"][i % 2].into(),
        points: (1..20).map(|s| (f64::from(s) * 1e6, loss(params, f64::from(s) * 1e6, 1.0 + (i % 2) as f64))).collect(),
        held_out: vec![(19e6, 3.0)],
    };
    let lines = |figure: &Figure| -> Vec<(String, Option<String>)> {
        let lines = figure.panels[0].layers.iter().filter_map(|l| if let Layer::Line(l) = l { Some(l) } else { None });
        let text = |name: &Option<isoloss_figures::Rich>| name.as_ref().map(ToString::to_string);
        lines.map(|l| (text(&l.colour).unwrap_or_default(), text(&l.key))).collect()
    };
    let sizes: Vec<Curve> = (0..12).map(|i| curve(i, [1e6, 4e6, 16e6][i / 4])).collect();
    let drawn = figure(&sizes, "tokens", "Nowhere.");
    sound("curves", &drawn);
    assert!(drawn.caption.contains("coloured by parameters, 1M to 16M, lines broken by family"), "{}", drawn.caption);
    assert!(drawn.caption.contains("Open marks: the loss on held-out text."), "{}", drawn.caption);
    assert_eq!(marks(&drawn, 0).len(), 12);
    assert!(lines(&drawn).contains(&("N = 4M".into(), Some("better".into()))), "{:?}", lines(&drawn));
    let alike: Vec<Curve> = (0..12).map(|i| curve(i, 1e6)).collect();
    let drawn = figure(&alike, "tokens", "Nowhere.");
    assert!(drawn.caption.contains("coloured by family"), "{}", drawn.caption);
    assert_eq!(lines(&drawn).iter().filter(|l| **l == ("better".into(), None)).count(), 6);
}
