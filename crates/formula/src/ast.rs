//! What the parser makes: expressions that remember where they stood in the text.

/// A half-open range of bytes in the source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A law as written: `let` definitions, then `target = body`.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The text it was parsed from, unchanged.
    pub source: String,
    /// `let name = expr`, in order; later ones see earlier ones.
    pub lets: Vec<(String, Expr)>,
    /// The column the law predicts.
    pub target: String,
    /// Right-hand side.
    pub body: Expr,
}

/// An expression and its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// The forms an expression takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `6`, `1e-3`, `70e9`
    Number(f64),
    /// `'mla'`: only in conditions
    Word(String),
    /// `N`, or `` `Model Size` `` in back-quotes
    Name(String),
    /// `w_*`: every column whose name begins with `w_`; holds the prefix, `w_`
    Group(String),
    /// `-x`, `not x`
    Unary(Unary, Box<Expr>),
    /// `x + y`, `x < y`, ...
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `exp(x)`, `max(x, y, z)`
    Call(Function, Vec<Expr>),
    /// `family in ('mla', 'kda')`: only in conditions
    In(Box<Expr>, Vec<Expr>),
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Neg,
    Not,
}

/// Operators with two operands; from `Lt` on only in conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    And,
    Or,
}

/// The functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function {
    Exp,
    Expm1,
    Ln,
    Log1p,
    Log2,
    Log10,
    Sqrt,
    Abs,
    Min,
    Max,
    Sigmoid,
    Softplus,
    Logaddexp,
    /// over a column group: `sum(t*w_*)`
    Sum,
    /// over a column group
    Prod,
}
