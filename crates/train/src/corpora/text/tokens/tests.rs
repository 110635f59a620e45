use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::{HeldOut, IGNORE, Source};
use super::super::tests::{Bench, parts, text};
use super::super::{Config, build, cargo};
use super::pieces::{Counts, pieces};
use super::*;

pub(super) fn config(tokens: Value) -> Config {
    serde_json::from_value(json!({ "path": "in", "held_out": 0.2, "tokens": tokens })).unwrap()
}

pub(super) fn counts(documents: &[Vec<u8>]) -> Counts {
    let mut counts = Counts::new();
    documents.iter().flat_map(|d| pieces(d)).for_each(|piece| *counts.entry(piece.into()).or_default() += 1);
    counts
}

/// What the tokens of a document stand for, with unknown words as `?`.
pub(super) fn round_trip(tokenizer: &mut dyn Tokenizer, document: &[u8]) -> Vec<u8> {
    let mut tokens = Vec::new();
    tokenizer.encode(document, &mut tokens).unwrap();
    let vocabulary = tokenizer.vocabulary();
    tokens.iter().flat_map(|token| vocabulary[usize::from(*token)].as_deref().unwrap_or(b"?").to_vec()).collect()
}

/// Texts that break what takes text for letters: no UTF-8, half characters, controls, joined signs, long runs.
pub(super) fn awkward() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 9] = [
        b"plain words, and 42 more; it's 'quoted' they'll say\n",
        "na\u{ef}ve \u{1f469}\u{200d}\u{1f680} \u{4e2d}\u{6587}\u{3002}\u{e9}e\u{301} \u{202e}rtl\u{202c}".as_bytes(),
        b"\xff\xfe\x00caf\xe9 \xe2\x82 half \x80",
        b"\t\t\n\n  \r\n \x0b\x0c",
        "\u{a0}\u{2003}\u{3000} x\u{85}y\u{feff}".as_bytes(),
        b"<|endoftext|> [UNK] <s> \xc4\xa0 \x7f",
        b" ",
        b"''s'''t 're've",
        "\u{12a}\u{100}\u{120}\u{10a}\u{143}".as_bytes(),
    ];
    let long = [vec![b'a'; 5000], b"ab".repeat(300), b" ".repeat(999)];
    texts.into_iter().map(<[u8]>::to_vec).chain(long).chain([(0..=255).collect()]).collect()
}

/// The text in bytes and in other tokens.
fn both(bench: &Bench, config: &Config) -> [Tokens; 2] {
    let text = || build::build(config, &bench.place(), &cargo::home()).unwrap_or_else(|e| panic!("{e}")).tokens;
    [text(), derive(&config.tokens, &bench.place(), text()).unwrap_or_else(|e| panic!("{e}"))]
}

fn all(tokens: &Tokens, documents: std::ops::Range<usize>) -> Vec<u32> {
    let read = |i| {
        let (start, length) = tokens.document(i);
        let mut out = vec![0; length as usize];
        tokens.copy(start, &mut out);
        out
    };
    documents.flat_map(read).collect()
}

