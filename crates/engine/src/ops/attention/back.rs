//! Backward: block by block of queries, and of keys, with probabilities made anew.

use super::kernels::{products_along, slopes};
use super::layout::{Head, Rows, Spans, place};
use super::{Node, Source, block};
use crate::buffers::{Buffer, Buffers, Gradients, Values};
use crate::tape::Columns;
use crate::{Matrix, Real, Tape, product};

/// Keys of a block, which need not wait for each other.
const KEYS: usize = 512;

/// Room for one block of scores.
struct Scratch<R> {
    p: Buffer<R>,
    ds: Buffer<R>,
    along: Buffer<R>,
}

impl Node {
    pub(super) fn walk_back<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (widths, length) = ([self.dk(), self.dv()], self.y.length());
        let sources = [Some(self.own), self.memory];
        let block = block(length).min(length);
        let gradients = &mut tape.buffers.gradients;
        let most = sources.iter().flatten().map(|source| source.keys()).max().unwrap_or_default();
        let mut scratch = Scratch {
            p: gradients.scratch(block * KEYS.min(most)),
            ds: gradients.scratch(block * KEYS.min(most)),
            along: gradients.scratch(block),
        };
        let mut heads = sources.map(|source| source.map(|source| Head::new(gradients, source.keys(), widths)));
        for sequence in 0..self.y.sequences() {
            for head in 0..self.heads {
                if head.is_multiple_of(self.group()) {
                    for (source, turned) in sources.iter().flatten().zip(heads.iter_mut().flatten()) {
                        turned.read(&tape.buffers.values, *source, [sequence, head / self.group()], widths);
                    }
                }
                for from in (0..length).step_by(block) {
                    let rows = block.min(length - from);
                    for (source, turned) in sources.iter().flatten().zip(heads.iter().flatten()) {
                        let spans = source.spans(tape.buffers, [sequence, from, rows], length);
                        let Buffers { values, gradients, .. } = &mut *tape.buffers;
                        let at = Block { of: *source, turned, at: [sequence, head, from, rows], spans };
                        self.block_back(values, gradients, at, &dy, &mut scratch);
                    }
                }
            }
        }
        let gradients = &mut tape.buffers.gradients;
        let Scratch { p, ds, along } = scratch;
        [p, ds, along, dy].into_iter().for_each(|b| gradients.give(b));
        heads.into_iter().flatten().for_each(|head| head.give(gradients));
    }

    /// Adds to dq, dk and dv what the queries of a block say, in their places.
    fn block_back<R: Real>(
        self,
        values: &Values<R>,
        gradients: &mut Gradients<R>,
        block: Block<R>,
        dy: &[R],
        to: &mut Scratch<R>,
    ) {
        let Block { of: Source { k, v, .. }, turned, at: [sequence, head, from, rows], spans } = block;
        let (scale, wk, wv) = (R::of(self.scale), self.dk(), self.dv());
        let (shared, wide) = (head / self.group(), Columns::from(self.y));
        let q = Rows::new(values.get(self.q.slot), self.q, sequence, head, wk).matrix(from, rows);
        let of_k = Rows::new(values.get(k.slot), k, sequence, shared, wk);
        let y = Rows::new(values.get(self.y), wide, sequence, head, wv);
        let dy = Rows::new(dy, wide, sequence, head, wv);
        let log_sums = &values.get(self.log_sums)[self.log_sums_of(sequence, head)];
        let along = &mut to.along[..rows];
        products_along(&dy.data[from * dy.stride..], &y.data[from * y.stride..], dy.stride, wv, along);
        let dy = dy.matrix(from, rows);
        for start in spans.hull.clone().step_by(KEYS) {
            let keys = KEYS.min(spans.hull.end - start);
            let (p, ds) = (&mut to.p[..rows * keys], &mut to.ds[..rows * keys]);
            product(R::ONE, q, turned.k.matrix(wk, start, keys), p, keys, false);
            product(R::ONE, dy, turned.v.matrix(wv, start, keys), ds, keys, false);
            slopes(p, ds, spans.part(start..start + keys), scale, &log_sums[from..], along);
            let (p, ds) = (Matrix::new(p, rows, keys), Matrix::new(ds, rows, keys));
            if let Some(sum) = gradients.open_zeroed(v.slot) {
                let at = place(v, sequence, start, shared, wv);
                product(R::ONE, p.t(), dy, &mut sum[at..], v.slot.width(), true);
            }
            if let Some(sum) = gradients.open_zeroed(self.q.slot) {
                let at = place(self.q, sequence, from, head, wk);
                product(scale, ds, of_k.matrix(start, keys), &mut sum[at..], self.q.slot.width(), true);
            }
            if let Some(sum) = gradients.open_zeroed(k.slot) {
                let at = place(k, sequence, start, shared, wk);
                product(scale, ds.t(), q, &mut sum[at..], k.slot.width(), true);
            }
        }
    }
}

/// A block of queries and what they read.
struct Block<'a, R> {
    of: Source,
    turned: &'a Head<R>,
    /// sequence, head, first query, queries
    at: [usize; 4],
    spans: Spans,
}
