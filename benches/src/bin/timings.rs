//! CPU-seconds of what users wait for, one thread. `timings [EPOCH_CSV]`: the table that the published grid is run on
//! (columns `Model Size`, `Training FLOP`, `loss`); without it a simulated one of the same size.

#[path = "../../../crates/laws/tests/suite/cases/mod.rs"]
mod cases;
#[path = "../../../crates/laws/tests/suite/common/mod.rs"]
mod common;

use isoloss_laws::{Cuts, Labels, Law, Loss, Method, Options, Points, Scale, Side, catalogue, compare, fit, score};

fn main() {
    let points = match std::env::args().nth(1) {
        Some(path) => epoch(&path),
        None => simulated(240),
    };
    let law = catalogue::law("chinchilla").expect("it ships");
    let base = Options { influence: false, ..Options::default() };
    let fit = |law: &Law, points: &Points, options: Options| fit(law, points, &options).expect("a fit");

    let grid = Options { loss: Loss::Published, method: Method::None, start_at: published_grid(&law), ..base.clone() };
    let mut agree = 0;
    time("published grid, 4500 starts, each to convergence", 3, || {
        agree = fit(&law, &points, grid.clone()).search.agree
    });
    println!("    {agree} of 4500 starts agree on the optimum");
    time("default fit, no intervals", 9, || drop(fit(&law, &points, Options { method: Method::None, ..base.clone() })));
    time("default fit with 1000 draws and influence", 9, || drop(fit(&law, &points, Options::default())));
    let pairs = Options { loss: Loss::Published, method: Method::Pairs, draws: 4000, ..base.clone() };
    time("4000 pairs bootstrap refits", 5, || drop(fit(&law, &points, pairs.clone())));
    let own = Law::from_formula("L = E + A*N^-alpha + B*D^-beta", &["N", "D", "L"], &[]).expect("a formula");
    let built_in = time("built-in law, 1000 draws", 9, || drop(fit(&law, &points, base.clone())));
    let user = time("the same as a user's formula, 1000 draws", 9, || drop(fit(&own, &points, base.clone())));
    println!("    ratio {:.2}", user / built_in);
    let many = simulated(100_000);
    time("fit of 10^5 rows", 3, || drop(fit(&law, &many, Options::default())));
    compared(&law);
    time("score, 8 cuts, 1000 draws each", 5, || {
        score(&law, &points, &Options { influence: false, ..Options::default() }, None, &Cuts::Rolling(8))
            .expect("cuts");
    });
    every_law();
}

/// Two families of 120 rows, 4,000 draws, the multiplier at five losses and the crossing.
fn compared(law: &Law) {
    let mut both = simulated(240);
    both.target.iter_mut().skip(1).step_by(2).for_each(|y| *y *= 0.99);
    both.family = Some(Labels::new("kind", (0..240).map(|i| if i % 2 == 0 { "old" } else { "new" })));
    let per_family = ["E", "A", "B", "alpha", "beta"].map(String::from).to_vec();
    let options = Options { draws: 4000, influence: false, per_family, ..Options::default() };
    time("compare, separate fits, 4000 paired draws", 3, || {
        let fit = fit(law, &both, &options).expect("a fit");
        let side = |family| Side { fit: &fit, family: Some(family) };
        compare(side("old"), side("new"), &Scale::Compute, &[], &[]).expect("a comparison");
    });
}

/// Each law of the catalogue on 240 rows of its own with half a percent of noise, 1,000 draws.
fn every_law() {
    let mut total = 0.0;
    for case in cases::cases() {
        let law = case.law();
        let mut points = case.points();
        let rows = points.len();
        // Few rows are repeated, of many some are taken from all over.
        let step = (rows as f64 / 240.0).max(1.0);
        let repeat = |c: &Vec<f64>| (0..240).map(|i| c[(i as f64 * step) as usize % rows]).collect::<Vec<f64>>();
        points.target = repeat(&points.target);
        points.columns.iter_mut().for_each(|(_, c)| *c = repeat(c));
        common::Noise::new(1).spoil(&mut points, 0.005);
        total += time(&format!("  {}", case.law), 1, || {
            fit(&law, &points, &Options::default()).expect(case.law);
        });
    }
    println!("{:50} {total:8.4} s", "every law of the catalogue, 1000 draws each");
}

/// Median CPU-seconds of this thread over some runs, printed.
fn time(what: &str, runs: usize, mut job: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..runs)
        .map(|_| {
            let begin = cpu();
            job();
            cpu() - begin
        })
        .collect();
    all.sort_by(f64::total_cmp);
    println!("{what:50} {:8.4} s  ({:.4} to {:.4})", all[runs / 2], all[0], all[runs - 1]);
    all[runs / 2]
}

/// CPU-seconds of this thread so far, from the kernel.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with scheduler statistics");
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") * 1e-9
}

/// The 4500 starts of Hoffmann et al. (2022): alpha, beta in 0..2, ln E in -1..1, ln A and ln B in 0..25.
fn published_grid(law: &Law) -> Vec<Vec<f64>> {
    let mut grid = Vec::new();
    let exponents = [0.0, 0.5, 1.0, 1.5, 2.0];
    let logs = [0.0f64, 5.0, 10.0, 15.0, 20.0, 25.0];
    for alpha in exponents {
        for beta in exponents {
            for e in [-1.0f64, -0.5, 0.0, 0.5, 1.0] {
                for a in logs {
                    for b in logs {
                        let value = |name: &str| match name {
                            "E" => e.exp(),
                            "A" => a.exp(),
                            "B" => b.exp(),
                            "alpha" => alpha,
                            _ => beta,
                        };
                        grid.push(law.parameters.iter().map(|p| value(&p.name)).collect());
                    }
                }
            }
        }
    }
    grid
}

fn epoch(path: &str) -> Points {
    let text = std::fs::read_to_string(path).expect("the table");
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let at = |name: &str| header.iter().position(|h| *h == name).expect("the column");
    let (size, flop, loss) = (at("Model Size"), at("Training FLOP"), at("loss"));
    let mut rows: Vec<[f64; 3]> = lines.map(|l| [size, flop, loss].map(|i| l[i].parse().expect("a number"))).collect();
    rows.sort_by(|a, b| a[2].total_cmp(&b[2]));
    rows.truncate(rows.len() - 5);
    let columns = vec![
        ("N".into(), rows.iter().map(|r| r[0]).collect()),
        ("D".into(), rows.iter().map(|r| r[1] / 6.0 / r[0]).collect()),
    ];
    Points { target: rows.iter().map(|r| r[2]).collect(), columns, ..Points::default() }
}

/// A Chinchilla surface with about half a percent of noise, sizes over three decades.
fn simulated(rows: usize) -> Points {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut n, mut d, mut target) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        n.push(10f64.powf(7.5 + 3.0 * uniform()));
        d.push(10f64.powf(9.0 + 2.5 * uniform()));
        let noise: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let (n, d) = (n[n.len() - 1], d[d.len() - 1]);
        target.push((1.8172 + 477.83 * n.powf(-0.34731) + 2143.4 * d.powf(-0.36717)) * (0.005 * noise).exp());
    }
    Points { target, columns: vec![("N".into(), n), ("D".into(), d)], ..Points::default() }
}
