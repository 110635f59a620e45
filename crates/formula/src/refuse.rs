//! The parser's refusals: what was expected, what was found, what to write instead.

use crate::error::Problem;
use crate::lex::{Placed, Token};
use crate::names::{alternatives, nearest};
use crate::parse::{Mode, Parser};
use crate::{Expr, Function, Span};

/// What to do where nothing better is known: what such a text looks like.
pub(crate) fn usual(mode: Mode) -> &'static str {
    match mode {
        Mode::Formula => "for example L = E + A*N^-alpha",
        Mode::Expression => "for example C/(6*N)",
        Mode::Condition => "for example loss < 5 and family = 'mla'",
    }
}

/// What a token looks like in the text, short.
fn found(p: &Parser, placed: &Placed) -> String {
    match placed.token {
        Token::End => "the end".to_owned(),
        _ => format!("`{}`", cut(&p.text[placed.span.start..placed.span.end])),
    }
}

fn cut(text: &str) -> String {
    let text = text.replace(char::is_whitespace, " ");
    if text.chars().count() > 24 { text.chars().take(23).chain(['…']).collect() } else { text }
}

/// The problem of a token that could not be read, before any other.
fn unreadable(p: &Parser) -> Option<Problem> {
    match &p.peek().token {
        Token::Bad(problem) => Some(problem.clone()),
        _ => None,
    }
}

fn previous<'a>(p: &'a Parser) -> Option<&'a Placed> {
    p.at.checked_sub(1).map(|i| &p.tokens[i])
}

const COMPARISONS: [&str; 11] = ["<", "<=", ">", ">=", "=", "==", "!=", "and", "or", "not", "in"];

/// Something that only conditions have.
fn only_in_where(p: &Parser) -> Option<Problem> {
    let placed = p.peek();
    let what = match placed.token {
        Token::Sign(sign) if COMPARISONS.contains(&sign) => format!("`{sign}`"),
        Token::Word(_) => format!("the word {}", cut(&p.text[placed.span.start..placed.span.end])),
        _ => return None,
    };
    if p.mode == Mode::Condition {
        return None;
    }
    let problem = Problem::new(placed.span, format!("{what} stands only in --where"));
    Some(match placed.token {
        Token::Sign("=" | "==") if p.mode == Mode::Formula => Problem::new(placed.span, "a second `=`")
            .hint("end each let with a new line or `;`; conditions stand in --where"),
        Token::Word(_) => problem.hint("a column whose name is no plain word stands in back-quotes: `val loss`"),
        Token::Sign("and" | "or" | "not" | "in") => problem.hint("a column of that name stands in back-quotes"),
        _ => problem,
    })
}

/// Where a number, a name or `(` should stand.
pub(crate) fn operand(p: &Parser) -> Problem {
    if let Some(problem) = unreadable(p).or_else(|| only_in_where(p)) {
        return problem;
    }
    let placed = p.peek();
    let expected =
        if p.mode == Mode::Condition { "a number, a name, a word or `(`" } else { "a number, a name or `(`" };
    let after = match previous(p) {
        Some(before @ Placed { token: Token::Sign(_), .. }) => format!(" after {}", found(p, before)),
        _ => String::new(),
    };
    let problem = Problem::new(placed.span, format!("expected {expected}{after}, found {}", found(p, placed)));
    match (&placed.token, previous(p).map(|b| &b.token)) {
        (Token::Sign("+"), _) => problem.hint("leave out the `+`"),
        (Token::Sign("let"), _) => problem.hint("let is a reserved word; a column of that name stands in back-quotes"),
        (Token::Sign("not"), Some(Token::Sign(_))) => {
            problem.hint("put what not applies to in parentheses: (not x > 1)")
        }
        (Token::Sign("="), Some(Token::Sign("<" | ">"))) => problem.hint("write <= or >=, without a blank"),
        (Token::Sign(">"), Some(Token::Sign(">"))) => problem.hint("write > or >="),
        (Token::Sign("<"), Some(Token::Sign("<"))) => problem.hint("write < or <="),
        (Token::Sign(">"), Some(Token::Sign("="))) => problem.hint("write >="),
        (Token::Sign("<"), Some(Token::Sign("="))) => problem.hint("write <="),
        (Token::Sign("="), Some(Token::Sign("not"))) => problem.hint("write !="),
        _ => problem,
    }
}

