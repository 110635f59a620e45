//! Tokens on disk: written once, then mapped.
//!
//! ```text
//! header   magic, version, CRC-32 of all that follows it, counts, key, identity              112 bytes
//! tokens   u16 each: the documents, every one followed by the separator
//! index    for each document, sorted by digest: first token and number of tokens            u64 each
//! lengths  for each token of the vocabulary: how many bytes of text it stands for            u32 each
//! ```
//!
//! The key is that of what was asked for, by which the file is found; the identity is that of what is in it. Of bytes as
//! tokens they are one. The last token of a vocabulary is the separator, which stands for no byte.
//!
//! All numbers are little-endian. The file is written under another name and gets its own when it is whole. It is not
//! synced: one that a power cut tore fails its checksum and is written again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crc32fast::Hasher;
use memmap2::Mmap;

use super::super::mmap::map;

const MAGIC: &[u8; 8] = b"isotoks\n";
const VERSION: u32 = 2;
/// Where the checksum stands; it is that of everything behind it.
const CHECKSUM: Range<usize> = 12..16;
const HEADER: usize = 112;
const KEY: Range<usize> = 48..80;
const IDENTITY: Range<usize> = 80..112;
const ENTRY: usize = 16;
const LENGTH: usize = 4;

/// The length of a token that stands for any word that has none of its own.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// A digest of SHA-256.
pub(super) type Digest = [u8; 32];

/// Where a document's tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first token.
    pub(super) start: u64,
    /// Its tokens, the separator behind it among them.
    pub(super) tokens: u64,
}

/// What a cache is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The digest of what was asked for.
    pub(super) key: Digest,
    /// The digest of what is there.
    pub(super) identity: Digest,
    /// So many documents, the first by digest, are held out.
    pub(super) held_out: u64,
}

/// A cache that is being written.
pub(super) struct Writer {
    file: BufWriter<File>,
    temporary: PathBuf,
    checksum: Hasher,
    tokens: u64,
    buffer: Vec<u8>,
}

impl Writer {
    /// Begins a file in a folder, which is made if it is not there.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(folder)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!("text-{}-{count}.tmp", std::process::id()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&[0; HEADER])?;
        Ok(Self { file, temporary, checksum: Hasher::new(), tokens: 0, buffer: Vec::new() })
    }

    /// Appends the tokens of a document, the separator the last of them: where they are.
    pub(super) fn push(&mut self, tokens: &[u16]) -> io::Result<Span> {
        self.buffer.clear();
        self.buffer.resize(2 * tokens.len(), 0);
        for (pair, token) in self.buffer.chunks_exact_mut(2).zip(tokens) {
            pair.copy_from_slice(&token.to_le_bytes());
        }
        let span = Span { start: self.tokens, tokens: tokens.len() as u64 };
        self.checksum.update(&self.buffer);
        self.file.write_all(&self.buffer)?;
        self.tokens += span.tokens;
        Ok(span)
    }

    /// Writes index, lengths and header, and gives the file its name.
    pub(super) fn finish(mut self, path: &Path, head: &Head, index: &[Span], lengths: &[u32]) -> io::Result<()> {
        let spans = index.iter().flat_map(|s| [s.start.to_le_bytes(), s.tokens.to_le_bytes()]).flatten();
        let tail: Vec<u8> = spans.chain(lengths.iter().flat_map(|length| length.to_le_bytes())).collect();
        self.checksum.update(&tail);
        self.file.write_all(&tail)?;
        let counts = [index.len() as u64, head.held_out, self.tokens, lengths.len() as u64].map(u64::to_le_bytes);
        let head = [counts.as_flattened(), &head.key, &head.identity].concat();
        self.checksum.update(&head);
        let checksum = self.checksum.clone().finalize().to_le_bytes();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&[MAGIC, &VERSION.to_le_bytes()[..], &checksum, &head].concat())?;
        self.file.flush()?;
        fs::rename(&self.temporary, path)
    }
}

impl Drop for Writer {
    /// What was not finished is not left behind; a finished file has another name by now.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Tokens of a cache.
#[derive(Debug)]
pub(super) struct Tokens {
    map: Mmap,
    documents: usize,
    held_out: usize,
    tokens: u64,
    lengths: Vec<u32>,
}

impl Tokens {
    /// Maps a cache and checks it; none if it is not there, torn, foreign or of another version.
    pub(super) fn open(path: &Path, key: &Digest) -> Option<Self> {
        let map = map(&File::open(path).ok()?).ok()?;
        let header = map.get(..HEADER)?;
        let known = header[..8] == *MAGIC && header[8..CHECKSUM.start] == VERSION.to_le_bytes();
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let [documents, held_out, tokens, vocabulary] = [number(16), number(24), number(32), number(40)];
        let body = tokens.checked_mul(2)?.checked_add(documents.checked_mul(ENTRY as u64)?)?;
        let body = body.checked_add(vocabulary.checked_mul(LENGTH as u64)?)?;
        let fits = body.checked_add(HEADER as u64)? == map.len() as u64 && held_out <= documents;
        if !known || !fits || !(1..=1 << 16).contains(&vocabulary) || header[KEY] != *key {
            return None;
        }
        let mut checksum = Hasher::new();
        checksum.update(&map[HEADER..]);
        checksum.update(&map[CHECKSUM.end..HEADER]);
        if map[CHECKSUM] != checksum.finalize().to_le_bytes() {
            return None;
        }
        let lengths = map[map.len() - LENGTH * vocabulary as usize..].as_chunks::<LENGTH>().0;
        let lengths = lengths.iter().map(|length| u32::from_le_bytes(*length)).collect();
        let cache = Self { map, documents: documents as usize, held_out: held_out as usize, tokens, lengths };
        let inside = |(start, length): (u64, u64)| start.checked_add(length).is_some_and(|end| end <= tokens);
        (0..cache.documents).all(|i| inside(cache.document(i))).then_some(cache)
    }

