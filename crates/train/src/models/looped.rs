//! A transformer whose middle blocks are applied several times (Dehghani et al. 2018, arXiv 1807.03819): a prelude, a shared
//! stack, a coda, of which any may be empty.
//!
//! e = prelude(embedding), h_0 = e, h_t = shared(inject(h_{t-1}, e)) for t = 1..r, logits = W_h norm(coda(h_r))
//!
//! inject(h, e) is h, h + e, or W_i [h; e] (Geiping et al. 2025, arXiv 2502.05171, section 3). The loss is that of the last
//! loop, or, with a gate, Ouro's (Zhu et al. 2025, arXiv 2510.25741, section 3): with z_t = norm(coda(h_t)) and gates w z_t + b, a token leaves
//! behind loop t with probability p_t ([`isoloss_engine::ops::exits`]), and the loss is the mean of sum_t p_t c_t - bonus H(p). As its
//! loss on held-out windows counts sum_t p_t c_t.

use std::ops::Range;

use isoloss_engine::{Init, Linear, Param, Params, Real, Slot, Tape, Tokens};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shape::{shape, text_only};
use super::stack::{Applied, See, Stack, Way};
use super::{Role, Size, transformer};
use crate::config::{Start, Training};
use crate::corpora::Reading;
use crate::multiply_adds::MultiplyAdds;
use crate::refused::{Refused, not_negative, sized, within};

pub(super) const SAYS: &str = "a transformer whose middle blocks are applied several times, gates at will";

shape! {
    qk_norm: "crate::models::shape::no";
    /// The shape as an experiment writes it; what is left out follows from the rest.
    pub struct Shape {
        /// Blocks in front of the loop.
        #[serde(default)]
        pub prelude: usize,
        /// Blocks inside of the loop.
        pub shared: usize,
        /// Blocks behind the loop.
        #[serde(default)]
        pub coda: usize,
        /// How often the loop is run.
        pub loops: usize,
        /// What every loop is told of the prelude.
        #[serde(default)]
        pub injection: Injection,
        /// Gradients reach through so many loops, the last ones: through all by default.
        #[serde(default)]
        pub truncate: Option<usize>,
        /// Tokens may leave behind any loop.
        #[serde(default)]
        pub gate: Option<Gate>,
    }
}

/// What a loop is told of what came into the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Injection {
    /// Nothing: h
    #[default]
    None,
    /// h + e
    Add,
    /// `W_i [h; e]`, with 2 d_model^2 parameters
    Concat,
}

/// The gated objective.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What a nat of entropy of the exits is worth, in nats of loss: 0.1 and then 0.05 in Ouro.
    pub bonus: f64,
}

/// The shape in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// All blocks, those of the loop once.
    #[serde(flatten)]
    pub stack: transformer::Config,
    /// Blocks in front of the loop.
    pub prelude: usize,
    /// Blocks behind the loop.
    pub coda: usize,
    /// How often the loop is run.
    pub loops: usize,
    /// What every loop is told of the prelude.
    pub injection: Injection,
    /// Gradients reach through so many loops, the last ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<usize>,
    /// The gated objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
}

impl Shape {
    pub(super) fn complete(&self, reading: &Reading) -> Result<Config, Refused> {
        let vocab_size = text_only(reading, "looped")?;
        let Self { prelude, shared, coda, loops, injection, truncate, gate, .. } = *self;
        sized("shared", shared)?;
        sized("loops", loops)?;
        for (setting, n) in [("prelude", prelude), ("coda", coda)] {
            within(setting, n as f64, n == 0 || sized(setting, n).is_ok(), "between 0 and 2^20")?;
        }
        if let Some(through) = truncate {
            let says = format!("a number of loops from 1 to {loops}");
            within("truncate", through as f64, (1..=loops).contains(&through), &says)?;
            if through < loops && injection == Injection::None {
                let says = "cuts all that is in front of the loop off from the loss: it needs injection = \"add\" or \"concat\"";
                return Err(Refused::new("truncate", says));
            }
        }
        if let Some(gate) = gate {
            not_negative("gate.bonus", gate.bonus)?;
        }
        let stack = self.common().complete(prelude + shared + coda, vocab_size)?;
        Ok(Config { stack, prelude, coda, loops, injection, truncate, gate })
    }
}

