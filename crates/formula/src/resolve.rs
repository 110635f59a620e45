//! Names in an expression to columns of a table, or to the error that helps.

use crate::error::Problem;
use crate::names::{alternatives, nearest};
use crate::{Binary, Column, Data, Expr, Function, Kind, Numbers, Span, Table};

/// The columns that names may stand for.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    table: &'a Table,
    /// made of given constants, not read from a file
    constants: bool,
}

/// Words to compare: a column of them, or one for all rows.
pub(crate) enum Words<'a> {
    Each(&'a [String]),
    Same(&'a str),
}

impl<'a> Words<'a> {
    pub fn get(&self, row: usize) -> &'a str {
        match self {
            Self::Each(words) => &words[row],
            Self::Same(word) => word,
        }
    }
}

/// Columns named in a hint when none is near.
const LISTED: usize = 12;

impl<'a> Names<'a> {
    pub fn columns(table: &'a Table) -> Self {
        Self { table, constants: false }
    }

    pub fn constants(table: &'a Table) -> Self {
        Self { table, constants: true }
    }

    fn column(&self, name: &str, span: Span) -> Result<&'a Column, Problem> {
        self.table.column(name).ok_or_else(|| self.unknown(name, span))
    }

    /// The numbers of a column.
    pub fn numbers(&self, name: &str, span: Span) -> Result<&'a Numbers, Problem> {
        match &self.column(name, span)?.data {
            Data::Numbers(numbers) => Ok(numbers),
            Data::Words(words) => {
                let problem =
                    Problem::new(span, format!("the column `{name}` holds words, here it should be a number"));
                Err(match words.iter().find(|w| !w.trim().is_empty()) {
                    Some(word) => problem.hint(format!("its first is '{word}'; words can be compared: = '{word}'")),
                    None => problem.hint("all its cells are blank"),
                })
            }
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Problem {
        if self.constants {
            return Problem::new(span, format!("`{name}` has no value here")).hint("write a number");
        }
        let problem = Problem::new(span, format!("no column `{name}`"));
        let all = || self.table.columns().iter().map(|c| c.name.as_str());
        let near = nearest(name, all());
        if !near.is_empty() {
            let quotes = if near.iter().any(|n| !crate::lex::is_plain(n)) { ", with the back-quotes" } else { "" };
            return problem.hint(format!("did you mean {}{quotes}?", alternatives(&near)));
        }
        let listed: Vec<String> = all().take(LISTED).map(|n| format!("`{n}`")).collect();
        let more = if self.table.columns().len() > LISTED { ", ..." } else { "" };
        match listed.is_empty() {
            true => problem.hint("the table has no columns"),
            false => problem.hint(format!("the columns are {}{more}", listed.join(", "))),
        }
    }

    /// What `*` stands for in the groups of a sum: the same for all of them.
    pub fn suffixes(&self, function: Function, at: &Expr, groups: &[&Expr]) -> Result<Vec<&'a str>, Problem> {
        let mut first: Option<(&str, Vec<&'a str>)> = None;
        for group in groups {
            let Kind::Group(prefix) = &group.kind else { continue };
            let found: Vec<&str> = self.table.columns().iter().filter_map(|c| suffix(&c.name, prefix)).collect();
            if found.is_empty() {
                let bare = prefix.trim_end_matches('_');
                let problem = Problem::new(group.span, format!("no column begins with `{prefix}`"));
                let beginnings = self.table.columns().iter().filter_map(|c| c.name.rsplit_once('_')).map(|(p, _)| p);
                return Err(match nearest(bare, beginnings).first() {
                    Some(near) => problem.hint(format!("did you mean `{near}_*`?")),
                    None => problem.hint(format!("name the columns of the group {prefix}a, {prefix}b, ...")),
                });
            }
            match &first {
                None => first = Some((prefix, found)),
                Some((other, suffixes)) => {
                    let lonely = |here: &[&str], there: &[&'a str], with: &str, without: &str| {
                        let odd = there.iter().find(|s| !here.contains(s))?;
                        Some(format!("there is `{without}{odd}` and no `{with}{odd}`"))
                    };
                    let missing =
                        lonely(&found, suffixes, prefix, other).or_else(|| lonely(suffixes, &found, other, prefix));
                    if let Some(missing) = missing {
                        let message = format!("the groups `{other}*` and `{prefix}*` do not pair: {missing}");
                        return Err(Problem::new(group.span, message)
                            .hint("groups in one sum need a column for each of the same endings"));
                    }
                }
            }
        }
        first.map(|(_, suffixes)| suffixes).ok_or_else(|| crate::refuse::no_group(at.span, function.name()))
    }

    /// Both sides of a comparison as words, if either is a word or a column of words.
    pub fn word_pair<'b>(&self, op: Binary, x: &'b Expr, y: &'b Expr) -> Result<Option<(Words<'b>, Words<'b>)>, Problem>
    where
        'a: 'b,
    {
        let words = |side: &'b Expr, other: &'b Expr| -> Result<Option<Words<'b>>, Problem> {
            match &side.kind {
                Kind::Word(word) => Ok(Some(Words::Same(word))),
                Kind::Name(name) => match self.table.column(name).map(|c| &c.data) {
                    Some(Data::Words(words)) => Ok(Some(Words::Each(words))),
                    Some(Data::Numbers(_)) => Ok(None),
                    None => Err(self.unquoted(name, side, other)),
                },
                _ => Ok(None),
            }
        };
        let (left, right) = (words(x, y)?, words(y, x)?);
        let (odd, word) = match (left, right) {
            (None, None) => return Ok(None),
            (Some(left), Some(right)) if matches!(op, Binary::Eq | Binary::Ne) => return Ok(Some((left, right))),
            (Some(_), Some(_)) => {
                let problem = Problem::new(x.span, format!("words have no order for `{}`", op.sign()));
                return Err(problem.hint("compare words with = or !="));
            }
            (Some(word), None) => (y, (word, x)),
            (None, Some(word)) => (x, (word, y)),
        };
        match (word, &odd.kind) {
            ((Words::Same(word), _), Kind::Name(name)) => {
                let problem =
                    Problem::new(odd.span, format!("the column `{name}` holds numbers, not words like '{word}'"));
                Err(match crate::parse_number(word) {
                    Some(_) => problem.hint(format!("write {word} without quotes")),
                    None => problem.hint("compare it with a number; cells without one are left out in any case"),
                })
            }
            ((Words::Each(_), column), Kind::Number(_)) => {
                let problem = Problem::new(column.span, format!("the column {} holds words", quoted(column)));
                Err(problem.hint(format!("compare it with a word in quotes: '{odd}'")))
            }
            ((_, side), _) => {
                let what = if matches!(side.kind, Kind::Word(_)) { "a word" } else { "a column of words" };
                let problem = Problem::new(side.span, format!("{what} is compared with a number"));
                Err(problem.hint("words are compared with words"))
            }
        }
    }

    /// No such column; beside a column of words, a word whose quotes were forgotten (or eaten by the shell).
    fn unquoted(&self, name: &str, side: &Expr, other: &Expr) -> Problem {
        let problem = self.unknown(name, side.span);
        match &other.kind {
            Kind::Name(column) if self.table.column(column).is_some_and(|c| c.as_numbers().is_none()) => {
                problem.hint(format!("words stand in quotes: {other} = '{name}'"))
            }
            _ => problem,
        }
    }
}

fn quoted(column: &Expr) -> String {
    match &column.kind {
        Kind::Name(name) => format!("`{name}`"),
        _ => column.to_string(),
    }
}

fn suffix<'a>(column: &'a str, prefix: &str) -> Option<&'a str> {
    column.strip_prefix(prefix).filter(|s| !s.is_empty())
}
