//! Outputs, gradients and trajectories of public implementations, file by file.
//!
//! A folder of files is walked: `tests/golden` (its README says what they are and how they were made) or the one that
//! `ISOLOSS_GOLDEN` names. Op, sizes and numbers come from each file, so other shapes need no new line.

mod common;
mod models;

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::{Golden, difference};
use isoloss_engine::{
    Activation, Buffers, Columns, Decay, DeltaRule, Group, Init, Linear, Memory, Optimiser, Param, Params, Plan, Real,
    Rule, Slot, Step, Tape,
};
use models::{GptBlock, LlamaAttention, LlamaBlock, Model, Shape};

#[test]
fn golden() {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let folder = PathBuf::from(std::env::var("ISOLOSS_GOLDEN").unwrap_or_else(|_| default.into()));
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "safetensors"));
    paths.sort();
    let (mut checked, mut failed) = (0, Vec::new());
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = Golden::read(&path);
        let found = if file.single() { check::<f32>(&file) } else { check::<f64>(&file) };
        let Some(found) = found else {
            println!("UNKNOWN {name}: no test for the op {:?}", file.op());
            continue;
        };
        checked += 1;
        let mut worst: BTreeMap<String, f64> = BTreeMap::new();
        for (what, difference, allowed) in &found.0 {
            let kind = what.split('.').next().unwrap().to_owned();
            let entry = worst.entry(kind).or_default();
            *entry = entry.max(*difference);
            if difference.is_nan() || difference > allowed {
                failed.push(format!("{name}: {what} differs by {difference:e}, allowed {allowed:e}"));
            }
        }
        let worst: Vec<String> = worst.iter().map(|(kind, d)| format!("{kind} {d:.1e}")).collect();
        println!("{name}: {} tensors, worst {}", found.0.len(), worst.join(", "));
    }
    println!("{checked} files checked");
    assert!(checked > 0, "there is no file with a known op in {}", folder.display());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What was compared: its name, the difference, the difference allowed.
struct Found(Vec<(String, f64, f64)>);

impl Found {
    fn output(&mut self, file: &Golden, name: &str, got: &[f64]) {
        let allowed = if file.single() { 2e-5 } else { 1e-12 };
        self.0.push((name.into(), difference(got, file.get(name)), allowed));
    }

    fn gradient(&mut self, file: &Golden, name: &str, got: &[f64]) {
        let allowed = if file.single() { 2e-4 } else { 1e-10 };
        self.0.push((name.into(), difference(got, file.get(name)), allowed));
    }
}

fn check<R: Real>(file: &Golden) -> Option<Found> {
    let mut found = Found(Vec::new());
    match file.op() {
        "rmsnorm" => {
            let eps = file.number("eps", 1e-5);
            layer::<R, _>(file, &mut found, |_, _| (), |tape, x, w, ()| tape.rmsnorm(x, w["weight"], eps));
        }
        "layernorm" => {
            let eps = file.number("eps", 1e-5);
            layer::<R, _>(file, &mut found, |_, _| (), |tape, x, w, ()| tape.layernorm(x, w["weight"], w["bias"], eps));
        }
        "swiglu" => layer::<R, _>(
            file,
            &mut found,
            |_, _| (),
            |tape, x, w, ()| {
                let (gate, up) = (tape.linear(x, w["gate_proj.weight"]), tape.linear(x, w["up_proj.weight"]));
                let h = tape.swiglu(gate, up);
                tape.linear(h, w["down_proj.weight"])
            },
        ),
        "causal_depthwise_conv_silu" => layer::<R, _>(
            file,
            &mut found,
            |_, _| (),
            |tape, x, w, ()| {
                let y = tape.short_conv(x, w["weight"]);
                tape.activation(y, Activation::Silu)
            },
        ),
        "explicit_memory_attention" => memory::<R>(file, &mut found),
        "patch_embed" => {
            let (patch, channels) = (file.number("patch", 4.0) as usize, file.shape("in.x")[1]);
            layer::<R, _>(
                file,
                &mut found,
                |_, _| (),
                |tape, x, w, ()| {
                    let map = Linear { weight: w["weight"], bias: Some(w["bias"]), scale: 1.0 };
                    tape.patch_embed(x, channels, patch, map)
                },
            );
        }
        "causal_gqa_rope" => layer::<R, _>(
            file,
            &mut found,
            |params, shape| LlamaAttention::new(params, shape, ""),
            |tape, x, _, attention| attention.forward(tape, x, None),
        ),
        "llama_block" => layer::<R, _>(
            file,
            &mut found,
            |params, shape| LlamaBlock::new(params, shape, ""),
            |tape, x, _, block| block.forward(tape, x),
        ),
        "gpt2_block" => layer::<R, _>(
            file,
            &mut found,
            |params, shape| GptBlock::new(params, shape, ""),
            |tape, x, _, block| block.forward(tape, x),
        ),
        "kda_recurrent" | "gated_delta_rule_recurrent" => delta_rule::<R>(file, &mut found),
        "kda_gate" => decays::<R>(file, &mut found),
        "activations" => activations::<R>(file, &mut found),
        "cross_entropy" => cross_entropy::<R>(file, &mut found),
        "adamw" => adamw::<R>(file, &mut found),
        "train_trajectory" => {
            trajectory::<R>(file, &mut found, file.single());
            // What is trained in f64 is trained in f32 too, and must end near it.
            if !file.single() {
                trajectory::<f32>(file, &mut found, true);
            }
        }
        _ => return None,
    }
    Some(found)
}

