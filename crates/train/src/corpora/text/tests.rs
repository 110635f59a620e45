use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

/// A folder of texts and one for what is derived from them.
pub(super) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Forty texts of a few hundred bytes, all different.
    pub(super) fn with_texts() -> Self {
        let bench = Self::new();
        for i in 0..40 {
            bench.write(&format!("in/{i}.txt"), text(i).as_bytes());
        }
        bench
    }

    pub(super) fn place(&self) -> Place {
        Place { base: self.folder.path().to_owned(), cache: self.folder.path().join("cache") }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(super) fn open(&self, config: &Config) -> Result<Arc<dyn Source>, CorpusError> {
        open_with(config, &self.place(), &self.path("cargo"))
    }

    fn source(&self, path: &str) -> Arc<dyn Source> {
        self.open(&config(path)).unwrap()
    }
}

pub(super) fn text(i: usize) -> String {
    (0..30 + 7 * i).map(|k| format!("{} ", i * 31 + k * k % 97)).collect()
}

fn config(path: &str) -> Config {
    serde_json::from_value(serde_json::json!({ "path": path, "held_out": 0.2 })).unwrap()
}

pub(super) fn batch(source: &dyn Source, seed: u64, step: u64, sequences: usize, length: usize) -> Batch {
    let mut batch = Batch::new(sequences, length);
    source.fill(seed, step, &mut batch);
    batch
}

/// The documents of both parts, sorted by digest, made without anything of this module but its rule.
pub(super) fn parts(mut texts: Vec<Vec<u8>>, share: f64) -> [Vec<Vec<u8>>; 2] {
    let digest = |text: &Vec<u8>| <[u8; 32]>::from(Sha256::digest(text));
    texts.sort_by_key(digest);
    texts.dedup();
    let held =
        |text: &Vec<u8>| u64::from_be_bytes(digest(text)[..8].try_into().unwrap()) as f64 / 2f64.powi(64) < share;
    let (held_out, training) = texts.into_iter().partition(held);
    [held_out, training]
}

fn stream(texts: &[Vec<u8>]) -> Vec<u32> {
    texts.iter().flat_map(|text| text.iter().map(|b| u32::from(*b)).chain([256])).collect()
}

/// One window of a stream, and its targets.
fn window(stream: &[u32], number: usize, length: usize) -> (Vec<u32>, Vec<u32>) {
    let tokens = &stream[number * length..][..=length];
    let target = |pair: &[u32]| if pair[0] == 256 { IGNORE } else { pair[1] };
    (tokens[..length].to_vec(), tokens.windows(2).map(target).collect())
}

#[test]
fn batches_are_those_of_a_stream_that_is_written_out() {
    let bench = Bench::with_texts();
    let source = bench.source("in");
    let [held_out, training] = parts((0..40).map(|i| text(i).into_bytes()).collect(), 0.2);
    let (length, sequences, seed) = (13, 6, 5);
    let tokens = stream(&training).len();
    assert_eq!(source.data().tokens, Some(tokens as u64));
    let per_epoch = (tokens - 1) / length;
    let mut epochs = Vec::new();
    for epoch in 0..3 {
        let order = Permutation::new(training.len() as u64, [seed, epoch]);
        let texts: Vec<Vec<u8>> = (0..training.len()).map(|i| training[order.at(i as u64) as usize].clone()).collect();
        epochs.push((stream(&texts), Permutation::new(per_epoch as u64, [seed, !epoch])));
    }
    let mut targets = 0;
    for step in 0..(2 * per_epoch / sequences + 2) as u64 {
        let batch = batch(&*source, seed, step, sequences, length);
        for (s, (inputs, outputs)) in batch.inputs.chunks(length).zip(batch.targets.chunks(length)).enumerate() {
            let number = step as usize * sequences + s;
            let (stream, shuffle) = &epochs[number / per_epoch];
            let wanted = window(stream, shuffle.at((number % per_epoch) as u64) as usize, length);
            assert_eq!((inputs.to_vec(), outputs.to_vec()), wanted, "window {number}");
        }
        targets += batch.counted();
    }
    assert!(targets > tokens);
    // Held-out documents stand in the order of their digests.
    let held = source.held_out(usize::MAX >> 8, length).unwrap_or_else(|e| panic!("{e}"));
    let stream = stream(&held_out);
    assert_eq!(held.batch.sequences(), (stream.len() - 1) / length);
    for (number, inputs) in held.batch.inputs.chunks(length).enumerate() {
        let outputs = &held.batch.targets[number * length..][..length];
        assert_eq!((inputs.to_vec(), outputs.to_vec()), window(&stream, number, length));
    }
}

