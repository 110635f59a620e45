//! SVG as text: numbers, escapes, elements.

use std::collections::BTreeSet;

use crate::font::{Face, UNITS};
use crate::text::Set;

/// Appends a number rounded to 0.01, with as few characters as say it. What is not finite cannot be drawn; it has been
/// dropped before, and is written as 0 here so that the file stays readable.
pub(crate) fn number(out: &mut String, value: f64) {
    let hundredths = (value * 100.0).round();
    let hundredths = if hundredths.is_finite() { hundredths.clamp(-1e15, 1e15) as i64 } else { 0 };
    if hundredths < 0 {
        out.push('-');
    }
    let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    integer(out, whole);
    if rest > 0 {
        out.push('.');
        out.push((b'0' + (rest / 10) as u8) as char);
        if rest % 10 > 0 {
            out.push((b'0' + (rest % 10) as u8) as char);
        }
    }
}

fn integer(out: &mut String, value: u64) {
    if value >= 10 {
        integer(out, value / 10);
    }
    out.push((b'0' + (value % 10) as u8) as char);
}

/// Appends text so that an XML reader gives it back; control characters, which XML cannot hold, become U+FFFD.
pub(crate) fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A reader would turn these into spaces inside of an attribute.
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Paper around letters that stand over lines, in points.
const HALO: f64 = 0.7;

/// How the horizontal place of a text relates to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// An SVG under construction.
#[derive(Debug)]
pub(crate) struct Svg {
    pub(crate) body: String,
    definitions: String,
    used: BTreeSet<(Face, u16)>,
    clips: usize,
    prefix: String,
}

