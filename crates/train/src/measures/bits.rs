//! How many bits of its corpus a model knows by heart, for corpora made of facts ([`crate::corpora::Facts`]).
//!
//! Everybody is asked for everything. The losses of each field, summed over tokens and averaged over people, give
//!
//! ```text
//! bits              what is known, all terms together
//! bits_TERM         each of them; a term below 0, of a model worse than a guess, counts as 0
//! bits_clamped      1 where that was done; not there where it was not
//! limit             what there is to know: names alike likely, all else certain
//! people            how many were asked: all
//! bits_per_param    bits over stored parameters, the embedding among them; limit_per_param likewise
//! recall_FIELD      the share of people of whom every token of the field has more than half of the probability
//! ```
//!
//! More than half is enough for a first choice, not necessary: so `recall` is at most the share that would be recited
//! right. Names can be guessed only, and have a recall near 0 unless there are very few people.

use std::f64::consts::LN_2;

use super::{Measured, Subject};
use crate::corpora::{Batch, Facts, IGNORE, Source};
use crate::{counts, models};

pub(super) const SAYS: &str = "the bits of its corpus that a model knows by heart, and what there is to know";

/// People that are asked at a time.
const GROUP: u64 = 256;

pub(super) fn refused(source: &dyn Source, _: &models::Config) -> Option<&'static str> {
    source
        .facts()
        .is_none()
        .then_some("`bits` counts facts known by heart, and of the corpora `bios` and `biod` are made of facts")
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    let Subject { trainer, source, .. } = subject;
    let Some(facts) = source.facts() else { return Measured::new() };
    let stored = counts(trainer.config()).stored;
    report(facts, &gather(facts, |batch| trainer.losses(batch)), stored as f64)
}

/// What was found of each field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Found {
    /// Nats of all people.
    loss: f64,
    /// People who are recalled.
    recalled: u64,
}

/// Asks everybody. `losses` gives nats for each target of a batch.
fn gather(facts: &dyn Facts, mut losses: impl FnMut(&Batch) -> Vec<f32>) -> Vec<Found> {
    let length = facts.length();
    let mut found = vec![Found::default(); facts.fields().len()];
    for first in (0..facts.people()).step_by(GROUP as usize) {
        let group = first..(first + GROUP).min(facts.people());
        let mut batch = Batch::new((group.end - group.start) as usize, length);
        batch.prompts = vec![facts.prompt(); batch.sequences()];
        let mut fields = vec![0; batch.inputs.len()];
        for (window, person) in group.enumerate() {
            let at = window * length..(window + 1) * length;
            let (inputs, targets) = (&mut batch.inputs[at.clone()], &mut batch.targets[at.clone()]);
            facts.ask(person, inputs, targets, &mut fields[at]);
        }
        let losses = losses(&batch);
        for window in 0..batch.sequences() {
            let mut unsure = vec![false; found.len()];
            for at in window * length..(window + 1) * length {
                if batch.targets[at] != IGNORE {
                    let (field, loss) = (usize::from(fields[at]), f64::from(losses[at]));
                    found[field].loss += loss;
                    // A loss that is no number is not below either.
                    unsure[field] |= !matches!(loss.partial_cmp(&LN_2), Some(std::cmp::Ordering::Less));
                }
            }
            found.iter_mut().zip(unsure).for_each(|(found, unsure)| found.recalled += u64::from(!unsure));
        }
    }
    found
}