#[test]
fn an_epoch_has_every_token_as_a_target_once() {
    let bench = Bench::with_texts();
    let source = bench.source("in");
    let length = 1;
    let per_epoch = source.data().tokens.unwrap() as usize - 1;
    let first = batch(&*source, 3, 0, per_epoch, length);
    let second = batch(&*source, 3, 1, per_epoch, length);
    assert_ne!(first, second);
    let count = |batch: &Batch| {
        let mut counts = vec![0i64; 257];
        batch.targets.iter().filter(|t| **t != IGNORE).for_each(|t| counts[*t as usize] += 1);
        counts
    };
    let [_, training] = parts((0..40).map(|i| text(i).into_bytes()).collect(), 0.2);
    let mut wanted = vec![0i64; 257];
    for text in &training {
        text[1..].iter().for_each(|b| wanted[*b as usize] += 1);
        wanted[256] += 1;
    }
    for batch in [first, second] {
        assert_eq!(count(&batch), wanted, "all but the first byte of each document");
    }
}

#[test]
fn a_batch_is_a_function_of_seed_and_step() {
    let bench = Bench::with_texts();
    let [one, two] = [0, 1].map(|_| bench.source("in"));
    let late = batch(&*one, 1, 40, 8, 16);
    for (seed, step) in [(9, 0), (1, 39), (1, 0), (2, 40)] {
        assert_ne!(batch(&*two, seed, step, 8, 16), late);
    }
    assert_eq!(batch(&*two, 1, 40, 8, 16), late);
    // More orders than are kept, and back.
    (0..40).for_each(|seed| drop(batch(&*two, seed, 0, 8, 16)));
    assert_eq!(batch(&*two, 1, 40, 8, 16), late);
    assert_eq!(one.vocab_size(), 257);
}

#[test]
fn neither_names_nor_packing_matter() {
    let bench = Bench::with_texts();
    for i in 0..40 {
        let text = text(i);
        match i % 3 {
            0 => bench.write(&format!("other/deep/x{}.md", 99 - i), text.as_bytes()),
            1 => {
                let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gz.write_all(text.as_bytes()).unwrap();
                bench.write(&format!("other/{i}.txt.gz"), &gz.finish().unwrap());
            }
            _ => bench.write(&format!("other/{i}.rst.zst"), &zstd::encode_all(text.as_bytes(), 1).unwrap()),
        }
    }
    let lines: String =
        (0..40).map(|i| serde_json::json!({ "id": i, "body": text(i) }).to_string() + "\r\n\n").collect();
    bench.write("lines.jsonl", lines.as_bytes());
    bench.write("lines.jsonl.zst", &zstd::encode_all(lines.as_bytes(), 1).unwrap());
    let first = bench.source("in");
    let held = first.held_out(3, 20).unwrap();
    // The last one finds every document twice.
    for path in ["other", "lines.jsonl", "lines.jsonl.zst", "other/**/*", "in/*.txt", "{in,other}/*"] {
        let other = bench.open(&Config { field: "body".into(), ..config(path) }).unwrap();
        assert_eq!(other.data().hash, first.data().hash, "{path}");
        assert_eq!(batch(&*other, 1, 2, 4, 16), batch(&*first, 1, 2, 4, 16), "{path}");
        assert_eq!(other.held_out(3, 20).unwrap(), held);
    }
    let more_held_out = Config { held_out: 0.3, ..config("in") };
    assert_ne!(bench.open(&more_held_out).unwrap().data().hash, first.data().hash);
}

#[test]
fn the_hash_of_a_text_in_bytes_is_that_of_its_sorted_digests() {
    let bench = Bench::with_texts();
    let mut hash = Sha256::new();
    hash.update(b"isoloss text 1\nbytes\n");
    hash.update(0.2f64.to_le_bytes());
    parts((0..40).map(|i| text(i).into_bytes()).collect(), 0.2)
        .concat()
        .iter()
        .for_each(|text| hash.update(Sha256::digest(text)));
    assert_eq!(bench.source("in").data().hash, super::super::hex(&hash.finalize()));
}

