//! Law files: what a law file says, and where in it something is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use isoloss_formula::{Formula, Kind, nearest, parse_formula};
use toml::Spanned;

use crate::law::{Domain, Law, LawError, Parameter, Published};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    formula: Spanned<String>,
    #[serde(default)]
    paper: String,
    #[serde(default)]
    says: String,
    /// `d1 < d2`
    #[serde(default)]
    order: Option<Spanned<String>>,
    variables: BTreeMap<String, String>,
    /// what run tables call what the formula names: `N = "people"`, where N is no number of parameters
    #[serde(default)]
    columns: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    parameters: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    known: BTreeMap<Spanned<String>, f64>,
    #[serde(default)]
    starts: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    published: Vec<PublishedFile>,
    unpublished: Option<Unpublished>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedFile {
    name: String,
    values: BTreeMap<Spanned<String>, f64>,
    #[serde(default)]
    errors: BTreeMap<String, f64>,
    source: String,
    convention: String,
    #[serde(default)]
    units: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Unpublished {
    reason: String,
}

/// The text of a law file, for places in it.
struct Text<'a> {
    file: &'a str,
    text: &'a str,
}

impl Text<'_> {
    /// What is wrong at a byte of the text.
    fn wrong(&self, byte: usize, message: impl fmt::Display, hint: Option<String>) -> LawError {
        let (line, column) = line_and_column(self.text, byte);
        LawError { message: format!("{}:{line}:{column}: {message}", self.file), hint }
    }

    /// Where a byte of the formula stands in the file; where its text was escaped, the formula as a whole.
    fn of_formula(&self, formula: &Spanned<String>, byte: usize) -> usize {
        let Range { start, end } = formula.span();
        let inside = self.text.get(start..end).and_then(|written| written.find(formula.get_ref().as_str()));
        inside.map_or(start, |at| start + at + byte)
    }
}

