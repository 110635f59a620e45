//! Same rows, options and seed: the same fit, bit for bit, whatever the threads; and the same again from its file.

use crate::common::{CHINCHILLA, Noise, close, grid, points};
use isoloss_laws::{Fit, Labels, Law, Loss, Method, Options, Points, SCHEMA, catalogue, fit};
use serde_json::Value;

fn law() -> Law {
    catalogue::law("chinchilla").unwrap()
}

fn noisy(seed: u64) -> Points {
    let mut points = points(&grid((3e7, 3e9, 5), (1e9, 1e11, 5)), |n, d| CHINCHILLA.at(n, d));
    Noise::new(seed).spoil(&mut points, 0.004);
    points
}

fn small(seed: u64) -> Fit {
    fit(&law(), &noisy(3), &Options { draws: 40, seed, ..Options::default() }).unwrap()
}

/// Every bit of every draw.
fn bits(fit: &Fit) -> Vec<Vec<u64>> {
    fit.draws.iter().map(|d| d.iter().map(|x| x.to_bits()).collect()).collect()
}

#[test]
fn threads_do_not_move_a_bit() {
    let mut seeds = Noise::new(17);
    let trunks = Labels::new("trunk", (0..25).map(|i| format!("t{}", i / 5)));
    for (i, method) in [Method::Auto, Method::Residual, Method::Wild, Method::Pairs].into_iter().enumerate() {
        for clustered in [false, true] {
            let seed = (seeds.uniform() * 2f64.powi(53)) as u64 * 2047;
            let mut points = noisy(i as u64);
            points.cluster = clustered.then(|| trunks.clone());
            // 31 draws: no number of threads divides them.
            let with = |threads| {
                let options = Options { method, seed, threads, draws: 31, ..Options::default() };
                fit(&law(), &points, &options).unwrap()
            };
            let one = with(1);
            assert!(one.draws.len() >= 29, "{method:?}: {} draws", one.draws.len());
            for threads in [2, 3, 64] {
                let many = with(threads);
                assert_eq!(bits(&many), bits(&one), "{method:?}, seed {seed}, {threads} threads");
                assert_eq!(many, one, "{method:?}, seed {seed}, {threads} threads");
            }
        }
    }
}

#[test]
fn the_same_fit_twice_is_the_same() {
    for seed in [0, 1, u64::MAX] {
        let (one, two) = (small(seed), small(seed));
        assert_eq!(one.to_json(), two.to_json(), "seed {seed}");
    }
}

