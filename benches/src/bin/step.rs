//! Training steps against the matrix product of the same machine at the same moment.
//!
//! `step [32|64|128|256|sizes|attention|update] [rounds N] [threads N] [chunk N] [shards N] [weights FILE]`
//!
//! A size is a width; layers follow (2, 2, 4, 6). The model is a byte-level GPT-2: heads of 32, context 128, tied head,
//! LayerNorm, tanh-GELU, no biases in linear maps, batch 32, f32. Every round takes a step of each size and measures the
//! product at the shapes of that step, so that both see the same machine; best of all rounds. Rates are per CPU-second
//! of all threads. `weights` reads the initial weights from a file of f32 (little-endian, in the order of `docs/performance.md`).

#[path = "../../../crates/engine/tests/models/mod.rs"]
mod models;

use std::hint::black_box;
use std::time::Instant;

use isoloss_engine::{Buffers, Group, Matrix, Optimiser, Params, Plan, Rule, Step, Tape, executed_flops, product};
use isoloss_train::config::Start;
use isoloss_train::models::{self as trained, Role};
use models::{Model, Shape, bytes};

const BATCH: usize = 32;
const LENGTH: usize = 128;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let number = |name: &str, default| option(name).map_or(default, |v| v.parse().expect("a number"));
    let what = args.first().map_or("sizes", |s| s.as_str());
    let (rounds, threads) = (number("rounds", 20), number("threads", 1));
    match what {
        "attention" => return attention(rounds),
        "update" => return update(rounds, threads),
        _ => (),
    }
    let sizes =
        [(32, 2), (64, 2), (128, 4), (256, 6)].into_iter().filter(|s| what == "sizes" || what == s.0.to_string());
    let plan = Plan { chunk: number("chunk", 4), shards: number("shards", 2) };
    let mut all: Vec<Measured> = sizes.map(|(d, layers)| Measured::new(d, layers, plan, threads)).collect();
    if let Some(file) = option("weights") {
        all.iter_mut().for_each(|m| m.load(file));
    }
    for _ in 0..rounds {
        all.iter_mut().for_each(Measured::round);
    }
    println!(
        "width layers |  wall ms   CPU ms | GFLOP a step, executed | per CPU-s, product's best, share | memory MiB"
    );
    all.iter().for_each(Measured::print);
    println!("peak memory of this process: {:.0} MiB", peak_memory());
}

/// A model in training and what was measured of it.
struct Measured {
    shape: Shape,
    params: Params<f32>,
    model: Model,
    optimiser: Optimiser<f32>,
    step: Step<f32>,
    plan: Plan,
    data: Vec<[Vec<u32>; 2]>,
    losses: Vec<f64>,
    best: [f64; 2],
    peak: f64,
    flops: u64,
}

impl Measured {
    fn new(width: usize, layers: usize, plan: Plan, threads: usize) -> Self {
        let shape = Shape::bytes(width, layers);
        let mut params = Params::new(1);
        let model = Model::gpt(&mut params, &shape);
        let optimiser = Optimiser::new(&params, &[Group { rule: Rule::AdamW, lr: 1.0, weight_decay: 0.1 }; 2]);
        let step = Step::new(&params, plan, threads);
        let data = bytes(8, BATCH, LENGTH);
        let best = [f64::MAX; 2];
        Self { shape, params, model, optimiser, step, plan, data, losses: Vec::new(), best, peak: 0.0, flops: 0 }
    }

    /// Reads weights in the order: token, position, then of every layer norm 1, qkv, out, norm 2, up, down; last norm.
    fn load(&mut self, file: &str) {
        let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{file}: {e}"));
        let mut numbers = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
        let ends = ["ln_1.weight", "ln_1.bias", "attn.c_attn.weight", "attn.c_proj.weight"];
        let ends = ends.into_iter().chain(["ln_2.weight", "ln_2.bias", "mlp.c_fc.weight", "mlp.c_proj.weight"]);
        let mut names = vec!["wte.weight".to_owned(), "wpe.weight".to_owned()];
        (0..self.shape.layers).for_each(|i| names.extend(ends.clone().map(|end| format!("h.{i}.{end}"))));
        names.extend(["ln_f.weight".to_owned(), "ln_f.bias".to_owned()]);
        for name in names {
            let param = self.params.get(&format!("transformer.{name}")).expect("a weight of the model");
            self.params.view_mut(param).fill_with(|| numbers.next().expect("as many numbers as weights"));
        }
        assert!(numbers.next().is_none(), "more numbers than weights");
    }

