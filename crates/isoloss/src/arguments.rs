//! The small languages of options: `NAME=VALUE`, lists of them, ranges, numbers with suffixes.

use isoloss_formula::{ParseError, in_shell, parse_expression, scalar};

use crate::failure::Failure;
use crate::numbers::exact;

/// What numbers look like.
const USUAL: &str = "as in 1.69, 125M or 1e18";

/// A number as people write it on a command line: `125M`, `1e18`, `6.25/2`, `exp(6)`.
pub fn number(flag: &str, text: &str) -> Result<f64, Failure> {
    let place = |failure: Failure| failure.within(flag);
    let wrong = |mut e: ParseError| {
        // What an expression looks like is no help where a number is wanted.
        e.hint = e.hint.filter(|hint| !hint.starts_with("for example")).or(Some(USUAL.to_owned()));
        place(e.into())
    };
    let expression = parse_expression(text).map_err(wrong)?;
    let value = scalar(&expression, |_| None).map_err(|e| place(e.with_source(text).into()))?;
    if value.is_finite() {
        return Ok(value);
    }
    Err(Failure::usage(format_args!("{flag}: {text} is {value}, not a finite number"), USUAL))
}

/// `1e20,1e21`: what is asked for, all above zero.
pub fn numbers(flag: &str, texts: &[String]) -> Result<Vec<f64>, Failure> {
    let each = texts.iter().flat_map(|t| t.split(',')).map(|text| match number(flag, text)? {
        value if value > 0.0 => Ok(value),
        _ => Err(Failure::usage(
            format_args!("{flag} {text}: expected a number above zero"),
            format_args!("as in {flag} {}", usual(flag)),
        )),
    });
    each.collect()
}

/// `A=1,2,3,B=4`: a comma followed by `NAME=` starts the next name, any other comma the next value.
pub fn assignments(flag: &str, text: &str) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for part in split_outside(text) {
        // `N=1e9;D=1e9` and `N=1e9 D=1e9`: no value holds a sign of equality.
        if part.matches('=').count() > 1 {
            let parts = text.split([';', ',', ' ']).map(str::trim).filter(|part| !part.is_empty());
            let joined = parts.collect::<Vec<_>>().join(",");
            return Err(Failure::usage(
                format_args!("{flag} \"{text}\": expected a comma before the next NAME= in `{}`", part.trim()),
                format_args!("{flag} \"{joined}\""),
            ));
        }
        match (part.split_once('='), all.last_mut()) {
            (Some((name, value)), _) if is_name(name.trim()) && !value.trim().is_empty() => {
                all.push((name.trim().to_owned(), vec![value.trim().to_owned()]));
            }
            (None, Some((_, values))) if !part.trim().is_empty() => values.push(part.trim().to_owned()),
            _ => {
                return Err(Failure::usage(
                    format_args!("{flag} \"{text}\": expected NAME=VALUE, found `{}`", part.trim()),
                    format_args!("as in {}", example(flag)),
                ));
            }
        }
    }
    if let Some((name, _)) = all.iter().enumerate().find_map(|(i, a)| all[..i].iter().find(|b| b.0 == a.0)) {
        return Err(Failure::usage(format_args!("{flag} \"{text}\": {name} is given twice"), "give each name once"));
    }
    Ok(all)
}

/// `E=1.69,A=400` as numbers.
pub fn fixed(texts: &[String]) -> Result<Vec<(String, f64)>, Failure> {
    values("--fix", texts)
}

/// `NAME=VALUE`, one value each.
pub fn values(flag: &str, texts: &[String]) -> Result<Vec<(String, f64)>, Failure> {
    let mut all = Vec::new();
    for text in texts {
        for (name, values) in assignments(flag, text)? {
            let [value] = values.as_slice() else { return Err(one_value(flag, text, &name)) };
            all.push((name, number(flag, value)?));
        }
    }
    Ok(all)
}

/// `alpha=beta` as names.
pub fn ties(texts: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut all = Vec::new();
    for text in texts {
        for (name, mut values) in assignments("--tie", text)? {
            match values.pop() {
                Some(to) if values.is_empty() && is_name(&to) => all.push((name, to)),
                _ => return Err(one_value("--tie", text, &name)),
            }
        }
    }
    Ok(all)
}

/// `alpha=0..1` as ranges.
pub fn bounds(texts: &[String]) -> Result<Vec<(String, f64, f64)>, Failure> {
    let mut all = Vec::new();
    for text in texts {
        for (name, values) in assignments("--bound", text)? {
            let [range] = values.as_slice() else { return Err(one_value("--bound", text, &name)) };
            // `0...2` would be 0 to .2, and is never meant so.
            if range.contains("...") {
                return Err(Failure::usage(
                    format_args!("--bound \"{text}\": a range has two dots"),
                    format_args!("--bound \"{name}={}\"", range.replace("...", "..")),
                ));
            }
            let Some((lower, upper)) = range.split_once("..") else {
                return Err(one_value("--bound", text, &name));
            };
            let (lower, upper) = (number("--bound", lower)?, number("--bound", upper)?);
            if lower >= upper {
                return Err(Failure::usage(
                    format_args!("--bound {}: {} is not below {}", in_shell(text), exact(lower), exact(upper)),
                    format_args!("--fix {name}={} holds a parameter at one value", exact(lower)),
                ));
            }
            all.push((name, lower, upper));
        }
    }
    Ok(all)
}

