//! Windows of tokens, with what follows each of them, and in a corpus with pictures with what else lies in them.

use std::ops::Range;

use isoloss_engine::IGNORE;

use super::sight::Sight;

/// Windows of tokens and what follows each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Tokens of a window.
    pub length: usize,
    /// `[sequences, length]`, row after row. Patches of pictures are numbered behind the vocabulary, by their place.
    pub inputs: Vec<u32>,
    /// As many: the token that follows each input, or [`IGNORE`].
    pub targets: Vec<u32>,
    /// Documents and pictures, of a corpus that has pictures: without it a token reads all before it.
    pub layout: Option<Layout>,
    /// Of each window how many of its first tokens are a question: known before anything behind them is foretold. Empty where
    /// windows have none.
    pub prompts: Vec<u32>,
}

/// Where documents and pictures lie in windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How pictures are looked at.
    pub sight: Sight,
    /// Of each token the first one that it reads, and the one behind the last, counted from the beginning of its window: a
    /// token of text reads up to itself, a patch to the end of its picture, and neither beyond its document.
    pub spans: Vec<[u32; 2]>,
    /// The first patch of each picture, counted over all windows, in ascending order.
    pub places: Vec<u32>,
    /// Of each picture red, then green, then blue, row after row.
    pub pixels: Vec<u8>,
}

impl Layout {
    /// So many tokens that read themselves only, and no picture.
    pub fn new(sight: Sight, tokens: usize, length: usize) -> Self {
        let spans = (0..tokens).map(|at| [(at % length) as u32, (at % length) as u32 + 1]).collect();
        Self { sight, spans, places: Vec::new(), pixels: Vec::new() }
    }

    /// That of some of the tokens, whole windows.
    fn part(&self, tokens: Range<usize>) -> Self {
        let first = self.places.partition_point(|at| (*at as usize) < tokens.start);
        let end = self.places.partition_point(|at| (*at as usize) < tokens.end);
        let pixels = self.sight.pixels();
        Self {
            sight: self.sight,
            spans: self.spans[tokens.clone()].to_vec(),
            places: self.places[first..end].iter().map(|at| at - tokens.start as u32).collect(),
            pixels: self.pixels[first * pixels..end * pixels].to_vec(),
        }
    }
}

impl Batch {
    /// Room for windows of `length` tokens, all 0.
    pub fn new(sequences: usize, length: usize) -> Self {
        let tokens = sequences * length;
        Self { length, inputs: vec![0; tokens], targets: vec![0; tokens], ..Self::default() }
    }

    /// How many windows.
    pub fn sequences(&self) -> usize {
        self.inputs.len() / self.length.max(1)
    }

    /// The first windows, at most so many.
    pub fn first(&self, sequences: usize) -> Self {
        self.part(0..sequences.min(self.sequences()))
    }

    /// Some neighbouring windows.
    pub fn part(&self, windows: Range<usize>) -> Self {
        let tokens = windows.start * self.length..windows.end * self.length;
        Self {
            length: self.length,
            inputs: self.inputs[tokens.clone()].to_vec(),
            targets: self.targets[tokens.clone()].to_vec(),
            layout: self.layout.as_ref().map(|layout| layout.part(tokens)),
            prompts: self.prompts.get(windows).unwrap_or_default().to_vec(),
        }
    }

    /// Other windows behind these, of the same length; a layout of both if either has one, and questions likewise.
    pub(super) fn append(&mut self, other: &Self) {
        if !self.prompts.is_empty() || !other.prompts.is_empty() {
            self.prompts.resize(self.sequences(), 0);
            self.prompts.extend(&other.prompts);
            self.prompts.resize(self.sequences() + other.sequences(), 0);
        }
        let (mine, theirs) = (self.inputs.len(), other.inputs.len());
        self.length = self.length.max(other.length);
        if let Some(sight) = [&*self, other].iter().find_map(|batch| Some(batch.layout.as_ref()?.sight)) {
            let length = self.length;
            let plain = |tokens: usize| Layout {
                spans: (0..tokens).map(|at| [0, (at % length) as u32 + 1]).collect(),
                ..Layout::new(sight, 0, length)
            };
            let layout = self.layout.get_or_insert_with(|| plain(mine));
            let behind = other.layout.clone().unwrap_or_else(|| plain(theirs));
            layout.spans.extend(behind.spans);
            layout.places.extend(behind.places.iter().map(|at| at + mine as u32));
            layout.pixels.extend(behind.pixels);
        }
        self.inputs.extend_from_slice(&other.inputs);
        self.targets.extend_from_slice(&other.targets);
    }

    /// Inputs and targets of one window after the other.
    pub(super) fn windows_mut(&mut self) -> impl Iterator<Item = (&mut [u32], &mut [u32])> {
        let length = self.length.max(1);
        self.inputs.chunks_exact_mut(length).zip(self.targets.chunks_exact_mut(length))
    }

    /// How many targets count.
    pub fn counted(&self) -> usize {
        self.targets.iter().filter(|t| **t != IGNORE).count()
    }
}

/// What runs are evaluated on: the same windows for every run of a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// All windows.
    pub batch: Batch,
    /// What is known of them.
    pub known: Known,
    /// Kinds of data that are also evaluated each by itself, one behind the other; together they are all windows. The loss is
    /// then the mean over them.
    pub sets: Vec<Set>,
}

/// What is known of the targets of some windows before anything is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// The loss of the optimal predictor on these very targets, nats per token.
    pub floor: Option<f64>,
    /// That of the best predictor that sees no picture.
    pub blind: Option<f64>,
    /// How many bytes of text a target stands for, on average, where tokens are text.
    pub bytes_per_target: Option<f64>,
}

/// The windows of one kind of data.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Which windows.
    pub windows: Range<usize>,
    /// What is known of them.
    pub known: Known,
}

impl HeldOut {
    /// Windows of one kind.
    pub fn new(batch: Batch, known: Known) -> Self {
        Self { batch, known, sets: Vec::new() }
    }

    /// Windows whose floor is known.
    pub fn with_floor(batch: Batch, floor: Option<f64>) -> Self {
        Self::new(batch, Known { floor, ..Known::default() })
    }
}
