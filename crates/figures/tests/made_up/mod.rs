//! Tables simulated from stated laws, for the figures that follow papers.

use isoloss_figures::catalogue::Material;
use isoloss_formula::{Column, Table};

/// Noise of a given width that is the same on every machine: twelve draws of a generator of Lehmer's summed.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed * 2 + 1)
    }

    pub fn next(&mut self, width: f64) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            self.0 = self.0.wrapping_mul(0xda94_2042_e4dd_58b5);
            sum += (self.0 >> 11) as f64 / (1u64 << 53) as f64;
        }
        width * sum
    }
}

pub fn table(columns: Vec<Column>) -> Material {
    let rows = columns[0].len() as u64;
    let table = Table::new("made-up.csv", columns, (2..rows + 2).collect());
    Material { table: Some(table), ..Material::default() }
}

fn numbers(name: &str, rows: &[Vec<f64>], i: usize) -> Column {
    Column::numbers(name, rows.iter().map(|r| r[i]).collect())
}

/// `min(1.9 P, plateau)` bits, with and without four loops; the last of each colour did not converge.
pub fn capacity() -> Material {
    let mut noise = Noise::new(1);
    let mut rows = Vec::new();
    for people in [500.0, 2000.0, 5000.0, 20_000.0] {
        let limit = people * (libm::log2(1e5 / people) + 30.0);
        for loops in [1.0, 4.0] {
            for size in 0..7 {
                let params = 6e3 * libm::pow(2.3, f64::from(size)) * (1.0 + noise.next(0.03));
                let bits = (1.9 * params).min(0.98 * limit) * (1.0 + noise.next(0.03));
                let done = if size == 6 && loops == 4.0 && people > 1e4 { 0.0 } else { 1.0 };
                rows.push(vec![
                    params,
                    if done == 0.0 { 0.6 * bits } else { bits.min(limit) },
                    people,
                    loops,
                    limit,
                    done,
                ]);
            }
        }
    }
    let names = ["Params", "bits", "people", "loops", "limit", "converged"];
    table(names.iter().enumerate().map(|(i, name)| numbers(name, &rows, i)).collect())
}

/// `S = 30 + 9 ln N` in two families, and one model with a twin.
pub fn pareto() -> Material {
    let mut noise = Noise::new(2);
    let mut rows: Vec<(String, f64, f64, &str, &str)> = Vec::new();
    for (family, start) in [("Alder", 30.0), ("Birch", 34.0), ("Cedar", 27.0)] {
        for size in [0.5, 1.0, 3.0, 7.0, 14.0] {
            let score = start + 9.0 * libm::log(size) + noise.next(1.0);
            rows.push((
                format!("{family}-{size}B"),
                size * (1.0 + noise.next(0.04)),
                score,
                "",
                if family == "Birch" { family } else { "" },
            ));
        }
    }
    rows.push(("Memo-1B".into(), 1.1, 40.0, "Memo-1B-plain", ""));
    rows.push(("Memo-1B-plain".into(), 1.1, 36.0, "", ""));
    let words = |of: fn(&(String, f64, f64, &str, &str)) -> String| rows.iter().map(of).collect::<Vec<_>>();
    Material {
        baseline: Some("Memo-1B".into()),
        ..table(vec![
            Column::words("model", words(|r| r.0.clone())),
            Column::numbers("size", rows.iter().map(|r| r.1).collect()),
            Column::numbers("score", rows.iter().map(|r| r.2).collect()),
            Column::words("twin", words(|r| r.3.into())),
            Column::words("family", words(|r| r.4.into())),
        ])
    }
}

/// Chinchilla surfaces, one per mixture and kind.
pub fn mixtures() -> Material {
    let mut noise = Noise::new(3);
    let (mut mixture, mut rows) = (Vec::new(), Vec::new());
    for (m, name) in ["60-40", "40-60", "20-80"].iter().enumerate() {
        for (i, params) in [5e7, 1e8, 2e8, 4e8, 8e8].into_iter().enumerate() {
            for step in 0..6 {
                let tokens = 5e8 * libm::pow(2.2, f64::from(step)) * libm::pow(1.6, i as f64);
                let loss = |a: f64, b: f64| a + 410.0 * libm::pow(params, -0.34) + b * libm::pow(tokens, -0.28);
                let shift = 0.05 * m as f64;
                let mut noisy = |loss: f64| loss * (1.0 + noise.next(0.002));
                let (caption, text) = (noisy(loss(1.2 + shift, 520.0)), noisy(loss(1.7 - shift, 400.0)));
                mixture.push((*name).to_owned());
                rows.push(vec![params, tokens, caption, text]);
            }
        }
    }
    let mut columns = vec![Column::words("mixture", mixture)];
    columns.extend(["N", "D", "loss caption", "text_loss"].iter().enumerate().map(|(i, n)| numbers(n, &rows, i)));
    table(columns)
}

/// `L = 12 (stored r^0.45)^-0.085`, all blocks in the loop.
pub fn reuse() -> Material {
    let mut noise = Noise::new(4);
    let mut rows = Vec::new();
    for (i, reuse) in [1.0, 2.0, 4.0, 8.0].into_iter().enumerate() {
        for step in 0..5 {
            let params = 2e5 * libm::pow(5.0, f64::from(step)) * libm::pow(1.5, i as f64);
            let loss = 12.0 * libm::pow(params * libm::pow(reuse, 0.45), -0.085) * (1.0 + noise.next(0.004));
            rows.push(vec![params, reuse, loss]);
        }
    }
    table(["params", "reuse", "loss"].iter().enumerate().map(|(i, n)| numbers(n, &rows, i)).collect())
}

/// `L = 2.31 C^-0.054` and `L = 2.27 C^-0.053`, C in PF-days.
pub fn compute() -> Material {
    let mut noise = Noise::new(5);
    let (mut family, mut flops, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for (name, a, b) in [("full", 2.31, 0.054), ("linear", 2.27, 0.053)] {
        for step in 0..8 {
            let days = 0.5 * libm::pow(1.8, f64::from(step));
            family.push(name.to_owned());
            flops.push(8.64e19 * days);
            losses.push(a * libm::pow(days, -b) * (1.0 + noise.next(0.0015)));
        }
    }
    table(vec![Column::words("family", family), Column::numbers("flops", flops), Column::numbers("loss", losses)])
}
