//! Units that headers declare: `Model Size (B)`, `C [PF-days]`, `B tokens`.

use crate::{Quantity, Unit, parse_number};

/// FLOPs in one PFLOP/s for a day.
pub const PF_DAY: f64 = 8.64e19;

/// The name in a header without its unit, and the unit, if the header declares one.
///
/// It does so in brackets at its end (`D (B tokens)`, `FLOPs (1E21)`, `loss [nats]`), or by ending in a phrase that can
/// be nothing else (`B tokens`, `compute PF-days`). A suffix such as `tokens_B` is a guess, and none is made.
///
/// ```
/// let (name, unit) = isoloss_formula::unit_of_header("Model Size (B)");
/// assert_eq!((name, unit.unwrap().scale), ("Model Size", 1e9));
/// ```
pub fn unit_of_header(header: &str) -> (&str, Option<Unit>) {
    let header = header.trim();
    let undeclared = (header, None);
    let Some(open) = opening(header) else {
        return tail(header).unwrap_or(undeclared);
    };
    let bare = header[..open].trim_end();
    let text = header[open + 1..header.len() - 1].trim();
    let Some(phrase) = phrase(text).or_else(|| joined(text, bare)) else { return undeclared };
    // `tokens (B)`: of what, the name says.
    let named = bare.split_whitespace().next_back().and_then(noun);
    let quantity = phrase.quantity.or(named).unwrap_or(Quantity::Unnamed);
    let unit = Unit { text: text.to_owned(), scale: phrase.scale.unwrap_or(1.0), quantity };
    (if bare.is_empty() { phrase.noun.unwrap_or(header) } else { bare }, Some(unit))
}

/// Where the bracket begins that the header ends with.
fn opening(header: &str) -> Option<usize> {
    let open = match header.chars().next_back()? {
        ')' => '(',
        ']' => '[',
        _ => return None,
    };
    header.rfind(open)
}

/// Words that number what they stand before: `model B params` counts the parameters of model B.
const LABELS: [&str; 10] = ["model", "family", "group", "plan", "type", "variant", "option", "set", "run", "arm"];

/// A unit without brackets, at the end of the header; it has to name both a scale and a quantity.
fn tail(header: &str) -> Option<(&str, Option<Unit>)> {
    let starts = header
        .char_indices()
        .filter(|(i, c)| !c.is_whitespace() && (*i == 0 || header[..*i].ends_with(char::is_whitespace)));
    // The longest phrase first.
    for (start, _) in starts {
        let (bare, text) = (header[..start].trim_end(), &header[start..]);
        let Some(Phrase { scale: Some(scale), quantity: Some(quantity), noun }) = phrase(text) else { continue };
        let label = bare.split_whitespace().next_back().is_some_and(|w| LABELS.contains(&w.to_lowercase().as_str()));
        let letter = text.split_whitespace().next().is_some_and(|w| w.len() == 1);
        if label && letter {
            return None;
        }
        let unit = Unit { text: text.to_owned(), scale, quantity };
        return Some((if bare.is_empty() { noun.unwrap_or(header) } else { bare }, Some(unit)));
    }
    None
}

/// What a phrase says of scale and quantity.
#[derive(Default)]
struct Phrase<'a> {
    scale: Option<f64>,
    quantity: Option<Quantity>,
    /// the word that names the quantity
    noun: Option<&'a str>,
}

/// `B`, `1e21`, `tokens`, `billions of tokens`, `M non-embedding params`, `PF-days`; `None` if any word is unknown.
fn phrase(text: &str) -> Option<Phrase<'_>> {
    if let Some((scale, quantity)) = compound(text) {
        return Some(Phrase { scale: Some(scale), quantity: Some(quantity), noun: None });
    }
    let words: Vec<&str> = text.split([' ', '\t', '\n', ',', '\u{a0}']).filter(|w| !w.is_empty()).collect();
    let mut phrase = Phrase::default();
    for word in &words {
        if let Some(quantity) = noun(word) {
            if phrase.quantity.replace(quantity).is_some() {
                return None;
            }
            phrase.noun = Some(word);
        } else if let Some(scale) = scale(word, words.len() > 1) {
            if phrase.scale.replace(scale).is_some() {
                return None;
            }
        } else if !FILLERS.contains(&word.to_lowercase().as_str()) {
            return None;
        }
    }
    (phrase.scale.is_some() || phrase.quantity.is_some()).then_some(phrase)
}