/// An attribute: a number, or text to be escaped.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(f64),
    Text(&'a str),
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl Svg {
    /// `prefix` begins the names of clips: two figures on one page must not share them.
    pub(crate) fn new(prefix: &str) -> Self {
        let prefix = prefix.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        Self { body: String::new(), definitions: String::new(), used: BTreeSet::new(), clips: 0, prefix }
    }

    /// `<tag a="b">`, to be closed.
    pub(crate) fn open(&mut self, tag: &str, attributes: &[(&str, Value<'_>)]) {
        self.start(tag, attributes);
        self.body.push('>');
    }

    /// `</tag>` and a new line.
    pub(crate) fn close(&mut self, tag: &str) {
        self.body.push_str("</");
        self.body.push_str(tag);
        self.body.push_str(">\n");
    }

    /// `<tag a="b"/>`.
    pub(crate) fn element(&mut self, tag: &str, attributes: &[(&str, Value<'_>)]) {
        self.start(tag, attributes);
        self.body.push_str("/>\n");
    }

    /// An element that holds text and nothing else.
    pub(crate) fn text_element(&mut self, tag: &str, text: &str) {
        self.open(tag, &[]);
        escape(&mut self.body, text);
        self.close(tag);
    }

    fn start(&mut self, tag: &str, attributes: &[(&str, Value<'_>)]) {
        self.body.push('<');
        self.body.push_str(tag);
        for (name, value) in attributes {
            self.body.push(' ');
            self.body.push_str(name);
            self.body.push_str("=\"");
            match value {
                Value::Number(n) => number(&mut self.body, *n),
                Value::Text(t) => escape(&mut self.body, t),
            }
            self.body.push('"');
        }
    }

    /// A rectangle to clip to; its reference for `clip-path`.
    pub(crate) fn clip(&mut self, x: f64, y: f64, width: f64, height: f64) -> String {
        self.clips += 1;
        let id = format!("{}c{}", self.prefix, self.clips);
        let body = std::mem::take(&mut self.body);
        self.open("clipPath", &[("id", id.as_str().into())]);
        let place = [("x", x.into()), ("y", y.into()), ("width", width.into()), ("height", height.into())];
        self.element("rect", &place);
        self.close("clipPath");
        let definition = std::mem::replace(&mut self.body, body);
        self.definitions.push_str(&definition);
        format!("url(#{id})")
    }

    /// Text with the baseline at `y`. With `upwards` it is turned to read from bottom to top.
    pub(crate) fn text(&mut self, set: &Set, at: (f64, f64), align: Align, colour: &str, upwards: bool) {
        self.glyphs(set, at, align, colour, upwards, None);
    }

    /// Text from left to right with a thin rim of paper around each letter, for what stands over lines.
    pub(crate) fn haloed(&mut self, set: &Set, at: (f64, f64), align: Align, colour: &str, paper: &str) {
        self.glyphs(set, at, align, colour, false, Some(paper));
    }

    fn glyphs(&mut self, set: &Set, (x, y): (f64, f64), align: Align, colour: &str, upwards: bool, halo: Option<&str>) {
        if set.runs.is_empty() {
            return;
        }
        let shift = match align {
            Align::Start => 0.0,
            Align::Middle => -set.width / 2.0,
            Align::End => -set.width,
        };
        let mut place = String::from("translate(");
        let (dx, dy) = if upwards { (0.0, -shift) } else { (shift, 0.0) };
        number(&mut place, x + dx);
        place.push(' ');
        number(&mut place, y + dy);
        place.push_str(if upwards { ")rotate(-90)" } else { ")" });
        let said = match set.said.as_str() {
            // A second line, said with the first.
            "" => vec![("aria-hidden", "true".into())],
            said => vec![("role", "img".into()), ("aria-label", said.into())],
        };
        let rim = |paper| {
            [("stroke", Value::Text(paper)), ("stroke-linejoin", "round".into()), ("paint-order", "stroke".into())]
        };
        let rim: Vec<(&str, Value<'_>)> = halo.into_iter().flat_map(rim).collect();
        let look = [("fill", colour.into()), ("transform", place.as_str().into())];
        self.open("g", &[&said[..], &look, &rim].concat());
        for run in &set.runs {
            let mut place = String::from("translate(");
            number(&mut place, run.x);
            place.push(' ');
            number(&mut place, run.y);
            // The scale needs more places than coordinates: thousands of units make an em.
            let scale = run.size / UNITS;
            place.push_str(&format!(")scale({scale:.6})"));
            match halo {
                None => self.open("g", &[("transform", place.as_str().into())]),
                Some(_) => {
                    let width = Value::Number((2.0 * HALO / scale).round());
                    self.open("g", &[("transform", place.as_str().into()), ("stroke-width", width)]);
                }
            }
            for (glyph, pen) in &run.glyphs {
                self.used.insert((run.face, *glyph));
                self.body.push_str(&format!("<use href=\"#{}{glyph}\" x=\"", run.face.letter()));
                number(&mut self.body, *pen);
                self.body.push_str("\"/>");
            }
            self.body.push_str("</g>");
        }
        self.close("g");
    }

    /// The whole file. `width` and `height` in points; the root says the first in millimetres.
    pub(crate) fn finish(mut self, width: f64, height: f64, title: &str, description: &str, paper: &str) -> String {
        let body = std::mem::take(&mut self.body);
        let millimetres = |points: f64| {
            let mut text = String::new();
            number(&mut text, points * 25.4 / 72.0);
            text + "mm"
        };
        let mut view = String::from("0 0 ");
        number(&mut view, width);
        view.push(' ');
        number(&mut view, height);
        let (wide, high) = (millimetres(width), millimetres(height));
        self.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg".into()),
                ("width", wide.as_str().into()),
                ("height", high.as_str().into()),
                ("viewBox", view.as_str().into()),
                ("role", "img".into()),
                ("aria-label", title.into()),
            ],
        );
        self.body.push('\n');
        self.text_element("title", title);
        self.text_element("desc", description);
        self.body.push_str("<defs>\n");
        self.body.push_str(&self.definitions.clone());
        for (face, glyph) in std::mem::take(&mut self.used) {
            let outline = face.outline(glyph);
            let id = format!("{}{glyph}", face.letter());
            self.element("path", &[("id", id.as_str().into()), ("d", outline.as_str().into())]);
        }
        self.body.push_str("</defs>\n");
        self.element("rect", &[("width", width.into()), ("height", height.into()), ("fill", paper.into())]);
        self.body.push_str(&body);
        self.body.push_str("</svg>\n");
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_a_hundredth() {
        let written = |v: f64| {
            let mut out = String::new();
            number(&mut out, v);
            out
        };
        for (value, text) in
            [(0.0, "0"), (-0.001, "0"), (1.5, "1.5"), (-12.344, "-12.34"), (3.005, "3.01"), (1234.0, "1234")]
        {
            assert_eq!(written(value), text, "{value}");
        }
        assert_eq!(written(f64::NAN), "0");
        assert_eq!(written(0.05), "0.05");
    }
}
