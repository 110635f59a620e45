//! Models of pictures and text: who reads whom, what is counted, and what is learnt of a picture.

use std::path::PathBuf;
use std::sync::Arc;

use isoloss_engine::{Buffers, Params, Slot, Tape, executed_flops, naive, ops};
use isoloss_train::config::{Cut, Start};
use isoloss_train::corpora::{self, Batch, IGNORE, Layout, Pictures, Place, Reading, Sight, Source, reading};
use isoloss_train::models::{Config, Inputs, Shape, feed, transformer};
use isoloss_train::{RunConfig, Trainer};
use serde_json::{Value, json};

const START: Start = Start { embedding: 0.5, hidden: 1.0, residual: 1.0, head: 1.0 };
const VOCABULARY: usize = 11;

struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    /// Windows of documents of text and pictures in any order, and of each token its document and its picture.
    fn windows(&mut self, sight: Sight, windows: usize, length: usize) -> (Batch, Vec<(usize, Option<usize>)>) {
        let mut batch = Batch::new(windows, length);
        let mut layout = Layout::new(sight, windows * length, length);
        let (mut kinds, mut document) = (Vec::new(), 0);
        for window in 0..windows {
            document += 1;
            let (mut at, mut begun) = (0, 0);
            while at < length {
                if at > begun && self.below(6) == 0 {
                    (document, begun) = (document + 1, at);
                }
                let first = window * length + at;
                if self.below(3) == 0 && at + sight.patches() <= length {
                    let end = at + sight.patches();
                    for place in 0..sight.patches() {
                        batch.inputs[first + place] = (VOCABULARY + place) as u32;
                        batch.targets[first + place] = IGNORE;
                        layout.spans[first + place] = [begun as u32, end as u32];
                        kinds.push((document, Some(layout.places.len())));
                    }
                    layout.places.push(first as u32);
                    layout.pixels.extend((0..sight.pixels()).map(|_| self.below(256) as u8));
                    at = end;
                } else {
                    batch.inputs[first] = self.below(VOCABULARY) as u32;
                    batch.targets[first] = self.below(VOCABULARY) as u32;
                    layout.spans[first] = [begun as u32, at as u32 + 1];
                    kinds.push((document, None));
                    at += 1;
                }
            }
        }
        batch.layout = Some(layout);
        (batch, kinds)
    }

    /// A model of either kind for windows as these.
    fn model(&mut self, batch: &Batch) -> Config {
        let head_dim = 2 * (1 + self.below(3));
        let moe = json!({ "experts": 3, "chosen": 2, "dense": 0, "shared": self.below(2) });
        let settings = json!({
            "d_model": head_dim * (1 + self.below(3)), "head_dim": head_dim, "n_layer": 1 + self.below(2),
            "qk_norm": self.below(2) == 0, "moe": (self.below(3) == 0).then_some(moe),
        });
        model(["early_fusion", "late_fusion"][self.below(2)], settings, Pictures::of(batch))
    }
}

fn model(kind: &str, settings: Value, pictures: Option<Pictures>) -> Config {
    let reading = Reading { pictures, ..Reading::from(VOCABULARY) };
    Shape::read(kind, settings).unwrap().unwrap().complete(reading).unwrap()
}

/// The logits of all tokens.
fn logits(config: &Config, batch: &Batch) -> Vec<f64> {
    let mut params = Params::<f64>::new(3);
    let model = config.build(&mut params, &START);
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, None);
    let inputs = Inputs::of(&mut tape, batch, 0..batch.sequences());
    let logits: Slot = model.logits(&mut tape, inputs);
    tape.value(logits).to_vec()
}

