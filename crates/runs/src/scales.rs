//! Scales that names hide: `params_millions`, `tokens_b`, `flops_e18`. None is believed and none is overlooked.
//!
//! A unit in brackets is a declaration and is honoured; the end of a name may be one, and a person is asked.

use isoloss_formula::{Quantity, parse_number, unit_of_header};

use crate::names::{PREFIXES, ROLES, apart, listed, normalised};

/// What a header may be without the scale its name seems to hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hidden {
    /// normalised, without the scale
    pub(crate) bare: String,
    /// as written in an expression: `1e6`
    pub(crate) factor: String,
}

/// All readings of a header as a name and a scale; most headers have none.
pub(crate) fn hidden(header: &str) -> Vec<Hidden> {
    if unit_of_header(header).1.is_some_and(|unit| unit.scale != 1.0) {
        return Vec::new();
    }
    let plain = normalised(&apart(header));
    let words: Vec<&str> = plain.split('_').collect();
    let mut found = Vec::new();
    let mut add = |rest: &[&str], word: &str, factor: String| {
        let bare = rest.join("_");
        // `d_k` and `n_b` are what they are; `N_B` and `d_bn` are counts.
        let letter = bare.len() == 1 && word.len() == 1 && !header.starts_with(char::is_uppercase);
        if bare.is_empty() || letter {
            return;
        }
        if word.len() > 3 {
            // `model_millions` is the size of a model.
            found.push(Hidden { bare: format!("{bare}_size"), factor: factor.clone() });
        }
        found.push(Hidden { bare, factor });
    };
    if let [rest @ .., last] = &words[..]
        && let Some(factor) = scale(last)
    {
        let rest = rest.strip_suffix(&["in"]).unwrap_or(rest);
        add(rest, last, factor);
    }
    if let [rest @ .., "10", power] = &words[..]
        && let Some(factor) = scale(&format!("e{power}"))
    {
        add(rest, "e10", factor);
    }
    // Letters in front are too often something else: `b_size` is that of a batch, `b_tokens` are billions.
    if let [first, rest @ ..] = &words[..]
        && let Some(factor) =
            scale(first).filter(|_| first.len() > 1 || joined(&format!("{first}{}", rest.concat())).is_some())
    {
        let rest = rest.strip_prefix(&["of"]).unwrap_or(rest);
        add(rest, first, factor);
    }
    // `train_Gtokens`, and `D_Gtok`, which is D without the noun.
    for (at, word) in words.iter().enumerate() {
        if let Some((noun, factor)) = joined(word) {
            let mut rest = words.clone();
            rest[at] = noun;
            add(&rest, word, factor.clone());
            rest.remove(at);
            add(&rest, word, factor);
        }
    }
    found.extend(compute(header));
    found
}

/// `compute_pf_days`, `total_EFLOPs`, `train_eflops`: written with spaces they would be declarations.
///
/// Small letters are read where they can be no rate: machines make `tflops` and `pflops` in a second.
fn compute(header: &str) -> Option<Hidden> {
    let spaced = header.replace(['_', '-', '.', '/'], " ");
    let large = |word: &str| match word.to_lowercase().as_str() {
        "eflop" | "eflops" | "exaflop" | "exaflops" => "EFLOPs".to_owned(),
        "zflop" | "zflops" | "zettaflop" | "zettaflops" => "ZFLOPs".to_owned(),
        _ => word.to_owned(),
    };
    let spaced = spaced.split(' ').map(large).collect::<Vec<_>>().join(" ");
    let (rest, unit) = unit_of_header(&spaced);
    let unit = unit.filter(|u| u.quantity == Quantity::Flops && u.scale != 1.0)?;
    let rest = normalised(rest);
    let names = [rest.clone(), format!("{rest}_flops"), "flops".into()];
    let only_unit = rest.is_empty() || PREFIXES.contains(&format!("{rest}_").as_str()) || rest == normalised(&spaced);
    let known = names[..2].iter().position(|name| listed(&ROLES[2], name).is_some());
    let at = known.or(only_unit.then_some(2))?;
    Some(Hidden { bare: names[at].clone(), factor: format!("{:e}", unit.scale) })
}

/// `Mparams`, `gtok`: a scale and what is counted in one word.
fn joined(word: &str) -> Option<(&'static str, String)> {
    const NOUNS: [(&str, &str); 8] = [
        ("parameters", "parameters"),
        ("parameter", "parameters"),
        ("params", "params"),
        ("param", "params"),
        ("tokens", "tokens"),
        ("token", "tokens"),
        ("toks", "tokens"),
        ("tok", "tokens"),
    ];
    let (letter, noun) = NOUNS.iter().find_map(|(end, noun)| Some((word.strip_suffix(end)?, *noun)))?;
    matches!(letter, "k" | "m" | "b" | "g" | "t").then(|| scale(letter)).flatten().map(|factor| (noun, factor))
}

