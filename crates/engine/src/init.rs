//! Initial weights: a stream of numbers for each array, seeded by the seed, the array's name and its shape.
//!
//! So adding an array to a model, or reordering them, changes no other array's weights.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::Real;

/// How an array begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All elements are this number.
    Constant(f64),
    /// Independent normal numbers of mean 0 and this standard deviation.
    Normal(f64),
    /// Independent uniform numbers between minus and plus this bound.
    Uniform(f64),
}

/// Appends the elements of one array to `out`.
pub(crate) fn draw<R: Real>(seed: u64, name: &str, shape: &[usize], init: Init, out: &mut Vec<R>) {
    let elements: usize = shape.iter().product();
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(key(seed, name, shape));
    match init {
        Init::Constant(value) => out.extend(std::iter::repeat_n(R::of(value), elements)),
        Init::Uniform(bound) => out.extend((0..elements).map(|_| R::of(bound * symmetric(&mut stream)))),
        Init::Normal(deviation) => {
            let mut spare = None;
            out.extend((0..elements).map(|_| {
                let (now, later) = match spare.take() {
                    Some(z) => (z, None),
                    None => {
                        let (a, b) = normals(&mut stream);
                        (a, Some(b))
                    }
                };
                spare = later;
                R::of(deviation * now)
            }));
        }
    }
}

/// FNV-1a over the seed, the bytes of the name and the shape.
fn key(seed: u64, name: &str, shape: &[usize]) -> u64 {
    let shape = shape.iter().flat_map(|&n| (n as u64).to_le_bytes());
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes()).chain([0xff]).chain(shape);
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ b as u64).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Uniform in (-1, 1), never 0.
fn symmetric(stream: &mut Xoshiro256PlusPlus) -> f64 {
    ((stream.next_u64() >> 11) as f64 + 0.5) * (2.0 / (1u64 << 53) as f64) - 1.0
}

/// Two independent standard normal numbers by Marsaglia's polar method.
fn normals(stream: &mut Xoshiro256PlusPlus) -> (f64, f64) {
    loop {
        let (x, y) = (symmetric(stream), symmetric(stream));
        let s = x * x + y * y;
        if s < 1.0 {
            let r = (-2.0 * libm::log(s) / s).sqrt();
            return (x * r, y * r);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;

    #[test]
    fn an_array_depends_on_seed_name_and_shape_alone() {
        let mut first = Params::<f64>::new(7);
        let a = first.add("a", &[3, 5], Init::Normal(1.0), 0);
        let mut second = Params::<f64>::new(7);
        second.add("b", &[3, 5], Init::Normal(1.0), 1);
        let again = second.add("a", &[3, 5], Init::Normal(1.0), 1);
        assert_eq!(first.view(a), second.view(again));
        assert_ne!(second.view(again), &second.weights()[..15]);
        let mut other = Params::<f64>::new(8);
        other.add("a", &[3, 5], Init::Normal(1.0), 0);
        assert_ne!(first.weights(), other.weights());
    }

    #[test]
    fn draws_have_the_moments_asked_for() {
        let n = 200_000;
        for (init, variance) in [(Init::Normal(0.5), 0.25), (Init::Uniform(0.6), 0.12)] {
            let mut x: Vec<f64> = Vec::new();
            draw(3, "w", &[n], init, &mut x);
            let mean = x.iter().sum::<f64>() / n as f64;
            let square = x.iter().map(|v| v * v).sum::<f64>() / n as f64;
            assert!(mean.abs() < 4.0 * (variance / n as f64).sqrt(), "{mean}");
            assert!((square / variance - 1.0).abs() < 0.02, "{square}");
        }
    }
}
