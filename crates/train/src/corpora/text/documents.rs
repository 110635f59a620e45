//! From files to documents: decompression, lines of JSON, and what is no text.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::files::left_out::LeftOut;
use super::super::files::select::{Chosen, TOO_LARGE, uncompressed_name, unreadable};

/// Of so many bytes one may be no UTF-8 (a name in Latin-1, a cut at the end): more is binary, or another encoding.
const BYTES_PER_FLAW: usize = 100;

const BUFFER: usize = 1 << 18;

/// Hands over the documents of a file in their order; `field` is the key of the text in lines of JSON, and other files are
/// cut into documents of `document_bytes`, if that is given.
///
/// # Errors
/// Those of `take`; a file that cannot be read is left out instead, and what came before the flaw stays.
pub(super) fn documents<E>(
    file: &Chosen,
    field: &str,
    document_bytes: Option<u64>,
    left_out: &mut LeftOut,
    take: &mut impl FnMut(&[u8], &mut LeftOut) -> Result<(), E>,
) -> Result<(), E> {
    let source = match open(&file.path) {
        Ok(source) => source,
        Err(error) => {
            left_out.add(&unreadable(&error), &file.name);
            return Ok(());
        }
    };
    let of_lines = uncompressed_name(&file.path).extension().is_some_and(|e| e.eq_ignore_ascii_case("jsonl"));
    if of_lines {
        lines(source, file, field, left_out, take)
    } else {
        whole(source, file, document_bytes, left_out, take)
    }
}

fn whole<E>(
    source: impl Read,
    file: &Chosen,
    document_bytes: Option<u64>,
    left_out: &mut LeftOut,
    take: &mut impl FnMut(&[u8], &mut LeftOut) -> Result<(), E>,
) -> Result<(), E> {
    let mut bytes = Vec::with_capacity(file.size.min(1 << 30) as usize + 1);
    let reason = match source.take(file.most.saturating_add(1)).read_to_end(&mut bytes) {
        Err(error) => unreadable(&error),
        Ok(read) if read as u64 > file.most => TOO_LARGE.to_owned(),
        Ok(0) => "empty".to_owned(),
        Ok(_) if !is_text(&bytes) => "binary".to_owned(),
        Ok(_) if file.no_generated && is_generated(&file.path, &bytes) => "generated".to_owned(),
        Ok(_) => return pieces(&bytes, document_bytes).try_for_each(|piece| take(piece, left_out)),
    };
    left_out.add(&reason, &file.name);
    Ok(())
}

/// Text cut behind the first end of a line at `least` bytes or more; a line that does not end within as many again is cut
/// in the middle, between letters.
fn pieces(text: &[u8], least: Option<u64>) -> impl Iterator<Item = &[u8]> {
    let least = usize::try_from(least.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let mut rest = text;
    std::iter::from_fn(move || {
        let most = least.saturating_mul(2).min(rest.len());
        let end = match rest.get(least - 1..most).and_then(|tail| tail.iter().position(|b| *b == b'\n')) {
            Some(at) => least + at,
            // A byte that goes on with a letter begins with the bits 10.
            None if most < rest.len() => (1..=most).rev().find(|at| rest[*at] & 0xc0 != 0x80).unwrap_or(most),
            None => most,
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn lines<E>(
    mut source: impl BufRead,
    file: &Chosen,
    field: &str,
    left_out: &mut LeftOut,
    take: &mut impl FnMut(&[u8], &mut LeftOut) -> Result<(), E>,
) -> Result<(), E> {
    let (mut line, mut number) = (Vec::new(), 0u64);
    loop {
        line.clear();
        number += 1;
        match source.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => {
                left_out.add(&unreadable(&error), &file.name);
                return Ok(());
            }
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut json = serde_json::Deserializer::from_slice(&line);
        let text = Field(field).deserialize(&mut json).ok().filter(|_| json.end().is_ok()).flatten();
        let reason = match text {
            None => "a line without text in `field`",
            Some(text) if text.is_empty() => "empty",
            Some(text) if text.contains('\0') => "binary",
            Some(text) => {
                take(text.as_bytes(), left_out)?;
                continue;
            }
        };
        left_out.add(reason, &format!("{}:{number}", file.name));
    }
}

/// A file, unpacked if its first bytes say gzip or Zstandard: names lie.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut plain = BufReader::with_capacity(BUFFER, File::open(path)?);
    let start = plain.fill_buf()?;
    Ok(if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(plain)))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(BufReader::with_capacity(BUFFER, zstd::stream::read::Decoder::with_buffer(plain)?))
    } else {
        Box::new(plain)
    })
}

/// No NUL, and hardly a byte that is not UTF-8.
fn is_text(bytes: &[u8]) -> bool {
    if bytes.contains(&0) {
        return false;
    }
    let invalid = match std::str::from_utf8(bytes) {
        Ok(_) => 0,
        Err(_) => bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum(),
    };
    invalid * BYTES_PER_FLAW <= bytes.len()
}

/// Was this source written by a program? So says its name (`bindings.rs`, `*_bindings.rs`), or a comment among its first
/// ten lines.
fn is_generated(path: &Path, bytes: &[u8]) -> bool {
    const SAY: [&str; 6] =
        ["@generated", "generated by", "automatically generated", "auto-generated", "autogenerated", "do not edit"];
    if path.extension().is_none_or(|e| e != "rs") {
        return false;
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let says = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).to_lowercase();
        let comment = ["//", "/*", "*"].iter().any(|mark| line.trim_start().starts_with(mark));
        comment && SAY.iter().any(|words| line.contains(words))
    };
    stem == "bindings" || stem.ends_with("_bindings") || bytes.split(|b| *b == b'\n').take(10).any(says)
}

/// The text under one key of an object; the rest is passed over without being kept.
struct Field<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key_seed(Text)? {
            if key == self.0 {
                found = Some(map.next_value_seed(Text)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A string, borrowed where nothing in it is escaped.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    fn cut(text: &str, least: Option<u64>) -> Vec<&str> {
        pieces(text.as_bytes(), least).map(|p| std::str::from_utf8(p).unwrap()).collect()
    }

    #[test]
    fn text_is_cut_at_lines_and_nothing_is_lost() {
        assert_eq!(cut("ab\ncd\nef\n", None), ["ab\ncd\nef\n"]);
        assert_eq!(cut("ab\ncd\nef", Some(2)), ["ab\n", "cd\n", "ef"]);
        assert_eq!(cut("ab\ncd\nef\n", Some(3)), ["ab\n", "cd\n", "ef\n"]);
        assert_eq!(cut("\n\n\n", Some(1)), ["\n", "\n", "\n"]);
        // A line without an end, of letters of two bytes.
        let long = "\u{e4}".repeat(7);
        let all = cut(&long, Some(3));
        assert_eq!((all.concat(), all.len()), (long.clone(), 3));
        assert!(cut("", Some(3)).is_empty());
    }
}
