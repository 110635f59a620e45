//! `isoloss score TABLE`: fit small, predict large.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use isoloss_formula::nearest;
use isoloss_laws::{Cuts, Labels, Options, Points, Toward, catalogue, score};
use isoloss_runs::guess;

use super::Run;
use super::fit::{AIM, Loaded, OfLaw, OfRows, OfTable, load};
use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::report::scores::{self, Report};

/// Cuts where none are asked for.
const USUAL: usize = 6;

/// Options of `score`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("cut").args(["cuts", "factor", "at", "test", "split"]))]
pub struct Score {
    /// A table of runs, one row a run: CSV, TSV, Parquet or JSON lines (.gz and .zst too); - is standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// The scale that small and large are told by: C (compute), N, D or another column [default: C]
    #[arg(long, value_name = "SCALE", help_heading = "Small and large")]
    by: Option<String>,
    /// Up to so many cuts along the scale, evenly over its logarithm [default: 6]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Small and large")]
    cuts: Option<u16>,
    /// One cut, so many times below the largest scale: --factor 8
    #[arg(long, value_name = "X", help_heading = "Small and large")]
    factor: Option<String>,
    /// Cuts at these scales, the rows up to each are fitted: --at 1e20,1e21 or --at N=1e8,1e9
    #[arg(long, value_name = "SCALES", help_heading = "Small and large")]
    at: Vec<String>,
    /// Fit all of TABLE and predict the runs of this one
    #[arg(long, value_name = "FILE", help_heading = "Small and large")]
    test: Option<PathBuf>,
    /// A column that is 1, true or train where a row is fitted, and 0, false or test where it is predicted
    #[arg(long, value_name = "COLUMN", help_heading = "Small and large")]
    split: Option<String>,
    /// Fits are aimed at what they predict, as isoloss fit --toward aims: rows towards it count more, if there are enough
    #[arg(long, help_heading = "Small and large")]
    aim: bool,

