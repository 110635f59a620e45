//! What a caller may ask of a fit, and what is refused.

use crate::common::{CHINCHILLA, Noise, close, covers, grid, inputs, points, value};
use isoloss_laws::{Domain, Fit, FitError, Labels, Law, LawError, Loss, Method, Options, Points, catalogue, fit};

const LOSSES: [Loss; 4] = [Loss::Robust, Loss::Published, Loss::SquaredLog, Loss::Squared];

fn chinchilla() -> Law {
    catalogue::law("chinchilla").unwrap()
}

fn exact() -> Points {
    points(&grid((3e7, 3e9, 5), (1e9, 1e11, 5)), |n, d| CHINCHILLA.at(n, d))
}

fn noisy() -> Points {
    let mut points = exact();
    Noise::new(8).spoil(&mut points, 0.004);
    points
}

/// No intervals: quick.
fn plain() -> Options {
    Options { method: Method::None, ..Options::default() }
}

fn same(a: &Fit, b: &Fit, share: f64, what: &str) {
    for (p, q) in a.parameters.iter().zip(&b.parameters) {
        assert!(
            close(p.estimate.value, q.estimate.value, share),
            "{what}: {} = {}, {}",
            p.name,
            p.estimate.value,
            q.estimate.value
        );
    }
}

#[test]
fn a_fixed_parameter_stays_where_it_is() {
    let options = Options { fix: vec![("E".into(), 1.7), ("beta".into(), 0.3)], draws: 40, ..Options::default() };
    let found = fit(&chinchilla(), &noisy(), &options).unwrap();
    assert_eq!((value(&found, "E"), value(&found, "beta"), found.free), (1.7, 0.3, 3));
    for p in &found.parameters {
        let fixed = p.name == "E" || p.name == "beta";
        assert_eq!((p.held, p.estimate.interval.is_none(), p.error.is_none()), (fixed, fixed, fixed), "{}", p.name);
    }
    let at = found.parameters.iter().position(|p| p.name == "E").unwrap();
    assert!(found.draws.iter().all(|d| d[at] == 1.7));
    // Held at the truth, the others are found.
    let options = Options { fix: vec![("alpha".into(), 0.34)], ..plain() };
    let found = fit(&chinchilla(), &exact(), &options).unwrap();
    CHINCHILLA.truth().iter().for_each(|(n, truth)| assert!(close(value(&found, n), *truth, 1e-9), "{n}"));
}

#[test]
fn tied_parameters_are_one() {
    let tie = vec![("beta".to_owned(), "alpha".to_owned())];
    let tied = fit(&chinchilla(), &noisy(), &Options { tie, ..plain() }).unwrap();
    let law = Law::from_formula("L = E + A*N^-alpha + B*D^-alpha", &["L", "N", "D"], &[]).unwrap();
    let one = fit(&law, &noisy(), &plain()).unwrap();
    assert_eq!((tied.free, one.free), (4, 4));
    assert!(tied.parameter("beta").is_none() || value(&tied, "beta") == value(&tied, "alpha"));
    for name in ["E", "A", "B", "alpha"] {
        assert!(close(value(&tied, name), value(&one, name), 1e-6), "{name}");
    }
    assert!(close(tied.objective.value, one.objective.value, 1e-6), "{} {}", tied.objective.value, one.objective.value);
    // And it is worse than two exponents: the truth has two.
    assert!(tied.objective.value > fit(&chinchilla(), &noisy(), &plain()).unwrap().objective.value);
}

#[test]
fn a_bound_of_the_callers_holds() {
    let bound = vec![("alpha".to_owned(), 0.0, 0.25)];
    let found = fit(&chinchilla(), &exact(), &Options { bound, ..plain() }).unwrap();
    assert_eq!(value(&found, "alpha"), 0.25);
    let bound = vec![("E".to_owned(), 1.75, 2.0), ("alpha".to_owned(), 0.3, 0.4)];
    let found = fit(&chinchilla(), &exact(), &Options { bound, ..plain() }).unwrap();
    assert_eq!(value(&found, "E"), 1.75);
    assert!((0.3..=0.4).contains(&value(&found, "alpha")));
    let bound = vec![("alpha".to_owned(), 0.1, 0.5)];
    let found = fit(&chinchilla(), &exact(), &Options { bound, ..plain() }).unwrap();
    assert!(close(value(&found, "alpha"), 0.34, 1e-9), "a bound that does not bind");
}

