//! One step over a batch: chunks of sequences forward and back, gradients added up in one fixed order, weights moved.
//!
//! The batch is cut into chunks small enough that the activations of one stay near the caches; chunks go to a fixed number
//! of shards, each with a gradient of its own; threads take whole shards. So the order in which anything is added depends
//! on the [`Plan`] alone and never on the threads.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::optimiser::BLOCK;
use crate::simd::{dot, kernel};
use crate::{Buffers, Optimiser, Params, Real, Slot, Tape, executed_flops};

/// How a batch is cut. Part of a run's config: another plan rounds differently. Chunks of about 512 tokens and as many
/// shards as there will ever be threads (each costs a gradient) are a good start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Sequences walked forward and back together.
    pub chunk: usize,
    /// Gradients that are summed apart and then joined: the most threads that can help.
    pub shards: usize,
}

/// What a batch said, before any weight has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The loss: nats per target if the model divides by the targets of the batch.
    pub loss: f64,
    /// The Euclidean norm of the gradient over all weights.
    pub grad_norm: f64,
    /// Floating-point operations that matrix products executed, two per multiply-add.
    pub flops: u64,
}

impl Outcome {
    /// Are loss and gradient numbers? If not, the weights should not be moved.
    pub fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.grad_norm.is_finite()
    }
}

#[derive(Debug)]
struct Shard<R> {
    gradient: Vec<R>,
    loss: f64,
    flops: u64,
}

/// Everything a step needs besides the weights: threads, memory, gradients. Made once per training.
#[derive(Debug)]
pub struct Step<R> {
    plan: Plan,
    shards: Vec<Mutex<Shard<R>>>,
    lanes: Vec<Buffers<R>>,
    /// none for one thread: the caller's own, as handing a small step over costs more than it takes
    pool: Option<rayon::ThreadPool>,
    /// sums of squares of blocks of the gradient
    squares: Vec<f64>,
    grad_norm: f64,
}

impl<R: Real> Step<R> {
    /// Room for gradients of these weights, and threads (at least one).
    ///
    /// # Panics
    /// If the plan has no sequences or no shards, or the system gives no threads.
    pub fn new(params: &Params<R>, plan: Plan, threads: usize) -> Self {
        assert!(plan.chunk > 0 && plan.shards > 0, "{plan:?}");
        let threads = threads.max(1);
        let build = || rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("the system gives threads");
        let shard = || Mutex::new(Shard { gradient: vec![R::ZERO; params.count()], loss: 0.0, flops: 0 });
        Self {
            plan,
            shards: (0..plan.shards).map(|_| shard()).collect(),
            lanes: (0..threads.min(plan.shards)).map(|_| Buffers::new()).collect(),
            pool: (threads > 1).then(build),
            squares: vec![0.0; params.count().div_ceil(BLOCK)],
            grad_norm: 0.0,
        }
    }

    /// Walks a batch of `sequences` forward and back. `walk` is called for every chunk with the range of its sequences;
    /// it calls ops, the last of which add to the loss, and divides that by what it knows of the whole batch.
    pub fn gradient<F>(&mut self, params: &Params<R>, sequences: usize, walk: F) -> Outcome
    where
        F: Fn(&mut Tape<R>, Range<usize>) + Sync,
    {
        let Self { plan, shards, lanes, pool, squares, .. } = self;
        let chunks = sequences.div_ceil(plan.chunk);
        let next = AtomicUsize::new(lanes.len());
        // Every lane begins with a shard of its own, so all have their memory after the first step.
        let lane = |(mut number, buffers): (usize, &mut Buffers<R>)| {
            while let Some(shard) = shards.get(number) {
                let mut shard = shard.lock().unwrap_or_else(|e| e.into_inner());
                let Shard { gradient, loss, flops } = &mut *shard;
                let before = executed_flops();
                gradient.fill(R::ZERO);
                *loss = 0.0;
                for chunk in number * chunks / plan.shards..(number + 1) * chunks / plan.shards {
                    let from = chunk * plan.chunk;
                    let mut tape = Tape::new(buffers, params, Some(gradient));
                    walk(&mut tape, from..(from + plan.chunk).min(sequences));
                    *loss += tape.loss();
                    tape.backward();
                }
                *flops = executed_flops() - before;
                number = next.fetch_add(1, Ordering::Relaxed);
            }
        };
        match pool {
            Some(pool) => pool.install(|| {
                lanes.par_iter_mut().enumerate().with_max_len(1).for_each(lane);
                join(shards, squares, true);
            }),
            None => {
                lanes.iter_mut().enumerate().for_each(lane);
                join(shards, squares, false);
            }
        }
        let each = shards.iter_mut().map(|s| s.get_mut().unwrap_or_else(|e| e.into_inner()));
        let (loss, flops) = each.fold((0.0, 0), |(loss, flops), s| (loss + s.loss, flops + s.flops));
        self.grad_norm = squares.iter().sum::<f64>().sqrt();
        Outcome { loss, grad_norm: self.grad_norm, flops }
    }

    /// The gradient of the last batch, flat as the weights.
    pub fn last_gradient(&mut self) -> &[R] {
        &self.shards[0].get_mut().unwrap_or_else(|e| e.into_inner()).gradient
    }

