//! Bytes to text: encodings and line ends.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::{Note, ReadError};

/// What first bytes say about files that are no tables of text.
const NOT_TEXT: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
];

/// The text of a file, with `\n` where it had lone `\r`; `\r\n` stays, the CSV reader knows it.
pub(crate) fn decode(source: &str, bytes: Vec<u8>, notes: &mut Vec<Note>) -> Result<String, ReadError> {
    if let Some((_, what)) = NOT_TEXT.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(binary(source, &format!("this is {what}, not a table of text")));
    }
    let text = match (Encoding::for_bom(&bytes), wide(&bytes)) {
        (Some((encoding, bom)), _) => transcode(source, encoding, &bytes[bom..], notes)?,
        (None, Some(encoding)) => transcode(source, encoding, &bytes, notes)?,
        (None, None) if bytes.contains(&0) => return Err(binary(source, "this is a binary file (it holds NUL bytes)")),
        (None, None) => match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => transcode(source, WINDOWS_1252, error.as_bytes(), notes)?,
        },
    };
    // A few stray control characters are tolerated (a form feed, a backspace); text that is full of them is none.
    let strange = text.chars().take(4096).filter(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')).count();
    if strange * 50 > text.chars().take(4096).count() {
        return Err(binary(source, "this is a binary file (it is full of control characters)"));
    }
    Ok(line_ends(text))
}

fn binary(source: &str, message: &str) -> ReadError {
    ReadError::new(source, message).hint("give CSV, TSV, JSON lines or Parquet, plain or as .gz or .zst")
}

/// UTF-16 without a byte order mark gives itself away: every other byte of ordinary text is NUL.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096) & !1];
    let pairs = head.len() / 2;
    let nuls = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (first, second) = (nuls(0), nuls(1));
    if pairs < 2 || bytes.len() % 2 == 1 {
        None
    } else if second * 10 > pairs * 8 && first * 20 < pairs {
        Some(UTF_16LE)
    } else if first * 10 > pairs * 8 && second * 20 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn transcode(
    source: &str,
    encoding: &'static Encoding,
    bytes: &[u8],
    notes: &mut Vec<Note>,
) -> Result<String, ReadError> {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    if damaged {
        return Err(ReadError::new(source, format!("the file begins like {} but is not valid in it", encoding.name()))
            .hint("save it again as UTF-8"));
    }
    if encoding == WINDOWS_1252 {
        notes.push(Note::new("encoding", "not UTF-8: decoded as Windows-1252 (Latin-1)"));
    } else if encoding != UTF_8 {
        notes.push(Note::new("encoding", format!("decoded from {}", encoding.name())));
    }
    Ok(text.into_owned())
}

/// Files from old Macs end lines by `\r` alone; with `\n` in its place lines count as in an editor.
fn line_ends(text: String) -> String {
    let bytes = text.as_bytes();
    let lone =
        bytes.contains(&b'\r') && (0..bytes.len()).any(|i| bytes[i] == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
    if !lone {
        return text;
    }
    // A file that uses `\n` too keeps a `\r` that ends no line, say inside quotes.
    if bytes.contains(&b'\n') { text } else { text.replace('\r', "\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, Vec<Note>) {
        let mut notes = Vec::new();
        (decode("x", bytes.to_vec(), &mut notes).unwrap(), notes)
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    #[test]
    fn encodings() {
        assert_eq!(read(b"\xef\xbb\xbfN,L"), ("N,L".into(), vec![]));
        for big in [false, true] {
            let plain = utf16("N,L\n1,2\n", big);
            let marked = utf16("\u{feff}N,L\n1,2\n", big);
            assert_eq!(read(&plain).0, "N,L\n1,2\n");
            assert_eq!(read(&marked).0, "N,L\n1,2\n");
            assert_eq!(read(&marked).1[0].code, "encoding");
        }
        let (text, notes) = read(b"mod\xe8le,perte\n");
        assert_eq!(text, "modèle,perte\n");
        assert!(notes[0].text.contains("Windows-1252"));
        assert_eq!(read("modèle\n".as_bytes()), ("modèle\n".into(), vec![]));
    }

    #[test]
    fn line_ends_of_three_systems() {
        assert_eq!(read(b"a\rb\r").0, "a\nb\n");
        assert_eq!(read(b"a\r\nb\r\n").0, "a\r\nb\r\n");
        assert_eq!(read(b"a\rb\n").0, "a\rb\n");
    }

    #[test]
    fn binary_files_are_refused() {
        for bytes in [&b"PK\x03\x04rest"[..], b"N,L\n\x00\x01\x02", b"\x01\x02\x03\x04\x05\x06\x07\x08"] {
            assert!(decode("x", bytes.to_vec(), &mut Vec::new()).is_err());
        }
        let error = decode("x", b"\xff\xfe\x00\xd8\x00\x00".to_vec(), &mut Vec::new()).unwrap_err();
        assert!(error.message.contains("UTF-16LE"), "{error}");
    }
}
