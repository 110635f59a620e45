//! What a user gives to draw from.

use isoloss_formula::Table;
use isoloss_laws::{Fit, Labels, Law, Options, Points, apart, families_suffice, fit};

use super::Missing;

/// Runs that are ready to be fitted.
#[derive(Clone, Debug)]
pub struct Runs {
    /// what they are called: the name of the file
    pub source: String,
    /// the law that they are to be fitted with
    pub law: Law,
    /// the columns it reads, with family, cluster and weight
    pub points: Points,
    /// a name for every row: that of the run where the table has one, else `line 7`
    pub names: Vec<String>,
    /// how they are fitted
    pub options: Options,
    /// their fit, where whoever gives them has made it and has told its warnings
    pub fit: Option<Fit>,
}

impl Runs {
    /// The fit that was given, or a new one.
    ///
    /// # Errors
    /// If families have too few rows for what is their own, or the runs cannot be fitted.
    pub fn fitted(&self) -> Result<Fit, Missing> {
        if let Some(fit) = &self.fit {
            return Ok(fit.clone());
        }
        families_suffice(&self.law, &self.points, &self.options)?;
        Ok(fit(&self.law, &self.points, &self.options)?)
    }

    /// The same, where families have laws of their own unless the options say what differs over them.
    ///
    /// # Errors
    /// As [`Self::fitted`].
    pub fn apart(&self) -> Result<Fit, Missing> {
        if !self.options.per_family.is_empty() {
            return self.fitted();
        }
        let options = Options { per_family: apart(&self.law, &self.options), ..self.options.clone() };
        Self { options, fit: None, ..self.clone() }.fitted()
    }
}

/// What a figure may be drawn from.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// fits by name: saved ones and published constants
    pub fits: Vec<(String, Fit)>,
    /// a table, read for a law
    pub runs: Option<Runs>,
    /// a table as it stands, its columns named by `--map`
    pub table: Option<Table>,
    /// the family or model that others are compared with, or that is pointed out
    pub baseline: Option<String>,
    /// the loss at which families are compared
    pub at: Option<f64>,
    /// which runs had one budget, a label per row; without them runs of like compute had
    pub budgets: Option<Labels>,
}

impl Material {
    /// The runs.
    ///
    /// # Errors
    /// If there is no table.
    pub fn runs(&self) -> Result<&Runs, Missing> {
        self.runs.as_ref().ok_or_else(|| Missing::new("this figure is drawn from a table of runs", "name the file"))
    }
}
