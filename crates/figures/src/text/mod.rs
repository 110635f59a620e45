//! Text: pieces in different faces, raised or lowered.

mod greek;
mod markup;
mod set;

use std::fmt;

pub use crate::font::Face;
pub(crate) use greek::greek;
pub(crate) use set::Set;

/// Where a piece of text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// on the line
    #[default]
    Line,
    /// superscript
    Above,
    /// subscript
    Below,
}

/// Characters in one face at one level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// the characters
    pub text: String,
    /// in which face
    pub face: Face,
    /// where
    pub level: Level,
}

/// A line of text. Made from a `&str` or `String` it is taken as it is, which is right for names that users give;
/// [`math`] reads markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rich {
    /// from left to right
    pub pieces: Vec<Piece>,
}

/// Text with markup: `_N_` is italic, `*bold*` bold, `^{-0.34}` raised, `_{opt}` lowered, and `\` takes the next
/// character as it is. A hyphen before a digit, or before a raised or lowered letter, is a minus sign. What cannot be
/// read as markup stands as it is, so that no text is refused.
///
/// ```
/// use isoloss_figures::math;
/// assert_eq!(math("_L_ = 1.69 + 406 _N_^{-0.34}").to_string(), "L = 1.69 + 406 N^\u{2212}0.34");
/// ```
pub fn math(text: &str) -> Rich {
    markup::parse(text)
}

impl Rich {
    /// The text as it is, without any markup.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            return Self::default();
        }
        Self { pieces: vec![Piece { text, ..Piece::default() }] }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|p| p.text.is_empty())
    }

    /// With another text behind it.
    pub fn then(mut self, other: &Self) -> Self {
        self.pieces.extend(other.pieces.iter().cloned());
        self
    }

    /// All ways to break it at a space into two lines that both hold something.
    pub(crate) fn breaks(&self) -> Vec<(Self, Self)> {
        let mut found = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            for (at, _) in piece.text.char_indices().filter(|(_, c)| *c == ' ') {
                let part = |text: &str| Piece { text: text.into(), ..piece.clone() };
                let mut first = Self { pieces: self.pieces[..i].to_vec() };
                first.pieces.push(part(piece.text[..at].trim_end()));
                let mut second = Self { pieces: vec![part(piece.text[at..].trim_start())] };
                second.pieces.extend_from_slice(&self.pieces[i + 1..]);
                if !first.is_empty() && !second.is_empty() {
                    found.push((first, second));
                }
            }
        }
        found
    }

    /// What is upright becomes bold.
    pub fn bold(mut self) -> Self {
        for piece in self.pieces.iter_mut().filter(|p| p.face == Face::Regular) {
            piece.face = Face::Bold;
        }
        self
    }

    /// Raised or lowered as a whole.
    pub fn at(mut self, level: Level) -> Self {
        self.pieces.iter_mut().for_each(|p| p.level = level);
        self
    }
}

/// In characters alone: what screen readers, tables and tool tips say.
impl fmt::Display for Rich {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = Level::Line;
        for piece in &self.pieces {
            let mark = match piece.level {
                level if level == before => "",
                Level::Line => "",
                Level::Above => "^",
                Level::Below => "_",
            };
            write!(f, "{mark}{}", piece.text)?;
            before = piece.level;
        }
        Ok(())
    }
}

impl From<&str> for Rich {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Rich {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}