#[test]
fn a_large_file_is_cut_into_documents() {
    let bench = Bench::new();
    let lines: String = (0..4000).map(|i| format!("line {} of it\n", i * i)).collect();
    bench.write("all.txt", lines.as_bytes());
    assert!(bench.open(&config("all.txt")).is_err());
    let config = Config { document_bytes: Some(1000), ..config("all.txt") };
    let data = bench.open(&config).unwrap().data();
    let documents: u64 = data.other.values().filter_map(|n| n.as_u64()).sum();
    assert!((lines.len() as u64 / 1100..=lines.len() as u64 / 1000).contains(&documents), "{documents}");
    // Opened again from what was remembered, and not from that of another cut.
    assert_eq!(bench.open(&config).unwrap().data(), data);
    let other = bench.open(&Config { document_bytes: Some(2000), ..config }).unwrap().data();
    assert_ne!(other.hash, data.hash);
}

#[test]
fn another_file_moves_no_other() {
    let bench = Bench::with_texts();
    let held = |source: &dyn Source| {
        let tokens = source.held_out(100_000, 1).unwrap().batch.inputs;
        let texts: Vec<Vec<u32>> = tokens.split(|t| *t == 256).map(<[u32]>::to_vec).collect();
        texts
    };
    let before = held(&*bench.source("in"));
    for i in 40..60 {
        bench.write(&format!("in/{i}.txt"), text(i).as_bytes());
    }
    let after = held(&*bench.source("in"));
    let kept = before.iter().filter(|text| after.contains(text)).count();
    assert!(before.len() > 2 && after.len() > before.len() && kept + 1 >= before.len(), "{kept} of {}", before.len());
}

#[test]
fn what_is_no_text_is_left_out_and_said() {
    let bench = Bench::with_texts();
    let plain = bench.source("in").data();
    bench.write("in/nul.txt", b"a\0b");
    bench.write("in/latin.txt", &[0xe9; 50]);
    bench.write("in/empty.txt", b"");
    bench.write("in/again.md", text(3).as_bytes());
    bench.write("in/image.png", b"no text");
    bench.write("in/broken.txt.gz", &[0x1f, 0x8b, 8, 0, 1]);
    bench.write("in/.git/x.txt", b"hidden");
    bench.write("in/old/x.txt", b"excluded by name");
    bench.write("in/a/b/x.txt", b"excluded by path");
    bench.write("in/long.txt", &[b'x'; 5000]);
    bench.write("in/bad.jsonl", b"{\"text\": 3}\nno json\n{\"text\": \"\"}\n{} x\n");
    bench.write("in/long.txt.zst", &zstd::encode_all(&[b'y'; 5000][..], 1).unwrap());
    #[cfg(unix)]
    std::os::unix::fs::symlink(bench.path("in"), bench.path("in/loop")).unwrap();
    let exclude = vec!["old".to_owned(), "a/*/x.txt".to_owned()];
    let source = bench.open(&Config { exclude, max_file_bytes: Some(2000), ..config("in") }).unwrap();
    assert_eq!(source.data(), plain);
    let notes = source.notes().join("\n");
    for said in [
        "binary: 2 (in/latin.txt, in/nul.txt)",
        "empty: 2 (in/bad.jsonl:3, in/empty.txt)",
        "a duplicate: 1 (in/again.md)",
        "another extension: 1 (in/image.png)",
        "in/broken.txt.gz",
        "`max_file_bytes`: 2 (",
        "a line without text in `field`: 3 (in/bad.jsonl:1, in/bad.jsonl:2, in/bad.jsonl:4)",
    ] {
        assert!(notes.contains(said), "{said} is not in\n{notes}");
    }
    assert!(cfg!(not(unix)) || notes.contains("a link to a folder that it lies in: 1"), "{notes}");
    // A name in Latin-1 among much text is no reason.
    bench.write("in/flaw.txt", &[text(50).as_bytes(), b"\xe9"].concat());
    assert_ne!(bench.source("in/*.txt").data().hash, plain.hash);
    assert!(!bench.source("in/*.txt").notes().join("").contains("flaw"));
}

