//! Every law of the catalogue: its value against its equation written a second time, its gradient against differences,
//! and its parameters from its own surface.

use crate::cases::cases;
use crate::common::{bind, close, numbers, theta};
use isoloss_laws::{Loss, Method, Options, catalogue, fit};

#[test]
fn every_law_of_the_catalogue_has_a_case() {
    let cases: Vec<&str> = cases().iter().map(|c| c.law).collect();
    let without: Vec<&str> = catalogue::names().filter(|law| !cases.contains(law)).collect();
    assert!(without.is_empty(), "write a case in tests/suite/cases for {without:?}");
    assert_eq!(cases.len(), catalogue::names().count(), "a case of no law, or a law with two: {cases:?}");
}

#[test]
fn every_law_is_its_equation() {
    for case in cases() {
        let law = case.law();
        let found = bind(&law, case.inputs, &case.rows).values(&theta(&law, case.inputs, |n| case.truth(n)));
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
        let theta = theta(&law, case.inputs, |n| case.truth(n));
        let (values, jacobian) = program.jacobian(&theta);
        assert_eq!(values, program.values(&theta), "{}", case.law);
        for (j, parameter) in numbers(&law, case.inputs).iter().enumerate() {
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
                    parameter
                );
            }
            assert!(largest > 0.0, "{}: {} changes nothing on these rows", case.law, parameter);
        }
    }
}

/// One test per objective: they run side by side.
#[test]
fn every_law_is_recovered_by_the_default() {
    recovered(Loss::Robust);
}

#[test]
fn every_law_is_recovered_by_the_published_objective() {
    recovered(Loss::Published);
}

#[test]
fn every_law_is_recovered_by_squares() {
    recovered(Loss::SquaredLog);
}

/// From its own surface, to eight digits.
fn recovered(loss: Loss) {
    for case in cases() {
        let law = case.law();
        // Some targets are negative; they have no logarithm, and the default does without.
        let points = case.points();
        let negative = points.target.iter().any(|y| *y <= 0.0);
        let loss = if negative && loss != Loss::Robust { Loss::Squared } else { loss };
        let options = Options { loss, method: Method::None, ..Options::default() };
        let fit = fit(&law, &points, &options).unwrap_or_else(|e| panic!("{} {loss:?}: {e}", case.law));
        for p in &fit.parameters {
            let (found, truth) = (p.estimate.value, case.truth(&p.name).unwrap());
            assert!(close(found, truth, 1e-8), "{} {loss:?}: {} = {found}, truth {truth}", case.law, p.name);
        }
        let known = law.parameters.iter().filter(|p| p.known.is_some()).count();
        assert_eq!(fit.free, case.parameters.len() - known, "{}", case.law);
    }
}