    #[command(flatten)]
    of: OfTable,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Run for Score {
    const ABOUT: &str = "Fit small, predict large: how far can this law be trusted?";
    const EXAMPLES: &str = "\
Examples:
  isoloss score runs.csv
  isoloss score runs.csv --law power --by N --cuts 8
  isoloss score runs.csv --factor 8 --aim
  isoloss score small.csv --test large.csv

At every cut the law is fitted to the rows up to it, and the others are predicted. The error is of the logarithm of the \
loss, in percent; its mean, the bias, is positive where runs turned out worse (a higher loss) than predicted. Coverage is \
the share of predicted runs inside their own intervals.
Exit code 0: it did, whatever the answer; 1: it could not; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let factor = self.factor.as_ref().map(|text| factor(text)).transpose()?;
        let (named, at) = places(&self.at)?;
        let asked = asked_scale(self.by.as_deref(), named.as_deref())?;
        let options = self.of.how.options(&self.of.law)?;
        let toward = self.aim.then(|| Toward { at: Vec::new(), kappa: AIM });
        let rows = self.rows_by(asked)?;
        let mut loaded = load(&self.table, &self.of.law, &rows, |law, table| self.of.families.of(law, table))?;
        // Rows that move a fit are looked for once, by isoloss fit, not at every cut.
        let options = Options { per_family: loaded.per.clone(), toward, influence: false, ..options };
        let cuts = if let Some(path) = &self.test {
            Cuts::Rows(self.join(&mut loaded, path, &rows)?)
        } else if let Some(column) = &self.split {
            Cuts::Rows(marks(&loaded, column)?)
        } else if let Some(factor) = factor {
            Cuts::Factor(factor)
        } else if !at.is_empty() {
            Cuts::At(at)
        } else {
            Cuts::Rolling(self.cuts.map_or(USUAL, usize::from))
        };
        loaded.several_clusters()?;
        let flag = if self.by.is_some() { "--by" } else { "--at" };
        let by = asked.map(|name| scale(&mut loaded, name, flag)).transpose()?;
        let score = score(&loaded.law, &loaded.points, &options, by.as_deref(), &cuts)
            .inspect_err(|_| loaded.name_left_out())
            // Of two tables the line alone does not say which.
            .map_err(|e| if self.test.is_none() { loaded.placed(e) } else { e.into() })?;
        let report = Report { score: &score, points: &loaded.points, law: &loaded.law, level: options.level };
        output::answer(&match self.format {
            Format::Text => scores::text(&report),
            Format::Json => scores::json(&report),
            Format::Csv => scores::csv(&report),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Score {
    /// A law of one nameless scale X reads the scale that the rows are divided by, unless another is named.
    fn rows_by(&self, by: Option<&str>) -> Result<OfRows, Failure> {
        let mut rows = self.of.rows.clone();
        let nameless = self.of.law.law.as_deref().and_then(catalogue::law).is_some_and(|law| law.inputs().eq(["X"]));
        let mapped = arguments::maps(&rows.map)?.iter().any(|(new, _)| new == "X");
        if let (Some(by), true, false) = (by.filter(|by| *by != "X"), nameless, mapped) {
            rows.map.push(format!("X={by}"));
        }
        Ok(rows)
    }

    /// Adds the rows of another table, read for the same law; marks the first ones as fitted.
    fn join(&self, loaded: &mut Loaded, path: &Path, rows: &OfRows) -> Result<Vec<bool>, Failure> {
        let named = self.of.law.law.clone().or(self.of.law.formula.is_none().then(|| loaded.law.name.clone()));
        let law = OfLaw { law: named, ..self.of.law.clone() };
        talk(format_args!("{}:", path.display()));
        let other = load(path, &law, rows, |law, table| self.of.families.of(law, table))?;
        let (first, second) = (&mut loaded.points, other.points);
        let marks = [vec![true; first.len()], vec![false; second.len()]].concat();
        let beside = |what: &str| {
            Failure::usage(
                format_args!("{}: one of the tables has {what}, the other has none", path.display()),
                "give both the same columns",
            )
        };
        first.family = both(first.family.take(), second.family).map_err(|()| beside("families"))?;
        first.cluster = both(first.cluster.take(), second.cluster).map_err(|()| beside("clusters"))?;
        for (mine, its) in [(&mut first.weight, second.weight), (&mut first.se, second.se)] {
            match (mine.as_mut(), its) {
                (Some(mine), Some(its)) => mine.extend(its),
                (None, None) => {}
                _ => return Err(beside("weights or standard errors")),
            }
        }
        for (name, column) in &mut first.columns {
            let its =
                second.columns.iter().find(|(n, _)| n == name).ok_or_else(|| beside(&format!("a column {name}")))?;
            column.extend(&its.1);
        }
        first.target.extend(second.target);
        first.lines.extend(second.lines);
        Ok(marks)
    }
}

/// Labels of the rows of two tables.
fn both(a: Option<Labels>, b: Option<Labels>) -> Result<Option<Labels>, ()> {
    let texts = |l: &Labels| l.index.iter().map(|&i| l.levels[i as usize].clone()).collect::<Vec<_>>();
    match (a, b) {
        (Some(a), Some(b)) => Ok(Some(Labels::new(a.name.clone(), [texts(&a), texts(&b)].concat()))),
        (None, None) => Ok(None),
        _ => Err(()),
    }
}

fn factor(text: &str) -> Result<f64, Failure> {
    match arguments::number("--factor", text.trim_end_matches('x'))? {
        factor if factor > 1.0 => Ok(factor),
        _ => Err(Failure::usage(
            format_args!("--factor {text}: the cut lies so many times below the largest run: expected more than 1"),
            "as in --factor 8",
        )),
    }
}

/// `1e20,1e21`, or `C=1e20,1e21` which names the scale too.
fn places(texts: &[String]) -> Result<(Option<String>, Vec<f64>), Failure> {
    let (mut named, mut at) = (None::<String>, Vec::new());
    for text in texts {
        if !text.contains('=') {
            at.extend(arguments::numbers("--at", std::slice::from_ref(text))?);
            continue;
        }
        for (name, values) in arguments::assignments("--at", text)? {
            if let Some(other) = named.as_ref().filter(|other| **other != name) {
                return Err(Failure::usage(
                    format_args!("--at: cuts along {other} and along {name}"),
                    format_args!("one scale at a time: --at {name}={}", values.join(",")),
                ));
            }
            at.extend(arguments::numbers("--at", &values)?);
            named = Some(name);
        }
    }
    Ok((named, at))
}

/// What rows are divided by: --by, or the name in --at; both must agree.
fn asked_scale<'a>(by: Option<&'a str>, named: Option<&'a str>) -> Result<Option<&'a str>, Failure> {
    match (by, named) {
        (Some(by), Some(named)) if by != named => Err(Failure::usage(
            format_args!("--at {named}=..: the cuts are by {by}"),
            format_args!("--at {by}=.. for cuts by {by}, or leave --by {by} out"),
        )),
        (by, named) => Ok(by.or(named)),
    }
}

/// The scale by the name that the points have for it; another column of the table goes along.
fn scale(loaded: &mut Loaded, name: &str, flag: &str) -> Result<String, Failure> {
    let Loaded { points, prepared, maps, .. } = loaded;
    let known = |points: &Points, name: &str| points.column(name).is_some();
    if known(points, name) || name == "C" && known(points, "N") && known(points, "D") {
        return Ok(name.to_owned());
    }
    // `N` may be a column by another name.
    let header = guess(&prepared.table).columns.get(name).map(|choice| choice.column.clone());
    let is_it = |column: &String| column == name || Some(column) == header.as_ref();
    let mapped = maps.iter().find(|(new, column)| is_it(column) && known(points, new));
    if let Some((new, _)) = mapped {
        return Ok(new.clone());
    }
    let table = &prepared.table;
    let values = table.column(name).and_then(|c| c.as_numbers()).map(|n| &n.values);
    match values {
        Some(values) if values.len() == points.len() => {
            points.columns.push((name.to_owned(), values.clone()));
            Ok(name.to_owned())
        }
        Some(_) => Err(Failure::usage(
            format_args!("{flag} {name}: with --test the scale is one that the law reads"),
            format_args!("the rows are divided by the tables already: leave {flag} out"),
        )),
        None => {
            let headers: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
            Err(Failure::usage(
                format_args!("{flag} {name}: {} has no such column of numbers", table.source),
                match nearest(name, headers.iter().copied()).first() {
                    Some(near) => format!("did you mean {flag} \"{near}\"?"),
                    None => "it is C, N, D or a column of numbers".to_owned(),
                },
            ))
        }
    }
}

/// Which rows are fitted, from a column that says so.
fn marks(loaded: &Loaded, column: &str) -> Result<Vec<bool>, Failure> {
    const FITTED: [&str; 6] = ["1", "true", "train", "yes", "fit", "fitted"];
    const PREDICTED: [&str; 8] = ["0", "false", "test", "no", "predict", "predicted", "held", "held-out"];
    let table = &loaded.prepared.table;
    let cells = table.column(column).ok_or_else(|| {
        let headers: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        let near = nearest(column, headers.iter().copied());
        Failure::usage(
            format_args!("--split {column}: {} has no such column", table.source),
            near.first()
                .map_or("a column of train and test".to_owned(), |near| format!("did you mean --split \"{near}\"?")),
        )
    })?;
    let mark = |row: usize| {
        let text = cells.text(row).trim().to_lowercase();
        match (FITTED.contains(&text.as_str()), PREDICTED.contains(&text.as_str())) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(Failure::usage(
                format_args!("{}:{}: `{column}` is `{text}`: fitted or predicted?", table.source, table.line(row)),
                "1, true or train where a row is fitted; 0, false or test where it is predicted",
            )),
        }
    };
    (0..table.len()).map(mark).collect()
}
