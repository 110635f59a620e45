//! Which character separates the cells: asked of the lines, not of the name.

/// The separators people use. In a tie the earlier wins: tabs and semicolons hardly occur in cells, commas do.
pub(crate) const CANDIDATES: [u8; 4] = [b'\t', b';', b',', b'|'];
const LINES: usize = 100;
const BYTES: usize = 64 * 1024;

/// How the cells of a text are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// one character
    Byte(u8),
    /// runs of spaces, as in columns aligned for the eye
    Spaces,
}

impl Separator {
    /// In words, for notes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Byte(b'\t') => "tabs",
            Self::Byte(b';') => "semicolons",
            Self::Byte(b'|') => "vertical bars",
            Self::Byte(_) => "commas",
            Self::Spaces => "spaces",
        }
    }
}

/// Guesses from the header and the first lines: the character that comes as often in each line as in the header.
pub(crate) fn sniff(text: &str, name: &str) -> Separator {
    let counts = count(text);
    let score = |i: usize| {
        let header = counts.first().map_or(0, |c| c[i]);
        (header > 0).then(|| (counts.iter().filter(|c| c[i] == header).count(), header))
    };
    let expected = if name.ends_with(".tsv") || name.ends_with(".tab") { b'\t' } else { b',' };
    let best = (0..CANDIDATES.len())
        .filter_map(|i| score(i).map(|(agree, cells)| (agree, CANDIDATES[i] == expected, cells, i)))
        // Lines that agree count most; among equals the name decides, then the number of cells, then the order above.
        .max_by_key(|&(agree, by_name, cells, i)| (agree, by_name && counts.len() == 1, cells, std::cmp::Reverse(i)));
    match best {
        Some((.., i)) => Separator::Byte(CANDIDATES[i]),
        None if spaced(text) => Separator::Spaces,
        None => Separator::Byte(expected),
    }
}

/// Per line, how often each candidate stands outside quotes. A quoted cell may run over lines.
fn count(text: &str) -> Vec<[usize; 4]> {
    let mut lines = Vec::new();
    let (mut line, mut quoted, mut fresh, mut blank) = ([0; 4], false, true, true);
    let bytes = text.as_bytes();
    let head = &bytes[..bytes.len().min(BYTES)];
    for &byte in head {
        if byte == b'\n' && !quoted {
            if !blank {
                lines.push(line);
            }
            if lines.len() == LINES {
                return lines;
            }
            (line, fresh, blank) = ([0; 4], true, true);
            continue;
        }
        let candidate = CANDIDATES.iter().position(|c| *c == byte);
        match candidate {
            // A quote opens only where a cell begins: `5" pipe` is text.
            _ if byte == b'"' && (quoted || fresh) => quoted = !quoted,
            Some(i) if !quoted => line[i] += 1,
            _ => {}
        }
        fresh = candidate.is_some() || (fresh && byte == b' ');
        blank &= byte.is_ascii_whitespace();
    }
    // The last line may be cut in the middle when only the head was read.
    if !blank && (head.len() == bytes.len() || lines.is_empty()) {
        lines.push(line);
    }
    lines
}

/// Columns held apart by runs of spaces: two or more in every line, and numbers below the header.
fn spaced(text: &str) -> bool {
    let mut lines = text.lines().take(LINES).filter(|l| !l.trim().is_empty());
    let Some(header) = lines.next() else { return false };
    let cells = header.split_whitespace().count();
    let mut rows = lines.peekable();
    cells > 1
        && !text.contains('"')
        && rows.peek().is_some()
        && rows.all(|l| l.split_whitespace().count() == cells && l.split_whitespace().any(|c| c.parse::<f64>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators() {
        let cases: &[(&str, &str, u8)] = &[
            ("N,D,L\n1,2,3\n", "x.csv", b','),
            ("N\tD\tL\n1\t2\t3\n", "x.csv", b'\t'),
            ("N;D;L\n1;2;2,31\n1;2;2,35\n", "x.csv", b';'),
            ("loss, nats;N\n2,31;5\n", "x.csv", b';'),
            ("N|D|L\n1|2|3\n", "x.csv", b'|'),
            ("name,L\n\"a;b;\nc\",2\n\"d;e;f\",3\n", "x.csv", b','),
            ("name,L\n5\" pipe,2\nx,3\n", "x.csv", b','),
            ("L\n2\n3\n", "x.csv", b','),
            ("L\n2\n3\n", "x.tsv", b'\t'),
            ("", "x.csv", b','),
            ("a,b\tc", "x.tsv", b'\t'),
            ("a,b\tc", "x.csv", b','),
        ];
        for (text, name, expected) in cases {
            assert_eq!(sniff(text, name), Separator::Byte(*expected), "{text:?}");
        }
        assert_eq!(sniff("N   D   L\n1e6 2e9 2.3\n1e7 2e9 2.1\n", "x.txt"), Separator::Spaces);
        assert_eq!(sniff("Model Size\n1e6\n1e7\n", "x.txt"), Separator::Byte(b','));
    }
}
