//! Text in pieces: what words are, and what no merge of bytes crosses.
//!
//! A piece is a run of letters, of numerals or of other signs, each with the one space before it; an English ending behind
//! an apostrophe; or a run of spaces but for the last, where something follows. That is the pattern of GPT-2 (Radford et
//! al. 2019), `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, with Unicode's `Alphabetic` for
//! `\p{L}`, so that vowel signs stay in their words. Bytes that are no UTF-8 are pieces of their own. The pieces of a
//! document are the document.

use std::collections::HashMap;

use super::super::cache::Tokens;

const ENDINGS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// How often each piece occurs.
pub(super) type Counts = HashMap<Box<[u8]>, u64>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Numeral,
    Space,
    Other,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            ' ' | '\t'..='\r' => Self::Space,
            '0'..='9' => Self::Numeral,
            '\0'..='\x7f' => Self::Other,
            // Before letters: Roman numerals are both.
            _ if c.is_numeric() => Self::Numeral,
            _ if c.is_whitespace() => Self::Space,
            _ if c.is_alphabetic() => Self::Letter,
            _ => Self::Other,
        }
    }
}

/// The pieces of a document, in their order.
pub(super) fn pieces(document: &[u8]) -> impl Iterator<Item = &[u8]> {
    document.utf8_chunks().flat_map(|chunk| {
        let invalid = Some(chunk.invalid()).filter(|bytes| !bytes.is_empty());
        of_text(chunk.valid()).map(str::as_bytes).chain(invalid)
    })
}

fn of_text(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(first(rest));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The length of the first piece.
fn first(text: &str) -> usize {
    if text.starts_with('\'')
        && let Some(ending) = ENDINGS.iter().find(|ending| text.starts_with(**ending))
    {
        return ending.len();
    }
    let run = |from: usize, class: Class| {
        let end = text[from..].find(|c| Class::of(c) != class);
        end.map_or(text.len(), |length| from + length)
    };
    let space = usize::from(text.starts_with(' '));
    match text[space..].chars().next().map(Class::of) {
        Some(class) if class != Class::Space => run(space, class),
        // Spaces: the last of them is left to what follows, unless it is the only one.
        _ => match run(0, Class::Space) {
            end if end == text.len() => end,
            end => match text[..end].char_indices().next_back() {
                Some((last, _)) if last > 0 => last,
                _ => end,
            },
        },
    }
}

/// The pieces of the documents that are trained on.
pub(super) fn counted(text: &Tokens) -> Counts {
    let (mut counts, mut document) = (Counts::new(), Vec::new());
    for i in text.training() {
        text.text(i, &mut document);
        for piece in pieces(&document) {
            match counts.get_mut(piece) {
                Some(count) => *count += 1,
                None => drop(counts.insert(piece.into(), 1)),
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::pieces;

    fn cut(text: &str) -> Vec<&str> {
        pieces(text.as_bytes()).map(|p| std::str::from_utf8(p).unwrap()).collect()
    }

    #[test]
    fn words_keep_the_space_before_them() {
        assert_eq!(cut("It's 42 m, I'll"), ["It", "'s", " 42", " m", ",", " I", "'ll"]);
        assert_eq!(cut("x_1 += f(y);"), ["x", "_", "1", " +=", " f", "(", "y", ");"]);
        assert_eq!(cut("a\n\n    b\tc  \n"), ["a", "\n\n   ", " b", "\t", "c", "  \n"]);
        assert_eq!(cut(" "), [" "]);
        assert_eq!(
            cut("na\u{ef}ve \u{2163} \u{939}\u{93f}\u{928}"),
            ["na\u{ef}ve", " \u{2163}", " \u{939}\u{93f}\u{928}"]
        );
        assert!(cut("").is_empty());
    }

    #[test]
    fn what_is_no_utf8_stands_alone() {
        let found: Vec<&[u8]> = pieces(b"caf\xe9 \xff\xfe au\xe2\x82").collect();
        assert_eq!(found, [&b"caf"[..], b"\xe9", b" ", b"\xff", b"\xfe", b" au", b"\xe2\x82"]);
    }
}