/// `NEW=EXPR`.
pub fn maps(texts: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| match text.split_once('=') {
        Some((new, expression)) if !new.trim().is_empty() && !expression.trim().is_empty() => {
            Ok((new.trim().to_owned(), expression.trim().to_owned()))
        }
        _ => Err(Failure::usage(
            format_args!("--map {}: expected NEW=EXPRESSION", in_shell(text)),
            "as in --map \"N=Model Size\" or --map \"D=C/(6*N)\"",
        )),
    };
    texts.iter().map(pair).collect()
}

/// The points of one or more `--at`: every combination of the values given, the last name running fastest.
pub fn points(flag: &str, texts: &[String]) -> Result<Vec<Vec<(String, f64)>>, Failure> {
    const MOST: usize = 100_000;
    let mut all = Vec::new();
    for text in texts {
        let mut grid: Vec<Vec<(String, f64)>> = vec![Vec::new()];
        for (name, values) in assignments(flag, text)? {
            let values = values.iter().map(|v| number(flag, v)).collect::<Result<Vec<f64>, Failure>>()?;
            if grid.len() * values.len() > MOST {
                return Err(Failure::usage(
                    format_args!("{flag} \"{text}\": more than {MOST} points"),
                    "predict takes a table of points: --table POINTS.csv",
                ));
            }
            let longer = |point: &Vec<(String, f64)>| {
                let point = point.clone();
                let name = &name;
                let each = values.iter().map(move |v| [point.clone(), vec![(name.clone(), *v)]].concat());
                each.collect::<Vec<_>>()
            };
            grid = grid.iter().flat_map(longer).collect();
        }
        all.extend(grid);
    }
    Ok(all)
}

/// A value that suits a flag.
fn usual(flag: &str) -> &'static str {
    match flag {
        "--loss" => "2.1",
        "--params" => "7B",
        "--tokens" | "--serve" => "5T",
        "--unique" => "100B",
        "--throughput" => "4e14",
        "--price" => "2.5",
        "--weights" => "2,1,1",
        "--uses" => "1e5",
        _ => "1e21",
    }
}

fn one_value(flag: &str, text: &str, name: &str) -> Failure {
    Failure::usage(format_args!("{flag} \"{text}\": what is {name} to be?"), format_args!("as in {}", example(flag)))
}

fn example(flag: &str) -> &'static str {
    match flag {
        "--fix" => "--fix \"E=1.69,A=406\"",
        "--tie" => "--tie alpha=beta",
        "--bound" => "--bound alpha=0..1",
        "--with" => "--with D=1e12",
        "--reference" => "--reference \"w_web=0.7,w_code=0.3\"",
        "--toward" => "--toward \"N=70e9,D=1.4e12\"",
        _ => "--at \"N=70e9,D=1.4e12\"",
    }
}

/// `A`, `alpha`, `A[mla]`.
fn is_name(text: &str) -> bool {
    let plain = text.split_once('[').filter(|(_, rest)| rest.ends_with(']')).map_or(text, |(name, _)| name);
    plain.starts_with(|c: char| c.is_alphabetic() || c == '_') && plain.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Splits at commas outside brackets.
fn split_outside(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| t.to_string()).collect()
    }

    #[test]
    fn a_comma_before_a_name_starts_the_next_variable() {
        let points = points("--at", &text(&["N=1,2,D=10M", "C=1e3"])).unwrap();
        let said: Vec<String> = points.iter().map(|p| format!("{p:?}")).collect();
        assert_eq!(
            said,
            [r#"[("N", 1.0), ("D", 10000000.0)]"#, r#"[("N", 2.0), ("D", 10000000.0)]"#, r#"[("C", 1000.0)]"#]
        );
    }

    #[test]
    fn options_are_checked() {
        assert_eq!(fixed(&text(&["E=1.69,A=exp(0)"])).unwrap(), [("E".into(), 1.69), ("A".into(), 1.0)]);
        assert_eq!(fixed(&text(&["A[mla]=max(1,2)"])).unwrap(), [("A[mla]".into(), 2.0)]);
        assert_eq!(ties(&text(&["alpha=beta"])).unwrap(), [("alpha".into(), "beta".into())]);
        assert_eq!(bounds(&text(&["alpha=0..1"])).unwrap(), [("alpha".into(), 0.0, 1.0)]);
        for wrong in ["", "E", "E=", "=1", "E=1,", "E=1,2", "E=x", "E=1/0", "E=1,E=2"] {
            assert!(fixed(&text(&[wrong])).is_err(), "{wrong}");
        }
        for wrong in ["alpha", "alpha=1", "alpha=1..0", "alpha=0..x", "alpha=0...2"] {
            assert!(bounds(&text(&[wrong])).is_err(), "{wrong}");
        }
        for apart in ["N=1e9;D=1e9", "N=1e9 D=1e9", "N=1e9; D=1e9"] {
            let said = points("--at", &text(&[apart])).unwrap_err().to_string();
            assert!(said.ends_with("hint: --at \"N=1e9,D=1e9\""), "{said}");
        }
        assert!(ties(&text(&["alpha=1"])).is_err() && maps(&text(&["N"])).is_err());
    }
}
