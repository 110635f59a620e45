//! Text to tokens.

use crate::Span;
use crate::error::Problem;

/// A token; operators and reserved words are their own text.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    Number(f64),
    Name(String),
    /// a name in back-quotes
    Quoted(String),
    /// `w_*`; holds `w_`
    Group(String),
    Word(String),
    Sign(&'static str),
    End,
    /// What cannot be read. It is reported only when the parser gets there, so the first mistake is named first.
    Bad(Problem),
}

/// A token, where it stands, and whether a line ended before it.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub token: Token,
    pub span: Span,
    pub newline: bool,
}

/// Words that are no names unless in back-quotes.
pub(crate) const RESERVED: [&str; 5] = ["let", "and", "or", "not", "in"];

/// Longer ones first.
const SIGNS: [&str; 20] =
    ["**", "==", "!=", "<>", "<=", ">=", "+", "-", "*", "/", "^", "(", ")", ",", ";", "=", "<", ">", "%", "&"];

/// Signs that look right but are others in Unicode or in other languages, and what to write.
const LOOKALIKES: [(&str, &str); 26] = [
    ("−", "-"),
    ("–", "-"),
    ("—", "-"),
    ("×", "*"),
    ("·", "*"),
    ("⋅", "*"),
    ("∗", "*"),
    ("÷", "/"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("“", "\""),
    ("”", "\""),
    ("‘", "'"),
    ("’", "'"),
    ("[", "("),
    ("]", ")"),
    ("{", "("),
    ("}", ")"),
    ("|", "or"),
    ("!", "not"),
    ("~", "not"),
    ("√", "sqrt()"),
    ("∑", "sum()"),
    ("（", "("),
    ("）", ")"),
];

pub(crate) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Superscripts count as numeric characters; `N²` must not become a name.
fn superscript(c: char) -> bool {
    matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | '⁺' | '⁻')
}

pub(crate) fn continues_name(c: char) -> bool {
    (c.is_alphanumeric() && !superscript(c)) || c == '_' || c == '.'
}

/// A name that needs no back-quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name) && !RESERVED.contains(&name)
}

/// All tokens, up to the end or the first place that cannot be read.
pub(crate) fn lex(text: &str) -> Vec<Placed> {
    let mut tokens = Vec::new();
    let (mut at, mut newline, mut last) = (0, false, 0);
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() || (c == '\u{feff}' && at == 0) {
            newline |= c == '\n';
            at += c.len_utf8();
        } else if c == '#' {
            at += text[at..].find('\n').unwrap_or(text.len() - at);
        } else {
            let (token, length) = match read(text, at, c) {
                Ok(found) => found,
                Err(problem) => {
                    let span = problem.span;
                    tokens.push(Placed { token: Token::Bad(problem), span, newline });
                    return tokens;
                }
            };
            tokens.push(Placed { token, span: Span { start: at, end: at + length }, newline });
            newline = false;
            at += length;
            last = at;
        }
    }
    // The end is where the last token ends: a caret after trailing blanks or comments would point at nothing.
    tokens.push(Placed { token: Token::End, span: Span { start: last, end: last }, newline });
    tokens
}