#[test]
fn a_default_range_that_is_hit_widens_and_says_so() {
    let text = "name = \"steep\"\nformula = \"L = E + A*X^-alpha\"\n[variables]\nL = \"\"\nX = \"\"\n[parameters]\nE = \"positive\"\nA = \"positive\"\nalpha = \"0..0.3\"\n";
    let law = Law::from_toml("steep.toml", text).unwrap();
    let rows: Vec<Vec<f64>> = (0..12).map(|i| vec![10f64.powf(2.0 + 0.5 * f64::from(i))]).collect();
    let points = inputs(&["X"], &rows, |x| 2.0 + 30.0 * x[0].powf(-0.45));
    let found = fit(&law, &points, &plain()).unwrap();
    assert!(close(value(&found, "alpha"), 0.45, 1e-9), "{}", value(&found, "alpha"));
    assert!(found.notes.iter().any(|n| n.contains("alpha") && n.contains("widened")), "{:?}", found.notes);
    let found = fit(&law, &points, &Options { bound: vec![("alpha".into(), 0.0, 0.3)], ..plain() }).unwrap();
    assert_eq!(value(&found, "alpha"), 0.3);
}

/// The floor of these rows would be below 0, and an exponent of 0 or less no law: neither is reached by widening.
#[test]
fn a_range_of_positive_numbers_stays_positive() {
    let text = "name = \"low\"\nformula = \"L = E + A*X^-alpha\"\n[variables]\nL = \"\"\nX = \"\"\n[parameters]\nE = \"0.5..3\"\nA = \"positive\"\nalpha = \"0.05..1\"\n";
    let law = Law::from_toml("low.toml", text).unwrap();
    let rows: Vec<Vec<f64>> = (0..12).map(|i| vec![10f64.powf(2.0 + 0.5 * f64::from(i))]).collect();
    let points = inputs(&["X"], &rows, |x| 30.0 * x[0].powf(-0.2) - 0.1);
    let found = fit(&law, &points, &plain()).unwrap();
    assert!(close(value(&found, "E"), 0.05, 1e-9) && value(&found, "alpha") > 0.0, "{:?}", found.notes);
    assert!(found.notes.iter().any(|n| n.ends_with("widened to 0.05..5.5")), "{:?}", found.notes);
}

/// Two architectures on one data set: one floor, two prefactors.
#[test]
fn families_share_what_is_not_theirs() {
    let design = grid((3e7, 3e9, 5), (1e9, 1e11, 5));
    let mut both = exact();
    both.target.extend(design.iter().map(|(n, d)| 1.69 + 300.0 * n.powf(-0.34) + 410.7 * d.powf(-0.28)));
    for i in 0..2 {
        let again = both.columns[i].1.clone();
        both.columns[i].1.extend(again);
    }
    both.family = Some(Labels::new("kind", (0..50).map(|i| if i < 25 { "mla" } else { "kda" })));
    for loss in LOSSES {
        let options = Options { loss, per_family: vec!["A".into()], ..plain() };
        let found = fit(&chinchilla(), &both, &options).unwrap();
        let names: Vec<&str> = found.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["E", "A[mla]", "A[kda]", "alpha", "B", "beta"]);
        let truth = [1.69, 406.4, 300.0, 0.34, 410.7, 0.28];
        for (p, truth) in found.parameters.iter().zip(truth) {
            assert!(close(p.estimate.value, truth, 1e-8), "{loss:?} {} = {}", p.name, p.estimate.value);
        }
        let families = ["kda".to_owned(), "mla".to_owned()];
        let at = [("N".to_owned(), vec![1e9; 2]), ("D".to_owned(), vec![2e10; 2])];
        let predicted = found.predict(&at, Some(&families)).unwrap();
        assert!(close(predicted[1].mean.value, CHINCHILLA.at(1e9, 2e10), 1e-9));
        assert!(predicted[0].mean.value < predicted[1].mean.value);
    }
    // One family's prefactor held, the other's free.
    let fix = vec![("A[kda]".to_owned(), 300.0)];
    let options = Options { per_family: vec!["A".into()], fix, ..plain() };
    let found = fit(&chinchilla(), &both, &options).unwrap();
    assert_eq!((value(&found, "A[kda]"), found.free), (300.0, 5));
    assert!(close(value(&found, "A[mla]"), 406.4, 1e-8));
    // The law file says it as well as the flag.
    let text = "name = \"own\"\nformula = \"L = E + A*N^-alpha + B*D^-beta\"\n[variables]\nL = \"\"\nN = \"\"\nD = \"\"\n[parameters]\nE = \"positive\"\nA = \"positive[family]\"\nB = \"positive\"\nalpha = \"0..2\"\nbeta = \"0..2\"\n";
    let found = fit(&Law::from_toml("own.toml", text).unwrap(), &both, &plain()).unwrap();
    assert!(close(value(&found, "A[kda]"), 300.0, 1e-8));
}

