//! A law as data: a formula, what its names mean, and constants published for it.

use isoloss_formula::{Formula, nearest, parse_formula};
use std::collections::BTreeMap;
use std::fmt;

/// A scaling law.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// `chinchilla`; `formula` for one given on the command line
    pub name: String,
    /// target = expression
    pub formula: Formula,
    /// where it comes from; empty if it is the user's
    pub paper: String,
    /// what it says, in words
    pub says: String,
    /// the columns it reads, the target among them, and what they hold
    pub variables: Vec<(String, String)>,
    /// the column of run tables that holds a variable or a parameter, where its name does not say it
    pub columns: Vec<(String, String)>,
    /// what is fitted, in order of first appearance
    pub parameters: Vec<Parameter>,
    /// parameters that must stay in order: the first of each pair is the smaller
    pub order: Vec<(String, String)>,
    /// constants from papers
    pub published: Vec<Published>,
    /// why there are none
    pub unpublished: Option<String>,
}

/// A parameter of a law.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Parameter {
    /// as in the formula
    pub name: String,
    /// the values it may take
    pub domain: Domain,
    /// a column (`family`) or a group of columns (`w`) that it has one value each for
    pub per: Option<String>,
    /// the value it has unless the caller frees or fixes it
    pub known: Option<f64>,
    /// where to look for it first
    pub start: Option<(f64, f64)>,
}

/// The values a parameter may take.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Domain {
    /// any number
    Free,
    /// above zero; zero only in the limit
    Positive,
    /// a range, ends included; widened if a fit ends on it
    Range {
        /// least value
        lower: f64,
        /// greatest value
        upper: f64,
    },
}

/// Constants printed in a paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// `besiroglu-2024`
    pub name: String,
    /// by parameter
    pub values: BTreeMap<String, f64>,
    /// standard errors, where the paper has them
    pub errors: BTreeMap<String, f64>,
    /// the paper
    pub source: String,
    /// how N, D and C were counted
    pub convention: String,
    /// units of columns that are not base units
    pub units: BTreeMap<String, String>,
}

/// A law file or formula that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LawError {
    /// what is wrong, with its place
    pub message: String,
    /// what to do about it
    pub hint: Option<String>,
}

