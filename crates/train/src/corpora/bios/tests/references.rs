//! Who is kept back, who is told of several times in a row, and what can be looked up.

use super::*;
use crate::corpora::References;

#[test]
fn people_that_are_kept_back_stand_in_the_references_only() {
    let some = Config { kept_back: 13, packing: Packing::People, ..small(40) };
    let source = corpus(&some).unwrap();
    assert_eq!((source.facts().unwrap().people(), source.pass(50)), (27, Some(27 * 50)));
    assert_eq!(source.data().tokens, Some(27 * 50));
    let names: Vec<Vec<u32>> =
        (0..40).map(|person| source.lives.question(person)[..7].iter().map(|(token, _)| *token).collect()).collect();
    let mut told = BTreeSet::new();
    let mut batch = Batch::new(100, 50);
    for step in 0..100 {
        source.fill(3, step, &mut batch);
        told.extend(batch.inputs.chunks(50).map(|window| window[..7].to_vec()));
    }
    assert_eq!(told, names[..27].iter().cloned().collect());
    let held = source.held_out(27, 50).unwrap().batch;
    assert!(held.inputs.chunks(50).all(|window| told.contains(&window[..7])));

    let texts = source.references().unwrap();
    assert_eq!((texts.count(), texts.longest()), (40, 50));
    let mut seen = BTreeSet::new();
    (0..100).for_each(|step| {
        source.fill(3, step, &mut batch);
        seen.extend(batch.inputs.chunks(50).map(<[u32]>::to_vec));
    });
    for person in 0..40 {
        let mut text = Vec::new();
        texts.write(person, &mut text);
        assert_eq!(text[..7], names[person as usize]);
        // All that is asked of a person stands there, told in another way than in training.
        let (asked, found) = (source.lives.text(&text), read(&source.lives.text(&text)));
        let own = source.lives.person(person);
        assert_eq!(found.values, read(&source.lives.text(&exposure(&source.lives, person))).values, "{own:?} {asked}");
        assert!(!seen.contains(&text));
    }
    // Forms and orders that are a person's own are those of training as well.
    let fixed = corpus(&Config { sentences: Draw::Fixed, order: Draw::Fixed, ..some.clone() }).unwrap();
    let mut text = Vec::new();
    fixed.references().unwrap().write(3, &mut text);
    assert_eq!(text, exposure(&fixed.lives, 3));
    for (kept_back, people) in [(40, 40), (41, 40)] {
        let error = corpus(&Config { kept_back, people, ..some.clone() }).unwrap_err();
        assert!(error.message.contains("`kept_back` is 4"), "{error}");
    }
}

/// A text about somebody.
fn exposure(lives: &Biographies, person: u64) -> Vec<u32> {
    let mut text = vec![0; 50];
    lives.write(person, &mut stream(Purpose::Training, [9, 9, 9]), &mut text);
    text
}

#[test]
fn a_person_is_told_of_as_often_in_a_row_as_was_asked_for() {
    let twice = Config { tellings: 2, packing: Packing::People, ..small(9) };
    let source = corpus(&twice).unwrap();
    assert_eq!((source.pass(100), source.data().tokens), (Some(900), Some(900)));
    assert!(source.suffices(1, 99).is_err() && source.suffices(1, 100).is_ok());
    let mut batch = Batch::new(200, 100);
    source.fill(1, 0, &mut batch);
    let mut same = 0;
    for window in batch.inputs.chunks(100) {
        let [first, second] = [&window[..50], &window[50..]].map(|text| read(&source.lives.text(text)));
        assert_eq!((&first.name, &first.values, &first.gender), (&second.name, &second.values, &second.gender));
        same += usize::from(first.told == second.told);
    }
    assert_eq!(same, 0);
    // What follows the first telling is the second.
    assert!(batch.targets.chunks(100).zip(batch.inputs.chunks(100)).all(|(t, i)| t[..99] == i[1..] && t[99] == EOS));
    let flat = fill(&Config { packing: Packing::Stream, ..twice.clone() }, 1, 0, 200, 100);
    assert_eq!(flat.inputs, batch.inputs);
    for tellings in [0, 65] {
        assert!(corpus(&Config { tellings, ..twice.clone() }).unwrap_err().message.contains("`tellings`"));
    }
}

#[test]
fn windows_of_one_person_begin_with_the_question_who_it_is() {
    let packed = Config { packing: Packing::People, ..small(9) };
    for config in [packed.clone(), Config { tellings: 2, ..packed.clone() }] {
        let source = corpus(&config).unwrap();
        let batch = source.held_out(9, 100).unwrap().batch;
        assert_eq!(batch.prompts, [7; 9]);
        assert_eq!(fill(&config, 1, 1, 4, 100).prompts, [7; 4]);
        // Who is told of twice needs no other text.
        assert_eq!(source.references().is_none(), config.tellings > 1);
        let texts = &source as &dyn References;
        let begun: BTreeSet<Vec<u32>> = (0..9)
            .map(|number| {
                let mut text = Vec::new();
                texts.write(number, &mut text);
                text[..7].to_vec()
            })
            .collect();
        assert_eq!(begun, batch.inputs.chunks(100).map(|window| window[..7].to_vec()).collect());
    }
    // Where windows cut texts nobody is asked for.
    assert!(fill(&small(9), 1, 1, 4, 100).prompts.is_empty());
    let source = corpus(&packed).unwrap();
    let facts = source.facts().unwrap();
    let [mut inputs, mut targets] = [(); 2].map(|()| vec![0; facts.length()]);
    facts.ask(4, &mut inputs, &mut targets, &mut vec![0; facts.length()]);
    assert_eq!(facts.prompt(), 7);
    assert_eq!(inputs[..7], source.lives.question(4)[..7].iter().map(|(token, _)| *token).collect::<Vec<_>>());
}
