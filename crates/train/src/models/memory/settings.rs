//! What is looked up and kept: as an experiment writes it, and in full.

use isoloss_engine::ops::attention::scores_within;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::corpora::Shelf;
use crate::memory::course::Course;
use crate::memory::leak;
use crate::memory::retrievers::Kind;
use crate::refused::{Refused, share, sized};

/// What is looked up and kept, as an experiment writes it.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Tokens that are kept of a text, by each key and value head.
    pub kept: usize,
    /// Tokens of a text, at most.
    pub longest: usize,
    /// Texts are looked up by so many tokens, as often as so many have gone by.
    pub chunk: usize,
    /// Texts that are looked up at a time.
    pub texts: usize,
    /// How many times of looking up a token reads the texts of.
    pub reach: usize,
    /// The part of the steps that are taken without memory: 0 for memory from the beginning.
    pub start: f64,
    /// Texts are left out of which more than this part stands in the window itself, in its order.
    pub leak: f64,
    /// How texts are found.
    pub retriever: Kind,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kept: 8,
            longest: 128,
            chunk: 64,
            texts: 1,
            reach: 5,
            start: 0.75,
            leak: leak::TRAINING,
            retriever: Kind::Ngrams,
        }
    }
}

/// What is looked up and kept, in full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembers {
    /// Tokens that are kept of a text, by each key and value head.
    pub kept: usize,
    /// Tokens of a text, at most.
    pub longest: usize,
    /// When texts are looked up.
    pub course: Course,
    /// The part of the steps that are taken without memory.
    pub start: f64,
    /// The first step with memory.
    pub begins: u64,
    /// Texts are left out of which more than this part stands in the window.
    pub leak: f64,
    /// How texts are found.
    pub retriever: Kind,
    /// Texts that a window looks up, on average, if there are always enough.
    pub per_window: f64,
    /// Rows that are read, summed over the tokens of a window, on average.
    pub pairs: f64,
    /// Scores of a head that are made for them, masked ones among them, on average.
    pub scores: f64,
}

impl Settings {
    pub(super) fn complete(self, shelf: Shelf) -> Result<Remembers, Refused> {
        let Self { kept, longest, chunk, texts, reach, start, leak, retriever } = self;
        let counts = [("kept", kept), ("longest", longest), ("chunk", chunk), ("texts", texts), ("reach", reach)];
        counts.into_iter().try_for_each(|(name, n)| sized(name, n))?;
        share("start", start)?;
        share("leak", leak)?;
        if start >= 1.0 {
            return Err(Refused::new("start", "is 1: a part of the steps must be left for memory"));
        }
        for (name, n) in [("longest", longest), ("chunk", chunk)] {
            if n < 2 {
                return Err(Refused::new(
                    name,
                    "is 1: texts are found by two neighbouring tokens, and the first of a text is not kept",
                ));
            }
        }
        if retriever.compares_vectors() {
            let says =
                "finds texts by states of a model that was trained: for training it is one of those that go by tokens";
            return Err(Refused::new("retriever", says));
        }
        let (longest, texts) = (longest.min(shelf.longest), texts.min(shelf.count as usize));
        let (course, kept) = (Course { chunk, texts, reach }, kept.min(longest.saturating_sub(1)));
        let of = |prompt: usize| {
            let queries = course.queries(shelf.window, prompt);
            let rows: Vec<u32> = (1..=queries.len()).map(|n| (n * texts * kept) as u32).collect();
            let spans = course.spans(shelf.window, &queries, &rows);
            let pairs: u64 = spans.iter().map(|[from, to]| u64::from(to - from)).sum();
            [(queries.len() * texts) as f64, pairs as f64, scores_within(&spans) as f64]
        };
        let (plain, asked) = (of(0), of(shelf.prompt));
        let [per_window, pairs, scores] = [0, 1, 2].map(|i| plain[i] * (1.0 - shelf.asked) + asked[i] * shelf.asked);
        if per_window == 0.0 {
            let says = format!("is {chunk}, and no window of {} tokens ever looks a text up", shelf.window);
            return Err(Refused::new("chunk", says));
        }
        let begins = 0;
        Ok(Remembers { kept, longest, course, start, begins, leak, retriever, per_window, pairs, scores })
    }
}