#[test]
fn no_text_sees_what_follows_and_every_patch_sees_its_picture_and_nothing_crosses_documents() {
    let mut draw = Draw(11);
    let sight = Sight { side: 4, patch: 2 };
    let (mut pairs, mut seen_ahead) = (0, 0);
    for case in 0..60 {
        let (batch, kinds) = draw.windows(sight, 2, 24);
        let config = draw.model(&batch);
        let before = logits(&config, &batch);
        for _ in 0..8 {
            let changed = draw.below(kinds.len());
            let mut other = batch.clone();
            match kinds[changed].1 {
                None => other.inputs[changed] = (batch.inputs[changed] + 1) % VOCABULARY as u32,
                // Only the pixels of this patch; it is the first token that they reach.
                Some(picture) => {
                    let layout = other.layout.as_mut().unwrap();
                    let place = changed - layout.places[picture] as usize;
                    let (row, column) = (place / 2 * 2, place % 2 * 2);
                    layout.pixels[picture * sight.pixels() + row * 4 + column] ^= 255;
                }
            }
            let after = logits(&config, &other);
            for (reader, own) in kinds.iter().enumerate() {
                // Tokens of other documents may share an expert, and then round otherwise.
                let row = reader * VOCABULARY..(reader + 1) * VOCABULARY;
                let moved = before[row.clone()].iter().zip(&after[row]).any(|(x, y)| (x - y).abs() > 1e-11);
                let (of, by) = (kinds[changed], *own);
                let same_picture = of.1.is_some() && of.1 == by.1;
                let may = of.0 == by.0 && (changed <= reader || same_picture);
                assert_eq!(moved, may, "case {case}: {reader} {by:?} reads {changed} {of:?}, {config:?}");
                pairs += usize::from(may);
                seen_ahead += usize::from(may && changed > reader);
            }
        }
    }
    assert!(pairs > 2000 && seen_ahead > 100, "{pairs} {seen_ahead}");
}

#[test]
fn what_is_counted_is_what_is_built_and_what_the_engine_and_the_naive_references_do() {
    let mut draw = Draw(5);
    let mut kinds = [[0; 2]; 2];
    for _ in 0..100 {
        let sight = Sight { side: 4, patch: [1, 2][draw.below(2)] };
        let (windows, length) = (1 + draw.below(3), [20, 40, 150][draw.below(3)]);
        let (batch, _) = draw.windows(sight, windows, length);
        let config = draw.model(&batch);
        let mut params = Params::<f64>::new(1);
        let model = config.build(&mut params, &START);
        let size = config.size(length);
        assert_eq!(size.stored, params.count() as u64, "{config:?}");
        let of = |name: &str| params.get(name).map_or(0, |p| p.range().len() as u64);
        assert_eq!(size.embedding, of("embedding") + of("patches") + of("places"), "{config:?}");

        let (mut buffers, mut gradient) = (Buffers::default(), vec![0.0; params.count()]);
        let before = executed_flops();
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let targets = tape.tokens(&batch.targets, length);
        let inputs = Inputs::of(&mut tape, &batch, 0..windows);
        model.loss(&mut tape, inputs, targets, 0.0, batch.counted().max(1) as f64);
        tape.backward();
        let executed: f64 = size.multiply_adds.executed.iter().sum::<f64>() * windows as f64;
        let did = (executed_flops() - before) as f64 / 2.0;
        assert!((executed - did).abs() < 1e-9 * did, "{executed} {did} {config:?}");

        // What the equations ask for: a decoder of text as it is counted elsewhere, with the attention and the patches of naive references.
        let (early, vision) = match &config {
            Config::EarlyFusion(early) => (early, None),
            Config::LateFusion(late) => (&late.early, Some(late.vision)),
            _ => unreachable!("models of pictures"),
        };
        let (layout, stack) = (batch.layout.as_ref().unwrap(), &early.stack);
        let pictures = layout.places.len();
        let attention = |rows: usize, length: usize, [heads, kv]: [usize; 2], spans: Option<&[[u32; 2]]>| {
            let zeros = vec![0.0; rows * heads.max(kv) * stack.head_dim];
            let part = |heads: usize| &zeros[..rows * heads * stack.head_dim];
            let before = naive::multiply_adds();
            let own = ops::attention::Naive { k: part(kv), v: part(kv), keys: length, spans };
            ops::attention::naive(part(heads), &[own], length, [heads, kv], [stack.head_dim; 2], 1.0);
            (naive::multiply_adds() - before) as f64
        };
        let heads = [stack.n_head, stack.n_kv_head];
        let rows = windows * length;
        let text = hybrid_of(stack, early.moe).size(length).multiply_adds.algorithmic * windows as f64;
        let own = attention(rows, length, heads, Some(&layout.spans)) - attention(rows, length, heads, None);
        let mut want = text + stack.n_layer as f64 * own;
        let pixels: Vec<f64> = layout.pixels.iter().map(|_| 0.0).collect();
        let wide = vision.map_or(stack.d_model, |vision| vision.d_model);
        let before = naive::multiply_adds();
        ops::patch_embed::naive(&pixels, &vec![0.0; wide * sight.width()], None, [3, 4, 4], sight.patch, 1.0);
        want += (naive::multiply_adds() - before) as f64;
        if let Some(vision) = vision {
            let (n, patches) = (vision.n_head, sight.patches());
            let encoder = transformer::Config {
                vocab_size: 0,
                d_model: vision.d_model,
                n_layer: vision.n_layer,
                n_head: n,
                n_kv_head: n,
                d_ff: vision.d_ff,
                ..stack.clone()
            };
            let all = vec![[0, patches as u32]; patches];
            let own = attention(patches, patches, [n; 2], Some(&all)) - attention(patches, patches, [n; 2], None);
            let each = Config::Transformer(encoder).size(patches).multiply_adds.algorithmic;
            let connector = (patches * wide * stack.d_model) as f64;
            want += pictures as f64 * (each + vision.n_layer as f64 * own + connector);
        }
        let got = size.multiply_adds.algorithmic * windows as f64;
        assert!((got - want).abs() < 1e-9 * want, "{got} {want} {config:?}");
        kinds[usize::from(vision.is_some())][usize::from(early.moe.is_some())] += 1;
    }
    assert!(kinds.as_flattened().iter().all(|n| *n > 5), "{kinds:?}");
}

