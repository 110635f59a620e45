//! Vectors that point the same way: the cosine of mean hidden states, by a navigable graph (HNSW; Malkov and Yashunin 2018,
//! arXiv 1603.09320).
//!
//! The graph is built by one thread from a seed of its own, so the same vectors give the same graph. It is `hnsw_rs`, which
//! is Rust alone. Of others that were tried (docs/performance.md), `usearch` builds several times as fast and
//! asks for a compiler and a run-time library of C++, `instant-distance` still asks for
//! `rand` 0.8; `arroy` keeps its trees in a data base.

use std::fmt;

use hnsw_rs::prelude::{Distance, Hnsw};

use super::{Material, Query, Retriever};

pub(super) const SAYS: &str = "hidden states that point the same way (cosine), approximately";
pub(super) const VECTORS: bool = true;

/// Neighbours of a reference in the graph (M), twice as many on its lowest level.
const NEIGHBOURS: usize = 12;
const LEVELS: usize = 16;
/// Candidates that building and searching keep (ef).
const BUILDING: usize = 64;
const SEARCHING: usize = 64;

struct Hidden {
    graph: Hnsw<'static, f32, Apart>,
    dims: usize,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hidden").field("references", &self.graph.get_nb_point()).field("dims", &self.dims).finish()
    }
}

pub(super) fn build(material: &Material) -> impl Retriever + use<> {
    let (references, vectors) = (material.references.count() as usize, material.vectors);
    let dims = vectors.len() / references.max(1);
    assert!(references == 0 || dims > 0 && vectors.len() == references * dims, "a vector of each reference");
    assert!(vectors.iter().all(|x| x.is_finite()), "vectors are finite");
    let graph = Hnsw::new(NEIGHBOURS, references.max(1), LEVELS, BUILDING, Apart);
    for (number, vector) in vectors.chunks_exact(dims.max(1)).enumerate() {
        graph.insert((&unit(vector), number));
    }
    Hidden { graph, dims }
}

impl Retriever for Hidden {
    /// # Panics
    /// If the vector of the query has another length than those of references, or is not finite.
    fn nearest(&self, query: &Query, most: usize) -> Vec<u32> {
        if self.graph.get_nb_point() == 0 || most == 0 {
            return Vec::new();
        }
        assert!(query.vector.len() == self.dims && query.vector.iter().all(|x| x.is_finite()), "vector of a query");
        let candidates = SEARCHING.max(2 * most);
        let mut found = self.graph.search(&unit(query.vector), candidates, candidates);
        found.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.d_id.cmp(&b.d_id)));
        found.into_iter().take(most).map(|neighbour| neighbour.d_id as u32).collect()
    }

    fn bytes(&self) -> usize {
        // A vector and the links of the lowest level, which has nearly all of them.
        self.graph.get_nb_point() * (self.dims * size_of::<f32>() + 2 * NEIGHBOURS * size_of::<usize>())
    }
}

/// 1 - cosine of two vectors of length 1.
#[derive(Clone, Copy, Debug, Default)]
struct Apart;

impl Distance<f32> for Apart {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        // Rounding may bring two that are alike below 0, which a distance is not.
        (1.0 - dot(a, b)).max(0.0)
    }
}

/// In lanes, so that it is vectors for the machine.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let mut lanes = [0.0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..16 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// A vector made 1 long; one of nothing but zeros stays.
fn unit(vector: &[f32]) -> Vec<f32> {
    let greatest = vector.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    if greatest == 0.0 {
        return vector.to_vec();
    }
    // Scaled first: squares of large numbers are infinite, of small ones 0.
    let scaled: Vec<f32> = vector.iter().map(|x| x / greatest).collect();
    let length = dot(&scaled, &scaled).sqrt();
    scaled.iter().map(|x| x / length).collect()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{Rng, SeedableRng};

    use super::super::tests::Texts;
    use super::*;

    const DIMS: usize = 24;
    const MOST: usize = 5;

    /// Vectors about centres, as those of texts about one subject are; the last ones are queries.
    fn vectors(count: usize, spread: f64) -> Vec<f32> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut normal = move || (0..12).map(|_| random.next_u64() as f64 / u64::MAX as f64).sum::<f64>() - 6.0;
        let centres: Vec<f64> = (0..count / 20 * DIMS).map(|_| normal()).collect();
        let of = |i: usize| &centres[i % (count / 20) * DIMS..][..DIMS];
        (0..count).flat_map(|i| of(i).iter().map(|x| (x + spread * normal()) as f32).collect::<Vec<_>>()).collect()
    }

    fn of(vectors: &[f32]) -> impl Retriever + use<> {
        let texts = Texts(vec![vec![0]; vectors.len() / DIMS]);
        build(&Material { references: &texts, vectors })
    }

    fn exact(vectors: &[f32], query: &[f32]) -> Vec<u32> {
        let cosine = |v: &[f32]| {
            let product =
                |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            product(v, query) / (product(v, v) * product(query, query)).sqrt()
        };
        let mut all: Vec<(f64, u32)> = vectors.chunks(DIMS).zip(0..).map(|(v, i)| (cosine(v), i)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all[..MOST].iter().map(|(_, i)| *i).collect()
    }

    #[test]
    fn the_graph_finds_what_a_scan_finds() {
        for (spread, bar) in [(0.5, 0.99), (3.0, 0.98)] {
            let all = vectors(4000, spread);
            let (references, queries) = all.split_at(3800 * DIMS);
            let index = of(references);
            let queries: Vec<&[f32]> = queries.chunks(DIMS).collect();
            let found = |vector: &&[f32]| {
                let found = index.nearest(&Query { vector, ..Query::default() }, MOST);
                exact(references, vector).iter().filter(|i| found.contains(i)).count()
            };
            let recall = queries.iter().map(found).sum::<usize>() as f64 / (MOST * queries.len()) as f64;
            assert!(recall >= bar, "spread {spread}: recall {recall}");
        }
    }

    #[test]
    fn the_same_vectors_give_the_same_graph() {
        let all = vectors(2000, 3.0);
        let (references, queries) = all.split_at(1900 * DIMS);
        let ask = |index: &dyn Retriever| -> Vec<Vec<u32>> {
            let all = queries.chunks(DIMS).map(|vector| index.nearest(&Query { vector, ..Query::default() }, 60));
            all.collect()
        };
        let index = of(references);
        let first = ask(&index);
        assert_eq!(first, ask(&of(references)));
        thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| assert_eq!(first, ask(&index))))));
    }

    #[test]
    fn vectors_without_direction_or_of_any_size_are_no_trouble() {
        let empty = of(&[]);
        assert!(empty.nearest(&Query::default(), 3).is_empty());
        let mut rows = vec![vec![0.0; DIMS]; 4];
        (rows[1][0], rows[2][0], rows[3][1]) = (1e30, 1e-30, -2.0);
        let index = of(&rows.concat());
        let found = |at: usize, to: f32| {
            let mut vector = vec![0.0; DIMS];
            vector[at] = to;
            index.nearest(&Query { vector: &vector, ..Query::default() }, 2)
        };
        assert_eq!(found(0, 7.0), [1, 2], "equals by number");
        assert_eq!(found(1, -1e-38)[0], 3);
        assert!(index.nearest(&Query { vector: &rows[1], ..Query::default() }, 0).is_empty());
    }
}
