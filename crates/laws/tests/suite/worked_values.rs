//! Published constants against values worked out elsewhere.

use crate::common::{bind, theta};
use isoloss_laws::{Law, catalogue};

fn published(law: &str, name: &str) -> (Law, Vec<f64>) {
    let law = catalogue::law(law).unwrap_or_else(|| panic!("no law {law}"));
    let values = law.published.iter().find(|p| p.name == name).unwrap_or_else(|| panic!("no {name}")).values.clone();
    let theta = theta(&law, &[], |n| values.get(n).copied());
    (law, theta)
}

/// A law, its published fit, where, and the value there.
type Worked<'a> = (&'a str, &'a str, &'a [(&'a str, f64)], f64);

/// Worked by hand from the papers' constants; eight digits.
#[test]
fn published_constants_give_the_worked_values() {
    let cases: [Worked; 13] = [
        ("chinchilla", "hoffmann-2022", &[("N", 70e9), ("D", 1.4e12)], 1.936_645_5),
        ("chinchilla", "hoffmann-2022-unrounded", &[("N", 70e9), ("D", 1.4e12)], 1.920_846_0),
        ("chinchilla", "besiroglu-2024", &[("N", 70e9), ("D", 1.4e12)], 1.973_881_9),
        ("kaplan-n", "kaplan-2020-n", &[("N", 1e9)], 2.375_640_3),
        ("kaplan-d", "kaplan-2020-d", &[("D", 2e10)], 2.118_261_4),
        ("kaplan", "kaplan-2020", &[("N", 1e9), ("D", 2e10)], 2.373_882_4),
        ("data-constrained", "muennighoff-2023", &[("N", 2e9), ("D", 4e10), ("U", 1e10)], 2.439_514_9),
        ("data-constrained", "muennighoff-2023", &[("N", 2e9), ("D", 4e10), ("U", 4e10)], 2.413_810_1),
        ("granularity", "krajewski-2024", &[("N", 1e9), ("D", 2e10), ("G", 8.0)], 3.140_393_1),
        ("sparsity", "frantar-2023-t5", &[("N", 1e8), ("D", 1e11), ("S", 0.75)], 1.576_275_5),
        ("routed", "clark-2022-s-base", &[("N", 1e8), ("X", 64.0)], 2.430_528_7),
        ("parscale", "parscale-stack", &[("N", 4.38e9), ("P", 4.0)], 0.989_050_8),
        ("parscale", "parscale-pile", &[("N", 4.38e9), ("P", 4.0)], 1.793_651_9),
    ];
    for (law, name, at, expected) in cases {
        let (law, theta) = published(law, name);
        let names: Vec<&str> = at.iter().map(|(n, _)| *n).collect();
        let found = bind(&law, &names, &[at.iter().map(|(_, x)| *x).collect()]).values(&theta)[0];
        assert!((found - expected).abs() < 5.5e-8, "{name} at {at:?}: {found:.9}, worked {expected}");
    }
}

/// Complete constants, and a loss that a language model could have.
#[test]
fn every_published_fit_has_a_value() {
    let mut seen = 0;
    for law in catalogue::laws() {
        assert!(
            law.published.is_empty() != law.unpublished.is_none(),
            "{}: [[published]] constants, or [unpublished] with the reason for none",
            law.name
        );
        for published in &law.published {
            let theta = theta(law, &[], |n| published.values.get(n).copied());
            let names: Vec<&str> = law.inputs().collect();
            let at = names.iter().map(|n| match (published.units.get(*n).map(String::as_str), *n) {
                (Some("PF-days"), _) => 10.0,
                (_, "N") => 1e9,
                (_, "D" | "U") => 2e10,
                (_, "C" | "X") if law.name.contains("compute") || law.name == "power" => 1e21,
                (_, "X" | "G" | "P") => 8.0,
                (_, "S") if law.name == "kaplan-steps" => 1e5,
                (_, "S") => 0.5,
                (_, "L") => 2.5,
                (unit, name) => panic!("{}: {name} in {unit:?}", published.name),
            });
            let found = bind(law, &names, &[at.collect()]).values(&theta)[0];
            let plausible = match law.formula.target.as_str() {
                "L" => 1.0..6.0,
                "lr" => 1e-5..1e-1,
                "batch" => 1e4..1e8,
                other => panic!("{}: what is a {other} like?", law.name),
            };
            assert!(plausible.contains(&found), "{} is {found}", published.name);
            assert!(published.errors.values().all(|e| *e > 0.0));
            assert!(published.errors.keys().all(|n| published.values.contains_key(n)));
            assert!(!published.source.is_empty() && !published.convention.is_empty(), "{}", published.name);
            seen += 1;
        }
    }
    assert!(seen >= 50, "{seen}");
}
