//! Tokens on disk: written once, then mapped.
//!
//! ```text
//! header   magic, version, CRC-32 of all that follows it, counts, the manifest's digest     72 bytes
//! tokens   u16 each: the documents, every one followed by the separator
//! index    for each document, sorted by digest: first token and number of tokens            u64 each
//! ```
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
const VERSION: u32 = 1;
/// Where the checksum stands; it is that of everything behind it.
const CHECKSUM: Range<usize> = 12..16;
const HEADER: usize = 72;
const ENTRY: usize = 16;

/// The token between documents: one above all bytes, so that no text can contain it.
pub(super) const SEPARATOR: u16 = 256;

/// A digest of SHA-256.
pub(super) type Digest = [u8; 32];

/// Where a document's tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The digest of its content.
    pub(super) digest: Digest,
    /// Its first token.
    pub(super) start: u64,
    /// Its tokens, the separator behind it among them.
    pub(super) tokens: u64,
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

    /// Appends a document and a separator: where it begins and how many tokens that is.
    pub(super) fn push(&mut self, document: &[u8]) -> io::Result<(u64, u64)> {
        self.buffer.clear();
        self.buffer.resize(2 * document.len(), 0);
        for (pair, byte) in self.buffer.chunks_exact_mut(2).zip(document) {
            pair.copy_from_slice(&u16::from(*byte).to_le_bytes());
        }
        self.buffer.extend(SEPARATOR.to_le_bytes());
        let (start, tokens) = (self.tokens, document.len() as u64 + 1);
        self.checksum.update(&self.buffer);
        self.file.write_all(&self.buffer)?;
        self.tokens += tokens;
        Ok((start, tokens))
    }

    /// Writes index and header, and gives the file its name.
    pub(super) fn finish(mut self, path: &Path, manifest: &Digest, held_out: u64, index: &[Entry]) -> io::Result<()> {
        let index_bytes = index.iter().flat_map(|e| [e.start.to_le_bytes(), e.tokens.to_le_bytes()]);
        let index_bytes: Vec<u8> = index_bytes.flatten().collect();
        self.checksum.update(&index_bytes);
        self.file.write_all(&index_bytes)?;
        let counts = [index.len() as u64, held_out, self.tokens].map(u64::to_le_bytes);
        let counts = [counts.as_flattened(), manifest].concat();
        self.checksum.update(&counts);
        let checksum = self.checksum.clone().finalize().to_le_bytes();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&[MAGIC, &VERSION.to_le_bytes()[..], &checksum, &counts].concat())?;
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
}

impl Tokens {
    /// Maps a cache and checks it; none if it is not there, torn, foreign or of another version.
    pub(super) fn open(path: &Path, manifest: &Digest) -> Option<Self> {
        let map = map(&File::open(path).ok()?).ok()?;
        let header = map.get(..HEADER)?;
        let known = header[..8] == *MAGIC && header[8..CHECKSUM.start] == VERSION.to_le_bytes();
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let [documents, held_out, tokens] = [number(16), number(24), number(32)];
        let body = tokens.checked_mul(2)?.checked_add(documents.checked_mul(ENTRY as u64)?)?;
        let fits = body.checked_add(HEADER as u64)? == map.len() as u64 && held_out <= documents;
        if !known || !fits || header[40..] != *manifest {
            return None;
        }
        let mut checksum = Hasher::new();
        checksum.update(&map[HEADER..]);
        checksum.update(&map[CHECKSUM.end..HEADER]);
        if map[CHECKSUM] != checksum.finalize().to_le_bytes() {
            return None;
        }
        let cache = Self { map, documents: documents as usize, held_out: held_out as usize, tokens };
        let inside = |(start, length): (u64, u64)| start.checked_add(length).is_some_and(|end| end <= tokens);
        (0..cache.documents).all(|i| inside(cache.document(i))).then_some(cache)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_every_flaw_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (path, manifest) = (folder.path().join("x.tokens"), [7; 32]);
        let mut writer = Writer::new(folder.path()).unwrap();
        let mut index = Vec::new();
        for (digest, text) in [([1; 32], &b"ab"[..]), ([2; 32], b"\xff"), ([3; 32], b"xyz")] {
            let (start, tokens) = writer.push(text).unwrap();
            index.push(Entry { digest, start, tokens });
        }
        writer.finish(&path, &manifest, 1, &index).unwrap();
        let cache = Tokens::open(&path, &manifest).unwrap();
        assert_eq!((cache.held_out(), cache.training()), (0..1, 1..3));
        assert_eq!(cache.document(1), (3, 2));
        let mut out = [0; 9];
        cache.copy(0, &mut out);
        assert_eq!(out, [97, 98, 256, 255, 256, 120, 121, 122, 256]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is gone");

        assert!(Tokens::open(&path, &[8; 32]).is_none(), "a file of another corpus");
        let whole = fs::read(&path).unwrap();
        let flawed = folder.path().join("flawed");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&flawed, &bytes).unwrap();
            assert!(Tokens::open(&flawed, &manifest).is_none(), "byte {at}");
            fs::write(&flawed, &whole[..at]).unwrap();
            assert!(Tokens::open(&flawed, &manifest).is_none(), "cut at {at}");
        }
        fs::write(&flawed, [&whole[..], b"x"].concat()).unwrap();
        assert!(Tokens::open(&flawed, &manifest).is_none());
    }
}
