//! Training steps of models of pictures and text, against the matrix product of the same machine at the same moment.
//!
//! ```text
//! cargo run --release -p isoloss-benches --bin fusion -- [rounds N] [threads N] [weights FOLDER]
//! ```
//!
//! Width 256, 4 blocks, heads of 32, vocabulary of 257; windows of one picture of 64 patches (64 x 64 pixels, patches of 8) and 64
//! tokens of text behind it, 32 windows a batch, AdamW, f32. `text` is a transformer of as many tokens. Models take turns, and ratios
//! are those of the same round; rates are per CPU-second, beside the best of the product at a step's shapes. `weights` writes initial
//! weights and batch for `benches/torch/fusion.py`, which trains the same early fusion.

use std::fs::{File, create_dir_all};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use isoloss_engine::{Group, Matrix, Optimiser, Params, Plan, Rule, Step, product};
use isoloss_train::config::{Cut, Start};
use isoloss_train::corpora::{Batch, IGNORE, Layout, Pictures, Reading, Sight};
use isoloss_train::models::{Config, Inputs, Model, Shape};
use serde_json::json;

const WIDTH: usize = 256;
const WINDOWS: usize = 32;
const TEXT: usize = 64;
const SIGHT: Sight = Sight { side: 64, patch: 8 };
const VOCABULARY: usize = 257;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let number = |name: &str, default| option(name).map_or(default, |v| v.parse().expect("a number"));
    let (rounds, threads) = (number("rounds", 15), number("threads", 1));
    let pictures = batch();
    let text = Batch { layout: None, inputs: pictures.inputs.iter().map(|t| t % 257).collect(), ..pictures.clone() };
    let mut all: Vec<Measured> =
        [("text", "transformer", &text), ("early", "early_fusion", &pictures), ("late", "late_fusion", &pictures)]
            .into_iter()
            .map(|(name, kind, batch)| Measured::new(name, kind, batch.clone(), threads))
            .collect();
    if let Some(folder) = option("weights") {
        all[1].write(Path::new(folder)).expect("weights are written");
    }
    let mut peak = 0f64;
    for _ in 0..=rounds {
        all.iter_mut().for_each(Measured::round);
        peak = peak.max(best_product());
    }
    println!(
        "width {WIDTH} x 4, {WINDOWS} windows of {} patches and {TEXT} tokens of text, {threads} threads, {rounds} rounds",
        SIGHT.patches()
    );
    println!(
        "model | ms, CPU ms | to text (least to greatest) | GFLOP executed, a CPU-s, share of the product's {peak:.0} | first losses"
    );
    let first = all[0].walls.clone();
    all.iter().for_each(|one| one.print(&first, peak));
}

/// Windows of a picture and of bytes with a rule behind it, of which the text is foretold.
fn batch() -> Batch {
    let (patches, length) = (SIGHT.patches(), SIGHT.patches() + TEXT);
    let mut state = 12345u64;
    let mut next = |n: u32| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32 % n
    };
    let mut batch = Batch::new(WINDOWS, length);
    let mut layout = Layout::new(SIGHT, 0, length);
    for window in 0..WINDOWS {
        let mut token = next(256);
        for at in 0..length {
            let end = if at < patches { patches } else { at + 1 };
            layout.spans.push([0, end as u32]);
            batch.inputs[window * length + at] = if at < patches { (VOCABULARY + at) as u32 } else { token };
            token = if at + 1 < patches { token } else { (token * 5 + 17 + next(4)) % 256 };
            batch.targets[window * length + at] = if at + 1 < patches { IGNORE } else { token };
        }
        layout.places.push((window * length) as u32);
        layout.pixels.extend((0..SIGHT.pixels()).map(|_| next(256) as u8));
    }
    batch.layout = Some(layout);
    batch
}

/// A model in training and what was measured of it.
struct Measured {
    name: &'static str,
    config: Config,
    batch: Batch,
    params: Params<f32>,
    model: Model,
    optimiser: Optimiser<f32>,
    step: Step<f32>,
    walls: Vec<f64>,
    cpus: Vec<f64>,
    losses: Vec<f64>,
    flops: u64,
}