fn scale(word: &str) -> Option<String> {
    let power = match word.to_lowercase().as_str() {
        "k" | "thousand" | "thousands" => 3,
        "m" | "mn" | "mln" | "mil" | "mio" | "million" | "millions" => 6,
        "b" | "g" | "bn" | "bln" | "billion" | "billions" => 9,
        "t" | "tn" | "trillion" | "trillions" => 12,
        lower => {
            let digits = lower.trim_start_matches('x');
            let digits = digits.strip_prefix("1e").or_else(|| digits.strip_prefix('e'))?;
            digits.parse().ok().filter(|power| (3..=24).contains(power))?
        }
    };
    Some(format!("1e{power}"))
}

/// A header that names N, D or C, with or without a unit, or the scale of some count.
pub(crate) fn names_a_count(header: &str) -> bool {
    let (bare, unit) = unit_of_header(header);
    let counts = |plain: &str| ROLES[..3].iter().any(|role| listed(role, plain).is_some());
    unit.is_some_and(|u| match u.quantity {
        Quantity::Params | Quantity::Tokens | Quantity::Flops => true,
        Quantity::Unnamed => u.scale != 1.0,
        Quantity::Nats | Quantity::Bits => false,
    }) || counts(&normalised(bare))
        || hidden(header).iter().any(|h| counts(&h.bare))
}

/// The number that a cell of counts writes with any suffix: `10m`, `0.05bn`, `2.5 b`; elsewhere `10m` may be minutes.
pub(crate) fn count_with_suffix(cell: &str) -> Option<f64> {
    let body = cell.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = match cell[body.len()..].to_ascii_lowercase().as_str() {
        "k" => "K",
        "m" | "mn" => "M",
        "b" | "bn" => "B",
        "t" | "tn" => "T",
        _ => return None,
    };
    parse_number(&format!("{}{suffix}", body.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_at_the_ends_of_names() {
        for (header, bare, factor) in [
            ("params_millions", "params", "1e6"),
            ("params_M", "params", "1e6"),
            ("paramsM", "params", "1e6"),
            ("params (m)", "params", "1e6"),
            ("params_in_millions", "params", "1e6"),
            ("Mparams", "params", "1e6"),
            ("model_size_b", "model_size", "1e9"),
            ("modelSizeB", "model_size", "1e9"),
            ("model_millions", "model_size", "1e6"),
            ("tokens_b", "tokens", "1e9"),
            ("tokens_billion", "tokens", "1e9"),
            ("billions_of_tokens", "tokens", "1e9"),
            ("train_tokens_bn", "train_tokens", "1e9"),
            ("tokens_10^9", "tokens", "1e9"),
            ("flops_e18", "flops", "1e18"),
            ("flops_1e18", "flops", "1e18"),
            ("flops_x1e21", "flops", "1e21"),
            ("N_M", "n", "1e6"),
            ("n_millions", "n", "1e6"),
            ("compute_pf_days", "compute", "8.64e19"),
            ("pf_days", "flops", "8.64e19"),
            ("total_EFLOPs", "total_flops", "1e18"),
            ("train_eflops", "train_flops", "1e18"),
            ("exaflops", "flops", "1e18"),
            ("total_ZFLOP", "total_flops", "1e21"),
            ("Gtok", "tokens", "1e9"),
            ("Mtok", "tokens", "1e6"),
            ("tok_B", "tok", "1e9"),
            ("train_Gtokens", "train_tokens", "1e9"),
            ("train Gtok", "train_tokens", "1e9"),
            ("D_Gtok", "d", "1e9"),
            ("size_Mparams", "size", "1e6"),
            ("b_tokens", "tokens", "1e9"),
            ("M_params", "params", "1e6"),
            ("size_m", "size", "1e6"),
        ] {
            let found = hidden(header);
            assert!(found.iter().any(|h| h.bare == bare && h.factor == factor), "{header}: {found:?}");
        }
    }

    #[test]
    fn a_declared_scale_is_not_hidden_and_a_letter_is_a_letter() {
        for header in
            ["N (millions)", "Model Size (B)", "B tokens", "n_params", "d_k", "n_b", "loss", "m", "", "_", "e5"]
        {
            assert_eq!(hidden(header), [], "{header}");
        }
        for header in [
            "b_size",
            "model_b",
            "lr_e3",
            "top_k",
            "unique_tokens_b",
            "size_gb",
            "time_m",
            "tflops",
            "pflops",
            "mtok_per_s",
        ] {
            assert!(!names_a_count(header), "{header}");
        }
        assert!(names_a_count("tokens_b") && names_a_count("D (B tokens)") && names_a_count("params.n_params"));
    }

    #[test]
    fn suffixes_of_counts() {
        for (cell, value) in
            [("10m", 1e7), ("125M", 125e6), ("0.05bn", 5e7), ("2.5 b", 2.5e9), ("1t", 1e12), ("3k", 3e3)]
        {
            assert_eq!(count_with_suffix(cell), Some(value), "{cell}");
        }
        for cell in ["m", "10", "10mb", "10 min", "ten m", "1e6", "nan", "infb", "", "10mm"] {
            assert_eq!(count_with_suffix(cell), None, "{cell}");
        }
    }
}
