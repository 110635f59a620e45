//! The chain's probabilities: from random vectors to integers, and what follows from these exactly.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::super::stream::{Purpose, stream, symmetric};
use super::Config;

/// The denominator of all probabilities, 2^32.
pub(in crate::corpora) const ONE: u64 = 1 << 32;

/// Draws before a source is given up whose every chain keeps to one token.
const DRAWS: u64 = 64;

/// Steps of the power iteration before a chain is given up: that of the default forgets in tens.
const STEPS: usize = 10_000;

/// Probabilities as multiples of 2^-32.
#[derive(Debug)]
pub(super) struct Chain {
    tokens: usize,
    /// `[V + 1, V]`: what follows each token, and last the stationary law. Rows sum to 2^32, none is 0.
    table: Vec<u32>,
    /// The stationary law before it was rounded.
    stationary: Vec<f64>,
}

impl Chain {
    /// The first chain of the seed's draws whose stationary law can be found and gives no token more than
    /// [`Config::largest`]; none if there is none.
    pub(super) fn draw(config: &Config) -> Option<Self> {
        let spread = |chain: &Self| chain.stationary.iter().all(|p| *p <= config.largest);
        (0..DRAWS).find_map(|number| Self::numbered(config, number).filter(spread))
    }

    /// One draw of the seed.
    fn numbered(config: &Config, number: u64) -> Option<Self> {
        let tokens = config.vocab_size;
        let mut table = Vec::with_capacity((tokens + 1) * tokens);
        for row in logits(config, number, tokens - 1).chunks_exact(tokens) {
            table.extend(integers(&softmax(row)));
        }
        let stationary = stationary(&table, tokens)?;
        table.extend(integers(&stationary));
        Some(Self { tokens, table, stationary })
    }

    /// V.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The V laws of the next token, then the stationary law, each as integers of sum 2^32.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.table.chunks_exact(self.tokens)
    }

    /// -ln p(y | c), nats.
    pub(super) fn surprise(&self, c: usize, y: usize) -> f64 {
        surprise(self.table[c * self.tokens + y])
    }

    /// max_y p(y | c).
    pub(super) fn likeliest(&self, c: usize) -> f64 {
        let row = &self.table[c * self.tokens..][..self.tokens];
        row.iter().max().map_or(0.0, |n| f64::from(*n) / ONE as f64)
    }

    /// sum_c pi(c) H(p(. | c)), nats: what the optimal predictor loses on average. Windows start from pi rounded to
    /// integers, which moves their contexts by less than 1e-7 of probability in all.
    pub(super) fn entropy(&self) -> f64 {
        let rows = self.rows().zip(&self.stationary);
        rows.map(|(row, pi)| pi * row.iter().map(|&n| n as f64 / ONE as f64 * surprise(n)).sum::<f64>()).sum()
    }

    /// The entropy of the stationary law, nats: what the best predictor without context loses.
    #[cfg(test)]
    pub(super) fn unigram_entropy(&self) -> f64 {
        self.stationary.iter().map(|p| -p * libm::log(*p)).sum()
    }

    #[cfg(test)]
    pub(super) fn stationary(&self) -> &[f64] {
        &self.stationary
    }
}

/// -ln(n / 2^32).
pub(in crate::corpora) fn surprise(n: u32) -> f64 {
    -libm::log(n as f64 / ONE as f64)
}

/// `[V, V]`: ln p(y | c) up to the norm of each row, with the first components of Z only, in one draw of the seed.
pub(super) fn logits(config: &Config, number: u64, components: usize) -> Vec<f64> {
    let tokens = config.vocab_size;
    let [u, v] = [0, 1].map(|set| orthonormal(tokens, stream(Purpose::Source, [config.seed, set, number])));
    let spectrum: Vec<f64> = (1..tokens).map(|k| libm::pow(k as f64, -config.decay)).collect();
    let norm = dot(&spectrum, &spectrum).sqrt();
    // The vectors have norm 1 here and mean square 1 in the equation: u_k(c) v_k(y) is V times as much.
    let scale: Vec<f64> = spectrum.iter().map(|l| config.strength * l / norm * tokens as f64).collect();
    let weights: Vec<f64> = (1..=tokens).map(|rank| -config.zipf * libm::log(rank as f64)).collect();
    let mut logits = Vec::with_capacity(tokens * tokens);
    let mut row = vec![0.0; tokens];
    for c in 0..tokens {
        row.copy_from_slice(&weights);
        for k in 0..components {
            add(scale[k] * u[k * tokens + c], &v[k * tokens..][..tokens], &mut row);
        }
        logits.extend_from_slice(&row);
    }
    logits
}

