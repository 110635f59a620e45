//! What can be trained: lists of names, each with a sentence. Without the trainer there are none.

use isoloss_formula::nearest;
#[cfg(feature = "lab")]
use isoloss_train::documented::Setting;

use crate::failure::Failure;
use crate::output::{BOLD, RESET};

pub struct List {
    pub name: &'static str,
    pub all: &'static [(&'static str, &'static str)],
    pub shows: Shows,
}

/// What is shown of one of a list.
#[cfg_attr(not(feature = "lab"), allow(dead_code))]
pub enum Shows {
    /// the second of its pair, which is a text and no sentence
    Whole,
    /// its sentence, and what stands in an experiment for it
    Name(fn(&str) -> String),
    /// the same, and its settings
    #[cfg(feature = "lab")]
    Settings(fn(&str) -> String, fn(&str) -> Option<Vec<Setting>>),
}

#[cfg(feature = "lab")]
pub const LISTS: &[List] = {
    use isoloss_train::{corpora, measures, memory::retrievers, mixers, models, recipes, schedules};
    const fn list(name: &'static str, all: &'static [(&'static str, &'static str)], shows: Shows) -> List {
        List { name, all, shows }
    }
    &[
        list("corpora", corpora::ALL, Shows::Settings(|name| kind("corpus", name), corpora::settings)),
        list("models", models::ALL, Shows::Settings(|name| kind("model", name), models::settings)),
        list("mixers", mixers::ALL, Shows::Settings(of_mixer, mixers::settings)),
        list("measures", measures::ALL, Shows::Name(|name| format!("[evaluation]\nmeasures = [\"{name}\"]\n"))),
        list("retrievers", retrievers::ALL, Shows::Name(|name| format!("[model.memory]\nretriever = \"{name}\"\n"))),
        list("recipes", recipes::ALL, Shows::Settings(|name| kind("recipe", name), recipes::settings)),
        list("schedules", schedules::ALL, Shows::Name(|name| format!("[recipe]\nschedule = \"{name}\"\n"))),
        list("experiments", isoloss::experiment::BUILT_IN, Shows::Whole),
    ]
};
#[cfg(not(feature = "lab"))]
pub const LISTS: &[List] = &[];

/// The list of that name, or of one of what is in it: `recipe`, `corpus`.
pub fn find(name: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| {
        list.name == name || list.name.strip_suffix('s') == Some(name) || (list.name, name) == ("corpora", "corpus")
    })
}

/// How a kind is chosen.
#[cfg(feature = "lab")]
fn kind(table: &str, name: &str) -> String {
    format!("[{table}]\nkind = \"{name}\"\n")
}

#[cfg(feature = "lab")]
fn of_mixer(name: &str) -> String {
    format!("[model]\nkind = \"hybrid\"\npattern = [\"{name}\"]\n\n[model.mixers.{name}]\n")
}

/// Settings as they stand in a table, each with what it may be and means.
#[cfg(feature = "lab")]
fn told(settings: &[Setting], apart: &str) -> String {
    let mut text = String::new();
    for Setting { name, kind, default, says, inside } in settings {
        let given = default.as_ref().map_or("to be given".to_owned(), |default| format!("default {default}"));
        text.push_str(&format!("{apart}{BOLD}{name}{RESET}: {kind}; {given}\n{apart}    {says}\n"));
        text.push_str(&told(inside, &format!("{apart}    ")));
    }
    text
}

impl List {
    /// A line for every entry.
    pub fn text(&self) -> String {
        let one = |(name, says): &(&str, &str)| match self.shows {
            // The first line of an experiment is its question.
            Shows::Whole => format!("{BOLD}{name}{RESET}: {}\n", question(says)),
            _ => format!("{BOLD}{name}{RESET}: {says}\n"),
        };
        self.all.iter().map(one).collect()
    }

    /// All entries, or the one of that name.
    pub fn of(&self, name: Option<&str>) -> Result<String, Failure> {
        let Some(name) = name else { return Ok(self.text()) };
        let Some((name, says)) = self.all.iter().find(|(known, _)| *known == name) else {
            let all: Vec<&str> = self.all.iter().map(|(name, _)| *name).collect();
            let what = format_args!("list {} {name}: there is none of that name", self.name);
            return Err(match nearest(name, all.iter().copied()).first() {
                Some(near) => Failure::usage(what, format_args!("did you mean {near}?")),
                None => Failure::usage(what, format_args!("they are {}", all.join(", "))),
            });
        };
        let line = format!("{BOLD}{name}{RESET}: {says}\n\n");
        Ok(match self.shows {
            Shows::Whole => (*says).to_owned(),
            Shows::Name(written) => line + &written(name),
            #[cfg(feature = "lab")]
            Shows::Settings(written, settings) => {
                line + &written(name) + &told(&settings(name).unwrap_or_default(), "")
            }
        })
    }
}

fn question(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("question = \""));
    line.map_or("", |line| line.trim_end_matches('"'))
}
