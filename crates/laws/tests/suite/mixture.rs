//! Best mixtures: of laws whose best shares are known by brute force, and of fits to simulated runs.

use crate::common::{Noise, covers, inputs};
use isoloss_laws::{Fit, Gain, Labels, Law, Method, Mixture, Options, Points, Sought, catalogue, fit, mixture};

const DOMAINS: [&str; 3] = ["w_code", "w_text", "w_web"];
const NAMES: [&str; 5] = ["w_code", "w_text", "w_web", "N", "D"];

/// Ten mixtures of three domains: near the corners, between two, and in the middle.
fn ten() -> Vec<[f64; 3]> {
    let mut all = vec![[1.0 / 3.0; 3]];
    for i in 0..3 {
        let of = |own: f64, rest: f64| std::array::from_fn(|j| if j == i { own } else { rest });
        all.extend([of(0.8, 0.1), of(0.6, 0.2), of(0.1, 0.45)]);
    }
    all
}

/// Every mixture at three sizes and three horizons.
fn design(mixtures: &[[f64; 3]]) -> Vec<Vec<f64>> {
    let mut rows = Vec::new();
    for w in mixtures {
        for n in [3e7, 2e8, 1.2e9] {
            for d in [1e9, 8e9, 6.4e10] {
                rows.push(vec![w[0], w[1], w[2], n, d]);
            }
        }
    }
    rows
}

/// What a kind of data gains of each domain.
#[derive(Clone, Copy)]
struct Kind {
    c: [f64; 3],
    g: [f64; 3],
    a: [f64; 3],
    b: [f64; 3],
}

const TEXT: Kind = Kind { c: [1.0, 3.0, 1.5], g: [0.4, 0.7, 0.5], a: [350.0; 3], b: [900.0; 3] };
const CODE: Kind = Kind { c: [4.0, 0.8, 1.0], g: [0.6, 0.4, 0.5], a: [350.0; 3], b: [900.0; 3] };
/// What a domain is worth depends on the size.
const JOINT: Kind =
    Kind { c: [1.0, 3.0, 1.5], g: [0.4, 0.7, 0.5], a: [150.0, 600.0, 350.0], b: [1400.0, 600.0, 900.0] };

impl Kind {
    fn at(&self, x: &[f64]) -> f64 {
        let sum = |of: &[f64; 3]| (0..3).map(|i| of[i] * x[i]).sum::<f64>();
        let mix: f64 = (0..3).map(|i| self.c[i] * x[i].powf(self.g[i])).sum();
        1.2 + 1.0 / mix + sum(&self.a) * x[3].powf(-0.33) + sum(&self.b) * x[4].powf(-0.31)
    }
}

fn runs(kind: Kind, mixtures: &[[f64; 3]], seed: u64, sigma: f64) -> Points {
    let mut points = inputs(&NAMES, &design(mixtures), |x| kind.at(x));
    Noise::new(seed).spoil(&mut points, sigma);
    points
}

fn quick(draws: usize) -> Options {
    Options { draws, method: Method::Residual, influence: false, trust: false, ..Options::default() }
}

fn fitted(law: &str, points: &Points, draws: usize) -> Fit {
    fit(&catalogue::law(law).unwrap(), points, &quick(draws)).unwrap()
}

/// The best mixture on a grid of hundredths, or finer about `near`.
fn brute(loss: impl Fn(&[f64]) -> f64, near: Option<[f64; 3]>) -> ([f64; 3], f64) {
    let (middle, step, reach) = near.map_or(([0.5; 3], 0.01, 50), |near| (near, 0.0002, 60));
    let mut best = ([0.0; 3], f64::INFINITY);
    for i in -reach..=reach {
        for j in -reach..=reach {
            let (x, y) = (middle[0] + step * f64::from(i), middle[1] + step * f64::from(j));
            let w = [x, y, 1.0 - x - y];
            if w.iter().all(|w| *w >= 0.0) {
                let value = loss(&w);
                if value < best.1 {
                    best = (w, value);
                }
            }
        }
    }
    if near.is_none() { brute(loss, Some(best.0)) } else { best }
}

fn at(n: f64, d: f64) -> Sought {
    Sought { with: vec![("N".into(), n), ("D".into(), d)], ..Sought::default() }
}

fn shares(found: &Mixture) -> Vec<f64> {
    found.shares.iter().map(|s| s.estimate.value).collect()
}

fn codes(found: &Mixture) -> Vec<&str> {
    found.warnings.iter().map(|w| w.code.as_str()).collect()
}