    /// Moves the weights by the gradient of the last batch, scaled down to norm `clip` if it is longer: by
    /// min(1, clip / (norm + 1e-6)), as PyTorch does.
    pub fn update(&mut self, params: &mut Params<R>, optimiser: &mut Optimiser<R>, lr: f64, clip: Option<f64>) {
        let factor = clip.map_or(1.0, |c| (c / (self.grad_norm + 1e-6)).min(1.0));
        let Self { shards, pool, .. } = self;
        let gradient = &shards[0].get_mut().unwrap_or_else(|e| e.into_inner()).gradient;
        match pool {
            Some(pool) => pool.install(|| optimiser.update(params, gradient, lr, factor)),
            None => optimiser.update_alone(params, gradient, lr, factor),
        }
    }

    /// Walks sequences forward only, `chunk` of them together. `walk` gives a slot for every chunk, whose numbers are written to `out` in the order
    /// of the sequences: losses of tokens, scores, anything with as many numbers for every sequence.
    ///
    /// # Panics
    /// If `out` is not a whole number of elements per sequence, at least one, or a slot has another number of them.
    pub fn evaluate<F>(&mut self, params: &Params<R>, sequences: usize, chunk: usize, out: &mut [R], walk: F)
    where
        F: Fn(&mut Tape<R>, Range<usize>) -> Slot + Sync,
    {
        let whole = sequences > 0 && out.len().is_multiple_of(sequences) && !out.is_empty();
        assert!(whole, "{} numbers, {sequences} sequences", out.len());
        let (chunk, each) = (chunk.max(1), out.len() / sequences);
        let parts: Vec<Mutex<&mut [R]>> = out.chunks_mut(chunk * each).map(Mutex::new).collect();
        let next = AtomicUsize::new(self.lanes.len());
        let lane = |(mut number, buffers): (usize, &mut Buffers<R>)| {
            while let Some(part) = parts.get(number) {
                let from = number * chunk;
                let mut tape = Tape::new(buffers, params, None);
                let slot = walk(&mut tape, from..(from + chunk).min(sequences));
                part.lock().unwrap_or_else(|e| e.into_inner()).copy_from_slice(tape.value(slot));
                number = next.fetch_add(1, Ordering::Relaxed);
            }
        };
        match &self.pool {
            Some(pool) => pool.install(|| self.lanes.par_iter_mut().enumerate().with_max_len(1).for_each(lane)),
            None => self.lanes.iter_mut().enumerate().for_each(lane),
        }
    }

    /// What `ask` answers on each of the threads that do the work beside the caller's: their clocks, say.
    pub fn each_thread<T: Send>(&self, ask: impl Fn() -> T + Sync) -> Vec<T> {
        self.pool.as_ref().map_or_else(Vec::new, |pool| pool.broadcast(|_| ask()))
    }

    /// Bytes held for activations by all threads, and for gradients.
    pub fn bytes(&self) -> [usize; 2] {
        let elements = |s: &Mutex<Shard<R>>| s.lock().map_or(0, |s| s.gradient.len());
        let gradients: usize = self.shards.iter().map(elements).sum();
        [self.lanes.iter().map(Buffers::bytes).sum(), gradients * size_of::<R>()]
    }
}

/// Adds all gradients to that of the first shard, neighbours first, and sums the squares of blocks of the result.
fn join<R: Real>(shards: &[Mutex<Shard<R>>], squares: &mut [f64], parallel: bool) {
    if let [only] = shards {
        let only = only.lock().unwrap_or_else(|e| e.into_inner());
        let one = |(g, square): (&[R], &mut f64)| *square = square_sum(g);
        match parallel {
            true => only.gradient.par_chunks(BLOCK).zip(squares).for_each(one),
            false => only.gradient.chunks(BLOCK).zip(squares).for_each(one),
        }
        return;
    }
    let mut width = 1;
    while width < shards.len() {
        let last = 2 * width >= shards.len();
        let one = |((x, y), square): ((&mut [R], &[R]), &mut f64)| match last {
            true => *square = add_square_sum(x, y),
            false => crate::simd::add(x, y),
        };
        for pair in shards.chunks(2 * width).filter(|pair| pair.len() > width) {
            let mut left = pair[0].lock().unwrap_or_else(|e| e.into_inner());
            let right = pair[width].lock().unwrap_or_else(|e| e.into_inner());
            match parallel {
                true => {
                    let blocks = left.gradient.par_chunks_mut(BLOCK).zip(right.gradient.par_chunks(BLOCK));
                    blocks.zip(&mut *squares).for_each(one);
                }
                false => {
                    let blocks = left.gradient.chunks_mut(BLOCK).zip(right.gradient.chunks(BLOCK));
                    blocks.zip(&mut *squares).for_each(one);
                }
            }
        }
        width *= 2;
    }
}

kernel! {
    fn square_sum<'a, R>(x: &'a [R]) -> f64 {
        dot(x, x).to_f64()
    }
}

kernel! {
    fn add_square_sum<'a, R>(x: &'a mut [R], y: &'a [R]) -> f64 {
        for (x, &y) in x.iter_mut().zip(y) {
            *x += y;
        }
        dot(x, x).to_f64()
    }
}
