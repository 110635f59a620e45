//! What a bank is of, how large it is, and where in the file everything stands.

use std::ops::Range;
use std::path::Path;

use super::BankError;
use super::error::Reason;

/// A digest of SHA-256.
pub type Digest = [u8; 32];

/// What a bank is of: a file with another header is another bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The digest of the config and the weights of the model that wrote it: the memories of one model mean nothing to another.
    pub model: Digest,
    /// The digest of the references.
    pub references: Digest,
    /// How many references.
    pub count: u64,
    /// What is kept of each.
    pub shape: Shape,
}

/// What is kept of a reference: keys and values, `[layers, 2, heads, tokens, head_dim]`, and a vector to find it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Layers that read memory.
    pub layers: u32,
    /// Heads of keys and values in each.
    pub heads: u32,
    /// Tokens that a head keeps: fewer where a reference is shorter.
    pub tokens: u32,
    /// Numbers of a key, and of a value.
    pub head_dim: u32,
    /// Numbers of the vector that a reference is found by; 0 where it is found by its tokens.
    pub vector: u32,
}

impl Shape {
    /// Numbers of the keys and values of a reference.
    pub fn values(&self) -> usize {
        2 * [self.layers, self.heads, self.tokens, self.head_dim].map(|n| n as usize).iter().product::<usize>()
    }

    /// Bytes of a reference: how many tokens are its own, 2, then each number, 2.
    pub(super) fn record(&self) -> usize {
        2 * (1 + self.values() + self.vector as usize)
    }

    /// References that share a checksum: about 64 KiB, so that reading one costs little and checksums hardly any room.
    pub(super) fn per_block(&self) -> usize {
        (BLOCK / self.record()).max(1)
    }

    fn says(&self) -> String {
        let Self { layers, heads, tokens, head_dim, vector } = self;
        format!("{layers} layers, {heads} heads, {tokens} tokens, heads of {head_dim}, vectors of {vector}")
    }
}

const MAGIC: &[u8; 8] = b"isobank\n";
pub(super) const VERSION: u32 = 1;
/// Where the checksum of the header stands; it is that of everything in it behind this.
const CHECKSUM: Range<usize> = 12..16;
/// Bytes of the header.
pub(super) const HEADER: usize = 108;
const BLOCK: usize = 1 << 16;
/// Bytes of the checksum in front of every block.
pub(super) const SUM: usize = 4;

impl Header {
    /// The bytes at the beginning of a file.
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let Shape { layers, heads, tokens, head_dim, vector } = self.shape;
        let sizes = [layers, heads, tokens, head_dim, vector].map(u32::to_le_bytes);
        let body = [&self.model[..], &self.references, &self.count.to_le_bytes(), sizes.as_flattened()].concat();
        let sum = crc32fast::hash(&body).to_le_bytes();
        let bytes = [&MAGIC[..], &VERSION.to_le_bytes(), &sum, &body].concat();
        bytes.try_into().expect("as long as a header")
    }

    /// Is that the header of this bank? Refuses any other, and says how it is another.
    pub(super) fn found(&self, bytes: &[u8; HEADER], path: &Path) -> Result<(), BankError> {
        if bytes[..MAGIC.len()] != *MAGIC {
            return Err(BankError::damaged(path, "this is no bank: it does not begin as one"));
        }
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let version = number(MAGIC.len());
        if version != VERSION {
            let (age, hint) = match version > VERSION {
                true => ("a newer", "use that program, or delete the file and it is written again"),
                false => ("an older", "delete it, and it is written again"),
            };
            let message = format!("{age} program wrote this bank: its version is {version}, read is {VERSION}");
            return Err(BankError::new(path, Reason::Version, message, hint));
        }
        if number(CHECKSUM.start) != crc32fast::hash(&bytes[CHECKSUM.end..]) {
            return Err(BankError::damaged(path, "the header is not as it was written: its checksum is another"));
        }
        let digest = |at: usize| -> Digest { bytes[at..at + 32].try_into().expect("32 bytes") };
        let there = Self {
            model: digest(16),
            references: digest(48),
            count: u64::from_le_bytes(bytes[80..88].try_into().expect("eight bytes")),
            shape: Shape {
                layers: number(88),
                heads: number(92),
                tokens: number(96),
                head_dim: number(100),
                vector: number(104),
            },
        };
        self.is(&there, path)
    }

    fn is(&self, there: &Self, path: &Path) -> Result<(), BankError> {
        let other = |what: &str, there: String, asked: String| {
            Err(BankError::foreign(path, format!("this is the bank of {what} {there}, asked for is that of {asked}")))
        };
        if there.model != self.model {
            return other("model", hex(&there.model), hex(&self.model));
        }
        if there.references != self.references {
            return other("references", hex(&there.references), hex(&self.references));
        }
        if there.count != self.count {
            return other("so many references:", there.count.to_string(), self.count.to_string());
        }
        if there.shape != self.shape {
            return other("shape:", there.shape.says(), self.shape.says());
        }
        Ok(())
    }

    /// How many blocks.
    pub(super) fn blocks(&self) -> u64 {
        self.count.div_ceil(self.shape.per_block() as u64)
    }

    /// Bytes of the whole file; none if there is no such file.
    pub fn bytes(&self) -> Option<u64> {
        let Shape { layers, heads, tokens, head_dim, vector } = self.shape;
        let sizes = [2, layers, heads, tokens, head_dim].into_iter();
        let values = sizes.map(u64::from).try_fold(1, u64::checked_mul)?;
        let record = values.checked_add(1 + u64::from(vector))?.checked_mul(2)?;
        let records = self.count.checked_mul(record)?;
        let bytes = records.checked_add(self.count.checked_mul(SUM as u64)?)?.checked_add(HEADER as u64)?;
        // Less than what was summed up, which counts a checksum for every reference.
        (bytes <= isize::MAX as u64 && u16::try_from(tokens).is_ok())
            .then(|| HEADER as u64 + records + self.blocks() * SUM as u64)
    }

    /// Where a block stands in the file, its checksum first.
    pub(super) fn block(&self, block: u64) -> Range<usize> {
        let (record, per_block) = (self.shape.record(), self.shape.per_block());
        let start = HEADER + block as usize * (SUM + per_block * record);
        let references = (self.count - block * per_block as u64).min(per_block as u64) as usize;
        start..start + SUM + references * record
    }
}

/// The checksum of a block: over its number too, so that one does not pass for another.
pub(super) fn checksum(block: u64, records: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&block.to_le_bytes());
    hasher.update(records);
    hasher.finalize()
}

/// The first 12 hexadecimal digits of a digest: enough to tell two apart.
fn hex(digest: &Digest) -> String {
    digest[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}
