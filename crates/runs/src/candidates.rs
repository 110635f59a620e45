//! Columns that may be meant for a role: how well their names fit, and what is asked where that does not decide.

use isoloss_formula::{Column, Quantity, Table, name_in_expression, unit_of_header};

use crate::error::{listed, quoted};
use crate::guess::{Ambiguity, Choice, map_flag};
use crate::names::{Role, apart, is_perplexity, listed as listed_at, mentions_loss, normalised};
use crate::scales::hidden;

/// A column that may be meant for a role.
pub(crate) struct Found<'a> {
    /// lower is better
    pub(crate) strength: u8,
    pub(crate) column: &'a Column,
    /// the scale that its name seems to hold
    pub(crate) factor: Option<String>,
}

impl Found<'_> {
    /// The flag that makes it the role's column, multiplied by its scale.
    fn flag(&self, role: &Role) -> String {
        match &self.factor {
            None => map_flag(role.letter, &self.column.name),
            Some(factor) => map_flag(role.letter, &format!("{}*{factor}", name_in_expression(&self.column.name))),
        }
    }
}

pub(crate) fn find<'a>(role: &Role, column: &'a Column, table: &Table) -> Option<Found<'a>> {
    // A loss is a number of nats or bits, never a count in millions.
    if role.letter != "L" && column.as_numbers().is_some() {
        let scales = hidden(&column.name);
        if let Some((strength, factor)) = scales.into_iter().find_map(|h| Some((listed_at(role, &h.bare)?, h.factor))) {
            return Some(Found { strength, column, factor: Some(factor) });
        }
    }
    Some(Found { strength: strength(role, column, table)?, column, factor: None })
}

/// What a person has to choose from: the equals, and where they hide scales the best that does not.
pub(crate) fn ambiguity(role: &Role, found: &[Found], equal: usize) -> Ambiguity {
    let (mut candidates, mut flags) = (Vec::new(), Vec::new());
    for f in &found[..equal] {
        candidates.push(f.column.name.clone());
        flags.push(f.flag(role));
        let Some(factor) = &f.factor else { continue };
        let at = flags.len();
        let plain = map_flag(role.letter, &f.column.name);
        // Numbers as large as the scale itself are hardly in units of it.
        let scale: f64 = factor.parse().unwrap_or(f64::INFINITY);
        let large = f.column.as_numbers().is_some_and(|n| n.values.iter().all(|v| v.is_nan() || *v >= scale));
        flags.insert(if large { at - 1 } else { at }, plain);
    }
    if found[0].factor.is_some()
        && let Some(plain) = found.iter().find(|f| f.factor.is_none())
    {
        candidates.push(plain.column.name.clone());
        flags.push(plain.flag(role));
    }
    let (letter, means) = (role.letter, role.means);
    let says = match &found[0].factor {
        Some(factor) if equal == 1 => {
            let name = quoted(&found[0].column.name);
            format!("{letter} ({means}) may be column {name}, whose name hints at units of {factor}")
        }
        _ => format!("{letter} ({means}) may be any of {equal} columns"),
    };
    Ambiguity { candidates, flags, says }
}

/// The first of what was found; the others stand beside it.
pub(crate) fn choice(role: &Role, found: &[Found]) -> Choice {
    let (first, weaker) = (&found[0], &found[1..]);
    let others: Vec<String> = weaker.iter().map(|f| f.column.name.clone()).collect();
    let mut says = format!("{} ({}) is column {}", role.letter, role.means, quoted(&first.column.name));
    if let Some(beside) = weaker.first() {
        let others: Vec<String> = others.iter().map(|o| quoted(o)).collect();
        says.push_str(&format!("; {} stands beside it ({})", listed(&others, 3), beside.flag(role)));
    }
    let says = (first.column.name != role.letter || !others.is_empty()).then_some(says);
    Choice { column: first.column.name.clone(), strength: first.strength, others, says }
}

/// How well a header names the role; lower is better.
fn strength(role: &Role, column: &Column, table: &Table) -> Option<u8> {
    let (bare, unit) = unit_of_header(&column.name);
    // The law's own letter beats every name, but only where it is written as in the law: `N` beside `n`.
    if bare == role.letter {
        return Some(0);
    }
    let (plain, words) = (normalised(bare), normalised(&apart(bare)));
    if bare.eq_ignore_ascii_case(role.letter) && table.column(role.letter).is_some() {
        return None;
    }
    if is_perplexity(&plain) || is_perplexity(&words) {
        return None;
    }
    if let Some(strength) = listed_at(role, &plain).or_else(|| listed_at(role, &words)) {
        return Some(strength);
    }
    let last = 1 + 3 * role.names.len() as u8;
    if role.letter == "L" && (mentions_loss(&plain) || mentions_loss(&words)) {
        // A held-out loss of a kind unknown here is still better than a training loss.
        return Some(last - 4);
    }
    let measures = match unit?.quantity {
        Quantity::Params => "N",
        Quantity::Tokens => "D",
        Quantity::Flops => "C",
        Quantity::Nats => "L",
        Quantity::Bits | Quantity::Unnamed => return None,
    };
    (measures == role.letter).then_some(last)
}