    fn round(&mut self) {
        let Self { params, model, optimiser, step, data, losses, .. } = self;
        let (wall, used) = (Instant::now(), cpu());
        let [inputs, targets] = &data[losses.len() % data.len()];
        let outcome = step.gradient(params, BATCH, |tape, range| {
            let part = range.start * LENGTH..range.end * LENGTH;
            let (x, y) = (tape.tokens(&inputs[part.clone()], LENGTH), tape.tokens(&targets[part], LENGTH));
            model.loss(tape, x, y, (BATCH * LENGTH) as f64);
        });
        step.update(params, optimiser, 1e-3, None);
        self.best = [self.best[0].min(wall.elapsed().as_secs_f64()), self.best[1].min(cpu() - used)];
        self.losses.push(outcome.loss);
        self.flops = outcome.flops;
        self.peak = self.peak.max(best_product(self.shape.width, self.plan.chunk * LENGTH));
    }

    fn print(&self) {
        let [wall, cpu] = self.best;
        let rate = self.flops as f64 * 1e-9 / cpu;
        let [activations, gradients] = self.step.bytes();
        let state = self.params.count() * size_of::<f32>() + self.optimiser.bytes();
        let memory = (activations + gradients + state) as f64 / (1 << 20) as f64;
        println!(
            "{:5} {:6} | {:8.2} {:8.2} | {:22.2} | {rate:9.0} {:15.0} {:6.3} | {memory:10.0}",
            self.shape.width,
            self.shape.layers,
            wall * 1e3,
            cpu * 1e3,
            self.flops as f64 * 1e-9,
            self.peak,
            rate / self.peak,
        );
        let at = |i: usize| self.losses.get(i).map_or("-".into(), |l| format!("{l:.5}"));
        println!("             | losses {} {} {} ... {}", at(0), at(4), at(9), at(self.losses.len() - 1));
    }
}

/// The best rate of our product, one thread, in GFLOP/s, at the shapes of a step: `rows` tokens, width d.
fn best_product(d: usize, rows: usize) -> f64 {
    let shapes = [(rows, 3 * d, d), (rows, d, d), (rows, 4 * d, d), (rows, d, 4 * d), (rows, 256, d)];
    let mut best = 0f64;
    for (m, n, k) in shapes {
        let (a, b, mut c) = (vec![0.5f32; m * k], vec![0.5f32; n * k], vec![0f32; m * n.max(k)]);
        let repeats = (20_000_000 / (m * n * k)).max(1);
        let mut time = |f: &mut dyn FnMut()| {
            let start = cpu();
            (0..repeats).for_each(|_| f());
            best = best.max(2e-9 * (m * n * k * repeats) as f64 / (cpu() - start));
        };
        // Forward x W^T, and backward dy W, with the shapes as they stand in memory.
        let (x, w) = (Matrix::new(&a, m, k), Matrix::new(&b, n, k));
        time(&mut || product(1.0, black_box(x), w.t(), &mut c, n, false));
        let (w, mut c) = (Matrix::new(&b, k, n), vec![0f32; m * n]);
        time(&mut || product(1.0, black_box(x), w, &mut c, n, false));
    }
    best
}

