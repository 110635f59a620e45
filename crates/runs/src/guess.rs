//! Which column is what, by the names people give.
//!
//! A guess is always said, and refused where two names are equally good: a silent wrong column is worse than a question.

use std::collections::BTreeMap;

use isoloss_formula::{Column, Quantity, Table, unit_of_header};

use crate::error::{listed, quoted};
use crate::names::{PREFIXES, ROLES, Role, is_perplexity, mentions_loss, normalised};

/// The column found for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// its header
    pub column: String,
    /// 0 is a name that can mean nothing else; higher is weaker
    pub strength: u8,
    /// weaker candidates, the strongest first
    pub others: Vec<String>,
}

/// A role for which several columns are equally good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    /// the equally good headers, in the order of the table
    pub candidates: Vec<String>,
    /// the flag that names each, ready to type
    pub flags: Vec<String>,
}

/// What the columns of a table seem to be: roles are `N`, `D`, `C` and `L`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guess {
    /// what was found
    pub columns: BTreeMap<&'static str, Choice>,
    /// what was not, because too much was found
    pub ambiguous: BTreeMap<&'static str, Ambiguity>,
    /// headers that name a perplexity, where no loss was found
    pub perplexities: Vec<String>,
    /// the guess in words, one sentence each
    pub says: Vec<String>,
}

impl Guess {
    /// The choices as maps, `(NEW, EXPR)`, for [`crate::Prepare::map`]; columns already so named are left out.
    pub fn maps(&self) -> Vec<(String, String)> {
        let wanted = self.columns.iter().filter(|(role, choice)| choice.column != **role);
        wanted.map(|(role, choice)| (role.to_string(), choice.column.clone())).collect()
    }
}

/// Guesses from the headers, and from the units they declare.
pub fn guess(table: &Table) -> Guess {
    let mut guess = Guess::default();
    for role in &ROLES {
        let mut found: Vec<(u8, &Column)> =
            table.columns().iter().filter_map(|c| Some((strength(role, c, table)?, c))).collect();
        // Words cannot be a quantity while a column of numbers can.
        if found.iter().any(|(_, c)| c.as_numbers().is_some()) {
            found.retain(|(_, c)| c.as_numbers().is_some());
        }
        found.sort_by_key(|(strength, _)| *strength);
        let Some(&(best, column)) = found.first() else { continue };
        let names = |from: &[(u8, &Column)]| from.iter().map(|(_, c)| c.name.clone()).collect::<Vec<_>>();
        let equal = found.iter().take_while(|(s, _)| *s == best).count();
        if equal > 1 {
            let candidates = names(&found[..equal]);
            let flags: Vec<String> = candidates.iter().map(|c| map_flag(role.letter, c)).collect();
            guess.says.push(format!(
                "{} ({}) may be any of {equal} columns: {}",
                role.letter,
                role.means,
                listed(&flags, 4)
            ));
            guess.ambiguous.insert(role.letter, Ambiguity { candidates, flags });
        } else {
            let choice = Choice { column: column.name.clone(), strength: best, others: names(&found[1..]) };
            if choice.column != role.letter || !choice.others.is_empty() {
                guess.says.push(in_words(role, &choice));
            }
            guess.columns.insert(role.letter, choice);
        }
    }
    perplexities(table, &mut guess);
    guess
}

fn in_words(role: &Role, choice: &Choice) -> String {
    let mut text = format!("{} ({}) is column {}", role.letter, role.means, quoted(&choice.column));
    if !choice.others.is_empty() {
        let others: Vec<String> = choice.others.iter().map(|o| quoted(o)).collect();
        text.push_str(&format!(
            "; {} stands beside it ({})",
            listed(&others, 3),
            map_flag(role.letter, &choice.others[0])
        ));
    }
    text
}

/// The flag that names a column for a role, ready for a shell.
pub fn map_flag(role: &str, column: &str) -> String {
    let pair = format!("{role}={column}");
    if pair.contains(['"', '$', '`', '\\', '!']) {
        format!("--map '{}'", pair.replace('\'', r"'\''"))
    } else {
        format!("--map \"{pair}\"")
    }
}

