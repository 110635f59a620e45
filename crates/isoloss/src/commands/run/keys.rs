//! Hints name options of `isoloss fit`; who runs an experiment has keys of `[fit]` for them.

use isoloss_laws::catalogue;

/// What is said of options, said of keys: `--map "N=people"` is `map = ["N = people"]`. Options that have no key stay as they
/// are: `isoloss fit out/NAME/runs.csv` has them.
pub fn in_keys(text: &str) -> String {
    // The target of a law is mapped as other columns are.
    let text = text.replace("--loss COLUMN, or ", "").replace("--loss COLUMN", "--map \"L=COLUMN\"");
    let mut rest = text.as_str();
    let mut said = String::new();
    while let Some(at) = rest.find("--") {
        said.push_str(&rest[..at]);
        let end =
            rest[at + 2..].find(|c: char| !c.is_ascii_alphabetic() && c != '-').map_or(rest.len(), |end| at + 2 + end);
        let (option, behind) = (&rest[at..end], &rest[end..]);
        let (key, taken) = key(option, behind).unwrap_or_else(|| (option.to_owned(), 0));
        said.push_str(&key);
        rest = &behind[taken..];
    }
    said + rest
}

/// The key for an option, and how much of what stands behind it is its argument.
fn key(option: &str, behind: &str) -> Option<(String, usize)> {
    let word = || word(behind);
    let value = |holds: fn(&str) -> bool| word().filter(|(word, _)| holds(word));
    let (name, found) = match option {
        "--map" => ("map", quoted(behind).map(|(text, end)| (format!("[\"{}\"]", spaced(text)), end))),
        "--where" => ("where", quoted(behind).map(|(text, end)| (format!("\"{text}\""), end))),
        "--fix" => {
            let given = quoted(behind).or_else(|| value(|word| word.contains('=')));
            let each = |text: &str| text.split(',').map(spaced).collect::<Vec<_>>().join(", ");
            ("fix", given.map(|(text, end)| (format!("{{ {} }}", each(text)), end)))
        }
        "--law" => {
            let is_law = |word: &str| catalogue::law(word).is_some() || word.ends_with(".toml");
            ("law", value(is_law).map(|(text, end)| (format!("\"{text}\""), end)))
        }
        "--noise" => {
            let is_noise = |word: &str| matches!(word, "loss" | "reducible");
            ("noise", value(is_noise).map(|(text, end)| (format!("\"{text}\""), end)))
        }
        "--per" => {
            let column = quoted(behind).or_else(word);
            ("per", column.and_then(|(_, end)| parameters(&behind[end..]).map(|(text, more)| (text, end + more))))
        }
        _ => return None,
    };
    Some(found.map_or((format!("`{name}` of [fit]"), 0), |(value, end)| (format!("{name} = {value}"), end)))
}

/// `N=people` as it stands in a file.
fn spaced(text: &str) -> String {
    text.replacen('=', " = ", 1)
}

/// What stands in quotes, and where it ends.
fn quoted(behind: &str) -> Option<(&str, usize)> {
    let quote = behind.strip_prefix(' ')?.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inside = behind[2..].split(quote).next().filter(|inside| inside.len() + 2 < behind.len())?;
    Some((inside, inside.len() + 3))
}

/// Names with commas between them as a list, and where they end.
fn parameters(behind: &str) -> Option<(String, usize)> {
    let text = behind.strip_prefix(' ')?;
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ',').unwrap_or(text.len());
    let names = text[..end].trim_end_matches(',');
    let each: Vec<String> = names.split(',').map(|name| format!("\"{name}\"")).collect();
    (!names.is_empty()).then(|| (format!("[{}]", each.join(", ")), names.len() + 1))
}

/// The next word, and where it ends.
fn word(behind: &str) -> Option<(&str, usize)> {
    let text = behind.strip_prefix(' ')?;
    let word = text.split([' ', ',', ';', ':', '\n']).next().filter(|word| !word.is_empty())?;
    Some((word, word.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_said_as_keys() {
        for (text, said) in [
            (
                "say which: --map \"N=people\" or --map 'X=a \"b\"'",
                "say which: map = [\"N = people\"] or map = [\"X = a \"b\"\"]",
            ),
            ("hold one with --fix, or take", "hold one with `fix` of [fit], or take"),
            ("--fix A=-1: A is positive", "fix = { A = -1 }: A is positive"),
            ("as in --fix \"E=1.69,A=406\"", "as in fix = { E = 1.69, A = 406 }"),
            ("fit --law power-floor --map \"X=N\"", "fit law = \"power-floor\" map = [\"X = N\"]"),
            ("--law all ranks", "`law` of [fit] all ranks"),
            ("--noise reducible lets", "noise = \"reducible\" lets"),
            ("name it by --loss COLUMN, or --map \"bits=COLUMN\"", "name it by map = [\"bits = COLUMN\"]"),
            ("--loss COLUMN names another", "map = [\"L = COLUMN\"] names another"),
            ("--drop-highest or --where leaves it out", "--drop-highest or `where` of [fit] leaves it out"),
            ("leave it out: --where \"D > 3\"", "leave it out: where = \"D > 3\""),
            ("--map \"not closed", "`map` of [fit] \"not closed"),
            ("share more: --per arch A,B", "share more: per = [\"A\", \"B\"]"),
            ("--per \"Model Family\" A, or", "per = [\"A\"], or"),
            ("unless --per", "unless `per` of [fit]"),
            ("a -- b --", "a -- b --"),
        ] {
            assert_eq!(in_keys(text), said);
        }
    }
}
