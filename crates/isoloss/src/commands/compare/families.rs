//! Families of one table, or of one saved fit, at equal loss.

use std::path::Path;
use std::process::ExitCode;

use isoloss_formula::{nearest, parse_number};
use isoloss_laws::{Fit, Options, Place, Scale, Side, apart, compare, families_suffice};

use super::Compare;
use super::fits::Asked;
use crate::commands::fit::{Loaded, OfRows, load, names};
use crate::commands::predict::carried;
use crate::failure::Failure;
use crate::numbers::{count, short_name};
use crate::output::{self, talk};
use crate::report::comparisons::{self, Compared, One, Report};
use crate::report::warning;

pub fn run(table: &str, asked: &Compare) -> Result<ExitCode, Failure> {
    if let (Some(pair), Some(cluster)) = (&asked.families.pair, &asked.rows.cluster) {
        return Err(Failure::usage(
            format_args!("--pair {pair} --cluster {cluster}: rows share their luck by one column"),
            "--pair is --cluster for rows of several families: give one of them",
        ));
    }
    let places = Asked::new(&asked.places)?;
    let options = asked.how.options(&asked.law)?;
    let families = &asked.families;
    let rows = OfRows { cluster: families.pair.clone().or(asked.rows.cluster.clone()), ..asked.rows.clone() };
    let group = families.group.clone().unwrap_or_default();
    let mut loaded = load(Path::new(table), &asked.law, &rows, |_, _| Ok((Some(group.clone()), Vec::new())))?;
    loaded.several_clusters()?;
    let baseline = baseline(&loaded, families.baseline.as_deref(), &group)?;
    match &rows.cluster {
        Some(column) if families.pair.is_some() => {
            talk(format_args!("paired: rows with the same `{column}` are drawn together"));
        }
        Some(column) => talk(format_args!("paired: rows of one cluster share luck: `{column}` are drawn together")),
        None => loaded.pair("; --pair COLUMN names what rows of both share"),
    }

    let separate = apart(&loaded.law, &options);
    let joint: Vec<String> = families.per.iter().flat_map(|p| names(p)).collect();
    let alone = Options { per_family: separate.clone(), ..options.clone() };
    let ways = match families_suffice(&loaded.law, &loaded.points, &alone) {
        Ok(()) if joint.is_empty() => vec![(String::new(), separate)],
        Ok(()) => vec![("separate".to_owned(), separate), (shared(&joint), joint)],
        Err(e) if joint.is_empty() => {
            loaded.name_left_out();
            // `isoloss fit` is told the column too, which --group names here.
            let column = if group.contains(char::is_whitespace) { format!("\"{group}\"") } else { group.clone() };
            return Err(loaded.placed(e).in_words(|text| text.replace(&format!("--per {column} "), "--per ")));
        }
        Err(e) => {
            talk(format_args!("note: no separate fits, the joint one stands alone: {}", e.message));
            vec![(shared(&joint), joint)]
        }
    };
    let mut fits: Vec<(String, Fit)> = Vec::new();
    for (how, per_family) in ways {
        let fit = loaded.fit(&Options { per_family, ..options.clone() })?;
        fit.warnings.iter().for_each(|w| {
            let how = if how.is_empty() { String::new() } else { format!("{how}: ") };
            talk(format_args!("{how}{}", warning(w).trim_end()));
        });
        fits.push((how, fit));
    }

    let (scale, at) = places.of(&fits[0].1, &fits[0].1)?;
    let unit = comparisons::unit(&fits[0].1, &scale);
    let levels = loaded.points.family.as_ref().map_or(&[][..], |f| &f.levels);
    let ways: Vec<(&str, &Fit)> = fits.iter().map(|(how, fit)| (how.as_str(), fit)).collect();
    let all = against(&baseline, levels, &ways, &scale, &places.with, &at)?;
    let report = Report { baseline: &baseline, scale: &unit, given: &places.with, all: &all, level: fits[0].1.level };
    output::answer(&comparisons::written(&report, asked.format))?;
    let unusable = fits.iter().any(|(_, fit)| !fit.may_be_used());
    Ok(output::code(unusable))
}

/// What a joint fit is called.
fn shared(differ: &[String]) -> String {
    format!("joint in all but {}", differ.join(", "))
}