impl Config {
    /// Blocks inside of the loop.
    fn shared(&self) -> usize {
        self.stack.n_layer - self.prelude - self.coda
    }

    /// Blocks that a token passes.
    pub(super) fn depth(&self) -> usize {
        self.prelude + self.shared() * self.loops + self.coda
    }

    /// How often the coda and the head are applied.
    fn exits(&self) -> usize {
        if self.gate.is_some() { self.loops } else { 1 }
    }

    pub(super) fn suits(&self, training: &Training) -> Result<(), Refused> {
        match self.gate.is_some() && training.z_loss > 0.0 {
            true => {
                Err(Refused::new("z_loss", "is no part of the gated objective: set it to 0, or the model without gate"))
            }
            false => Ok(()),
        }
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        let d = self.stack.d_model as u64;
        let (loops, exits) = (self.loops as u64, self.exits());
        let coda = self.stack.n_layer - self.coda;
        // Without exits nothing is asked of the loops in front of the cut; of the prelude only what is injected behind it.
        let cut = if self.gate.is_some() { 0 } else { self.loops - self.truncate.unwrap_or(self.loops) };
        let back = usize::from(cut == 0 || self.injection != Injection::None);
        let blocks = |number: usize| match number {
            _ if number < self.prelude => [1, back],
            _ if number < coda => [self.loops, self.loops - cut],
            _ => [exits; 2],
        };
        let (mut size, of_block) =
            self.stack.with_parts(|parts| (parts.size(seq_len, Applied { blocks, heads: exits }), parts.block(0)));
        let [injection, joined] = match self.injection {
            Injection::None => [0, 0],
            Injection::Add => [0, d],
            Injection::Concat => [2 * d * d, 3 * d],
        };
        let recurrent = self.shared() as u64 * of_block + injection;
        let [gate, gated] = if self.gate.is_some() { [d + 1, loops * d] } else { [0, 0] };
        size.stored += injection + gate;
        size.active = size.stored;
        size.effective = size.stored + (loops - 1) * recurrent;
        size.recurrent = Some(recurrent);
        size.multiply_adds +=
            MultiplyAdds::plain(seq_len as f64 * injection as f64).times([self.loops, self.loops - cut]);
        size.multiply_adds += MultiplyAdds::plain(seq_len as f64 * gated as f64);
        size.activations += seq_len as f64 * (loops * joined + if gate > 0 { 8 * loops } else { 0 }) as f64;
        size
    }
}

/// The model: handles to its weights, and what its ops need to know.
#[derive(Clone, Debug)]
pub struct Model {
    stack: Stack,
    inject: Option<Param>,
    /// with the bonus
    gate: Option<(Linear, f64)>,
    /// blocks of the loop, among all
    inside: Range<usize>,
    all: usize,
    loops: usize,
    /// the loop in front of which gradients end
    cut: usize,
    injection: Injection,
}

impl Config {
    pub(super) fn build<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Model {
        let d = self.stack.d_model;
        let stack = self.stack.build(params, start);
        let inject = (self.injection == Injection::Concat).then(|| {
            let init = Init::Normal(start.hidden / (2.0 * d as f64).sqrt());
            params.add("inject", &[d, 2 * d], init, Role::Hidden.group())
        });
        let gate = self.gate.map(|gate| {
            let init = Init::Normal(start.head / (d as f64).sqrt());
            let weight = params.add("gate", &[1, d], init, Role::Head.group());
            let bias = params.add("gate_bias", &[1], Init::Constant(0.0), Role::Norm.group());
            (Linear { weight, bias: Some(bias), scale: 1.0 }, gate.bonus)
        });
        let Config { prelude, coda, loops, injection, truncate, .. } = *self;
        let all = self.stack.n_layer;
        let cut = loops - truncate.unwrap_or(loops);
        Model { stack, inject, gate, inside: prelude..all - coda, all, loops, cut, injection }
    }
}

