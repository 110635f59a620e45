//! `isoloss figure NAME`: SVG, PNG, PDF, or the CSV behind it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use isoloss_figures::catalogue::{ALL, Entry, Material, Needs, Runs, beside_published, entry};
use isoloss_figures::{Drawing, Figure as Drawn, Render, Width};
use isoloss_formula::nearest;
use isoloss_laws::Labels;

use super::fit::{OfFamilies, OfFit, OfLaw, OfRows, OfTable, is_store, load_apart, load_curves, load_table};
use super::predict;
use super::tell;
use super::{Run, typed, without};
use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, file_name, talk};
use crate::published;
use crate::report::warning;

/// Options of `figure`.
#[derive(Args, Debug)]
pub struct Figure {
    /// Which figure: isoloss list figures shows them
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is drawn from: a table of runs, saved fits, published:NAME; learning curves also from a store, the folder of runs
    #[arg(value_name = "TABLE|FIT")]
    from: Vec<String>,
    /// From the numbers that papers print, where they print them; beside that of a table or fits where some are named
    #[arg(long)]
    published: bool,

    /// The picture; its ending says what it is: -o figure.svg, .png or .pdf; - writes SVG to standard output
    #[arg(short, long, value_name = "FILE", help_heading = "The picture")]
    output: PathBuf,
    /// The numbers behind it, as CSV: --data figure.csv
    #[arg(long, value_name = "FILE", help_heading = "The picture")]
    data: Option<PathBuf>,
    /// How wide: single (one column of a journal, 84 mm), double (174 mm) or millimetres [default: the figure's own]
    #[arg(long, value_name = "WIDTH", help_heading = "The picture")]
    width: Option<String>,
    /// On dark paper
    #[arg(long, help_heading = "The picture")]
    dark: bool,
    /// Dots per inch of a PNG
    #[arg(long, value_name = "DPI", default_value = "300", allow_hyphen_values = true, help_heading = "The picture")]
    dpi: String,
    /// A title above it
    #[arg(long, value_name = "TEXT", help_heading = "The picture")]
    title: Option<String>,
    /// Write over files that are there
    #[arg(long, help_heading = "The picture")]
    force: bool,

    #[command(flatten)]
    shown: OfFigure,
    #[command(flatten)]
    of: OfTable,
}

/// What is chosen of what is shown; `isoloss list figures` says which figure has use for it.
#[derive(Args, Debug)]
struct OfFigure {
    /// The family or model that others are compared with, or that is pointed out
    #[arg(long, value_name = "NAME", help_heading = "What is shown")]
    baseline: Option<String>,
    /// The loss at which families are compared: --at-loss 2.1 [default: the middle of what they reached]
    #[arg(long, value_name = "LOSS", help_heading = "What is shown")]
    at_loss: Option<String>,
    /// The column that says which runs had one budget [default: within 5 % of compute]
    #[arg(long, value_name = "COLUMN", help_heading = "What is shown")]
    budgets: Option<String>,
}

