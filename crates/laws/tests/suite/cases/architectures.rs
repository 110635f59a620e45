//! What models are made of: blocks used again, streams, experts, bits, vocabularies.

use super::{Case, cross};
use crate::common::spaced;

fn experts() -> Vec<f64> {
    vec![1.0, 2.0, 4.0, 8.0, 32.0, 128.0, 512.0]
}

fn bits() -> Vec<f64> {
    vec![3.0, 6.0, 12.0]
}

/// Five widths, four numbers of loops at one effective depth, four lengths.
fn looped() -> Vec<Vec<f64>> {
    cross(&[spaced((1e5, 4e6, 5)), vec![1.0, 2.0, 4.0, 8.0], spaced((1e9, 4e11, 4))])
        .into_iter()
        .map(|x| vec![48.0 * x[0], x[1], 192.0 * x[0] / x[1], x[2]])
        .collect()
}

/// Clark et al. 2022, arXiv 2202.01169, eq. 1: experts that saturate.
fn saturated(experts: f64, start: f64, most: f64) -> f64 {
    let shifted = experts - 1.0 + 1.0 / (1.0 / start - 1.0 / most);
    shifted * most / (shifted + most)
}

/// Kumar et al. 2024, arXiv 2411.04330: parameters that few bits leave of N, bits in the three columns after it.
fn reduced(gammas: &[f64], x: &[f64]) -> f64 {
    (0..3).fold(x[0], |n, i| n * (1.0 - (-x[1 + i] / gammas[i]).exp()))
}