/// Without noise the fit is the truth, and its best mixture that of a grid.
#[test]
fn the_best_mixture_is_that_of_a_grid() {
    let text = fitted("mixture-additive", &runs(TEXT, &ten(), 0, 0.0), 0);
    let code = fitted("mixture-additive", &runs(CODE, &ten(), 0, 0.0), 0);
    let full = |w: &[f64]| vec![w[0], w[1], w[2], 2e8, 8e9];
    for weights in [vec![1.0, 1.0], vec![3.0, 1.0], vec![0.0, 1.0]] {
        let sum = weights[0] + weights[1];
        let loss = |w: &[f64]| (weights[0] * TEXT.at(&full(w)) + weights[1] * CODE.at(&full(w))) / sum;
        let (best, least) = brute(loss, None);
        let found = mixture(&[&text, &code], &Sought { weights: weights.clone(), ..at(2e8, 8e9) }).unwrap();
        assert!((found.loss.value - least).abs() < 1e-6, "{weights:?}: {} {least}", found.loss.value);
        assert!(shares(&found).iter().zip(best).all(|(a, b)| (a - b).abs() < 2e-3), "{weights:?}: {found:?} {best:?}");
        assert!((shares(&found).iter().sum::<f64>() - 1.0).abs() < 1e-12 && found.losses.len() == 2);
    }
    // What a fit of a joint law says moves with scale, an additive one's does not.
    let joint = fitted("mixture-joint", &runs(JOINT, &ten(), 0, 0.0), 0);
    let mut places = Vec::new();
    for (n, d) in [(3e7, 1e9), (1e9, 1e9), (3e9, 1e12)] {
        let (best, least) = brute(|w| JOINT.at(&[w[0], w[1], w[2], n, d]), None);
        let found = mixture(&[&joint], &at(n, d)).unwrap();
        assert!((found.loss.value / least - 1.0).abs() < 1e-5, "{} {least}", found.loss.value);
        assert!(shares(&found).iter().zip(best).all(|(a, b)| (a - b).abs() < 5e-3), "{found:?} {best:?}");
        assert!(!found.everywhere && found.notes.iter().all(|n| !n.contains("do not depend")));
        places.push(best);
    }
    assert!((places[0][1] - places[1][1]).abs() > 0.05, "{places:?}");
    let asked = mixture(&[&joint], &Sought::default()).unwrap_err();
    assert!(asked.message.contains("depends on N") && asked.hint.unwrap().contains("--at N="), "{}", asked.message);
    let same = mixture(&[&text], &Sought::default()).unwrap();
    assert!(same.everywhere && same.notes.iter().any(|n| n.contains("do not depend on N and D")), "{:?}", same.notes);
    assert!(same.notes.iter().any(|n| n.contains("the middle of the runs")) && same.at.len() == 2);
    let elsewhere = mixture(&[&text], &at(1e12, 1e13)).unwrap();
    assert!(shares(&same).iter().zip(shares(&elsewhere)).all(|(a, b)| (a - b).abs() < 1e-5), "{same:?}");
}

/// Tables with noise, drawn from a law that is known: how often intervals hold the best shares, the loss and the gain.
#[test]
fn intervals_hold_the_best_mixture() {
    let (best, least) =
        brute(|w| 0.5 * (TEXT.at(&[w[0], w[1], w[2], 2e8, 8e9]) + CODE.at(&[w[0], w[1], w[2], 2e8, 8e9])), None);
    let (mut held, mut asked, mut gains, mut losses) = (0, 0, 0, 0);
    // Of a hundred such tables 97 % of the shares were held, 96 gains and 91 losses.
    const TABLES: u64 = 10;
    for seed in 0..TABLES {
        // Two losses of the same runs.
        let text = fitted("mixture-additive", &runs(TEXT, &ten(), 2 * seed, 0.002), 150);
        let code = fitted("mixture-additive", &runs(CODE, &ten(), 2 * seed + 1, 0.002), 150);
        let found = mixture(&[&text, &code], &at(2e8, 8e9)).unwrap();
        assert!(found.notes.iter().any(|n| n.contains("paired by number")), "{:?}", found.notes);
        for (share, truth) in found.shares.iter().zip(best) {
            asked += 1;
            held += usize::from(covers(&share.estimate, truth));
        }
        let Some(Gain { shares: other, gain, trained: true, .. }) = &found.gain else { panic!("{found:?}") };
        let mean = |w: &[f64]| {
            let x = [w[0], w[1], w[2], 2e8, 8e9];
            0.5 * (TEXT.at(&x) + CODE.at(&x))
        };
        // The truth of the gain is that of the mixture that was reported, and so is the loss's.
        let own = mean(&shares(&found));
        gains += usize::from(covers(gain, mean(other) - own));
        losses += usize::from(covers(&found.loss, own));
        assert!(own - least < 3.0 * found.regret.unwrap() + 1e-9, "{found:?}");
    }
    assert!(held * 100 >= asked * 85, "{held} of {asked} shares are within their intervals");
    assert!(
        gains * 100 >= TABLES as usize * 80 && losses * 100 >= TABLES as usize * 80,
        "{gains} {losses} of {TABLES}"
    );
}