/// The decoder alone, as it is built of text.
fn hybrid_of(stack: &transformer::Config, moe: Option<feed::Moe>) -> Config {
    let Some(moe) = moe else { return Config::Transformer(stack.clone()) };
    let settings = json!({
        "d_model": stack.d_model, "n_layer": stack.n_layer, "head_dim": stack.head_dim, "pattern": ["attention"],
        "mixers": { "attention": { "group": stack.n_head / stack.n_kv_head, "qk_norm": stack.qk_norm } },
        "moe": {
            "experts": moe.experts, "chosen": moe.chosen, "d_expert": moe.d_expert, "shared": moe.shared, "dense": moe.dense,
            "rate": moe.rate.unwrap_or(0.0), "coefficient": 0.01,
        },
    });
    Shape::read("hybrid", settings).unwrap().unwrap().complete(VOCABULARY).unwrap()
}

fn scenes(settings: Value) -> (corpora::Config, Arc<dyn Source>) {
    let config = corpora::Config::read("scenes", settings).unwrap().unwrap();
    let source = config.open(&Place { base: PathBuf::new(), cache: PathBuf::new() }).unwrap();
    (config, source)
}

/// A run on scenes.
pub fn run(kind: &str, steps: u64) -> (RunConfig, Arc<dyn Source>) {
    let (corpus, source) = scenes(json!({}));
    let settings = json!({ "d_model": 16, "n_layer": 2, "head_dim": 8 });
    let model = Shape::read(kind, settings).unwrap().unwrap().complete(reading(source.as_ref(), 96)).unwrap();
    let mut config = crate::common::config(model, steps, 4, 96, 5e-3, 0.1);
    config.corpus = corpus;
    (config, source)
}

#[test]
fn a_run_with_pictures_goes_on_bit_for_bit_on_any_number_of_threads() {
    for kind in ["early_fusion", "late_fusion"] {
        let (config, source) = run(kind, 12);
        let mut whole = Trainer::<f32>::new(&config, source.clone(), 1);
        let want: Vec<u64> = (0..12).map(|_| whole.advance().unwrap().loss.to_bits()).collect();
        for (stop, threads) in [(0, 2), (5, 3), (11, 2)] {
            let mut first = Trainer::<f32>::new(&config, source.clone(), 1);
            let mut seen: Vec<u64> = (0..stop).map(|_| first.advance().unwrap().loss.to_bits()).collect();
            let mut again = Trainer::<f32>::new(&config, source.clone(), threads);
            again.restore("x", &first.checkpoint("x").unwrap()).unwrap();
            seen.extend((stop..12).map(|_| again.advance().unwrap().loss.to_bits()));
            assert_eq!(seen, want, "{kind}, {stop} steps, {threads} threads");
        }
    }
}

#[test]
fn an_encoder_is_counted_in_the_patches_that_pass_it() {
    let (early, _) = run("early_fusion", 10);
    let (late, _) = run("late_fusion", 10);
    let [early, late] = [early, late].map(|config| (isoloss_train::counts(&config), config));
    let Config::LateFusion(of) = &late.1.model else { panic!("late fusion") };
    let vision = (late.0.non_embedding - early.0.non_embedding) as f64;
    let patches = of.early.pictures.per_window * of.early.pictures.sight().patches() as f64;
    // 6 (N_v D_v + N D)
    let want =
        early.0.flops_6nd + 6.0 * vision * patches * (late.1.training.steps as usize * late.1.training.batch) as f64;
    assert!((late.0.flops_6nd / want - 1.0).abs() < 1e-12, "{} {want}", late.0.flops_6nd);
}

