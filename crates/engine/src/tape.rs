//! The tape: ops run as they are called, are noted, and are walked back for gradients.
//!
//! A model is a plain struct of [`Param`]s whose forward pass calls ops on a tape:
//!
//! ```
//! use isoloss_engine::{Buffers, Init, Param, Params, Tape};
//!
//! struct Bigram { embedding: Param, head: Param }
//!
//! let mut params = Params::<f32>::new(1);
//! let model = Bigram {
//!     embedding: params.add("embedding", &[5, 8], Init::Normal(0.1), 0),
//!     head: params.add("head", &[5, 8], Init::Normal(0.1), 0),
//! };
//! let (mut buffers, mut gradient) = (Buffers::new(), vec![0.0; params.count()]);
//! let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
//! let inputs = tape.tokens(&[0, 1, 2, 3], 4);
//! let targets = tape.tokens(&[1, 2, 3, 4], 4);
//! let x = tape.embedding(inputs, model.embedding, None);
//! tape.cross_entropy(x, model.head, targets, 0.0, 4.0);
//! let loss = tape.loss();
//! tape.backward();
//! assert!((loss - 5f64.ln()).abs() < 0.1);
//! assert!(gradient.iter().any(|g| *g != 0.0));
//! ```

use crate::buffers::Buffers;
use crate::ops::{Node, Op};
use crate::{Param, Params, Real};

/// A handle to a value on the tape: `[sequences, length, width]`, row after row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    index: usize,
    sequences: usize,
    length: usize,
    width: usize,
}

impl Slot {
    pub(crate) fn new(index: usize, sequences: usize, length: usize, width: usize) -> Self {
        Self { index, sequences, length, width }
    }

    pub(crate) fn index(self) -> usize {
        self.index
    }

    /// How many sequences.
    pub fn sequences(self) -> usize {
        self.sequences
    }

    /// Tokens of a sequence.
    pub fn length(self) -> usize {
        self.length
    }

    /// Elements of a token.
    pub fn width(self) -> usize {
        self.width
    }

    /// Sequences, tokens of a sequence, elements of a token.
    pub fn shape(self) -> [usize; 3] {
        [self.sequences, self.length, self.width]
    }

    /// Tokens of all sequences.
    pub fn rows(self) -> usize {
        self.sequences * self.length
    }

    /// Elements in all.
    pub fn len(self) -> usize {
        self.rows() * self.width
    }

    /// Is there nothing in it?
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// `width` columns from `start` on: a part of every row, as q, k and v of one projection.
    ///
    /// # Panics
    /// If there are not that many.
    pub fn columns(self, start: usize, width: usize) -> Columns {
        assert!(start + width <= self.width, "columns {start}..{} of {}", start + width, self.width);
        Columns { slot: self, start, width }
    }
}

/// Some neighbouring columns of a value. A [`Slot`] is all of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    pub(crate) slot: Slot,
    pub(crate) start: usize,
    pub(crate) width: usize,
}

impl Columns {
    /// Sequences, tokens of a sequence, elements of a token.
    pub(crate) fn shape(self) -> [usize; 3] {
        [self.slot.sequences, self.slot.length, self.width]
    }

    /// The rows of these columns in the numbers of their slot.
    #[inline(always)]
    pub(crate) fn rows<R>(self, x: &[R]) -> impl Iterator<Item = &[R]> {
        x.chunks_exact(self.slot.width).map(move |x| &x[self.start..self.start + self.width])
    }

    /// The same, to be changed.
    #[inline(always)]
    pub(crate) fn rows_mut<R>(self, x: &mut [R]) -> impl Iterator<Item = &mut [R]> {
        x.chunks_exact_mut(self.slot.width).map(move |x| &mut x[self.start..self.start + self.width])
    }
}

impl From<Slot> for Columns {
    fn from(slot: Slot) -> Self {
        Self { slot, start: 0, width: slot.width }
    }
}

/// A handle to token numbers on the tape, `[sequences, length]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub(crate) index: usize,
    pub(crate) sequences: usize,
    pub(crate) length: usize,
}

impl Tokens {
    /// How many sequences.
    pub fn sequences(self) -> usize {
        self.sequences
    }
}

/// A target that takes no part in the loss.
pub const IGNORE: u32 = u32::MAX;

/// One walk over a chunk of sequences. Every op is a method (see the files in `ops/`).
///
/// Gradients of weights are *added* to the gradient given at the start: a weight used several times, or by several
/// chunks, sums its gradients. Without a gradient nothing is noted: that is how a model is evaluated.
#[derive(Debug)]
pub struct Tape<'a, R> {
    pub(crate) weights: &'a [R],
    pub(crate) gradient: Option<&'a mut [R]>,
    pub(crate) buffers: &'a mut Buffers<R>,
    pub(crate) loss: f64,
}

