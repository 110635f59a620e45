//! What several tests need: surfaces with known truth, designs, a small source of noise.
// The benches compile this module too and use a part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use isoloss_laws::program::{Columns, Program, Slot};
use isoloss_laws::{Fit, Law, Parameter, Points};

/// The folder of shared data.
pub fn shared() -> Option<PathBuf> {
    let folder = match std::env::var_os("ISOLOSS_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    folder.is_dir().then_some(folder)
}

/// The numbers of some columns of a plain CSV file, column by column.
pub fn columns(folder: &std::path::Path, name: &str, wanted: &[&str]) -> Vec<Vec<f64>> {
    let path = folder.join("data/runs").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |name: &&str| {
        let at = header.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name} in {}", path.display()));
        rows.iter().map(|r| r[at].parse().unwrap()).collect()
    };
    wanted.iter().map(column).collect()
}

/// Points of a law of N and D.
pub fn points(rows: &[(f64, f64)], loss: impl Fn(f64, f64) -> f64) -> Points {
    inputs(&["N", "D"], &rows.iter().map(|r| vec![r.0, r.1]).collect::<Vec<_>>(), |x| loss(x[0], x[1]))
}

/// Points of any law: its inputs by name, one vector per row, and the target there.
pub fn inputs(names: &[&str], rows: &[Vec<f64>], target: impl Fn(&[f64]) -> f64) -> Points {
    Points {
        target: rows.iter().map(|r| target(r)).collect(),
        columns: (names.iter().enumerate())
            .map(|(i, n)| (n.to_string(), rows.iter().map(|r| r[i]).collect()))
            .collect(),
        ..Points::default()
    }
}

/// E + A/N^alpha + B/D^beta.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    pub e: f64,
    pub a: f64,
    pub b: f64,
    pub alpha: f64,
    pub beta: f64,
}

pub const CHINCHILLA: Surface = Surface { e: 1.69, a: 406.4, b: 410.7, alpha: 0.34, beta: 0.28 };
pub const LOPSIDED: Surface = Surface { e: 1.69, a: 60.0, b: 6e5, alpha: 0.2, beta: 0.6 };

impl Surface {
    pub fn at(&self, n: f64, d: f64) -> f64 {
        self.e + self.a * n.powf(-self.alpha) + self.b * d.powf(-self.beta)
    }

    /// The truth by the names of the catalogue's law.
    pub fn truth(&self) -> [(&'static str, f64); 5] {
        [("E", self.e), ("A", self.a), ("B", self.b), ("alpha", self.alpha), ("beta", self.beta)]
    }

    /// Best N for a budget.
    pub fn best(&self, flops: f64) -> f64 {
        let g = (self.alpha * self.a / (self.beta * self.b)).powf(1.0 / (self.alpha + self.beta));
        g * (flops / 6.0).powf(self.beta / (self.alpha + self.beta))
    }
}

/// All pairs of sizes a factor apart.
pub fn grid(n: (f64, f64, usize), d: (f64, f64, usize)) -> Vec<(f64, f64)> {
    let (n, d) = (spaced(n), spaced(d));
    n.iter().flat_map(|n| d.iter().map(move |d| (*n, *d))).collect()
}

/// From least to greatest, equal factors apart.
pub fn spaced((low, high, count): (f64, f64, usize)) -> Vec<f64> {
    (0..count).map(|i| low * (high / low).powf(i as f64 / (count - 1) as f64)).collect()
}

pub fn value(fit: &Fit, name: &str) -> f64 {
    fit.parameter(name).unwrap_or_else(|| panic!("{name}")).estimate.value
}

pub fn covers(estimate: &isoloss_laws::Estimate, truth: f64) -> bool {
    estimate.interval.is_some_and(|i| i.lower <= truth && truth <= i.upper)
}

pub fn close(found: f64, expected: f64, share: f64) -> bool {
    (found - expected).abs() <= share * expected.abs()
}

/// The law bound to columns, parameters in the order of the law.
pub fn bind(law: &Law, names: &[&str], rows: &[Vec<f64>]) -> Program {
    let data: Vec<Vec<f64>> = (0..names.len()).map(|i| rows.iter().map(|r| r[i]).collect()).collect();
    let numbers = names.iter().zip(&data).map(|(n, c)| (*n, c.as_slice())).collect();
    let columns = Columns { rows: rows.len(), numbers, labels: Vec::new() };
    let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
    let mut first = 0;
    for p in &law.parameters {
        let count = members(p, names).len();
        slots.insert(p.name.clone(), if p.per.is_some() { Slot::PerColumn { first, count } } else { Slot::One(first) });
        first += if p.per.is_some() { count } else { 1 };
    }
    Program::bind(&law.formula, &columns, &slots, first).unwrap_or_else(|e| panic!("{}: {e}", law.name))
}

/// The columns that a parameter has one value each for.
fn members<'a>(parameter: &Parameter, columns: &[&'a str]) -> Vec<&'a str> {
    let Some(group) = &parameter.per else { return Vec::new() };
    columns.iter().copied().filter(|c| c.starts_with(&format!("{group}_"))).collect()
}

/// The numbers of a law on these columns: `alpha`, `t[w_code]`.
pub fn numbers(law: &Law, columns: &[&str]) -> Vec<String> {
    let each = law.parameters.iter().flat_map(|p| match p.per {
        Some(_) => members(p, columns).iter().map(|c| format!("{}[{c}]", p.name)).collect(),
        None => vec![p.name.clone()],
    });
    each.collect()
}

/// Values by name in the order of the law.
pub fn theta(law: &Law, columns: &[&str], values: impl Fn(&str) -> Option<f64>) -> Vec<f64> {
    numbers(law, columns).iter().map(|n| values(n).unwrap_or_else(|| panic!("{}: {n}", law.name))).collect()
}

/// Numbers that look random, the same everywhere: a 64-bit linear congruential generator (Knuth's MMIX), upper bits.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        let mut noise = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        (0..8).for_each(|_| _ = noise.uniform());
        noise
    }

    /// In (0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }

    /// Every target times e^(sigma z).
    pub fn spoil(&mut self, points: &mut Points, sigma: f64) {
        points.target.iter_mut().for_each(|y| *y *= (sigma * self.normal()).exp());
    }
}
