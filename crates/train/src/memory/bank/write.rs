//! A bank on its way to the disk.

use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::BankError;
use super::error::{Reason, Tried};
use super::header::{Header, checksum};

/// A bank that is being written, reference after reference, in the order of their numbers.
///
/// It stands beside its place, in a file that ends in `.tmp`, until [`Writer::finish`]; one that is dropped before leaves
/// nothing behind. Memory is that of one block. A file that ends in `.lock` stays: by it two writers know of each other.
#[derive(Debug)]
pub struct Writer {
    header: Header,
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    /// The records of the block that is being filled.
    block: Vec<u8>,
    halves: Vec<f16>,
    written: u64,
    finished: bool,
    // The last field: freed when the unfinished file is gone.
    _lock: Lock,
}

impl Writer {
    /// Begins a bank; the folder is made if it is not there. A finished one of that name stays until [`Writer::finish`].
    ///
    /// # Errors
    /// If somebody else is writing it, there is no file so large, or the system refuses.
    pub fn create(path: impl AsRef<Path>, header: Header) -> Result<Self, BankError> {
        let lock = Lock::try_take(path.as_ref())?;
        Self::begin(path.as_ref(), header, lock)
    }

    pub(super) fn begin(path: &Path, header: Header, lock: Lock) -> Result<Self, BankError> {
        if header.bytes().is_none() {
            let message = format!("{} references of that shape are more than a file holds", header.count);
            return Err(BankError::unfit(path, message, "keep fewer tokens, layers or references"));
        }
        let unfinished = beside(path, "tmp");
        // A new file, and never one that a link of that name points at; what is there was left by a kill.
        let _ = fs::remove_file(&unfinished);
        let file = File::create_new(&unfinished).tried(&unfinished, "written")?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&header.to_bytes()).tried(&unfinished, "written")?;
        Ok(Self {
            header,
            path: path.to_owned(),
            unfinished,
            file,
            block: Vec::new(),
            halves: Vec::new(),
            written: 0,
            finished: false,
            _lock: lock,
        })
    }

    /// Appends the next reference: its keys and values, `[layers, 2, heads, tokens, head_dim]`, how many of the tokens are
    /// its own, the first ones, and the vector that it is found by. Numbers are rounded to the nearest of 16 bits.
    ///
    /// # Errors
    /// If a number is not finite as one of 16 bits, there are more references than was said, or the system refuses.
    ///
    /// # Panics
    /// If there are more or fewer numbers than the shape has.
    pub fn push(&mut self, values: &[f32], kept: u32, vector: &[f32]) -> Result<(), BankError> {
        let shape = self.header.shape;
        assert_eq!((values.len(), vector.len()), (shape.values(), shape.vector as usize), "numbers of a reference");
        assert!(kept <= shape.tokens, "{kept} tokens are kept of at most {}", shape.tokens);
        if self.written == self.header.count {
            let message = format!("this bank has room for {} references, and here is one more", self.header.count);
            return Err(BankError::unfit(&self.path, message, "count the references before the bank is written"));
        }
        let begun = self.block.len();
        self.block.extend((kept as u16).to_le_bytes());
        for numbers in [values, vector] {
            self.halves.resize(numbers.len(), f16::ZERO);
            self.halves.convert_from_f32_slice(numbers);
            if let Some(at) = self.halves.iter().position(|half| !half.is_finite()) {
                // The reference may be pushed again, with other numbers.
                self.block.truncate(begun);
                let message = format!("reference {} holds {}, and at most 65504 fits", self.written, numbers[at]);
                return Err(BankError::unfit(&self.path, message, "see whether the model that wrote it has diverged"));
            }
            let from = self.block.len();
            self.block.resize(from + 2 * self.halves.len(), 0);
            let bytes = self.block[from..].as_chunks_mut::<2>().0.iter_mut();
            bytes.zip(&self.halves).for_each(|(bytes, half)| *bytes = half.to_le_bytes());
        }
        self.written += 1;
        if self.block.len() == shape.record() * shape.per_block() { self.flush() } else { Ok(()) }
    }

    /// Writes the block that was begun.
    fn flush(&mut self) -> Result<(), BankError> {
        let block = (self.written - 1) / self.header.shape.per_block() as u64;
        let sum = checksum(block, &self.block).to_le_bytes();
        let written = self.file.write_all(&sum).and_then(|()| self.file.write_all(&self.block));
        self.block.clear();
        written.tried(&self.unfinished, "written")
    }

    /// Waits until all is on the disk, and gives the bank its name: from then on it is there, whole.
    ///
    /// # Errors
    /// If references are missing, or the system refuses.
    pub fn finish(mut self) -> Result<(), BankError> {
        if self.written != self.header.count {
            let message = format!("this bank is to hold {} references and has {}", self.header.count, self.written);
            return Err(BankError::unfit(&self.path, message, "push every reference before the bank is finished"));
        }
        if !self.block.is_empty() {
            self.flush()?;
        }
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.tried(&self.unfinished, "written to the disk")?;
        fs::rename(&self.unfinished, &self.path).tried(&self.path, "written")?;
        self.finished = true;
        // The name too must outlive a power cut. Elsewhere folders cannot be opened, and renames are written through.
        if cfg!(unix) {
            let folder = folder(&self.path);
            File::open(folder).and_then(|folder| folder.sync_all()).tried(folder, "written to the disk")?;
        }
        Ok(())
    }
}

impl Drop for Writer {
    /// What was not finished is not left behind: on a full disk the room is wanted back.
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

/// The right to write a bank, held by a lock of the operating system: a kill frees it.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "open as long as the lock is held")] File);

impl Lock {
    fn file(path: &Path) -> Result<(File, PathBuf), BankError> {
        fs::create_dir_all(folder(path)).tried(folder(path), "made")?;
        let lock = beside(path, "lock");
        let file = File::options().write(true).create(true).truncate(false).open(&lock).tried(&lock, "written")?;
        Ok((file, lock))
    }

    fn try_take(path: &Path) -> Result<Self, BankError> {
        let (file, lock) = Self::file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(BankError::new(path, Reason::Busy, "this bank is being written", "wait until it is there"))
            }
            Err(TryLockError::Error(error)) => Err(error).tried(&lock, "locked"),
        }
    }

    /// Waits until nobody else has it.
    pub(super) fn take(path: &Path) -> Result<Self, BankError> {
        let (file, lock) = Self::file(path)?;
        file.lock().tried(&lock, "locked")?;
        Ok(Self(file))
    }
}

/// A file of that name with another ending behind it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
