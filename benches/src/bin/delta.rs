//! The gated delta rule against the matrix product of the same machine at the same moment.
//!
//! `delta [rounds N]`
//!
//! Forward and backward of the op alone, f32, decay per channel. First the case of `benches/torch/delta.py` (batch 32, 8
//! heads, 128 tokens, K = V = 32) on two threads, by the clock; then one thread over lengths, and over widths of a head. All
//! cases take turns in every round and the best of all rounds counts. Operations are those of the recurrent form, 22 K V a
//! token and head, whatever is executed: forward 7 K V (decay 1; predict, write and read 2 each), backward 15 K V (through
//! the read 2 + 2, through the write 2 + 2, through the prediction 2 + 2, through the decay 1 + 2).

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use isoloss_engine::{Buffers, DeltaRule, Matrix, Params, Tape, product};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let option = args.iter().position(|a| a == "rounds").and_then(|i| args.get(i + 1));
    let rounds: usize = option.map_or(20, |v| v.parse().expect("a number"));
    let mut pair = [Case::new([16, 128, 8, 32]), Case::new([16, 128, 8, 32])];
    let lengths = [128, 512, 2048, 8192].map(|length| Case::new([8192 / length, length, 2, 64]));
    let widths = [32, 64, 128].map(|width| Case::new([8, 256, 2, width]));
    let scalar = Case { scalar: true, ..Case::new([8, 256, 2, 64]) };
    let mut all: Vec<Case> = lengths.into_iter().chain(widths).chain([scalar]).collect();
    let (mut both, mut peak) = (f64::MAX, 0f64);
    let (alone, together) = (Barrier::new(1), Barrier::new(2));
    for _ in 0..rounds {
        let walls = std::thread::scope(|scope| {
            let threads = pair.each_mut().map(|case| scope.spawn(|| case.step(&together)));
            threads.map(|thread| thread.join().expect("a step"))
        });
        both = both.min(walls[0].max(walls[1]));
        for case in &mut all {
            peak = peak.max(best_product());
            case.step(&alone);
        }
    }
    let used: f64 = pair.iter().map(|case| case.best[1]).sum();
    println!("32 x 8 heads x 128 tokens, K = V = 32, two threads: {:.1} ms, CPU {:.1} ms", both * 1e3, used * 1e3);
    println!("product of 512 x 512 x 512, one thread: {peak:.0} GFLOP/s");
    println!(
        "sequences x tokens, heads of K = V | us a token and head, of which forward | GFLOP/s | share | bytes a token and head"
    );
    all.iter().for_each(|case| case.print(peak));
}

/// One shape, and the least CPU-seconds of forward and of both ways.
struct Case {
    shape: [usize; 4],
    scalar: bool,
    buffers: Buffers<f32>,
    numbers: Vec<f32>,
    best: [f64; 2],
}

impl Case {
    /// Of sequences, tokens, heads, width of a head.
    fn new(shape: [usize; 4]) -> Self {
        let numbers = (0..shape.iter().product()).map(|i: usize| (i * 7919 % 1013) as f32 / 506.0 - 1.0).collect();
        Self { shape, scalar: false, buffers: Buffers::new(), numbers, best: [f64::MAX; 2] }
    }

    /// A step, begun when all are ready. Returns its seconds by the clock.
    fn step(&mut self, ready: &Barrier) -> f64 {
        let [sequences, length, heads, width] = self.shape;
        let params = Params::<f32>::new(1);
        let mut tape = Tape::new(&mut self.buffers, &params, Some(&mut []));
        let mut leaf = |width: usize, of: &dyn Fn(f32) -> f32| {
            let values: Vec<f32> = self.numbers[..sequences * length * width].iter().map(|&x| of(x)).collect();
            tape.leaf(&values, [sequences, length, width])
        };
        // Keys are nearly as long as normalised ones.
        let near = (3.0 / width as f32).sqrt();
        let (q, k) = (leaf(heads * width, &|x| x * near), leaf(heads * width, &|x| (5.3 * x).sin() * near));
        let v = leaf(heads * width, &|x| x);
        let decays = if self.scalar { heads } else { heads * width };
        let (decay, beta) = (leaf(decays, &|x| -0.06 - 0.05 * x), leaf(heads, &|x| 0.5 + 0.2 * x));
        let rule = DeltaRule {
            q: q.into(),
            k: k.into(),
            v: v.into(),
            decay: decay.into(),
            beta: beta.into(),
            heads,
            value_heads: heads,
            scale: (width as f64).sqrt().recip(),
            initial: None,
        };
        ready.wait();
        let (begun, start) = (Instant::now(), cpu());
        let (o, _) = tape.delta_rule(rule);
        let forward = cpu() - start;
        tape.dot(o, &self.numbers[..o.len()]);
        let start = cpu();
        tape.backward();
        self.best = [self.best[0].min(forward), self.best[1].min(forward + cpu() - start)];
        begun.elapsed().as_secs_f64()
    }

    fn print(&self, peak: f64) {
        let [sequences, length, heads, width] = self.shape;
        let tokens = (sequences * length * heads) as f64;
        let [forward, both] = self.best.map(|seconds| seconds / tokens);
        let rate = (22 * width * width) as f64 * 1e-9 / both;
        println!(
            "{sequences:4} x {length:5}, {heads} of {width:3}{} | {:6.3}, {:6.3} | {rate:5.1} | {:.3} | {:.0}",
            if self.scalar { ", one decay a head" } else { "" },
            both * 1e6,
            forward * 1e6,
            rate / peak,
            self.buffers.bytes() as f64 / tokens,
        );
    }
}

/// The rate of a large product, one thread, in GFLOP/s.
fn best_product() -> f64 {
    const N: usize = 512;
    let (a, b, mut c) = (vec![0.5f32; N * N], vec![0.5f32; N * N], vec![0f32; N * N]);
    let start = cpu();
    product(1.0, black_box(Matrix::new(&a, N, N)), Matrix::new(&b, N, N), &mut c, N, false);
    2e-9 * (N * N * N) as f64 / (cpu() - start)
}

/// CPU-seconds of this thread.
fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
