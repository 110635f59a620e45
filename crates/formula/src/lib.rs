//! Named columns and expressions over them.
//!
//! A [`Table`] is columns of numbers or words, each with its declared unit. A [`Formula`] is a law written as one line,
//! `L = E + A*N^-alpha`. The same expression language maps columns (`--map "D=C/(6*N)"`) and filters rows
//! (`--where "loss < 5 and family = 'mla'"`).

mod ast;
mod check;
mod error;
mod evaluate;
mod lex;
mod names;
mod number;
mod numeric;
mod parse;
mod print;
mod refuse;
mod resolve;
mod table;
mod typed;
mod unit;

pub use ast::{Binary, Expr, Formula, Function, Kind, Span, Unary};
pub use error::{EvalError, ParseError};
pub use evaluate::{Truth, evaluate, matches, scalar};
pub use names::{nearest, one_slip};
pub use number::parse_number;
pub use parse::{parse_condition, parse_expression, parse_formula};
pub use table::{Column, Data, Numbers, Oddity, Quantity, Table, Unit};
pub use typed::{in_shell, name_in_expression, word_in_expression};
pub use unit::{PF_DAY, unit_of_header};
