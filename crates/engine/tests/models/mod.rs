//! Models for tests and timings, composed of ops as any user would: plain structs of handles.

// Every program of tests takes what it needs.
#![allow(dead_code)]

use isoloss_engine::{Activation, Init, Linear, Memory, Param, Params, Real, Rope, Slot, Tape, Tokens};

/// Sizes and options of both families.
#[derive(Clone, Debug)]
pub struct Shape {
    pub vocab: usize,
    /// longest sequence, for learned positions
    pub length: usize,
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head: usize,
    pub hidden: usize,
    pub tied: bool,
    /// biases in linear maps (GPT-2 has them)
    pub bias: bool,
    pub eps: f64,
    pub theta: f64,
}

impl Shape {
    /// GPT-2 type without biases, heads of 32, 256 bytes, context 128, tied: what the timings train.
    pub fn bytes(width: usize, layers: usize) -> Self {
        let heads = width / 32;
        Self {
            vocab: 256,
            length: 128,
            width,
            layers,
            heads,
            kv_heads: heads,
            head: 32,
            hidden: 4 * width,
            tied: true,
            bias: false,
            eps: 1e-5,
            theta: 1e4,
        }
    }
}

/// Adds the weights of a model under its names; the optimiser's group is 0 for matrices and 1 for vectors.
struct Maker<'a, R> {
    params: &'a mut Params<R>,
    bias: bool,
}

impl<R: Real> Maker<'_, R> {
    fn matrix(&mut self, name: &str, out: usize, inner: usize) -> Param {
        self.params.add(&format!("{name}.weight"), &[out, inner], Init::Normal(0.02), 0)
    }

    fn map(&mut self, name: &str, out: usize, inner: usize) -> Linear {
        let weight = self.matrix(name, out, inner);
        let bias = self.bias.then(|| self.params.add(&format!("{name}.bias"), &[out], Init::Constant(0.0), 1));
        Linear { weight, bias, scale: 1.0 }
    }

    fn vector(&mut self, name: &str, n: usize, value: f64) -> Param {
        self.params.add(name, &[n], Init::Constant(value), 1)
    }
}

/// x + attention(norm x), then + mlp(norm x), with LayerNorm and GELU.
pub struct GptBlock {
    norms: [[Param; 2]; 2],
    qkv: Linear,
    out: Linear,
    up: Linear,
    down: Linear,
    heads: usize,
    eps: f64,
}

impl GptBlock {
    pub fn new<R: Real>(params: &mut Params<R>, shape: &Shape, prefix: &str) -> Self {
        let (d, h) = (shape.width, shape.hidden);
        let mut make = Maker { params, bias: shape.bias };
        let mut norm = |n: usize| {
            let name = |end: &str| format!("{prefix}ln_{n}.{end}");
            [make.vector(&name("weight"), d, 1.0), make.vector(&name("bias"), d, 0.0)]
        };
        Self {
            norms: [norm(1), norm(2)],
            qkv: make.map(&format!("{prefix}attn.c_attn"), 3 * d, d),
            out: make.map(&format!("{prefix}attn.c_proj"), d, d),
            up: make.map(&format!("{prefix}mlp.c_fc"), h, d),
            down: make.map(&format!("{prefix}mlp.c_proj"), d, h),
            heads: shape.heads,
            eps: shape.eps,
        }
    }

    pub fn forward<R: Real>(&self, tape: &mut Tape<R>, x: Slot) -> Slot {
        let d = x.width();
        let n = tape.layernorm(x, self.norms[0][0], self.norms[0][1], self.eps);
        let qkv = tape.linear(n, self.qkv);
        let (q, k, v) = (qkv.columns(0, d), qkv.columns(d, d), qkv.columns(2 * d, d));
        let scale = ((d / self.heads) as f64).sqrt().recip();
        let a = tape.attention(q, k, v, [self.heads; 2], scale);
        let x = tape.linear_onto(x, a, self.out);
        let n = tape.layernorm(x, self.norms[1][0], self.norms[1][1], self.eps);
        let up = tape.linear(n, self.up);
        let h = tape.activation(up, Activation::GeluTanh);
        tape.linear_onto(x, h, self.down)
    }
}

/// x + attention(norm x), then + swiglu(norm x), with RMSNorm and rotary positions.
pub struct LlamaBlock {
    norms: [Param; 2],
    pub attention: LlamaAttention,
    gate: Param,
    up: Param,
    down: Param,
    eps: f64,
}

/// q, k, v and output projections around rotary grouped-query attention.
pub struct LlamaAttention {
    qkvo: [Param; 4],
    heads: [usize; 2],
    rope: Rope,
}

