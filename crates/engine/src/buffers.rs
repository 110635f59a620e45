//! Memory of a walk over one chunk: sized by the first chunk, then reused.

use std::ops::{Deref, DerefMut};

use crate::Real;
use crate::ops::Node;
use crate::ops::rope::Table;
use crate::tape::{Columns, Slot};

/// Buffers start at a multiple of this many bytes, the length of a cache line and of the longest vectors.
const ALIGNMENT: usize = 64;

/// Numbers that are overwritten before they are read. What they hold on taking is unspecified.
#[derive(Debug, Default)]
pub(crate) struct Buffer<R> {
    data: Vec<R>,
    start: usize,
    len: usize,
}

impl<R: Real> Buffer<R> {
    /// Makes room for `len` elements; allocates only if it never had as many.
    fn fit(&mut self, len: usize, poison: bool) {
        let room = len + ALIGNMENT / size_of::<R>();
        if self.data.len() < room {
            self.data = vec![R::ZERO; room];
            self.start = self.data.as_ptr().align_offset(ALIGNMENT).min(room - len);
        }
        self.len = len;
        if poison {
            self.fill(R::NAN);
        }
    }
}

impl<R> Deref for Buffer<R> {
    type Target = [R];
    fn deref(&self) -> &[R] {
        &self.data[self.start..self.start + self.len]
    }
}

impl<R> DerefMut for Buffer<R> {
    fn deref_mut(&mut self) -> &mut [R] {
        &mut self.data[self.start..self.start + self.len]
    }
}

/// Values on the tape, one buffer per slot.
#[derive(Debug, Default)]
pub(crate) struct Values<R> {
    slots: Vec<Buffer<R>>,
    used: usize,
    poison: bool,
}

impl<R: Real> Values<R> {
    /// A new slot for `sequences x length` rows of `width` elements.
    pub(crate) fn add(&mut self, sequences: usize, length: usize, width: usize) -> Slot {
        let slot = Slot::new(self.used, sequences, length, width);
        if self.used == self.slots.len() {
            self.slots.push(Buffer::default());
        }
        self.slots[self.used].fit(slot.len(), self.poison);
        self.used += 1;
        slot
    }

    pub(crate) fn get(&self, slot: Slot) -> &[R] {
        &self.slots[slot.index()]
    }

    /// Takes a buffer out, to be written while others are read; [`Values::put`] brings it back.
    pub(crate) fn take(&mut self, slot: Slot) -> Buffer<R> {
        std::mem::take(&mut self.slots[slot.index()])
    }

    pub(crate) fn put(&mut self, slot: Slot, buffer: Buffer<R>) {
        self.slots[slot.index()] = buffer;
    }
}

/// Gradients of values, alive only between the backward of the last reader of a value and that of its maker, so a few
/// buffers serve all.
#[derive(Debug, Default)]
pub(crate) struct Gradients<R> {
    slots: Vec<Option<Buffer<R>>>,
    wanted: Vec<bool>,
    free: Vec<Buffer<R>>,
    poison: bool,
}

impl<R: Real> Gradients<R> {
    /// Notes whether the gradient of a new slot is wanted.
    pub(crate) fn expect(&mut self, slot: Slot, wanted: bool) {
        if self.slots.len() <= slot.index() {
            self.slots.resize_with(slot.index() + 1, || None);
            self.wanted.resize(slot.index() + 1, false);
        }
        self.wanted[slot.index()] = wanted;
    }

    /// The gradient of a value, if anything has given it one; it leaves the tape.
    pub(crate) fn take(&mut self, slot: Slot) -> Option<Buffer<R>> {
        self.slots[slot.index()].take()
    }

    pub(crate) fn peek(&self, slot: Slot) -> Option<&[R]> {
        self.slots[slot.index()].as_deref()
    }