#[test]
fn words_are_the_most_frequent_of_the_training_documents() {
    let bench = Bench::with_texts();
    let config = config(json!({ "words": 50 }));
    let [held_out, training] = parts((0..40).map(|i| text(i).into_bytes()).collect(), 0.2);
    // Counted, sorted and numbered without anything of this module but its pieces.
    let mut counted: BTreeMap<&[u8], i64> = BTreeMap::new();
    training.iter().flat_map(|d| pieces(d)).for_each(|piece| *counted.entry(piece).or_default() += 1);
    let mut sorted: Vec<(&[u8], i64)> = counted.into_iter().collect();
    sorted.sort_by_key(|(piece, n)| (-n, piece.to_vec()));
    let number = |piece: &[u8]| sorted[..48].iter().position(|(p, _)| *p == piece).unwrap_or(48) as u32;
    let stream = |documents: &[Vec<u8>]| -> Vec<u32> {
        documents.iter().flat_map(|d| pieces(d).map(number).chain([49]).collect::<Vec<_>>()).collect()
    };
    let [_, tokens] = both(&bench, &config);
    assert_eq!(all(&tokens, tokens.held_out()), stream(&held_out));
    assert_eq!(all(&tokens, tokens.training()), stream(&training));
    assert!(stream(&held_out).contains(&48) && stream(&training).contains(&48), "some words are unknown");

    let source = bench.open(&config).unwrap();
    assert_eq!(source.vocab_size(), 50);
    assert_eq!(source.data().tokens, Some(stream(&training).len() as u64));
    assert_eq!(source.held_out(10, 16).unwrap().known.bytes_per_target, None);
    let notes = source.notes().join("\n");
    assert!(notes.contains("unknown words") && !notes.contains("asked for"), "{notes}");
}

#[test]
fn a_vocabulary_is_no_larger_than_the_words_there_are() {
    let bench = Bench::with_texts();
    let source = bench.open(&config(json!({ "words": 65536 }))).unwrap();
    let [_, training] = parts((0..40).map(|i| text(i).into_bytes()).collect(), 0.2);
    assert_eq!(source.vocab_size(), counts(&training).len() + 2);
    assert!(source.notes().join("\n").contains("where 65536 were asked for"), "{:?}", source.notes());
}

#[test]
fn known_words_stand_for_themselves() {
    let mut documents = awkward();
    let mut words = words::Words::new(counts(&documents), MOST);
    for document in &documents {
        assert_eq!(&round_trip(&mut words, document), document);
    }
    documents.truncate(1);
    let mut few = words::Words::new(counts(&documents), MOST);
    assert_eq!(round_trip(&mut few, b"plain  words or more; words"), b"plain? words? more; words");
}

proptest! {
    #[test]
    fn pieces_are_the_document(document in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,60}") {
        for document in [&document, text.as_bytes()] {
            prop_assert_eq!(&pieces(document).collect::<Vec<_>>().concat(), document);
            prop_assert!(pieces(document).all(|piece| !piece.is_empty()));
        }
    }
}

/// Tokens that a corpus should find: words drawn by Zipf's law, whose entropy is known.
struct Drawn {
    documents: Vec<String>,
    /// Of the words: bits of entropy for each byte.
    bits_per_byte: f64,
}

fn drawn() -> Drawn {
    let words: Vec<String> =
        (0..60).map(|i| format!(" {}{}", ["ka", "lo", "mi"][i % 3].repeat(i % 4 + 1), letters(i))).collect();
    let weights: Vec<f64> = (0..60).map(|i| 1.0 / (i + 1) as f64).collect();
    let total: f64 = weights.iter().sum();
    let entropy: f64 = weights.iter().map(|w| -(w / total) * (w / total).log2()).sum();
    let bytes: f64 = words.iter().zip(&weights).map(|(word, w)| word.len() as f64 * w / total).sum();
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut word = || {
        let mut at = uniform() * total;
        let i = weights.iter().position(|w| {
            at -= w;
            at < 0.0
        });
        words[i.unwrap_or(59)].as_str()
    };
    let documents = (0..300).map(|_| (0..200).map(|_| word()).collect()).collect();
    Drawn { documents, bits_per_byte: entropy / bytes }
}

fn letters(i: usize) -> String {
    [i / 8, i % 8].iter().map(|n| char::from(b'p' + *n as u8)).collect()
}