fn read(text: &str, at: usize, c: char) -> Result<(Token, usize), Problem> {
    let rest = &text[at..];
    let here = |length: usize| Span { start: at, end: at + length };
    if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
        return number(rest, at);
    }
    if starts_name(c) {
        return name(rest, at);
    }
    if matches!(c, '\'' | '"' | '`') {
        return quoted(rest, at, c);
    }
    if superscript(c) {
        return Err(Problem::new(here(c.len_utf8()), format!("`{c}` is no power here")).hint("write ^ for powers: N^2"));
    }
    if let Some((sign, instead)) = LOOKALIKES.iter().find(|(sign, _)| rest.starts_with(sign)) {
        if *sign == "!" && rest.starts_with("!=") {
            return Ok((Token::Sign("!="), 2));
        }
        let problem = Problem::new(here(sign.len()), format!("`{sign}` is not a sign of this language"));
        return Err(problem.hint(format!("write {instead}")));
    }
    let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
        let shown = if c.is_control() || c.is_alphanumeric() || !c.is_ascii() {
            format!("`{}` (U+{:04X})", c.escape_debug(), c as u32)
        } else {
            format!("`{c}`")
        };
        let problem = Problem::new(here(c.len_utf8()), format!("the character {shown} has no meaning here"));
        return Err(problem.hint("a name with such characters stands in back-quotes: `val loss`"));
    };
    match *sign {
        "**" => Err(Problem::new(here(2), "`**` is not an operator").hint("write ^ for powers: N^2")),
        "%" => Err(Problem::new(here(1), "`%` is not an operator")
            .hint("divide by 100; a name with such characters stands in back-quotes: `acc %`")),
        "&" => Err(Problem::new(here(1), "`&` is not an operator").hint("write and")),
        "==" => Ok((Token::Sign("=="), 2)),
        "<>" => Ok((Token::Sign("!="), 2)),
        sign => Ok((Token::Sign(sign), sign.len())),
    }
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Problem> {
    let bytes = rest.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let plain = &rest[..end];
    let mut value: f64 = plain.parse().unwrap_or(f64::NAN);
    let scale = match bytes.get(end) {
        Some(b'k' | b'K') => 1e3,
        Some(b'M') => 1e6,
        Some(b'B') => 1e9,
        Some(b'T') => 1e12,
        _ => 1.0,
    };
    let suffixed = scale != 1.0 && !rest[end + 1..].starts_with(continues_name);
    if suffixed {
        // Joined as text: 0.3M is then the number nearest to 300000, whatever 0.3 * 1e6 rounds to.
        value = scaled(plain, scale);
        end += 1;
    }
    let more: String = rest[end..].chars().take_while(|c| continues_name(*c)).collect();
    if !more.is_empty() {
        let span = Span { start: at, end: at + end + more.len() };
        let problem = Problem::new(span, format!("`{plain}{more}` is neither a number nor a name"));
        let all = format!("{plain}{more}");
        return Err(if more.chars().all(|c| c.is_ascii_digit() || c == '_') {
            problem.hint(format!("write {}", all.replace('_', "")))
        } else if more.starts_with(starts_name) && !more.starts_with('_') {
            problem.hint(format!("write {plain}*{more}, with a `*`"))
        } else {
            problem.hint("numbers look like 6, 0.5, 1e-3, 125M")
        });
    }
    if !value.is_finite() {
        let span = Span { start: at, end: at + end };
        return Err(Problem::new(span, "this number is too large").hint("numbers go up to 1.8e308"));
    }
    Ok((Token::Number(value), end))
}

/// The number nearest to `plain` times a power of ten.
pub(crate) fn scaled(plain: &str, scale: f64) -> f64 {
    let power = scale.log10().round() as i32;
    let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
        None => (plain, Some(0)),
    };
    let joined = exponent.and_then(|e| e.checked_add(power)).and_then(|e| format!("{mantissa}e{e}").parse().ok());
    joined.unwrap_or_else(|| plain.parse().unwrap_or(f64::NAN) * scale)
}

fn name(rest: &str, at: usize) -> Result<(Token, usize), Problem> {
    let end = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    if let Some(sign) = RESERVED.iter().find(|r| **r == name) {
        return Ok((Token::Sign(sign), end));
    }
    if !name.ends_with('_') || !rest[end..].starts_with('*') {
        return Ok((Token::Name(name.to_owned()), end));
    }
    // `w_*` is a group and `w_ * t` a product; what could be either is refused.
    let after = &rest[end + 1..];
    let next = after.trim_start_matches(|c: char| c.is_whitespace() && c != '\n').chars().next();
    let clear = match next {
        None => true,
        Some(c) => ")],+-*/^=;<>#\n".contains(c) && !after.starts_with('*'),
    };
    if clear {
        return Ok((Token::Group(name.to_owned()), end + 1));
    }
    let span = Span { start: at, end: at + end + 1 };
    let problem = Problem::new(span, format!("`{name}*` is a column group here, or a product?"));
    Err(if after.starts_with('*') {
        problem.hint(format!("write {name}*^2 for a power of the group, {name}* * 2 for a product with it"))
    } else {
        problem.hint(format!("write {name} * ... for a product, {name}* * ... for a product with the group {name}*"))
    })
}

/// Text in quotes; the quote itself is written twice.
fn quoted(rest: &str, at: usize, quote: char) -> Result<(Token, usize), Problem> {
    let mut content = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        // Headers may span lines, words may not: an open quote would swallow the rest of the text.
        if c == '\n' && quote != '`' {
            break;
        }
        if c != quote {
            content.push(c);
        } else if chars.next_if(|(_, c)| *c == quote).is_some() {
            content.push(quote);
        } else if quote != '`' {
            return Ok((Token::Word(content), i + 1));
        } else if content.is_empty() {
            return Err(Problem::new(Span { start: at, end: at + i + 1 }, "a name in back-quotes cannot be empty"));
        } else {
            return Ok((Token::Quoted(content), i + 1));
        }
    }
    let what = if quote == '`' { "back-quote" } else { "quote" };
    let problem = Problem::new(Span { start: at, end: at + 1 }, format!("this {what} is never closed"));
    Err(problem.hint(format!("end it with another {quote}")))
}