#[test]
fn a_torn_cache_is_written_again_and_an_unchanged_folder_is_not_read() {
    let bench = Bench::with_texts();
    let then = SystemTime::now() - Duration::from_secs(1000);
    let age = |name: &str, time: SystemTime| {
        File::options().write(true).open(bench.path(name)).unwrap().set_modified(time).unwrap();
    };
    (0..40).for_each(|i| age(&format!("in/{i}.txt"), then));
    let first = batch(&*bench.source("in"), 1, 1, 4, 16);
    let hash = bench.source("in").data().hash;
    let cache = bench.path(&format!("cache/text-{hash}.tokens"));
    let whole = fs::read(&cache).unwrap();
    for flawed in [&whole[..whole.len() / 2], &[][..], &vec![b'x'; whole.len()], &[&whole[..], b"x"].concat()] {
        fs::write(&cache, flawed).unwrap();
        assert_eq!(batch(&*bench.source("in"), 1, 1, 4, 16), first);
        assert_eq!(fs::read(&cache).unwrap(), whole);
    }
    // Same name, size and time: not read again. That is what the memo is for, and what it cannot see.
    let other = text(7).replace('1', "2");
    bench.write("in/7.txt", other.as_bytes());
    age("in/7.txt", then);
    assert_eq!(bench.source("in").data().hash, hash);
    age("in/7.txt", then + Duration::from_nanos(1000));
    assert_ne!(bench.source("in").data().hash, hash);
    // Without the memos it is read.
    for entry in fs::read_dir(bench.path("cache")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    age("in/7.txt", then);
    assert_ne!(bench.source("in").data().hash, hash);
    // Nothing is remembered of files that changed a moment ago.
    bench.write("in/7.txt", text(7).as_bytes());
    assert_eq!(bench.source("in").data().hash, hash);
    bench.write("in/7.txt", other.as_bytes());
    assert_ne!(bench.source("in").data().hash, hash);
}

#[test]
fn held_out_windows_are_spread_and_count_bytes() {
    let bench = Bench::with_texts();
    let source = bench.source("in");
    let all = source.held_out(1 << 20, 8).unwrap();
    let there = all.batch.sequences();
    let some = source.held_out(10, 8).unwrap();
    assert_eq!((some.batch.sequences(), some.known.floor), (10, None));
    for (i, inputs) in some.batch.inputs.chunks(8).enumerate() {
        assert_eq!(inputs, &all.batch.inputs[i * there / 10 * 8..][..8]);
    }
    let separators = all.batch.targets.iter().filter(|t| **t == 256).count();
    let counted = all.batch.counted();
    assert!(separators > 2 && counted < all.batch.targets.len());
    assert_eq!(all.known.bytes_per_target, Some((counted - separators) as f64 / counted as f64));
}

#[test]
fn errors_say_what_and_hint() {
    let bench = Bench::with_texts();
    bench.write("bin/a.txt", b"\0\0\0");
    bench.write("one/a.txt", b"a single document");
    fs::create_dir(bench.path("empty")).unwrap();
    let refused = |config: &Config, message: &str, hint: &str| {
        let error = bench.open(config).map(|_| ()).unwrap_err();
        assert!(error.message.contains(message) && error.hint.contains(hint), "{error}");
        assert!(error.message.chars().count() < 500, "{error}");
    };
    refused(&config("nowhere"), "nowhere cannot be opened", "folder");
    refused(&config(&"long".repeat(1000)), "cannot be opened", "folder");
    refused(&config("a\0b\n\u{1f980}"), "cannot be opened", "folder");
    refused(&config("nowhere/*.txt"), "no file matches nowhere/*.txt", "**");
    refused(&config("in/[.txt"), "cannot be read", "[ab]");
    refused(&Config { exclude: vec!["[".into()], ..config("in") }, "cannot be read", "[ab]");
    refused(&config("empty"), "empty has no text", "extensions");
    refused(&config("bin"), "binary: 1 (bin/a.txt)", "path");
    refused(&Config { extensions: Some(vec!["tex".into()]), ..config("in") }, "another extension: 40", "extensions");
    refused(&Config { extensions: Some(vec![]), ..config("in") }, "`extensions` is empty", "leave");
    refused(&Config { path: vec![], ..config("in") }, "`path` is empty", "path =");
    refused(&config("one"), "of the 1 documents of one would be held out", "`document_bytes = 64` cuts the text");
    // What the hint says is enough.
    let hint = bench.open(&Config { held_out: 1e-9, ..config("in") }).map(|_| ()).unwrap_err().hint;
    let share = hint.split("`held_out = ").nth(1).and_then(|rest| rest.split('`').next()).unwrap().parse().unwrap();
    bench.open(&Config { held_out: share, ..config("in") }).unwrap();
    refused(&Config { document_bytes: Some(0), ..config("in") }, "`document_bytes` is 0", "8192");
    for held_out in [0.0, 1.0, -1.0, f64::NAN] {
        refused(&Config { held_out, ..config("in") }, "not a share", "0.05");
    }
    let source = bench.source("in");
    let error = source.suffices(100_000, 512).unwrap_err();
    assert!(error.message.contains("a batch has 100000") && error.hint.contains("add text"), "{error}");
    source.suffices(8, 64).unwrap();
    assert!(source.held_out(4, 1 << 20).unwrap_err().hint.contains("held_out"));
    assert!(source.held_out(0, 8).is_err() && source.held_out(8, 0).is_err());
    // The cache cannot be a folder where a file is.
    bench.write("file", b"");
    let place = Place { cache: bench.path("file/cache"), ..bench.place() };
    let error = open_with(&config("in"), &place, &bench.path("cargo")).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("/file/cache: tokens cannot be kept here: "), "{error}");
}