impl Run for Figure {
    const ABOUT: &str = "A figure for a paper: SVG, PNG, PDF, or the CSV behind it";
    const EXAMPLES: &str = "\
Examples:
  isoloss figure fit runs.csv -o fit.svg
  isoloss figure surface runs.csv -o surface.pdf --width double
  isoloss figure multiplier runs.csv --group family --baseline mla -o gain.png --dpi 600
  isoloss figure compute published:kimi-mla published:kimi-linear -o compute.svg
  isoloss figure curves runs --where \"family = 'mla'\" -o curves.svg
  isoloss figure pareto --published -o pareto.svg --data pareto.csv
  isoloss figure pareto experiments/results/benchmark-published.csv --map score=average --baseline Memory3-SFT -o gain.pdf
  isoloss list figures

The caption goes to standard output: what is drawn, from what, how sure, and what of it is extrapolated.
Exit code 0: it did; 1: it could not; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let entry = self.entry()?;
        let kind = Kind::of(&self.output)?;
        let dpi = self.dpi(kind)?;
        let width = self.width.as_deref().map(width).transpose()?;
        let to_stdout = self.output == Path::new("-");
        let files = [(!to_stdout).then_some(&self.output), self.data.as_ref()];
        for path in files.into_iter().flatten() {
            output::may_write(path, self.force)?;
            output::is_no_input(path, &self.from)?;
        }
        if self.data.as_deref().is_some_and(|data| data == self.output) {
            return Err(Failure::usage(
                format_args!("--data {}: the picture goes there", self.output.display()),
                "name another file: --data figure.csv",
            ));
        }
        let mut figure = self.draw(entry)?;
        if let Some(title) = &self.title {
            figure = figure.title(title.as_str());
        }
        if let Some(width) = width {
            figure = figure.width(width);
        }
        let drawing = figure.draw(&if self.dark { Render::dark() } else { Render::default() });
        drawing.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        let caption = match drawing.notes.as_slice() {
            [] => figure.caption.clone(),
            notes => format!("{} In this drawing, {}.", figure.caption, notes.join("; ")),
        };
        if let Some(path) = &self.data {
            output::save(path, figure.csv().as_bytes(), self.force)?;
        }
        if to_stdout {
            talk(format_args!("{caption}"));
            output::answer(&drawing.svg)?;
        } else {
            output::save(&self.output, &kind.bytes(&drawing, dpi)?, self.force)?;
            talk(format_args!("wrote {}", self.output.display()));
            output::answer(&format!("{caption}\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Figure {
    fn entry(&self) -> Result<&'static Entry, Failure> {
        entry(&self.name).ok_or_else(|| {
            let near = nearest(&self.name, ALL.iter().map(|e| e.name));
            let all = ALL.iter().map(|e| e.name).collect::<Vec<_>>().join(", ");
            Failure::usage(
                format_args!("{}: there is no such figure", self.name),
                near.first().map_or(format!("the figures are {all}"), |near| format!("did you mean {near}?")),
            )
        })
    }

    fn dpi(&self, kind: Kind) -> Result<f64, Failure> {
        let dpi = arguments::number("--dpi", &self.dpi).unwrap_or(f64::NAN);
        if dpi.is_nan() || kind == Kind::Png && !(20.0..=2400.0).contains(&dpi) {
            return Err(Failure::usage(
                format_args!("--dpi {}: expected 20 to 2400 dots per inch", self.dpi),
                "300 serves most journals, 600 line art",
            ));
        }
        Ok(dpi)
    }

    /// The figure from what was given.
    fn draw(&self, entry: &Entry) -> Result<Drawn, Failure> {
        self.used(entry)?;
        if self.published {
            let Some(published) = entry.published else {
                let all: Vec<&str> = ALL.iter().filter(|e| e.published.is_some()).map(|e| e.name).collect();
                return Err(Failure::usage(
                    format_args!("figure {} --published: papers print no numbers for it", entry.name),
                    format_args!("those with published numbers: {}", all.join(", ")),
                ));
            };
            if !self.from.is_empty() {
                let both = beside_published(entry, self.given(entry)?);
                return both.map_err(Failure::from);
            }
            let idle = [typed::<OfFigure>(), typed::<OfTable>()].concat();
            let place = format!("figure {} --published", entry.name);
            without(
                place,
                &idle,
                "what papers print is drawn as it is: leave it out, or name a table or fits of yours",
            )?;
            return Ok(published());
        }
        self.given(entry)
    }

    /// The figure of what was named.
    fn given(&self, entry: &Entry) -> Result<Drawn, Failure> {
        let material = self.material(entry)?;
        (entry.draw)(&material).map_err(|e| Failure::from(e).within(&format!("figure {}", entry.name)))
    }

    /// Refuses choices that this figure has no use for.
    fn used(&self, entry: &Entry) -> Result<(), Failure> {
        let idle = |option: &String| !entry.takes.iter().any(|choice| choice.option() == option);
        let idle: Vec<String> = typed::<OfFigure>().into_iter().filter(idle).collect();
        let each = idle.iter().map(|option| {
            let takes = |e: &&Entry| e.takes.iter().any(|choice| choice.option() == option);
            let figures: Vec<&str> = ALL.iter().filter(takes).map(|e| e.name).collect();
            format!("{option} is for {}", figures.join(", "))
        });
        without(format_args!("figure {}", entry.name), &idle, each.collect::<Vec<_>>().join("; "))
    }

    /// Reads what was named: fits, and at most one table.
    fn material(&self, entry: &Entry) -> Result<Material, Failure> {
        let at = self.shown.at_loss.as_ref().map(|text| arguments::number("--at-loss", text)).transpose()?;
        let mut material = Material { baseline: self.shown.baseline.clone(), at, ..Material::default() };
        let mut table: Option<&String> = None;
        for name in &self.from {
            if predict::is_fit(name) {
                let fit = predict::load(name)?;
                predict::carried(name, &fit);
                material.fits.push((short(name), fit));
            } else if let Some(first) = table.replace(name) {
                return Err(Failure::usage(
                    format_args!("{first} and {name}: a figure is drawn from one table"),
                    "put the runs into one table, with a column that tells families apart (--group)",
                ));
            }
        }
        let compares = entry.needs.contains(&Needs::Fits);
        if let [(first, _), (second, _), ..] = material.fits.as_slice()
            && !compares
        {
            return Err(Failure::usage(
                format_args!("{first} and {second}: figure {} is drawn from one fit", entry.name),
                "isoloss figure multiplier compares fits, isoloss report shows each",
            ));
        }
        let Some(table) = table else {
            if material.fits.is_empty() || !(compares || entry.needs.contains(&Needs::Fit)) {
                return Err(lacking(entry));
            }
            let idle = typed::<OfTable>();
            without(format_args!("figure {}", entry.name), &idle, "a saved fit is drawn as it was made: leave it out")?;
            return Ok(material);
        };
        if let Some((name, _)) = material.fits.first().filter(|_| compares) {
            return Err(Failure::usage(
                format_args!("{name} and {table}: figure {} compares fits, or families of a table", entry.name),
                "fit the table first (isoloss fit TABLE --save fit.json), or leave the fits out",
            ));
        }
        let path = Path::new(table);
        let (runs, columns) =
            (entry.needs.contains(&Needs::Runs), entry.needs.iter().any(|n| matches!(n, Needs::Table(_))));
        // Where a table may be read either way, a law or families that were asked for decide.
        let law = [typed::<OfLaw>(), typed::<OfFamilies>()].concat();
        if columns && (!runs || law.is_empty()) {
            let beside = ["--loss", "--cluster", "--weight", "--se"].map(str::to_owned);
            let mut idle = of_runs();
            idle.extend(typed::<OfRows>().into_iter().filter(|option| beside.contains(option)));
            let hint = match runs {
                true => "its columns are drawn as they stand; with --group or --law runs are fitted",
                false => "its columns are drawn as they stand, none is fitted: leave it out; --map names a column",
            };
            without(format_args!("figure {} {table}", entry.name), &idle, hint)?;
            material.table = Some(match entry.needs.contains(&Needs::Store) && is_store(path) {
                true => load_curves(path, &self.of.rows)?,
                false => load_table(path, &self.of.rows)?,
            });
        } else {
            (material.runs, material.budgets) = self.runs(table)?;
            if let Some((name, _)) = material.fits.first() {
                talk(format_args!("note: the law is that of {name}, the runs are those of {table}"));
            }
        }
        Ok(material)
    }
}

impl Figure {
    /// The runs of a table with their fit, whose warnings are told as isoloss fit tells them.
    fn runs(&self, table: &str) -> Result<(Option<Runs>, Option<Labels>), Failure> {
        let (loaded, options) = load_apart(Path::new(table), &self.of)?;
        let budgets = self.shown.budgets.as_ref().map(|column| loaded.budgets(column)).transpose()?;
        let fit = loaded.fit(&options)?;
        loaded.name_left_out();
        fit.warnings.iter().for_each(|w| talk(format_args!("{}", warning(w).trim_end())));
        Ok((Some(tell::runs(&file_name(table), &loaded, &options, &fit)), budgets))
    }
}

/// Options of a law, of families and of a fit, for which only runs have use.
fn of_runs() -> Vec<String> {
    [typed::<OfLaw>(), typed::<OfFamilies>(), typed::<OfFit>()].concat()
}

/// What a figure is drawn from, where that was not given.
fn lacking(entry: &Entry) -> Failure {
    let name = entry.name;
    let each = entry.needs.iter().map(|need| match need {
        Needs::Runs => format!("isoloss figure {name} runs.csv -o {name}.svg"),
        Needs::Fit => format!("isoloss figure {name} fit.json -o {name}.svg"),
        Needs::Fits => format!("isoloss figure {name} old.json new.json -o {name}.svg"),
        Needs::Store => format!("isoloss figure {name} runs -o {name}.svg, where runs is a store"),
        Needs::Table(columns) => {
            let columns: Vec<String> = columns.iter().map(|(name, means)| format!("{name} ({means})")).collect();
            format!("isoloss figure {name} TABLE -o {name}.svg, with columns {}", columns.join(", "))
        }
    });
    let published = entry.published.map(|_| format!("isoloss figure {name} --published -o {name}.svg"));
    let all: Vec<String> = each.chain(published).collect();
    Failure::usage(format_args!("figure {name}: what is it to be drawn from?"), all.join("\n      or "))
}

/// What a fit is called in a figure: its file without folders and ending.
fn short(name: &str) -> String {
    let file =
        Path::new(name).file_stem().filter(|_| !name.starts_with("published:") && published::in_file(name).is_none());
    file.map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn width(text: &str) -> Result<Width, Failure> {
    match text {
        "single" => Ok(Width::Single),
        "double" => Ok(Width::Double),
        _ => match arguments::number("--width", text.trim_end_matches("mm").trim()) {
            Ok(given) if (40.0..=1000.0).contains(&given) => Ok(Width::Millimetres(given)),
            _ => Err(Failure::usage(
                format_args!("--width {text}: expected single, double or 40 to 1000 millimetres"),
                "as in --width double or --width 120",
            )),
        },
    }
}

/// What a file holds, by its ending.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Svg,
    Png,
    Pdf,
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            _ if path == Path::new("-") => Ok(Self::Svg),
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("pdf") => Ok(Self::Pdf),
            _ => Err(Failure::usage(
                format_args!("-o {}: the ending says what is written", path.display()),
                "as in figure.svg, figure.png or figure.pdf",
            )),
        }
    }

    fn bytes(self, drawing: &Drawing, dpi: f64) -> Result<Vec<u8>, Failure> {
        let drawn = match self {
            Self::Svg => Ok(drawing.svg.clone().into_bytes()),
            Self::Png => drawing.png(dpi),
            Self::Pdf => drawing.pdf(),
        };
        drawn.map_err(|e| Failure::could_not(e, "a smaller --dpi, or SVG"))
    }
}