fn cast<R: Real>(x: &[f64]) -> Vec<R> {
    x.iter().map(|&v| R::of(v)).collect()
}

fn back<R: Real>(x: &[R]) -> Vec<f64> {
    x.iter().map(|v| v.to_f64()).collect()
}

/// GPT-2 keeps the matrices of its linear maps as `[in, out]`.
fn turned(name: &str) -> bool {
    ["c_attn.weight", "c_proj.weight", "c_fc.weight"].iter().any(|end| name.ends_with(end))
}

/// The transpose of a matrix of `rows` rows.
fn transpose(x: &[f64], rows: usize) -> Vec<f64> {
    let columns = x.len() / rows;
    (0..x.len()).map(|i| x[i % rows * columns + i / rows]).collect()
}

/// Sizes of a layer or model, from its case where it names them and from its weights.
fn shape(file: &Golden, prefix: &str) -> Shape {
    let rows = |end: &str| {
        let name = file.under(prefix).find(|n| n.ends_with(end)).map(|n| format!("{prefix}{n}"));
        name.map(|n| file.shape(&n).to_vec())
    };
    let heads = file.number("H", 1.0) as usize;
    let token = rows("embed_tokens.weight").or_else(|| rows("wte.weight"));
    let width = token.as_ref().map_or(file.number("D", 0.0) as usize, |s| s[1]);
    let head = file.number("head_dim", (width / heads) as f64) as usize;
    Shape {
        vocab: token.map_or(0, |s| s[0]),
        length: rows("wpe.weight").map_or(0, |s| s[0]),
        width,
        layers: file.number("L", 1.0) as usize,
        heads,
        kv_heads: rows("k_proj.weight").map_or(heads, |s| s[0] / head),
        head,
        hidden: rows("gate_proj.weight").map(|s| s[0]).or_else(|| rows("c_fc.weight").map(|s| s[1])).unwrap_or(0),
        tied: file.config["tied"].as_bool().unwrap_or(rows("lm_head.weight").is_none()),
        bias: rows("c_fc.bias").is_some(),
        eps: ["norm_eps", "rms_eps", "ln_eps", "eps"].iter().find_map(|k| file.config[k].as_f64()).unwrap_or(1e-5),
        theta: file.number("rope_theta", 1e4),
    }
}

