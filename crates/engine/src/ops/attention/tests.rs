use super::*;
use crate::Param;
use crate::ops::conformance::{Conformance, Draw};

#[derive(Debug)]
pub(crate) struct Case {
    shape: [usize; 2],
    /// keys in front of that of the first query
    ahead: usize,
    heads: [usize; 2],
    dk: usize,
    dv: usize,
    fused: bool,
    spans: Option<Vec<[u32; 2]>>,
    /// rows of a memory, and what each token reads of them
    memory: Option<(usize, Vec<[u32; 2]>)>,
}

impl Conformance for Case {
    fn draw(d: &mut Draw) -> Self {
        // Long sequences cross blocks of queries, and once in a while blocks of keys.
        let length = if d.one_in(200) {
            520 + d.below(80)
        } else if d.one_in(10) {
            30 + d.below(70)
        } else {
            d.size(1, 20)
        };
        let kv_heads = d.size(1, 3);
        let dk = d.size(1, 9);
        let dv = if d.one_in(2) { dk } else { d.size(1, 9) };
        let sequences = if length > 100 { 1 } else { d.size(1, 3) };
        let heads = [kv_heads * d.size(1, 3), kv_heads];
        let fused = d.one_in(2);
        let ahead = if fused || d.one_in(2) { 0 } else { d.size(1, 70) };
        // Any span at all; those of documents with pictures are among the tests of the models.
        let span = |d: &mut Draw| {
            let from = d.below(length);
            [from, from + 1 + d.below(length - from)].map(|at| at as u32)
        };
        let spans = (0..sequences * length).map(|_| span(d)).collect();
        let spans = (ahead == 0 && d.one_in(2)).then_some(spans);
        // Any span of a memory, many of them empty; whole blocks of tokens that read none of it among them.
        let rows = if d.one_in(20) { 500 + d.below(100) } else { d.size(1, 60) };
        let from = d.below(length + 1);
        let read = |d: &mut Draw, i: usize| {
            if i < from || d.one_in(4) {
                return [0; 2];
            }
            let from = d.below(rows);
            [from, from + d.below(rows - from + 1)].map(|at| at as u32)
        };
        let memory = (spans.is_none() && d.one_in(2))
            .then(|| (rows, (0..sequences * length).map(|i| read(d, i % length)).collect()));
        Self { shape: [sequences, length], ahead, heads, dk, dv, fused, spans, memory }
    }
    fn inputs(&self) -> Vec<[usize; 3]> {
        let ([b, t], [h, g]) = (self.shape, self.heads);
        let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
        let mut inputs = match self.fused {
            true => vec![[b, t, q + k + v]],
            false => vec![[b, t, q], [b, t + self.ahead, k], [b, t + self.ahead, v]],
        };
        if let Some((rows, _)) = self.memory {
            inputs.extend([[b, rows, k], [b, rows, v]]);
        }
        inputs
    }
    fn params(&self) -> Vec<Vec<usize>> {
        vec![]
    }
    fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
        let [h, g] = self.heads;
        let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
        let [q, k, v]: [Columns; 3] = match self.fused {
            true => [inputs[0].columns(0, q), inputs[0].columns(q, k), inputs[0].columns(q + k, v)],
            false => [inputs[0].into(), inputs[1].into(), inputs[2].into()],
        };
        let length = self.shape[1];
        match (&self.spans, &self.memory) {
            (Some(spans), _) => {
                let spans = tape.tokens(spans.as_flattened(), 2 * length);
                tape.attention_within(q, k, v, self.heads, 0.4, spans)
            }
            (None, Some((_, spans))) => {
                let spans = tape.tokens(spans.as_flattened(), 2 * length);
                let [.., keys, values] = *inputs else { unreachable!() };
                tape.attention_with_memory(q, k, v, self.heads, 0.4, Memory { keys, values, spans })
            }
            (None, None) => tape.attention(q, k, v, self.heads, 0.4),
        }
    }
    fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
        let [h, g] = self.heads;
        let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
        let parts: Vec<Vec<f64>> = if self.fused {
            let part = |from: usize, n: usize| {
                inputs[0].chunks(q + k + v).flat_map(|row| row[from..from + n].to_vec()).collect()
            };
            vec![part(0, q), part(q, k), part(q + k, v)]
        } else {
            inputs[..3].to_vec()
        };
        let keys = self.shape[1] + self.ahead;
        let mut read = vec![Naive { k: &parts[1], v: &parts[2], keys, spans: self.spans.as_deref() }];
        if let (Some((rows, spans)), [.., k, v]) = (&self.memory, inputs) {
            read.push(Naive { k, v, keys: *rows, spans: Some(spans) });
        }
        naive(&parts[0], &read, self.shape[1], self.heads, [self.dk, self.dv], 0.4)
    }
}

/// Where nobody reads of a memory, nothing moves by a bit: forward or back.
#[test]
fn a_memory_that_is_not_read_changes_nothing() {
    let draw = &mut Draw::of(7);
    let (shape, heads, params) = ([2, 70], [4, 2], crate::Params::<f32>::new(0));
    let numbers = |draw: &mut Draw, n: usize| draw.array(n).iter().map(|x| *x as f32).collect::<Vec<f32>>();
    let (x, memory) = (numbers(draw, 2 * 70 * 64), numbers(draw, 2 * 9 * 16));
    let mut found = Vec::new();
    for with in [false, true] {
        let (mut buffers, mut gradient) = (crate::Buffers::poisoned(), Vec::new());
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let x = tape.leaf(&x, [shape[0], shape[1], 64]);
        let [q, k, v] = [x.columns(0, 32), x.columns(32, 16), x.columns(48, 16)];
        let y = match with {
            true => {
                let [keys, values] = [0; 2].map(|_| tape.leaf(&memory, [2, 9, 16]));
                let spans = tape.tokens(&vec![3; 2 * 2 * 70], 140);
                tape.attention_with_memory(q, k, v, heads, 0.3, Memory { keys, values, spans })
            }
            false => tape.attention(q, k, v, heads, 0.3),
        };
        let value = tape.value(y).to_vec();
        tape.dot(y, &value);
        tape.backward();
        found.push((value, tape.gradient(x).unwrap().to_vec()));
    }
    assert!(found[0] == found[1]);
}