/// The seed is there for a reason: other draws, the same optimum.
#[test]
fn another_seed_is_other_draws_of_the_same_optimum() {
    let (one, two) = (small(1), small(2));
    assert_ne!(bits(&one), bits(&two));
    for (a, b) in one.theta().iter().zip(two.theta()) {
        assert!(close(*a, b, 1e-9), "{a} {b}");
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for loss in [Loss::Robust, Loss::Published, Loss::SquaredLog, Loss::Squared] {
        let points = noisy(9);
        let options = Options { loss, method: Method::None, ..Options::default() };
        let expected = fit(&law(), &points, &options).unwrap();
        let mut random = Noise::new(5);
        for _ in 0..3 {
            let mut order: Vec<usize> = (0..points.len()).collect();
            (1..order.len()).rev().for_each(|i| order.swap(i, random.below(i + 1)));
            let pick = |c: &[f64]| order.iter().map(|&i| c[i]).collect::<Vec<_>>();
            let mut shuffled = points.clone();
            shuffled.target = pick(&points.target);
            shuffled.columns.iter_mut().zip(&points.columns).for_each(|(s, c)| s.1 = pick(&c.1));
            let found = fit(&law(), &shuffled, &options).unwrap();
            for (p, q) in found.parameters.iter().zip(&expected.parameters) {
                let (found, expected) = (p.estimate.value, q.estimate.value);
                assert!(close(found, expected, 1e-9), "{loss:?} {}: {found}, {expected}", p.name);
            }
            assert!(close(found.objective.value, expected.objective.value, 1e-9), "{loss:?}");
        }
    }
}

/// Where a fit is asked, at sizes that are no round numbers.
fn places() -> Vec<(String, Vec<f64>)> {
    vec![("N".into(), vec![1.1e8, 7e10, 3.3e9]), ("D".into(), vec![2.3e9, 1.4e12, 6.6e10])]
}

#[test]
fn a_saved_fit_predicts_the_same_bits() {
    let mut whole = noisy(4);
    whole.lines = (2..27).collect();
    whole.units = vec![("D".into(), "tokens".into())];
    whole.conventions = vec![("N".into(), "N total".into())];
    for loss in [Loss::Robust, Loss::Squared] {
        let saved = fit(&law(), &whole, &Options { draws: 60, loss, ..Options::default() }).unwrap();
        let text = saved.to_json();
        let loaded = Fit::from_json(&text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(bits(&loaded), bits(&saved));
        assert_eq!(loaded.theta(), saved.theta());
        // Rust's equality of floats, and of all that is printed of them.
        assert_eq!(loaded.predict(&places(), None).unwrap(), saved.predict(&places(), None).unwrap());
        for flops in [1e19, 5.76e23] {
            assert_eq!(loaded.optimum(flops).unwrap(), saved.optimum(flops).unwrap());
        }
        assert_eq!(loaded.derived(), saved.derived());
        assert_eq!(
            (loaded.row_hash, &loaded.units, &loaded.conventions),
            (whole.hash(), &whole.units, &whole.conventions)
        );
        assert_eq!(loaded.to_json(), text);
    }
}

/// Families, groups and a formula of the user's own come back too.
#[test]
fn a_saved_fit_keeps_its_families() {
    let mut points = noisy(4);
    points.family = Some(Labels::new("kind", (0..25).map(|i| if i % 2 == 0 { "mla" } else { "kda" })));
    let law = Law::from_formula("L = E + (A*N^-alpha) + B/D^beta", &["L", "N", "D"], &[]).unwrap();
    let options = Options { draws: 40, per_family: vec!["A".into()], ..Options::default() };
    let saved = fit(&law, &points, &options).unwrap();
    let loaded = Fit::from_json(&saved.to_json()).unwrap_or_else(|e| panic!("{e}"));
    let families = ["kda", "mla", "kda"].map(String::from);
    let expected = saved.predict(&places(), Some(&families)).unwrap();
    assert_eq!(loaded.predict(&places(), Some(&families)).unwrap(), expected);
    let other = ["mla", "mla", "kda"].map(String::from);
    assert_ne!(loaded.predict(&places(), Some(&other)).unwrap()[0], expected[0]);
    let error = loaded.predict(&places(), Some(&["mha".to_owned()])).unwrap_err();
    assert!(error.to_string().contains("mha") && error.to_string().contains("mla, kda"), "{error}");
    assert!(loaded.predict(&places(), None).is_err());
}

/// A digit that flipped on a disk, or was edited, is not a fit.
#[test]
fn a_changed_file_is_refused() {
    let value: Value = serde_json::from_str(&small(30).to_json()).unwrap();
    let indented = serde_json::to_string_pretty(&value).unwrap();
    assert!(Fit::from_json(&indented).is_ok(), "the same values, written otherwise");
    for path in ["/parameters/0/estimate/value", "/draws/3/1", "/noise", "/ranges/0/2"] {
        let mut changed = value.clone();
        let number = changed.pointer_mut(path).unwrap();
        *number = serde_json::json!(number.as_f64().unwrap() * (1.0 + 1e-14));
        let error = Fit::from_json(&changed.to_string()).unwrap_err();
        assert!(error.message.contains("changed"), "{path}: {error}");
    }
}

#[test]
fn a_newer_file_is_refused_with_the_reason() {
    let mut saved: Value = serde_json::from_str(&small(0).to_json()).unwrap();
    assert_eq!(saved["schema"], SCHEMA);
    saved["schema"] = 2.into();
    // A newer version may have renamed anything: the reason must not be a field that is missing.
    saved.as_object_mut().unwrap().remove("layout");
    let error = Fit::from_json(&saved.to_string()).unwrap_err();
    assert!(error.message.contains("newer") && error.message.contains("format 2"), "{error}");
    assert!(error.hint.is_some_and(|h| h.contains("update")));
}

#[test]
fn other_text_is_no_saved_fit() {
    for text in ["", "{}", "[]", "null", "E = 1.69", "{\"schema\": \"one\"}", "{\"schema\": 1}", "{\"schema\": -1}"] {
        let error = Fit::from_json(text).unwrap_err();
        assert!(error.message.contains("fit") && error.hint.is_some(), "{text}: {error}");
    }
}

#[test]
fn a_file_cut_short_is_refused() {
    let text = small(0).to_json();
    for end in (0..text.len()).step_by(61).chain(text.len() - 40..text.len()) {
        if let Some(cut) = text.get(..end) {
            assert!(Fit::from_json(cut).is_err(), "accepted the first {end} of {} bytes", text.len());
        }
    }
}

/// What is read from a damaged file is either refused or can be used; nothing panics.
fn survives(text: &str) -> bool {
    let outcome = std::panic::catch_unwind(|| {
        if let Ok(fit) = Fit::from_json(text) {
            _ = fit.predict(&places(), None);
            _ = fit.optimum(1e21);
            _ = fit.derived();
            _ = fit.to_json();
        }
    });
    outcome.is_ok()
}

#[test]
fn damaged_bytes_never_panic() {
    let text = small(0).to_json();
    let mut random = Noise::new(1);
    // The draws are most of the file: damage what stands before them, and a little of them.
    let end = text.find("\"draws\"").unwrap() + 200;
    for _ in 0..1500 {
        let mut bytes = text.clone().into_bytes();
        let at = random.below(end);
        bytes[at] = b"0123456789.,:[]{}\"-eEnN "[random.below(24)];
        if let Ok(damaged) = String::from_utf8(bytes) {
            let around = damaged.get(at.saturating_sub(60)..(at + 40).min(damaged.len()));
            assert!(survives(&damaged), "byte {at}: ...{}...", around.unwrap_or_default());
        }
    }
}

/// Every value in the file, one at a time: gone, of another type, too large, negative, a list cut short.
#[test]
fn damaged_values_never_panic() {
    let mut whole: Value = serde_json::from_str(&small(0).to_json()).unwrap();
    let draws = whole["draws"].as_array_mut().unwrap();
    draws.truncate(21);
    let mut places = Vec::new();
    paths(&whole, String::new(), &mut places);
    assert!(places.len() > 100, "{}", places.len());
    let mut panics = Vec::new();
    let mut probe = |damaged: &Value, what: String| {
        if !survives(&damaged.to_string()) {
            panics.push(what);
        }
    };
    for place in places {
        let mut others: Vec<Value> =
            [99.into(), (-1).into(), Value::from(1e300), Value::Null, "N".into(), "L = E".into()].into();
        if let Some(list) = whole.pointer(&place).unwrap().as_array() {
            others.push(list[..list.len().saturating_sub(1)].into());
            others.push([list.as_slice(), list.as_slice()].concat().into());
        }
        for other in others {
            let mut damaged = whole.clone();
            let what = format!("{place} = {other}");
            *damaged.pointer_mut(&place).unwrap() = other;
            probe(&damaged, what.chars().take(80).collect());
        }
        let (parent, key) = place.rsplit_once('/').unwrap();
        let mut damaged = whole.clone();
        if let Some(Value::Object(map)) = damaged.pointer_mut(parent) {
            map.remove(key);
            probe(&damaged, format!("no {place}"));
        }
    }
    assert!(panics.is_empty(), "panics after:\n{}", panics.join("\n"));
}

/// JSON pointers to all values; of long lists the first two.
fn paths(value: &Value, at: String, out: &mut Vec<String>) {
    if !at.is_empty() {
        out.push(at.clone());
    }
    match value {
        Value::Array(list) => list.iter().take(2).enumerate().for_each(|(i, v)| paths(v, format!("{at}/{i}"), out)),
        Value::Object(map) => map.iter().for_each(|(k, v)| paths(v, format!("{at}/{k}"), out)),
        _ => {}
    }
}
