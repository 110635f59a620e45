//! Every law of the catalogue against its equation written out a second time, and against values worked out elsewhere.

mod common;

use common::{bind, close, inputs, spaced, theta};
use isoloss_laws::{Law, Loss, Method, Options, Points, catalogue, fit};

fn published(law: &str, name: &str) -> (Law, Vec<f64>) {
    let law = catalogue::law(law).unwrap_or_else(|| panic!("no law {law}"));
    let values = law.published.iter().find(|p| p.name == name).unwrap_or_else(|| panic!("no {name}")).values.clone();
    let theta = theta(&law, |n| values.get(n).copied());
    (law, theta)
}

/// A law, its published fit, where, and the value there.
type Worked<'a> = (&'a str, &'a str, &'a [(&'a str, f64)], f64);

/// Worked by hand from the papers' constants; eight digits.
#[test]
fn published_constants_give_the_worked_values() {
    let cases: [Worked; 8] = [
        ("chinchilla", "hoffmann-2022", &[("N", 70e9), ("D", 1.4e12)], 1.936_645_5),
        ("chinchilla", "hoffmann-2022-unrounded", &[("N", 70e9), ("D", 1.4e12)], 1.920_846_0),
        ("chinchilla", "besiroglu-2024", &[("N", 70e9), ("D", 1.4e12)], 1.973_881_9),
        ("kaplan-n", "kaplan-2020-n", &[("N", 1e9)], 2.375_640_3),
        ("kaplan-d", "kaplan-2020-d", &[("D", 2e10)], 2.118_261_4),
        ("kaplan", "kaplan-2020", &[("N", 1e9), ("D", 2e10)], 2.373_882_4),
        ("data-constrained", "muennighoff-2023", &[("N", 2e9), ("D", 4e10), ("U", 1e10)], 2.439_514_9),
        ("data-constrained", "muennighoff-2023", &[("N", 2e9), ("D", 4e10), ("U", 4e10)], 2.413_810_1),
    ];
    for (law, name, at, expected) in cases {
        let (law, theta) = published(law, name);
        let names: Vec<&str> = at.iter().map(|(n, _)| *n).collect();
        let found = bind(&law, &names, &[at.iter().map(|(_, x)| *x).collect()]).values(&theta)[0];
        assert!((found - expected).abs() < 5.5e-8, "{name} at {at:?}: {found:.9}, worked {expected}");
    }
}

/// Complete constants, and a loss that a language model could have.
#[test]
fn every_published_fit_has_a_value() {
    let mut seen = 0;
    for law in catalogue::laws() {
        assert!(
            law.published.is_empty() != law.unpublished.is_none(),
            "{}: constants, or the reason for none",
            law.name
        );
        for published in &law.published {
            let theta = theta(law, |n| published.values.get(n).copied());
            let names: Vec<&str> = law.inputs().collect();
            let at = names.iter().map(|n| match (published.units.get(*n).map(String::as_str), *n) {
                (Some("PF-days"), _) => 10.0,
                (_, "N") => 1e9,
                (_, "D" | "U") => 2e10,
                (unit, name) => panic!("{}: {name} in {unit:?}", published.name),
            });
            let found = bind(law, &names, &[at.collect()]).values(&theta)[0];
            assert!(found.is_finite() && (1.0..6.0).contains(&found), "{} is {found}", published.name);
            assert!(published.errors.values().all(|e| *e > 0.0));
            assert!(published.errors.keys().all(|n| published.values.contains_key(n)));
            assert!(!published.source.is_empty() && !published.convention.is_empty(), "{}", published.name);
            seen += 1;
        }
    }
    assert!(seen >= 13, "{seen}");
}

/// A law: made-up parameters, rows that tell them apart, and its equation written without the formula.
struct Case {
    law: &'static str,
    inputs: &'static [&'static str],
    rows: Vec<Vec<f64>>,
    /// in the order of `equation`
    parameters: &'static [(&'static str, f64)],
    equation: fn(&[f64], &[f64]) -> f64,
}

fn cross(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    columns.iter().fold(vec![Vec::new()], |rows, column| {
        rows.iter().flat_map(|r| column.iter().map(|x| [r.as_slice(), &[*x]].concat())).collect()
    })
}