/// Where an operator or the end should stand.
pub(crate) fn after_operand(p: &Parser) -> Problem {
    if let Some(problem) = unreadable(p) {
        return problem;
    }
    let placed = p.peek();
    let text = found(p, placed);
    let operand = matches!(placed.token, Token::Number(_) | Token::Name(_) | Token::Quoted(_) | Token::Group(_))
        || (p.is("(") && previous(p).is_some());
    if operand {
        return adjoining(p, placed, &text);
    }
    if let Some(problem) = only_in_where(p) {
        return problem;
    }
    match placed.token {
        Token::Sign(")") => Problem::new(placed.span, "this `)` closes nothing").hint("remove it, or open with `(`"),
        Token::Sign(",") => decimal_comma(p, placed),
        Token::Sign(";") => Problem::new(placed.span, "`;` stands only between the lets of a law")
            .hint(if p.mode == Mode::Condition { "join conditions with and, or" } else { "leave it out" }),
        Token::Sign("let") => Problem::new(placed.span, "let stands only at the beginning of a law")
            .hint("end what is before it with `;`"),
        Token::Word(_) => Problem::new(placed.span, format!("expected an operator before {text}"))
            .hint("compare with =, !=, <, <=, >, >= or in: family = 'mla'"),
        Token::Sign("not") => {
            Problem::new(placed.span, "expected an operator before `not`").hint("write and not, or not, not in")
        }
        _ => Problem::new(placed.span, format!("expected an operator, found {text}")),
    }
}

/// Two operands in a row: multiplication is always written.
fn adjoining(p: &Parser, placed: &Placed, text: &str) -> Problem {
    let problem = Problem::new(placed.span, format!("expected an operator before {text}"));
    if let Token::Name(name) = &placed.token {
        let lower = name.to_ascii_lowercase();
        if p.mode == Mode::Condition && crate::lex::RESERVED.contains(&lower.as_str()) {
            return problem.hint(format!("write {lower}, in small letters"));
        }
        if name == "is" {
            return problem.hint("write = or !=");
        }
    }
    let Some(before) = previous(p) else { return problem };
    if let Token::Name(name) = &before.token {
        if Function::from_name(name).is_some() {
            return problem.hint(format!("functions take parentheses: {name}(...)"));
        }
        if name == "lambda" || name == "return" || name == "def" {
            return problem.hint("a law is one line: L = E + A*N^-alpha");
        }
    }
    if p.is_ahead(1, "=") && p.mode == Mode::Formula {
        return problem.hint(format!("start a new line before {text}, or end the let with `;`"));
    }
    if placed.newline && p.mode == Mode::Formula {
        return problem
            .hint("an expression goes on in the next line only after an operator; a law ends with its target");
    }
    let side = |placed: &Placed| match placed.token {
        Token::Sign(_) => "(...)".to_owned(),
        _ => cut(&p.text[placed.span.start..placed.span.end]),
    };
    let (left, right) = (side(before), side(placed));
    let name = |t: &Token| matches!(t, Token::Name(_));
    if name(&before.token) && name(&placed.token) {
        let quoted = format!("a name with a blank stands in back-quotes: `{left} {right}`");
        return problem.hint(format!("write `*` to multiply: {left} * {right}; {quoted}"));
    }
    if p.mode == Mode::Condition {
        return problem.hint("join conditions with and, or; multiply with `*`");
    }
    problem.hint(format!("write `*` to multiply: {left} * {right}"))
}