/// Every other family against the baseline, in each way they were fitted.
fn against(
    baseline: &str,
    families: &[String],
    ways: &[(&str, &Fit)],
    scale: &Scale,
    with: &[(String, f64)],
    at: &[Place],
) -> Result<Vec<One>, Failure> {
    let others = families.iter().filter(|family| *family != baseline);
    others.map(|variant| one(baseline, variant, ways, scale, with, at)).collect()
}

fn one(
    baseline: &str,
    variant: &str,
    ways: &[(&str, &Fit)],
    scale: &Scale,
    with: &[(String, f64)],
    at: &[Place],
) -> Result<One, Failure> {
    let compared = |(how, fit): &(&str, &Fit)| {
        let side = |family| Side { fit, family: Some(family) };
        let comparison = compare(side(baseline), side(variant), scale, with, at).map_err(|e| {
            Failure::from(e).within(&format!("{} against {}", short_name(variant), short_name(baseline)))
        })?;
        Ok(Compared { how: (*how).to_owned(), comparison })
    };
    Ok(One { variant: variant.to_owned(), all: ways.iter().map(compared).collect::<Result<Vec<_>, Failure>>()? })
}

/// A family of a fit against another, at losses that both reached, and the unit of what they need.
pub fn reached(fit: &Fit, baseline: &str, variant: &str) -> Result<(String, One), Failure> {
    let (scale, at) = Asked::default().of(fit, fit)?;
    Ok((comparisons::unit(fit, &scale), one(baseline, variant, &[("", fit)], &scale, &[], &at)?))
}

/// Families of one saved fit: what they share was fitted together, so their draws belong together.
pub fn of_fit(name: &str, fit: &Fit, asked: &Compare) -> Result<ExitCode, Failure> {
    let places = Asked::new(&asked.places)?;
    let families = fit.families();
    let baseline = match asked.families.baseline.as_deref() {
        Some(baseline) => named(baseline, families, name)?,
        None => families[0].clone(),
    };
    let (scale, at) = places.of(fit, fit)?;
    let all = against(&baseline, families, &[("", fit)], &scale, &places.with, &at)?;
    let unit = comparisons::unit(fit, &scale);
    let report = Report { baseline: &baseline, scale: &unit, given: &places.with, all: &all, level: fit.level };
    output::answer(&comparisons::written(&report, asked.format))?;
    Ok(output::code(carried(name, fit)))
}

/// The family that was named; there are others.
fn baseline(loaded: &Loaded, named: Option<&str>, group: &str) -> Result<String, Failure> {
    let levels = loaded.points.family.as_ref().map_or(&[][..], |f| &f.levels);
    let source = &loaded.prepared.table.source;
    several(levels, source, group).inspect_err(|_| loaded.name_left_out())?;
    match named {
        None => Err(Failure::usage(
            format_args!("{source}: `{group}` has {}: which is the baseline?", count(levels.len(), "value")),
            format_args!("say {}", flags(levels)),
        )),
        Some(name) => self::named(name, levels, &format!("`{group}`")),
    }
}

/// Refuses rows that are all of one family.
pub fn several(families: &[String], source: &str, group: &str) -> Result<(), Failure> {
    if families.len() > 1 {
        return Ok(());
    }
    let only = families.first().map_or("the same", String::as_str);
    Err(Failure::usage(
        format_args!("{source}: `{group}` is {only} in every row"),
        "a comparison needs rows of two families or more: --group names another column",
    ))
}

/// The family of that name, or of that number: `1e7` is `10000000`.
pub fn named(name: &str, families: &[String], place: &str) -> Result<String, Failure> {
    let value = parse_number(name);
    let found = families.iter().find(|family| *family == name);
    let found = found.or_else(|| families.iter().find(|family| value.is_some() && parse_number(family) == value));
    found.cloned().ok_or_else(|| {
        Failure::usage(
            format_args!("--baseline {}: {place} has no such value", short_name(name)),
            match nearest(name, families.iter().map(String::as_str)).first() {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("say {}", flags(families)),
            },
        )
    })
}

/// The first families as flags that can be typed.
pub fn flags(families: &[String]) -> String {
    let few: Vec<String> = families.iter().take(8).map(|l| format!("--baseline \"{}\"", short_name(l))).collect();
    let more = if families.len() > few.len() { " or another" } else { "" };
    few.join(" or ") + more
}
