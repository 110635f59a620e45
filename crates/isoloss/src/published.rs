//! Constants by name: those that ship, and those of a law file.

use std::path::Path;

use isoloss_formula::nearest;
use isoloss_laws::{Fit, Law, Published, catalogue, constants};

use crate::failure::Failure;

/// Every published set of constants with its law.
pub fn all() -> impl Iterator<Item = (&'static Law, &'static Published)> {
    catalogue::laws().iter().flat_map(|law| law.published.iter().map(move |published| (law, published)))
}

/// The fit of that name.
pub fn fit(name: &str) -> Result<Fit, Failure> {
    isoloss_laws::published(name).ok_or_else(|| {
        let near = nearest(name, all().map(|(_, p)| p.name.as_str()));
        let hint = near.first().map_or(String::new(), |near| format!("did you mean published:{near}? "));
        Failure::usage(
            format_args!("published:{name}: there is no such published fit"),
            format_args!("{hint}isoloss list published shows all"),
        )
    })
}

/// `my.toml:mine-2026`: a law file, and constants that it gives under `[[published]]`.
pub fn in_file(name: &str) -> Option<(&str, &str)> {
    let (file, constants) = name.rsplit_once(':')?;
    is_law_file(file).then_some((file, constants))
}

/// A law file by its name: fits are saved as JSON.
pub fn is_law_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"))
}

/// The fit of constants of a law file.
pub fn of_file(file: &str, name: &str) -> Result<Fit, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, "read", &e))?;
    let law = Law::from_toml(file, &text)?;
    let Some(found) = law.published.iter().find(|p| p.name == name) else {
        return Err(Failure::usage(
            format_args!("{file}: there are no constants `{name}` under [[published]]"),
            hint(file, &law),
        ));
    };
    constants(&law, name).ok_or_else(|| {
        let given = |name: &str| found.values.contains_key(name);
        let lacking = law.parameters.iter().filter(|p| !given(&p.name) && p.known.is_none()).map(|p| p.name.as_str());
        Failure::usage(
            format_args!("{file}: the constants {name} are not all of the law's"),
            format_args!("add to its values: {}", lacking.collect::<Vec<_>>().join(", ")),
        )
    })
}

/// A law file where a fit is wanted.
pub fn no_fit(file: &str) -> Failure {
    let law = std::fs::read_to_string(file).ok().and_then(|text| Law::from_toml(file, &text).ok());
    let fitted = format!("isoloss fit TABLE --law {file} --save fit.json makes a fit");
    let hint = law.filter(|law| !law.published.is_empty()).map_or(fitted, |law| hint(file, &law));
    Failure::usage(format_args!("{file}: this is a law file, and no fit of it"), hint)
}

/// The constants that a law file gives, as they are typed.
fn hint(file: &str, law: &Law) -> String {
    let all: Vec<String> = law.published.iter().map(|p| format!("{file}:{}", p.name)).collect();
    match all.is_empty() {
        true => "[[published]] with name, values, source and convention gives constants".to_owned(),
        false => format!("its constants are {}", all.join(", ")),
    }
}
