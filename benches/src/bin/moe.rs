//! What a mixture of experts costs: one that asks 8 of 64, forward and backward, against a dense SwiGLU as wide as those 8.
//!
//! ```text
//! cargo run --release -p isoloss-benches --bin moe -- [rounds N]
//! ```
//!
//! Both take turns on one thread, in CPU-seconds, and ratios are those of the same round: their median counts, with the least
//! and the greatest. Gradients of weights are added to those that are there, as from the second chunk of a step on.

use isoloss_engine::{Buffers, Experts, Init, Param, Params, Tape};

const EXPERTS: usize = 64;
const CHOSEN: usize = 8;
/// Seconds of a turn, about.
const SECONDS: f64 = 0.02;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = args.iter().position(|a| a == "rounds").and_then(|i| args.get(i + 1)?.parse().ok()).unwrap_or(31);
    println!("{CHOSEN} of {EXPERTS} experts against a dense SwiGLU of their width, f32, one thread, {rounds} rounds");
    println!(
        "d_model, d_expert | tokens, rows an expert | us a token, dense | ratio (least to greatest) | router alone"
    );
    for (d, d_expert) in [(128, 48), (256, 96)] {
        let mut pair = Pair::new(d, d_expert);
        for tokens in [128, 256, 512, 1024, 2048, 4096] {
            let mut ratios: Vec<f64> = Vec::new();
            let mut dense = f64::INFINITY;
            for round in 0..rounds + 1 {
                let [of_dense, of_moe] = pair.round(tokens);
                // The first fills the buffers.
                if round > 0 {
                    ratios.push(of_moe / of_dense);
                    dense = dense.min(of_dense);
                }
            }
            ratios.sort_by(f64::total_cmp);
            println!(
                "{d:4} x {d_expert:3} | {tokens:5}, {:4} | {:6.3} | {:.2} ({:.2} to {:.2}) | {:.3}",
                tokens * CHOSEN / EXPERTS,
                dense / tokens as f64 * 1e6,
                ratios[rounds / 2],
                ratios[0],
                ratios[rounds - 1],
                EXPERTS as f64 / (3 * CHOSEN * d_expert) as f64,
            );
        }
    }
}

/// Both layers, and what they read.
struct Pair {
    params: Params<f32>,
    experts: Experts,
    dense: [Param; 2],
    gradient: Vec<f32>,
    buffers: [Buffers<f32>; 2],
    x: Vec<f32>,
}

impl Pair {
    fn new(d: usize, d_expert: usize) -> Self {
        let mut params = Params::new(1);
        let mut matrix = |name: &str, rows: usize, columns: usize| {
            params.add(name, &[rows, columns], Init::Normal(1.0 / (columns as f64).sqrt()), 0)
        };
        let width = CHOSEN * d_expert;
        let dense = [matrix("dense gate_up", 2 * width, d), matrix("dense down", d, width)];
        let router = matrix("router", EXPERTS, d);
        let gate_up = matrix("gate_up", EXPERTS * 2 * d_expert, d);
        let down = matrix("down", EXPERTS * d, d_expert);
        let bias = Some(params.add("bias", &[EXPERTS], Init::Constant(0.0), 0));
        let experts = Experts { router, bias, gate_up, down, chosen: CHOSEN, scale: 1.0 };
        // Normal numbers, by the engine's own streams.
        let mut numbers = Params::<f32>::new(2);
        numbers.add("x", &[4096 * d], Init::Normal(1.0), 0);
        let gradient = vec![0.0; params.count()];
        let buffers = [Buffers::new(), Buffers::new()];
        Self { params, experts, dense, gradient, buffers, x: numbers.weights().to_vec() }
    }

    /// Seconds of a walk forward and back, dense and mixed.
    fn round(&mut self, tokens: usize) -> [f64; 2] {
        [0, 1].map(|mixed| {
            let mut seconds = 0.0;
            let mut walks = 0;
            while seconds < SECONDS || walks < 2 {
                seconds += self.walk(tokens, mixed == 1);
                walks += 1;
            }
            seconds / f64::from(walks)
        })
    }

    /// What stands before and behind, input and loss, is not timed.
    fn walk(&mut self, tokens: usize, mixed: bool) -> f64 {
        let Self { params, experts, dense: [gate_up, down], gradient, buffers, x } = self;
        let (d, width) = (gate_up.columns(), down.columns());
        let mut tape = Tape::new(&mut buffers[usize::from(mixed)], params, Some(gradient));
        let x = &x[..tokens * d];
        let input = tape.leaf(x, [tokens / 128, 128, d]);
        let begun = cpu();
        let y = match mixed {
            true => tape.moe_onto(input, input, *experts, 0.0, 1.0).y,
            false => {
                let both = tape.linear(input, *gate_up);
                let h = tape.swiglu(both.columns(0, width), both.columns(width, width));
                tape.linear_onto(input, h, *down)
            }
        };
        let forward = cpu() - begun;
        tape.dot(y, x);
        let begun = cpu();
        tape.backward();
        forward + cpu() - begun
    }
}

/// CPU-seconds of this process, which has one thread.
fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
