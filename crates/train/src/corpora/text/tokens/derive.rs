//! From the bytes of a text to other tokens of it, kept beside them.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::super::{CorpusError, Place, WHERE, because};
use super::super::cache::{Digest, Head, Tokens, UNKNOWN, Writer};
use super::super::{build, shown};
use super::{TokenKind, tokenizer};

/// Raised when vocabularies are learnt, or texts cut, in another way.
const KEY: &[u8] = b"isoloss derived tokens 1\n";

/// Tokens of a kind for a text in bytes: those that are kept, or else made now.
///
/// # Errors
/// If the cache cannot be written, or a tokenizer's file cannot be read or changes the text.
pub(in super::super) fn derive(kind: &TokenKind, place: &Place, text: Tokens) -> Result<Tokens, CorpusError> {
    let (setting, content) = match kind {
        TokenKind::Bytes => return Ok(text),
        TokenKind::Words(size) => (format!("words {size}\n"), Vec::new()),
        TokenKind::Bpe(size) => (format!("bpe {size}\n"), Vec::new()),
        TokenKind::File(path) => ("file\n".to_owned(), read(&place.base.join(path), path)?),
    };
    let key = digest(&[KEY, setting.as_bytes(), &text.identity(), &content]);
    let path = build::tokens_path(place, &key);
    if let Some(tokens) = Tokens::open(&path, &key) {
        return Ok(tokens);
    }
    let mut tokenizer = tokenizer(kind, &text, &content)?;
    let vocabulary = tokenizer.vocabulary();
    let separator = vocabulary.len() as u16;
    let length = |token: &Option<Box<[u8]>>| token.as_ref().map_or(UNKNOWN, |bytes| bytes.len() as u32);
    let lengths: Vec<u32> = vocabulary.iter().map(length).chain([0]).collect();
    // What is trained on: the documents, what each token stands for, and the tokens themselves. How they were found, and
    // by which version of which library, is no part of it.
    let mut identity = Sha256::new();
    identity.update(b"isoloss text 1\ntokens\n");
    identity.update(text.identity());
    identity.update((vocabulary.len() as u64).to_le_bytes());
    for token in vocabulary {
        identity.update(length(token).to_le_bytes());
        identity.update(token.as_deref().unwrap_or_default());
    }
    let cannot = |error| build::cannot(place, error);
    let mut writer = Writer::new(&place.cache).map_err(cannot)?;
    let (mut document, mut tokens, mut spans) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..text.documents() {
        text.text(i, &mut document);
        tokens.clear();
        tokenizer.encode(&document, &mut tokens)?;
        tokens.push(separator);
        spans.push(writer.push(&tokens).map_err(cannot)?);
        tokens.iter().for_each(|token| identity.update(token.to_le_bytes()));
    }
    let head = Head { key, identity: identity.finalize().into(), held_out: text.held_out().len() as u64 };
    build::keep(writer, &path, &head, &spans, &lengths).map_err(cannot)
}

fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, CorpusError> {
    fs::read(path).map_err(|error| {
        let message = format!("the tokenizer {} cannot be read: {}", shown(name), because(&error));
        CorpusError::new(message, WHERE).of("tokens")
    })
}
