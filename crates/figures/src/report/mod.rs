//! The report: one HTML file that needs nothing else, for reading on a screen, on paper and years later.
//!
//! A [`Report`] is plain data: a title, the question, and sections in the order in which they are read. Each section is
//! made from what the laws give ([`Section::fit`], [`Section::score`], [`Section::comparison`], ...), from a figure, or
//! by hand from blocks. [`Report::html`] writes the page. It reads no clock and no file: the same report gives the same
//! bytes.
//!
//! ```
//! use isoloss_figures::report::{Made, Report, Section};
//! use isoloss_laws::published;
//!
//! let fit = published("besiroglu-2024").unwrap();
//! let made = Made { program: "isoloss 0.1.0".into(), date: Some("2026-01-31".into()) };
//! let html = Report::new("Published constants", made)
//!     .question("What does the replication of Chinchilla say?")
//!     .section(Section::fit("The law", &fit, None))
//!     .section(Section::provenance([], Some(&fit), []))
//!     .html();
//! assert!(html.starts_with("<!DOCTYPE html>") && html.contains("The law"));
//! ```
//!
//! # What a program gathers
//!
//! 1. [`Section::runs`]: [`Table::of_points`] makes the table of runs from the points that were fitted, the names of
//!    the rows and, if there is one, the fit; rows left out come with line and reason.
//! 2. [`Section::fit`] for each fit. It holds warnings, law, parameters, derived quantities and how they were found.
//! 3. [`Section::comparison`] for each pair, [`Section::score`] for the back-test, [`Section::plans`] and
//!    [`Section::predictions`] for what was asked.
//! 4. [`Section::figures`] with what the catalogue's functions draw (`catalogue::...::figure`).
//! 5. [`Section::notes`] for how the table was read, [`Section::provenance`] last: sources, law file, program.
//!
//! # The page
//!
//! It is XHTML without a reference to anything outside but links to papers on arXiv; a content security policy forbids
//! the browser to load anything. Drawings are those that go to print. A script of ours shows a run's facts on hover or
//! by the arrow keys, hides series by their legend, changes scales, sorts tables and copies data; without it everything
//! else stays. Text of users becomes part of the page by one escaping function and never enters script or style.
//!
//! A figure brings its data as CSV; where they are more than 48 kB its curves are thinned and surfaces left out, which
//! is said beside them.

mod answers;
mod data;
mod drawing;
mod fit;
mod formula;
mod page;
mod provenance;
pub(crate) mod quantity;
mod runs;
mod scales;
mod section;
mod sheet;
mod symbol;
mod table;

pub use quantity::percent;
pub use runs::LeftOut;
pub use section::{Block, Section};
pub use table::{Cell, Table};

/// What made a report, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// name and version: `isoloss 0.1.0`
    pub program: String,
    /// the day, as it is to be read; a caller has a clock, this crate has none
    pub date: Option<String>,
}

/// A page as a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// what it is called
    pub title: String,
    /// what was asked
    pub question: Option<String>,
    /// what made it
    pub made: Made,
    /// in the order in which they are read
    pub sections: Vec<Section>,
}

impl Report {
    /// A report without sections.
    pub fn new(title: impl Into<String>, made: Made) -> Self {
        Self { title: title.into(), made, ..Self::default() }
    }

    /// With the question that it answers.
    pub fn question(mut self, question: impl Into<String>) -> Self {
        self.question = Some(question.into());
        self
    }

    /// With one more section.
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page.
    pub fn html(&self) -> String {
        page::html(self)
    }
}
