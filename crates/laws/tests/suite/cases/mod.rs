//! Every law of the catalogue once more: made-up parameters, rows that tell them apart, and its equation written
//! without the formula.
// The benches compile this module too and use a part of it.
#![allow(dead_code)]

mod architectures;

use crate::common::{inputs, spaced};
use isoloss_laws::{Law, Points, catalogue};

pub struct Case {
    pub law: &'static str,
    /// as `equation` takes them
    pub inputs: &'static [&'static str],
    pub rows: Vec<Vec<f64>>,
    /// as `equation` takes them
    pub parameters: &'static [(&'static str, f64)],
    pub equation: fn(&[f64], &[f64]) -> f64,
}

fn cross(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    columns.iter().fold(vec![Vec::new()], |rows, column| {
        rows.iter().flat_map(|r| column.iter().map(|x| [r.as_slice(), &[*x]].concat())).collect()
    })
}

fn repeated() -> Vec<Vec<f64>> {
    cross(&[spaced((1e7, 1e10, 7)), spaced((1e9, 4e11, 6)), vec![1.3e8, 2.1e9, 3.3e10]])
}

/// Shares of three domains, all above zero.
fn mixtures() -> Vec<Vec<f64>> {
    let shares = [0.05, 0.15, 0.3, 0.45, 0.6, 0.8];
    let pairs = shares.iter().flat_map(|a| shares.iter().map(move |b| (*a, *b)));
    pairs.filter(|(a, b)| a + b < 0.97).map(|(a, b)| vec![a, b, 1.0 - a - b]).collect()
}

fn mixed() -> Vec<Vec<f64>> {
    let scales = cross(&[spaced((1e7, 1e10, 4)), spaced((1e9, 4e11, 3))]);
    mixtures().iter().flat_map(|m| scales.iter().map(|s| [m.as_slice(), s].concat())).collect()
}

pub fn cases() -> Vec<Case> {
    scales().into_iter().chain(architectures::cases()).collect()
}

