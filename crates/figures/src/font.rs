//! The font: Noto Sans (SIL Open Font License 1.1), whose files come with the crate `notosans`.
//!
//! Text is drawn as outlines of its glyphs, so that a figure looks the same, byte for byte, where the font is missing.

use std::sync::OnceLock;

use ttf_parser::{GlyphId, OutlineBuilder};

use crate::svg::number;

/// A face of the font.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// upright
    #[default]
    Regular,
    /// variables in formulas
    Italic,
    /// titles
    Bold,
}

/// Design units per em, in all three faces.
pub(crate) const UNITS: f64 = 2048.0;
/// Height of a capital letter, in ems.
pub(crate) const CAPITAL: f64 = 1462.0 / UNITS;
/// Room that a line of text takes above and below its baseline, in ems; less than the font asks for, which has room for
/// accents over capitals.
pub(crate) const ASCENT: f64 = 0.80;
/// See [`ASCENT`].
pub(crate) const DESCENT: f64 = 0.22;

impl Face {
    /// The letter by which glyphs of this face are named.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Regular => 'r',
            Self::Italic => 'i',
            Self::Bold => 'b',
        }
    }

    fn parsed(self) -> &'static ttf_parser::Face<'static> {
        static FACES: [OnceLock<ttf_parser::Face<'static>>; 3] = [const { OnceLock::new() }; 3];
        let bytes = match self {
            Self::Regular => notosans::REGULAR_TTF,
            Self::Italic => notosans::ITALIC_TTF,
            Self::Bold => notosans::BOLD_TTF,
        };
        FACES[self as usize].get_or_init(|| ttf_parser::Face::parse(bytes, 0).expect("the crate ships a sound font"))
    }

    /// The glyph of a character; glyph 0, an empty box, if the font has none.
    pub(crate) fn glyph(self, character: char) -> u16 {
        self.parsed().glyph_index(character).map_or(0, |g| g.0)
    }

    /// How far the pen moves, in design units.
    pub(crate) fn advance(self, glyph: u16) -> f64 {
        self.parsed().glyph_hor_advance(GlyphId(glyph)).map_or(0.0, f64::from)
    }

    /// The outline as the data of an SVG path, in design units with y downwards; empty for a space.
    pub(crate) fn outline(self, glyph: u16) -> String {
        let mut path = Outline(String::new());
        self.parsed().outline_glyph(GlyphId(glyph), &mut path);
        path.0
    }
}

struct Outline(String);

impl Outline {
    fn command(&mut self, letter: char, points: &[(f32, f32)]) {
        self.0.push(letter);
        for (i, (x, y)) in points.iter().enumerate() {
            if i > 0 {
                self.0.push(' ');
            }
            number(&mut self.0, f64::from(*x));
            self.0.push(' ');
            number(&mut self.0, f64::from(-*y));
        }
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.command('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.command('L', &[(x, y)]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.command('Q', &[(x1, y1), (x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.command('C', &[(x1, y1), (x2, y2), (x, y)]);
    }

    fn close(&mut self) {
        self.0.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_laws_need_has_a_glyph() {
        let needed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-=()[]{}<>/%.,:;|*#^_\
                      \u{2212}\u{d7}\u{b7}\u{b1}\u{2264}\u{2265}\u{2248}\u{2260}\u{221e}\u{2026}\u{2013}\u{2014}\u{2009}\
                      \u{b2}\u{b3}\u{2070}\u{b9}\
                      αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ";
        for face in [Face::Regular, Face::Italic, Face::Bold] {
            let missing: String = needed.chars().filter(|c| face.glyph(*c) == 0).collect();
            assert_eq!(missing, "", "{face:?}");
        }
    }

    #[test]
    fn what_has_no_glyph_is_a_box() {
        assert_eq!(Face::Regular.glyph('\u{1f600}'), 0);
        assert!(Face::Regular.outline(0).len() > 20);
        assert!(Face::Regular.advance(0) > 100.0);
    }

    #[test]
    fn the_measures_are_those_of_the_font() {
        for face in [Face::Regular, Face::Italic, Face::Bold] {
            assert_eq!(f64::from(face.parsed().units_per_em()), UNITS);
            assert_eq!(face.parsed().capital_height().map(f64::from), Some(CAPITAL * UNITS));
        }
    }
}
