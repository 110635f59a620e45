//! What it costs to hold a piece of knowledge and to use it n times: in parameters, in a memory of keys and values, or as
//! text that is read again.
//!
//! The cost model of Yang et al. 2024 (arXiv 2407.01178, appendix A): a piece is a text of `l` tokens, written once and
//! read at every use, and each format costs `write + n * read` FLOPs. What a format can do beside being cheap, and what
//! retrieval and storage cost, is not in it. The paper calls implicit and text lower bounds.

use crate::error::FitError;

/// The model, and the piece of knowledge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knowledge {
    /// L, blocks
    pub n_layer: f64,
    /// L_mem, blocks whose attention writes and reads memory: the first ones
    pub memory_layers: f64,
    /// d, width
    pub d_model: f64,
    /// d_h, width of a head
    pub head_dim: f64,
    /// H_kv, heads of keys and values
    pub n_kv_head: f64,
    /// W, width of the gated feed-forward
    pub d_ff: f64,
    /// n_vocab, rows of the head
    pub vocab_size: f64,
    /// l, tokens of the piece
    pub tokens: f64,
    /// l_train, tokens of a window of training
    pub window: f64,
    /// l_chunk, tokens that are written with a piece at hand before others are retrieved
    pub chunk: f64,
    /// l_mem, tokens of the piece whose keys and values are kept, per head
    pub kept: f64,
}

/// Where a piece of knowledge is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// in parameters: trained on once
    Implicit,
    /// as sparse keys and values of the first blocks, computed once
    Explicit,
    /// as text before the prompt, read anew at every use
    Text,
}

impl Format {
    /// All, from the cheapest to use to the cheapest to write.
    pub const ALL: [Self; 3] = [Self::Implicit, Self::Explicit, Self::Text];

    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Explicit => "explicit",
            Self::Text => "text",
        }
    }
}

/// Uses for which a format is the cheapest: more than `from`, up to `to`, which may be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regime {
    /// the format
    pub format: Format,
    /// uses, not whole
    pub from: f64,
    /// uses, not whole
    pub to: f64,
}

/// The paper's: 44 blocks of width 3200, 22 of them with memory, 8 of 128 tokens kept, windows of 2048, chunks of 64.
///
/// It prints neither `l_train` nor `l_chunk` and `l_mem` beside its numbers. These give 2.24 TFLOP for implicit, and 0.308
/// + 0.000144 n for explicit, as it prints; they are those that it trains and reads with.
impl Default for Knowledge {
    fn default() -> Self {
        Self {
            n_layer: 44.0,
            memory_layers: 22.0,
            d_model: 3200.0,
            head_dim: 80.0,
            n_kv_head: 8.0,
            d_ff: 3200.0,
            vocab_size: 60_416.0,
            tokens: 128.0,
            window: 2048.0,
            chunk: 64.0,
            kept: 8.0,
        }
    }
}

impl Knowledge {
    /// Refuses what is no model.
    ///
    /// # Errors
    /// If a number is not above zero, or more is kept or remembered than there is.
    pub fn check(&self) -> Result<(), FitError> {
        let all = [
            ("n_layer", self.n_layer),
            ("memory_layers", self.memory_layers),
            ("d_model", self.d_model),
            ("head_dim", self.head_dim),
            ("n_kv_head", self.n_kv_head),
            ("d_ff", self.d_ff),
            ("vocab_size", self.vocab_size),
            ("tokens", self.tokens),
            ("window", self.window),
            ("chunk", self.chunk),
            ("kept", self.kept),
        ];
        if let Some((name, x)) = all.into_iter().find(|(_, x)| !(x.is_finite() && *x > 0.0)) {
            return Err(FitError::new(format!("{name} is {x}"), "every size is a number above zero"));
        }
        if self.memory_layers > self.n_layer {
            let message = format!("{} blocks with memory, and the model has {}", self.memory_layers, self.n_layer);
            return Err(FitError::new(message, "memory_layers counts some of n_layer"));
        }
        if self.kept > self.tokens {
            let message = format!("{} tokens are kept of a piece of {}", self.kept, self.tokens);
            return Err(FitError::new(message, "kept counts some of the tokens"));
        }
        Ok(())
    }

    /// FLOPs of the linear maps of one attention, for one token, over 2: query and output d x d, key and value d x d_h H_kv.
    fn attention(&self) -> f64 {
        2.0 * self.d_model * self.d_model + 2.0 * self.d_model * self.head_dim * self.n_kv_head
    }

    /// The same of a gated feed-forward.
    fn feed(&self) -> f64 {
        3.0 * self.d_model * self.d_ff
    }

    /// FLOPs to bring the piece into a format, once.
    ///
    /// * implicit, one step of training: `6 [L (l (2d^2 + 2 d d_h H_kv + 3dW) + 2 l (l_train/2) d) + l n_vocab d]`
    /// * explicit, the first blocks over the piece, the last of them without its feed-forward, and what each token
    ///   receives of attention: `2 [L_mem (l (2d^2 + 2 d d_h H_kv) + 2 (l^2/2) d) + (L_mem - 1) l 3dW + L_mem l^2 d]`
    /// * text: nothing
    pub fn write(&self, format: Format) -> f64 {
        let (l, d) = (self.tokens, self.d_model);
        match format {
            Format::Implicit => {
                let block = l * (self.attention() + self.feed()) + 2.0 * l * (self.window / 2.0) * d;
                6.0 * (self.n_layer * block + l * self.vocab_size * d)
            }
            Format::Explicit => {
                let layers = self.memory_layers;
                let received = layers * l * l * d;
                2.0 * (self.encode(layers) + received)
            }
            Format::Text => 0.0,
        }
    }