impl Law {
    /// Reads a law file; `file` is its name, for messages.
    ///
    /// # Errors
    /// If the text is no TOML, or no law: every name of the formula is declared, as a variable or as a parameter.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, LawError> {
        let raw: File = toml::from_str(text).map_err(|e| {
            let place = e.span().map(|s| line_and_column(text, s.start));
            let place = place.map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
            LawError {
                message: format!("{file}{place}: {}", e.message().trim_end()),
                hint: Some(
                    "a law file has name, formula, [variables] and [parameters]; `isoloss list laws` shows examples"
                        .into(),
                ),
            }
        })?;
        let place = Text { file, text };
        let of_formula = |byte: usize| place.of_formula(&raw.formula, byte);
        let formula = parse_formula(raw.formula.get_ref())
            .map_err(|e| place.wrong(of_formula(e.span.start), format_args!("in the formula: {e}"), None))?;
        if !raw.variables.contains_key(&formula.target) {
            let target = &formula.target;
            let hint = format!("add {target} = \"what it is\" to [variables]");
            return Err(place.wrong(
                of_formula(0),
                format_args!("the target {target} is not in [variables]"),
                Some(hint),
            ));
        }
        let mut parameters = Vec::new();
        let mut undeclared = None;
        for name in formula.names() {
            if raw.variables.contains_key(&name) {
                continue;
            }
            let Some(said) = raw.parameters.get(name.as_str()) else {
                undeclared = undeclared.or(Some(name));
                continue;
            };
            let Some((domain, per)) = domain(said.get_ref()) else {
                let said_so = format!("parameter {name} = \"{said}\": expected free, positive or a range like 0..2");
                return Err(place.wrong(said.span().start, said_so, Some(hint_of_domain(said.get_ref()))));
            };
            let start = match raw.starts.get(name.as_str()).map(|t| (t.span().start, range(t.get_ref()))) {
                Some((at, None)) => {
                    let message = format!("[starts] {name}: expected a range like 1..100");
                    return Err(place.wrong(at, message, None));
                }
                other => other.and_then(|(_, range)| range),
            };
            parameters.push(Parameter { known: raw.known.get(name.as_str()).copied(), name, domain, per, start });
        }
        let order = raw.order.as_ref().map_or("", |order| order.get_ref().as_str());
        let chain: Vec<String> = order.split('<').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
        let at_order = raw.order.as_ref().map_or(0, |order| order.span().start);
        if !order.is_empty() && chain.len() < 2 {
            let message = format!("order = \"{order}\": expected parameters with < between them");
            return Err(place.wrong(at_order, message, None));
        }
        let names = formula.names();
        let in_formula = |name: &str| names.iter().any(|n| n == name) && !raw.variables.contains_key(name);
        let keyed = |key: &Spanned<String>| (key.get_ref().clone(), key.span().start);
        let published = raw.published.iter().flat_map(|p| p.values.keys());
        let keys = raw.parameters.keys().chain(raw.known.keys()).chain(raw.starts.keys()).chain(published);
        let mut named = keys.map(keyed).chain(chain.iter().map(|name| (name.clone(), at_order)));
        if let Some((stray, at)) = named.find(|(name, _)| !in_formula(name)) {
            let known = names.iter().map(String::as_str).filter(|name| in_formula(name));
            let hint = nearest(&stray, known).first().map(|n| format!("did you mean {n}?"));
            return Err(place.wrong(at, format_args!("{stray} is not a parameter of the formula"), hint));
        }
        if let Some(name) = undeclared {
            let at = of_formula(first(&formula, &name));
            let declared = raw.variables.keys().map(String::as_str);
            return Err(place.wrong(
                at,
                format_args!("{name} of the formula is neither in [variables] nor in [parameters]"),
                Some(match nearest(&name, declared.filter(|known| !names.iter().any(|n| n == known))).first() {
                    Some(near) => format!("did you mean {near}, which is in [variables]?"),
                    None => format!(
                        "a column of the table: {name} = \"what it holds\" in [variables]; a number to be fitted: \
                         {name} = \"free\" in [parameters]"
                    ),
                }),
            ));
        }
        let known = |name: &str| in_formula(name) || raw.variables.contains_key(name);
        if let Some((stray, at)) = raw.columns.keys().map(keyed).find(|(name, _)| !known(name)) {
            let message = format!("[columns] {stray} is neither a variable nor a parameter of the formula");
            return Err(place.wrong(at, message, None));
        }
        let target = formula.target.clone();
        let inputs = formula.names().into_iter().filter(|n| raw.variables.contains_key(n));
        let mut variables: Vec<(String, String)> = Vec::new();
        for name in std::iter::once(target).chain(inputs) {
            variables.push((name.clone(), raw.variables[&name].clone()));
        }
        if variables.len() < 2 && formula.groups().is_empty() {
            let hint = "a law relates the target to at least one column";
            return Err(place.wrong(of_formula(0), "the formula uses no variable", Some(hint.into())));
        }
        let published = raw.published.into_iter().map(|p| Published {
            name: p.name,
            values: p.values.into_iter().map(|(name, value)| (name.into_inner(), value)).collect(),
            errors: p.errors,
            source: p.source,
            convention: p.convention,
            units: p.units,
        });
        Ok(Self {
            name: raw.name,
            formula,
            paper: raw.paper,
            says: raw.says,
            variables,
            columns: raw.columns.into_iter().map(|(name, column)| (name.into_inner(), column)).collect(),
            parameters,
            order: chain.windows(2).map(|w| (w[0].clone(), w[1].clone())).collect(),
            published: published.collect(),
            unpublished: raw.unpublished.map(|u| u.reason),
        })
    }
}

/// Where a name stands first in a formula.
fn first(formula: &Formula, name: &str) -> usize {
    let mut at = None;
    for expr in formula.lets.iter().map(|(_, e)| e).chain([&formula.body]) {
        expr.walk(&mut |e| {
            if at.is_none() && matches!(&e.kind, Kind::Name(n) if n == name) {
                at = Some(e.span.start);
            }
        });
    }
    at.unwrap_or(0)
}

fn domain(text: &str) -> Option<(Domain, Option<String>)> {
    let (word, per) = match text.split_once('[') {
        Some((word, rest)) => (word.trim(), Some(rest.trim_end().strip_suffix(']')?.trim().to_owned())),
        None => (text.trim(), None),
    };
    let domain = match word {
        "free" => Domain::Free,
        "positive" => Domain::Positive,
        other => {
            let (lower, upper) = range(other)?;
            Domain::Range { lower, upper }
        }
    };
    Some((domain, per))
}

/// `0..2`
fn range(text: &str) -> Option<(f64, f64)> {
    // `0...2` would be 0 to .2, and is never meant so.
    if text.contains("...") {
        return None;
    }
    let (lower, upper) = text.split_once("..")?;
    let (lower, upper) = (lower.trim().parse::<f64>().ok()?, upper.trim().parse::<f64>().ok()?);
    (lower < upper).then_some((lower, upper))
}

/// What to write where a range is none.
fn hint_of_domain(text: &str) -> String {
    match text.contains("...") && range(&text.replace("...", "..")).is_some() {
        true => format!("a range has two dots: \"{}\"", text.replace("...", "..")),
        false => "one value per family is written \"positive[family]\"".to_owned(),
    }
}

fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