fn cases() -> Vec<Case> {
    let sizes = || spaced((1e7, 1e10, 7));
    let tokens = || spaced((1e9, 4e11, 6));
    let one = |low, high| spaced((low, high, 12)).into_iter().map(|x| vec![x]).collect::<Vec<_>>();
    vec![
        Case {
            law: "chinchilla",
            inputs: &["N", "D"],
            rows: cross(&[sizes(), tokens()]),
            parameters: &[("E", 1.75), ("A", 350.0), ("B", 900.0), ("alpha", 0.33), ("beta", 0.31)],
            equation: |p, x| p[0] + p[1] / x[0].powf(p[3]) + p[2] / x[1].powf(p[4]),
        },
        Case {
            law: "power",
            inputs: &["X"],
            rows: one(1e-3, 1e4),
            parameters: &[("A", 2.4), ("alpha", 0.061)],
            equation: |p, x| p[0] * (-p[1] * x[0].ln()).exp(),
        },
        Case {
            law: "power-floor",
            inputs: &["X"],
            rows: one(1e6, 1e10),
            parameters: &[("E", 2.1), ("A", 55.0), ("alpha", 0.27)],
            equation: |p, x| p[0] + p[1] * (-p[2] * x[0].ln()).exp(),
        },
        Case {
            law: "frontier",
            inputs: &["C"],
            rows: one(1e17, 1e23),
            parameters: &[("E", 1.8), ("A", 900.0), ("alpha", 0.154)],
            equation: |p, x| p[0] + p[1] / x[0].powf(p[2]),
        },
        Case {
            law: "kaplan-n",
            inputs: &["N"],
            rows: one(1e6, 1e10),
            parameters: &[("N_c", 7e13), ("alpha_N", 0.081)],
            equation: |p, x| (p[1] * (p[0] / x[0]).ln()).exp(),
        },
        Case {
            law: "kaplan-d",
            inputs: &["D"],
            rows: one(1e8, 1e12),
            parameters: &[("D_c", 4e13), ("alpha_D", 0.092)],
            equation: |p, x| (p[1] * (p[0] / x[0]).ln()).exp(),
        },
        Case {
            law: "kaplan",
            inputs: &["N", "D"],
            rows: cross(&[sizes(), tokens()]),
            parameters: &[("N_c", 7e13), ("D_c", 2.2e13), ("alpha_N", 0.081), ("alpha_D", 0.11)],
            equation: |p, x| ((p[0] / x[0]).powf(p[2] / p[3]) + p[1] / x[1]).powf(p[3]),
        },
        Case {
            law: "data-constrained",
            inputs: &["N", "D", "U"],
            rows: cross(&[sizes(), tokens(), vec![1.3e8, 2.1e9, 3.3e10]]),
            parameters: &[
                ("E", 1.85),
                ("A", 500.0),
                ("B", 1400.0),
                ("alpha", 0.35),
                ("beta", 0.36),
                ("R_D", 14.0),
                ("R_N", 6.0),
            ],
            equation: data_constrained,
        },
        Case {
            law: "effective-size",
            inputs: &["N", "X"],
            rows: cross(&[sizes(), vec![1.0, 2.0, 4.0, 8.0]]),
            parameters: &[("E", 1.6), ("A", 120.0), ("alpha", 0.24), ("phi", 0.46)],
            equation: |p, x| p[0] + p[1] / (x[0] * x[1].powf(p[3])).powf(p[2]),
        },
        Case {
            law: "knowledge-capacity",
            inputs: &["P", "N"],
            rows: cross(&[spaced((1e5, 1e8, 6)), vec![1e4, 2e5, 1e6]]),
            parameters: &[("c", 1.9), ("N0", 1.6e8), ("S0", 2.120_832e14)],
            equation: |p, x| (p[0] * x[0]).min(x[1] * ((p[1] / x[1]).ln() + p[2].ln()) / std::f64::consts::LN_2),
        },
        Case {
            law: "log-line",
            inputs: &["N"],
            rows: one(1e7, 1e11),
            parameters: &[("a", -31.0), ("b", 3.4)],
            equation: |p, x| p[0] + p[1] * x[0].ln(),
        },
    ]
}