#[test]
fn a_balance_loss_is_a_mean_over_tokens_whatever_share_of_them_is_foretold() {
    let mut draw = Draw(3);
    let (mut batch, _) = draw.windows(Sight { side: 4, patch: 2 }, 2, 24);
    let moe = json!({ "experts": 3, "chosen": 2, "dense": 0, "shared": 0, "coefficient": 1.0 });
    let settings = |coefficient: f64| {
        let mut moe = moe.clone();
        moe["coefficient"] = coefficient.into();
        json!({ "d_model": 8, "head_dim": 4, "n_layer": 1, "moe": moe })
    };
    let loss = |batch: &Batch, coefficient: f64| {
        let model = model("early_fusion", settings(coefficient), Pictures::of(batch));
        let source = Arc::new(crate::common::Given { vocab: VOCABULARY, batches: vec![batch.clone()] });
        let config = crate::common::config(model, 1, 2, 24, 1e-2, 0.0);
        Trainer::<f64>::new(&config, source, 1).advance().unwrap().loss
    };
    let balance = |batch: &Batch| loss(batch, 1.0) - loss(batch, 0.0);
    let before = balance(&batch);
    // The same tokens, of which fewer are foretold.
    batch.targets.iter_mut().step_by(2).for_each(|target| *target = IGNORE);
    assert!(before > 0.0 && (balance(&batch) / before - 1.0).abs() < 1e-9, "{before} {}", balance(&batch));
}

#[test]
fn a_chunk_without_pictures_and_any_cut_of_a_batch_are_the_same_batch() {
    let mut draw = Draw(2);
    let (mut batch, _) = draw.windows(Sight { side: 4, patch: 2 }, 4, 24);
    // The second window is all text.
    let text = draw.windows(Sight { side: 4, patch: 4 }, 1, 24).0.inputs.iter().map(|t| t % 7).collect::<Vec<_>>();
    let layout = batch.layout.as_mut().unwrap();
    let gone: Vec<usize> = (0..layout.places.len()).filter(|i| (24..48).contains(&layout.places[*i])).collect();
    for &i in gone.iter().rev() {
        layout.places.remove(i);
        layout.pixels.drain(i * 48..(i + 1) * 48);
    }
    for at in 0..24 {
        (batch.inputs[24 + at], batch.targets[24 + at], layout.spans[24 + at]) = (text[at], 1, [0, at as u32 + 1]);
    }
    for kind in ["early_fusion", "late_fusion"] {
        let model = model(kind, json!({ "d_model": 8, "head_dim": 4, "n_layer": 2 }), Pictures::of(&batch));
        let source = Arc::new(crate::common::Given { vocab: VOCABULARY, batches: vec![batch.clone()] });
        let loss = |chunk: usize| {
            let mut config = crate::common::config(model.clone(), 2, 4, 24, 1e-2, 0.0);
            config.training.cut = Cut { chunk, shards: 2 };
            let mut trainer = Trainer::<f64>::new(&config, source.clone(), 2);
            trainer.advance().unwrap();
            trainer.advance().unwrap().loss
        };
        let whole = loss(4);
        for chunk in [1, 2, 3] {
            assert!((loss(chunk) - whole).abs() < 1e-9, "{kind}, chunks of {chunk}");
        }
    }
}

#[test]
fn models_and_corpora_that_do_not_fit_are_refused_with_what_does() {
    let (_, source) = scenes(json!({}));
    let pictures = reading(source.as_ref(), 128);
    let refused = |kind: &str, settings: Value, reading: Reading| {
        Shape::read(kind, settings).unwrap().unwrap().complete(reading).unwrap_err().to_string()
    };
    let says = refused("transformer", json!({ "d_model": 16, "n_layer": 1 }), pictures);
    assert!(says.contains("sees no pictures") && says.contains("early_fusion"), "{says}");
    let says = refused("early_fusion", json!({ "d_model": 16, "n_layer": 1 }), Reading::from(257));
    assert!(says.contains("the corpus has none"), "{says}");
    let says = refused("late_fusion", json!({ "d_model": 16, "n_layer": 1, "tied": true }), pictures);
    assert!(says.starts_with("tied"), "{says}");
    let says = refused("late_fusion", json!({ "d_model": 16, "n_layer": 1, "vision": { "ratio": -1.0 } }), pictures);
    assert!(says.starts_with("vision.ratio"), "{says}");
    let says =
        refused("early_fusion", json!({ "d_model": 16, "n_layer": 1, "moe": { "experts": 4, "chosen": 2 } }), pictures);
    assert!(says.starts_with("moe.dense"), "{says}");
}
