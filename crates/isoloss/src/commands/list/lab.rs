//! What can be trained: lists of names, each with a sentence. Without the trainer there are none.

use crate::failure::Failure;
use crate::output::{BOLD, RESET};

pub struct List {
    pub name: &'static str,
    pub all: &'static [(&'static str, &'static str)],
    /// the second of a pair is a text to be shown whole, and not a sentence
    pub whole: bool,
}

#[cfg(feature = "lab")]
pub const LISTS: &[List] = &[
    List { name: "corpora", all: isoloss_train::corpora::ALL, whole: false },
    List { name: "models", all: isoloss_train::models::ALL, whole: false },
    List { name: "mixers", all: isoloss_train::mixers::ALL, whole: false },
    List { name: "measures", all: isoloss_train::measures::ALL, whole: false },
    List { name: "retrievers", all: isoloss_train::memory::retrievers::ALL, whole: false },
    List { name: "recipes", all: isoloss_train::recipes::ALL, whole: false },
    List { name: "schedules", all: isoloss_train::schedules::ALL, whole: false },
    List { name: "experiments", all: isoloss::experiment::BUILT_IN, whole: true },
];
#[cfg(not(feature = "lab"))]
pub const LISTS: &[List] = &[];

pub fn find(name: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| list.name == name)
}

/// `, corpora, models`
pub fn names() -> String {
    LISTS.iter().map(|list| format!(", {}", list.name)).collect()
}

impl List {
    /// A line for every entry.
    pub fn text(&self) -> String {
        let one = |(name, says): &(&str, &str)| match self.whole {
            // The first line of an experiment is its question.
            true => format!("{BOLD}{name}{RESET}: {}\n", question(says)),
            false => format!("{BOLD}{name}{RESET}: {says}\n"),
        };
        self.all.iter().map(one).collect()
    }

    /// All entries, or the one of that name.
    pub fn of(&self, name: Option<&str>) -> Result<String, Failure> {
        let Some(name) = name else { return Ok(self.text()) };
        match self.all.iter().find(|(known, _)| *known == name) {
            Some((_, text)) if self.whole => Ok((*text).to_owned()),
            Some((name, says)) => Ok(format!("{BOLD}{name}{RESET}: {says}\n")),
            None => {
                let all: Vec<&str> = self.all.iter().map(|(name, _)| *name).collect();
                let what = format_args!("list {} {name}: there is none of that name", self.name);
                Err(Failure::usage(what, format_args!("they are {}", all.join(", "))))
            }
        }
    }
}

fn question(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("question = \""));
    line.map_or("", |line| line.trim_end_matches('"'))
}