/// A layer y = f(x; w): output, gradient of x, gradients of the weights under the cotangent.
fn layer<R: Real, M>(
    file: &Golden,
    found: &mut Found,
    make: impl Fn(&mut Params<R>, &Shape) -> M,
    forward: impl Fn(&mut Tape<R>, Slot, &BTreeMap<String, Param>, &M) -> Slot,
) {
    let mut params = Params::<R>::new(0);
    let model = make(&mut params, &shape(file, "w."));
    let mut handles = BTreeMap::new();
    for name in file.under("w.") {
        let values = file.get(&format!("w.{name}"));
        let shape = file.shape(&format!("w.{name}"));
        let known = params.get(name);
        let handle = known.unwrap_or_else(|| params.add(name, shape, Init::Constant(0.0), 0));
        let values = if turned(name) { transpose(values, shape[0]) } else { values.to_vec() };
        params.view_mut(handle).copy_from_slice(&cast(&values));
        handles.insert(name.to_owned(), handle);
    }
    assert_eq!(handles.len(), params.entries().len(), "the file has other weights than the model");
    let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; params.count()]);
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
    // Of a picture the rows of all channels lie one behind the other.
    let [sequences, between @ .., width] = file.shape("in.x") else { panic!("rows") };
    let x = tape.leaf(&cast(file.get("in.x")), [*sequences, between.iter().product(), *width]);
    let y = forward(&mut tape, x, &handles, &model);
    found.output(file, "out.y", &back(tape.value(y)));
    tape.dot(y, &cast(file.get("cot.y")));
    tape.backward();
    found.gradient(file, "grad.x", &back(tape.gradient(x).unwrap()));
    for (name, handle) in handles {
        let got = back(&gradient[handle.range()]);
        let got = if turned(&name) { transpose(&got, handle.rows()) } else { got };
        found.gradient(file, &format!("grad.{name}"), &got);
    }
}

fn activations<R: Real>(file: &Golden, found: &mut Found) {
    let known = [
        ("tanh", Activation::GeluTanh),
        ("erf", Activation::GeluErf),
        ("silu", Activation::Silu),
        ("softplus", Activation::Softplus),
        ("relu2", Activation::Relu2),
    ];
    let x: Vec<R> = cast(file.get("in.x"));
    for name in file.under("out.") {
        let f = known.iter().find(|k| k.0 == name).unwrap_or_else(|| panic!("no activation {name}")).1;
        let params = Params::<R>::new(0);
        let mut buffers = Buffers::poisoned();
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut []));
        let x = tape.leaf(&x, [1, x.len(), 1]);
        let y = tape.activation(x, f);
        found.output(file, &format!("out.{name}"), &back(tape.value(y)));
        tape.dot(y, &vec![R::ONE; y.len()]);
        tape.backward();
        found.gradient(file, &format!("grad.{name}"), &back(tape.gradient(x).unwrap()));
    }
}

/// Outputs and last state of the gated delta rule, and all gradients under both cotangents.
fn delta_rule<R: Real>(file: &Golden, found: &mut Found) {
    let params = Params::<R>::new(0);
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut []));
    let names = ["q", "k", "v", "g", "beta"];
    let leaves = names.map(|name| {
        let shape = file.shape(&format!("in.{name}"));
        let width = shape[2..].iter().product();
        tape.leaf(&cast(file.get(&format!("in.{name}"))), [shape[0], shape[1], width])
    });
    let &[sequences, value_heads, dk, dv] = file.shape("in.S0") else { panic!("a state of four dimensions") };
    let initial = tape.leaf(&cast(file.get("in.S0")), [sequences, value_heads * dk, dv]);
    let [q, k, v, decay, beta] = leaves.map(Columns::from);
    let (heads, scale) = (file.shape("in.q")[2], file.number("scale", 1.0));
    let rule = DeltaRule { q, k, v, decay, beta, heads, value_heads, scale, initial: Some(initial) };
    let (o, last) = tape.delta_rule(rule);
    found.output(file, "out.o", &back(tape.value(o)));
    found.output(file, "out.S", &back(tape.value(last)));
    tape.dot(o, &cast(file.get("cot.o")));
    tape.dot(last, &cast(file.get("cot.S")));
    tape.backward();
    for (name, leaf) in names.into_iter().zip(leaves).chain([("S0", initial)]) {
        found.gradient(file, &format!("grad.{name}"), &back(tape.gradient(leaf).unwrap()));
    }
}

