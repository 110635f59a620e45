//! Named columns and expressions over them.
//!
//! A [`Table`] is columns of numbers or words, each with its declared unit. A [`Formula`] is a law written as one line,
//! `L = E + A*N^-alpha`. The same expression language maps columns (`--map "D=C/(6*N)"`) and filters rows
//! (`--where "loss < 5 and family = 'mla'"`).

mod ast;
mod table;

pub use ast::{Binary, Expr, Formula, Function, Kind, Span, Unary};
pub use table::{Column, Data, Numbers, Oddity, Quantity, Table, Unit};
