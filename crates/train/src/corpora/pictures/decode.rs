//! Which kind of picture bytes are, by their first ones: names lie.

use std::sync::{Mutex, MutexGuard, PoisonError};

use isoloss_runs::quietly;

use super::{Picture, jpeg, png, svg};

/// No side of a picture has more pixels, in any format: what a JPEG can say at most.
pub(super) const LONGEST_SIDE: u32 = 65_535;

/// Why a picture was left out that says of itself that it is longer.
pub(super) const TOO_LONG: &str = "a picture with a side of more than 65,535 pixels";

/// A picture whose shorter side has at most `keep` pixels; or why there is none, as a reason of what was left out.
///
/// # Errors
/// If it is of another format, damaged, or too large to be worth the memory.
pub(in crate::corpora) fn decode(bytes: &[u8], keep: u32) -> Result<Picture, String> {
    let read = || match kind(bytes) {
        Kind::Png => png::decode(bytes, keep),
        Kind::Jpeg => jpeg::decode(bytes, keep),
        Kind::Svg => svg::decode(bytes, keep),
        Kind::Empty => Err("an empty file".to_owned()),
        Kind::Other(name) => Err(format!("{name}, not PNG, JPEG or SVG")),
    };
    // The libraries promise not to panic; should one, the picture is lost and not the program.
    quietly(read).unwrap_or_else(|| Err("a picture that cannot be read".to_owned()))
}

/// Large pictures wait for each other, however many threads there are: the memory of all of them is that of one.
pub(super) fn alone(large: bool) -> Option<MutexGuard<'static, ()>> {
    static ONE: Mutex<()> = Mutex::new(());
    large.then(|| ONE.lock().unwrap_or_else(PoisonError::into_inner))
}

enum Kind {
    Png,
    Jpeg,
    Svg,
    Empty,
    Other(&'static str),
}

fn kind(bytes: &[u8]) -> Kind {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match bytes {
        [] => Kind::Empty,
        [0x89, b'P', b'N', b'G', ..] => Kind::Png,
        [0xff, 0xd8, 0xff, ..] => Kind::Jpeg,
        // Packed SVG is the only picture that gzip is used for.
        [0x1f, 0x8b, ..] => Kind::Svg,
        [b'G', b'I', b'F', b'8', ..] => Kind::Other("a GIF"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::Other("a WebP"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Kind::Other("an AVIF or HEIC"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Kind::Other("a TIFF"),
        [b'B', b'M', ..] => Kind::Other("a BMP"),
        _ if text.starts_with(b"<") && text.windows(4).any(|at| at == b"<svg" || at == b":svg") => Kind::Svg,
        _ => Kind::Other("no picture"),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn what_is_no_picture_is_named() {
        let reason = |bytes: &[u8]| decode(bytes, 64).unwrap_err();
        assert_eq!(reason(b""), "an empty file");
        assert_eq!(reason(b"GIF89a..."), "a GIF, not PNG, JPEG or SVG");
        assert_eq!(reason(b"RIFF....WEBPVP8 "), "a WebP, not PNG, JPEG or SVG");
        assert_eq!(reason(b"words"), "no picture, not PNG, JPEG or SVG");
        assert_eq!(reason(b"<html><p>svg</p></html>"), "no picture, not PNG, JPEG or SVG");
        assert_eq!(reason(b"<html><svg/></html>"), "no SVG, though it looks like one");
        assert_eq!(reason(b"\x89PNG\r\n\x1a\n"), "a damaged PNG");
        assert_eq!(reason(b"\xff\xd8\xff\xd9"), "a damaged JPEG");
    }
}
