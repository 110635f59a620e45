//! A page under construction: the only place where characters that others wrote become part of it.

use std::collections::BTreeMap;

use crate::svg::escape;
use crate::text::{Face, Level, Rich};

/// HTML that is also XML, and what all figures on the page share.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// what is written so far; pushed to directly only with markup of ours
    pub(super) out: String,
    /// outlines of letters, by name: every figure refers to them, none holds them
    pub(super) glyphs: BTreeMap<String, String>,
    /// figures so far
    pub(super) figures: usize,
}

/// Characters of a name that are shown; all of them stand in its `title`.
const NAME: usize = 60;

/// Characters of a title.
const TITLE: usize = 160;

/// A name in a line of text: cells may hold whole essays.
pub(super) fn short(name: &str) -> String {
    cut(name, NAME)
}

/// A title in a line of its own.
pub(super) fn title(title: &str) -> String {
    cut(title, TITLE)
}

fn cut(name: &str, most: usize) -> String {
    let mut line: String = name.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.chars().nth(most).is_some() {
        line.pop();
        line.push('\u{2026}');
    }
    line
}

impl Sheet {
    /// `<tag a="b">`, to be closed.
    pub(super) fn open(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.begin(tag, attributes);
        self.out.push('>');
    }

    /// `</tag>` and a new line.
    pub(super) fn close(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push_str(">\n");
    }

    /// `<tag a="b"/>`, of the few tags that hold nothing.
    pub(super) fn void(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.begin(tag, attributes);
        self.out.push_str("/>\n");
    }

    fn begin(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(&mut self.out, value);
            self.out.push('"');
        }
    }

    /// Text as it is.
    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.out, text);
    }

    /// An element that holds text and nothing else.
    pub(super) fn element(&mut self, tag: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// A name that users gave: short, with all of it on hover.
    pub(super) fn name(&mut self, name: &str) {
        let shown = short(name);
        if shown == name {
            return self.text(name);
        }
        self.open("span", &[("title", name)]);
        self.text(&shown);
        self.out.push_str("</span>");
    }

    /// Text in its faces.
    pub(super) fn rich(&mut self, text: &Rich) {
        for piece in &text.pieces {
            let face = match piece.face {
                Face::Italic => "i",
                Face::Bold => "b",
                _ => "",
            };
            let level = match piece.level {
                Level::Line => "",
                Level::Above => "sup",
                Level::Below => "sub",
            };
            let tags: Vec<&str> = [level, face].into_iter().filter(|t| !t.is_empty()).collect();
            tags.iter().for_each(|tag| self.open(tag, &[]));
            self.text(&piece.text);
            tags.iter().rev().for_each(|tag| self.out.push_str(&format!("</{tag}>")));
        }
    }

    /// Sentences, in which papers on arXiv become links and powers (`10^21`) are raised.
    pub(super) fn prose(&mut self, text: &str) {
        let mut rest = text;
        while let Some((start, end, number)) = paper(rest) {
            self.powers(&rest[..start]);
            self.open("a", &[("href", &format!("https://arxiv.org/abs/{number}"))]);
            self.text(&rest[start..end]);
            self.out.push_str("</a>");
            rest = &rest[end..];
        }
        self.powers(rest);
    }

    fn powers(&mut self, text: &str) {
        let mut parts = text.split('^');
        let mut before = parts.next().unwrap_or_default();
        self.text(before);
        for part in parts {
            let sign = part.chars().next().filter(|c| *c == '-' || *c == '\u{2212}').map_or(0, char::len_utf8);
            let length = part[sign..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'.').count();
            // A full stop ends the sentence.
            let length = part[sign..sign + length].trim_end_matches('.').len();
            // Longer words are names in a formula that is to be copied.
            let word = length > 1 && part[sign..].starts_with(|c: char| c.is_ascii_alphabetic());
            if length > 0 && !word && before.ends_with(char::is_alphanumeric) {
                self.open("sup", &[]);
                self.text(&part[..sign + length].replace('-', "\u{2212}"));
                self.out.push_str("</sup>");
                self.text(&part[sign + length..]);
            } else {
                self.text("^");
                self.text(part);
            }
            before = part;
        }
    }
}

/// The first `arXiv 2203.15556` or `arXiv:2203.15556` of a text: where it begins and ends, and its number.
fn paper(text: &str) -> Option<(usize, usize, &str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("arXiv") {
        let start = from + found;
        let number = start + "arXiv".len() + 1;
        from = start + "arXiv".len();
        if !text[from..].starts_with([' ', ':']) {
            continue;
        }
        let rest = &text[number..];
        let length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let given = rest[..length].trim_end_matches('.');
        let shape = given.split_once('.').map(|(a, b)| (a.len(), b.len()));
        if matches!(shape, Some((4, 4 | 5))) {
            return Some((start, number + given.len(), given));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::math;

    fn written(write: impl Fn(&mut Sheet)) -> String {
        let mut sheet = Sheet::default();
        write(&mut sheet);
        sheet.out
    }

    #[test]
    fn papers_become_links() {
        let link = |n: &str, said: &str| format!("<a href=\"https://arxiv.org/abs/{n}\">{said}</a>");
        for (text, html) in [
            ("(arXiv 2203.15556).", format!("({}).", link("2203.15556", "arXiv 2203.15556"))),
            ("arXiv:2510.26692.", format!("{}.", link("2510.26692", "arXiv:2510.26692"))),
            ("arXiv, arXiv 1.2, arXiv\u{e9}", "arXiv, arXiv 1.2, arXiv\u{e9}".into()),
            ("<arXiv 2203.15556x", format!("&lt;{}x", link("2203.15556", "arXiv 2203.15556"))),
        ] {
            assert_eq!(written(|s| s.prose(text)), html);
        }
    }

    #[test]
    fn powers_are_raised() {
        for (text, html) in [
            ("3 \u{d7} 10^21 FLOPs", "3 \u{d7} 10<sup>21</sup> FLOPs"),
            ("as FLOPs^a, N^-0.3", "as FLOPs<sup>a</sup>, N<sup>\u{2212}0.3</sup>"),
            ("A*N^-alpha", "A*N^-alpha"),
            ("^ a ^b c^ <^<", "^ a ^b c^ &lt;^&lt;"),
        ] {
            assert_eq!(written(|s| s.prose(text)), html);
        }
    }

    #[test]
    fn faces_and_levels_nest() {
        assert_eq!(
            written(|s| s.rich(&math("_N_^{-_a_} < 1"))),
            "<i>N</i><sup>\u{2212}</sup><sup><i>a</i></sup> &lt; 1"
        );
    }

    #[test]
    fn long_names_keep_all_they_are() {
        let name = "<".repeat(100);
        let html = written(|s| s.name(&name));
        assert_eq!(html.matches("&lt;").count(), 159);
        assert_eq!(written(|s| s.name("a\"b")), "a&quot;b");
    }
}