/// Rows `twice` stand in the table twice, or once with weight 2.
#[test]
fn weight_two_is_the_row_twice() {
    let mut weighted = noisy();
    let twice: Vec<usize> = (0..25).filter(|i| i % 3 == 0).collect();
    let mut doubled = weighted.clone();
    for &i in &twice {
        doubled.target.push(weighted.target[i]);
        (0..2).for_each(|c| doubled.columns[c].1.push(weighted.columns[c].1[i]));
    }
    weighted.weight = Some((0..25).map(|i| if twice.contains(&i) { 2.0 } else { 1.0 }).collect());
    // Not for the robust one: its delta is a quantile of rows, and a row twice is seen twice.
    for loss in [Loss::Published, Loss::SquaredLog, Loss::Squared] {
        let options = Options { loss, ..plain() };
        let (a, b) =
            (fit(&chinchilla(), &weighted, &options).unwrap(), fit(&chinchilla(), &doubled, &options).unwrap());
        same(&a, &b, 1e-6, &format!("{loss:?}"));
        // Weights are relative: their mean is taken to be 1.
        assert!(close(a.objective.value * 34.0 / 25.0, b.objective.value, 1e-9), "{loss:?}");
        assert!(!close(value(&a, "A"), value(&fit(&chinchilla(), &noisy(), &options).unwrap(), "A"), 1e-4));
    }
}

#[test]
fn weight_zero_is_no_row() {
    let mut weighted = noisy();
    weighted.target[7] *= 1.1;
    weighted.weight = Some((0..25).map(|i| if i == 7 { 0.0 } else { 1.0 }).collect());
    let mut without = noisy();
    without.target.remove(7);
    without.columns.iter_mut().for_each(|c| _ = c.1.remove(7));
    for loss in [Loss::Published, Loss::SquaredLog, Loss::Squared] {
        let options = Options { loss, ..plain() };
        let (a, b) =
            (fit(&chinchilla(), &weighted, &options).unwrap(), fit(&chinchilla(), &without, &options).unwrap());
        same(&a, &b, 1e-6, &format!("{loss:?}"));
    }
}

/// A standard error is of the target itself: the row counts by the inverse variance of the residual that is minimised.
#[test]
fn standard_errors_weigh_rows() {
    for loss in LOSSES {
        let options = Options { loss, ..plain() };
        let plain = fit(&chinchilla(), &noisy(), &options).unwrap();
        // Alike in the residual's scale: as if there were none.
        let mut alike = noisy();
        alike.se = Some(alike.target.iter().map(|y| if loss == Loss::Squared { 0.01 } else { 0.004 * y }).collect());
        same(&fit(&chinchilla(), &alike, &options).unwrap(), &plain, 1e-6, &format!("{loss:?}, alike"));
    }
    // A quarter of the error is sixteen times the weight.
    let mut uneven = noisy();
    let precise = |i: usize| i.is_multiple_of(4);
    uneven.se = Some((0..25).map(|i| uneven.target[i] * if precise(i) { 0.001 } else { 0.004 }).collect());
    let mut weighted = noisy();
    let mean = (0..25).map(|i| if precise(i) { 16.0 } else { 1.0 }).sum::<f64>() / 25.0;
    weighted.weight = Some((0..25).map(|i| if precise(i) { 16.0 } else { 1.0 } / mean).collect());
    let options = Options { loss: Loss::SquaredLog, ..plain() };
    same(
        &fit(&chinchilla(), &uneven, &options).unwrap(),
        &fit(&chinchilla(), &weighted, &options).unwrap(),
        1e-6,
        "uneven",
    );
}