/// Attention with a memory of every token's own: the rows of a token lie one behind the other, those that are valid first.
fn memory<R: Real>(file: &Golden, found: &mut Found) {
    let params = Params::<R>::new(0);
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut []));
    let &[sequences, length, kv_heads, each, width] = file.shape("in.mem_k") else { panic!("memories of tokens") };
    let heads = file.shape("in.q")[1];
    // [sequences, heads, length, width] to [sequences, length, heads x width], and back
    let turn = |x: &[f64], [outer, inner]: [usize; 2]| -> Vec<f64> {
        let of = |s: usize, i: usize, o: usize| &x[((s * outer + o) * inner + i) * width..][..width];
        let rows = (0..sequences).flat_map(|s| (0..inner).map(move |i| (s, i)));
        rows.flat_map(|(s, i)| (0..outer).flat_map(move |o| of(s, i, o).to_vec())).collect()
    };
    let [q, k, v] = [("in.q", heads), ("in.k", kv_heads), ("in.v", kv_heads)].map(|(name, heads)| {
        tape.leaf(&cast(&turn(file.get(name), [heads, length])), [sequences, length, heads * width])
    });
    // Where row m of token t lies, which head g of the file has at (t, g, m).
    let valid: Vec<&[f64]> = file.get("in.mem_valid").chunks(each).collect();
    let order: Vec<Vec<usize>> = valid
        .iter()
        .map(|valid| {
            let mut order: Vec<usize> = (0..each).collect();
            order.sort_by_key(|m| valid[*m] == 0.0);
            order
        })
        .collect();
    let at = |token: usize, s: usize, g: usize| ((token * kv_heads + g) * each + order[token][s]) * width;
    let rows =
        || (0..sequences * length).flat_map(|t| (0..each).flat_map(move |s| (0..kv_heads).map(move |g| (t, s, g))));
    let [keys, values] = ["in.mem_k", "in.mem_v"].map(|name| {
        let of = file.get(name);
        let rows: Vec<f64> = rows().flat_map(|(t, s, g)| of[at(t, s, g)..][..width].to_vec()).collect();
        tape.leaf(&cast(&rows), [sequences, length * each, kv_heads * width])
    });
    let span = |(t, valid): (usize, &&[f64])| {
        let from = t % length * each;
        [from, from + valid.iter().filter(|x| **x != 0.0).count()].map(|at| at as u32)
    };
    let spans: Vec<[u32; 2]> = valid.iter().enumerate().map(span).collect();
    let spans = tape.tokens(spans.as_flattened(), 2 * length);
    let memory = Memory { keys, values, spans };
    let y = tape.attention_with_memory(q, k, v, [heads, kv_heads], file.number("scale", 1.0), memory);
    found.output(file, "out.o", &turn(&back(tape.value(y)), [length, heads]));
    tape.dot(y, &cast(&turn(file.get("cot.o"), [heads, length])));
    tape.backward();
    for (name, leaf, heads) in [("q", q, heads), ("k", k, kv_heads), ("v", v, kv_heads)] {
        let gradient = turn(&back(tape.gradient(leaf).unwrap()), [length, heads]);
        found.gradient(file, &format!("grad.{name}"), &gradient);
    }
    for (name, leaf) in [("mem_k", keys), ("mem_v", values)] {
        let gradient = back(tape.gradient(leaf).unwrap());
        let mut laid = vec![0.0; gradient.len()];
        for ((t, s, g), row) in rows().zip(gradient.chunks(width)) {
            laid[at(t, s, g)..][..width].copy_from_slice(row);
        }
        found.gradient(file, &format!("grad.{name}"), &laid);
    }
}

