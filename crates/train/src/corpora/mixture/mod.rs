//! Streams of several corpora in one training, by shares of tokens, each with held-out windows of its own.
//!
//! ```toml
//! [corpus]
//! kind = "mixture"
//! weights = { captions = 0.45, stories = 0.45, text = 0.1 }
//! [corpus.streams]
//! captions = { kind = "scenes" }
//! stories = { kind = "storybook" }
//! text = { kind = "text", path = "books/" }
//! ```
//!
//! Every window is of one stream, and all windows are equally long, so shares of windows are shares of tokens. In any number of
//! windows a stream has what its weight says to within one of each block: blocks are as long as it takes for the lightest stream to have
//! [`LEAST`] windows in each, and their order is drawn. So which window of which stream comes next is a function of seed and number alone, and
//! each stream is read as if it were alone, from its first window on, none left out and none twice.
//!
//! Streams whose tokens are of their own (biographies, sums, a grammar) are mixed with `apart = true`: each then has a range of the
//! vocabulary to itself, one behind the other in the order of their names, and no stream shares a token with another.
//!
//! ```toml
//! apart = true
//! weights = { facts = 0.5, sums = 0.5 }
//! [corpus.streams]
//! facts = { kind = "bios", people = 2000, kept_back = 1000, packing = "people", seed = 1 }
//! sums = { kind = "mano" }
//! ```
//!
//! All streams are evaluated, those without weight too; the loss is the mean of theirs, whatever the weights, so that mixtures are
//! compared on the same scale.

mod apart;

use std::collections::BTreeMap;
use std::sync::Arc;

use isoloss_runs::record::Data;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::apart::{shift, spread};
use super::stream::{GOLDEN, mix};
use super::window;
use super::{
    Batch, CorpusError, Exams, Finite, HeldOut, Opener, Permutation, Place, References, Set, Sight, Source, hex,
};

pub(super) const SAYS: &str = "streams of several corpora, by shares of tokens, each with a loss of its own";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// Windows of the lightest stream in a block.
const LEAST: f64 = 2.0;
/// Windows of a block, at least and at most.
const BLOCK: [u64; 2] = [64, 1 << 20];
/// Shares add up to 1 but for this.
const SLACK: f64 = 1e-6;

/// The mixture.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The share of tokens of each stream: together 1. One of 0 is evaluated and not trained on.
    pub weights: BTreeMap<String, f64>,
    /// The corpora, by the same names. Their tokens have to be the same, bytes, unless they are kept apart.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub streams: BTreeMap<String, super::Config>,
    /// Has each stream a range of the vocabulary to itself? Then their tokens may be anything, but for pictures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(!skip_serializing_if)]
    pub apart: bool,
}

/// A stream that was opened.
#[derive(Debug)]
struct Stream {
    name: String,
    weight: f64,
    /// share of this one and those before
    up_to: f64,
    /// its first token in the vocabulary of the mixture
    first: u32,
    source: Arc<dyn Source>,
}

#[derive(Debug)]
struct Mixture {
    streams: Vec<Stream>,
    apart: bool,
    vocab_size: usize,
    block: u64,
    sight: Option<Sight>,
    data: Data,
    notes: Vec<String>,
}

pub(super) fn open(config: &Config, place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    open_with(config, &mut |stream| stream.open(place))
}

pub(super) fn open_with(config: &Config, stream: &mut Opener) -> Result<Arc<dyn Source>, CorpusError> {
    let names = || config.streams.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(name) = config.streams.keys().find(|name| !config.weights.contains_key(*name)) {
        return Err(CorpusError::new(
            format!("`weights` has no share of {name}"),
            "0 evaluates a stream and does not train on it",
        ));
    }
    let wrong = |weight: f64| !(weight >= 0.0 && weight.is_finite());
    for (name, &weight) in &config.weights {
        if !config.streams.contains_key(name) {
            let message = format!("`weights` has a share of {name}, and there is no such stream");
            return Err(CorpusError::new(message, format!("the streams are {}", names())));
        }
        if wrong(weight) {
            return Err(CorpusError::new(format!("`weights`: {name} is {weight}"), "a share from 0 to 1"));
        }
    }
    if config.streams.is_empty() {
        let hint = "[corpus.streams] with `text = { kind = \"text\", path = \"books/\" }` and others";
        return Err(CorpusError::new("`streams` is empty", hint));
    }
    if let Some(name) = config.streams.keys().find(|name| !is_plain(name)) {
        let message = format!("`streams`: {name:?} is no name for a column of losses");
        return Err(CorpusError::new(message, "letters, digits, `_` and `-`, and not stderr"));
    }
    let sum: f64 = config.weights.values().sum();
    if (sum - 1.0).abs() > SLACK {
        let each: Vec<String> = config.weights.iter().map(|(name, w)| format!("{name} = {:.4}", w / sum)).collect();
        let hint = if sum > 0.0 && sum.is_finite() { each.join(", ") } else { "one above 0 at least".into() };
        return Err(CorpusError::new(format!("`weights` add up to {sum}, not to 1"), hint));
    }
    let (mut streams, mut up_to) = (Vec::new(), 0.0);
    for (name, of) in &config.streams {
        if matches!(of, super::Config::Mixture(_)) {
            return Err(CorpusError::new(
                format!("`streams`: {name} is a mixture itself"),
                "one mixture of all its streams",
            ));
        }
        let source = stream(of).map_err(|e| of_stream(name, e))?;
        let weight = config.weights[name] / sum;
        up_to += weight;
        streams.push(Stream { name: name.clone(), weight, up_to, first: 0, source });
    }
    Mixture::new(streams, config.apart).map(|mixture| Arc::new(mixture) as Arc<dyn Source>)
}