    /// The digest of what is there.
    pub(super) fn identity(&self) -> Digest {
        self.map[IDENTITY].try_into().expect("32 bytes")
    }

    /// How many different tokens there are.
    pub(super) fn vocab_size(&self) -> usize {
        self.lengths.len()
    }

    /// The token behind every document.
    pub(super) fn separator(&self) -> u32 {
        self.lengths.len() as u32 - 1
    }

    /// How many bytes of text a token stands for; none if that differs from place to place.
    pub(super) fn bytes_of(&self, token: u32) -> Option<u64> {
        let length = self.lengths[token as usize];
        (length != UNKNOWN).then_some(u64::from(length))
    }

    /// How many of all tokens are unknown words.
    pub(super) fn unknown(&self) -> u64 {
        let Some(unknown) = self.lengths.iter().position(|length| *length == UNKNOWN) else { return 0 };
        let pairs = self.map[HEADER..][..2 * self.tokens as usize].as_chunks::<2>().0;
        pairs.iter().filter(|pair| usize::from(u16::from_le_bytes(**pair)) == unknown).count() as u64
    }

    /// All tokens, separators among them.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// All documents.
    pub(super) fn documents(&self) -> usize {
        self.documents
    }

    /// Documents to train on: the higher digests.
    pub(super) fn training(&self) -> Range<usize> {
        self.held_out..self.documents
    }

    /// Documents to evaluate on: the lower digests.
    pub(super) fn held_out(&self) -> Range<usize> {
        0..self.held_out
    }

    /// First token and number of tokens of a document.
    pub(super) fn document(&self, i: usize) -> (u64, u64) {
        let at = HEADER + 2 * self.tokens as usize + ENTRY * i;
        let number = |at: usize| u64::from_le_bytes(self.map[at..at + 8].try_into().expect("eight bytes"));
        (number(at), number(at + 8))
    }

    /// Copies tokens from a place on.
    pub(super) fn copy(&self, start: u64, out: &mut [u32]) {
        let at = HEADER + 2 * start as usize;
        let pairs = self.map[at..at + 2 * out.len()].chunks_exact(2);
        for (out, pair) in out.iter_mut().zip(pairs) {
            *out = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
        }
    }

    /// The text of a document whose tokens are its bytes.
    pub(super) fn text(&self, i: usize, out: &mut Vec<u8>) {
        let (start, tokens) = self.document(i);
        let pairs = &self.map[HEADER + 2 * start as usize..][..2 * (tokens as usize - 1)];
        out.clear();
        out.extend(pairs.as_chunks::<2>().0.iter().map(|pair| pair[0]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_every_flaw_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("x.tokens"), [7; 32]);
        let head = Head { key, identity: [9; 32], held_out: 1 };
        let lengths = [1, 3, UNKNOWN, 0];
        let mut writer = Writer::new(folder.path()).unwrap();
        let index = [&[0, 1, 3][..], &[2, 3], &[0, 0, 2, 3]].map(|tokens| writer.push(tokens).unwrap());
        writer.finish(&path, &head, &index, &lengths).unwrap();
        let cache = Tokens::open(&path, &key).unwrap();
        assert_eq!((cache.held_out(), cache.training(), cache.documents()), (0..1, 1..3, 3));
        assert_eq!((cache.document(1), cache.tokens(), cache.identity()), ((3, 2), 9, [9; 32]));
        assert_eq!((cache.vocab_size(), cache.separator(), cache.unknown()), (4, 3, 2));
        assert_eq!([0, 1, 2, 3].map(|token| cache.bytes_of(token)), [Some(1), Some(3), None, Some(0)]);
        let mut out = [0; 9];
        cache.copy(0, &mut out);
        assert_eq!(out, [0, 1, 3, 2, 3, 0, 0, 2, 3]);
        let mut text = Vec::new();
        cache.text(2, &mut text);
        assert_eq!(text, [0, 0, 2]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is gone");

        assert!(Tokens::open(&path, &[8; 32]).is_none(), "a file of another corpus");
        let whole = fs::read(&path).unwrap();
        let flawed = folder.path().join("flawed");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&flawed, &bytes).unwrap();
            assert!(Tokens::open(&flawed, &key).is_none(), "byte {at}");
            fs::write(&flawed, &whole[..at]).unwrap();
            assert!(Tokens::open(&flawed, &key).is_none(), "cut at {at}");
        }
        fs::write(&flawed, [&whole[..], b"x"].concat()).unwrap();
        assert!(Tokens::open(&flawed, &key).is_none());
    }
}