/// `[V - 1, V]`: random vectors of norm 1, orthogonal to each other and to the constant: normals, Gram-Schmidt done twice,
/// since once leaves rounding errors that grow from vector to vector.
fn orthonormal(tokens: usize, mut random: Xoshiro256PlusPlus) -> Vec<f64> {
    let mut rows = vec![1.0 / (tokens as f64).sqrt(); tokens];
    let mut x = vec![0.0; tokens];
    while rows.len() < tokens * tokens {
        x.fill_with(|| normal(&mut random));
        for _ in 0..2 {
            for row in rows.chunks_exact(tokens) {
                add(-dot(row, &x), row, &mut x);
            }
        }
        let norm = dot(&x, &x).sqrt();
        // What is left of a vector that lay nearly in the span of the others is rounding error: another is drawn.
        if norm > 1e-6 {
            rows.extend(x.iter().map(|x| x / norm));
        }
    }
    rows.split_off(tokens)
}

/// A standard normal number by Marsaglia's polar method; the second of the pair is not used.
fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    loop {
        let (x, y) = (symmetric(random.next_u64()), symmetric(random.next_u64()));
        let s = x * x + y * y;
        if s < 1.0 {
            return x * (-2.0 * libm::log(s) / s).sqrt();
        }
    }
}

/// Eight sums side by side, then one: an order that vector code can keep.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `x += by * a`.
fn add(by: f64, a: &[f64], x: &mut [f64]) {
    for (x, a) in x.iter_mut().zip(a) {
        *x += by * a;
    }
}

pub(super) fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().fold(f64::NEG_INFINITY, |most, l| most.max(*l));
    let weights: Vec<f64> = logits.iter().map(|l| libm::exp(l - most)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

/// Probabilities as integers of sum 2^32, each at least 1: so every token may follow every other, the stationary law is
/// unique and every surprise is finite. What rounding down leaves goes to the largest remainders.
pub(in crate::corpora) fn integers(law: &[f64]) -> Vec<u32> {
    let spread = (ONE - law.len() as u64) as f64;
    let mut counts: Vec<u32> = law.iter().map(|p| (p * spread) as u32 + 1).collect();
    let given: u64 = counts.iter().map(|n| u64::from(*n)).sum();
    let mut order: Vec<usize> = (0..law.len()).collect();
    let remainder = |i: usize| law[i] * spread - (law[i] * spread).floor();
    order.sort_by(|&i, &j| remainder(j).total_cmp(&remainder(i)).then(i.cmp(&j)));
    // Probabilities sum to 1 up to rounding, so that a few are missing, or (hardly ever) too many.
    for (_, i) in (given..ONE).zip(order.iter().cycle()) {
        counts[*i] += 1;
    }
    for _ in ONE..given {
        let most = (0..law.len()).max_by_key(|&i| counts[i]).expect("a law has tokens");
        counts[most] -= 1;
    }
    counts
}

/// The law that the chain keeps, by power iteration from the uniform one; none if it does not settle.
fn stationary(table: &[u32], tokens: usize) -> Option<Vec<f64>> {
    let transitions: Vec<f64> = table.iter().map(|&n| n as f64 / ONE as f64).collect();
    let mut law = vec![1.0 / tokens as f64; tokens];
    for _ in 0..STEPS {
        let mut next = vec![0.0; tokens];
        for (row, p) in transitions.chunks_exact(tokens).zip(&law) {
            add(*p, row, &mut next);
        }
        let sum: f64 = next.iter().sum();
        next.iter_mut().for_each(|p| *p /= sum);
        let moved: f64 = next.iter().zip(&law).map(|(a, b)| (a - b).abs()).sum();
        law = next;
        if moved < 1e-13 {
            return Some(law);
        }
    }
    None
}