fn decimal_comma(p: &Parser, placed: &Placed) -> Problem {
    let problem = Problem::new(placed.span, "`,` stands only between the arguments of a function");
    let (before, after) = (previous(p).map(|b| &b.token), p.tokens.get(p.at + 1).map(|a| &a.token));
    if matches!((before, after), (Some(Token::Number(_)), Some(Token::Number(_)))) {
        return problem.hint("decimals take a point: 2.31; thousands no separator: 1000000");
    }
    problem
}

/// A statement that does not begin with `name =`.
pub(crate) fn left_side(p: &Parser) -> Problem {
    if let Some(problem) = unreadable(p) {
        return problem;
    }
    const EXAMPLE: &str = "L = E + A*N^-alpha";
    let placed = p.peek();
    let after_let = previous(p).is_some_and(|b| matches!(b.token, Token::Sign("let")));
    if after_let {
        let problem = Problem::new(placed.span, format!("expected `name = ...` after let, found {}", found(p, placed)));
        return problem.hint("for example let n = N/1e9");
    }
    if matches!(placed.token, Token::End) {
        let problem = Problem::new(placed.span, "a law needs `target = expression`");
        return problem;
    }
    // Is there an `=` before the statement ends? Then something stands on its left that should not.
    let ends = |t: &&Placed| !matches!(t.token, Token::End | Token::Bad(_) | Token::Sign(";"));
    let equals = p.tokens[p.at..].iter().take_while(ends).position(|t| matches!(t.token, Token::Sign("=" | "==")));
    match (equals, &placed.token) {
        (Some(1), Token::Name(name)) => {
            Problem::new(p.tokens[p.at + 1].span, "a law has a single `=`").hint(format!("write {name} = ..."))
        }
        (Some(1), Token::Quoted(_)) => Problem::new(placed.span, "the target is a plain name, without back-quotes")
            .hint("give the column such a name: --map \"L=val loss\""),
        (Some(0), _) => Problem::new(placed.span, "expected the target before `=`"),
        (Some(count), _) => {
            let span = Span { start: placed.span.start, end: p.tokens[p.at + count - 1].span.end };
            let problem = Problem::new(span, "the left of `=` is a single name, the column that the law predicts");
            problem.hint(format!("bring the rest to the right: {EXAMPLE}"))
        }
        (None, _) => {
            let problem = Problem::new(placed.span, "a law needs `target = expression`, found no `=`");
            problem.hint(format!("name what the law predicts: {EXAMPLE}"))
        }
    }
}

/// Something behind the target's expression.
pub(crate) fn after_target(p: &Parser) -> Problem {
    let placed = p.peek();
    let again = matches!(placed.token, Token::Name(_)) && p.is_ahead(1, "=") && (placed.newline || ended(p));
    if matches!(placed.token, Token::Sign("let")) {
        return Problem::new(placed.span, "let stands before the target").hint("move this line up");
    }
    if again {
        let name = &p.text[placed.span.start..placed.span.end];
        let problem = Problem::new(placed.span, "a law has one target, and it comes last");
        return problem.hint(format!("to define a name before the target: let {} = ...", cut(name)));
    }
    if ended(p) && !matches!(placed.token, Token::Bad(_)) {
        return Problem::new(placed.span, "a law ends with its target").hint("remove this, or the `;` before it");
    }
    after_operand(p)
}

fn ended(p: &Parser) -> bool {
    previous(p).is_some_and(|b| matches!(b.token, Token::Sign(";")))
}

/// `a < b < c`
pub(crate) fn chained(span: Span) -> Problem {
    Problem::new(span, "comparisons do not chain").hint("join two with and: a < b and b < c")
}

/// `in` without a list.
pub(crate) fn list(p: &Parser) -> Problem {
    let problem = Problem::new(p.peek().span, format!("expected `(` after in, found {}", found(p, p.peek())));
    unreadable(p).unwrap_or_else(|| problem.hint("for example family in ('mla', 'kda')"))
}