/// Causal attention alone, forward and backward, width 256 in heads of 32 and of 64.
fn attention(rounds: usize) {
    for (length, heads) in [(128, 8), (1024, 8), (4096, 8), (1024, 4), (4096, 4)] {
        let (width, sequences) = (256, (4096 / length).min(4));
        let params = Params::<f32>::new(1);
        let mut buffers = Buffers::new();
        let values: Vec<f32> =
            (0..sequences * length * 3 * width).map(|i| ((i * 7919) % 1013) as f32 / 506.0 - 1.0).collect();
        let ones = vec![1f32; sequences * length * width];
        let (mut best, mut peak, mut flops) = (f64::MAX, 0f64, 0);
        for _ in 0..rounds {
            let before = executed_flops();
            let mut tape = Tape::new(&mut buffers, &params, Some(&mut []));
            // What stands before and behind attention here is not timed: input, and loss.
            let x = tape.leaf(&values, [sequences, length, 3 * width]);
            let part = |i: usize| x.columns(i * width, width);
            let scale = ((width / heads) as f64).sqrt().recip();
            let start = cpu();
            let y = tape.attention(part(0), part(1), part(2), [heads, heads], scale);
            let forward = cpu() - start;
            tape.dot(y, &ones);
            let start = cpu();
            tape.backward();
            best = best.min(forward + cpu() - start);
            flops = executed_flops() - before;
            peak = peak.max(best_product(width, 512));
        }
        let rate = flops as f64 * 1e-9 / best;
        println!(
            "context {length:5} x {sequences}, {heads} heads: {:8.2} ms, {rate:4.0} GFLOP/s of {peak:4.0}, share {:.3}; buffers {:.1} MiB",
            best * 1e3,
            rate / peak,
            buffers.bytes() as f64 / (1 << 20) as f64,
        );
    }
}

/// An update alone, by AdamW and by Muon in turns, and the gradient before it: the transformer of `isoloss-train`, two
/// layers, hidden matrices moved by the rule and all else by AdamW.
fn update(rounds: usize, threads: usize) {
    println!(
        "width |   params | gradient, CPU ms | AdamW, CPU ms   wall ms | Muon, CPU ms   wall ms | bytes a parameter"
    );
    let [inputs, targets] = &bytes(1, BATCH, LENGTH)[0];
    for d_model in [64, 128, 256, 512] {
        let shape = format!(r#"{{"d_model": {d_model}, "n_layer": 2, "head_dim": 32}}"#);
        let shape = trained::Shape::read("transformer", &mut serde_json::Deserializer::from_str(&shape));
        let config = shape.expect("a model").expect("its shape").complete(256).expect("a shape that fits");
        let plan = Plan { chunk: 4, shards: 2 };
        let start = Start { embedding: 0.02, hidden: 1.0, residual: 0.5, head: 1.0 };
        let mut all = [Rule::AdamW, Rule::Muon].map(|rule| {
            let mut params = Params::<f32>::new(1);
            let model = config.build(&mut params, &start);
            let mut groups = [Group { rule: Rule::AdamW, lr: 1.0, weight_decay: 0.1 }; Role::Balance as usize + 1];
            [Role::Hidden, Role::Residual].into_iter().for_each(|role| groups[role.group()].rule = rule);
            let (optimiser, step) = (Optimiser::new(&params, &groups), Step::new(&params, plan, threads));
            (params, model, optimiser, step, [f64::MAX; 3])
        });
        for _ in 0..rounds {
            for (params, model, optimiser, step, best) in &mut all {
                let before = cpu();
                step.gradient(params, BATCH, |tape, range| {
                    let part = range.start * LENGTH..range.end * LENGTH;
                    let (x, y) = (tape.tokens(&inputs[part.clone()], LENGTH), tape.tokens(&targets[part], LENGTH));
                    model.loss(tape, x, y, 0.0, (BATCH * LENGTH) as f64);
                });
                let (wall, used) = (Instant::now(), cpu());
                step.update(params, optimiser, 1e-3, Some(1.0));
                let took = [used - before, cpu() - used, wall.elapsed().as_secs_f64()];
                best.iter_mut().zip(took).for_each(|(best, took)| *best = best.min(took * 1e3));
            }
        }
        let [(params, _, adamw, _, [gradient, a, a_wall]), (_, _, muon, _, [_, m, m_wall])] = &all;
        let each = [adamw, muon].map(|o| o.bytes() as f64 / params.count() as f64);
        println!(
            "{d_model:5} | {:8} | {gradient:16.2} | {a:13.3} {a_wall:9.3} | {m:12.3} {m_wall:9.3} | {:.1} and {:.1}",
            params.count(),
            each[0],
            each[1],
        );
    }
}

/// CPU-seconds of all threads of this process.
fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// The most memory this process has held, in MiB.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
