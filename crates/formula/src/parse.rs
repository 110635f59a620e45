//! Tokens to trees, by precedence climbing.

use crate::error::Problem;
use crate::lex::{Placed, Token, lex};
use crate::{Binary, Expr, Formula, Function, Kind, ParseError, Span, Unary, check, refuse};

/// Longest text.
const MAX_BYTES: usize = 64 * 1024;
/// Most parentheses, calls, signs, exponents inside one another.
const MAX_NESTING: usize = 200;
/// Most levels of the tree. A chain `a + a + ...` is one level per term; whoever walks a tree may recurse.
const MAX_LEVELS: usize = 500;
/// Most expressions.
const MAX_NODES: usize = 10_000;

/// Reads a law: any number of `let name = expr`, each ended by a new line or `;`, then `target = expr`.
///
/// ```
/// let law = isoloss_formula::parse_formula("L = E + A*N^-alpha + B*D^-beta")?;
/// assert_eq!(law.names(), ["E", "A", "N", "alpha", "B", "D", "beta"]);
/// # Ok::<(), isoloss_formula::ParseError>(())
/// ```
pub fn parse_formula(text: &str) -> Result<Formula, ParseError> {
    parse(text, Mode::Formula, |p| p.formula())
}

/// Reads an arithmetic expression: what `--map` makes a column of.
pub fn parse_expression(text: &str) -> Result<Expr, ParseError> {
    parse(text, Mode::Expression, |p| p.whole(ADD))
}

