//! A law as data: a formula, what its names mean, and constants published for it.

use isoloss_formula::{Formula, one_slip, parse_formula};
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

impl Law {
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

    /// Parameters that are held positive by a rule of thumb that does not suit them: factors of a power of a logarithm or
    /// another function, as in `k*ln(D/N)^2`. Of use for laws of [`Law::from_formula`] alone; a file declares.
    pub fn signs_assumed(&self) -> Vec<&str> {
        let positive = self.parameters.iter().filter(|p| p.domain == Domain::Positive);
        crate::roles::signs_assumed(&self.formula, positive.map(|p| p.name.as_str()))
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