impl Model {
    pub(super) fn loss<R: Real>(
        &self,
        tape: &mut Tape<R>,
        inputs: Tokens,
        targets: Tokens,
        z_loss: f64,
        divisor: f64,
    ) -> Slot {
        let ends = self.walk(tape, inputs, &mut |_, _| {});
        let Some(p) = self.leave(tape, &ends, targets, divisor) else {
            return tape.cross_entropy(last(&ends), self.stack.head(), targets, z_loss, divisor);
        };
        let mut expected: Option<Slot> = None;
        for (t, &z) in ends.iter().enumerate() {
            let losses = tape.weighed_cross_entropy(z, self.stack.head(), targets, p.columns(t, 1), divisor);
            let share = tape.multiply(p.columns(t, 1), losses);
            expected = Some(expected.map_or(share, |sum| tape.add(sum, share)));
        }
        expected.expect("there is a loop")
    }

    /// Behind the last loop, gates or none.
    pub(super) fn logits<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Slot {
        let ends = self.walk(tape, inputs, &mut |_, _| {});
        tape.linear(last(&ends), self.stack.head())
    }

    pub(super) fn observe<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Vec<(String, Slot)> {
        let mut seen = Vec::new();
        let ends = self.walk(tape, inputs, &mut |name, slot| seen.push((name.to_string(), slot)));
        seen.push(("logits".to_owned(), tape.linear(last(&ends), self.stack.head())));
        seen
    }

    /// The probabilities of leaving behind each loop, `[sequences, length, loops]`; none without gates.
    pub(super) fn exits<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Option<Slot> {
        let ends = self.walk(tape, inputs, &mut |_, _| {});
        self.leave(tape, &ends, inputs, 1.0)
    }

    /// The same for a training: the entropy of the exits counts where a target does.
    fn leave<R: Real>(&self, tape: &mut Tape<R>, ends: &[Slot], targets: Tokens, divisor: f64) -> Option<Slot> {
        let (linear, bonus) = self.gate?;
        let mut gates = tape.linear(ends[0], linear);
        for &z in &ends[1..] {
            let next = tape.linear(z, linear);
            gates = tape.concat(gates, next);
        }
        Some(tape.exits(gates, targets, bonus, divisor))
    }

    /// From tokens to what the head reads behind every loop at which a token may leave: the last one, or each of them.
    fn walk<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, see: &mut See) -> Vec<Slot> {
        let Self { inside, all, loops, .. } = self;
        let x = self.stack.embed(tape, inputs, see);
        let e = self.stack.pass(tape, x, 0..inside.start, Way::behind(0), see);
        let mut ends = Vec::with_capacity(*loops);
        let mut h = e;
        for t in 0..*loops {
            if t == self.cut && t > 0 {
                h = tape.detached(h);
            }
            h = match (self.injection, self.inject) {
                (Injection::Add, _) => tape.add(h, e),
                (_, Some(inject)) => {
                    let joined = tape.concat(h, e);
                    tape.linear(joined, inject)
                }
                _ => h,
            };
            let before = inside.start + t * inside.len();
            h = self.stack.pass(tape, h, inside.clone(), Way::behind(before), see);
            if self.gate.is_some() || t + 1 == *loops {
                let x = self.stack.pass(tape, h, inside.end..*all, Way::behind(before + inside.len()), see);
                ends.push(self.stack.read(tape, x));
            }
        }
        ends
    }
}

fn last(ends: &[Slot]) -> Slot {
    *ends.last().expect("there is a loop")
}