/// Percent for nats, or a variance, is another unit: said; a factor of three is how real tables are.
#[test]
fn standard_errors_of_another_unit_are_noticed() {
    for (times, expected) in [(1.0, false), (3.0, false), (0.3, false), (100.0, true), (0.01, true)] {
        let mut points = noisy();
        points.se = Some(points.target.iter().map(|y| times * 0.004 * y).collect());
        let fit = fit(&chinchilla(), &points, &plain()).unwrap();
        let found = fit.warnings.iter().any(|w| w.code == "standard-errors");
        assert_eq!(found, expected, "{times} times the true error: {:?}", fit.warnings);
    }
}

/// Three seeds of each configuration that share its effect are not three experiments.
#[test]
fn clusters_widen_what_replicates_would_narrow() {
    let design = grid((3e7, 3e9, 5), (1e9, 1e11, 5));
    let rows: Vec<(f64, f64)> = design.iter().flat_map(|r| [*r; 3]).collect();
    let mut replicates = points(&rows, |n, d| CHINCHILLA.at(n, d));
    let mut noise = Noise::new(21);
    for group in replicates.target.chunks_mut(3) {
        let shared = 0.006 * noise.normal();
        group.iter_mut().for_each(|y| *y *= (shared + 0.001 * noise.normal()).exp());
    }
    let options = Options { draws: 300, threads: 2, ..Options::default() };
    let apart = fit(&chinchilla(), &replicates, &options).unwrap();
    replicates.cluster = Some(Labels::new("config", (0..75).map(|i| (i / 3).to_string())));
    let together = fit(&chinchilla(), &replicates, &options).unwrap();
    assert_eq!(apart.theta(), together.theta());
    assert!(
        together.method.contains("25 clusters of config") && apart.method.contains("75 rows"),
        "{}",
        together.method
    );
    assert!(together.df < apart.df);
    for name in ["E", "alpha", "beta"] {
        let width = |f: &Fit| f.parameter(name).unwrap().estimate.interval.map(|i| i.upper - i.lower).unwrap();
        let ratio = width(&together) / width(&apart);
        // Three rows that say the same narrow an interval by sqrt(3) if they pass for three.
        assert!((1.3..2.8).contains(&ratio), "{name}: {ratio}");
    }
    for (name, truth) in CHINCHILLA.truth() {
        assert!(covers(&together.parameter(name).unwrap().estimate, truth), "{name}");
    }
    // A cluster per row is none.
    replicates.cluster = Some(Labels::new("run", (0..75).map(|i| i.to_string())));
    assert_eq!(fit(&chinchilla(), &replicates, &options).unwrap().draws, apart.draws);
}

/// The error, which says what and what to do.
#[track_caller]
fn refused(result: Result<Fit, FitError>, says: &[&str]) {
    let error = result.expect_err("accepted");
    assert!(error.hint.is_some(), "{error}");
    let text = error.to_string();
    says.iter().for_each(|s| assert!(text.contains(s), "{s:?} is not in: {text}"));
}

#[test]
fn unknown_parameters_are_refused_with_the_nearest() {
    let fit = |options: Options| fit(&chinchilla(), &exact(), &options);
    refused(fit(Options { fix: vec![("alhpa".into(), 0.3)], ..plain() }), &["--fix", "alhpa", "did you mean alpha?"]);
    refused(
        fit(Options { bound: vec![("bta".into(), 0.1, 0.3)], ..plain() }),
        &["--bound", "bta", "did you mean beta?"],
    );
    refused(
        fit(Options { tie: vec![("alpha".into(), "betta".into())], ..plain() }),
        &["--tie", "betta", "did you mean beta?"],
    );
    refused(fit(Options { per_family: vec!["alphas".into()], ..plain() }), &["--per", "did you mean alpha?"]);
    refused(fit(Options { fix: vec![("exponent".into(), 0.3)], ..plain() }), &["E, A, alpha, B, beta"]);
    refused(fit(Options { per_family: vec!["A".into()], ..plain() }), &["family", "--group"]);
    refused(fit(Options { tie: vec![("alpha".into(), "alpha".into())], ..plain() }), &["--tie alpha=alpha"]);
    let chain = vec![("A".into(), "B".into()), ("B".into(), "E".into())];
    refused(fit(Options { tie: chain, ..plain() }), &["B is tied itself"]);
}