/// The loss of a unigram of the training tokens, in bits per byte of the held-out targets.
fn unigram(bench: &Bench, tokens: Value) -> f64 {
    let config = config(tokens);
    let [text, tokens] = both(bench, &config);
    let source: Arc<dyn Source> = bench.open(&config).unwrap();
    let training = all(&tokens, tokens.training());
    let mut count = vec![0.5; tokens.vocab_size()];
    training.iter().for_each(|t| count[*t as usize] += 1.0);
    let total: f64 = count.iter().sum();
    let HeldOut { batch, known, .. } = source.held_out(usize::MAX >> 8, 1).unwrap();
    let targets: Vec<u32> = batch.targets.iter().copied().filter(|t| *t != IGNORE).collect();
    let nats: f64 = targets.iter().map(|t| -(count[*t as usize] / total).ln()).sum();
    let bytes_per_target = known.bytes_per_target.unwrap();
    // Windows of one token have every token of a document but its first as a target.
    let firsts: u64 = tokens.held_out().map(|i| tokens.bytes_of(all(&tokens, i..i + 1)[0]).unwrap()).sum();
    let bytes = all(&text, text.held_out()).len() as u64 - text.held_out().len() as u64 - firsts;
    assert_eq!((bytes_per_target * targets.len() as f64).round() as u64, bytes);
    nats / targets.len() as f64 / bytes_per_target / std::f64::consts::LN_2
}

#[test]
fn bits_per_byte_are_those_of_the_text_whatever_a_token_is() {
    let drawn = drawn();
    let bench = Bench::new();
    drawn.documents.iter().enumerate().for_each(|(i, d)| bench.write(&format!("in/{i}.txt"), d.as_bytes()));
    let truth = drawn.bits_per_byte;
    // A unigram of words is the law that the words were drawn by; what the ends of documents cost comes on top.
    let words = unigram(&bench, json!({ "words": 4096 }));
    assert!(words > 0.99 * truth && words < 1.03 * truth, "{words} of {truth}");
    // A unigram of bytes sees no words, and no code of the text is shorter than its entropy.
    let bytes = unigram(&bench, json!("bytes"));
    assert!(bytes > 1.3 * truth && bytes < 8.0, "{bytes} of {truth}");
    #[cfg(feature = "bpe")]
    {
        // With merges enough every word is one token; with few it is between the two.
        let merged = unigram(&bench, json!({ "bpe": 4096 }));
        assert!((merged / words - 1.0).abs() < 1e-3, "{merged} of {words}");
        let some = unigram(&bench, json!({ "bpe": 280 }));
        assert!(some > 1.05 * merged && some < 0.95 * bytes, "{some} between {merged} and {bytes}");
    }
}

#[test]
fn held_out_documents_teach_no_word_and_neither_names_nor_order_matter() {
    let bench = Bench::with_texts();
    let before = bench.open(&config(json!({ "words": 64 }))).unwrap();
    // A document is added that would be the most frequent word of all, and is held out.
    let extra = (0..).map(|i| format!("{}{i}", "xylophone ".repeat(5000)));
    let held = |text: &String| parts(vec![text.clone().into_bytes()], 0.2)[1].is_empty();
    let extra = extra.into_iter().find(held).unwrap();
    bench.write("in/extra.txt", extra.as_bytes());
    let after = bench.open(&config(json!({ "words": 64 }))).unwrap();
    assert_ne!(after.data().hash, before.data().hash);
    let batch = |source: &dyn Source| super::super::tests::batch(source, 1, 2, 4, 16);
    assert_eq!(batch(&*after), batch(&*before), "the training tokens are the same");

    let other = Bench::new();
    (0..40).for_each(|i| other.write(&format!("in/{}/x{i}.md", 40 - i), text(i).as_bytes()));
    let other = other.open(&config(json!({ "words": 64 }))).unwrap();
    assert_eq!((other.data().hash, batch(&*other)), (before.data().hash, batch(&*before)));
    // Another size is other data, and so are bytes.
    let hash = |tokens| bench.open(&config(tokens)).unwrap().data().hash;
    let hashes = [hash(json!({ "words": 64 })), hash(json!({ "words": 65 })), hash(json!("bytes"))];
    assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2]);
}