    /// Where the gradient of a value is to be added (true) or, as the first to come, written (false). None if nobody
    /// wants it.
    pub(crate) fn open(&mut self, slot: Slot) -> Option<(&mut [R], bool)> {
        let index = slot.index();
        if !self.wanted[index] {
            return None;
        }
        let add = self.slots[index].is_some();
        if !add {
            self.slots[index] = Some(self.scratch(slot.len()));
        }
        self.slots[index].as_deref_mut().map(|g| (g, add))
    }

    /// Where the gradient of a value is to be added; zero as yet if nothing came before.
    pub(crate) fn open_zeroed(&mut self, slot: Slot) -> Option<&mut [R]> {
        let (gradient, add) = self.open(slot)?;
        if !add {
            gradient.fill(R::ZERO);
        }
        Some(gradient)
    }

    /// Where the gradient of some columns is to be added (true) or written (false). As the first to come it writes only
    /// if the columns are all there are; else the others are zero from now on.
    pub(crate) fn open_columns(&mut self, columns: Columns) -> Option<(&mut [R], bool)> {
        let (gradient, add) = self.open(columns.slot)?;
        let part = columns.width < columns.slot.width();
        if part && !add {
            gradient.fill(R::ZERO);
        }
        Some((gradient, add || part))
    }

    /// Adds a whole buffer to the gradient of a value; as the first to come it becomes that gradient, without a copy.
    pub(crate) fn pass_on(&mut self, slot: Slot, gradient: Buffer<R>) {
        let index = slot.index();
        if self.wanted[index] && self.slots[index].is_none() {
            self.slots[index] = Some(gradient);
            return;
        }
        if let Some((sum, _)) = self.open(slot) {
            crate::simd::add(sum, &gradient);
        }
        self.give(gradient);
    }

    /// Room for `len` numbers; [`Gradients::give`] brings it back.
    pub(crate) fn scratch(&mut self, len: usize) -> Buffer<R> {
        let fits = |b: &Buffer<R>| b.data.len() >= len + ALIGNMENT / size_of::<R>();
        let candidates = self.free.iter().enumerate().filter(|(_, b)| fits(b));
        // The last of the smallest: the one whose contents are most likely to be near still.
        let best = candidates.rev().min_by_key(|(_, b)| b.data.len()).map(|(i, _)| i);
        let mut buffer = best.map(|i| self.free.swap_remove(i)).unwrap_or_default();
        buffer.fit(len, self.poison);
        buffer
    }

    pub(crate) fn give(&mut self, buffer: Buffer<R>) {
        self.free.push(buffer);
    }
}

/// The memory of one thread's walks: made once, handed to one [`crate::Tape`] after the other.
#[derive(Debug)]
pub struct Buffers<R> {
    pub(crate) values: Values<R>,
    pub(crate) gradients: Gradients<R>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tokens: Vec<Vec<u32>>,
    pub(crate) tokens_used: usize,
    pub(crate) tables: Vec<Table<R>>,
}

impl<R: Real> Default for Buffers<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Real> Buffers<R> {
    /// Empty buffers.
    pub fn new() -> Self {
        Self {
            values: Values { slots: Vec::new(), used: 0, poison: false },
            gradients: Gradients { slots: Vec::new(), wanted: Vec::new(), free: Vec::new(), poison: false },
            nodes: Vec::new(),
            tokens: Vec::new(),
            tokens_used: 0,
            tables: Vec::new(),
        }
    }

    /// Buffers that hold NaN whenever an op gets them: an op that reads what it did not write is found out.
    pub fn poisoned() -> Self {
        let mut buffers = Self::new();
        buffers.values.poison = true;
        buffers.gradients.poison = true;
        buffers
    }

    /// Forgets the last walk, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.values.used = 0;
        self.nodes.clear();
        self.tokens_used = 0;
        for i in 0..self.gradients.slots.len() {
            if let Some(buffer) = self.gradients.slots[i].take() {
                self.gradients.give(buffer);
            }
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let gradients = self.gradients.slots.iter().flatten().chain(&self.gradients.free);
        let numbers: usize = self.values.slots.iter().chain(gradients).map(|b| b.data.capacity()).sum();
        numbers * size_of::<R>()
    }
}