/// The values by name.
fn report(facts: &dyn Facts, found: &[Found], stored: f64) -> Measured {
    let people = facts.people() as f64;
    let losses: Vec<f64> = found.iter().map(|found| found.loss / people).collect();
    let bits = facts.bits(&losses);
    let name = |of: &str, what: &str| format!("{of}_{}", what.replace(' ', "_"));
    // The larger of a number and what is none is the number.
    let terms: Vec<f64> = bits.terms.iter().map(|term| term.bits.max(0.0)).collect();
    let known: f64 = terms.iter().sum();
    let mut measured = vec![("bits".to_owned(), known)];
    measured.extend(bits.terms.iter().zip(&terms).map(|(term, known)| (name("bits", term.name), *known)));
    if bits.terms.iter().zip(&terms).any(|(term, known)| term.bits != *known) {
        measured.push(("bits_clamped".into(), 1.0));
    }
    measured.extend([
        ("limit".into(), bits.limit),
        ("people".into(), people),
        ("bits_per_param".into(), known / stored),
        ("limit_per_param".into(), bits.limit / stored),
    ]);
    let recalled = facts.fields().iter().zip(found);
    measured.extend(recalled.map(|(field, found)| (name("recall", field), found.recalled as f64 / people)));
    measured
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use super::*;
    use crate::corpora::{Config, Place};

    /// A corpus of small pools, of which a few thousand people have all values.
    fn open(people: u64, seed: u64) -> Arc<dyn Source> {
        let settings = serde_json::json!({ "kind": "bios", "people": people, "pools": "1/40", "seed": seed });
        let config: Config = serde_json::from_value(settings).unwrap();
        config.open(&Place { base: ".".into(), cache: ".".into() }).unwrap()
    }

    /// What somebody is asked.
    struct Asked {
        inputs: Vec<u32>,
        targets: Vec<u32>,
        fields: Vec<u8>,
    }

    impl Asked {
        fn everybody(facts: &dyn Facts) -> Vec<Self> {
            let length = facts.length();
            let ask = |person| {
                let mut asked = Self { inputs: vec![0; length], targets: vec![0; length], fields: vec![0; length] };
                facts.ask(person, &mut asked.inputs, &mut asked.targets, &mut asked.fields);
                asked
            };
            (0..facts.people()).map(ask).collect()
        }

        fn counted(&self) -> impl Iterator<Item = usize> {
            (0..self.targets.len()).filter(|at| self.targets[*at] != IGNORE)
        }

        /// The losses of a model that has these for the targets that count.
        fn losses(&self, of: impl Fn(usize) -> f64) -> Vec<f32> {
            let mut losses = vec![0.0; self.targets.len()];
            self.counted().for_each(|at| losses[at] = of(at) as f32);
            losses
        }

        fn value(&self, field: u8) -> Vec<u32> {
            self.counted().filter(|at| self.fields[*at] == field).map(|at| self.targets[at]).collect()
        }
    }

    type Counts = BTreeMap<Vec<u32>, f64>;

    /// Who knows everybody, and no more: what follows a beginning is as likely as often it does.
    fn oracle(all: &[Asked]) -> Vec<Vec<f32>> {
        let (mut begun, mut gone_on) = (Counts::new(), Counts::new());
        let ways = |asked: &Asked, at: usize| {
            let before = asked.inputs[..=at].to_vec();
            let both = [&before[..], &[asked.targets[at]]].concat();
            (before, both)
        };
        for asked in all {
            for at in asked.counted() {
                let (before, both) = ways(asked, at);
                *begun.entry(before).or_default() += 1.0;
                *gone_on.entry(both).or_default() += 1.0;
            }
        }
        let of = |asked: &Asked, at: usize| {
            let (before, both) = ways(asked, at);
            (begun[&before] / gone_on[&both]).ln()
        };
        all.iter().map(|asked| asked.losses(|at| of(asked, at))).collect()
    }

    /// Who knows which values there are, and nobody: all values of a field are alike likely, whoever is asked.
    fn guess(all: &[Asked], fields: u8) -> Vec<Vec<f32>> {
        let others = (10..20).flat_map(|seed| Asked::everybody(open(2500, seed).facts().unwrap()));
        let mut values = vec![BTreeSet::new(); usize::from(fields)];
        for asked in others {
            (0..fields).for_each(|field| drop(values[usize::from(field)].replace(asked.value(field))));
        }
        let mut counts = vec![Counts::new(); usize::from(fields)];
        for (values, counts) in values.iter().zip(&mut counts) {
            for value in values {
                (0..=value.len()).for_each(|end| *counts.entry(value[..end].to_vec()).or_default() += 1.0);
            }
        }
        let of = |asked: &Asked, at: usize| {
            let field = asked.fields[at];
            let told = asked.counted().filter(|before| *before < at && asked.fields[*before] == field).count();
            let (counts, value) = (&counts[usize::from(field)], asked.value(field));
            (counts[&value[..told]] / counts[&value[..=told]]).ln()
        };
        all.iter().map(|asked| asked.losses(|at| of(asked, at))).collect()
    }

    /// What is measured of a model that has these losses.
    fn measured(facts: &dyn Facts, all: &[Asked], losses: &[Vec<f32>]) -> BTreeMap<String, f64> {
        let mut first = 0;
        let found = gather(facts, |batch| {
            let group = first..first + batch.sequences();
            first = group.end;
            let [inputs, targets] = [|asked: &Asked| asked.inputs.clone(), |asked: &Asked| asked.targets.clone()]
                .map(|of| all[group.clone()].iter().flat_map(of).collect::<Vec<u32>>());
            assert!(inputs == batch.inputs && targets == batch.targets);
            losses[group].concat()
        });
        assert_eq!(first, all.len());
        report(facts, &found, 1000.0).into_iter().collect()
    }

    #[test]
    fn who_knows_all_has_the_limit_and_who_guesses_nothing() {
        // More than two groups, the last of them not full.
        let source = open(600, 1);
        let facts = source.facts().unwrap();
        let all = Asked::everybody(facts);
        let (knows, guesses) = (oracle(&all), guess(&all, 7));
        let half: Vec<Vec<f32>> =
            (0..600).map(|person| if person < 300 { knows[person].clone() } else { guesses[person].clone() }).collect();
        let [perfect, none, half] = [knows, guesses, half].map(|losses| measured(facts, &all, &losses));

        // 10 x 10 x 25 names; a gender, 12 x 28 x 5 dates, 5 cities, 8 universities, 3 majors, 7 employers.
        let limit = 600.0 * ((2500.0f64 / 600.0).log2() + (2.0 * 1680.0 * 5.0 * 8.0 * 3.0 * 7.0f64).log2());
        let near = |value: f64, wanted: f64| assert!((value - wanted).abs() < 1e-6 * limit, "{value} {wanted}");
        near(perfect["limit"], limit);
        near(perfect["bits"], limit);
        near(perfect["bits_name"] + perfect["bits_value"], perfect["bits"]);
        near(1000.0 * perfect["bits_per_param"], limit);
        near(1000.0 * perfect["limit_per_param"], limit);
        for name in ["birth_date", "birth_city", "university", "major", "employer", "gender"] {
            assert_eq!((perfect[&format!("recall_{name}")], none["recall_birth_date"]), (1.0, 0.0), "{name}");
        }
        assert_eq!((perfect["recall_name"], perfect["people"]), (0.0, 600.0));

        near(none["bits"], 0.0);
        assert!((half["bits"] / (limit / 2.0) - 1.0).abs() < 1e-3, "{}", half["bits"]);
        assert_eq!(half["recall_birth_date"], 0.5);
        assert!(!perfect.contains_key("bits_clamped") && !half.contains_key("bits_clamped"));
    }

    #[test]
    fn what_is_worse_than_a_guess_is_nothing_known() {
        let source = open(300, 1);
        let facts = source.facts().unwrap();
        let all = Asked::everybody(facts);
        let with =
            |loss: f32| measured(facts, &all, &all.iter().map(|a| a.losses(|_| f64::from(loss))).collect::<Vec<_>>());
        for loss in [100.0, f32::INFINITY, f32::NAN] {
            let bad = with(loss);
            let clamped = ["bits", "bits_name", "bits_value", "bits_clamped", "recall_gender"].map(|name| bad[name]);
            assert_eq!(clamped, [0.0, 0.0, 0.0, 1.0, 0.0], "{loss}");
        }
        // Half of the probability or less is no recall.
        assert_eq!([0.6f32, 0.7].map(|loss| with(loss)["recall_major"]), [1.0, 0.0]);
        assert!(with(0.6).keys().all(|name| !name.starts_with("loss_") && !name.contains(' ')));
    }

    #[test]
    fn a_corpus_without_facts_is_refused() {
        let model = models::Shape::read("transformer", serde_json::json!({ "d_model": 8, "n_layer": 1 }));
        let model = model.unwrap().unwrap().complete(64).unwrap();
        let recall: Config = serde_json::from_str(r#"{ "kind": "recall" }"#).unwrap();
        let recall = recall.open(&Place { base: ".".into(), cache: ".".into() }).unwrap();
        assert!(refused(recall.as_ref(), &model).unwrap().contains("`bios`"));
        assert_eq!(refused(open(10, 1).as_ref(), &model), None);
    }
}
