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
        Self { shape: [sequences, length], ahead, heads, dk, dv, fused, spans }
    }
    fn inputs(&self) -> Vec<[usize; 3]> {
        let ([b, t], [h, g]) = (self.shape, self.heads);
        let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
        if self.fused {
            return vec![[b, t, q + k + v]];
        }
        vec![[b, t, q], [b, t + self.ahead, k], [b, t + self.ahead, v]]
    }
    fn params(&self) -> Vec<Vec<usize>> {
        vec![]
    }
    fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
        let [h, g] = self.heads;
        let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
        let parts: [Columns; 3] = match inputs {
            [x] => [x.columns(0, q), x.columns(q, k), x.columns(q + k, v)],
            _ => [inputs[0].into(), inputs[1].into(), inputs[2].into()],
        };
        let [q, k, v] = parts;
        match &self.spans {
            Some(spans) => {
                let spans = tape.tokens(spans.as_flattened(), 2 * self.shape[1]);
                tape.attention_within(q, k, v, self.heads, 0.4, spans)
            }
            None => tape.attention(q, k, v, self.heads, 0.4),
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
            inputs.to_vec()
        };
        let lengths = [self.shape[1], self.shape[1] + self.ahead];
        let spans = self.spans.as_deref();
        naive(&parts[0], &parts[1], &parts[2], lengths, self.heads, [self.dk, self.dv], 0.4, spans)
    }
}