    /// FLOPs of one use.
    ///
    /// * implicit: nothing
    /// * explicit, a chunk attends to what was kept: `2 L_mem 2 l_chunk l_mem d`
    /// * text, all blocks over the piece, the last without its feed-forward, and a chunk attends to all of it:
    ///   `2 [L (l (2d^2 + 2 d d_h H_kv) + 2 (l^2/2) d) + (L - 1) l 3dW + L 2 l_chunk l d]`; in this form 0.624 TFLOP as
    ///   printed
    pub fn read(&self, format: Format) -> f64 {
        let attended = |layers: f64, tokens: f64| layers * 2.0 * self.chunk * tokens * self.d_model;
        match format {
            Format::Implicit => 0.0,
            Format::Explicit => 2.0 * attended(self.memory_layers, self.kept),
            Format::Text => 2.0 * (self.encode(self.n_layer) + attended(self.n_layer, self.tokens)),
        }
    }

    /// FLOPs over 2 of the first blocks over the piece, up to the keys and values of the last.
    fn encode(&self, layers: f64) -> f64 {
        let (l, d) = (self.tokens, self.d_model);
        layers * (l * self.attention() + 2.0 * (l * l / 2.0) * d) + (layers - 1.0) * l * self.feed()
    }

    /// FLOPs of a piece that is used `uses` times, on average: it need not be whole.
    pub fn cost(&self, format: Format, uses: f64) -> f64 {
        self.write(format) + uses * self.read(format)
    }

    /// The format that is cheapest for so many uses.
    pub fn cheapest(&self, uses: f64) -> Format {
        let cost = |format: &Format| self.cost(*format, uses);
        // At a tie the one that costs less with every further use.
        Format::ALL.into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(Format::Implicit)
    }

    /// Which format is cheapest for which number of uses, from none to any. One that is never cheapest is not there.
    pub fn regimes(&self) -> Vec<Regime> {
        let mut now = self.cheapest(0.0);
        let mut from = 0.0;
        let mut all = Vec::new();
        loop {
            // The first line that crosses from above: one that costs less with every use.
            let meets = |format: &Format| {
                let saved = self.read(now) - self.read(*format);
                (saved > 0.0).then(|| ((self.write(*format) - self.write(now)) / saved, *format))
            };
            let next = Format::ALL.iter().filter_map(meets).min_by(|a, b| a.0.total_cmp(&b.0));
            let to = next.map_or(f64::INFINITY, |(uses, _)| uses);
            if to > from {
                all.push(Regime { format: now, from, to });
            }
            match next {
                Some((uses, format)) => (from, now) = (uses, format),
                None => return all,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERA: f64 = 1e12;

    /// Yang et al. 2024, appendix A, to the digits that are printed.
    #[test]
    fn the_costs_of_the_paper() {
        let paper = Knowledge::default();
        let rounded = |x: f64, places: i32| (x / TERA * 10f64.powi(places)).round() / 10f64.powi(places);
        assert_eq!(rounded(paper.write(Format::Implicit), 2), 2.24);
        assert_eq!(rounded(paper.write(Format::Explicit), 3), 0.308);
        assert_eq!(rounded(paper.read(Format::Explicit), 6), 0.000144);
        assert_eq!(rounded(paper.read(Format::Text), 3), 0.624);
        assert_eq!((paper.read(Format::Implicit), paper.write(Format::Text)), (0.0, 0.0));
        let regimes = paper.regimes();
        assert_eq!(
            regimes.iter().map(|r| r.format).collect::<Vec<_>>(),
            [Format::Text, Format::Explicit, Format::Implicit]
        );
        assert_eq!((regimes[1].from * 1e3).round(), 494.0);
        assert_eq!((regimes[1].to / 100.0).round(), 134.0);
        assert_eq!((regimes[0].from, regimes[2].to), (0.0, f64::INFINITY));
    }

    #[test]
    fn regimes_say_what_is_cheapest() {
        let shapes = [
            Knowledge::default(),
            Knowledge { memory_layers: 44.0, kept: 128.0, ..Knowledge::default() },
            Knowledge { n_layer: 1.0, memory_layers: 1.0, vocab_size: 1.0, window: 1.0, ..Knowledge::default() },
            // What is trained so cheaply needs no memory.
            Knowledge {
                n_layer: 2.0,
                memory_layers: 2.0,
                d_model: 4.0,
                d_ff: 1.0,
                tokens: 4096.0,
                ..Knowledge::default()
            },
        ];
        for shape in shapes {
            let regimes = shape.regimes();
            assert!(regimes.windows(2).all(|w| w[0].to == w[1].from) && regimes[0].from == 0.0, "{regimes:?}");
            assert_eq!(regimes.last().unwrap().to, f64::INFINITY);
            for regime in &regimes {
                let middle =
                    if regime.to.is_finite() { (regime.from + regime.to) / 2.0 } else { 2.0 * regime.from + 1.0 };
                assert_eq!(shape.cheapest(middle), regime.format, "{shape:?} at {middle}: {regimes:?}");
            }
        }
    }

    #[test]
    fn what_is_no_model_is_refused() {
        assert!(Knowledge::default().check().is_ok());
        for spoil in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Knowledge { d_model: spoil, ..Knowledge::default() }.check().is_err());
        }
        let error = Knowledge { memory_layers: 45.0, ..Knowledge::default() }.check().unwrap_err();
        assert!(error.message.contains("45 blocks with memory, and the model has 44"), "{error}");
        assert!(Knowledge { kept: 129.0, ..Knowledge::default() }.check().is_err());
    }
}
