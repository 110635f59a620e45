//! Where the numbers of a head lie, and what a block of queries reads of them.

use std::ops::Range;

use super::kernels::{Part, transpose};
use super::{MOST, Source, hull};
use crate::buffers::{Buffer, Buffers, Gradients, Values};
use crate::tape::Columns;
use crate::{Matrix, Real};

/// The spans of a block of queries.
pub(super) struct Spans {
    each: [[u32; 2]; MOST],
    rows: usize,
    /// From the first key that one of the queries reads to the last.
    pub hull: Range<usize>,
}

impl Spans {
    /// None at all, for a block of so many queries.
    pub fn none(rows: usize) -> Self {
        Self { each: [[0; 2]; MOST], rows, hull: 0..0 }
    }

    /// Some of the keys that the hull has.
    pub fn part(&self, keys: Range<usize>) -> Part<'_> {
        Part { keys: keys.len(), start: keys.start, spans: &self.each[..self.rows] }
    }
}

impl Source {
    /// Keys of a sequence.
    pub(super) fn keys(self) -> usize {
        self.k.slot.length()
    }

    /// What `rows` queries read from one on, of `length` that a sequence has.
    pub(super) fn spans<R: Real>(
        self,
        buffers: &Buffers<R>,
        [sequence, from, rows]: [usize; 3],
        length: usize,
    ) -> Spans {
        let mut spans = Spans::none(rows);
        let each = &mut spans.each[..rows];
        match self.spans {
            Some(list) => {
                let (all, _) = buffers.tokens[list.index].as_chunks::<2>();
                each.copy_from_slice(&all[sequence * length + from..][..rows]);
            }
            None => {
                // Keys in front of that of the first query are read by all.
                let first = self.keys() - length + from;
                each.iter_mut().enumerate().for_each(|(i, span)| span[1] = (first + i + 1) as u32);
            }
        }
        spans.hull = hull(each);
        spans
    }
}

/// Keys and values of one head, turned.
pub(super) struct Head<R> {
    pub k: Turned<R>,
    pub v: Turned<R>,
}

impl<R: Real> Head<R> {
    pub fn new(gradients: &mut Gradients<R>, keys: usize, [dk, dv]: [usize; 2]) -> Self {
        let mut turned = |width: usize| Turned { data: gradients.scratch(width * keys), length: keys };
        Self { k: turned(dk), v: turned(dv) }
    }

    pub fn read(&mut self, values: &Values<R>, of: Source, [sequence, head]: [usize; 2], [dk, dv]: [usize; 2]) {
        self.k.read(Rows::new(values.get(of.k.slot), of.k, sequence, head, dk));
        self.v.read(Rows::new(values.get(of.v.slot), of.v, sequence, head, dv));
    }

    pub fn give(self, gradients: &mut Gradients<R>) {
        gradients.give(self.k.data);
        gradients.give(self.v.data);
    }
}

/// Rows of a head inside a wider array.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, R> {
    pub data: &'a [R],
    width: usize,
    pub stride: usize,
}

impl<'a, R: Real> Rows<'a, R> {
    pub fn new(data: &'a [R], of: Columns, sequence: usize, head: usize, width: usize) -> Self {
        Self { data: &data[place(of, sequence, 0, head, width)..], width, stride: of.slot.width() }
    }

    pub fn matrix(self, from: usize, rows: usize) -> Matrix<'a, R> {
        Matrix::strided(&self.data[from * self.stride..], rows, self.width, self.stride)
    }
}

/// Where a token of a head begins.
pub(in crate::ops) fn place(of: Columns, sequence: usize, token: usize, head: usize, width: usize) -> usize {
    (sequence * of.slot.length() + token) * of.slot.width() + of.start + head * width
}

/// The transpose of the keys or values of a head, turned once for all its blocks: `[width, length]`. From where they lie
/// the product would turn them anew for every block, and more slowly.
pub(super) struct Turned<R> {
    pub data: Buffer<R>,
    pub length: usize,
}

impl<R: Real> Turned<R> {
    pub fn read(&mut self, rows: Rows<R>) {
        transpose(rows.data, rows.stride, rows.width, &mut self.data, self.length);
    }

    pub fn matrix(&self, width: usize, from: usize, keys: usize) -> Matrix<'_, R> {
        Matrix::strided(&self.data[from..], width, keys, self.length)
    }
}
