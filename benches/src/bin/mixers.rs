//! Training steps of models that differ in their mixers, at growing context; and of experts against a dense model as wide as
//! those that a token passes.
//!
//! ```text
//! cargo run --release -p isoloss-benches --bin mixers -- [context N] [rounds N] [threads N] [weights FOLDER]
//! ```
//!
//! Vocabulary of 256, width 128, 4 blocks, heads of 32, 4,096 tokens a batch, AdamW, f32. All models of a context take turns, and
//! ratios are those of the same round, to attention: their median counts, with the least and the greatest. `weights` writes
//! initial weights and batch of every model for `benches/torch/mixers.py`, which trains the same.

use std::fs::{File, create_dir_all};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use isoloss_engine::{Group, Optimiser, Params, Plan, Rule, Step};
use isoloss_train::config::{Cut, Start};
use isoloss_train::models::{Config, Model, Shape};
use serde_json::{Value, json};

const VOCABULARY: usize = 256;
const TOKENS: usize = 4096;
const CONTEXTS: [usize; 3] = [128, 1024, 4096];
const EXPERTS: usize = 64;
const CHOSEN: usize = 8;

/// The models, the first of which others are compared with.
fn families() -> Vec<(&'static str, Value)> {
    let of = |pattern: &[&str]| json!({ "pattern": pattern, "mlp_ratio": 3.0 });
    let mut hybrid = of(&["kda", "kda", "kda", "mla"]);
    hybrid["mixers"] = json!({ "mla": { "rope": false } });
    let mut moe = of(&["attention"]);
    // As wide as the dense feed-forward, 3 x 128.
    let d_expert = 3 * 128 / CHOSEN;
    moe["moe"] = json!({ "experts": EXPERTS, "chosen": CHOSEN, "d_expert": d_expert, "shared": 0, "dense": 0 });
    vec![
        ("attention", of(&["attention"])),
        ("mla", of(&["mla"])),
        ("gdn", of(&["gdn"])),
        ("kda", of(&["kda"])),
        ("hybrid", hybrid),
        ("moe", moe),
    ]
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let number = |name: &str, default| option(name).map_or(default, |v| v.parse().expect("a number"));
    let (rounds, threads) = (number("rounds", 9), number("threads", 1));
    println!("width 128 x 4, {TOKENS} tokens a batch, {threads} threads, {rounds} rounds");
    println!(
        "context, model | ms, CPU ms | to attention (least to greatest) | GFLOPs algorithmic, full, executed | executed a CPU-s | first losses"
    );
    for context in CONTEXTS.into_iter().filter(|&context| number("context", context) == context) {
        let mut all: Vec<Measured> =
            families().into_iter().map(|(name, shape)| Measured::new(name, shape, context, threads)).collect();
        if let Some(folder) = option("weights") {
            all.iter().for_each(|one| one.write(Path::new(folder)).expect("weights are written"));
        }
        for _ in 0..=rounds {
            all.iter_mut().for_each(Measured::round);
        }
        let first = all[0].walls.clone();
        all.iter().for_each(|one| one.print(&first));
    }
}

/// A model in training and what was measured of it.
struct Measured {
    name: &'static str,
    config: Config,
    context: usize,
    params: Params<f32>,
    model: Model,
    optimiser: Optimiser<f32>,
    step: Step<f32>,
    tokens: [Vec<u32>; 2],
    walls: Vec<f64>,
    cpus: Vec<f64>,
    losses: Vec<f64>,
    flops: u64,
}

impl Measured {
    fn new(name: &'static str, shape: Value, context: usize, threads: usize) -> Self {
        let mut all = json!({ "d_model": 128, "n_layer": 4, "head_dim": 32 });
        all.as_object_mut().expect("settings").extend(shape.as_object().expect("settings").clone());
        let shape = Shape::read("hybrid", all).expect("a model").expect("its settings");
        let config = shape.complete(VOCABULARY).expect("a size that fits");
        let mut params = Params::new(1);
        let model = config.build(&mut params, &Start { embedding: 0.5, hidden: 1.0, residual: 0.5, head: 0.5 });
        let group = |rule, lr| Group { rule, lr, weight_decay: 0.0 };
        // Biases that balance experts stand still, as in the anchor.
        let groups = [[group(Rule::AdamW, 1.0); 5].as_slice(), &[group(Rule::Sign, 0.0)]].concat();
        let optimiser = Optimiser::new(&params, &groups);
        let batch = TOKENS / context;
        let cut =
            if name == "moe" { Cut::of_experts(batch, context, EXPERTS, CHOSEN) } else { Cut::of(batch, context) };
        let step = Step::new(&params, Plan::from(cut), threads);
        let (walls, cpus, losses) = (Vec::new(), Vec::new(), Vec::new());
        let tokens = bytes();
        Self { name, config, context, params, model, optimiser, step, tokens, walls, cpus, losses, flops: 0 }
    }

