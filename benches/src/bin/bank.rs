//! Explicit memory: a bank is written, opened and read, and references are looked up.
//!
//! ```text
//! cargo run --release -p isoloss-benches --bin bank -- 100000 bios
//! cargo run --release -p isoloss-benches --bin bank -- 100000 words
//! cargo run --release -p isoloss-benches --bin bank -- 1000000 words bm25 ngrams      # these retrievers, and no bank
//! ```
//!
//! References are biographies of the corpus `bios`, or texts of 50 to 128 words out of 400, low numbers likelier. A query
//! has 64 tokens: of biographies as another exposure tells them, or half of a reference among other words. Keys, values and
//! hidden states are random, hidden states about one centre for 20 references. Times of reads and queries are those of one
//! thread on its processor, all others wall time.

use std::time::Instant;

use isoloss_train::corpora::{Batch, Config, Place, References};
use isoloss_train::memory::bank::{Bank, Header, Shape};
use isoloss_train::memory::leak;
use isoloss_train::memory::retrievers::{Kind, Material, Query};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

const QUERY: usize = 64;
const QUERIES: usize = 1000;
const MOST: usize = 5;
const DIMS: usize = 128;
/// Two layers read memory; of a reference of 128 tokens each head keeps 8.
const SHAPE: Shape = Shape { layers: 2, heads: 2, tokens: 8, head_dim: 32, vector: 0 };

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(100_000, |count| count.parse().expect("a number of references"));
    let bios = arguments.next().is_none_or(|corpus| corpus == "bios");
    let named: Vec<Kind> = arguments.map(|name| serde_json::from_value(name.into()).expect("a retriever")).collect();
    let (texts, queries) = if bios { biographies(count) } else { words(count) };
    let tokens: usize = texts.0.iter().map(Vec::len).sum();
    println!("{count} references, {:.1} tokens each; peak {} MiB", tokens as f64 / count as f64, peak());
    if named.is_empty() {
        bank(count);
    }
    let kinds = if named.is_empty() { vec![Kind::Bm25, Kind::Ngrams, Kind::Hidden] } else { named };
    for kind in kinds {
        search(kind, &texts, &queries);
    }
}

/// Texts in memory.
#[derive(Debug)]
struct Texts(Vec<Vec<u32>>);

impl References for Texts {
    fn count(&self) -> u64 {
        self.0.len() as u64
    }

