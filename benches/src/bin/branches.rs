//! Coverage where runs share trunks, through the whole program: a ladder with `branches = true` is planned, its records are
//! filled with losses of a known law, and `isoloss run --from` answers as it would on runs that were trained.
//!
//! `branches [EXPERIMENTS]` prints, per quantity, how often nominal 95 % intervals cover the truth, and their median width.
//! The program is that beside this one: `cargo build --release` first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use isoloss::experiment::{Experiment, Planned, Planner};
use isoloss_laws::{Estimate, Fit};
use isoloss_runs::record::{Convention, Outcome, Run, State, StateName};
use isoloss_runs::{Runs, export};
use isoloss_train::corpora::Place;

const E: f64 = 1.8172;
const A: f64 = 477.83;
const B: f64 = 2143.4;
const ALPHA: f64 = 0.34731;
const BETA: f64 = 0.36717;

/// Standard deviations on log loss: shared by a trunk, and of a branch.
const TRUNK: f64 = 0.003;
const BRANCH: f64 = 0.002;
/// Programs side by side.
const SIDE_BY_SIDE: usize = 2;

/// Six sizes from 30 million to 3 billion parameters at five horizons, which nobody will train.
const LADDER: &str = r#"
question = "Do intervals cover where runs share trunks?"
[corpus]
kind = "markov"
vocab_size = 16
seed = 1
[model]
kind = "transformer"
head_dim = 64
[recipe]
kind = "plain"
batch = 256
seq_len = 1024
lr = 0.01
at_width = 512
warmup_fraction = 1
[ladder]
sizes = { d_model = [512, 768, 1024, 1536, 2048, 3072], n_layer = [8, 10, 14, 18, 24, 28] }
tokens = [6e8, 1.9e9, 6e9, 1.9e10, 6e10]
branches = true
[evaluation]
windows = 1
[fit]
law = "chinchilla"
"#;

const QUANTITIES: [&str; 5] = ["alpha", "beta", "E", "loss at 10x", "N* at 10x"];

fn surface(n: f64, d: f64) -> f64 {
    E + A * n.powf(-ALPHA) + B * d.powf(-BETA)
}

fn main() {
    let experiments: u64 = std::env::args().nth(1).map_or(300, |a| a.parse().expect("a number of experiments"));
    let program = std::env::current_exe().expect("a path of this program").with_file_name("isoloss");
    let folder = std::env::temp_dir().join(format!("isoloss-branches-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("ladder.toml");
    std::fs::write(&file, LADDER).expect("a file");
    let experiment = Experiment::read(&file.to_string_lossy(), &[]).expect("an experiment");
    let place = Place { base: PathBuf::from("."), cache: folder.join("cache") };
    let planned = Planner::new(&experiment, &place).plan(&Runs::default()).expect("runs");
    let largest =
        planned.iter().map(|run| run.job.planned().counts).map(|c| 6.0 * c.non_embedding as f64 * c.tokens as f64);
    let budget = 10.0 * largest.fold(0.0, f64::max);
    let best = f64::powf(ALPHA * A / (BETA * B), 1.0 / (ALPHA + BETA)) * f64::powf(budget / 6.0, BETA / (ALPHA + BETA));
    let truth = [ALPHA, BETA, E, surface(best, budget / 6.0 / best), best];

    let next = AtomicU64::new(0);
    let work = || {
        let mut all = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= experiments {
                return all;
            }
            let fit = answered(&program, &folder, &planned, number);
            all.push(estimates(&fit, budget, best));
        }
    };
    let all: Vec<[Option<Estimate>; 5]> = thread::scope(|scope| {
        let each: Vec<_> = (0..SIDE_BY_SIDE).map(|_| scope.spawn(work)).collect();
        each.into_iter().flat_map(|t| t.join().expect("the program answers")).collect()
    });
    let mut pooled = (0, 0);
    for (q, name) in QUANTITIES.iter().enumerate() {
        let intervals: Vec<_> = all.iter().filter_map(|e| e[q].as_ref()?.interval).collect();
        let covered = intervals.iter().filter(|i| i.lower <= truth[q] && truth[q] <= i.upper).count();
        let mut widths: Vec<f64> = intervals.iter().map(|i| (i.upper - i.lower) / truth[q]).collect();
        widths.sort_by(f64::total_cmp);
        let (n, share) = (intervals.len(), 100.0 * covered as f64 / intervals.len().max(1) as f64);
        println!("  {name:12} {share:5.1} % of {n}   median width {:.3} of the value", widths[n / 2]);
        pooled = (pooled.0 + covered, pooled.1 + n);
    }
    println!("  pooled       {:5.1} %", 100.0 * pooled.0 as f64 / pooled.1 as f64);
    std::fs::remove_dir_all(&folder).expect("our folder");
}

/// The fit that the program makes of the planned runs with simulated losses.
fn answered(program: &Path, folder: &Path, planned: &[Planned], number: u64) -> Fit {
    let folder = folder.join(number.to_string());
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut normal = Normal(number * 7919 + 17);
    let mut shared: BTreeMap<String, f64> = BTreeMap::new();
    let runs = planned.iter().map(|run| simulated(run, &mut normal, &mut shared));
    let runs = Runs::new(runs.collect());
    assert_eq!((runs.len(), shared.len()), (30, 6));
    std::fs::write(folder.join("runs.csv"), export(&runs, Convention::default())).expect("a file");
    let mut command = Command::new(program);
    command.args(["run", "../ladder.toml", "--from", "runs.csv", "--out", "out"]).current_dir(&folder);
    let output = command.stdin(Stdio::null()).output().expect("the program");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("clusters of trunk"), "{said}");
    let text = std::fs::read_to_string(folder.join("out/fit.json")).expect("a fit");
    std::fs::remove_dir_all(&folder).expect("our folder");
    Fit::from_json(&text).expect("a fit")
}

/// The record of a run that ended with the loss of the law, times the noise of its trunk and its own.
fn simulated(planned: &Planned, normal: &mut Normal, shared: &mut BTreeMap<String, f64>) -> Run {
    let mut run = planned.job.planned();
    let trunk = run.trunk.clone().expect("a branch");
    let trunk = *shared.entry(trunk).or_insert_with(|| TRUNK * normal.next());
    let law = surface(run.counts.non_embedding as f64, run.counts.tokens as f64);
    let loss = law * (trunk + BRANCH * normal.next()).exp();
    run.state = State { name: StateName::Finished, reason: None, step: planned.job.config.training.steps };
    run.result = Some(Outcome { loss, ..Outcome::default() });
    // As the program marks runs that are fitted.
    run.other.insert("split".into(), "fit".into());
    run
}

fn estimates(fit: &Fit, budget: f64, best: f64) -> [Option<Estimate>; 5] {
    let parameter = |name: &str| fit.parameter(name).map(|p| p.estimate.clone());
    let at = [("N".into(), vec![best]), ("D".into(), vec![budget / 6.0 / best])];
    let loss = fit.predict(&at, None).expect("a prediction");
    let optimum = fit.optimum(budget).map(|o| o.params);
    [parameter("alpha"), parameter("beta"), parameter("E"), Some(loss[0].mean.clone()), optimum]
}

/// Normal numbers as sums of twelve uniform ones.
struct Normal(u64);

impl Normal {
    fn next(&mut self) -> f64 {
        let mut uniform = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }
}