#[test]
fn a_spoiled_or_foreign_cache_of_words_is_made_again() {
    let bench = Bench::with_texts();
    let config = config(json!({ "words": 64 }));
    let first = bench.open(&config).unwrap();
    let files = || fs::read_dir(bench.path("cache")).unwrap().map(|e| e.unwrap().path());
    let caches: Vec<_> = files().filter(|p| p.extension().is_some_and(|e| e == "tokens")).collect();
    assert_eq!(caches.len(), 2, "bytes and words");
    let whole: Vec<Vec<u8>> = caches.iter().map(|path| fs::read(path).unwrap()).collect();
    for (i, path) in caches.iter().enumerate() {
        let flipped: Vec<u8> = whole[i].iter().enumerate().map(|(at, b)| b ^ u8::from(at == 200)).collect();
        // The last is the other's file under this one's name.
        for flawed in [&whole[i][..100], &flipped, &whole[1 - i]] {
            fs::write(path, flawed).unwrap();
            assert_eq!(bench.open(&config).unwrap().data(), first.data());
            assert_eq!(fs::read(path).unwrap(), whole[i]);
        }
    }
}

#[test]
fn settings_of_tokens_are_read_and_written() {
    let read = |tokens: Value| serde_json::from_value::<TokenKind>(tokens);
    for (tokens, kind) in [
        (json!("bytes"), TokenKind::Bytes),
        (json!({ "words": 4096 }), TokenKind::Words(4096)),
        (json!({ "bpe": 4096 }), TokenKind::Bpe(4096)),
    ] {
        assert_eq!(read(tokens.clone()).unwrap(), kind);
        assert_eq!(serde_json::to_value(&kind).unwrap(), tokens);
    }
    // Where a file lies identifies no run.
    let file = read(json!({ "file": "a/tokenizer.json" })).unwrap();
    assert_eq!(file, TokenKind::File("a/tokenizer.json".into()));
    assert_eq!(serde_json::to_value(&file).unwrap(), json!({ "file": "" }));
    for (wrong, says) in [
        (json!("words"), "{ words = 4096 }"),
        (json!({ "word": 4096 }), "unknown field `word`"),
        (json!({ "words": 40, "bpe": 50 }), "expected one of \"bytes\""),
        (json!({}), "expected one of \"bytes\""),
        (json!({ "words": -3 }), "usize"),
        (json!({ "words": "many" }), "usize"),
        (json!(4096), "{ words = 4096 }"),
    ] {
        let error = read(wrong.clone()).unwrap_err().to_string();
        assert!(error.contains(says), "{wrong}: {error}");
    }
}

#[test]
fn sizes_that_cannot_be_kept_are_refused() {
    let bench = Bench::with_texts();
    let refused = |tokens: Value, message: &str, hint: &str| {
        let error = bench.open(&config(tokens)).map(|_| ()).unwrap_err();
        assert!(error.message.contains(message) && error.hint.contains(hint), "{error}");
    };
    for size in [0, 2, 65_537, 1u64 << 40] {
        refused(json!({ "words": size }), "expected 3 to 65536 tokens", "words = 4096");
    }
    for size in [0, 257, 65_537] {
        refused(json!({ "bpe": size }), "expected 258 to 65536 tokens", "the 256 bytes");
    }
    refused(json!({ "file": "" }), "names no file", "tokenizer.json");
    if cfg!(feature = "bpe") {
        refused(json!({ "file": "nowhere.json" }), "nowhere.json cannot be read", "folder");
    } else {
        for tokens in [json!({ "bpe": 4096 }), json!({ "file": "tokenizer.json" })] {
            refused(tokens, "needs the feature `bpe`", "--features bpe");
        }
    }
    let least = bench.open(&config(json!({ "words": 3 }))).unwrap();
    assert_eq!(least.vocab_size(), 3);
}

#[cfg(feature = "bpe")]
mod merged;
