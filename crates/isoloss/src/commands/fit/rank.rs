//! `isoloss fit --law all`: every law that the columns allow.

use isoloss_laws::{Law, Options, Points, catalogue, rank};
use isoloss_runs::{Prepare, prepare, refuse_panel};

use super::{Fit, read};
use crate::arguments;
use crate::choose::{Asked, choose};
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::points::{Beside, needed, points};
use crate::report::rankings;

/// The name that is no law's.
pub const ALL: &str = "all";

impl Fit {
    /// Ranks the laws of the catalogue that predict a loss, on the rows that have every column any of them reads.
    pub(super) fn rank(&self, options: &Options) -> Result<(), Failure> {
        let reading = read(&self.table)?;
        refuse_panel(&reading.table)?;
        let all = catalogue::laws();
        // One formula under two names is one law.
        let same = |a: &Law, b: &Law| a.formula.source == b.formula.source;
        let laws = all.iter().enumerate().filter(|(i, l)| !all[..*i].iter().any(|earlier| same(earlier, l)));
        let laws: Vec<Law> = laws.map(|(_, l)| l).filter(|l| l.formula.target == "L").cloned().collect();
        let mut maps: Vec<(String, String)> = Vec::new();
        let mut names: Vec<String> = vec!["L".into()];
        let mut first: Option<Failure> = None;
        for law in &laws {
            let asked = Asked {
                law: Some(&law.name),
                formula: None,
                insist: &[],
                maps: arguments::maps(&self.rows.map)?,
                where_: &self.rows.where_,
                loss: self.rows.loss.as_deref(),
            };
            let chosen = match choose(&reading.table, asked) {
                Ok(chosen) => chosen,
                Err(e) => {
                    first = first.or(Some(e));
                    continue;
                }
            };
            let headers = reading.table.columns().iter().map(|c| c.name.clone());
            let headers: Vec<String> = headers.chain(chosen.maps.iter().map(|(new, _)| new.clone())).collect();
            let read = needed(law, &headers);
            let there = |name: &String| headers.contains(name) || chosen.maps.iter().any(|(new, _)| new == name);
            // A nameless scale would be a second name of a column that has one.
            if read.iter().any(|n| n == "X" && !reading.table.columns().iter().any(|c| c.name == "X"))
                && !arguments::maps(&self.rows.map)?.iter().any(|(new, _)| new == "X")
            {
                continue;
            }
            if law.formula.groups().iter().any(|g| !headers.iter().any(|h| h.starts_with(g.as_str()))) {
                continue;
            }
            if read[1..].iter().all(|n| there(n) || n == "D" || n == "N" || n == "C") {
                for (new, from) in chosen.maps {
                    if !maps.iter().any(|(known, _)| *known == new) {
                        maps.push((new, from));
                    }
                }
                names.extend(read.into_iter().skip(1).filter(|n| !names.contains(n)).collect::<Vec<_>>());
            }
        }
        if names.len() == 1 {
            let none = || Failure::usage("no law of the catalogue reads these columns", "isoloss list laws");
            return Err(first.unwrap_or_else(none));
        }
        let what = Prepare { map: maps, loss: self.rows.loss.clone(), ..self.rows.prepare(None) };
        let asked: Vec<&str> = names.iter().map(String::as_str).collect();
        let prepared = prepare(&reading.table, &asked, &what)?;
        prepared.says.iter().for_each(|s| talk(format_args!("{s}")));
        let beside = Beside {
            group: None,
            cluster: self.rows.cluster.as_deref(),
            weight: self.rows.weight.as_deref(),
            se: self.rows.se.as_deref(),
        };
        let rows: Points = points(&laws[0], &names, &prepared.table, beside)?;
        let ranking = rank(&laws, &rows, options)?;
        output::answer(&match self.format {
            Format::Text => rankings::text(&ranking),
            Format::Json => rankings::json(&ranking),
            Format::Csv => rankings::csv(&ranking),
        })
    }
}
