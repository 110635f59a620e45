//! Files as memory: the one place of this crate that is `unsafe`.

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Maps a whole file, to be read only.
///
/// # Errors
/// If the system refuses: an empty file, a file system without maps.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes of a map must not change while it lives. Only token caches and banks of
    // memories are mapped; they come into being under another name, get theirs by a rename when they are whole, and
    // nothing of ours writes to them afterwards. A file that is deleted or replaced while mapped lives on until it is
    // unmapped.
    #[allow(unsafe_code)]
    unsafe {
        Mmap::map(file)
    }
}
