//! Published constants as fits. The one place that stands in for `isoloss_laws::published` until it exists.

use isoloss_formula::nearest;
use isoloss_laws::{Fit, Law, Method, Options, Points, Published, catalogue, fit as run_fit};

use crate::failure::Failure;

/// Every published set of constants with its law.
pub fn all() -> impl Iterator<Item = (&'static Law, &'static Published)> {
    catalogue::laws().iter().flat_map(|law| law.published.iter().map(move |published| (law, published)))
}

/// The fit of that name.
pub fn fit(name: &str) -> Result<Fit, Failure> {
    let Some((law, published)) = all().find(|(_, p)| p.name == name) else {
        let near = nearest(name, all().map(|(_, p)| p.name.as_str()));
        let hint = near.first().map_or(String::new(), |near| format!("did you mean published:{near}? "));
        return Err(Failure::usage(
            format_args!("published:{name}: there is no such published fit"),
            format_args!("{hint}isoloss list published shows all"),
        ));
    };
    let mut fit = held(law, published)?;
    let reason = match published.errors.is_empty() {
        true => "published without draws: no interval",
        false => "published errors without correlations: no interval",
    };
    fit.method = reason.into();
    fit.parameters.iter_mut().for_each(|p| p.estimate.method = reason.into());
    fit.units = published.units.iter().map(|(n, u)| (n.clone(), u.clone())).collect();
    fit.conventions = vec![(String::new(), published.convention.clone())];
    fit.ranges.clear();
    fit.ladder = None;
    fit.rows = 0;
    fit.residuals.clear();
    fit.warnings.clear();
    fit.notes.clear();
    Ok(fit)
}

/// The law with every parameter held at its published value. The rows only lend their column names.
fn held(law: &Law, published: &Published) -> Result<Fit, Failure> {
    let columns = law.inputs().enumerate().map(|(i, name)| {
        let shift = 1.0 + i as f64;
        (name.to_owned(), vec![1e9 * shift, 3e9, 2e9 * shift])
    });
    let points = Points { target: vec![3.0, 2.0, 2.5], columns: columns.collect(), ..Points::default() };
    let fix = published.values.iter().map(|(n, v)| (n.clone(), *v)).collect();
    let options = Options { fix, method: Method::None, influence: false, ..Options::default() };
    Ok(run_fit(law, &points, &options)?)
}
