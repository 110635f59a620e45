//! Saved fits: everything prediction needs and everything that was reported, as JSON.

use crate::estimate::Estimate;
use crate::influence::Influence;
use crate::law::{Law, Parameter};
use crate::layout::Layout;
use crate::points::{FNV_BASIS, fnv1a};
use crate::program::Slot;
use crate::result::{Fit, Fitted, Objective, Search, Span};
use crate::trust::Trust;
use crate::warning::Warning;
use isoloss_formula::parse_formula;
use serde::{Deserialize, Serialize};

/// Version of the format; a file with a higher one is refused.
pub const SCHEMA: u32 = 1;

/// Why a saved fit cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtefactError {
    /// what is wrong
    pub message: String,
    /// line and column of the text, from 1, where it is no JSON
    pub place: Option<(usize, usize)>,
    /// what to do about it
    pub hint: Option<String>,
}

impl std::fmt::Display for ArtefactError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ArtefactError {}

#[derive(Serialize, Deserialize)]
struct Saved {
    schema: u32,
    /// the version of isoloss that wrote it
    version: String,
    law: SavedLaw,
    parameters: Vec<Fitted>,
    derived: Vec<SavedDerived>,
    objective: Objective,
    rows: usize,
    free: usize,
    noise: f64,
    /// absent where noise is a share of the loss
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reducible: Option<f64>,
    df: f64,
    method: String,
    level: f64,
    search: Search,
    warnings: Vec<Warning>,
    notes: Vec<String>,
    trust: Option<Trust>,
    influence: Option<Influence>,
    ranges: Vec<(String, f64, f64)>,
    spans: Vec<Span>,
    /// absent where the law reads no group of columns
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mixtures: Vec<Vec<f64>>,
    largest_flops: Option<f64>,
    ladder: Option<(f64, f64)>,
    units: Vec<(String, String)>,
    conventions: Vec<(String, String)>,
    /// in hexadecimal: JSON numbers do not hold 64 bits
    row_hash: String,
    seed: u64,
    without_clusters: Vec<(String, crate::estimate::Interval)>,
    families: Vec<String>,
    layout: Layout,
    residuals: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scale: Vec<f64>,
    draws: Vec<Vec<f64>>,
    /// of all that stands above, in hexadecimal
    checksum: String,
}

impl Saved {
    /// Of the values, not of the text: a file that was only indented is still good.
    fn sum(&mut self) -> String {
        let written = std::mem::take(&mut self.checksum);
        let sum = fnv1a(FNV_BASIS, self.text().as_bytes());
        self.checksum = written;
        format!("{sum:016x}")
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|e| unreachable!("a fit holds finite numbers and text only: {e}"))
    }
}

/// Written for readers of the file; recomputed from the draws when it is loaded.
#[derive(Serialize, Deserialize)]
struct SavedDerived {
    name: String,
    estimate: Estimate,
}

#[derive(Serialize, Deserialize)]
struct SavedLaw {
    name: String,
    formula: String,
    paper: String,
    says: String,
    variables: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<(String, String)>,
    parameters: Vec<Parameter>,
    order: Vec<(String, String)>,
}

impl Fit {
    /// The fit as JSON, one line.
    pub fn to_json(&self) -> String {
        let fit = self.clone();
        let derived = self
            .derived()
            .into_iter()
            .filter(|d| d.estimate.value.is_finite())
            .map(|d| SavedDerived { name: d.name, estimate: d.estimate });
        let mut saved = Saved {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").into(),
            law: SavedLaw {
                name: fit.law.name,
                formula: fit.law.formula.source,
                paper: fit.law.paper,
                says: fit.law.says,
                variables: fit.law.variables,
                columns: fit.law.columns,
                parameters: fit.law.parameters,
                order: fit.law.order,
            },
            derived: derived.collect(),
            parameters: fit.parameters,
            objective: fit.objective,
            rows: fit.rows,
            free: fit.free,
            noise: fit.noise,
            reducible: fit.reducible,
            // An infinite number of degrees of freedom has no JSON number.
            df: fit.df.min(f64::MAX),
            method: fit.method,
            level: fit.level,
            search: fit.search,
            warnings: fit.warnings,
            notes: fit.notes,
            trust: fit.trust,
            influence: fit.influence,
            ranges: fit.ranges,
            spans: fit.spans,
            mixtures: fit.mixtures,
            largest_flops: fit.largest_flops,
            ladder: fit.ladder,
            units: fit.units,
            conventions: fit.conventions,
            row_hash: format!("{:016x}", fit.row_hash),
            seed: fit.seed,
            without_clusters: fit.without_clusters,
            families: fit.families,
            layout: fit.layout,
            residuals: fit.residuals,
            scale: fit.scale,
            draws: fit.draws,
            checksum: String::new(),
        };
        saved.checksum = saved.sum();
        saved.text()
    }