impl<'a, R: Real> Tape<'a, R> {
    /// An empty tape on these buffers; what was there is forgotten. `gradient` is flat, in the order of `params`.
    ///
    /// # Panics
    /// If the gradient has another length than the weights.
    pub fn new(buffers: &'a mut Buffers<R>, params: &'a Params<R>, gradient: Option<&'a mut [R]>) -> Self {
        let weights = params.weights();
        assert!(gradient.as_ref().is_none_or(|g| g.len() == weights.len()), "gradient and weights differ in length");
        buffers.clear();
        Self { weights, gradient, buffers, loss: 0.0 }
    }

    /// Puts token numbers on the tape, `length` to a sequence.
    ///
    /// # Panics
    /// If there are none, or they do not fill whole sequences.
    pub fn tokens(&mut self, tokens: &[u32], length: usize) -> Tokens {
        let whole = length > 0 && tokens.len().is_multiple_of(length);
        assert!(whole && !tokens.is_empty(), "{} tokens, {length} a sequence", tokens.len());
        let list = self.list(tokens.len());
        self.buffers.tokens[list.index].copy_from_slice(tokens);
        Tokens { sequences: tokens.len() / length, length, ..list }
    }

    /// Puts numbers on the tape that need no gradient: `[sequences, length, width]`.
    ///
    /// # Panics
    /// If there are more or fewer than the shape says, or none.
    pub fn input(&mut self, values: &[R], [sequences, length, width]: [usize; 3]) -> Slot {
        self.given(values, [sequences, length, width], false)
    }

    /// As [`Tape::input`], with a gradient, to be read by [`Tape::gradient`] after [`Tape::backward`].
    ///
    /// # Panics
    /// If there are more or fewer than the shape says, or none.
    pub fn leaf(&mut self, values: &[R], [sequences, length, width]: [usize; 3]) -> Slot {
        self.given(values, [sequences, length, width], self.gradient.is_some())
    }

    /// A copy of a value that passes no gradient back: what made it learns nothing from what reads it.
    pub fn detached(&mut self, x: Slot) -> Slot {
        let [sequences, length, width] = x.shape();
        let y = self.buffers.values.add(sequences, length, width);
        self.buffers.gradients.expect(y, false);
        let mut buffer = self.buffers.values.take(y);
        buffer.copy_from_slice(self.buffers.values.get(x));
        self.buffers.values.put(y, buffer);
        y
    }

    fn given(&mut self, values: &[R], [sequences, length, width]: [usize; 3], wanted: bool) -> Slot {
        let slot = self.buffers.values.add(sequences, length, width);
        assert!(!slot.is_empty() && slot.len() == values.len(), "{} numbers for {slot:?}", values.len());
        self.buffers.gradients.expect(slot, wanted);
        let mut buffer = self.buffers.values.take(slot);
        buffer.copy_from_slice(values);
        self.buffers.values.put(slot, buffer);
        slot
    }

    /// The numbers in a slot, there until the tape ends, whatever runs after: activations to be looked at, losses.
    pub fn value(&self, slot: Slot) -> &[R] {
        self.buffers.values.get(slot)
    }

    /// The gradient of a leaf, after [`Tape::backward`]; None if it had no part in the loss.
    pub fn gradient(&self, leaf: Slot) -> Option<&[R]> {
        self.buffers.gradients.peek(leaf)
    }

    /// The sum of all losses called so far.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Walks back over all ops, the last one first, and adds the gradient of the loss to that of the weights.
    pub fn backward(&mut self) {
        let mut nodes = std::mem::take(&mut self.buffers.nodes);
        while let Some(node) = nodes.pop() {
            node.backward(self);
        }
        self.buffers.nodes = nodes;
    }

    /// A slot for the output of an op.
    pub(crate) fn output(&mut self, sequences: usize, length: usize, width: usize) -> Slot {
        let slot = self.buffers.values.add(sequences, length, width);
        self.buffers.gradients.expect(slot, self.gradient.is_some());
        slot
    }

    /// A slot for what an op keeps for its backward; it has no gradient.
    pub(crate) fn kept(&mut self, rows: usize, width: usize) -> Slot {
        let slot = self.buffers.values.add(1, rows, width);
        self.buffers.gradients.expect(slot, false);
        slot
    }

    /// A list of `len` integers that an op keeps for its backward; what they are is for the op to say.
    pub(crate) fn list(&mut self, len: usize) -> Tokens {
        let Buffers { tokens: lists, tokens_used, .. } = &mut *self.buffers;
        if *tokens_used == lists.len() {
            lists.push(Vec::new());
        }
        let list = &mut lists[*tokens_used];
        list.clear();
        list.resize(len, IGNORE);
        *tokens_used += 1;
        Tokens { index: *tokens_used - 1, sequences: 1, length: len }
    }

    /// Runs an op and notes it if there will be a backward.
    pub(crate) fn run(&mut self, op: impl Op + Into<Node>) {
        op.forward(self);
        if self.gradient.is_some() {
            self.buffers.nodes.push(op.into());
        }
    }

    /// The weights of an array; they outlive the borrow of the tape.
    pub(crate) fn weight(&self, param: Param) -> &'a [R] {
        &self.weights[param.range()]
    }
}
