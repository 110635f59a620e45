//! Which column is what, by the names people give.
//!
//! A guess is always said, and refused where two names are equally good: a silent wrong column is worse than a question.

use std::collections::BTreeMap;

use isoloss_formula::{Table, in_shell};

use crate::candidates::{Found, ambiguity, choice, find};
use crate::names::{ROLES, is_perplexity, normalised};

/// The column found for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// its header
    pub column: String,
    /// 0 is a name that can mean nothing else; higher is weaker
    pub strength: u8,
    /// weaker candidates, the strongest first
    pub others: Vec<String>,
    /// the choice in words, where there is more to say than that the header is the role's letter
    pub says: Option<String>,
}

/// A role for which several columns are equally good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    /// the equally good headers, in the order of the table
    pub candidates: Vec<String>,
    /// the flag that names each, ready to type
    pub flags: Vec<String>,
    /// the question in words; the flags are its answers
    pub says: String,
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
        let mut found: Vec<Found> = table.columns().iter().filter_map(|c| find(role, c, table)).collect();
        // Words cannot be a quantity while a column of numbers can.
        if found.iter().any(|f| f.column.as_numbers().is_some()) {
            found.retain(|f| f.column.as_numbers().is_some());
        }
        // A name that is plain beats one that is as good and hides a scale.
        found.sort_by_key(|f| (f.strength, f.factor.is_some()));
        let Some(first) = found.first() else { continue };
        let same = |f: &&Found| (f.strength, f.factor.is_some()) == (first.strength, first.factor.is_some());
        let equal = found.iter().take_while(same).count();
        if equal > 1 || first.factor.is_some() {
            guess.ambiguous.insert(role.letter, ambiguity(role, &found, equal));
        } else {
            guess.columns.insert(role.letter, choice(role, &found));
        }
    }
    perplexities(table, &mut guess);
    guess
}

/// The flag that names a column for a role, ready for a shell.
pub fn map_flag(role: &str, column: &str) -> String {
    format!("--map {}", in_shell(&format!("{role}={column}")))
}

fn perplexities(table: &Table, guess: &mut Guess) {
    if guess.columns.contains_key("L") || guess.ambiguous.contains_key("L") {
        return;
    }
    let found = table.columns().iter().filter(|c| is_perplexity(&normalised(&c.name)));
    guess.perplexities = found.map(|c| c.name.clone()).collect();
}

#[cfg(test)]
mod tests {
    use isoloss_formula::Column;

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
            (&["#params", "#tokens", "valLoss"], "D=#tokens L=valLoss N=#params"),
            (&["nParams", "ntok", "nll"], "D=ntok L=nll N=nParams"),
            (&["nb_params", "train_tok", "EFLOPs"], "C=EFLOPs D=train_tok N=nb_params"),
            (&["params (M)", "data (GT)", "flops (1e18)"], "C=flops (1e18) D=data (GT) N=params (M)"),
            (&["size (Mparams)", "tokens (Gtok)", "PFLOP-days"], "C=PFLOP-days D=tokens (Gtok) N=size (Mparams)"),
            (&["tok_per_s", "ms_per_token", "params_per_s", "log10 tokens", "valPPL"], ""),
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
        assert!(g.ambiguous["N"].says.contains("any of 2 columns"), "{:?}", g.ambiguous);
    }

    #[test]
    fn a_scale_in_a_name_is_asked_about() {
        let flags =
            |headers: &[&str], role: &str| guess(&table(headers)).ambiguous.get(role).map(|a| a.flags.join(" "));
        for (header, role, flag) in [
            ("params_millions", "N", "--map \"N=params_millions*1e6\" --map \"N=params_millions\""),
            ("model_size_b", "N", "--map \"N=model_size_b*1e9\" --map \"N=model_size_b\""),
            ("train_tokens_bn", "D", "--map \"D=train_tokens_bn*1e9\" --map \"D=train_tokens_bn\""),
            ("Gtok", "D", "--map \"D=Gtok*1e9\" --map \"D=Gtok\""),
            ("train_mtok", "D", "--map \"D=train_mtok*1e6\" --map \"D=train_mtok\""),
            ("tok_B", "D", "--map \"D=tok_B*1e9\" --map \"D=tok_B\""),
            ("size_m", "N", "--map \"N=size_m*1e6\" --map \"N=size_m\""),
            ("flops_e18", "C", "--map \"C=flops_e18*1e18\" --map \"C=flops_e18\""),
            ("tokens (b)", "D", "--map 'D=`tokens (b)`*1e9' --map \"D=tokens (b)\""),
        ] {
            assert_eq!(flags(&[header, "loss"], role).as_deref(), Some(flag), "{header}");
        }
        let g = guess(&table(&["params_M", "loss"]));
        let expected = "N (parameters) may be column `params_M`, whose name hints at units of 1e6";
        assert_eq!(g.ambiguous["N"].says, expected);
        // A name that is as good and plain is the one; a weaker one is not.
        assert_eq!(found(&["params", "params_M"]), "N=params");
        let beside = guess(&table(&["params", "params_M"])).columns["N"].says.clone();
        assert!(beside.is_some_and(|says| says.contains("--map \"N=params_M*1e6\"")));
        assert!(flags(&["params_M", "size"], "N").unwrap().ends_with("--map \"N=size\""));
        assert_eq!(found(&["N (millions)", "B tokens"]), "D=B tokens N=N (millions)");
        let large = Table::new("x", vec![Column::numbers("params_m", vec![1.2e8])], vec![2]);
        assert_eq!(guess(&large).ambiguous["N"].flags[0], "--map \"N=params_m\"");
    }

    #[test]
    fn perplexity_is_noticed_and_words_give_way() {
        let g = guess(&table(&["N", "val/ppl"]));
        assert_eq!(g.perplexities, ["val/ppl"]);
        let mut t = table(&["tokens"]);
        t.push(Column::words("model_size", vec!["small".into()]));
        t.push(Column::numbers("size", vec![1e6]));
        assert_eq!(guess(&t).columns["N"].column, "size");
    }

    #[test]
    fn a_choice_names_what_stands_beside_it() {
        let g = guess(&table(&["N", "D", "loss", "val_loss"]));
        assert_eq!(g.columns["L"].others, ["val_loss"]);
        let says = "L (loss) is column `loss`; `val_loss` stands beside it (--map \"L=val_loss\")";
        assert_eq!(g.columns["L"].says.as_deref(), Some(says));
        assert_eq!(g.columns["N"].says, None);
        assert_eq!(g.maps(), [("L".to_owned(), "loss".to_owned())]);
    }
}
