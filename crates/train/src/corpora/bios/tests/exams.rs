//! What is asked of people.

use super::*;
use crate::corpora::{Exam, How};

/// The exams of a corpus, by name.
fn exams(config: &Config) -> BTreeMap<String, Exam> {
    let source = corpus(config).unwrap();
    let all = source.exams().unwrap().draw(50);
    all.into_iter().map(|exam| (exam.name.clone(), exam)).collect()
}

/// A window as text with the answer in its place, and the answer.
fn asked(lives: &Biographies, batch: &Batch, window: usize) -> (Vec<u32>, Vec<u32>) {
    let at = window * batch.length..(window + 1) * batch.length;
    let (inputs, targets) = (&batch.inputs[at.clone()], &batch.targets[at]);
    let counted: Vec<usize> = (0..targets.len()).filter(|at| targets[*at] != IGNORE).collect();
    let answer: Vec<u32> = counted.iter().map(|at| targets[*at]).collect();
    // The tokens of an answer stand in a row, each before the next; behind them there is nothing.
    assert!(counted.windows(2).all(|pair| pair[0] + 1 == pair[1] && inputs[pair[1]] == targets[pair[0]]));
    let end = counted[counted.len() - 1];
    assert!(inputs[end + 1..].iter().all(|token| *token == BLANK));
    let question = inputs[..=counted[0]].to_vec();
    assert!(lives.text(&question).starts_with("<eos> "));
    (question, answer)
}

#[test]
fn options_differ_in_the_value_only_and_one_of_them_is_right() {
    let config = Config { kept_back: 150, packing: Packing::People, ..small(400) };
    let (all, lives) = (exams(&config), lives(&config));
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(names, ["facts_known", "facts_unknown", "recited_known", "recited_unknown"]);
    let person_of: BTreeMap<Vec<u32>, u64> = (0..400)
        .map(|person| (lives.question(person)[..7].iter().map(|(token, _)| *token).collect(), person))
        .collect();
    let values = |person: u64| -> BTreeSet<Vec<u32>> {
        let of = lives.person(person);
        let value = |fact| {
            let mut tokens = Vec::new();
            lives.value(&of, fact, &mut |token| tokens.push(token));
            tokens
        };
        (0..FACTS - 1).map(value).collect()
    };
    for (name, people) in [("facts_known", 0..250), ("facts_unknown", 250..400)] {
        let Exam { batch, how, chance, .. } = &all[name];
        let How::Choice { of: 4, right } = how else { panic!("{how:?}") };
        assert_eq!((batch.length, batch.sequences(), right.len(), *chance), (13, 2400, 600, 0.25));
        assert_eq!(batch.prompts, [7; 2400]);
        let mut met = BTreeSet::new();
        for (question, &place) in right.iter().enumerate() {
            let options: Vec<_> = (0..4).map(|option| asked(&lives, batch, 4 * question + option)).collect();
            assert!(options.iter().all(|(begun, _)| *begun == options[0].0));
            assert!(options.iter().all(|(_, answer)| answer.len() == options[0].1.len()));
            let person = person_of[&options[0].0[..7]];
            assert!(people.contains(&person));
            let right = &options[usize::from(place)].1;
            assert!(values(person).contains(right));
            assert_eq!(options.iter().map(|(_, answer)| answer.clone()).collect::<BTreeSet<_>>().len(), 4);
            assert!(met.insert((person, right.clone())), "asked twice");
        }
        let mut places = [0; 4];
        right.iter().for_each(|place| places[usize::from(*place)] += 1);
        even("places", &places);
    }
    for (name, people) in [("recited_known", 0..250), ("recited_unknown", 250..400)] {
        let Exam { batch, how, chance, .. } = &all[name];
        assert_eq!((how, batch.sequences()), (&How::First, 600));
        for window in 0..600 {
            let (begun, answer) = asked(&lives, batch, window);
            let person = person_of[&begun[..7]];
            assert!(people.contains(&person) && values(person).contains(&answer));
        }
        // Of 6720 dates, 20 cities, 30 universities, 10 majors and 26 employers.
        let mean = (1.0 / 6720.0 + 1.0 / 20.0 + 1.0 / 30.0 + 1.0 / 10.0 + 1.0 / 26.0) / 5.0;
        assert!((chance - mean).abs() < 0.004, "{chance} {mean}");
    }
    assert_ne!(all["recited_known"].batch.inputs[..130], all["facts_known"].batch.inputs[..130]);
    // The forms are those of training, many of them.
    let leads = |window| asked(&lives, &all["recited_known"].batch, window).0[7..].to_vec();
    assert!((0..600).map(leads).collect::<BTreeSet<_>>().len() > 80);
}

#[test]
fn few_people_are_asked_for_everything_once_and_few_values_are_no_choice() {
    let few = exams(&config(10));
    assert_eq!(few.keys().collect::<Vec<_>>(), ["facts_known", "recited_known"]);
    assert_eq!(few["facts_known"].questions(), 10 * 5);
    // Two or three majors and cities are fewer than four options.
    let tiny = Config { pools: String::from("1/100").try_into().unwrap(), ..config(10) };
    assert_eq!(exams(&tiny)["facts_known"].questions(), 10);
    assert_eq!(exams(&config(10)), few);
    assert_ne!(exams(&Config { seed: 2, ..config(10) }), few);
}

#[test]
fn reading_asks_for_what_was_told_of_somebody_unknown() {
    let config = Config { tellings: 2, packing: Packing::People, ..small(300) };
    let (all, lives) = (exams(&config), lives(&config));
    assert_eq!(all.keys().collect::<Vec<_>>(), ["reading"]);
    let Exam { batch, how, .. } = &all["reading"];
    let How::Choice { of: 4, right } = how else { panic!("{how:?}") };
    let known: BTreeSet<Vec<u32>> =
        (0..300).map(|person| lives.question(person)[..7].iter().map(|(token, _)| *token).collect()).collect();
    assert_eq!((batch.length, batch.sequences()), (63, 2400));
    for (question, &place) in right.iter().enumerate() {
        let (begun, answer) = asked(&lives, batch, 4 * question + usize::from(place));
        let (told, name) = (&begun[..50], &begun[50..57]);
        assert!(!known.contains(name) && told[..7] == *name);
        // What is asked for stands in what was told.
        assert!(told.windows(answer.len()).any(|tokens| tokens == answer));
        let told = read(&lives.text(told));
        assert_eq!(told.told.len(), FACTS);
    }
}
