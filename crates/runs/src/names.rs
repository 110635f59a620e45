//! The names people give to the four columns of a scaling law.

/// What a column is to a law.
pub(crate) struct Role {
    /// the name in formulas
    pub(crate) letter: &'static str,
    /// in words
    pub(crate) means: &'static str,
    /// lists of normalised names, the strongest first; names of one list are equally good
    pub(crate) names: &'static [&'static [&'static str]],
}

/// N, D, C and L, in that order.
pub(crate) const ROLES: [Role; 4] = [
    Role {
        letter: "N",
        means: "parameters",
        names: &[
            &[
                "n",
                "params",
                "n_params",
                "num_params",
                "nparams",
                "parameters",
                "n_parameters",
                "num_parameters",
                "number_of_parameters",
                "param_count",
                "params_count",
                "parameter_count",
                "model_params",
                "model_parameters",
                "model_size",
                "model_size_n",
            ],
            &[
                "total_params",
                "params_total",
                "n_params_total",
                "num_total_params",
                "total_parameters",
                "total_parameter_count",
                "parameters_total",
                "stored_params",
                "params_stored",
                "stored",
            ],
            &[
                "params_no_embed",
                "params_non_embedding",
                "non_embedding_params",
                "non_embedding_parameters",
                "nonembedding_params",
                "n_params_non_embedding",
                "num_non_embedding_params",
                "non_embedding",
                "non_vocab_parameters",
                "active_params",
                "params_active",
                "active_parameters",
                "dense_parameter_count",
            ],
            &["size", "n_total", "model_size_params"],
        ],
    },
    Role {
        letter: "D",
        means: "training tokens",
        names: &[
            &[
                "d",
                "tokens",
                "n_tokens",
                "num_tokens",
                "ntokens",
                "token_count",
                "train_tokens",
                "training_tokens",
                "n_train_tokens",
                "num_train_tokens",
                "num_training_tokens",
                "tokens_trained",
                "tokens_seen",
                "total_tokens",
                "tokens_total",
                "tokens_count",
                "number_of_tokens",
            ],
            &["seen_tokens", "consumed_tokens", "tokens_consumed", "tokens_processed", "train_tokens_seen"],
            &[
                "data_size",
                "dataset_size",
                "dataset_size_d",
                "training_data_size",
                "train_data_size",
                "data_tokens",
                "dataset_tokens",
                "pretraining_data_size",
                "pretraining_tokens",
                "train_size",
                "training_set_size",
            ],
        ],
    },
    Role {
        letter: "C",
        means: "compute in FLOPs",
        names: &[
            &[
                "c",
                "flops",
                "flop",
                "total_flops",
                "flops_total",
                "total_flop",
                "training_flop",
                "training_flops",
                "train_flops",
                "train_flop",
                "n_flops",
                "num_flops",
                "compute",
                "compute_flops",
                "compute_flop",
                "training_compute",
                "train_compute",
                "total_compute",
            ],
            &["flops_counted", "flops_6nd", "training_compute_flop", "training_compute_flops"],
            &["flops_budget", "flop_budget", "budget_flops", "compute_budget", "budget"],
        ],
    },
    Role {
        letter: "L",
        means: "loss",
        names: &[
            &["loss"],
            &[
                "l",
                "final_loss",
                "val_loss",
                "valid_loss",
                "validation_loss",
                "eval_loss",
                "test_loss",
                "loss_val",
                "loss_valid",
                "loss_validation",
                "loss_eval",
                "loss_test",
                "final_val_loss",
                "final_eval_loss",
                "final_validation_loss",
                "final_test_loss",
                "test_loss_ce",
                "val_loss_ce",
                "cross_entropy",
                "ce_loss",
                "eval_cross_entropy",
                "val_ce",
                "nll",
            ],
            &["val_bpb", "bpb", "bits_per_byte", "eval_bpb", "test_bpb"],
            &["train_loss", "training_loss", "loss_train", "final_train_loss"],
        ],
    },
];

/// Prefixes that trackers put before the names of their users.
pub(crate) const PREFIXES: [&str; 9] =
    ["params_", "metrics_", "config_", "summary_", "summary_metrics_", "hparams_", "result_", "counts_", "final_"];

/// A normalised name with the short forms of its words written out: `train_tok`, `nb_params`, `ntok`.
fn written_out(plain: &str) -> String {
    let words = plain.split('_').enumerate().map(|(at, word)| match word {
        "tok" | "toks" => "tokens",
        "ntok" | "ntoks" => "ntokens",
        "param" => "params",
        "nparam" => "nparams",
        // `no_embed` is without embeddings; only in front is it a number.
        "nb" | "nr" | "no" if at == 0 => "n",
        word => word,
    });
    words.collect::<Vec<_>>().join("_")
}

/// How well a normalised name fits the lists of a role, a tracker's prefix or none before it; lower is better.
pub(crate) fn listed(role: &Role, plain: &str) -> Option<u8> {
    let at = |plain: &str| {
        let full = written_out(plain);
        role.names.iter().position(|names| names.contains(&plain) || names.contains(&full.as_str()))
    };
    // Three steps a list: named so, named so behind a prefix, and what is known by its unit.
    if let Some(at) = at(plain) {
        return Some(1 + 3 * at as u8);
    }
    let mut rest = plain;
    while let Some(shorter) = PREFIXES.iter().find_map(|p| rest.strip_prefix(p)) {
        if let Some(at) = at(shorter) {
            return Some(2 + 3 * at as u8);
        }
        rest = shorter;
    }
    None
}

/// Letters and digits in lower case, anything else one underscore, none at the ends.
pub(crate) fn normalised(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.truncate(plain.trim_end_matches('_').len());
    plain
}

/// `paramsM` and `modelSizeB` with their words held apart.
pub(crate) fn apart(header: &str) -> String {
    let mut text = String::with_capacity(header.len() + 4);
    let mut lower = false;
    for c in header.chars() {
        if lower && c.is_uppercase() {
            text.push('_');
        }
        lower = c.is_lowercase();
        text.push(c);
    }
    text
}

/// A perplexity: the exponential of a loss.
pub(crate) fn is_perplexity(plain: &str) -> bool {
    plain.split('_').any(|w| matches!(w, "ppl" | "perplexity" | "perplexities"))
        // `log_perplexity` is a loss by another name.
        && !plain.split('_').any(|w| matches!(w, "log" | "ln"))
}

/// A loss by its name, on a set or of a kind that no list above knows: `loss_c4_val`, `unigram_normalized_loss`.
pub(crate) fn mentions_loss(plain: &str) -> bool {
    let strange =
        ["lower", "upper", "se", "std", "stderr", "err", "error", "sem", "var", "min", "max", "train", "training"];
    (plain.starts_with("loss_") || plain.ends_with("_loss")) && !plain.split('_').any(|w| strange.contains(&w))
}