#[test]
fn what_is_not_finite_is_refused() {
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let options = Options { fix: vec![("E".into(), x)], ..plain() };
        refused(fit(&chinchilla(), &exact(), &options), &["--fix E=", "finite"]);
    }
}

#[test]
fn rows_that_cannot_be_fitted_are_refused() {
    let law = chinchilla();
    let fit = |points: &Points| fit(&law, points, &plain());
    let mut few = exact();
    few.target.truncate(5);
    few.columns.iter_mut().for_each(|c| c.1.truncate(5));
    refused(fit(&few), &["5 rows", "5 free parameters"]);
    refused(fit(&points(&[], |_, _| 0.0)), &["no rows"]);
    let one_size = points(&spread(1.0), |n, d| CHINCHILLA.at(n, d));
    refused(fit(&one_size), &["N is 1e9 in every row"]);
    refused(fit(&points(&spread(3.0), |_, _| 2.5)), &["L is 2.5 in every row", "--loss COLUMN"]);
    let mut negative = exact();
    negative.target[3] = -1.25;
    negative.lines = (2..27).collect();
    for loss in [Loss::Robust, Loss::Published, Loss::SquaredLog] {
        let options = Options { loss, ..plain() };
        refused(isoloss_laws::fit(&law, &negative, &options), &["line 5", "-1.25", "--where"]);
    }
    let mut missing = exact();
    missing.columns.pop();
    refused(fit(&missing), &["D", "--map"]);
}

/// Twelve rows; N grows by a factor in all.
fn spread(factor: f64) -> Vec<(f64, f64)> {
    (0..12).map(|i| (1e9 * f64::powf(factor, f64::from(i % 4)), 1e9 * f64::from(1 + i))).collect()
}

/// The robust objective takes differences where there are no logarithms, and says so.
#[test]
fn a_target_without_logarithm_is_fitted_as_it_is() {
    let shifted = points(&grid((3e7, 3e9, 5), (1e9, 1e11, 5)), |n, d| CHINCHILLA.at(n, d) - 3.0);
    let law = Law::from_formula("L = A*N^-alpha + B*D^-beta - F", &["L", "N", "D"], &[]).unwrap();
    let found = fit(&law, &shifted, &plain()).unwrap();
    assert!(!found.objective.log);
    assert!(found.notes.iter().any(|n| n.contains("not positive")), "{:?}", found.notes);
    for (name, truth) in [("A", 406.4), ("B", 410.7), ("alpha", 0.34), ("beta", 0.28), ("F", 1.31)] {
        assert!(close(value(&found, name), truth, 1e-8), "{name} = {}", value(&found, name));
    }
}

#[track_caller]
fn refused_law(result: Result<Law, LawError>, says: &[&str]) {
    let text = result.expect_err("accepted").to_string();
    says.iter().for_each(|s| assert!(text.contains(s), "{s:?} is not in: {text}"));
}

#[test]
fn a_slip_in_a_formula_is_no_parameter() {
    let columns = ["L", "N", "params", "tokens"];
    let read = |text: &str, insist: &[&str]| {
        Law::from_formula(text, &columns, &insist.iter().map(|s| s.to_string()).collect::<Vec<_>>())
    };
    refused_law(read("L = E + A*parms^-alpha", &[]), &["parms", "params", "--param parms"]);
    refused_law(read("L = E + A*tokenz^-alpha + B*params^-beta", &[]), &["tokenz", "tokens"]);
    refused_law(read("L = E + A*n^-alpha + B*params^-beta", &[]), &["n is no column", "write N"]);
    refused_law(read("L = E + A*Params^-alpha", &[]), &["write params"]);
    let insisted = read("L = E + n*params^-alpha", &["n"]).unwrap();
    assert_eq!(insisted.reading(), "variables params; parameters E, n, alpha");
    // One letter of a short name is a name of its own.
    assert!(read("L = E + A*N^-a", &[]).is_ok());
    refused_law(read("L = E + A*M^-alpha", &[]), &["uses no column", "L, N, params, tokens"]);
    refused_law(read("L = 2", &[]), &["no column"]);
    refused_law(read("L = E + A*N^", &[]), &["--formula"]);
    refused_law(read("E + A*N^-alpha", &[]), &["--formula"]);
}

