//! Random formulas: the compiled program against the interpreter of single numbers, its derivatives against difference
//! quotients.

use crate::common::{Noise, bind};
use isoloss_formula::{Column, Table, evaluate};
use isoloss_laws::Law;

const PARAMETERS: [&str; 4] = ["a", "b", "c", "p"];

/// A random expression of N, D and the parameters. Deep trees of such functions overflow, so they are kept shallow.
fn expression(random: &mut Noise, depth: usize) -> String {
    if depth == 0 || random.uniform() < 0.12 {
        return match random.below(10) {
            0 => ["0.5", "2", "3", "1e-2"][random.below(4)].into(),
            1..=3 => ["N", "D"][random.below(2)].into(),
            _ => PARAMETERS[random.below(4)].into(),
        };
    }
    let mut part = || expression(random, depth - 1);
    let (x, y, z) = (part(), part(), part());
    match random.below(21) {
        0 | 1 => format!("({x} + {y})"),
        2 => format!("({x} - {y})"),
        3 | 4 => format!("{x}*({y})"),
        5 => format!("({x})/({y})"),
        6..=8 => format!("({x})^({y})"),
        9 => format!("abs({x})^-{}", PARAMETERS[random.below(4)]),
        10 => format!("exp({x})"),
        11 => format!("expm1({x})"),
        12 => format!("ln({x})"),
        13 => format!("log1p({x})"),
        14 => format!("{}({x})", ["log2", "log10", "sqrt", "abs"][random.below(4)]),
        15 => format!("min({x}, {y})"),
        16 => format!("max({x}, {y}, {z})"),
        17 => format!("sigmoid({x})"),
        18 => format!("softplus({x})"),
        19 => format!("logaddexp({x}, {y})"),
        _ => format!("(-({x}))"),
    }
}

/// Sizes near 1, where most functions have something to say; more rows than one block of the program.
fn rows(random: &mut Noise) -> Vec<Vec<f64>> {
    (0..131).map(|_| vec![0.3 + 2.5 * random.uniform(), 0.3 + 2.5 * random.uniform()]).collect()
}

fn law(text: &str) -> Option<Law> {
    match Law::from_formula(text, &["L", "N", "D"], &[]) {
        Ok(law) => Some(law),
        // No column in it, or a parameter alone.
        Err(e) if e.message.contains("uses no column") => None,
        Err(e) => panic!("{text}: {e}"),
    }
}

/// The value at every row, by the interpreter that maps columns: parameters are columns to it.
fn interpreted(law: &Law, rows: &[Vec<f64>], theta: &[f64]) -> Vec<f64> {
    let column = |i: usize| rows.iter().map(|r| r[i]).collect();
    let mut columns = vec![Column::numbers("N", column(0)), Column::numbers("D", column(1))];
    columns.extend(law.parameters.iter().zip(theta).map(|(p, x)| Column::numbers(&p.name, vec![*x; rows.len()])));
    let table = Table::new("random", columns, (1..=rows.len() as u64).collect());
    evaluate(&law.formula.body, &table).unwrap_or_else(|e| panic!("{}: {e}", law.formula.source))
}

#[test]
fn programs_compute_what_single_numbers_do() {
    let mut random = Noise::new(11);
    let mut compared = 0;
    for _ in 0..600 {
        let text = format!("L = {}", expression(&mut random, 4));
        let Some(law) = law(&text) else { continue };
        let rows = rows(&mut random);
        let theta: Vec<f64> = law.parameters.iter().map(|_| 0.2 + 1.6 * random.uniform()).collect();
        let found = bind(&law, &["N", "D"], &rows).values(&theta);
        let expected = interpreted(&law, &rows, &theta);
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            // A part without a value is no value, even where min or max could do without it.
            assert_eq!(found.is_nan(), expected.is_nan(), "{text} at {:?}, {theta:?}: {found}, {expected}", rows[row]);
            if !expected.is_finite() || expected.abs() > 1e100 || expected.abs() < 1e-100 {
                continue;
            }
            compared += 1;
            let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3);
            assert!(near, "{text} at {:?}, {theta:?}: {found}, expected {expected}", rows[row]);
        }
    }
    assert!(compared > 30_000, "only {compared} values were finite");
}

#[test]
fn derivatives_are_difference_quotients() {
    let mut random = Noise::new(12);
    let (mut compared, mut skipped, mut overflown, mut formulas) = (0, 0, 0, 0);
    for _ in 0..600 {
        let text = format!("L = {}", expression(&mut random, 4));
        let Some(law) = law(&text) else { continue };
        if law.parameters.is_empty() {
            continue;
        }
        let rows = rows(&mut random);
        let theta: Vec<f64> = law.parameters.iter().map(|_| 0.2 + 1.6 * random.uniform()).collect();
        let program = bind(&law, &["N", "D"], &rows);
        let (values, jacobian) = program.jacobian(&theta);
        assert_eq!(bits(&values), bits(&program.values(&theta)), "{text}");
        let defined: Vec<bool> = interpreted(&law, &rows, &theta).iter().map(|v| v.is_finite()).collect();
        let before = compared;
        for (j, parameter) in law.parameters.iter().enumerate() {
            let moved = |by: f64| {
                let mut theta = theta.clone();
                theta[j] += by;
                program.values(&theta)
            };
            let h = 1e-4;
            let (far, near) = ([moved(-h), moved(h)], [moved(-h / 2.0), moved(h / 2.0)]);
            for row in 0..rows.len() {
                let wide = (far[1][row] - far[0][row]) / (2.0 * h);
                let narrow = (near[1][row] - near[0][row]) / h;
                let sides = [(values[row] - near[0][row]) / (0.5 * h), (near[1][row] - values[row]) / (0.5 * h)];
                // Richardson: the errors of the two, h^2 f''' / 6, cancel.
                let expected = (4.0 * narrow - wide) / 3.0;
                let size = expected.abs().max(1e-3 * values[row].abs()).max(1e-6);
                // Kinks, poles and what is too steep for a quotient: both sides, and both steps, must agree.
                let smooth = (wide - narrow).abs() <= 1e-5 * size && (sides[1] - sides[0]).abs() <= 0.05 * size;
                if !(smooth && defined[row] && values[row].abs() < 1e6) {
                    skipped += 1;
                    continue;
                }
                let found = jacobian[j][row];
                // 0.5^infinity is 0 and flat, but its derivative is 0 times infinity.
                if found.is_nan() && expected == 0.0 {
                    overflown += 1;
                    continue;
                }
                compared += 1;
                assert!(
                    (found - expected).abs() <= 1e-6 * size,
                    "{text}: d/d{} at {:?}, {theta:?} is {found:e}, quotient {expected:e}",
                    parameter.name,
                    rows[row]
                );
            }
        }
        formulas += usize::from(compared > before);
    }
    let counts = format!("{formulas} formulas: {compared} compared, {skipped} not smooth, {overflown} overflown");
    assert!(formulas > 300 && compared > 3 * skipped && compared > 100 * overflown, "{counts}");
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}