/// Muennighoff et al. 2023, eqs. 5-6, step by step.
fn data_constrained(p: &[f64], x: &[f64]) -> f64 {
    let &[e, a, b, alpha, beta, r_d, r_n] = p else { unreachable!() };
    let &[n, d, u] = x else { unreachable!() };
    let u_d = if d < u { d } else { u };
    let g = (alpha * a / (beta * b)).powf(1.0 / (alpha + beta));
    // The N for which u_d tokens are the compute-optimal number: N* = G (C/6)^a, D* = (C/6)^b / G with D* = u_d.
    let sixth = (u_d * g).powf((alpha + beta) / alpha);
    let best = g * sixth.powf(beta / (alpha + beta));
    let u_n = if n < best { n } else { best };
    let (repeats, excess) = (d / u_d - 1.0, n / u_n - 1.0);
    let d_eff = u_d + u_d * r_d * (1.0 - (-repeats / r_d).exp());
    let n_eff = u_n + u_n * r_n * (1.0 - (-excess / r_n).exp());
    e + a / n_eff.powf(alpha) + b / d_eff.powf(beta)
}

impl Case {
    fn law(&self) -> Law {
        catalogue::law(self.law).unwrap()
    }

    fn truth(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    fn values(&self) -> Vec<f64> {
        self.parameters.iter().map(|(_, v)| *v).collect()
    }

    fn points(&self) -> Points {
        inputs(self.inputs, &self.rows, |x| (self.equation)(&self.values(), x))
    }
}

#[test]
fn every_law_of_the_catalogue_has_a_case() {
    let mut have: Vec<&str> = cases().iter().map(|c| c.law).collect();
    let mut want: Vec<&str> = catalogue::names().collect();
    have.sort_unstable();
    want.sort_unstable();
    assert_eq!(have, want);
}

#[test]
fn every_law_is_its_equation() {
    for case in cases() {
        let law = case.law();
        let found = bind(&law, case.inputs, &case.rows).values(&theta(&law, |n| case.truth(n)));
        for (x, found) in case.rows.iter().zip(found) {
            let expected = (case.equation)(&case.values(), x);
            assert!(close(found, expected, 1e-12), "{} at {x:?}: {found}, {expected}", case.law);
        }
    }
}

#[test]
fn every_gradient_is_the_difference_quotient() {
    for case in cases() {
        let law = case.law();
        let program = bind(&law, case.inputs, &case.rows);
        let theta = theta(&law, |n| case.truth(n));
        let (values, jacobian) = program.jacobian(&theta);
        assert_eq!(values, program.values(&theta), "{}", case.law);
        for (j, parameter) in law.parameters.iter().enumerate() {
            let step = 1e-5 * theta[j].abs();
            let moved = |by: f64| {
                let mut theta = theta.clone();
                theta[j] += by;
                program.values(&theta)
            };
            let (above, below) = (moved(step), moved(-step));
            let mut largest: f64 = 0.0;
            for (row, x) in case.rows.iter().enumerate() {
                let expected = (above[row] - below[row]) / (2.0 * step);
                let found = jacobian[j][row];
                // Rounding of the two values, in the quotient.
                let rounding = 8.0 * f64::EPSILON * values[row].abs() / step;
                largest = largest.max(expected.abs());
                assert!(
                    (found - expected).abs() <= 1e-6 * expected.abs() + rounding,
                    "{}: d/d{} at {x:?} is {found:e}, quotient {expected:e}",
                    case.law,
                    parameter.name
                );
            }
            assert!(largest > 0.0, "{}: {} changes nothing on these rows", case.law, parameter.name);
        }
    }
}

#[test]
fn every_law_is_recovered_from_its_own_surface() {
    for case in cases() {
        let law = case.law();
        for loss in [Loss::Robust, Loss::Published, Loss::SquaredLog] {
            // Scores may be negative; they have no logarithm.
            let loss = if case.law == "log-line" { Loss::Squared } else { loss };
            let options = Options { loss, method: Method::None, ..Options::default() };
            let fit = fit(&law, &case.points(), &options).unwrap_or_else(|e| panic!("{} {loss:?}: {e}", case.law));
            for p in &fit.parameters {
                let (found, truth) = (p.estimate.value, case.truth(&p.name).unwrap());
                assert!(close(found, truth, 1e-8), "{} {loss:?}: {} = {found}, truth {truth}", case.law, p.name);
            }
            assert_eq!(fit.free, law.parameters.iter().filter(|p| p.known.is_none()).count(), "{}", case.law);
        }
    }
}
