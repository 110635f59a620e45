//! Published constants by name.

use isoloss_formula::nearest;
use isoloss_laws::{Fit, Law, Published, catalogue};

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
