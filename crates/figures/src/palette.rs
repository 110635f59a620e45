//! Colours that people with any kind of colour vision tell apart, on white and on black.

use crate::render::Theme;

/// A colour of the palette; which shade it is depends on the theme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colour {
    /// a distinct hue, counted from 0; after the last the first comes again, with another marker
    Hue(usize),
    /// a place from 0 to 1 on a scale from dark to light, for sizes that have an order
    Ramp(f64),
    /// as text
    Ink,
    /// greyer than text: what stands in the background
    Muted,
}

/// Okabe and Ito, "Color Universal Design" (2008), without yellow and black: blue, vermilion, bluish green, reddish
/// purple, orange, sky blue. The order puts hues that differ most first.
const ON_LIGHT: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/// The same hues, lighter where they would be lost on a dark ground.
const ON_DARK: [&str; 6] = ["#5aa9f0", "#ff8a4d", "#27c99a", "#e79cc8", "#f0b73a", "#a5dcff"];

/// Anchors of viridis (Smith and van der Walt, matplotlib, 2015, CC0), at equal distances.
const VIRIDIS: [(u8, u8, u8); 9] = [
    (0x44, 0x01, 0x54),
    (0x47, 0x2d, 0x7b),
    (0x3b, 0x52, 0x8b),
    (0x2c, 0x72, 0x8e),
    (0x21, 0x91, 0x8c),
    (0x28, 0xae, 0x80),
    (0x5e, 0xc9, 0x62),
    (0xad, 0xdc, 0x30),
    (0xfd, 0xe7, 0x25),
];

/// For areas on a dark ground, from dark to light and nowhere bright: light lines and letters stand upon it. Viridis
/// thinned by a dark ground turns olive; these stay blue and green.
const NIGHT: [(u8, u8, u8); 5] =
    [(0x1e, 0x23, 0x3d), (0x24, 0x3f, 0x6b), (0x22, 0x62, 0x80), (0x2a, 0x83, 0x88), (0x45, 0xa3, 0x8a)];

/// The colour of an area, from 0, dark, to 1, light, and how much of it covers the grid.
pub(crate) fn area(t: f64, theme: Theme) -> (String, f64) {
    match theme {
        Theme::Light => (Colour::Ramp(t).code(theme), 0.45),
        Theme::Dark => (ramp(&NIGHT, t), 0.85),
    }
}

impl Colour {
    /// How many hues there are before the first comes again.
    pub const HUES: usize = ON_LIGHT.len();

    /// As `#rrggbb`.
    pub fn code(self, theme: Theme) -> String {
        match (self, theme) {
            (Self::Hue(i), Theme::Light) => ON_LIGHT[i % ON_LIGHT.len()].into(),
            (Self::Hue(i), Theme::Dark) => ON_DARK[i % ON_DARK.len()].into(),
            // The ends that the ground would swallow are left out.
            (Self::Ramp(t), Theme::Light) => ramp(&VIRIDIS, 0.77 * t.clamp(0.0, 1.0)),
            (Self::Ramp(t), Theme::Dark) => ramp(&VIRIDIS, 0.25 + 0.75 * t.clamp(0.0, 1.0)),
            (Self::Ink, _) => theme.ink().into(),
            (Self::Muted, _) => theme.muted().into(),
        }
    }
}

/// Between anchors at equal distances.
fn ramp(anchors: &[(u8, u8, u8)], t: f64) -> String {
    let place = if t.is_finite() { t.clamp(0.0, 1.0) * (anchors.len() - 1) as f64 } else { 0.0 };
    let i = (place as usize).min(anchors.len() - 2);
    let (a, b, share) = (anchors[i], anchors[i + 1], place - i as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast after WCAG 2.1.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |code: &str| {
            let part = |i: usize| {
                let c = f64::from(u8::from_str_radix(&code[i..i + 2], 16).unwrap()) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn areas_grow_lighter_and_letters_stand_out_from_them() {
        let shades: Vec<String> = (0..=10).map(|i| area(f64::from(i) / 10.0, Theme::Dark).0).collect();
        let light: Vec<f64> = shades.iter().map(|s| contrast(s, "#000000")).collect();
        assert!(light.windows(2).all(|w| w[0] < w[1]), "{light:?}");
        assert!(shades.iter().all(|s| contrast(s, Theme::Dark.ink()) > 2.4));
    }

    #[test]
    fn every_colour_stands_out_from_the_paper() {
        for theme in [Theme::Light, Theme::Dark] {
            let hues = (0..Colour::HUES).map(Colour::Hue);
            let ramp = (0..=10).map(|i| Colour::Ramp(f64::from(i) / 10.0));
            for colour in hues.chain(ramp) {
                let found = contrast(&colour.code(theme), theme.paper());
                assert!(found > 1.9, "{colour:?} on {theme:?}: {found}");
            }
            assert!(contrast(theme.ink(), theme.paper()) > 12.0);
            assert!(contrast(theme.muted(), theme.paper()) > 4.5);
        }
    }
}
