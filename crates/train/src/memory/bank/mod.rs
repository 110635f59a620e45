//! The bank: what a model keeps of its references, written once and then mapped.
//!
//! ```text
//! header   magic, version, CRC-32 of what follows it here, model, references, count, shape       108 bytes
//! blocks   CRC-32 of the block's number and its records, then the records: about 64 KiB each
//! record   tokens that are its own, u16; keys and values [layers, 2, heads, tokens, head_dim] and the vector, f16
//! ```
//!
//! All numbers are little-endian. The file is written beside its place, waited for and renamed: under its name it is whole.
//! Opening checks the header and the length, which reads a page; the checksum of a block is checked when it is first read,
//! and [`Bank::check`] checks all of them.

mod error;
mod header;
mod write;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use half::f16;
use half::slice::HalfFloatSliceExt;
use memmap2::Mmap;

pub use error::{BankError, Reason};
pub use header::{Digest, Header, Shape};
pub use write::Writer;

use crate::corpora::mmap::map;
use error::Tried;
use header::{HEADER, SUM, checksum};

/// A bank that was opened; several threads may read it.
#[derive(Debug)]
pub struct Bank {
    header: Header,
    path: PathBuf,
    map: Mmap,
    /// Of each block whether its checksum was seen to be right.
    checked: Vec<AtomicBool>,
}

impl Bank {
    /// Maps a bank. Header and length are checked; the numbers are when they are read.
    ///
    /// # Errors
    /// If there is none ([`Reason::Missing`]), it is torn, another version's, or that of another model, of other references or
    /// of another shape than `expected`.
    pub fn open(path: impl AsRef<Path>, expected: &Header) -> Result<Self, BankError> {
        let path = path.as_ref();
        let metadata = fs::metadata(path).tried(path, "read")?;
        if metadata.is_dir() {
            let hint = "move the folder away, or give the bank another name";
            return Err(BankError::new(path, Reason::System, "there is a folder in the place of a bank", hint));
        }
        let file = File::open(path).tried(path, "read")?;
        let bytes = metadata.len();
        if bytes < HEADER as u64 {
            let message = format!("this bank is cut short: {bytes} bytes, and its header alone has {HEADER}");
            return Err(BankError::damaged(path, message));
        }
        let map = map(&file).tried(path, "mapped")?;
        let header = map.first_chunk().expect("not shorter than a header");
        expected.found(header, path)?;
        // What was mapped counts, should the file have changed since it was measured.
        let whole = expected.bytes();
        if whole != Some(map.len() as u64) {
            let whole = whole.map_or("no file".into(), |whole| format!("{whole} bytes"));
            let message = format!("this bank is not whole: {} bytes in the place of {whole}", map.len());
            return Err(BankError::damaged(path, message));
        }
        let checked = (0..expected.blocks()).map(|_| AtomicBool::new(false)).collect();
        Ok(Self { header: *expected, path: path.to_owned(), map, checked })
    }

    /// Opens a bank, or has it written if there is none: by `fill`, which pushes every reference. Of several that ask at once,
    /// in this program or another, one writes and the others wait for it.
    ///
    /// # Errors
    /// Those of [`Bank::open`] but that there is none, those of `fill`, and those of writing.
    pub fn open_or_write(
        path: impl AsRef<Path>,
        header: Header,
        fill: impl FnOnce(&mut Writer) -> Result<(), BankError>,
    ) -> Result<Self, BankError> {
        let path = path.as_ref();
        let missing = |found: &Result<Self, BankError>| found.as_ref().is_err_and(|e| e.reason == Reason::Missing);
        let found = Self::open(path, &header);
        if !missing(&found) {
            return found;
        }
        let lock = write::Lock::take(path)?;
        // Whoever had the lock may have written it.
        let found = Self::open(path, &header);
        if !missing(&found) {
            return found;
        }
        let mut writer = Writer::begin(path, header, lock)?;
        fill(&mut writer)?;
        writer.finish()?;
        Self::open(path, &header)
    }

    /// What it is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of a reference on the disk, without its part of header and checksums.
    pub fn bytes_per_reference(&self) -> usize {
        self.header.shape.record()
    }

    /// Reads the keys and values of a reference, `[layers, 2, heads, tokens, head_dim]`: how many of the tokens are its own.
    ///
    /// # Errors
    /// If its block is not as it was written.
    ///
    /// # Panics
    /// If there is no such reference, or `values` has not the numbers of one.
    pub fn read(&self, number: u64, values: &mut [f32]) -> Result<u32, BankError> {
        assert_eq!(values.len(), self.header.shape.values(), "numbers of a reference");
        let record = self.record(number)?;
        widen(&record[2..2 + 2 * values.len()], values);
        Ok(u32::from(u16::from_le_bytes([record[0], record[1]])))
    }

    /// Reads the vector that a reference is found by.
    ///
    /// # Errors
    /// If its block is not as it was written.
    ///
    /// # Panics
    /// If there is no such reference, or `vector` has not the numbers of one.
    pub fn vector(&self, number: u64, vector: &mut [f32]) -> Result<(), BankError> {
        assert_eq!(vector.len(), self.header.shape.vector as usize, "numbers of a vector");
        let record = self.record(number)?;
        widen(&record[record.len() - 2 * vector.len()..], vector);
        Ok(())
    }

    /// Reads everything and checks it.
    ///
    /// # Errors
    /// If a block is not as it was written.
    pub fn check(&self) -> Result<(), BankError> {
        (0..self.header.blocks()).try_for_each(|block| self.check_block(block))
    }

    /// The bytes of a reference, their block checked.
    fn record(&self, number: u64) -> Result<&[u8], BankError> {
        let Header { count, shape, .. } = self.header;
        assert!(number < count, "reference {number} of {count}");
        let per_block = shape.per_block() as u64;
        let (block, at) = (number / per_block, (number % per_block) as usize);
        if !self.checked[block as usize].load(Ordering::Relaxed) {
            self.check_block(block)?;
        }
        let records = self.header.block(block).start + SUM;
        Ok(&self.map[records + at * shape.record()..][..shape.record()])
    }

    fn check_block(&self, block: u64) -> Result<(), BankError> {
        let (sum, records) = self.map[self.header.block(block)].split_at(SUM);
        if sum != checksum(block, records).to_le_bytes() {
            let first = block * self.header.shape.per_block() as u64;
            let message = format!("references from {first} on are not as they were written: their checksum is another");
            return Err(BankError::damaged(&self.path, message));
        }
        // Two threads that come at once check it both; the bytes do not change.
        self.checked[block as usize].store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Numbers of 16 bits as numbers of 32, exactly.
fn widen(bytes: &[u8], numbers: &mut [f32]) {
    const AT_ONCE: usize = 64;
    for (numbers, bytes) in numbers.chunks_mut(AT_ONCE).zip(bytes.chunks(2 * AT_ONCE)) {
        let mut halves = [f16::ZERO; AT_ONCE];
        for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks().0) {
            *half = f16::from_le_bytes(*bytes);
        }
        halves[..numbers.len()].convert_to_f32_slice(numbers);
    }
}

#[cfg(test)]
mod tests;
