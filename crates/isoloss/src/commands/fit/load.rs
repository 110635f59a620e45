//! From a file to the points of a law: what every command does that fits one.

use std::path::Path;

use isoloss_formula::{Table, in_shell, name_in_expression, nearest, word_in_expression};
use isoloss_laws::{Fit, FitError, Labels, Law, Options, Points, Warning, apart, families_suffice, fit, pooled};
use isoloss_runs::record::Part;
use isoloss_runs::store::Store;
use isoloss_runs::{Prepare, Prepared, Reading, is_exported, prepare, read_path, refuse_panel};

use super::options::{OfLaw, OfRows, OfTable};
use crate::arguments;
use crate::choose::{Asked, Chosen, choose};
#[cfg(feature = "lab")]
use crate::constants::Constant;
use crate::constants::hold;
use crate::failure::Failure;
use crate::hints::with_columns;
use crate::numbers::{count, short_name};
use crate::output::talk;
use crate::points::{needed, points};

/// Rows left out that are named where there is no fit.
const SHOWN: usize = 10;

/// A table that is ready to be fitted.
#[derive(Debug)]
pub struct Loaded {
    pub law: Law,
    pub points: Points,
    pub prepared: Prepared,
    /// parameters with one value per family
    pub per: Vec<String>,
    /// parameters that are held at what the table says
    #[cfg(feature = "lab")]
    pub constants: Vec<Constant>,
    /// which name of the law is which column
    pub maps: Vec<(String, String)>,
    /// what was decided for the user on the way here, as it was said
    pub says: Vec<String>,
}

/// Reads a table, and says how it was read. A store of runs is none, but can be made one.
pub fn read(path: &Path) -> Result<Reading, Failure> {
    if is_store(path) {
        return Err(Failure::usage(
            format_args!("{}: this is a store of runs, not a table", path.display()),
            format_args!("isoloss runs export --store \"{}\" -o runs.csv makes one of it", path.display()),
        ));
    }
    let reading = read_path(path)?;
    reading.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
    Ok(reading)
}

/// Is there a folder of runs?
pub fn is_store(path: &Path) -> bool {
    let is_run = |entry: std::fs::DirEntry| entry.path().join("run.json").is_file();
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(is_run)))
}

/// Reads, chooses and prepares. `families` says which column tells families apart, and what differs over them.
pub fn load(
    path: &Path,
    of_law: &OfLaw,
    rows: &OfRows,
    families: impl FnOnce(&Law, &Table) -> Result<(Option<String>, Vec<String>), Failure>,
) -> Result<Loaded, Failure> {
    let reading = read(path)?;
    let mut loaded = load_table_of(&reading.table, of_law, rows, families)?;
    loaded.heard(&reading);
    Ok(loaded)
}

/// The same of a table that was read, or made.
fn load_table_of(
    table: &Table,
    of_law: &OfLaw,
    rows: &OfRows,
    families: impl FnOnce(&Law, &Table) -> Result<(Option<String>, Vec<String>), Failure>,
) -> Result<Loaded, Failure> {
    refuse_panel(table)?;
    let Chosen { mut law, mut maps, says, unread, covered } = choose(table, chosen_by(of_law, rows)?)?;
    let mut told: Vec<String> = Vec::new();
    let mut say = |text: String| {
        talk(format_args!("{text}"));
        told.push(text);
    };
    says.into_iter().chain(unread).for_each(&mut say);
    bits_per_byte(rows, &maps).into_iter().for_each(&mut say);
    if of_law.law.is_some() || of_law.formula.is_some() {
        say(format!("law {}: {}", law.name, law.reading()));
    }
    if of_law.formula.is_some() {
        let said: Vec<(String, f64, f64)> = arguments::bounds(&of_law.bound)?;
        let fixed = arguments::fixed(&of_law.fix)?;
        let given = |name: &str| said.iter().any(|b| b.0 == name) || fixed.iter().any(|f| f.0 == name);
        for name in law.signs_assumed().into_iter().filter(|name| !given(name)) {
            say(format!(
                "note: {name} is held positive, as a factor of a power is; --bound {name}=-1..1 leaves its sign open"
            ));
        }
    }

    let (group, per) = families(&law, table)?;
    let headers: Vec<String> = table.columns().iter().map(|c| c.name.clone()).collect();
    let headers: Vec<String> = headers.into_iter().chain(maps.iter().map(|(new, _)| new.clone())).collect();
    let needed = needed(&law, &headers);
    // What `prepare` calls L is the law's target, whatever its name.
    let mut loss = rows.loss.clone();
    if needed[0] != "L" {
        maps.extend(loss.take().map(|column| (needed[0].clone(), column)));
        if rows.drop_highest.is_some() || rows.min_of.is_some() {
            maps.push(("L".into(), needed[0].clone()));
        }
    }
    let prepared = rows_of(table, &needed, Prepare { map: maps.clone(), loss, ..rows.prepare(group.clone()) })?;
    prepared.says.iter().filter(|s| !covered.contains(s)).cloned().for_each(&mut say);
    let (constants, minded) = hold(&mut law, &prepared.table, &arguments::fixed(&of_law.fix)?)?;
    constants.iter().map(|constant| constant.words()).for_each(&mut say);
    minded.into_iter().for_each(&mut say);

    let points = points(&law, &needed, &prepared.table, rows.beside(group.as_deref()))?;
    Ok(Loaded {
        law,
        points,
        prepared,
        per,
        #[cfg(feature = "lab")]
        constants,
        maps,
        says: told,
    })
}