/// In brackets alone: `(Gtok)`, `(Mparams)`; and `(GT)` behind what can be counted in tokens only, as tonnes are no data.
fn joined<'a>(text: &'a str, bare: &str) -> Option<Phrase<'a>> {
    let mut letters = text.char_indices();
    let (_, first) = letters.next()?;
    let word = &text[letters.next()?.0..];
    let data = || bare.split_whitespace().any(|w| matches!(w.to_lowercase().as_str(), "data" | "tokens" | "d"));
    let quantity = match noun(word) {
        Some(quantity @ (Quantity::Params | Quantity::Tokens)) => quantity,
        None if word == "T" && matches!(first, 'M' | 'G' | 'B' | 'T') && data() => Quantity::Tokens,
        _ => return None,
    };
    Some(Phrase { scale: Some(scale(&text[..first.len_utf8()], true)?), quantity: Some(quantity), noun: None })
}

/// Words of a unit that change neither its scale nor its quantity.
const FILLERS: [&str; 12] =
    ["in", "of", "x", "×", "*", "non-embedding", "embedding", "total", "active", "effective", "stored", "training"];

fn noun(word: &str) -> Option<Quantity> {
    Some(match word.to_lowercase().as_str() {
        "param" | "params" | "parameter" | "parameters" => Quantity::Params,
        "token" | "tokens" | "tok" | "toks" => Quantity::Tokens,
        "flop" | "flops" => Quantity::Flops,
        "nat" | "nats" => Quantity::Nats,
        "bit" | "bits" => Quantity::Bits,
        _ => return None,
    })
}

/// `with_noun`: beside a noun, small letters are as clear as large ones. Alone, `(m)` may be metres or minutes.
fn scale(word: &str, with_noun: bool) -> Option<f64> {
    let letter = |word: &str| {
        Some(match word {
            "K" | "k" => 1e3,
            "M" => 1e6,
            "B" | "G" => 1e9,
            "T" => 1e12,
            "P" => 1e15,
            "E" => 1e18,
            _ => return None,
        })
    };
    let small = matches!(word, "m" | "b" | "g" | "t") && with_noun;
    if let Some(scale) = letter(if small { ["M", "B", "G", "T"]["mbgt".find(word)?] } else { word }) {
        return Some(scale);
    }
    match word.to_lowercase().as_str() {
        "thousand" | "thousands" => Some(1e3),
        "million" | "millions" | "mn" | "mln" | "mio" => Some(1e6),
        "billion" | "billions" | "bn" | "bln" => Some(1e9),
        "trillion" | "trillions" | "tn" => Some(1e12),
        lower => power_of_ten(lower),
    }
}

/// `1e9`, `x1e9`, `10^9`, `1000`: what is plainly a factor. `(2)` and `(1)` number columns.
fn power_of_ten(word: &str) -> Option<f64> {
    let word = word.trim_start_matches(['x', '×', '*']);
    let power = |exponent: &str| exponent.parse().ok().filter(|e: &i32| (-30..=30).contains(e));
    if let Some(exponent) = word.strip_prefix("10^").or_else(|| word.strip_prefix("10**")) {
        return power(exponent).and_then(|e| format!("1e{e}").parse().ok());
    }
    if let Some(exponent) = word.strip_prefix("1e").or_else(|| word.strip_prefix("1.0e")) {
        return power(exponent).and_then(|e| format!("1e{e}").parse().ok());
    }
    parse_number(word).filter(|n| word.len() >= 4 && word.starts_with('1') && [1e3, 1e6, 1e9, 1e12].contains(n))
}

/// Units that are one word, or read as one: `PF-days`, `PFLOP/s-days`, `EFLOPs`, `nats/token`, `bits per byte`.
fn compound(text: &str) -> Option<(f64, Quantity)> {
    let lower = text.to_lowercase().replace(" per ", "/");
    if let Some((of, per)) = lower.split_once('/') {
        let per = per.trim();
        let of = noun(of.trim());
        if matches!(per, "token" | "byte" | "char" | "character" | "param" | "parameter" | "word") {
            return of.filter(|q| matches!(q, Quantity::Nats | Quantity::Bits)).map(|q| (1.0, q));
        }
    }
    let letters: String = lower.chars().filter(|c| !c.is_whitespace() && !"-‐‑–/·*".contains(*c)).collect();
    if let Some(rate) = letters.strip_suffix("days").or_else(|| letters.strip_suffix("day")) {
        return Some((
            match rate {
                "tf" | "tflop" | "tflops" | "teraflop" | "teraflops" => PF_DAY / 1e3,
                "pf" | "pflop" | "pflops" | "petaflop" | "petaflops" => PF_DAY,
                "ef" | "eflop" | "eflops" | "exaflop" | "exaflops" => PF_DAY * 1e3,
                _ => return None,
            },
            Quantity::Flops,
        ));
    }
    // TFLOPS, with a large S, and TFLOP/s are rates.
    let prefix = text.strip_suffix("FLOPs").or_else(|| text.strip_suffix("FLOP"))?;
    let scale = match prefix {
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Z" => 1e21,
        _ => return None,
    };
    Some((scale, Quantity::Flops))
}

