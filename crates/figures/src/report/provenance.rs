//! Where everything came from: what someone needs who wants the same numbers again.

use isoloss_laws::Fit;

use super::quantity::{count, percent};
use super::section::{Block, Section};

impl Section {
    /// Sources (`runs.csv`, with a hash if the caller has one), what is known of how a fit was made, and more facts of
    /// the caller's, such as the law's file or the command.
    pub fn provenance<'a>(
        sources: impl IntoIterator<Item = &'a str>,
        fit: Option<&Fit>,
        more: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Self {
        let mut facts: Vec<(String, String)> =
            sources.into_iter().map(|s| ("source".to_owned(), s.to_owned())).collect();
        facts.extend(fit.into_iter().flat_map(of));
        facts.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let mut section = Self::new("Provenance").with(Block::Facts(facts));
        if let Some(fit) = fit.filter(|f| !f.notes.is_empty()) {
            section.blocks.push(Block::List(fit.notes.clone()));
        }
        section
    }
}

fn of(fit: &Fit) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    fact("law", format!("{}: {}", fit.law.name, fit.law.formula));
    if !fit.law.paper.is_empty() {
        fact("paper", fit.law.paper.clone());
    }
    if fit.rows > 0 {
        fact("rows", format!("{}, hash {:016x}", count(fit.rows, "row"), fit.row_hash));
        fact("objective", fit.objective.name.clone());
        fact("intervals", format!("{} %, {}, {}", percent(fit.level), count(fit.draws.len(), "draw"), fit.method));
        fact("seed", fit.seed.to_string());
    }
    for (column, convention) in &fit.conventions {
        fact("convention", format!("{column}: {convention}"));
    }
    for (column, unit) in &fit.units {
        fact("unit", format!("{column} in {unit}"));
    }
    facts
}
