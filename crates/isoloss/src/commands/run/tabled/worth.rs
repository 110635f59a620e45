//! How many times its size a family is worth: its scores read off the line of the baseline in ln N.

use isoloss_figures::report::{Block, Cell, Section, Table};
use isoloss_laws::{Scored, Worth, effective_sizes};

use super::super::found::Found;
use super::cells::Layout;
use crate::numbers::{count, number, size};
use crate::output::{BOLD, RESET};
use crate::report::effective::{Report, text};

/// Of every interval here.
const LEVEL: f64 = 0.95;

/// What is asked: columns of the runs, and the family whose line is read.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub value: &'a str,
    pub size: &'a str,
    pub baseline: usize,
}

/// Those columns, run by run.
#[derive(Clone, Copy)]
pub struct Measured<'a> {
    pub scores: &'a [f64],
    pub sizes: &'a [f64],
    /// standard errors of the scores
    pub errors: Option<&'a [f64]>,
}

impl Measured<'_> {
    /// A run with a size and a score.
    pub fn run(&self, at: usize) -> Option<Scored> {
        Scored::new(self.sizes[at], self.scores[at], self.errors.map(|errors| errors[at]))
    }
}

/// What the other families are worth, for one value.
pub struct Worths<'a> {
    asked: Asked<'a>,
    families: Vec<String>,
    worths: Vec<Worth>,
    /// rung by rung, that of each; none of all together
    rungs: Vec<Option<String>>,
    /// what there is none of, and why
    lacking: Vec<String>,
}

impl<'a> Worths<'a> {
    pub fn of(layout: &Layout, asked: Asked<'a>, measured: Measured<'_>) -> Self {
        let mut found =
            Self { asked, families: layout.families.clone(), worths: vec![], rungs: vec![], lacking: vec![] };
        let mut runs: Vec<Vec<Scored>> = vec![Vec::new(); layout.families.len()];
        // Family, size and rung of every run.
        let mut sizes: Vec<(usize, f64, usize)> = Vec::new();
        for (at, place) in layout.places.iter().enumerate() {
            if let Some(run) = measured.run(at) {
                runs[place.family].push(run);
                sizes.push((place.family, run.size, place.rung));
            }
        }
        let none = |family: &String| format!("no run of {family} has {} and {}", asked.value, asked.size);
        if runs[asked.baseline].is_empty() {
            found.lacking.push(none(&layout.families[asked.baseline]));
            return found;
        }
        let others = layout.families.iter().zip(&runs);
        found.lacking.extend(others.filter(|(_, runs)| runs.is_empty()).map(|(family, _)| none(family)));
        // Runs of several lengths would be taken for the scatter of one line.
        let other = |(family, size, rung): &(usize, f64, usize)| {
            sizes.iter().find(|(f, s, r)| f == family && s == size && r != rung).map(|(_, _, other)| (*rung, *other))
        };
        if let Some((rung, other)) = sizes.iter().find_map(other) {
            let [rung, other] = [rung, other].map(|rung| &layout.rungs[rung]);
            found.lacking.push(format!("a line takes one rung a size, and of one size are {rung} and {other}"));
            return found;
        }
        match effective_sizes(&runs, asked.baseline, LEVEL) {
            Ok(worths) => {
                let rung = |worth: &Worth| {
                    let own = |(family, size, _): &&(usize, f64, usize)| {
                        *family == worth.family && worth.at.is_some_and(|at| at == *size)
                    };
                    sizes.iter().find(own).map(|(_, _, rung)| layout.rungs[*rung].clone())
                };
                found.rungs = worths.iter().map(rung).collect();
                found.worths = worths;
            }
            Err(why) => found.lacking.push(format!("{}: {}", layout.families[asked.baseline], why.message)),
        }
        found
    }

    /// Is there a line, and something to read off it?
    pub fn reason(&self) -> Option<&str> {
        self.worths.is_empty().then(|| self.lacking.first().map_or("there is no other family", String::as_str))
    }

    /// Every number that has an interval, by the name that `[found]` calls it by.
    pub fn found(&self) -> Vec<Found> {
        let one = |(worth, rung): (&Worth, &Option<String>)| {
            let times = &worth.found.times;
            let family = &self.families[worth.family];
            let parts = ["times the size", self.asked.value, family].into_iter().chain(rung.as_deref());
            let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
            times.interval.map(|_| Found::of(parts.join(", "), times))
        };
        self.worths.iter().zip(&self.rungs).filter_map(one).collect()
    }

    fn baseline(&self) -> &str {
        &self.families[self.asked.baseline]
    }

    pub fn text(&self) -> String {
        let Asked { value, size, .. } = self.asked;
        let (baseline, families) = (self.baseline(), &self.families);
        let mut said = format!("\n{BOLD}Times the size{RESET}, {value}, by the line of {baseline}.\n");
        said.push_str(&text(&Report { score: value, size, baseline, families, worths: &self.worths }));
        for why in &self.lacking {
            said.push_str(&format!("  {value}: none, {why}\n"));
        }
        said
    }

    /// The same on the page.
    pub fn add_to(&self, mut section: Section) -> Section {
        let value = self.asked.value;
        if let Some(first) = self.worths.first() {
            let ((a, b), (sizes, runs)) = (first.found.line, first.found.family);
            section = section.words(format!(
                "{value} of {} = {} + {} ln {}, through {} at {}.",
                self.baseline(),
                number(a, 4),
                number(b, 4),
                self.asked.size,
                count(runs, "run"),
                count(sizes, "size"),
            ));
            let mut shown = Table::new(["family", "rung", value, "needs", "times its size"]);
            for (worth, rung) in self.worths.iter().zip(&self.rungs) {
                let all = || format!("all, as {}", size(worth.found.size));
                shown = shown.row([
                    Cell::Words(self.families[worth.family].clone()),
                    Cell::Words(rung.clone().unwrap_or_else(all)),
                    Cell::Number(worth.found.score, 4),
                    Cell::Size(worth.found.needed.value),
                    Cell::from(&worth.found.times),
                ]);
            }
            section = section.with(Block::Table(shown));
            let farthest = self.worths.iter().map(|worth| worth.found.beyond).fold(1.0, f64::max);
            if farthest > 1.0 {
                let times = number(farthest, 2);
                section = section.words(format!(
                    "Needed sizes lie up to {times} times outside those of {}: the line has to hold there.",
                    self.baseline()
                ));
            }
            if first.found.bent {
                let bent = format!("The sizes of {} lie off the line by more than seeds explain.", self.baseline());
                section = section.words(bent);
            }
        }
        self.lacking.iter().fold(section, |section, why| section.words(format!("{value}: none, {why}.")))
    }
}
