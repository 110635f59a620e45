//! Many files on all processors, with what comes out in the order of what went in.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use super::super::files::select::unreadable;
use super::{Digest, Picture, decode};

/// No file of a picture is larger.
pub(in crate::corpora) const MOST_BYTES: u64 = 64 << 20;

/// Why a picture was left out whose file is larger.
const TOO_LARGE: &str = "a picture of more than 64 MB";

/// A picture, and what identifies its file.
#[derive(Clone, Debug)]
pub(in crate::corpora) struct Opened {
    /// The pixels.
    pub(in crate::corpora) picture: Arc<Picture>,
    /// Of the bytes of the file.
    pub(in crate::corpora) digest: Digest,
}

/// Reads a file of at most so many bytes.
///
/// # Errors
/// The reason, as one of what was left out.
pub(in crate::corpora) fn open(path: &Path, most: u64, keep: u32) -> Result<Opened, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let most = most.min(MOST_BYTES);
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > most {
        return Err(if most == MOST_BYTES { TOO_LARGE } else { "a picture larger than `max_picture_bytes`" }.to_owned());
    }
    opened(&bytes, keep)
}

/// The same of bytes that are there already.
///
/// # Errors
/// As [`open`].
pub(in crate::corpora) fn opened(bytes: &[u8], keep: u32) -> Result<Opened, String> {
    if bytes.len() as u64 > MOST_BYTES {
        return Err(TOO_LARGE.to_owned());
    }
    Ok(Opened { picture: Arc::new(decode(bytes, keep)?), digest: Sha256::digest(bytes).into() })
}

/// Does work on every item, side by side; what it gives stands where the item stood.
pub(in crate::corpora) fn in_order<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            // What panicked in a thread goes on panicking here.
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