#[test]
fn law_files_are_checked() {
    let file = |formula: &str, parameters: &str| {
        let text = format!(
            "name = \"own\"\nformula = \"{formula}\"\n[variables]\nL = \"\"\nN = \"\"\n[parameters]\n{parameters}"
        );
        Law::from_toml("own.toml", &text)
    };
    let all = "E = \"positive\"\nA = \"positive\"\nalpha = \"0..2\"";
    assert!(file("L = E + A*N^-alpha", all).is_ok());
    // A name that nobody declared is a forgotten column as often as a parameter.
    let says = "own.toml:2:25: alpha of the formula is neither in [variables] nor in [parameters]\nhint: a column";
    refused_law(file("L = E + A*N^-alpha", "E = \"free\"\nA = \"free\""), &[says]);
    refused_law(file("L = E + A*D^-alpha", all), &["own.toml:2:22: D of the formula", "in [variables]"]);
    let three = "E = \"free\"\nA = \"free\"\nalpha = \"0...2\"";
    refused_law(file("L = E + A*N^-alpha", three), &["own.toml:9:9: parameter alpha", "two dots: \"0..2\""]);
    refused_law(file("L = E + A*N^-alpha", "alhpa = \"0..2\""), &["own.toml:7:1: alhpa", "did you mean alpha?"]);
    refused_law(file("L = E + A*N^-alpha", "alpha = \"2..0\""), &["own.toml", "alpha", "2..0"]);
    refused_law(file("L = E + A", "E = \"free\"\nA = \"free\""), &["own.toml:2:", "no variable"]);
    refused_law(file("bits = E + A*N", ""), &["bits is not in [variables]"]);
    refused_law(file("L = E + ", ""), &["own.toml", "formula"]);
    refused_law(Law::from_toml("own.toml", "name = \"own\"\nformula = 3\n"), &["own.toml:2:"]);
    refused_law(Law::from_toml("own.toml", "name = \"own\"\nform = \"L = N\"\n"), &["own.toml:2:", "form"]);
}

#[test]
fn only_what_ships_is_in_the_catalogue() {
    assert!(
        catalogue::law("chinchila").is_none()
            && catalogue::law("").is_none()
            && catalogue::law("chinchilla.toml").is_none()
    );
    for name in catalogue::names() {
        assert_eq!(catalogue::law(name).unwrap().name, name);
    }
    assert_eq!(catalogue::laws().len(), catalogue::names().count());
}

/// The user's own line runs the same program as the built-in law.
#[test]
fn a_formula_equal_to_a_law_gives_its_numbers() {
    let law = chinchilla();
    let own = Law::from_formula("L = E + A*N^-alpha + B*D^-beta", &["L", "N", "D"], &[]).unwrap();
    assert_eq!(own.parameters.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["E", "A", "alpha", "B", "beta"]);
    assert!(
        own.parameters
            .iter()
            .filter(|p| ["E", "A", "B"].contains(&p.name.as_str()))
            .all(|p| p.domain == Domain::Positive)
    );
    for loss in LOSSES {
        // From the same starting point: the same bits, in every draw.
        let start_at = vec![vec![1.8, 300.0, 0.3, 300.0, 0.3]];
        let options = Options { loss, start_at, draws: 30, ..Options::default() };
        let (a, b) = (fit(&law, &noisy(), &options).unwrap(), fit(&own, &noisy(), &options).unwrap());
        assert_eq!(a.parameters, b.parameters, "{loss:?}");
        assert_eq!((&a.draws, &a.objective, &a.residuals), (&b.draws, &b.objective, &b.residuals), "{loss:?}");
        // From its own: the same optimum.
        same(&fit(&own, &noisy(), &Options { loss, ..plain() }).unwrap(), &a, 1e-6, &format!("{loss:?}"));
    }
    // Written another way.
    let other = Law::from_formula("L = B/D^beta + (E + N^-alpha*A)", &["L", "N", "D"], &[]).unwrap();
    let (a, b) = (fit(&law, &noisy(), &plain()).unwrap(), fit(&other, &noisy(), &plain()).unwrap());
    for p in &a.parameters {
        assert!(close(value(&b, &p.name), p.estimate.value, 1e-6), "{}", p.name);
    }
}
