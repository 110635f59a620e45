//! The markup of formulas in labels.

use super::{Face, Level, Piece, Rich};

/// Reads markup; what is no markup stands as it is.
pub(super) fn parse(text: &str) -> Rich {
    let characters: Vec<char> = text.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, pieces: Vec::new(), face: Face::Regular };
    reader.read(Level::Line, characters.len());
    Rich { pieces: reader.pieces }
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    pieces: Vec<Piece>,
    face: Face,
}

impl Reader<'_> {
    /// Up to `end`, all at one level: there is nothing above a superscript.
    fn read(&mut self, level: Level, end: usize) {
        while self.at < end {
            let character = self.characters[self.at];
            let next = self.peek(1);
            match character {
                '\\' if self.at + 1 < end => {
                    self.at += 1;
                    self.push(self.characters[self.at], level);
                }
                '^' | '_' if next == Some('{') && level == Level::Line => {
                    let Some(close) = self.closing(self.at + 1, end) else {
                        self.push(character, level);
                        self.at += 1;
                        continue;
                    };
                    self.at += 2;
                    let face = std::mem::take(&mut self.face);
                    self.read(if character == '^' { Level::Above } else { Level::Below }, close);
                    self.face = face;
                    self.at = close;
                }
                '_' if self.toggles(Face::Italic, '_', end) => {}
                '*' if self.toggles(Face::Bold, '*', end) => {}
                '-' if self.is_minus(level) => self.push('\u{2212}', level),
                other => self.push(other, level),
            }
            self.at += 1;
        }
    }

    /// Switches a face on if its mark stands again before `end`, off if it is on.
    fn toggles(&mut self, face: Face, mark: char, end: usize) -> bool {
        if self.face == face {
            self.face = Face::Regular;
            return true;
        }
        let rest = &self.characters[self.at + 1..end];
        // A lowered index is no closing mark.
        let closes = |i: &usize| rest[*i] == mark && (mark != '_' || rest.get(i + 1) != Some(&'{'));
        let opens = self.face == Face::Regular && (0..rest.len()).find(closes).is_some_and(|i| i > 0 && rest[0] != ' ');
        if opens {
            self.face = face;
        }
        opens
    }

    /// The place of the brace that closes the one at `open`.
    fn closing(&self, open: usize, end: usize) -> Option<usize> {
        let mut depth = 0;
        for i in open..end {
            match self.characters[i] {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(i);
            }
        }
        None
    }

    /// `-0.34`, ` - 3`, and any hyphen that begins an exponent; not the one in `compute-optimal` or `GPT-2`.
    fn is_minus(&self, level: Level) -> bool {
        let before = self.at.checked_sub(1).map(|i| self.characters[i]);
        let inside_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let next = self.peek(1);
        match level {
            Level::Line => !inside_word && next.is_some_and(|c| c.is_ascii_digit() || c == ' ') && before != Some('-'),
            _ => before == Some('{'),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn push(&mut self, character: char, level: Level) {
        match self.pieces.last_mut().filter(|p| p.face == self.face && p.level == level) {
            Some(piece) => piece.text.push(character),
            None => self.pieces.push(Piece { text: character.into(), face: self.face, level }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |p: &Piece| {
            let face = p.face.letter();
            let level = match p.level {
                Level::Line => "",
                Level::Above => "^",
                Level::Below => "v",
            };
            format!("{face}{level}[{}]", p.text)
        };
        parse(text).pieces.iter().map(show).collect()
    }

    #[test]
    fn formulas_are_read() {
        assert_eq!(shown("_L_(_N_)"), "i[L]r[(]i[N]r[)]");
        assert_eq!(shown("_N_^{-0.34}"), "i[N]r^[\u{2212}0.34]");
        assert_eq!(shown("_N_^{-_α_}"), "i[N]r^[\u{2212}]i^[α]");
        assert_eq!(shown("_N__{opt} = 3"), "i[N]rv[opt]r[ = 3]");
        assert_eq!(shown("*a* b"), "b[a]r[ b]");
        assert_eq!(shown("2 - 1, -3"), "r[2 \u{2212} 1, \u{2212}3]");
    }

    #[test]
    fn what_is_no_markup_stands_as_it_is() {
        for text in ["a_b", "a^b", "_", "2 * 3 * 4", "^{", "_{x", "x^{a{b}", "compute-optimal", "GPT-2", "{}"] {
            assert_eq!(parse(text).to_string(), text, "{text}");
        }
        assert_eq!(shown(r"\_a\_"), "r[_a_]");
        assert_eq!(shown("a\\"), "r[a\\]");
    }
}
