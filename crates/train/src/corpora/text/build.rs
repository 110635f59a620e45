//! From settings to mapped bytes: choose files, read and hash documents, write what is not in the cache yet.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::files::left_out::{LeftOut, shown};
use super::super::files::select::{self, Chosen, Exclude, Rules};
use super::super::files::{is_held_out, start};
use super::super::settings::nothing;
use super::super::{CorpusError, Place, hex};
use super::cache::{Digest, Head, Span, Tokens, Writer};
use super::documents::documents;
use super::{Config, cargo};

/// The usual endings of text.
const EXTENSIONS: [&str; 5] = ["txt", "md", "rst", "rs", "jsonl"];

/// A file changed so shortly before it was read may change again without a later time stamp.
const SETTLED: Duration = Duration::from_secs(2);

/// Raised when files are read in another way.
const STAMP: &[u8] = b"isoloss files 1\n";

/// What became of the settings.
pub(super) struct Built {
    pub(super) tokens: Tokens,
    pub(super) left_out: LeftOut,
}

/// A document that was written.
struct Entry {
    /// The digest of its content.
    digest: Digest,
    span: Span,
}

/// The separator of bytes: one above all of them, so that no text can contain it.
const SEPARATOR: u16 = 256;

/// What files of these names, sizes and times were found to hold.
#[derive(Serialize, Deserialize)]
struct Memo {
    manifest: Digest,
    left_out: LeftOut,
}

pub(super) fn build(config: &Config, place: &Place, cargo_home: &Path) -> Result<Built, CorpusError> {
    let (files, mut left_out) = choose(config, place, cargo_home)?;
    let memo = place.cache.join(format!("text-{}.json", &hex(&stamp(config, &files))[..32]));
    if let Some(Memo { manifest, left_out }) = recall(&memo)
        && let Some(tokens) = Tokens::open(&tokens_path(place, &manifest), &manifest)
    {
        return Ok(Built { tokens, left_out });
    }
    let cannot = |error| cannot(place, error);
    let mut writer = Writer::new(&place.cache).map_err(cannot)?;
    let (mut known, mut index, mut tokens) = (HashSet::new(), Vec::new(), Vec::new());
    for file in files.values() {
        let mut take = |document: &[u8], left_out: &mut LeftOut| {
            let digest: Digest = Sha256::digest(document).into();
            if !known.insert(digest) {
                left_out.add("a duplicate", &file.name);
                return Ok(());
            }
            tokens.clear();
            tokens.extend(document.iter().map(|byte| u16::from(*byte)));
            tokens.push(SEPARATOR);
            index.push(Entry { digest, span: writer.push(&tokens)? });
            Ok(())
        };
        documents(file, &config.field, config.document_bytes, &mut left_out, &mut take).map_err(cannot)?;
    }
    index.sort_unstable_by_key(|entry| entry.digest);
    let held_out = index.partition_point(|entry| is_held_out(&entry.digest, config.held_out));
    divided(config, &index, held_out, &left_out)?;
    let manifest = manifest(config, &index);
    let path = tokens_path(place, &manifest);
    let tokens = match Tokens::open(&path, &manifest) {
        Some(tokens) => tokens,
        None => {
            let head = Head { key: manifest, identity: manifest, held_out: held_out as u64 };
            let spans: Vec<Span> = index.iter().map(|entry| entry.span).collect();
            let lengths: Vec<u32> = (0..=SEPARATOR).map(|token| u32::from(token != SEPARATOR)).collect();
            keep(writer, &path, &head, &spans, &lengths).map_err(cannot)?
        }
    };
    let settled = |file: &Chosen| file.modified.is_some_and(|at| at.elapsed().is_ok_and(|age| age > SETTLED));
    if files.values().all(settled) && !left_out.may_change() {
        // Without a memo the next opening reads everything again: nothing to fail for.
        let text = serde_json::to_string(&Memo { manifest, left_out: left_out.clone() }).unwrap_or_default();
        let _ = std::fs::write(&memo, text);
    }
    Ok(Built { tokens, left_out })
}

/// Ends a cache and maps it.
pub(super) fn keep(writer: Writer, path: &Path, head: &Head, spans: &[Span], lengths: &[u32]) -> io::Result<Tokens> {
    let written = writer.finish(path, head, spans, lengths);
    // Where a file that somebody has mapped cannot be replaced, that one serves as well.
    match (Tokens::open(path, &head.key), written) {
        (Some(tokens), _) => Ok(tokens),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(io::Error::other("what was written cannot be read back")),
    }
}

/// Why there are no tokens, if it is the disk.
pub(super) fn cannot(place: &Place, error: io::Error) -> CorpusError {
    let folder = Some(shown(&place.cache.to_string_lossy()).to_string());
    let message = format!("tokens cannot be kept here: {error}");
    let hint = "make this folder writable, make room, or name another one for what is derived";
    CorpusError { folder, ..CorpusError::new(message, hint) }
}

