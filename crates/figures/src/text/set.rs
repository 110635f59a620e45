//! Text with every glyph in its place.

use super::{Level, Piece, Rich};
use crate::font::{ASCENT, DESCENT, Face, UNITS};

/// Glyphs of one face, size and height.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) face: Face,
    /// points per em
    pub(crate) size: f64,
    /// from the start of the line to the start of the run, in points
    pub(crate) x: f64,
    /// from the baseline down to that of the run, in points
    pub(crate) y: f64,
    /// glyph and pen, in design units from the start of the run
    pub(crate) glyphs: Vec<(u16, f64)>,
}

/// A line of text, set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Set {
    pub(crate) runs: Vec<Run>,
    /// in points
    pub(crate) width: f64,
    /// above the baseline, in points
    pub(crate) ascent: f64,
    /// below it
    pub(crate) descent: f64,
    /// all of it in words, even where the drawing is cut
    pub(crate) said: String,
}

/// Superscripts and subscripts: their size, and how far they stand above and below the line, in ems of the line.
const SMALL: f64 = 0.72;
const ABOVE: f64 = -0.36;
const BELOW: f64 = 0.16;

/// How much smaller a text is set before it is broken, and before it is cut.
const LITTLE: f64 = 0.88;
const LEAST: f64 = 0.75;

impl Set {
    /// `size` points per em.
    pub(crate) fn new(text: &Rich, size: f64) -> Self {
        let mut set =
            Self { ascent: ASCENT * size, descent: DESCENT * size, said: text.to_string(), ..Self::default() };
        for piece in &text.pieces {
            set.push(piece, size);
        }
        set
    }

    /// Cut at `width` points with an ellipsis if it is longer.
    pub(crate) fn within(text: &Rich, size: f64, width: f64) -> Self {
        let whole = Self::new(text, size);
        if whole.width <= width {
            return whole;
        }
        let room = width - Face::Regular.advance(Face::Regular.glyph('\u{2026}')) * size / UNITS;
        let mut cut = Rich::default();
        let mut used = 0.0;
        'pieces: for piece in &text.pieces {
            let scale = if piece.level == Level::Line { size } else { SMALL * size } / UNITS;
            let mut kept = Piece { text: String::new(), ..piece.clone() };
            for character in piece.text.chars() {
                used += piece.face.advance(piece.face.glyph(drawn(character))) * scale;
                if used > room {
                    cut.pieces.push(kept);
                    break 'pieces;
                }
                kept.text.push(character);
            }
            cut.pieces.push(kept);
        }
        let mut cut = Self::new(&cut.then(&Rich::plain("\u{2026}")), size);
        cut.said = whole.said;
        cut
    }

    /// In a line of `width` points, set a little smaller if that is enough; else in two lines, broken at a space; and cut
    /// only if that is not enough either. The first line says all of it.
    pub(crate) fn lines(text: &Rich, size: f64, width: f64) -> Vec<Self> {
        let whole = Self::new(text, size);
        let share = width / whole.width.max(1e-9);
        if share >= 1.0 {
            return vec![whole];
        }
        if share >= LITTLE {
            return vec![Self::new(text, size * share)];
        }
        let widest = |(a, b): &(Rich, Rich)| Self::new(a, size).width.max(Self::new(b, size).width);
        let Some(two) = text.breaks().into_iter().min_by(|a, b| widest(a).total_cmp(&widest(b))) else {
            return vec![Self::within(text, size * share.max(LEAST), width)];
        };
        let size = size * (width / widest(&two)).clamp(LEAST, 1.0);
        let mut lines = [two.0, two.1].map(|line| Self::within(&line, size, width + 1e-6)).to_vec();
        lines[0].said = whole.said;
        lines[1].said.clear();
        lines
    }

    /// From the top of the line to its bottom, in points.
    pub(crate) fn height(&self) -> f64 {
        self.ascent + self.descent
    }

    fn push(&mut self, piece: &Piece, line: f64) {
        let (size, y) = match piece.level {
            Level::Line => (line, 0.0),
            Level::Above => (SMALL * line, ABOVE * line),
            Level::Below => (SMALL * line, BELOW * line),
        };
        let mut pen = 0.0;
        let mut glyphs = Vec::new();
        for character in piece.text.chars() {
            let glyph = piece.face.glyph(drawn(character));
            glyphs.push((glyph, pen));
            pen += piece.face.advance(glyph);
        }
        self.ascent = self.ascent.max(ASCENT * size - y);
        self.descent = self.descent.max(DESCENT * size + y);
        self.runs.push(Run { face: piece.face, size, x: self.width, y, glyphs });
        self.width += pen * size / UNITS;
    }
}

/// Line breaks and tabs become spaces; other control characters have no glyph and are drawn as the box.
fn drawn(character: char) -> char {
    if character.is_whitespace() && character != '\u{2009}' { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::math;

    #[test]
    fn widths_are_those_of_the_font() {
        const DIGIT: f64 = 10.0 * 1171.0 / 2048.0;
        // Noto Sans Regular: 1171 of 2048 units for every digit.
        assert_eq!(Set::new(&"1234".into(), 10.0).width, 4.0 * DIGIT);
        let raised = Set::new(&math("10^{12}"), 10.0);
        assert!((raised.width - (2.0 + 2.0 * SMALL) * DIGIT).abs() < 1e-9);
        assert!(raised.ascent > Set::new(&"10".into(), 10.0).ascent);
    }

    #[test]
    fn long_names_are_cut_and_still_said() {
        let name = "m".repeat(4096);
        let set = Set::within(&name.as_str().into(), 7.0, 50.0);
        assert!(set.width <= 50.0 && set.width > 40.0, "{}", set.width);
        assert_eq!(set.said, name);
        // Broken at the space that leaves the lines most alike; a text without a space is cut.
        let broken = Set::lines(&"Cross-entropy, nats per token".into(), 7.0, 60.0);
        assert_eq!(broken.len(), 2);
        assert_eq!((broken[0].said.as_str(), broken[1].said.as_str()), ("Cross-entropy, nats per token", ""));
        assert!(broken.iter().all(|l| l.width <= 60.0 + 1e-6 && l.width > 30.0));
        assert_eq!(Set::lines(&"short".into(), 7.0, 50.0).len(), 1);
        assert_eq!(Set::lines(&name.as_str().into(), 7.0, 50.0).len(), 1);
        assert_eq!(Set::within(&"short".into(), 7.0, 50.0), Set::new(&"short".into(), 7.0));
    }
}