#[cfg(test)]
mod tests {
    use super::Quantity::*;
    use super::*;

    fn read(header: &str) -> Option<(&str, f64, Quantity)> {
        let (name, unit) = unit_of_header(header);
        unit.map(|u| (name, u.scale, u.quantity))
    }

    #[test]
    fn units_in_brackets() {
        for (header, name, scale, quantity) in [
            ("Model Size (B)", "Model Size", 1e9, Unnamed),
            ("FLOPs (1E21)", "FLOPs", 1e21, Flops),
            ("Pretraining Data Size (T)", "Pretraining Data Size", 1e12, Unnamed),
            ("C [PF-days]", "C", 8.64e19, Flops),
            ("D (B tokens)", "D", 1e9, Tokens),
            ("D (b tokens)", "D", 1e9, Tokens),
            ("loss (nats)", "loss", 1.0, Nats),
            ("loss [nats/token]", "loss", 1.0, Nats),
            ("loss (bits per byte)", "loss", 1.0, Bits),
            ("loss(bits/byte)", "loss", 1.0, Bits),
            ("tokens (billions)", "tokens", 1e9, Tokens),
            ("tokens (in billions)", "tokens", 1e9, Tokens),
            ("data (tokens, billions)", "data", 1e9, Tokens),
            ("data (billions of tokens)", "data", 1e9, Tokens),
            ("params (M)", "params", 1e6, Params),
            ("size (M non-embedding params)", "size", 1e6, Params),
            ("N (parameters)", "N", 1.0, Params),
            ("compute (PFLOP/s-days)", "compute", 8.64e19, Flops),
            ("compute (PFLOPs-day)", "compute", 8.64e19, Flops),
            ("compute (EFLOPs)", "compute", 1e18, Flops),
            ("compute (1e18 FLOP)", "compute", 1e18, Flops),
            ("compute (×10^18 FLOP)", "compute", 1e18, Flops),
            ("steps (k)", "steps", 1e3, Unnamed),
            ("steps (1000)", "steps", 1e3, Unnamed),
            (" (B tokens) ", "tokens", 1e9, Tokens),
            ("tokens (Gtok)", "tokens", 1e9, Tokens),
            ("data (Mtok)", "data", 1e6, Tokens),
            ("data (GT)", "data", 1e9, Tokens),
            ("D [MT]", "D", 1e6, Tokens),
            ("size (Mparams)", "size", 1e6, Params),
            ("flops (1e18)", "flops", 1e18, Flops),
            ("C (PFLOP-days)", "C", 8.64e19, Flops),
        ] {
            assert_eq!(read(header), Some((name, scale, quantity)), "{header}");
        }
    }

    #[test]
    fn units_without_brackets_say_both_scale_and_quantity() {
        assert_eq!(read("B tokens"), Some(("tokens", 1e9, Tokens)));
        assert_eq!(read("M params"), Some(("params", 1e6, Params)));
        assert_eq!(read("PF-days"), Some(("PF-days", 8.64e19, Flops)));
        assert_eq!(read("compute PF-days"), Some(("compute", 8.64e19, Flops)));
        assert_eq!(read("seen B tokens"), Some(("seen", 1e9, Tokens)));
        assert_eq!(read("val loss nats/token"), Some(("val loss", 1.0, Nats)));
        assert_eq!(read("training EFLOPs"), Some(("training", 1e18, Flops)));
    }

    #[test]
    fn the_text_of_a_unit_is_as_written() {
        assert_eq!(unit_of_header("FLOPs ( 1E21 )").1.unwrap().text, "1E21");
        assert_eq!(unit_of_header("seen B tokens").1.unwrap().text, "B tokens");
    }

    #[test]
    fn what_is_not_declared_is_not_guessed() {
        for header in [
            "",
            "()",
            "N",
            "tokens",
            "FLOPs",
            "params",
            "tokens_B",
            "params_M",
            "loss (val)",
            "loss (per token)",
            "loss (2)",
            "seed (1)",
            "Memory (GB)",
            "time (m)",
            "speed (TFLOPS)",
            "emissions (GT)",
            "Gtok",
            "Mparams",
            "speed (TFLOP/s)",
            "GPU-hours",
            "model B params",
            "B",
            "1e21",
            "loss (nats",
            "loss nats)",
            "a (B) b",
            "D (B tokens M params)",
            "x (B M)",
            "(((",
            ")))",
            "of (of)",
        ] {
            assert_eq!(unit_of_header(header), (header, None), "{header}");
        }
    }
}
