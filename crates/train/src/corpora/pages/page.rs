//! HTML to what a reader sees: text and pictures in their order, without what surrounds the page.
//!
//! Tags are taken as they come, and no tree is built: whatever is not closed or closed twice, the text remains.

use html5gum::{DefaultEmitter, StartTag, State, Token, Tokenizer};

/// A part of a page as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Words with single spaces, and an end of line behind each block. What stands around a picture keeps its space.
    Text(String),
    /// What the `src` of a picture says.
    Picture(String),
}

/// Not part of what is read.
const PASSED_OVER: [&str; 14] = [
    "audio", "canvas", "head", "iframe", "math", "nav", "noscript", "object", "script", "style", "svg", "template",
    "title", "video",
];

/// Classes of navigation, as DocBook writes them.
const NAVIGATION: [&str; 2] = ["navheader", "navfooter"];

/// What can stand in a `head`; anything else begins the body, tag or no tag.
const OF_HEADS: [&str; 9] = ["base", "link", "meta", "noscript", "script", "style", "template", "title", "head"];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 38] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "menu",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
];

/// Elements without an end.
const WITHOUT_END: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// The parts of a page.
pub(super) fn parts(html: &str) -> Vec<Part> {
    // In XHTML an element may end as it begins; in HTML such a script would swallow the page.
    let is_xml = html.trim_start_matches('\u{feff}').trim_start().starts_with("<?xml");
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut tokens = Tokenizer::new_with_emitter(html, emitter);
    let mut page = Page::default();
    while let Some(Ok(token)) = tokens.next() {
        match token {
            Token::StartTag(tag) => {
                let empty = is_xml && tag.self_closing;
                if empty {
                    tokens.set_state(State::Data);
                }
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                page.start(&name, &tag);
                if empty && !WITHOUT_END.contains(&name.as_str()) {
                    page.end(&name);
                }
            }
            Token::EndTag(tag) => page.end(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => page.text(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    page.cut();
    page.parts
}

/// Space that is due before the next word.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    #[default]
    Nothing,
    Space,
    Line,
}

/// A page that is being read.
#[derive(Default)]
struct Page {
    parts: Vec<Part>,
    text: String,
    due: Due,
    /// The element that is passed over, and how many of its name are open.
    over: Option<(String, usize)>,
    /// Elements open in which spaces and lines stay.
    verbatim: usize,
}

impl Page {
    fn start(&mut self, name: &str, tag: &StartTag<()>) {
        if let Some((over, open)) = &mut self.over {
            let begins_body = over == "head" && !OF_HEADS.contains(&name);
            if !begins_body {
                *open += usize::from(over == name);
                return;
            }
            self.over = None;
        }
        let attribute =
            |name: &str| tag.attributes.get(name.as_bytes()).map(|a| String::from_utf8_lossy(a).into_owned());
        if BLOCKS.contains(&name) {
            self.due = self.due.max(Due::Line);
        }
        let is_navigation = || {
            attribute("class").is_some_and(|classes| classes.split_whitespace().any(|c| NAVIGATION.contains(&c)))
                || attribute("role").is_some_and(|role| role.eq_ignore_ascii_case("navigation"))
        };
        match name {
            "img" => {
                if let Some(source) = attribute("src").filter(|source| !source.trim().is_empty()) {
                    self.cut();
                    self.parts.push(Part::Picture(source));
                }
            }
            "pre" | "textarea" => self.verbatim += 1,
            _ => {}
        }
        if (PASSED_OVER.contains(&name) || is_navigation()) && !WITHOUT_END.contains(&name) {
            self.over = Some((name.to_owned(), 1));
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((over, open)) = &mut self.over {
            *open -= usize::from(over == name);
            if *open == 0 {
                self.over = None;
            }
            return;
        }
        match name {
            "pre" | "textarea" => self.verbatim = self.verbatim.saturating_sub(1),
            "td" | "th" => self.due = self.due.max(Due::Space),
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.due = self.due.max(Due::Line);
        }
    }

    fn text(&mut self, text: &str) {
        if self.over.is_some() {
            return;
        }
        for c in text.chars() {
            let is_space = c.is_whitespace() || c.is_control();
            if is_space && self.verbatim == 0 {
                self.due = self.due.max(Due::Space);
            } else if c == '\n' {
                // Several empty lines are one end of a line; spaces that begin the next one stay.
                self.due = Due::Line;
            } else {
                self.give();
                self.text.push(if is_space { ' ' } else { c });
            }
        }
    }

    /// Writes the space that is due.
    fn give(&mut self) {
        match self.due {
            Due::Nothing => {}
            Due::Space => self.text.push(' '),
            Due::Line => self.text.push('\n'),
        }
        self.due = Due::Nothing;
    }

    /// Ends a text.
    fn cut(&mut self) {
        self.give();
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }
}

/// A text behind another one, when there is nothing between them any more: one space or one end of a line.
pub(super) fn joined(mut text: String, more: &str) -> String {
    let space = |c: char| matches!(c, ' ' | '\n');
    let between = &text[text.trim_end_matches(space).len()..];
    let lines = between.contains('\n') || more.starts_with('\n');
    let gap = if lines {
        "\n"
    } else if between.is_empty() && !more.starts_with(space) {
        ""
    } else {
        " "
    };
    text.truncate(text.trim_end_matches(space).len());
    text + gap + more.trim_start_matches(space)
}

/// A text by itself: nothing before its first word, and at most an end of a line behind the last.
pub(super) fn trimmed(text: &str) -> String {
    let kept = text.trim();
    let line = if !kept.is_empty() && text[text.trim_end().len()..].contains('\n') { "\n" } else { "" };
    format!("{kept}{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts as one text, pictures in brackets.
    fn say(html: &str) -> String {
        let part = |part: Part| match part {
            Part::Text(text) => text,
            Part::Picture(source) => format!("[{source}]"),
        };
        parts(html).into_iter().map(part).collect()
    }

    #[test]
    fn blocks_end_in_lines_and_spaces_are_one() {
        assert_eq!(say("<p>One \n <b>t</b>wo</p><p>three</p>four<br>five"), "\nOne two\nthree\nfour\nfive");
        assert_eq!(say("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>"), "\na b\nc\n");
        assert_eq!(say("a<pre>x\n  y\n\nz</pre>b"), "a\nx\n  y\nz\nb");
        assert_eq!(say("Fish &amp; chips&nbsp;&#8212; 5&lt;6"), "Fish & chips \u{2014} 5<6");
    }

    #[test]
    fn pictures_stand_where_they_are() {
        assert_eq!(say("<p>Press <img src='a b.png' alt='x'/> now.</p><img><img src=' '>"), "\nPress [a b.png] now.\n");
    }

    #[test]
    fn what_surrounds_a_page_is_passed_over() {
        let head = "<head><title>T</title><style>p{}</style><script>if (a<b) '<p>no</p>'</script></head>";
        assert_eq!(say(&format!("<html>{head}<body>yes</body></html>")), "\nyes\n");
        assert_eq!(say("<title>T</title><p>yes"), "\nyes");
        assert_eq!(say("<head><meta charset=x><p>yes"), "\nyes");
        assert_eq!(say("<nav>a<nav>b</nav>c</nav>yes<noscript>n</noscript>"), "yes");
        assert_eq!(
            say("<div class='x navheader'>a<div>b</div><img src=i></div>yes<ul role=navigation>c</ul>"),
            "\nyes\n"
        );
        assert_eq!(
            say("<?xml version='1.0'?><html><head><script src='x'/></head><body><a id='n'/>yes</body></html>"),
            "\nyes\n"
        );
        assert_eq!(say("</nav></p>yes<!-- <p>no --> </b>"), "\nyes ");
    }

    #[test]
    fn texts_are_joined_by_one_space() {
        let join = |a: &str, b: &str| joined(a.to_owned(), b);
        assert_eq!(join("a ", " b"), "a b");
        assert_eq!(join("a", "b"), "ab");
        assert_eq!(join("a ", "\nb"), "a\nb");
        assert_eq!(join("a\n", " b"), "a\nb");
        assert_eq!([trimmed(" a \n"), trimmed("\n \n"), trimmed(" a b ")], ["a\n", "", "a b"]);
    }
}