impl Mixture {
    fn new(mut streams: Vec<Stream>, apart: bool) -> Result<Self, CorpusError> {
        let vocab_size = if apart { spread(&mut streams)? } else { alike(&streams)? };
        let sight = streams.iter().find_map(|stream| stream.source.sight());
        // Rounding would leave out a window of a block, or give one to a stream without weight.
        let last = streams.iter().rposition(|stream| stream.weight > 0.0).unwrap_or_default();
        streams[last..].iter_mut().for_each(|stream| stream.up_to = 1.0);
        let lightest = streams.iter().map(|s| s.weight).filter(|w| *w > 0.0).fold(1.0, f64::min);
        let block = ((LEAST / lightest).ceil() as u64).clamp(BLOCK[0], BLOCK[1]);
        let mut hash = Sha256::new();
        hash.update(b"isoloss mixture 1\n");
        if apart {
            hash.update(b"apart\n");
        }
        for Stream { name, source, .. } in &streams {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(source.data().hash);
        }
        let name = streams.iter().map(|s| s.source.data().name).collect::<Vec<_>>().join(" + ");
        let data = Data { name, hash: hex(&hash.finalize()), tokens: None, entropy: None, other: Default::default() };
        let said = |s: &Stream| s.source.notes().iter().map(|note| format!("{}: {note}", s.name)).collect::<Vec<_>>();
        let notes = streams.iter().flat_map(said).collect();
        Ok(Self { streams, apart, vocab_size, block, sight, data, notes })
    }

    /// Windows of a stream in the first so many blocks.
    fn windows(&self, stream: usize, blocks: u64) -> u64 {
        let up_to = |share: f64| (share * (self.block * blocks) as f64).round() as u64;
        let before = if stream == 0 { 0.0 } else { self.streams[stream - 1].up_to };
        up_to(self.streams[stream].up_to) - up_to(before)
    }

    /// The stream of a window, and which of its own windows that is.
    fn place(&self, seed: u64, number: u64) -> (usize, u64) {
        let (block, at) = (number / self.block, number % self.block);
        let mut at = Permutation::new(self.block, [mix(seed.wrapping_add(GOLDEN)), block]).at(at);
        for stream in 0..self.streams.len() {
            let before = self.windows(stream, block);
            let own = self.windows(stream, block + 1) - before;
            if at < own {
                return (stream, before + at);
            }
            at -= own;
        }
        unreachable!("the streams of a block are all of it")
    }

    /// One window of a stream into a batch of one, with what each token reads where others have it.
    fn read(&self, stream: usize, seed: u64, number: u64, one: &mut Batch) {
        // Nothing of another stream is left.
        one.layout = None;
        one.prompts.clear();
        let Stream { source, first, .. } = &self.streams[stream];
        source.fill(mix(seed ^ (stream as u64 + 1).wrapping_mul(GOLDEN)), number, one);
        shift(one, *first);
        if let Some(sight) = self.sight {
            lay_out(one, sight, source.separator());
        }
    }
}

/// Gives windows of text a layout: a token reads from behind the separator before it on.
fn lay_out(batch: &mut Batch, sight: Sight, separator: Option<u32>) {
    if batch.layout.is_some() {
        return;
    }
    let mut layout = super::Layout::new(sight, 0, batch.length);
    for window in batch.inputs.chunks(batch.length.max(1)) {
        let mut from = 0;
        for (at, token) in window.iter().enumerate() {
            layout.spans.push([from, at as u32 + 1]);
            if separator == Some(*token) {
                from = at as u32 + 1;
            }
        }
    }
    batch.layout = Some(layout);
}

/// An error of a stream, with its name.
fn of_stream(name: &str, e: CorpusError) -> CorpusError {
    let setting = ["streams", name].map(str::to_owned).into_iter().chain(e.setting).collect();
    CorpusError { message: format!("the stream {name}: {}", e.message), setting, ..e }
}