/// Reads a condition: what `--where` filters rows by.
pub fn parse_condition(text: &str) -> Result<Expr, ParseError> {
    parse(text, Mode::Condition, |p| {
        let expr = p.whole(OR)?;
        check::condition(&expr)?;
        Ok(expr)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Formula,
    Expression,
    Condition,
}

type Parsed<T> = Result<T, Problem>;

/// Binding strength, loosest first.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
const ADD: u8 = 5;
const MUL: u8 = 6;
const SIGN: u8 = 7;

/// An expression and how many levels it has.
struct Node {
    expr: Expr,
    levels: usize,
}

pub(crate) struct Parser<'a> {
    pub text: &'a str,
    pub mode: Mode,
    pub tokens: Vec<Placed>,
    pub at: usize,
    nesting: usize,
    nodes: usize,
    /// For each `sum` or `prod` we are in: has a group been seen?
    sums: Vec<bool>,
}

fn parse<T>(text: &str, mode: Mode, read: impl FnOnce(&mut Parser) -> Parsed<T>) -> Result<T, ParseError> {
    if text.len() > MAX_BYTES {
        let message = format!("the text is {} bytes long, more than {MAX_BYTES}", text.len());
        return Err(Problem::new(Span::default(), message).hint("a formula is a few lines long").parse_error(""));
    }
    let mut parser = Parser { text, mode, tokens: lex(text), at: 0, nesting: 0, nodes: 0, sums: Vec::new() };
    read(&mut parser).map_err(|mut problem| {
        problem.hint.get_or_insert_with(|| refuse::usual(mode).to_owned());
        problem.parse_error(text)
    })
}

impl Parser<'_> {
    pub fn peek(&self) -> &Placed {
        &self.tokens[self.at]
    }

    /// The last token is never passed.
    fn advance(&mut self) -> Placed {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub fn is(&self, sign: &str) -> bool {
        self.is_ahead(0, sign)
    }

    pub fn is_ahead(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Placed { token: Token::Sign(s), .. }) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        if is {
            self.advance();
        }
        is
    }

    fn formula(&mut self) -> Parsed<Formula> {
        let mut lets: Vec<(String, Expr)> = Vec::new();
        loop {
            while self.eat(";") {}
            if !self.is("let") {
                break;
            }
            self.advance();
            let (name, span) = self.left_side()?;
            if lets.iter().any(|(n, _)| *n == name) {
                return Err(refuse::second_let(span, &name));
            }
            if Function::from_name(&name).is_some() {
                return Err(refuse::let_of_function(span, &name));
            }
            let expr = self.binary(ADD)?.expr;
            self.end_of_statement()?;
            lets.push((name, expr));
        }
        let (target, span) = self.left_side()?;
        let body = self.binary(ADD)?.expr;
        while self.eat(";") {}
        if !matches!(self.peek().token, Token::End) {
            return Err(refuse::after_target(self));
        }
        check::scopes(&lets, &target, span, &body)?;
        Ok(Formula { source: self.text.to_owned(), lets, target, body })
    }

    /// `name =`
    fn left_side(&mut self) -> Parsed<(String, Span)> {
        let (name, span) = match &self.peek().token {
            Token::Name(name) if self.is_ahead(1, "=") => (name.clone(), self.peek().span),
            _ => return Err(refuse::left_side(self)),
        };
        self.at += 2;
        Ok((name, span))
    }

    fn end_of_statement(&mut self) -> Parsed<()> {
        if self.is(";") || self.peek().newline || matches!(self.peek().token, Token::End) {
            return Ok(());
        }
        Err(refuse::after_operand(self))
    }

    /// One expression and nothing else.
    fn whole(&mut self, least: u8) -> Parsed<Expr> {
        let node = self.binary(least)?;
        match self.peek().token {
            Token::End => Ok(node.expr),
            _ => Err(refuse::after_operand(self)),
        }
    }

    /// Operators that bind at least as tightly as `least`, and their operands.
    fn binary(&mut self, least: u8) -> Parsed<Node> {
        let mut left = self.prefix(least)?;
        loop {
            let (op, strength) = match self.peek().token {
                Token::Sign(sign) => match infix(sign) {
                    Some(found) => found,
                    None if sign == "in" || (sign == "not" && self.is_ahead(1, "in")) => (None, COMPARE),
                    None => return Ok(left),
                },
                _ => return Ok(left),
            };
            // Only conditions know more than arithmetic.
            if strength < least || (strength < ADD && self.mode != Mode::Condition) {
                return Ok(left);
            }
            left = match op {
                Some(op) => {
                    self.advance();
                    let right = self.binary(strength + 1)?;
                    let span = Span { start: left.expr.span.start, end: right.expr.span.end };
                    let levels = left.levels.max(right.levels);
                    self.node(Kind::Binary(op, Box::new(left.expr), Box::new(right.expr)), span, levels)?
                }
                None => self.membership(left)?,
            };
            if strength == COMPARE && self.compares() {
                return Err(refuse::chained(self.peek().span));
            }
        }
    }

    fn compares(&self) -> bool {
        matches!(self.peek().token, Token::Sign(s) if infix(s).is_some_and(|(_, strength)| strength == COMPARE) || s == "in")
    }

    /// `x in (...)`, `x not in (...)`
    fn membership(&mut self, left: Node) -> Parsed<Node> {
        let not = self.eat("not");
        self.advance();
        if !self.eat("(") {
            return Err(refuse::list(self));
        }
        let mut list = Vec::new();
        loop {
            let negative = self.is("-").then(|| self.advance().span);
            let item = match self.peek().token {
                Token::Number(_) => self.primary()?,
                Token::Word(_) if negative.is_none() => self.primary()?,
                _ => return Err(refuse::list_item(self)),
            };
            list.push(match negative {
                Some(sign) => {
                    let span = Span { start: sign.start, end: item.expr.span.end };
                    self.node(Kind::Unary(Unary::Neg, Box::new(item.expr)), span, 1)?.expr
                }
                None => item.expr,
            });
            if !self.eat(",") {
                break;
            }
        }
        if !self.is(")") {
            return Err(refuse::list_item(self));
        }
        let span = Span { start: left.expr.span.start, end: self.advance().span.end };
        let node = self.node(Kind::In(Box::new(left.expr), list), span, left.levels.max(2))?;
        if not { self.node(Kind::Unary(Unary::Not, Box::new(node.expr)), span, node.levels) } else { Ok(node) }
    }

    fn prefix(&mut self, least: u8) -> Parsed<Node> {
        let (op, operand) = match self.peek().token {
            Token::Sign("-") => (Unary::Neg, SIGN),
            Token::Sign("not") if self.mode == Mode::Condition && least <= NOT => (Unary::Not, NOT),
            _ => return self.power(),
        };
        let start = self.advance().span.start;
        let inner = self.nested(start, |p| p.binary(operand))?;
        let span = Span { start, end: inner.expr.span.end };
        self.node(Kind::Unary(op, Box::new(inner.expr)), span, inner.levels)
    }

    /// `x^y`, to the right; the exponent may have signs of its own.
    fn power(&mut self) -> Parsed<Node> {
        let base = self.primary()?;
        if !self.is("^") {
            return Ok(base);
        }
        let sign = self.advance().span.start;
        // An operand with a sign binds looser than `^` and so takes in all that follows: 2^-3^2 is 2^(-(3^2)).
        let exponent = self.nested(sign, |p| p.prefix(SIGN))?;
        let span = Span { start: base.expr.span.start, end: exponent.expr.span.end };
        let levels = base.levels.max(exponent.levels);
        self.node(Kind::Binary(Binary::Pow, Box::new(base.expr), Box::new(exponent.expr)), span, levels)
    }

    fn primary(&mut self) -> Parsed<Node> {
        let Placed { token, span, .. } = self.peek().clone();
        let kind = match token {
            Token::Number(value) => Kind::Number(value),
            Token::Word(word) if self.mode == Mode::Condition => Kind::Word(word),
            Token::Name(name) if self.is_ahead(1, "(") => return self.call(&name),
            Token::Name(name) | Token::Quoted(name) => Kind::Name(name),
            Token::Group(prefix) => {
                let Some(seen) = self.sums.last_mut() else { return Err(refuse::bare_group(span, &prefix)) };
                *seen = true;
                Kind::Group(prefix)
            }
            Token::Sign("(") => {
                self.advance();
                let least = if self.mode == Mode::Condition { OR } else { ADD };
                let mut node = self.nested(span.start, |p| p.binary(least))?;
                if !self.is(")") {
                    return Err(refuse::unclosed(self, span));
                }
                node.expr.span = Span { start: span.start, end: self.advance().span.end };
                return Ok(node);
            }
            _ => return Err(refuse::operand(self)),
        };
        self.advance();
        self.node(kind, span, 0)
    }

    fn call(&mut self, name: &str) -> Parsed<Node> {
        let span = self.advance().span;
        let Some(function) = Function::from_name(name) else { return Err(refuse::function(self, span, name)) };
        let open = self.advance().span;
        if function.over_group() {
            self.sums.push(false);
        }
        let (mut arguments, mut levels) = (Vec::new(), 0);
        while !self.is(")") {
            let node = self.nested(open.start, |p| p.binary(ADD))?;
            levels = levels.max(node.levels);
            arguments.push(node.expr);
            if !self.eat(",") {
                break;
            }
        }
        if !self.is(")") {
            return Err(refuse::unclosed(self, open));
        }
        let span = Span { start: span.start, end: self.advance().span.end };
        check::arity(function, arguments.len(), span)?;
        if function.over_group() && self.sums.pop() == Some(false) {
            return Err(refuse::no_group(span, name));
        }
        self.node(Kind::Call(function, arguments), span, levels)
    }

    fn nested(&mut self, start: usize, read: impl FnOnce(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let span = Span { start, end: start + 1 };
            let problem = Problem::new(span, format!("nested more than {MAX_NESTING} deep"));
            return Err(problem.hint("name the parts with let"));
        }
        let node = read(self)?;
        self.nesting -= 1;
        Ok(node)
    }

    fn node(&mut self, kind: Kind, span: Span, below: usize) -> Parsed<Node> {
        self.nodes += 1;
        let levels = below + 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::new(span, format!("more than {MAX_NODES} terms")));
        }
        if levels > MAX_LEVELS {
            let problem = Problem::new(span, format!("a chain of more than {MAX_LEVELS} terms"));
            return Err(problem.hint("use parentheses or `in (...)`, or sum(w_*) over a group of columns"));
        }
        Ok(Node { expr: Expr { kind, span }, levels })
    }
}

/// The operators between two operands, and how tightly they bind.
fn infix(sign: &str) -> Option<(Option<Binary>, u8)> {
    let (op, strength) = match sign {
        "+" => (Binary::Add, ADD),
        "-" => (Binary::Sub, ADD),
        "*" => (Binary::Mul, MUL),
        "/" => (Binary::Div, MUL),
        "<" => (Binary::Lt, COMPARE),
        "<=" => (Binary::Le, COMPARE),
        ">" => (Binary::Gt, COMPARE),
        ">=" => (Binary::Ge, COMPARE),
        "=" | "==" => (Binary::Eq, COMPARE),
        "!=" => (Binary::Ne, COMPARE),
        "and" => (Binary::And, AND),
        "or" => (Binary::Or, OR),
        _ => return None,
    };
    Some((Some(op), strength))
}