/// Both forms of log-decays, with what their rates and biases learn.
fn decays<R: Real>(file: &Golden, found: &mut Found) {
    let bound = -file.number("lower_bound", -5.0);
    for (form, out, grad) in
        [(Decay::Softplus, "out.g", "grad"), (Decay::Bounded(bound), "out.g_lowerbound", "grad_lowerbound")]
    {
        let mut params = Params::<R>::new(0);
        let weights = ["A_log", "dt_bias"].map(|name| {
            let values: Vec<R> = cast(file.get(&format!("w.{name}")));
            let param = params.add(name, &[values.len()], Init::Constant(0.0), 0);
            params.view_mut(param).copy_from_slice(&values);
            (name, param)
        });
        let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; params.count()]);
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let &[sequences, length, heads, width] = file.shape("in.g_raw") else { panic!("decays of heads") };
        let x = tape.leaf(&cast(file.get("in.g_raw")), [sequences, length, heads * width]);
        let [(_, rate), (_, bias)] = weights;
        let g = tape.decay(x, rate, bias, form);
        found.output(file, out, &back(tape.value(g)));
        tape.dot(g, &cast(file.get("cot.y")));
        tape.backward();
        found.gradient(file, &format!("{grad}.g_raw"), &back(tape.gradient(x).unwrap()));
        for (name, param) in weights {
            found.gradient(file, &format!("{grad}.{name}"), &back(&gradient[param.range()]));
        }
    }
}

/// The logits are x W^T with the identity for W.
fn cross_entropy<R: Real>(file: &Golden, found: &mut Found) {
    let targets = file.tokens("in.targets");
    let (rows, vocab) = (targets.len(), *file.shape("in.logits").last().unwrap());
    let mut params = Params::<R>::new(0);
    let head = params.add("head", &[vocab, vocab], Init::Constant(0.0), 0);
    for i in 0..vocab {
        params.view_mut(head)[i * vocab + i] = R::ONE;
    }
    let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; params.count()]);
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
    let x = tape.leaf(&cast(file.get("in.logits")), [1, rows, vocab]);
    let counted = targets.iter().filter(|&&t| t != isoloss_engine::IGNORE).count() as f64;
    let targets = tape.tokens(&targets, rows);
    let losses = tape.cross_entropy(x, head, targets, file.number("z_loss_coef", 0.0), counted);
    let mean = back(tape.value(losses)).iter().sum::<f64>() / counted;
    found.output(file, "out.ce_mean_nats", &[mean]);
    found.output(file, "out.zloss", &[tape.loss() - mean]);
    tape.backward();
    found.gradient(file, "grad.logits", &back(tape.gradient(x).unwrap()));
}

/// Two arrays moved by given gradients, as an optimiser over both.
fn adamw<R: Real>(file: &Golden, found: &mut Found) {
    let mut params = Params::<R>::new(0);
    let names = ["p", "q"];
    let handles = names.map(|n| {
        let initial = format!("in.{n}0");
        let handle = params.add(n, file.shape(&initial), Init::Constant(0.0), 0);
        params.view_mut(handle).copy_from_slice(&cast(file.get(&initial)));
        handle
    });
    let mut optimiser = optimiser(file, &params, file.number("weight_decay", 0.0));
    let steps = file.shape("in.grad_p")[0];
    let (mut norms, mut paths) = (Vec::new(), [Vec::new(), Vec::new()]);
    for s in 0..steps {
        let mut gradient = Vec::new();
        for (n, h) in names.iter().zip(handles) {
            let size = h.range().len();
            gradient.extend(cast::<R>(&file.get(&format!("in.grad_{n}"))[s * size..(s + 1) * size]));
        }
        let norm = gradient.iter().map(|g| g.to_f64() * g.to_f64()).sum::<f64>().sqrt();
        let clip = file.config["clip"].as_f64().map_or(1.0, |c| (c / (norm + file.number("clip_eps", 1e-6))).min(1.0));
        optimiser.update(&mut params, &gradient, file.number("lr", 0.0), clip);
        norms.push(norm);
        handles.iter().zip(&mut paths).for_each(|(h, path)| path.extend(back(params.view(*h))));
    }
    found.output(file, "out.global_norm_before_clip", &norms);
    found.output(file, "out.p", &paths[0]);
    found.output(file, "out.q", &paths[1]);
    let (first, second, _) = optimiser.state();
    found.output(file, "out.exp_avg_p", &back(&first[handles[0].range()]));
    found.output(file, "out.exp_avg_sq_p", &back(&second[handles[0].range()]));
}