/// The rows that have what is needed, with maps and conditions applied; of results of an experiment those that it fits.
pub(super) fn rows_of(table: &Table, needed: &[String], mut what: Prepare) -> Result<Prepared, Failure> {
    what.where_.extend(fitted_part(table, &what.where_));
    let names: Vec<&str> = needed.iter().map(String::as_str).collect();
    Ok(prepare(table, &names, &what)?)
}

/// Of results of an experiment those runs that it fits: runs of a sweep, and those that the fit has to foretell, take no part,
/// unless a condition of the user's says which do.
fn fitted_part(table: &Table, conditions: &[String]) -> Option<String> {
    let parts = table.column(Part::COLUMN).filter(|_| is_exported(table))?;
    let (mut fitted, mut others) = (0, 0);
    for row in 0..table.len() {
        *(if parts.text(row) == Part::Fit.word() { &mut fitted } else { &mut others }) += 1;
    }
    if fitted == 0 || others == 0 || conditions.iter().any(|condition| condition.contains(Part::COLUMN)) {
        return None;
    }
    let only = |part: Part| format!("{} = {}", name_in_expression(Part::COLUMN), word_in_expression(part.word()));
    talk(format_args!(
        "note: {fitted} runs of the ladder are fitted, {others} of a sweep or held out are not; --where {} or another \
         condition on that column chooses others",
        in_shell(&only(Part::Sweep))
    ));
    Some(only(Part::Fit))
}

/// The law that would be fitted to a table, whose losses need not be there yet, and the maps that give it its columns.
#[cfg(feature = "lab")]
pub fn law_of(table: &Table, of: &OfTable) -> Result<(Law, Vec<(String, String)>), Failure> {
    let Chosen { law, maps, .. } = choose(table, chosen_by(&of.law, &of.rows)?)?;
    Ok((law, maps))
}

pub(super) fn chosen_by<'a>(of_law: &'a OfLaw, rows: &'a OfRows) -> Result<Asked<'a>, Failure> {
    Ok(Asked {
        law: of_law.law.as_deref(),
        formula: of_law.formula.as_deref(),
        insist: &of_law.param,
        maps: arguments::maps(&rows.map)?,
        where_: &rows.where_,
        loss: rows.loss.as_deref(),
    })
}

/// Loads runs for a figure or a report, and the options of their fit: families that were named have laws of their own,
/// unless `--per` asks for something else.
pub fn load_apart(path: &Path, of: &OfTable) -> Result<(Loaded, Options), Failure> {
    let reading = read(path)?;
    let (mut loaded, options) = apart_of(&reading.table, of)?;
    loaded.several_clusters()?;
    loaded.heard(&reading);
    if of.rows.cluster.is_none() && !options.per_family.is_empty() {
        loaded.pair("");
    }
    Ok((loaded, options))
}

/// The same of a table that was read, or made.
pub fn apart_of(table: &Table, of: &OfTable) -> Result<(Loaded, Options), Failure> {
    let options = of.how.options(&of.law)?;
    let loaded = load_table_of(table, &of.law, &of.rows, |law, table| match of.families.per.is_empty() {
        true => Ok((of.families.group.clone(), Vec::new())),
        false => of.families.of(law, table),
    })?;
    let several = loaded.points.family.as_ref().is_some_and(|f| f.levels.len() > 1);
    let per_family = match loaded.per.is_empty() && several {
        true => apart(&loaded.law, &options),
        false => loaded.per.clone(),
    };
    Ok((loaded, Options { per_family, ..options }))
}

/// Reads a table as it stands, for what is no fit: with maps, conditions and states applied.
pub fn load_table(path: &Path, rows: &OfRows) -> Result<Table, Failure> {
    as_it_stands(&read(path)?.table, rows)
}

/// The curves of the runs of a store, in the same way.
pub fn load_curves(path: &Path, rows: &OfRows) -> Result<Table, Failure> {
    let store = Store::read(path)?;
    let listing = store.runs()?;
    listing.problems.iter().for_each(|problem| talk(format_args!("note: {problem}")));
    let table = store.curves(&listing.runs)?;
    if table.is_empty() {
        return Err(Failure::usage(
            format_args!("{}: none of {} has a curve", path.display(), count(listing.runs.len(), "run")),
            "runs have one from their training; those that were imported have none",
        ));
    }
    as_it_stands(&table, rows)
}

fn as_it_stands(table: &Table, rows: &OfRows) -> Result<Table, Failure> {
    let what = Prepare { map: arguments::maps(&rows.map)?, ..rows.prepare(None) };
    let prepared = prepare(table, &[], &what)?;
    prepared.says.iter().for_each(|s| talk(format_args!("{s}")));
    Ok(prepared.table)
}