impl fmt::Display for LawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LawError {}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    formula: String,
    #[serde(default)]
    paper: String,
    #[serde(default)]
    says: String,
    /// `d1 < d2`
    #[serde(default)]
    order: String,
    variables: BTreeMap<String, String>,
    /// what run tables call what the formula names: `N = "people"`, where N is no number of parameters
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    known: BTreeMap<String, f64>,
    #[serde(default)]
    starts: BTreeMap<String, String>,
    #[serde(default)]
    published: Vec<PublishedFile>,
    unpublished: Option<Unpublished>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedFile {
    name: String,
    values: BTreeMap<String, f64>,
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

impl Law {
    /// Reads a law file; `file` is its name, for messages.
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
        let fail =
            |message: String, hint: Option<String>| Err(LawError { message: format!("{file}: {message}"), hint });
        let formula = match parse_formula(&raw.formula) {
            Ok(formula) => formula,
            Err(e) => return fail(format!("in the formula: {e}"), None),
        };
        if !raw.variables.contains_key(&formula.target) {
            return fail(format!("the target {} is not in [variables]", formula.target), None);
        }
        let mut parameters = Vec::new();
        for name in formula.names() {
            if raw.variables.contains_key(&name) {
                continue;
            }
            let text = raw.parameters.get(&name).map_or("free", String::as_str);
            let Some((domain, per)) = domain(text) else {
                return fail(
                    format!("parameter {name} = \"{text}\": expected free, positive or a range like 0..2"),
                    Some("one value per family is written \"positive[family]\"".into()),
                );
            };
            let start = match raw.starts.get(&name).map(|t| range(t)) {
                Some(None) => return fail(format!("[starts] {name}: expected a range like 1..100"), None),
                other => other.flatten(),
            };
            parameters.push(Parameter { known: raw.known.get(&name).copied(), name, domain, per, start });
        }
        let chain: Vec<String> = raw.order.split('<').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
        if !raw.order.is_empty() && chain.len() < 2 {
            return fail(format!("order = \"{}\": expected parameters with < between them", raw.order), None);
        }
        let is_parameter = |name: &String| parameters.iter().any(|p| p.name == *name);
        let named = raw.parameters.keys().chain(raw.known.keys()).chain(raw.starts.keys()).chain(&chain);
        if let Some(stray) = named.chain(raw.published.iter().flat_map(|p| p.values.keys())).find(|n| !is_parameter(n))
        {
            let hint = nearest(stray, parameters.iter().map(|p| p.name.as_str()))
                .first()
                .map(|n| format!("did you mean {n}?"));
            return fail(format!("{stray} is not a parameter of the formula"), hint);
        }
        let known = |name: &String| is_parameter(name) || raw.variables.contains_key(name);
        if let Some(stray) = raw.columns.keys().find(|name| !known(name)) {
            return fail(format!("[columns] {stray} is neither a variable nor a parameter of the formula"), None);
        }
        let target = formula.target.clone();
        let inputs = formula.names().into_iter().filter(|n| raw.variables.contains_key(n));
        let mut variables: Vec<(String, String)> = Vec::new();
        for name in std::iter::once(target).chain(inputs) {
            variables.push((name.clone(), raw.variables[&name].clone()));
        }
        if variables.len() < 2 && formula.groups().is_empty() {
            return fail(
                "the formula uses no variable".into(),
                Some("a law relates the target to at least one column".into()),
            );
        }
        let published = raw.published.into_iter().map(|p| Published {
            name: p.name,
            values: p.values,
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
            columns: raw.columns.into_iter().collect(),
            parameters,
            order: chain.windows(2).map(|w| (w[0].clone(), w[1].clone())).collect(),
            published: published.collect(),
            unpublished: raw.unpublished.map(|u| u.reason),
        })
    }

    /// Reads a formula against the columns of a table: a name that is a column is a variable, any other a parameter.
    ///
    /// A parameter that differs from a column only by case, or by one letter in names longer than three, is refused
    /// unless it is in `insist`: it is nearly always a slip, and the fit would silently ignore the column.
    pub fn from_formula(text: &str, columns: &[&str], insist: &[String]) -> Result<Self, LawError> {
        let formula =
            parse_formula(text).map_err(|e| LawError { message: format!("in --formula: {e}"), hint: None })?;
        let mut law = Self {
            name: "formula".into(),
            variables: vec![(formula.target.clone(), String::new())],
            formula,
            paper: String::new(),
            says: String::new(),
            columns: Vec::new(),
            parameters: Vec::new(),
            order: Vec::new(),
            published: Vec::new(),
            unpublished: None,
        };
        for name in law.formula.names() {
            if columns.contains(&name.as_str()) && !insist.contains(&name) {
                law.variables.push((name, String::new()));
                continue;
            }
            if !insist.contains(&name)
                && let Some(column) = columns.iter().find(|c| one_slip(c, &name))
            {
                return Err(LawError {
                    message: format!("{name} is no column of the table, but {column} is"),
                    hint: Some(format!("write {column}, or --param {name} if it is meant as a parameter")),
                });
            }
            let (domain, start) = crate::roles::domain(&law.formula, &name);
            law.parameters.push(Parameter { name, domain, per: None, known: None, start });
        }
        if law.variables.len() < 2 && law.formula.groups().is_empty() {
            return Err(LawError {
                message: match law.formula.names().as_slice() {
                    [] => "the formula uses no column and no parameter".into(),
                    names => format!("the formula uses no column: it reads {} as parameters", names.join(", ")),
                },
                hint: Some(format!("columns of the table: {}; rename with --map \"N=...\"", columns.join(", "))),
            });
        }
        Ok(law)
    }

    /// The column of run tables that holds a variable or a parameter, where its name does not say it: letters of sizes
    /// mean something else here, and a parameter is a property of the data.
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column.as_str())
    }

    /// The columns the law reads, without the target.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().skip(1).map(|(name, _)| name.as_str())
    }

    /// What the names are, as the first line of a fit says it.
    pub fn reading(&self) -> String {
        let inputs: Vec<&str> = self.inputs().collect();
        let parameters: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        let groups: Vec<String> = self.formula.groups().iter().map(|g| format!("{g}*")).collect();
        let all: Vec<&str> = inputs.into_iter().chain(groups.iter().map(String::as_str)).collect();
        format!("variables {}; parameters {}", all.join(", "), parameters.join(", "))
    }
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
pub(crate) fn range(text: &str) -> Option<(f64, f64)> {
    let (lower, upper) = text.split_once("..")?;
    let (lower, upper) = (lower.trim().parse::<f64>().ok()?, upper.trim().parse::<f64>().ok()?);
    (lower < upper).then_some((lower, upper))
}

fn one_slip(column: &str, name: &str) -> bool {
    if column.eq_ignore_ascii_case(name) {
        return column != name;
    }
    column.chars().count() > 3 && name.chars().count() > 3 && strsim::levenshtein(column, name) == 1
}

fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