/// In a list: neither a number nor a word, or no `,` or `)` behind it.
pub(crate) fn list_item(p: &Parser) -> Problem {
    if let Some(problem) = unreadable(p) {
        return problem;
    }
    let placed = p.peek();
    let wanted = match previous(p).map(|b| &b.token) {
        Some(Token::Sign(_)) => "a number or a word in quotes",
        _ => "`,` or `)`",
    };
    let problem = Problem::new(placed.span, format!("expected {wanted} in the list, found {}", found(p, placed)));
    match &placed.token {
        Token::Name(name) => problem.hint(format!("words stand in quotes: '{}'", cut(name))),
        _ => problem.hint("for example family in ('mla', 'kda')"),
    }
}

/// A column in a list, which only a tree made by a program can have.
pub(crate) fn list_column(item: &Expr) -> Problem {
    Problem::new(item.span, "a list holds numbers or words, not columns")
}

/// A parenthesis that is not closed where its content ends.
pub(crate) fn unclosed(p: &Parser, open: Span) -> Problem {
    let placed = p.peek();
    match placed.token {
        Token::End => Problem::new(open, "this `(` is never closed").hint("add a `)`"),
        Token::Sign(sign) if COMPARISONS.contains(&sign) && p.mode == Mode::Condition => {
            Problem::new(placed.span, format!("`{sign}` cannot stand inside a function"))
                .hint("a function takes and gives numbers: abs(x - 1) < 2")
        }
        Token::Sign(";" | "let") => {
            Problem::new(open, format!("this `(` is not closed before {}", found(p, placed))).hint("add a `)`")
        }
        _ => after_operand(p),
    }
}

/// A name before `(` that is no function.
pub(crate) fn function(p: &Parser, span: Span, name: &str) -> Problem {
    let problem = Problem::new(span, format!("`{}` is not a function", cut(name)));
    let all = Function::ALL.map(Function::name);
    let near = nearest(name, all.into_iter());
    match name.to_ascii_lowercase().as_str() {
        "log" | "loge" => problem.hint("ln is the natural logarithm, log10 and log2 have those bases"),
        "pow" | "power" => problem.hint("write ^ for powers: N^2"),
        "logsumexp" | "lse" => problem.hint("did you mean `logaddexp`?"),
        "mean" | "avg" | "average" => problem.hint("sum(w_*) adds up a group of columns"),
        _ if !near.is_empty() => problem.hint(format!("did you mean {}?", alternatives(&near))),
        _ if p.mode == Mode::Condition && crate::lex::RESERVED.contains(&name.to_ascii_lowercase().as_str()) => {
            problem.hint(format!("write {}, in small letters", name.to_ascii_lowercase()))
        }
        _ if name.chars().count() <= 3 => problem.hint(format!("write `*` to multiply: {name} * (...)")),
        _ => problem.hint(format!("the functions are {}", all.join(", "))),
    }
}

/// A group where one value is needed.
pub(crate) fn bare_group(span: Span, prefix: &str) -> Problem {
    Problem::new(span, format!("the group `{prefix}*` stands outside of sum and prod"))
        .hint(format!("write sum({prefix}*)"))
}

/// `sum` or `prod` of something without a group.
pub(crate) fn no_group(span: Span, name: &str) -> Problem {
    Problem::new(span, format!("`{name}` goes over a group of columns, and there is none in it"))
        .hint(format!("write {name}(w_*) for all columns that begin with w_"))
}

/// A `let` that would hide a function.
pub(crate) fn let_of_function(span: Span, name: &str) -> Problem {
    Problem::new(span, format!("`{name}` is a function")).hint("give the let another name")
}

/// A `let` of a name that has one.
pub(crate) fn second_let(span: Span, name: &str) -> Problem {
    Problem::new(span, format!("a second let for `{}`", cut(name))).hint("give it another name")
}
