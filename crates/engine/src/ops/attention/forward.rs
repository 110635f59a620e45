//! Forward: block by block of queries, all keys that one of them reads at once.

use super::kernels::{exponentials, normalise};
use super::layout::{Rows, Spans, Turned, place};
use super::{Node, block};
use crate::{Matrix, Real, Tape, product};

impl Node {
    pub(super) fn walk<R: Real>(self, tape: &mut Tape<R>) {
        let (length, width, dk, dv) = (self.y.length(), self.y.width(), self.dk(), self.dv());
        let all = [self.own.keys(), self.memory.map_or(0, |memory| memory.keys())];
        let block = block(length).min(length);
        let gradients = &mut tape.buffers.gradients;
        let mut scores = gradients.scratch(block * (all[0] + all[1]));
        let mut inverse = gradients.scratch(block);
        let mut turned = all.map(|keys| Turned { data: gradients.scratch(dk * keys), length: keys });
        let (mut y, mut log_sums) = (tape.buffers.values.take(self.y), tape.buffers.values.take(self.log_sums));
        let values = &tape.buffers.values;
        for sequence in 0..self.y.sequences() {
            for head in 0..self.heads {
                let shared = head / self.group();
                if head.is_multiple_of(self.group()) {
                    for (source, turned) in [Some(self.own), self.memory].iter().flatten().zip(&mut turned) {
                        turned.read(Rows::new(values.get(source.k.slot), source.k, sequence, shared, dk));
                    }
                }
                let q = Rows::new(values.get(self.q.slot), self.q, sequence, head, dk);
                let log_sums = &mut log_sums[self.log_sums_of(sequence, head)];
                for from in (0..length).step_by(block) {
                    let rows = block.min(length - from);
                    let at = [sequence, from, rows];
                    let own = self.own.spans(tape.buffers, at, length);
                    let memory = self.memory.map(|memory| memory.spans(tape.buffers, at, length));
                    let memory = memory.unwrap_or(Spans::none(rows));
                    let hulls = [own.hull.clone(), memory.hull.clone()];
                    let keys = hulls[0].len() + hulls[1].len();
                    let scores = &mut scores[..rows * keys];
                    let q = q.matrix(from, rows);
                    let first = turned[0].matrix(dk, hulls[0].start, hulls[0].len());
                    product(R::ONE, q, first, scores, keys, false);
                    if !hulls[1].is_empty() {
                        let second = turned[1].matrix(dk, hulls[1].start, hulls[1].len());
                        product(R::ONE, q, second, &mut scores[hulls[0].len()..], keys, false);
                    }
                    let inverse = &mut inverse[..rows];
                    let log_sums = &mut log_sums[from..from + rows];
                    let parts = [own.part(hulls[0].clone()), memory.part(hulls[1].clone())];
                    exponentials(scores, parts[0], parts[1], R::of(self.scale), log_sums, inverse);
                    let y = &mut y[place(self.y.into(), sequence, from, head, dv)..];
                    let mut before = 0;
                    for (source, hull) in [Some(self.own), self.memory].iter().flatten().zip(&hulls) {
                        if !hull.is_empty() {
                            let p = Matrix::strided(&scores[before..], rows, hull.len(), keys);
                            let v = Rows::new(values.get(source.v.slot), source.v, sequence, shared, dv);
                            product(R::ONE, p, v.matrix(hull.start, hull.len()), y, width, before > 0);
                        }
                        before += hull.len();
                    }
                    normalise(y, width, dv, inverse);
                }
            }
        }
        tape.buffers.values.put(self.y, y);
        tape.buffers.values.put(self.log_sums, log_sums);
        let [own, memory] = turned.map(|turned| turned.data);
        [scores, inverse, own, memory].into_iter().for_each(|b| tape.buffers.gradients.give(b));
    }
}