/// Can `loss_NAME` be a column, and be told from others?
fn is_plain(name: &str) -> bool {
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || ['_', '-'].contains(&c));
    letters && !name.is_empty() && name != "stderr"
}

/// Refuses streams whose tokens or pictures differ: how many tokens they have.
fn alike(streams: &[Stream]) -> Result<usize, CorpusError> {
    let Some(first) = streams.first() else { return Ok(0) };
    let vocab_size = first.source.vocab_size();
    for stream in streams {
        let alphabets = [first, stream].map(|s| s.source.alphabet());
        if streams.len() > 1 && (alphabets[0] != alphabets[1] || alphabets[1].is_none()) {
            let other = if stream.source.alphabet().is_none() { stream } else { first };
            let message =
                format!("`streams`: the tokens of {} are of its own, and cannot be mixed with others", other.name);
            return Err(CorpusError::new(
                message,
                "`apart = true` gives each stream tokens of its own; text whose tokens are bytes, scenes, storybook, captions \
                 and pages have the same",
            ));
        }
    }
    let mut seeing = streams.iter().filter_map(|s| Some((s, s.source.sight()?)));
    let Some((one, sight)) = seeing.next() else { return Ok(vocab_size) };
    if let Some((other, own)) = seeing.find(|(_, own)| *own != sight) {
        let of = |s: Sight| format!("side = {}, patch = {}", s.side, s.patch);
        let message =
            format!("`streams`: pictures of {} have {}, those of {} {}", one.name, of(sight), other.name, of(own));
        return Err(CorpusError::new(message, "one side and one patch for all"));
    }
    Ok(vocab_size)
}

impl Source for Mixture {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        let (windows, length) = (batch.sequences(), batch.length);
        let mut one = Batch::new(1, length);
        *batch = Batch { length, ..Batch::default() };
        let first = step.wrapping_mul(windows as u64);
        for window in 0..windows as u64 {
            let (stream, number) = self.place(seed, first.wrapping_add(window));
            self.read(stream, seed, number, &mut one);
            batch.append(&one);
        }
    }

    /// So many windows of each stream, one stream behind the other.
    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        let mut all = HeldOut::default();
        all.batch.length = length;
        for Stream { name, source, first, .. } in &self.streams {
            let mut own = source.held_out(sequences, length).map_err(|e| of_stream(name, e))?;
            shift(&mut own.batch, *first);
            if let Some(sight) = self.sight {
                lay_out(&mut own.batch, sight, source.separator());
            }
            let from = all.batch.sequences();
            all.batch.append(&own.batch);
            all.sets.push(Set { name: name.clone(), windows: from..all.batch.sequences(), known: own.known });
        }
        // The mean, where it is known of all.
        let n = self.streams.len() as f64;
        let mean = |of: fn(&Set) -> Option<f64>| all.sets.iter().map(of).sum::<Option<f64>>().map(|sum| sum / n);
        (all.known.floor, all.known.blind) = (mean(|set| set.known.floor), mean(|set| set.known.blind));
        Ok(all)
    }

    fn suffices(&self, _sequences: usize, length: usize) -> Result<(), CorpusError> {
        self.streams.iter().try_for_each(|s| s.source.suffices(1, length).map_err(|e| of_stream(&s.name, e)))
    }

    fn texts(&self, length: usize) -> Vec<Finite> {
        let of = |stream: &Stream| {
            let texts = stream.source.texts(length).into_iter();
            let (name, weight) = (&stream.name, stream.weight);
            texts.map(move |text| Finite { name: name.clone(), share: weight * text.share, ..text }).collect::<Vec<_>>()
        };
        self.streams.iter().filter(|stream| stream.weight > 0.0).flat_map(of).collect()
    }

    fn sight(&self) -> Option<Sight> {
        self.sight
    }

    fn alphabet(&self) -> Option<&'static str> {
        self.streams[0].source.alphabet().filter(|_| !self.apart)
    }

    fn separator(&self) -> Option<u32> {
        self.streams[0].source.separator().filter(|_| !self.apart)
    }

    fn exams(&self) -> Option<&dyn Exams> {
        self.streams.iter().find_map(|stream| stream.source.exams()).map(|_| self as &dyn Exams)
    }

    fn references(&self) -> Option<&dyn References> {
        self.referring().next().map(|_| self as &dyn References)
    }

    fn text(&self, tokens: &[u32]) -> Option<String> {
        if self.apart {
            // A window is of one stream.
            let stream = self.streams.iter().rfind(|stream| stream.first <= *tokens.first().unwrap_or(&0))?;
            let own: Option<Vec<u32>> = tokens.iter().map(|token| token.checked_sub(stream.first)).collect();
            return stream.source.text(&own?);
        }
        (self.alphabet() == Some(window::BYTES)).then(|| window::text(tokens))
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests;