impl Measured {
    fn new(name: &'static str, kind: &str, batch: Batch, threads: usize) -> Self {
        let settings = json!({ "d_model": WIDTH, "n_layer": 4, "head_dim": 32, "qk_norm": true });
        let shape = Shape::read(kind, settings).expect("a model").expect("its settings");
        let reading = Reading { pictures: Pictures::of(&batch), ..Reading::from(VOCABULARY) };
        let config = shape.complete(reading).expect("a size that fits");
        let mut params = Params::new(1);
        let model = config.build(&mut params, &Start { embedding: 0.5, hidden: 1.0, residual: 0.5, head: 0.5 });
        let optimiser = Optimiser::new(&params, &[Group { rule: Rule::AdamW, lr: 1.0, weight_decay: 0.0 }; 6]);
        let step = Step::new(&params, Plan::from(Cut::of(WINDOWS, batch.length)), threads);
        let (walls, cpus, losses) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, config, batch, params, model, optimiser, step, walls, cpus, losses, flops: 0 }
    }

    /// `early.bin`: every weight in its order in f32; `early.txt` beside it says names and shapes, `early.tokens` inputs and targets,
    /// `early.pixels` the pictures.
    fn write(&self, folder: &Path) -> std::io::Result<()> {
        create_dir_all(folder)?;
        let file = |ending: &str| File::create(folder.join(format!("{}.{ending}", self.name)));
        let bytes: Vec<u8> = self.params.weights().iter().flat_map(|w| w.to_le_bytes()).collect();
        file("bin")?.write_all(&bytes)?;
        let tokens: Vec<u8> = [&self.batch.inputs, &self.batch.targets]
            .into_iter()
            .flatten()
            .flat_map(|t| (*t as i32).to_le_bytes())
            .collect();
        file("tokens")?.write_all(&tokens)?;
        file("pixels")?.write_all(&self.batch.layout.as_ref().expect("pictures").pixels)?;
        let mut names = file("txt")?;
        for entry in self.params.entries() {
            writeln!(names, "{} {} {}", entry.name, entry.param.rows(), entry.param.columns())?;
        }
        Ok(())
    }

    fn round(&mut self) {
        let (wall, used) = (Instant::now(), cpu());
        let (batch, model) = (&self.batch, &self.model);
        let counted = batch.counted() as f64;
        let outcome = self.step.gradient(&self.params, WINDOWS, |tape, range| {
            let targets =
                tape.tokens(&batch.targets[range.start * batch.length..range.end * batch.length], batch.length);
            let inputs = Inputs::of(tape, batch, range);
            model.loss(tape, inputs, targets, 0.0, counted);
        });
        self.step.update(&mut self.params, &mut self.optimiser, 1e-3, None);
        self.walls.push(wall.elapsed().as_secs_f64());
        self.cpus.push(cpu() - used);
        self.losses.push(outcome.loss);
        self.flops = outcome.flops;
    }

    fn print(&self, first: &[f64], peak: f64) {
        // The first round fills the buffers.
        let mut ratios: Vec<f64> = self.walls.iter().zip(first).skip(1).map(|(own, first)| own / first).collect();
        ratios.sort_by(f64::total_cmp);
        let [wall, cpu] = [&self.walls, &self.cpus].map(|all| all.iter().copied().fold(f64::INFINITY, f64::min));
        let counted =
            2.0 * self.config.size(self.batch.length).multiply_adds.executed.iter().sum::<f64>() * WINDOWS as f64;
        assert!((counted / self.flops as f64 - 1.0).abs() < 1e-9, "{}: {counted} counted, {}", self.name, self.flops);
        let rate = self.flops as f64 * 1e-9 / cpu;
        println!(
            "{:5} | {:8.1} {:8.1} | {:.3} ({:.3} to {:.3}) | {:6.2} {rate:5.0} {:.3} | {:.5} {:.5}",
            self.name,
            wall * 1e3,
            cpu * 1e3,
            ratios[ratios.len() / 2],
            ratios[0],
            ratios[ratios.len() - 1],
            self.flops as f64 * 1e-9,
            rate / peak,
            self.losses[0],
            self.losses[1],
        );
    }
}

/// The best rate of our product, one thread, GFLOP/s: a chunk of tokens through the matrices of a block.
fn best_product() -> f64 {
    let rows = Cut::of(WINDOWS, SIGHT.patches() + TEXT).chunk * (SIGHT.patches() + TEXT);
    let mut best = 0f64;
    for (n, k) in [(3 * WIDTH, WIDTH), (WIDTH, WIDTH), (16 * WIDTH / 3, WIDTH), (WIDTH, 8 * WIDTH / 3)] {
        let (a, b, mut c) = (vec![0.5f32; rows * k], vec![0.5f32; n * k], vec![0f32; rows * n]);
        let repeats = (100_000_000 / (rows * n * k)).max(1);
        let (x, w) = (Matrix::new(&a, rows, k), Matrix::new(&b, n, k));
        let start = cpu();
        (0..repeats).for_each(|_| product(1.0, black_box(x), w.t(), &mut c, n, false));
        best = best.max(2e-9 * (rows * n * k * repeats) as f64 / (cpu() - start));
    }
    best
}

/// CPU-seconds of this process.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