#[cfg(unix)]
#[test]
fn hostile_names_are_names() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::with_texts();
    let names: [&[u8]; 5] =
        [b"in/a\nb.txt", "in/\u{1f980} \u{202e}.md".as_bytes(), b"in/\xff\xfe.txt", b"in/-rf *.txt", b"in/x[1]{2}.md"];
    for (i, name) in names.iter().enumerate() {
        fs::write(bench.path("").join(std::ffi::OsStr::from_bytes(name)), text(100 + i)).unwrap();
    }
    bench.write("in/bad\n.txt", b"\0");
    let source = bench.source("in");
    let documents = |source: &dyn Source| {
        let other = source.data().other;
        other["documents"].as_u64().unwrap() + other["held_out_documents"].as_u64().unwrap()
    };
    assert_eq!(documents(&*source), 45);
    assert!(source.notes().iter().all(|note| !note.contains('\n')), "{:?}", source.notes());
    // A name that is there is no glob.
    let both = Config { path: vec!["in/x[1]{2}.md".into(), "in/1?.txt".into()], ..config("in") };
    assert_eq!(documents(&*bench.open(&Config { held_out: 0.5, ..both }).unwrap()), 11);
}

#[test]
fn sources_of_a_lock_file_are_the_same_wherever_they_lie() {
    let lock = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\n\
                [[package]]\nname = \"a\"\nversion = \"1.0.0+x\"\nsource = \"registry+https://example.org\"\n\n\
                [[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"sparse+https://example.org\"\n\n\
                [[package]]\nname = \"c-sys\"\nversion = \"2.0.0\"\nsource = \"registry+https://example.org\"\n";
    let open = |registry: &str| {
        let bench = Bench::new();
        bench.write("Cargo.lock", lock.as_bytes());
        bench.write("deep/er/x", b"");
        for i in 0..20 {
            bench.write(&format!("cargo/registry/src/{registry}/a-1.0.0+x/src/{i}.rs"), text(i).as_bytes());
            bench.write(&format!("cargo/registry/src/{registry}/b-2.0.0/{i}.md"), text(20 + i).as_bytes());
        }
        let other = |name: &str, bytes: &[u8]| bench.write(&format!("cargo/registry/src/{registry}/{name}"), bytes);
        other("a-1.0.0+x/gen.rs", b"\n// This file is @generated by a program.\n");
        other("a-1.0.0+x/c_bindings.rs", b"extern {}");
        other("a-1.0.0+x/long.rs", &[b'x'; 100_001]);
        other("a-1.0.0+x/data.txt", b"of another extension");
        other("a-1.0.1/src/lib.rs", b"another version");
        let place = Place { base: bench.path("deep/er"), cache: bench.path("cache") };
        let source = open_with(&config("cargo:"), &place, &bench.path("cargo")).unwrap();
        let named = open_with(&config("cargo:../../Cargo.lock"), &place, &bench.path("cargo")).unwrap();
        assert_eq!(source.data().hash, named.data().hash);
        let missing = open_with(&config("cargo:"), &place, &bench.path("elsewhere")).map(|_| ()).unwrap_err();
        assert!(
            missing.message.starts_with("2 of the 2 packages") && missing.hint.contains("cargo fetch"),
            "{missing}"
        );
        let nowhere = open_with(&config("cargo:none"), &place, &bench.path("cargo")).map(|_| ()).unwrap_err();
        assert!(nowhere.message.contains("no Cargo.lock"), "{nowhere}");
        bench.write("Cargo.lock", b"[[package");
        let broken = open_with(&config("cargo:"), &place, &bench.path("cargo")).map(|_| ()).unwrap_err();
        assert!(broken.message.contains("no lock file"), "{broken}");
        (source.data(), source.notes().to_vec(), batch(&*source, 1, 1, 4, 32))
    };
    let first = open("index-1");
    assert_eq!(first, open("other-2"));
    let notes = first.1.join("\n");
    for said in
        ["bindings: 1 (c-sys-2.0.0)", "generated: 2 (a-1.0.0+x/c_bindings.rs, a-1.0.0+x/gen.rs)", "`max_file_bytes`: 1"]
    {
        assert!(notes.contains(said), "{said} is not in\n{notes}");
    }
    assert_eq!(
        first.0.other["documents"].as_u64().unwrap() + first.0.other["held_out_documents"].as_u64().unwrap(),
        40
    );
}