/// Laws of sizes, data, mixtures and settings; those of what a model is made of stand by themselves.
fn scales() -> Vec<Case> {
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
            law: "log-line",
            inputs: &["N"],
            rows: one(1e7, 1e11),
            parameters: &[("a", -31.0), ("b", 3.4)],
            equation: |p, x| p[0] + p[1] * x[0].ln(),
        },
        Case {
            law: "kaplan-c",
            inputs: &["C"],
            rows: one(1e17, 1e23),
            parameters: &[("C_c", 2.1e27), ("alpha_C", 0.055)],
            equation: |p, x| (p[0] / x[0]).powf(p[1]),
        },
        Case {
            law: "kaplan-steps",
            inputs: &["N", "S"],
            rows: cross(&[sizes(), spaced((2e3, 3e5, 6))]),
            parameters: &[("N_c", 6e13), ("S_c", 2.3e3), ("alpha_N", 0.078), ("alpha_S", 0.74)],
            equation: |p, x| (p[0] / x[0]).powf(p[2]) + (p[1] / x[1]).powf(p[3]),
        },
        Case {
            law: "critical-batch",
            inputs: &["L"],
            rows: spaced((2.0, 5.0, 12)).into_iter().map(|x| vec![x]).collect(),
            parameters: &[("B_star", 2.4e8), ("alpha_B", 0.23)],
            equation: |p, x| p[0] / x[0].powf(1.0 / p[1]),
        },
        Case {
            law: "over-training",
            inputs: &["N", "D"],
            rows: cross(&[sizes(), tokens()]),
            parameters: &[("E", 1.5), ("a", 16.0), ("b", 110.0), ("eta", 0.121)],
            equation: |p, x| {
                let (m, c) = (x[1] / x[0], 6.0 * x[0] * x[1]);
                p[0] + (p[1] * m.powf(p[3]) + p[2] * m.powf(-p[3])) * c.powf(-p[3])
            },
        },
        Case {
            law: "bnsl-1",
            inputs: &["X"],
            rows: spaced((1e2, 1e8, 40)).into_iter().map(|x| vec![x]).collect(),
            parameters: &[("a", 1.2), ("b", 6.0), ("c0", 0.12), ("c1", 0.31), ("d1", 7e4), ("f1", 0.4)],
            equation: |p, x| {
                let broken = (1.0 + (x[0] / p[4]).powf(1.0 / p[5])).powf(-p[3] * p[5]);
                p[0] + p[1] * x[0].powf(-p[2]) * broken
            },
        },
        Case {
            law: "bnsl-2",
            inputs: &["X"],
            rows: spaced((1e1, 1e10, 60)).into_iter().map(|x| vec![x]).collect(),
            parameters: &[
                ("a", 0.9),
                ("b", 5.0),
                ("c0", 0.05),
                ("c1", 0.35),
                ("d1", 3e3),
                ("f1", 0.3),
                ("c2", -0.25),
                ("d2", 4e6),
                ("f2", 0.35),
            ],
            equation: |p, x| {
                let first = (1.0 + (x[0] / p[4]).powf(1.0 / p[5])).powf(-p[3] * p[5]);
                let second = (1.0 + (x[0] / p[7]).powf(1.0 / p[8])).powf(-p[6] * p[8]);
                p[0] + p[1] * x[0].powf(-p[2]) * first * second
            },
        },
        Case {
            law: "repetition-harmonic",
            inputs: &["N", "D", "U"],
            rows: repeated(),
            parameters: &[("E", 1.85), ("A", 500.0), ("alpha", 0.35), ("B", 1400.0), ("beta", 0.36), ("k", 11.0)],
            equation: |p, x| {
                let d = x[1] * p[5] * x[2] / (x[1] + p[5] * x[2]);
                p[0] + p[1] / x[0].powf(p[2]) + p[3] / d.powf(p[4])
            },
        },
        Case {
            law: "repetition-smooth-minimum",
            inputs: &["N", "D", "U"],
            rows: repeated(),
            parameters: &[
                ("E", 1.85),
                ("A", 500.0),
                ("alpha", 0.35),
                ("B", 1400.0),
                ("beta", 0.36),
                ("s", 1.7),
                ("k", 11.0),
            ],
            equation: |p, x| {
                let d = (x[1].powf(-p[5]) + (p[6] * x[2]).powf(-p[5])).powf(-1.0 / p[5]);
                p[0] + p[1] / x[0].powf(p[2]) + p[3] / d.powf(p[4])
            },
        },
        Case {
            law: "repetition-k-of-n",
            inputs: &["N", "D", "U"],
            rows: repeated(),
            parameters: &[
                ("E", 1.85),
                ("A", 500.0),
                ("alpha", 0.35),
                ("B", 1400.0),
                ("beta", 0.36),
                ("g", 0.21),
                ("k", 900.0),
            ],
            equation: |p, x| {
                let worn = 1.0 / x[1] + x[0].powf(p[5]) / (p[6] * x[2]);
                p[0] + p[1] / x[0].powf(p[2]) + p[3] * worn.powf(p[4])
            },
        },
        Case {
            law: "data-mixing",
            inputs: &["w_code", "w_text", "w_web"],
            rows: mixtures(),
            parameters: &[("c", 1.1), ("k", 1.0), ("t[w_code]", -0.9), ("t[w_text]", 0.4), ("t[w_web]", 0.7)],
            equation: |p, x| p[0] + p[1] * (p[2] * x[0] + p[3] * x[1] + p[4] * x[2]).exp(),
        },
        Case {
            law: "mixture-additive",
            inputs: &["w_code", "w_text", "w_web", "N", "D"],
            rows: mixed(),
            parameters: &[
                ("E", 1.2),
                ("c[w_code]", 2.0),
                ("c[w_text]", 3.5),
                ("c[w_web]", 1.1),
                ("g[w_code]", 0.35),
                ("g[w_text]", 0.6),
                ("g[w_web]", 0.25),
                ("A", 350.0),
                ("alpha", 0.33),
                ("B", 900.0),
                ("beta", 0.31),
            ],
            equation: |p, x| {
                let share: f64 = (0..3).map(|i| p[1 + i] * x[i].powf(p[4 + i])).sum();
                p[0] + 1.0 / share + p[7] / x[3].powf(p[8]) + p[9] / x[4].powf(p[10])
            },
        },
        Case {
            law: "mixture-joint",
            inputs: &["w_code", "w_text", "w_web", "N", "D"],
            rows: mixed(),
            parameters: &[
                ("E", 1.2),
                ("c[w_code]", 2.0),
                ("c[w_text]", 3.5),
                ("c[w_web]", 1.1),
                ("g[w_code]", 0.35),
                ("g[w_text]", 0.6),
                ("g[w_web]", 0.25),
                ("a[w_code]", 500.0),
                ("a[w_text]", 250.0),
                ("a[w_web]", 330.0),
                ("p", 1.0),
                ("alpha", 0.33),
                ("b[w_code]", 700.0),
                ("b[w_text]", 1100.0),
                ("b[w_web]", 850.0),
                ("q", 1.0),
                ("beta", 0.31),
            ],
            equation: |p, x| {
                let share: f64 = (0..3).map(|i| p[1 + i] * x[i].powf(p[4 + i])).sum();
                let a: f64 = (0..3).map(|i| p[7 + i] * x[i]).sum();
                let b: f64 = (0..3).map(|i| p[12 + i] * x[i]).sum();
                p[0] + 1.0 / share + a.powf(p[10]) / x[3].powf(p[11]) + b.powf(p[15]) / x[4].powf(p[16])
            },
        },
        Case {
            law: "native-multimodal",
            inputs: &["N", "D"],
            rows: cross(&[sizes(), tokens()]),
            parameters: &[("E", 1.9), ("A", 210.0), ("alpha", 0.3), ("B", 1500.0), ("beta", 0.335)],
            equation: |p, x| p[0] + p[1] / x[0].powf(p[2]) + p[3] / x[1].powf(p[4]),
        },
        Case {
            law: "native-multimodal-sparse",
            inputs: &["N", "D", "S"],
            rows: cross(&[spaced((1e7, 1e10, 6)), spaced((1e9, 4e11, 5)), vec![0.0, 0.5, 0.75, 0.875, 0.97]]),
            parameters: &[
                ("E", 1.08),
                ("A", 30.0),
                ("alpha", 0.21),
                ("B", 4660.0),
                ("beta", 0.372),
                ("c", 0.4),
                ("lambda", 0.2),
                ("d", 3800.0),
                ("delta", 0.35),
                ("gamma", 0.5),
            ],
            equation: |p, x| {
                let dense = 1.0 - x[2];
                let size = p[1] / x[0].powf(p[2]) + p[7] / (dense.powf(p[8]) * x[0].powf(p[9]));
                p[0] + size + p[3] / x[1].powf(p[4]) + p[5] / dense.powf(p[6])
            },
        },
        Case {
            law: "lr-optimum",
            inputs: &["N", "D"],
            rows: cross(&[sizes(), tokens()]),
            parameters: &[("a", 1.7), ("p", -0.7), ("q", 0.3)],
            equation: |p, x| p[0] * x[0].powf(p[1]) * x[1].powf(p[2]),
        },
        Case {
            law: "lr-compute",
            inputs: &["C"],
            rows: one(1e17, 1e23),
            parameters: &[("a", 0.31), ("p", -0.13)],
            equation: |p, x| p[0] * x[0].powf(p[1]),
        },
        Case {
            law: "batch-optimum",
            inputs: &["D"],
            rows: one(1e8, 1e12),
            parameters: &[("a", 0.6), ("q", 0.57)],
            equation: |p, x| p[0] * x[0].powf(p[1]),
        },
        Case {
            law: "batch-compute",
            inputs: &["C"],
            rows: one(1e17, 1e23),
            parameters: &[("a", 0.29), ("p", 0.33)],
            equation: |p, x| p[0] * x[0].powf(p[1]),
        },
        Case {
            law: "downstream-error",
            inputs: &["L"],
            rows: spaced((1.8, 5.0, 14)).into_iter().map(|x| vec![x]).collect(),
            parameters: &[("eps", 0.84), ("k", 2.1), ("gamma", 0.71)],
            equation: |p, x| p[0] - p[1] / (p[2] * x[0]).exp(),
        },
        Case {
            law: "downstream-sigmoid",
            inputs: &["L"],
            rows: spaced((0.3, 2.5, 20)).into_iter().map(|x| vec![x]).collect(),
            parameters: &[("b", 0.25), ("a", 0.65), ("k", 4.2), ("L_0", 0.9)],
            equation: |p, x| p[0] + p[1] / (1.0 + (p[2] * (x[0] - p[3])).exp()),
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
    pub fn law(&self) -> Law {
        catalogue::law(self.law).unwrap()
    }

    pub fn truth(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    pub fn values(&self) -> Vec<f64> {
        self.parameters.iter().map(|(_, v)| *v).collect()
    }

    pub fn points(&self) -> Points {
        inputs(self.inputs, &self.rows, |x| (self.equation)(&self.values(), x))
    }
}