/// A corner, a place beyond the mixtures, and shares that nothing is known of are said.
#[test]
fn what_is_to_be_minded_is_said() {
    // Text alone is best for a loss that gains of nothing else.
    let law = Law::from_formula("L = E + A*N^-alpha + exp(sum(t*w_*))", &["L", "N", "w_a", "w_b", "w_c"], &[]).unwrap();
    let mut law = law;
    law.parameters.iter_mut().filter(|p| p.name == "t").for_each(|p| p.per = Some("w".into()));
    let names = ["w_a", "w_b", "w_c", "N"];
    let rows: Vec<Vec<f64>> =
        ten().iter().flat_map(|w| [1e7, 5e7, 3e8, 1e9].map(|n| vec![w[0], w[1], w[2], n])).collect();
    let mut points =
        inputs(&names, &rows, |x| 1.5 + 300.0 * x[3].powf(-0.3) + (-0.9 * x[0] + 0.4 * x[1] + 0.7 * x[2]).exp());
    Noise::new(3).spoil(&mut points, 0.002);
    let own = fit(&law, &points, &quick(100)).unwrap();
    let found = mixture(&[&own], &Sought::default()).unwrap();
    assert!(shares(&found) == [1.0, 0.0, 0.0] && codes(&found) == ["mixture-outside", "mixture-face"], "{found:?}");
    assert!(found.shares.iter().all(|s| s.estimate.interval.is_none() && s.estimate.method.contains("every draw")));
    let gain = found.gain.unwrap();
    assert!(gain.shares == [0.8, 0.1, 0.1] && gain.gain.interval.unwrap().lower > 0.0, "{gain:?}");
    // A mixture that is named.
    let reference = vec![("w_a".to_owned(), 0.5), ("w_b".to_owned(), 0.5)];
    let named = mixture(&[&own], &Sought { reference, ..Sought::default() }).unwrap().gain.unwrap();
    assert!(!named.trained && named.shares == [0.5, 0.5, 0.0] && named.gain.value > gain.gain.value);
    // Domains that do the same: nothing tells their shares.
    let alike =
        inputs(&names, &rows, |x| 1.5 + 300.0 * x[3].powf(-0.3) + (-0.9 * x[0] - 0.9 * x[1] + 0.7 * x[2]).exp());
    let mut alike = alike;
    Noise::new(4).spoil(&mut alike, 0.003);
    let found = mixture(&[&fit(&law, &alike, &quick(100)).unwrap()], &Sought::default()).unwrap();
    assert!(codes(&found).contains(&"mixture-unsure"), "{found:?}");
}

/// Four mixtures of three domains say nothing of six numbers: the fit says so and the mixture has no interval.
#[test]
fn four_mixtures_are_too_few() {
    let four = [[0.45, 0.45, 0.1], [0.4, 0.2, 0.4], [0.3, 0.3, 0.4], [0.2, 0.4, 0.4]];
    for law in ["mixture-additive", "mixture-joint"] {
        let few = fitted(law, &runs(TEXT, &four, 1, 0.003), 60);
        let warned: Vec<&str> = few.warnings.iter().map(|w| w.code.as_str()).collect();
        assert!(warned.contains(&"unidentified") && warned.contains(&"few-mixtures"), "{law}: {warned:?}");
        let text = few.warnings.iter().find(|w| w.code == "few-mixtures").unwrap().to_string();
        assert!(text.contains("4 mixtures of 3 domains cannot tell the 6 numbers of c and g"), "{text}");
        let found = mixture(&[&few], &at(2e8, 8e9)).unwrap();
        let bare = |e: &isoloss_laws::Estimate| e.interval.is_none() && e.method.contains("do not determine");
        assert!(
            found.shares.iter().all(|s| bare(&s.estimate)) && bare(&found.loss) && found.regret.is_none(),
            "{found:?}"
        );
    }
    let enough = fitted("mixture-additive", &runs(TEXT, &ten(), 1, 0.003), 60);
    assert!(enough.warnings.iter().all(|w| w.code != "few-mixtures"));
}