    /// `NAME-CONTEXT.bin`: every weight in its order in f32; `.txt` beside it says names and shapes.
    fn write(&self, folder: &Path) -> std::io::Result<()> {
        create_dir_all(folder)?;
        let file = |ending: &str| File::create(folder.join(format!("{}-{}.{ending}", self.name, self.context)));
        let bytes: Vec<u8> = self.params.weights().iter().flat_map(|w| w.to_le_bytes()).collect();
        file("bin")?.write_all(&bytes)?;
        let tokens: Vec<u8> = self.tokens.iter().flatten().flat_map(|t| (*t as i32).to_le_bytes()).collect();
        file("tokens")?.write_all(&tokens)?;
        let mut names = file("txt")?;
        for entry in self.params.entries() {
            writeln!(names, "{} {} {}", entry.name, entry.param.rows(), entry.param.columns())?;
        }
        Ok(())
    }

    fn round(&mut self) {
        let (wall, used) = (Instant::now(), cpu());
        let (context, model, [inputs, targets]) = (self.context, &self.model, &self.tokens);
        let outcome = self.step.gradient(&self.params, TOKENS / context, |tape, range| {
            let part = range.start * context..range.end * context;
            let (x, y) = (tape.tokens(&inputs[part.clone()], context), tape.tokens(&targets[part], context));
            model.loss(tape, x, y, 0.0, TOKENS as f64);
        });
        self.step.update(&mut self.params, &mut self.optimiser, 1e-3, None);
        self.walls.push(wall.elapsed().as_secs_f64());
        self.cpus.push(cpu() - used);
        self.losses.push(outcome.loss);
        self.flops = outcome.flops;
    }

    fn print(&self, first: &[f64]) {
        // The first round fills the buffers.
        let mut ratios: Vec<f64> = self.walls.iter().zip(first).skip(1).map(|(own, first)| own / first).collect();
        ratios.sort_by(f64::total_cmp);
        let [wall, cpu] = [&self.walls, &self.cpus].map(|all| all.iter().copied().fold(f64::INFINITY, f64::min));
        let size = self.config.size(self.context).multiply_adds;
        let windows = (TOKENS / self.context) as f64;
        let [algorithmic, full] = [size.algorithmic, size.full].map(|n| 6e-9 * n * windows);
        let executed = self.flops as f64 * 1e-9;
        assert_eq!(self.flops as f64, 2.0 * windows * size.executed.iter().sum::<f64>(), "{}", self.name);
        println!(
            "{:5} {:9} | {:8.1} {:8.1} | {:.3} ({:.3} to {:.3}) | {algorithmic:6.2} {full:6.2} {executed:6.2} | {:5.0} | {:.5} {:.5}",
            self.context,
            self.name,
            wall * 1e3,
            cpu * 1e3,
            ratios[ratios.len() / 2],
            ratios[0],
            ratios[ratios.len() - 1],
            executed / cpu,
            self.losses[0],
            self.losses[1],
        );
    }
}

/// Bytes with a rule, the next is 5 times this one plus 17 plus 0 to 3: inputs and targets.
fn bytes() -> [Vec<u32>; 2] {
    let (mut state, mut token) = (12345u64, 0u32);
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        token = (token * 5 + 17 + (state >> 33) as u32 % 4) % 256;
        token
    };
    let all: Vec<u32> = (0..=TOKENS).map(|_| next()).collect();
    [all[..TOKENS].to_vec(), all[1..].to_vec()]
}

/// CPU-seconds of this process.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