/// The optimiser of a case; vectors are in group 1.
fn optimiser<R: Real>(file: &Golden, params: &Params<R>, decay: f64) -> Optimiser<R> {
    let on = file.config["wd_on"].as_str().unwrap_or("all");
    let vectors = if on.contains("all") { decay } else { 0.0 };
    let group = |weight_decay| Group { rule: Rule::AdamW, lr: 1.0, weight_decay };
    let mut optimiser = Optimiser::new(params, &[decay, vectors].map(group));
    let betas = file.config["betas"].as_array().unwrap();
    optimiser.betas = [betas[0].as_f64().unwrap(), betas[1].as_f64().unwrap()];
    optimiser.eps = file.number("eps", 1e-8);
    optimiser
}

/// Training from given weights: every loss and norm, and the weights at the end. Chunks of two sequences, two shards.
fn trajectory<R: Real>(file: &Golden, found: &mut Found, single: bool) {
    let mut params = Params::<R>::new(0);
    // `eps` is the optimiser's in these files.
    let shape = Shape { eps: file.number("norm_eps", file.number("ln_eps", 1e-5)), ..shape(file, "w0.") };
    let gpt = file.under("w0.").any(|n| n.ends_with("wte.weight"));
    let model = if gpt { Model::gpt(&mut params, &shape) } else { Model::llama(&mut params, &shape) };
    // A file may leave out the name of the outer module.
    let name_in = |prefix: &str, name: &str| {
        let plain = name.trim_start_matches("transformer.").trim_start_matches("model.");
        let named = [name, plain].map(|n| format!("{prefix}{n}"));
        named.into_iter().find(|n| file.tensors.contains_key(n)).unwrap_or_else(|| panic!("there is no {name}"))
    };
    for entry in params.entries().to_vec() {
        let name = name_in("w0.", &entry.name);
        let values = file.get(&name);
        let values = if turned(&name) { transpose(values, file.shape(&name)[0]) } else { values.to_vec() };
        params.view_mut(entry.param).copy_from_slice(&cast(&values));
    }
    let mut optimiser = optimiser(file, &params, file.number("wd", 0.0));
    let [steps, sequences, length]: [usize; 3] = file.shape("in.tokens").try_into().unwrap();
    let length = length - 1;
    let tokens = file.tokens("in.tokens");
    let mut step = Step::new(&params, Plan { chunk: 2, shards: 2 }, 2);
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for s in 0..steps {
        let batch = &tokens[s * sequences * (length + 1)..];
        let part = |range: std::ops::Range<usize>, from: usize| -> Vec<u32> {
            let row = |i: usize| &batch[i * (length + 1) + from..][..length];
            range.flat_map(row).copied().collect()
        };
        let outcome = step.gradient(&params, sequences, |tape, range| {
            let inputs = tape.tokens(&part(range.clone(), 0), length);
            let targets = tape.tokens(&part(range, 1), length);
            model.loss(tape, inputs, targets, (sequences * length) as f64);
        });
        losses.push(outcome.loss);
        norms.push(outcome.grad_norm);
        step.update(&mut params, &mut optimiser, file.number("lr", 0.0), file.config["clip"].as_f64());
    }
    let kind = if single { "in f32." } else { "" };
    let allowed = if single { 2e-4 } else { 1e-10 };
    for (name, got) in [("out.loss_nats", &losses), ("out.grad_norm", &norms)] {
        found.0.push((format!("{kind}{name}"), difference(got, file.get(name)), allowed));
    }
    // In f32 the ends of biases of keys are not compared: they move every score of a row alike, so their gradient is
    // rounding alone, and Adam moves them by it as far as any other.
    let compared = |name: &str| !single || !(name.ends_with("k_proj.bias") || name.ends_with("c_attn.bias"));
    for entry in params.entries().iter().filter(|e| compared(&e.name)) {
        let name = name_in("w_end.", &entry.name);
        let got = back(params.view(entry.param));
        let got = if turned(&name) { transpose(&got, entry.param.rows()) } else { got };
        found.0.push((format!("{kind}{name}"), difference(&got, file.get(&name)), allowed));
    }
}