impl Loaded {
    /// What was said of the reading comes before what was decided after it.
    fn heard(&mut self, reading: &Reading) {
        self.says.splice(..0, reading.notes.iter().map(ToString::to_string));
    }

    /// A name for every row: that of the run, else its line.
    pub fn names(&self) -> Vec<String> {
        let line = |row| format!("line {}", self.points.line(row));
        let named = self.prepared.names().into_iter().enumerate();
        named.map(|(row, name)| name.map_or_else(|| line(row), |n| short_name(&n))).collect()
    }

    /// The budget of every row, as a column says it.
    pub fn budgets(&self, column: &str) -> Result<Labels, Failure> {
        let table = &self.prepared.table;
        let found = table.column(column).ok_or_else(|| {
            let near = nearest(column, table.columns().iter().map(|c| c.name.as_str())).first().map(|n| n.to_string());
            Failure::usage(
                format_args!("--budgets {column}: there is no such column"),
                match near {
                    Some(near) => format!("did you mean {near}? It says which runs were given the same compute"),
                    None => "it names the column that says which runs were given the same compute".to_owned(),
                },
            )
        })?;
        Ok(Labels::new(column, (0..table.len()).map(|row| found.text(row))))
    }

    /// The fit, and what was decided for it, which is said.
    pub fn fit(&self, options: &Options) -> Result<Fit, Failure> {
        let fit = self.fit_unsaid(options).inspect_err(|_| self.name_left_out())?;
        fit.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        Ok(fit)
    }

    /// The same where it is the caller who says what is to be minded.
    pub fn fit_unsaid(&self, options: &Options) -> Result<Fit, Failure> {
        let mut fit = families_suffice(&self.law, &self.points, options)
            .and_then(|()| fit(&self.law, &self.points, options))
            .map_err(|e| self.placed(e))?;
        // Our own tables say what they count, however small the models are.
        let own = |(new, column): &(String, String)| {
            !["N", "D", "C"].contains(&new.as_str()) || self.prepared.table.column(column).is_some()
        };
        if is_exported(&self.prepared.table) && self.maps.iter().all(own) {
            fit.warnings.retain(|warning| warning.code != "units");
        }
        if let Some(warning) = self.pooled(&fit) {
            // Worst first, and after what the fit itself has to say.
            let at = fit.warnings.iter().position(|w| w.severity > warning.severity).unwrap_or(fit.warnings.len());
            fit.warnings.insert(at, warning);
        }
        for warning in &mut fit.warnings {
            let hint = warning.hint.take();
            warning.hint = hint.map(|hint| with_columns(&hint, &self.prepared.table, &self.maps));
        }
        Ok(fit)
    }

    /// Rows that all share their luck say nothing of how much of it they share.
    pub fn several_clusters(&self) -> Result<(), Failure> {
        let Some(clusters) = self.points.cluster.as_ref().filter(|c| c.levels.len() < 2) else { return Ok(()) };
        let value = clusters.levels.first().map_or("the same", String::as_str);
        Err(Failure::usage(
            format_args!(
                "{}: column `{}` is {} in every row: one cluster tells nothing of the luck that its rows share",
                self.prepared.table.source,
                clusters.name,
                short_name(value)
            ),
            "name a column with two values or more, one for each trunk or seed, or leave the option out",
        ))
    }

    /// Rows of several kinds, where one law lies between them.
    fn pooled(&self, fit: &Fit) -> Option<Warning> {
        let found = self.prepared.pooled.as_ref()?;
        let column = self.prepared.table.column(&found.column)?;
        let kinds = Labels::new(&*found.column, (0..self.prepared.table.len()).map(|row| column.text(row)));
        pooled(fit, &kinds, &found.remedy)
    }

    /// Why there is no fit, with the name of the table where a line of it is why.
    pub fn placed(&self, error: FitError) -> Failure {
        Failure::from(error).of_table(&self.prepared.table.source)
    }

    /// Rows that were left out may be why there is no answer.
    pub fn name_left_out(&self) {
        let all = &self.prepared.left_out;
        for row in all.iter().take(SHOWN) {
            let name = row.name.as_ref().map_or(String::new(), |n| format!(" {}", short_name(n)));
            talk(format_args!("left out: line {}{name}: {}", row.line, row.reason));
        }
        if all.len() > SHOWN {
            talk(format_args!("left out: {} more", all.len() - SHOWN));
        }
    }
}

/// Every other loss is in nats per token.
pub(super) fn bits_per_byte(rows: &OfRows, maps: &[(String, String)]) -> Option<String> {
    let mapped = || maps.iter().find(|(new, _)| new == "L").map(|(_, column)| column);
    let column = rows.loss.as_ref().or_else(mapped)?;
    let plain = column.to_lowercase();
    (plain.contains("bpb") || plain.contains("bits_per_byte"))
        .then(|| format!("note: `{column}` is in bits per byte, and so is every loss below"))
}