impl LlamaAttention {
    pub fn new<R: Real>(params: &mut Params<R>, shape: &Shape, prefix: &str) -> Self {
        let (d, q, kv) = (shape.width, shape.heads * shape.head, shape.kv_heads * shape.head);
        let mut make = Maker { params, bias: false };
        let mut map = |name: &str, out, inner| make.matrix(&format!("{prefix}{name}_proj"), out, inner);
        Self {
            qkvo: [map("q", q, d), map("k", kv, d), map("v", kv, d), map("o", d, q)],
            heads: [shape.heads, shape.kv_heads],
            rope: Rope::new(shape.head, shape.theta),
        }
    }

    /// onto + attention(x), or attention(x) alone.
    pub fn forward<R: Real>(&self, tape: &mut Tape<R>, x: Slot, onto: Option<Slot>) -> Slot {
        let [q, k, v, o] = self.qkvo;
        let (q, k, v) = (tape.linear(x, q), tape.linear(x, k), tape.linear(x, v));
        let (q, k) = (tape.rope(q, self.rope), tape.rope(k, self.rope));
        let a = tape.attention(q, k, v, self.heads, (self.rope.head as f64).sqrt().recip());
        match onto {
            Some(onto) => tape.linear_onto(onto, a, o),
            None => tape.linear(a, o),
        }
    }
}

impl LlamaBlock {
    pub fn new<R: Real>(params: &mut Params<R>, shape: &Shape, prefix: &str) -> Self {
        let (d, h) = (shape.width, shape.hidden);
        let attention = LlamaAttention::new(params, shape, &format!("{prefix}self_attn."));
        let mut make = Maker { params, bias: false };
        Self {
            norms: [
                make.vector(&format!("{prefix}input_layernorm.weight"), d, 1.0),
                make.vector(&format!("{prefix}post_attention_layernorm.weight"), d, 1.0),
            ],
            attention,
            gate: make.matrix(&format!("{prefix}mlp.gate_proj"), h, d),
            up: make.matrix(&format!("{prefix}mlp.up_proj"), h, d),
            down: make.matrix(&format!("{prefix}mlp.down_proj"), d, h),
            eps: shape.eps,
        }
    }

    pub fn forward<R: Real>(&self, tape: &mut Tape<R>, x: Slot) -> Slot {
        let n = tape.rmsnorm(x, self.norms[0], self.eps);
        let x = self.attention.forward(tape, n, Some(x));
        let n = tape.rmsnorm(x, self.norms[1], self.eps);
        let (gate, up) = (tape.linear(n, self.gate), tape.linear(n, self.up));
        let h = tape.swiglu(gate, up);
        tape.linear_onto(x, h, self.down)
    }
}

/// A whole language model, under the names that `transformers` gives its weights.
pub enum Model {
    Gpt { token: Param, position: Param, blocks: Vec<GptBlock>, norm: [Param; 2], head: Param, eps: f64 },
    Llama { token: Param, blocks: Vec<LlamaBlock>, norm: Param, head: Param, eps: f64 },
    Reader(Reader),
}

/// Attention that reads what it keeps of a text, between an embedding and a head.
pub struct Reader {
    token: Param,
    qkv: Param,
    out: Param,
    head: Param,
    heads: [usize; 2],
    width: usize,
}

/// Tokens of the text of every sequence, how many of them there are, and how many are kept.
const TEXT: [usize; 3] = [48, 45, 8];

impl Reader {
    fn loss<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, targets: Tokens, divisor: f64) -> Slot {
        let ([length, own, kept], [heads, kv_heads]) = (TEXT, self.heads);
        let (d, head) = (heads * self.width, self.width);
        let scale = (head as f64).sqrt().recip();
        let parts = |x: Slot| {
            [(0, d), (d, kv_heads * head), (d + kv_heads * head, kv_heads * head)].map(|(a, n)| x.columns(a, n))
        };
        let x = tape.embedding(inputs, self.token, None);
        let sequences = x.sequences();
        let [texts, _] = &bytes(1, sequences, length)[0];
        let texts = tape.tokens(texts, length);
        let text = tape.embedding(texts, self.token, None);
        let [read, text] = [x, text].map(|x| parts(tape.linear(x, self.qkv)));
        let lengths = tape.tokens(&vec![own as u32; sequences], 1);
        let chosen = tape.most_attended(text[0], text[1], self.heads, scale, lengths, kept);
        let places: Vec<u32> = (0..sequences).map(|s| (s * kept) as u32).collect();
        let places = tape.tokens(&places, 1);
        let [keys, values] = [text[1], text[2]].map(|x| tape.keep(x, chosen, kv_heads, places, [sequences, kept]));
        // The second half of a sequence reads all that is kept, the first reads nothing.
        let spans = |t: usize| if t < x.length() / 2 { [0, 0] } else { [0, kept as u32] };
        let spans: Vec<u32> = (0..sequences).flat_map(|_| (0..x.length()).flat_map(spans)).collect();
        let spans = tape.tokens(&spans, 2 * x.length());
        let [q, k, v] = read;
        let y = tape.attention_with_memory(q, k, v, self.heads, scale, Memory { keys, values, spans });
        let x = tape.linear_onto(x, y, self.out);
        tape.cross_entropy(x, self.head, targets, 0.0, divisor)
    }
}

