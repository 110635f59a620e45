//! What went wrong, where in the text, and what would help.

use crate::Span;
use std::fmt;

/// A text that is no formula, expression or condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// what was expected, what was found
    pub message: String,
    /// where in `source`
    pub span: Span,
    /// what to write instead
    pub hint: Option<String>,
    /// the text that was parsed
    pub source: String,
}

/// An expression that cannot be evaluated over a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    /// what was expected, what was found
    pub message: String,
    /// where in the text that the expression was parsed from
    pub span: Span,
    /// what to write instead
    pub hint: Option<String>,
    /// that text, once a caller has given it with [`EvalError::with_source`]
    pub source: Option<String>,
}

impl EvalError {
    /// The same error, able to show its place in the text that the expression was parsed from.
    pub fn with_source(mut self, text: &str) -> Self {
        self.source = Some(text.to_owned());
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.message, &self.source, self.span, self.hint.as_deref())
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.message, self.source.as_deref().unwrap_or(""), self.span, self.hint.as_deref())
    }
}

impl std::error::Error for ParseError {}
impl std::error::Error for EvalError {}

/// A problem before it is joined with the text it was found in.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub message: String,
    pub span: Span,
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn parse_error(self, source: &str) -> ParseError {
        ParseError { message: self.message, span: self.span, hint: self.hint, source: source.to_owned() }
    }

    pub fn eval_error(self) -> EvalError {
        EvalError { message: self.message, span: self.span, hint: self.hint, source: None }
    }
}

/// Characters of a long line that are shown on either side of the place.
const AROUND: usize = 60;

fn show(f: &mut fmt::Formatter<'_>, message: &str, source: &str, span: Span, hint: Option<&str>) -> fmt::Result {
    if source.trim().is_empty() {
        f.write_str(message)?;
    } else {
        let start = source.floor_char_boundary(span.start);
        let line_start = source[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |i| start + i);
        let end = source.floor_char_boundary(span.end).clamp(start, line_end.max(start));
        let before: Vec<char> = source[line_start..start].chars().collect();
        if source.trim_end().contains('\n') {
            let line = source[..line_start].matches('\n').count() + 1;
            write!(f, "line {line}, column {}: ", before.len() + 1)?;
        }
        f.write_str(message)?;

        // The text is shown with tabs kept in both lines, so that the caret stands right whatever their width.
        let cut = before.len().saturating_sub(AROUND);
        let after: Vec<char> = source[start..line_end].trim_end().chars().collect();
        let rest = after.len().min(AROUND);
        let dots = |cut: bool| if cut { "…" } else { "" };
        let shown: String = before[cut..].iter().chain(&after[..rest]).map(|&c| printable(c)).collect();
        write!(f, "\n  {}{shown}{}\n  {}", dots(cut > 0), dots(rest < after.len()), if cut > 0 { " " } else { "" })?;
        for &c in &before[cut..] {
            f.write_str(if c == '\t' { "\t" } else { &"  "[..width(c)] })?;
        }
        let under: usize = source[start..end].chars().take(rest).map(width).sum();
        f.write_str(&"^".repeat(under.max(1)))?;
    }
    match hint {
        Some(hint) => write!(f, "\nhint: {hint}"),
        None => Ok(()),
    }
}

/// Control characters could move the cursor or recolour the terminal.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

/// Columns of a terminal that a character takes: near enough for a caret, without a table of all of Unicode.
fn width(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfeff => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 => 2,
        0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, start: usize, end: usize) -> String {
        Problem::new(Span { start, end }, "wrong").parse_error(source).to_string()
    }

    #[test]
    fn a_caret_stands_under_the_place() {
        assert_eq!(shown("a + b", 4, 5), "wrong\n  a + b\n      ^");
        assert_eq!(shown("a + bcd", 4, 7), "wrong\n  a + bcd\n      ^^^");
        assert_eq!(shown("a +", 3, 3), "wrong\n  a +\n     ^");
        assert_eq!(shown("", 0, 0), "wrong");
    }

    #[test]
    fn several_lines_name_the_line_and_the_column() {
        assert_eq!(shown("a\r\n\tb + c\r\n", 8, 9), "line 2, column 6: wrong\n  \tb + c\n  \t    ^");
        assert_eq!(shown("x = (a\nb", 4, 8), "line 1, column 5: wrong\n  x = (a\n      ^^");
    }

    #[test]
    fn wide_narrow_and_control_characters_keep_the_caret_in_place() {
        assert_eq!(shown("損失 + b", 9, 10), "wrong\n  損失 + b\n         ^");
        assert_eq!(shown("α + b", 5, 6), "wrong\n  α + b\n      ^");
        assert_eq!(shown("\x1b[31m b", 6, 7), "wrong\n  \u{fffd}[31m b\n        ^");
    }

    #[test]
    fn of_a_long_line_only_the_part_around_the_place_is_shown() {
        let text = format!("{}!{}", "a".repeat(5000), "b".repeat(5000));
        let shown = shown(&text, 5000, 5001);
        assert_eq!(shown.lines().nth(1).unwrap().chars().count(), 2 + 1 + 60 + 60 + 1);
        assert_eq!(shown.lines().nth(2).unwrap(), format!("  {}^", " ".repeat(61)));
    }

    #[test]
    fn places_outside_the_text_do_not_panic() {
        shown("αβ", 1, 3);
        shown("ab", 7, 9);
        shown("a\nb", 2, 0);
    }
}