#[test]
fn settings_are_read_with_their_defaults() {
    let read: super::super::Config =
        serde_json::from_str(r#"{ "kind": "text", "path": ["a", "b/*.txt"], "max_file_bytes": 1000 }"#).unwrap();
    let super::super::Config::Text(config) = &read else { panic!("{read:?}") };
    assert_eq!((config.path.len(), config.held_out, &config.field[..]), (2, 0.05, "text"));
    let again: super::super::Config = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again, read);
    let error = serde_json::from_str::<super::super::Config>(r#"{ "kind": "text", "path": 3 }"#).unwrap_err();
    assert!(error.to_string().contains("a path or a list of paths"), "{error}");
    assert!(read.whereabouts().contains(&"path"));
}

#[test]
fn references_are_the_training_documents_in_pieces() {
    let bench = Bench::with_texts();
    bench.write("in/empty.txt", b"");
    bench.write("in/long.txt", "x y ".repeat(96).as_bytes());
    let source = bench.source("in");
    let [_, training] = parts((0..40).map(|i| text(i).into_bytes()).chain(["x y ".repeat(96).into()]).collect(), 0.2);
    let wanted: Vec<Vec<u32>> = training
        .iter()
        .flat_map(|text| text.chunks(127))
        .map(|piece| std::iter::once(256).chain(piece.iter().map(|b| (*b).into())).collect())
        .collect();
    let texts = source.references().unwrap();
    assert_eq!((texts.count(), texts.longest()), (wanted.len() as u64, 128));
    for (number, wanted) in (0..).zip(wanted) {
        let mut got = vec![5];
        texts.write(number, &mut got);
        assert_eq!(got[1..], wanted);
    }
}

#[test]
fn the_exam_is_on_documents_that_are_held_out() {
    let bench = Bench::with_texts();
    let source = bench.source("in");
    let exams = source.exams().unwrap().draw(16);
    let [exam] = &exams[..] else { panic!("{exams:?}") };
    let held = source.held_out(QUESTIONS, 16).unwrap().batch;
    assert_eq!((exam.name.as_str(), exam.chance, exam.ceiling), ("words", 1.0 / 257.0, None));
    assert_eq!(exam.batch.inputs, held.inputs);
    assert_eq!(exam.batch.counted(), held.sequences());
    assert!(source.exams().unwrap().draw(1 << 20).is_empty());
}
