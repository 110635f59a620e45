//! Sections, and the blocks that they are made of.

use isoloss_laws::{Fit, Severity, Warning};

use super::drawing;
use super::formula;
use super::sheet::{Sheet, title};
use super::table::Table;
use crate::figure::Figure;

/// What stands in a section, from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// a paragraph
    Words(String),
    /// a heading within the section
    Heading(String),
    /// what to mind, worst first
    Warnings(Vec<Warning>),
    /// a fit's law, with names and with numbers
    Law(Box<Fit>),
    /// a table
    Table(Table),
    /// names and what they are
    Facts(Vec<(String, String)>),
    /// one item below the other
    List(Vec<String>),
    /// a file as it is written
    Verbatim(String),
    /// shown when asked for: a line that says what, and the blocks behind it
    Fold(String, Vec<Block>),
    /// a drawing with its caption and data
    Figure(Box<Figure>),
}

/// A part of a report under a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// stands above it, and in the table of contents
    pub title: String,
    /// from top to bottom
    pub blocks: Vec<Block>,
}

/// Families up to which each has the law with its numbers.
const FAMILIES: usize = 6;

impl Section {
    /// An empty section.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// With one more block.
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// With one more paragraph.
    pub fn words(self, words: impl Into<String>) -> Self {
        self.with(Block::Words(words.into()))
    }

    /// Figures, one below the other, counted through the whole report.
    pub fn figures(title: impl Into<String>, figures: impl IntoIterator<Item = Figure>) -> Self {
        let blocks = figures.into_iter().map(|f| Block::Figure(Box::new(f))).collect();
        Self { title: title.into(), blocks }
    }

    /// Remarks: what was decided for the reader, and what should be known.
    pub fn notes<S: Into<String>>(title: impl Into<String>, notes: impl IntoIterator<Item = S>) -> Self {
        Self::new(title).with(Block::List(notes.into_iter().map(Into::into).collect()))
    }
}

impl Block {
    pub(super) fn write(&self, sheet: &mut Sheet) {
        match self {
            Self::Words(words) => {
                sheet.open("p", &[]);
                sheet.prose(words);
                sheet.close("p");
            }
            Self::Heading(words) => sheet.element("h3", &[], &title(words)),
            Self::Warnings(warnings) => write_warnings(sheet, warnings),
            Self::Law(fit) => law(sheet, fit),
            Self::Table(table) => table.write(sheet),
            Self::Facts(facts) => {
                sheet.open("dl", &[]);
                for (name, value) in facts {
                    sheet.element("dt", &[], name);
                    sheet.open("dd", &[]);
                    sheet.prose(value);
                    sheet.close("dd");
                }
                sheet.close("dl");
            }
            Self::List(items) => {
                sheet.open("ul", &[]);
                for item in items {
                    sheet.open("li", &[]);
                    sheet.prose(item);
                    sheet.close("li");
                }
                sheet.close("ul");
            }
            Self::Verbatim(text) => sheet.element("pre", &[], text),
            Self::Fold(says, blocks) => {
                sheet.open("details", &[("class", "fold")]);
                sheet.element("summary", &[], says);
                blocks.iter().for_each(|b| b.write(sheet));
                sheet.close("details");
            }
            Self::Figure(figure) => drawing::write(sheet, figure),
        }
    }
}

fn write_warnings(sheet: &mut Sheet, warnings: &[Warning]) {
    let mut sorted: Vec<&Warning> = warnings.iter().collect();
    sorted.sort_by_key(|w| w.severity);
    sheet.open("ul", &[("class", "warnings")]);
    for warning in sorted {
        let level = match warning.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        sheet.open("li", &[("class", level)]);
        sheet.open("p", &[]);
        sheet.element("b", &[], level);
        sheet.text(" ");
        sheet.element("code", &[], &warning.code);
        sheet.text(" ");
        sheet.prose(&warning.text);
        sheet.close("p");
        if let Some(hint) = &warning.hint {
            sheet.open("p", &[("class", "hint")]);
            sheet.prose(hint);
            sheet.close("p");
        }
        sheet.close("li");
    }
    sheet.close("ul");
}

/// The law with names, then with the numbers that were found.
fn law(sheet: &mut Sheet, fit: &Fit) {
    sheet.open("p", &[("class", "law")]);
    formula::write(sheet, &fit.law.formula);
    sheet.close("p");
    // Rounded where they are written.
    for (family, law) in fit.in_numbers(|v| v).iter().take(FAMILIES) {
        // A sum over many columns has a number for each of them: they stand in the table.
        if !law.groups().is_empty() {
            continue;
        }
        sheet.open("p", &[("class", "law")]);
        if let Some(family) = family {
            sheet.open("span", &[("class", "family")]);
            sheet.name(family);
            sheet.close("span");
        }
        formula::write(sheet, law);
        sheet.close("p");
    }
}