    /// Reads what [`Fit::to_json`] wrote. Predictions are bit-identical.
    ///
    /// # Errors
    /// If the text is no saved fit, or a newer version wrote it.
    pub fn from_json(text: &str) -> Result<Self, ArtefactError> {
        let fail = |message: String, hint: &str| ArtefactError { message, place: None, hint: Some(hint.into()) };
        let again = "make it again: isoloss fit TABLE --save fit.json";
        // What serde says ends with the place, which stands in front of the message where the file's name is known.
        let damaged = |e: &serde_json::Error| {
            let says = e.to_string();
            let says = says.split(" at line ").next().unwrap_or_default();
            let message = match e.is_eof() {
                true => "this saved fit is cut short: the text ends in the middle".to_owned(),
                false => format!("this saved fit is damaged: {says}"),
            };
            ArtefactError { place: Some((e.line(), e.column())), ..fail(message, again) }
        };
        #[derive(Deserialize)]
        struct Header {
            schema: u32,
        }
        let header: Header = serde_json::from_str(text).map_err(|e| match text.trim_start().starts_with('{') {
            _ if text.trim().is_empty() => fail("this file is empty, not a saved fit".into(), again),
            // Half a fit is damaged, whatever else it might be.
            true if e.is_eof() => damaged(&e),
            _ => fail(
                "this is not a saved fit: is it a table of runs?".into(),
                "a fit is made of a table first: isoloss fit TABLE --save fit.json",
            ),
        })?;
        if header.schema > SCHEMA {
            let found = header.schema;
            return Err(fail(
                format!("a newer isoloss wrote this fit (format {found}; this program reads up to {SCHEMA})"),
                "update isoloss, or fit again with this version",
            ));
        }
        let mut saved: Saved = serde_json::from_str(text).map_err(|e| damaged(&e))?;
        let formula =
            parse_formula(&saved.law.formula).map_err(|e| fail(format!("this saved fit is damaged: {e}"), again))?;
        if saved.sum() != saved.checksum {
            return Err(fail("this saved fit was changed after it was written: its checksum differs".into(), again));
        }
        let width = saved.layout.entries.len();
        if saved.parameters.len() != width
            || saved.draws.iter().any(|d| d.len() != width)
            || saved.rows != saved.residuals.len()
            || (!saved.scale.is_empty() && saved.scale.len() != saved.rows)
        {
            return Err(fail("this saved fit is damaged: its lists differ in length".into(), again));
        }
        let inside = |slot: &Slot| match *slot {
            Slot::One(i) => i < width,
            Slot::PerLabel { first, count, .. } | Slot::PerColumn { first, count } => {
                first.checked_add(count).is_some_and(|end| end <= width)
            }
        };
        let numbers = saved.level > 0.0 && saved.level < 1.0 && saved.df >= 0.0 && saved.noise >= 0.0;
        let numbers = numbers && saved.reducible.is_none_or(|floor| floor >= 0.0);
        if !saved.layout.slots.values().all(inside) || !numbers {
            return Err(fail("this saved fit is damaged: a number lies outside its range".into(), again));
        }
        Ok(Self {
            law: Law {
                name: saved.law.name,
                formula,
                paper: saved.law.paper,
                says: saved.law.says,
                variables: saved.law.variables,
                columns: saved.law.columns,
                parameters: saved.law.parameters,
                order: saved.law.order,
                published: Vec::new(),
                unpublished: None,
            },
            parameters: saved.parameters,
            draws: saved.draws,
            objective: saved.objective,
            rows: saved.rows,
            free: saved.free,
            noise: saved.noise,
            reducible: saved.reducible,
            df: saved.df,
            method: saved.method,
            level: saved.level,
            search: saved.search,
            warnings: saved.warnings,
            notes: saved.notes,
            trust: saved.trust,
            influence: saved.influence,
            residuals: saved.residuals,
            scale: saved.scale,
            ranges: saved.ranges,
            spans: saved.spans,
            mixtures: saved.mixtures,
            largest_flops: saved.largest_flops,
            ladder: saved.ladder,
            units: saved.units,
            conventions: saved.conventions,
            row_hash: u64::from_str_radix(&saved.row_hash, 16)
                .map_err(|e| fail(format!("this saved fit is damaged: {e}"), again))?,
            seed: saved.seed,
            without_clusters: saved.without_clusters,
            layout: saved.layout,
            families: saved.families,
        })
    }
}