impl Model {
    pub fn gpt<R: Real>(params: &mut Params<R>, s: &Shape) -> Self {
        let mut make = Maker { params, bias: false };
        let token = make.matrix("transformer.wte", s.vocab, s.width);
        let position = make.matrix("transformer.wpe", s.length, s.width);
        let block = |i| GptBlock::new(params, s, &format!("transformer.h.{i}."));
        let blocks = (0..s.layers).map(block).collect();
        let mut make = Maker { params, bias: false };
        let norm = [("weight", 1.0), ("bias", 0.0)];
        let norm = norm.map(|(end, value)| make.vector(&format!("transformer.ln_f.{end}"), s.width, value));
        let head = if s.tied { token } else { make.matrix("lm_head", s.vocab, s.width) };
        Self::Gpt { token, position, blocks, norm, head, eps: s.eps }
    }

    pub fn llama<R: Real>(params: &mut Params<R>, s: &Shape) -> Self {
        let token = Maker { params, bias: false }.matrix("model.embed_tokens", s.vocab, s.width);
        let block = |i| LlamaBlock::new(params, s, &format!("model.layers.{i}."));
        let blocks = (0..s.layers).map(block).collect();
        let mut make = Maker { params, bias: false };
        let norm = make.vector("model.norm.weight", s.width, 1.0);
        let head = if s.tied { token } else { make.matrix("lm_head", s.vocab, s.width) };
        Self::Llama { token, blocks, norm, head, eps: s.eps }
    }

    pub fn reader<R: Real>(params: &mut Params<R>, s: &Shape) -> Self {
        let (d, kv) = (s.width, s.kv_heads * s.head);
        let mut make = Maker { params, bias: false };
        let token = make.matrix("embed_tokens", s.vocab, d);
        let (qkv, out) = (make.matrix("qkv_proj", d + 2 * kv, d), make.matrix("o_proj", d, d));
        let head = make.matrix("lm_head", s.vocab, d);
        Self::Reader(Reader { token, qkv, out, head, heads: [s.heads, s.kv_heads], width: s.head })
    }

    /// Adds the mean loss to the tape; gives the losses of the tokens.
    pub fn loss<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, targets: Tokens, divisor: f64) -> Slot {
        match self {
            Self::Gpt { token, position, blocks, norm, head, eps } => {
                let x = tape.embedding(inputs, *token, Some(*position));
                let x = blocks.iter().fold(x, |x, block| block.forward(tape, x));
                let x = tape.layernorm(x, norm[0], norm[1], *eps);
                tape.cross_entropy(x, *head, targets, 0.0, divisor)
            }
            Self::Llama { token, blocks, norm, head, eps } => {
                let x = tape.embedding(inputs, *token, None);
                let x = blocks.iter().fold(x, |x, block| block.forward(tape, x));
                let x = tape.rmsnorm(x, *norm, *eps);
                tape.cross_entropy(x, *head, targets, 0.0, divisor)
            }
            Self::Reader(reader) => reader.loss(tape, inputs, targets, divisor),
        }
    }
}

/// Sequences of bytes with a rule that can be learnt, from a 64-bit linear congruential generator: the next byte is
/// 5 times this one plus 17 plus 0 to 3, so the floor of the loss is ln 4. `length` inputs and as many targets each.
pub fn bytes(batches: usize, sequences: usize, length: usize) -> Vec<[Vec<u32>; 2]> {
    let mut state: u64 = 12345;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32
    };
    let mut batch = |_| {
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..sequences {
            let mut token = next() & 255;
            for t in 0..=length {
                if t < length {
                    inputs.push(token);
                }
                if t > 0 {
                    targets.push(token);
                }
                token = (token * 5 + 17 + (next() & 3)) & 255;
            }
        }
        [inputs, targets]
    };
    (0..batches).map(&mut batch).collect()
}