/// How well a header names the role; lower is better.
fn strength(role: &Role, column: &Column, table: &Table) -> Option<u8> {
    let (bare, unit) = unit_of_header(&column.name);
    // The law's own letter beats every name, but only where it is written as in the law: `N` beside `n`.
    if bare == role.letter {
        return Some(0);
    }
    let mut plain = normalised(bare);
    if bare.eq_ignore_ascii_case(role.letter) && table.column(role.letter).is_some() {
        return None;
    }
    if is_perplexity(&plain) {
        return None;
    }
    let listed_at = |plain: &str| role.names.iter().position(|names| names.contains(&plain));
    // Three steps a list: named so, named so behind a tracker's prefix, and what is known by its unit.
    if let Some(at) = listed_at(&plain) {
        return Some(1 + 3 * at as u8);
    }
    while let Some(rest) = PREFIXES.iter().find_map(|p| plain.strip_prefix(p)) {
        if let Some(at) = listed_at(rest) {
            return Some(2 + 3 * at as u8);
        }
        plain = rest.to_owned();
    }
    let last = 1 + 3 * role.names.len() as u8;
    if role.letter == "L" && mentions_loss(&plain) {
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

fn perplexities(table: &Table, guess: &mut Guess) {
    if guess.columns.contains_key("L") || guess.ambiguous.contains_key("L") {
        return;
    }
    let found = table.columns().iter().filter(|c| is_perplexity(&normalised(&c.name)));
    guess.perplexities = found.map(|c| c.name.clone()).collect();
    if let Some(name) = guess.perplexities.first() {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let expression = if plain { format!("ln({name})") } else { format!("ln(`{name}`)") };
        let flag = map_flag("L", &expression);
        guess.says.push(format!("{} is a perplexity, not a loss: {flag} makes it one", quoted(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(headers: &[&str]) -> Table {
        Table::new("x", headers.iter().map(|h| Column::numbers(*h, vec![1.0])).collect(), vec![2])
    }

    fn found(headers: &[&str]) -> String {
        let guess = guess(&table(headers));
        let all: Vec<String> = guess.columns.iter().map(|(r, c)| format!("{r}={}", c.column)).collect();
        all.join(" ")
    }

    #[test]
    fn tables_of_strangers() {
        let cases: &[(&[&str], &str)] = &[
            (&["N", "D", "loss"], "D=D L=loss N=N"),
            (&["n", "d", "l"], "D=d L=l N=n"),
            (&["n", "N", "D", "L"], "D=D L=L N=N"),
            (&["x", "y", "Model Size", "Training FLOP", "loss"], "C=Training FLOP L=loss N=Model Size"),
            (&["name", "params", "tokens", "unique_tokens", "val_loss"], "D=tokens L=val_loss N=params"),
            (&["params", "params_no_embed", "tokens", "loss_c4", "loss_lower_95_c4"], "D=tokens L=loss_c4 N=params"),
            (&["n_params", "train/loss", "val/loss", "tokens"], "D=tokens L=val/loss N=n_params"),
            (
                &["metrics.tokens", "metrics.val_loss", "params.n_params"],
                "D=metrics.tokens L=metrics.val_loss N=params.n_params",
            ),
            (
                &["Model Size (B)", "Pretraining Data Size (T)", "FLOPs (1E21)"],
                "C=FLOPs (1E21) D=Pretraining Data Size (T) N=Model Size (B)",
            ),
            (
                &["model_size__n", "dataset_size__d", "test_loss__ce"],
                "D=dataset_size__d L=test_loss__ce N=model_size__n",
            ),
            (&["flops_budget", "final/val_loss", "size"], "C=flops_budget L=final/val_loss N=size"),
            (&["flops", "val_bpb", "train_loss"], "C=flops L=val_bpb"),
            (&["flops_per_step", "d_model", "n_layer", "train_loss"], "L=train_loss"),
            (&["log_perplexity"], ""),
        ];
        for (headers, expected) in cases {
            assert_eq!(found(headers), *expected, "{headers:?}");
        }
    }

    #[test]
    fn equals_are_refused_with_flags() {
        let g = guess(&table(&["params", "n_params", "test/loss", "val loss"]));
        assert!(g.columns.is_empty());
        assert_eq!(g.ambiguous["N"].flags, ["--map \"N=params\"", "--map \"N=n_params\""]);
        assert_eq!(g.ambiguous["L"].candidates, ["test/loss", "val loss"]);
        assert!(g.says[0].contains("any of 2 columns"), "{:?}", g.says);
    }

    #[test]
    fn perplexity_is_noticed_and_words_give_way() {
        let g = guess(&table(&["N", "val/ppl"]));
        assert_eq!(g.perplexities, ["val/ppl"]);
        assert!(g.says[0].contains("--map 'L=ln(`val/ppl`)'"), "{:?}", g.says);
        let mut t = table(&["tokens"]);
        t.push(Column::words("model_size", vec!["small".into()]));
        t.push(Column::numbers("size", vec![1e6]));
        assert_eq!(guess(&t).columns["N"].column, "size");
    }

    #[test]
    fn a_choice_names_what_stands_beside_it() {
        let g = guess(&table(&["N", "D", "loss", "val_loss"]));
        assert_eq!(g.columns["L"].others, ["val_loss"]);
        assert_eq!(g.says, ["L (loss) is column `loss`; `val_loss` stands beside it (--map \"L=val_loss\")"]);
        assert_eq!(g.maps(), [("L".to_owned(), "loss".to_owned())]);
    }
}