    fn longest(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn write(&self, number: u64, tokens: &mut Vec<u32>) {
        tokens.extend(&self.0[number as usize]);
    }
}

fn biographies(count: usize) -> (Texts, Vec<Vec<u32>>) {
    let settings = json!({ "people": count, "seed": 1, "pronouns": false });
    let corpus = Config::read("bios", settings).expect("bios").expect("its settings");
    let place = Place { base: ".".into(), cache: std::env::temp_dir() };
    let source = corpus.open(&place).expect("it is generated");
    let references = source.references().expect("a text about everybody");
    let text = |number: u64| {
        let mut tokens = Vec::new();
        references.write(number, &mut tokens);
        tokens
    };
    // The stream of training, cut anywhere.
    let mut told = Batch::new(QUERIES, QUERY);
    source.fill(1, 0, &mut told);
    (Texts((0..count as u64).map(text).collect()), told.inputs.chunks_exact(QUERY).map(<[u32]>::to_vec).collect())
}

fn words(count: usize) -> (Texts, Vec<Vec<u32>>) {
    let mut random = Random(1);
    let mut some = |tokens: usize| -> Vec<u32> {
        (0..tokens).map(|_| (random.below(400) * random.below(400) / 400) as u32).collect()
    };
    let texts: Vec<Vec<u32>> = (0..count).map(|i| some(50 + i * 7 % 79)).collect();
    let query = |i: usize| [&texts[i * 7919 % count][..QUERY / 2], &some(QUERY / 2)].concat();
    let queries = (0..QUERIES).map(query).collect();
    (Texts(texts), queries)
}

fn bank(count: usize) {
    let path = std::env::temp_dir().join(format!("isoloss-{}.bank", std::process::id()));
    let header = Header { model: [1; 32], references: [2; 32], count: count as u64, shape: SHAPE };
    let mut random = Random(3);
    let values: Vec<f32> = (0..SHAPE.values() + 1024).map(|_| random.normal()).collect();
    let begun = Instant::now();
    let bank = Bank::open_or_write(&path, header, |writer| {
        (0..count).try_for_each(|i| writer.push(&values[i % 1024..][..SHAPE.values()], SHAPE.tokens, &[]))
    });
    let written = begun.elapsed().as_secs_f64();
    drop(bank.expect("a bank"));
    let begun = Instant::now();
    let bank = Bank::open(&path, &header).expect("it was written");
    let opened = begun.elapsed().as_secs_f64();
    let mut numbers = vec![0.0; SHAPE.values()];
    let mut read = |name: &str| {
        let each = (0..QUERIES).map(|_| {
            let number = random.below(count as u64);
            seconds(|| bank.read(number, &mut numbers).expect("it is whole"))
        });
        println!("  {name}: {}", Quantiles::of(each.collect()));
    };
    let bytes = std::fs::metadata(&path).expect("it is there").len();
    println!(
        "bank: {} bytes a reference, {:.1} with all else; written in {written:.2} s, synced; opened in {:.2} ms",
        bank.bytes_per_reference(),
        bytes as f64 / count as f64,
        opened * 1e3,
    );
    read("a reference, first reads");
    println!("  all of it checked in {:.2} s", seconds(|| bank.check().expect("it is whole")));
    read("a reference, checked");
    println!("  peak {} MiB, pages of the file among them", peak());
    for ending in ["", ".lock"] {
        std::fs::remove_file(format!("{}{ending}", path.display())).expect("ours to remove");
    }
}

fn search(kind: Kind, texts: &Texts, queries: &[Vec<u32>]) {
    let mut random = Random(5);
    let (mut vectors, mut asked) = (Vec::new(), vec![Vec::new(); queries.len()]);
    if kind.compares_vectors() {
        let centres: Vec<f32> = (0..texts.0.len().div_ceil(20) * DIMS).map(|_| random.normal()).collect();
        let mut near =
            |i: usize| -> Vec<f32> { centres[i / 20 * DIMS..][..DIMS].iter().map(|x| x + random.normal()).collect() };
        vectors = (0..texts.0.len()).flat_map(&mut near).collect();
        asked = (0..queries.len()).map(|i| near(i * 7919 % texts.0.len())).collect();
    }
    let begun = Instant::now();
    let index = kind.build(&Material { references: texts, vectors: &vectors });
    let built = begun.elapsed().as_secs_f64();
    let (mut held, mut leaks, mut filtered) = (0, 0, Vec::new());
    let each = queries.iter().zip(&asked).map(|(tokens, vector)| {
        let mut found = Vec::new();
        let time = seconds(|| found = index.nearest(&Query { tokens, vector }, MOST));
        held += found.len();
        filtered.push(seconds(|| {
            let leak = |number: &&u32| leak::leaks(tokens, &texts.0[**number as usize], leak::EVALUATION);
            leaks += found.iter().filter(leak).count();
        }));
        time
    });
    let times = Quantiles::of(each.collect());
    println!("{kind:?}: built in {built:.1} s; a query: {times}; peak {} MiB", peak());
    if kind.compares_vectors() {
        let some = || asked.iter().step_by(5);
        let found = some().map(|vector| {
            let found = index.nearest(&Query { tokens: &[], vector }, MOST);
            scan(&vectors, vector).iter().filter(|number| found.contains(number)).count()
        });
        println!("  recall of a scan's {MOST}: {:.4}", found.sum::<usize>() as f64 / (MOST * some().count()) as f64);
        return;
    }
    println!("  {leaks} of {held} references found are leaks; that of one query: {}", Quantiles::of(filtered));
}

/// The nearest by cosine, each vector looked at.
fn scan(vectors: &[f32], to: &[f32]) -> Vec<u32> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let cosine = |vector: &[f32]| dot(vector, to) / dot(vector, vector).sqrt();
    let mut all: Vec<(f64, u32)> = vectors.chunks_exact(DIMS).map(cosine).zip(0..).collect();
    all.select_nth_unstable_by(MOST, |a, b| b.0.total_cmp(&a.0));
    all[..MOST].iter().map(|(_, number)| *number).collect()
}

/// Seconds of this thread: its neighbours on a busy machine do not count.
fn seconds<T>(what: impl FnOnce() -> T) -> f64 {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
    };
    let begun = now();
    std::hint::black_box(what());
    now() - begun
}

/// The most memory that this process had, MiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

struct Quantiles(Vec<f64>);

impl Quantiles {
    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        Self(seconds)
    }
}

impl std::fmt::Display for Quantiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |part: f64| self.0[((self.0.len() - 1) as f64 * part).round() as usize] * 1e3;
        write!(f, "p50 {:.3}, p95 {:.3}, p99 {:.3} ms", at(0.5), at(0.95), at(0.99))
    }
}

/// xorshift64* (Marsaglia 2003, Vigna 2016): enough for timings.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        ((self.next() >> 32) * n) >> 32
    }

    /// About normal: a sum of twelve.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.below(1 << 24) as f32 / (1 << 24) as f32).sum::<f32>() - 6.0
    }
}
