//! Files of a person's own, for the corpora that are made of some: which of them, what is left out, and what is held out.

pub(super) mod left_out;
pub(super) mod select;

/// The lowest digests are held out: the first 64 bits as a fraction of 1.
pub(super) fn is_held_out(digest: &[u8; 32], share: f64) -> bool {
    start(digest) < (share * (1u128 << 64) as f64) as u64
}

/// The first 64 bits, by which documents are divided.
pub(super) fn start(digest: &[u8; 32]) -> u64 {
    u64::from_be_bytes(digest[..8].try_into().expect("eight bytes"))
}