pub(super) fn cases() -> Vec<Case> {
    let sizes = || spaced((1e7, 1e10, 7));
    vec![
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
            law: "iso-depth",
            inputs: &["N_once", "r", "N_rec", "D"],
            rows: looped(),
            parameters: &[("E", 1.57), ("A", 45.0), ("phi", 0.46), ("alpha", 0.2), ("B", 900.0), ("beta", 0.37)],
            equation: |p, x| p[0] + p[1] / (x[0] + x[1].powf(p[2]) * x[2]).powf(p[3]) + p[4] / x[3].powf(p[5]),
        },
        Case {
            law: "parscale",
            inputs: &["N", "P"],
            rows: cross(&[sizes(), vec![1.0, 2.0, 4.0, 8.0]]),
            parameters: &[("E", 1.29), ("A", 0.2), ("k", 0.33), ("alpha", 0.196)],
            equation: |p, x| p[0] + (p[1] * 1e9 / (x[0] * (p[2] * x[1].ln() + 1.0))).powf(p[3]),
        },
        Case {
            law: "streams",
            inputs: &["N", "P"],
            rows: cross(&[sizes(), vec![1.0, 2.0, 4.0, 8.0]]),
            parameters: &[("E", 1.1), ("A", 60.0), ("alpha", 0.24), ("B", 0.12), ("beta", 0.5)],
            equation: |p, x| p[0] + p[1] / x[0].powf(p[2]) + p[3] / x[1].powf(p[4]),
        },
        Case {
            law: "routed",
            inputs: &["X", "N"],
            rows: cross(&[experts(), sizes()]),
            parameters: &[("X_start", 1.9), ("X_max", 310.0), ("a", -0.081), ("b", -0.109), ("c", 0.0093), ("d", 1.1)],
            equation: |p, x| {
                let hat = saturated(x[0], p[0], p[1]);
                let (n, e) = (x[1].log10(), hat.log10());
                10f64.powf(p[2] * n + p[3] * e + p[4] * n * e + p[5])
            },
        },
        Case {
            law: "experts",
            inputs: &["N", "X"],
            rows: cross(&[sizes(), experts()]),
            parameters: &[("E", 1.4), ("A", 40.0), ("alpha", 0.19), ("b", 0.25), ("g", -0.009)],
            equation: |p, x| p[0] + p[1] / x[0].powf(p[2]) * x[1].powf(-(p[3] + p[4] * x[0].ln())),
        },
        Case {
            law: "granularity",
            inputs: &["G", "N", "D"],
            rows: cross(&[vec![1.0, 2.0, 4.0, 8.0, 16.0], spaced((1e7, 1e10, 4)), spaced((1e9, 4e11, 4))]),
            parameters: &[
                ("c", 1.1),
                ("g", 40.0),
                ("gamma", 0.58),
                ("a", 90.0),
                ("alpha", 0.26),
                ("b", 300.0),
                ("beta", 0.29),
            ],
            equation: |p, x| p[0] + (p[1] / x[0].powf(p[2]) + p[3]) / x[1].powf(p[4]) + p[5] / x[2].powf(p[6]),
        },
        Case {
            law: "joint-moe",
            inputs: &["X", "N", "D"],
            rows: cross(&[experts(), spaced((1e7, 1e10, 5)), spaced((1e9, 4e11, 5))]),
            parameters: &[
                ("X_start", 2.07),
                ("X_max", 290.45),
                ("c", 1.36),
                ("a", 36.0),
                ("d", -0.23),
                ("alpha", 0.19),
                ("gamma", -0.0098),
                ("b", 60.0),
                ("w", 0.2),
                ("beta", 0.21),
                ("zeta", 0.0126),
            ],
            equation: |p, x| {
                let e = saturated(x[0], p[0], p[1]);
                let n = x[1].powf(-(p[5] + p[6] * e.ln()));
                let d = x[2].powf(-(p[9] + p[10] * e.ln()));
                p[2] + p[3] * e.powf(p[4]) * n + p[7] * e.powf(p[8]) * d
            },
        },
        Case {
            law: "sparsity",
            inputs: &["S", "N", "D"],
            rows: cross(&[vec![0.0, 0.5, 0.75, 0.875], spaced((1e7, 1e10, 5)), spaced((1e9, 4e11, 5))]),
            parameters: &[
                ("c", 0.65),
                ("a_S", 17.0),
                ("b_S", 0.72),
                ("c_S", 45.0),
                ("b_N", 0.245),
                ("a_D", 6.9e8),
                ("b_D", 0.203),
            ],
            equation: |p, x| {
                let amplitude = p[1] * (1.0 - x[0]).powf(p[2]) + p[3];
                p[0] + amplitude / x[1].powf(p[4]) + (p[5] / x[2]).powf(p[6])
            },
        },
        Case {
            law: "precision",
            inputs: &["N", "P_w", "P_a", "P_kv", "D"],
            rows: cross(&[spaced((1e7, 1e10, 4)), bits(), bits(), bits(), spaced((1e9, 4e11, 3))]),
            parameters: &[
                ("g_w", 2.67),
                ("g_a", 2.2),
                ("g_kv", 0.96),
                ("E", 1.76),
                ("A", 900.0),
                ("alpha", 0.4),
                ("B", 1800.0),
                ("beta", 0.41),
            ],
            equation: |p, x| {
                let n = reduced(&p[..3], x);
                p[3] + p[4] / n.powf(p[5]) + p[6] / x[4].powf(p[7])
            },
        },
        Case {
            law: "precision-post",
            inputs: &["N", "P_w", "P_a", "P_kv", "P_post", "D"],
            rows: cross(&[spaced((1e7, 1e10, 4)), bits(), bits(), bits(), vec![2.5, 3.5, 5.0], spaced((1e9, 4e11, 3))]),
            parameters: &[
                ("g_w", 2.67),
                ("g_a", 2.2),
                ("g_kv", 0.96),
                ("C_w", 0.5),
                ("C_a", 0.7),
                ("C_kv", 0.4),
                ("C_T", 0.9),
                ("g_post", 0.9),
                ("g_D", 0.42),
                ("g_N", 0.37),
                ("E", 1.76),
                ("A", 900.0),
                ("alpha", 0.4),
                ("B", 1800.0),
                ("beta", 0.41),
            ],
            equation: |p, x| {
                let n = reduced(&p[..3], x);
                let left = |c: f64, bits: f64| 1.0 - (-c * (bits - x[4]).max(0.0)).exp();
                let left = left(p[3], x[1]) * left(p[4], x[2]) * left(p[5], x[3]);
                let degradation = p[6] * (-x[4] / p[7]).exp() * x[5].powf(p[8]) / n.powf(p[9]) * left;
                p[10] + p[11] / n.powf(p[12]) + p[13] / x[5].powf(p[14]) + degradation
            },
        },
        Case {
            law: "vocabulary",
            inputs: &["N", "V", "H"],
            rows: cross(&[spaced((3e7, 3e9, 5)), spaced((4e3, 1e5, 5)), spaced((1e9, 1e12, 5))]),
            parameters: &[
                ("E", 5.5),
                ("A", 90.0),
                ("alpha", 0.3),
                ("B", 30.0),
                ("beta", 0.5),
                ("K", 800.0),
                ("gamma", 0.33),
            ],
            equation: |p, x| p[1] / x[0].powf(p[2]) + p[3] / x[1].powf(p[4]) + p[5] / x[2].powf(p[6]) - p[0],
        },
        Case {
            law: "vocabulary-coupled",
            inputs: &["N", "V", "H"],
            rows: cross(&[spaced((3e7, 3e9, 5)), spaced((4e3, 1e5, 5)), spaced((1e9, 1e12, 5))]),
            parameters: &[
                ("E", 5.5),
                ("A", 90.0),
                ("alpha", 0.3),
                ("B", 30.0),
                ("beta", 0.5),
                ("K", 200.0),
                ("delta", 0.15),
                ("gamma", 0.33),
            ],
            equation: |p, x| {
                let data = p[5] * x[1].powf(p[6]) / x[2].powf(p[7]);
                p[1] / x[0].powf(p[2]) + p[3] / x[1].powf(p[4]) + data - p[0]
            },
        },
    ]
}
