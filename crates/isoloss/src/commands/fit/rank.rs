//! `isoloss fit --law all,my.toml`: laws ranked: all that the columns allow, named ones and own ones.

use std::path::Path;

use isoloss_laws::{Law, Options, Points, catalogue, rank};
use isoloss_runs::{Prepare, refuse_panel};

use super::load::{bits_per_byte, chosen_by, rows_of};
use super::{Fit, names, read};
use crate::arguments;
use crate::choose::{Asked, choose};
use crate::constants::hold;
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::points::{needed, points};
use crate::report::rankings;

/// The name that is no law's.
const ALL: &str = "all";

/// What `--law` lists to be ranked: `all`, or several with commas between them. One law is fitted.
pub fn ranked(law: &str) -> Option<Vec<String>> {
    let listed: Vec<String> = names(law).collect();
    let several = listed.len() > 1 && !Path::new(law).is_file();
    (several || listed == [ALL]).then_some(listed)
}

/// The laws of the catalogue that predict a loss. One formula under two names is one law.
fn of_catalogue() -> impl Iterator<Item = &'static Law> {
    let all = catalogue::laws();
    let same = |a: &Law, b: &Law| a.formula.source == b.formula.source;
    let laws = all.iter().enumerate().filter(move |(i, l)| !all[..*i].iter().any(|earlier| same(earlier, l)));
    laws.map(|(_, l)| l).filter(|l| l.formula.target == "L")
}

impl Fit {
    /// Ranks laws that predict a loss, on the rows that have every column any of them reads. Of the catalogue, laws that
    /// read other columns are passed over; a law that was named must be one that can be read off the table.
    pub(super) fn rank(&self, listed: &[String], options: &Options) -> Result<(), Failure> {
        let reading = read(&self.table)?;
        refuse_panel(&reading.table)?;
        let mut wanted: Vec<(String, bool)> = Vec::new();
        for name in listed {
            match name == ALL {
                true => wanted.extend(of_catalogue().map(|law| (law.name.clone(), false))),
                false => wanted.push((name.clone(), true)),
            }
        }
        let mut laws: Vec<Law> = Vec::new();
        let mut maps: Vec<(String, String)> = Vec::new();
        let mut names: Vec<String> = vec!["L".into()];
        let (mut says, mut covered): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut first: Option<Failure> = None;
        for (at, (name, own)) in wanted.iter().enumerate() {
            // Named twice, or named beside all: the name that was typed counts.
            if wanted.iter().enumerate().any(|(i, (other, typed))| other == name && (*typed, at) > (*own, i)) {
                continue;
            }
            let asked = Asked { law: Some(name), ..chosen_by(&self.law, &self.rows)? };
            let chosen = match choose(&reading.table, asked) {
                Ok(chosen) => chosen,
                Err(e) if *own => return Err(e),
                Err(e) => {
                    first = first.or(Some(e));
                    laws.extend(catalogue::law(name));
                    continue;
                }
            };
            let law = Law { name: title(&laws, &chosen.law, name), ..chosen.law };
            if law.formula.target != "L" {
                return Err(Failure::usage(
                    format_args!("--law {name}: it predicts {}, and laws are ranked by the loss L", law.formula.target),
                    "write L in its formula and in [variables]; --loss COLUMN names the column of it",
                ));
            }
            laws.push(law.clone());
            let headers = reading.table.columns().iter().map(|c| c.name.clone());
            let headers: Vec<String> = headers.chain(chosen.maps.iter().map(|(new, _)| new.clone())).collect();
            let read = needed(&law, &headers);
            let there = |name: &String| headers.contains(name) || chosen.maps.iter().any(|(new, _)| new == name);
            // A nameless scale would be a second name of a column that has one.
            if !own
                && read.iter().any(|n| n == "X" && !reading.table.columns().iter().any(|c| c.name == "X"))
                && !arguments::maps(&self.rows.map)?.iter().any(|(new, _)| new == "X")
            {
                continue;
            }
            if !own && law.formula.groups().iter().any(|g| !headers.iter().any(|h| h.starts_with(g.as_str()))) {
                continue;
            }
            if read[1..].iter().all(|n| there(n) || n == "D" || n == "N" || n == "C") {
                for (new, from) in chosen.maps {
                    if !maps.iter().any(|(known, _)| *known == new) {
                        maps.push((new, from));
                    }
                }
                for said in chosen.says {
                    // Many laws read the same column.
                    if !says.contains(&said) {
                        says.push(said);
                    }
                }
                covered.extend(chosen.covered);
                names.extend(read.into_iter().skip(1).filter(|n| !names.contains(n)).collect::<Vec<_>>());
            }
        }
        if names.len() == 1 {
            let none = || Failure::usage("no law of the catalogue reads these columns", "isoloss list laws");
            return Err(first.unwrap_or_else(none));
        }
        says.iter().for_each(|said| talk(format_args!("{said}")));
        bits_per_byte(&self.rows, &maps).iter().for_each(|said| talk(format_args!("{said}")));
        let what = Prepare { map: maps, loss: self.rows.loss.clone(), ..self.rows.prepare(None) };
        let prepared = rows_of(&reading.table, &names, what)?;
        let more = prepared.says.iter().filter(|said| !covered.contains(said));
        more.for_each(|said| talk(format_args!("{said}")));
        let fixed = arguments::fixed(&self.law.fix)?;
        for law in &mut laws {
            let (constants, minded) = hold(law, &prepared.table, &fixed)?;
            constants.iter().for_each(|constant| talk(format_args!("law {}: {}", law.name, constant.words())));
            minded.iter().for_each(|said| talk(format_args!("{said}")));
        }
        let rows: Points = points(&laws[0], &names, &prepared.table, self.rows.beside(None))?;
        let ranking = rank(&laws, &rows, options)?;
        output::answer(&match self.format {
            Format::Text => rankings::text(&ranking),
            Format::Json => rankings::json(&ranking),
            Format::Csv => rankings::csv(&ranking),
        })
    }
}

/// What a law is called in the ranking: two of one name are told apart by what was typed.
fn title(known: &[Law], law: &Law, typed: &str) -> String {
    let taken = known.iter().any(|other| other.name == law.name) || catalogue::names().any(|name| name == law.name);
    if taken { typed.to_owned() } else { law.name.clone() }
}