/// The truth is found again from ten mixtures, three sizes and three horizons, by both laws.
#[test]
fn laws_of_mixtures_find_the_truth() {
    for (law, kind) in [("mixture-additive", TEXT), ("mixture-joint", JOINT)] {
        let fit = fitted(law, &runs(kind, &ten(), 5, 0.0005), 200);
        for (name, truth) in [("alpha", 0.33), ("beta", 0.31), ("E", 1.2)] {
            let found = &fit.parameter(name).unwrap().estimate;
            assert!((found.value / truth - 1.0).abs() < 0.1, "{law}: {name} {found:?}");
        }
        for (i, domain) in DOMAINS.iter().enumerate() {
            for (name, truth) in [("c", kind.c[i]), ("g", kind.g[i])] {
                let found = &fit.parameter(&format!("{name}[{domain}]")).unwrap().estimate;
                assert!((found.value - truth).abs() < 0.3 * truth, "{law}: {name}[{domain}] {found:?}, {truth}");
            }
        }
    }
}

/// A saved fit knows its mixtures, columns are given by name in any order, and a law without shares is refused.
#[test]
fn saved_fits_and_refusals() {
    let fit = fitted("mixture-joint", &runs(JOINT, &ten(), 2, 0.002), 60);
    assert_eq!(fit.mixtures.len(), 10);
    let again = Fit::from_json(&fit.to_json()).unwrap();
    assert_eq!(mixture(&[&again], &at(2e8, 8e9)).unwrap(), mixture(&[&fit], &at(2e8, 8e9)).unwrap());
    let columns = |order: &[usize]| {
        let values = [0.2, 0.5, 0.3, 2e8, 8e9];
        order.iter().map(|&i| (NAMES[i].to_owned(), vec![values[i]])).collect::<Vec<_>>()
    };
    let [one, other] = [&[0, 1, 2, 3, 4], &[3, 2, 0, 4, 1]].map(|o| fit.predict(&columns(o), None).unwrap());
    assert_eq!(one, other);
    let missing = fit.predict(&columns(&[0, 1, 3, 4]), None).unwrap_err();
    assert!(missing.message.contains("needs w_web"), "{missing}");

    let refused = |fits: &[&Fit], sought: &Sought, needle: &str| {
        let error = mixture(fits, sought).unwrap_err();
        assert!(error.to_string().contains(needle) && error.hint.is_some(), "{needle}: {error}");
    };
    let plain = isoloss_laws::published("besiroglu-2024").unwrap();
    refused(&[&plain], &Sought::default(), "mixture-additive and mixture-joint");
    refused(&[], &Sought::default(), "that of a fit");
    let with = |name: &str, x: f64| Sought { with: vec![(name.into(), x)], ..Sought::default() };
    refused(&[&fit], &with("S", 1.0), "no input S");
    refused(&[&fit], &with("w_web", 0.5), "looked for");
    refused(&[&fit], &at(-1.0, 1e9), "above zero");
    refused(&[&fit], &Sought { weights: vec![1.0, 2.0], ..at(2e8, 8e9) }, "2 weights for 1 fits");
    refused(&[&fit], &Sought { weights: vec![-1.0], ..at(2e8, 8e9) }, "above zero");
    let reference = |name: &str, x: f64| Sought { reference: vec![(name.into(), x)], ..at(2e8, 8e9) };
    refused(&[&fit], &reference("w_books", 1.0), "no share w_books");
    refused(&[&fit], &reference("w_web", 0.7), "add up to 0.7");
    let mut percent = runs(JOINT, &ten(), 2, 0.002);
    percent.columns.iter_mut().take(3).for_each(|(_, c)| c.iter_mut().for_each(|w| *w *= 100.0));
    refused(&[&fitted("mixture-joint", &percent, 0)], &at(2e8, 8e9), "percent");
    // The same draws whatever shares a trunk.
    let mut trunks = runs(TEXT, &ten(), 2, 0.002);
    trunks.cluster = Some(Labels::new("trunk", (0..trunks.len()).map(|row| format!("{}", row / 3))));
    assert!(mixture(&[&fitted("mixture-additive", &trunks, 60)], &Sought::default()).unwrap().loss.interval.is_some());
}