/// All files of all entries, and what was left out on the way.
fn choose(
    config: &Config,
    place: &Place,
    cargo_home: &Path,
) -> Result<(BTreeMap<PathBuf, Chosen>, LeftOut), CorpusError> {
    let (mut files, mut left_out) = (BTreeMap::new(), LeftOut::default());
    for entry in &config.path {
        let sources = entry.starts_with(cargo::PREFIX);
        let usual: &[&str] = if sources { &cargo::EXTENSIONS } else { &EXTENSIONS };
        let usual = || usual.iter().map(|e| (*e).to_owned()).collect();
        let rules = Rules {
            extensions: &config.extensions.clone().unwrap_or_else(usual),
            max_file_bytes: config.max_file_bytes.unwrap_or(if sources { cargo::MAX_FILE_BYTES } else { u64::MAX }),
            exclude: Exclude::new(&config.exclude)?,
            no_generated: sources,
        };
        if sources {
            let selected = cargo::select(&place.base, entry, cargo_home, &rules, &mut files, &mut left_out);
            selected.map_err(|error| error.of("path"))?;
        } else {
            select::select(&place.base, entry, &rules, &mut files, &mut left_out)?;
        }
    }
    Ok((files, left_out))
}

/// Names, sizes and times of files, and the settings that decide what is read from them.
fn stamp(config: &Config, files: &BTreeMap<PathBuf, Chosen>) -> Digest {
    let mut hash = Sha256::new();
    hash.update(STAMP);
    hash.update(settings(config));
    hash.update(config.field.as_bytes());
    hash.update(config.document_bytes.unwrap_or(u64::MAX).to_le_bytes());
    // None of these is part of the files, but both are of what is said of them.
    hash.update(serde_json::to_vec(&(&config.path, &config.exclude, &config.extensions)).unwrap_or_default());
    for (path, file) in files {
        let path = path.as_os_str().as_encoded_bytes();
        let time = file.modified.and_then(|at: SystemTime| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        for number in [file.size, time.as_secs(), time.subsec_nanos().into(), file.most, file.no_generated.into()] {
            hash.update(number.to_le_bytes());
        }
    }
    hash.finalize().into()
}

fn recall(memo: &Path) -> Option<Memo> {
    serde_json::from_slice(&std::fs::read(memo).ok()?).ok()
}

/// Where the tokens of a key are kept.
pub(super) fn tokens_path(place: &Place, key: &Digest) -> PathBuf {
    place.cache.join(format!("text-{}.tokens", hex(key)))
}

/// What identifies a text: tokens, split, and every document.
fn manifest(config: &Config, index: &[Entry]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"isoloss text 1\n");
    hash.update(settings(config));
    index.iter().for_each(|entry| hash.update(entry.digest));
    hash.finalize().into()
}

/// The settings that make parts of documents, and the tokens that every text is read as.
fn settings(config: &Config) -> Vec<u8> {
    [&b"bytes\n"[..], &config.held_out.to_bits().to_le_bytes()].concat()
}

/// Are there documents to train on, and others to evaluate on? They are sorted by digest.
fn divided(config: &Config, index: &[Entry], held_out: usize, left_out: &LeftOut) -> Result<(), CorpusError> {
    let documents = index.len();
    if documents == 0 {
        let hint =
            "look at `path`, `extensions`, `exclude` and `max_file_bytes`; `field` names the text in lines of JSON";
        return Err(nothing(&config.path, "text", &left_out.sentences(), hint));
    }
    if held_out == 0 || held_out == documents {
        let part = if held_out == 0 { "none" } else { "all" };
        let name = shown(&config.path.join(", "));
        let message = format!("{part} of the {documents} documents of {name} would be held out");
        return Err(CorpusError::new(message, to_divide(config, index)).of("held_out"));
    }
    Ok(())
}

/// Documents that are held out where files are cut as it is advised: enough that it is never none of them.
const CUT_HELD_OUT: f64 = 5.0;

/// What divides documents of which all or none would be held out: smaller ones, or the share nearest to that asked for.
fn to_divide(config: &Config, index: &[Entry]) -> String {
    let bytes: u64 = index.iter().map(|entry| entry.span.tokens).sum();
    let share = config.held_out.min(1.0 - config.held_out);
    let size = bytes as f64 * share / CUT_HELD_OUT;
    let size = 1u64 << size.clamp(64.0, 8192.0).log2() as u32;
    let size = config.document_bytes.map_or(size, |now| size.min((now / 2).max(1)));
    let of = |entry: &Entry| start(&entry.digest) as f64 / (1u128 << 64) as f64;
    // The least share that has the first document, and the greatest that has not the last.
    let nearest = match (index.first().map(of), index.last().map(of)) {
        (Some(first), _) if first >= config.held_out => (first * 100.0).floor() / 100.0 + 0.01,
        (_, Some(last)) => (last * 100.0).floor() / 100.0,
        _ => config.held_out,
    };
    let divides = |share: &f64| {
        let held_out = index.partition_point(|entry| is_held_out(&entry.digest, *share));
        (1..index.len()).contains(&held_out)
    };
    let or =
        Some(nearest).filter(divides).map(|share| format!(", or `held_out = {share:.2}` divides those that are there"));
    format!(
        "a document is held out as a whole, by its digest: `document_bytes = {size}` cuts the text into more of them{}",
        or.unwrap_or_default()
    )
}
