use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use rand_xoshiro::Xoshiro256PlusPlus;

use super::forms::{BESIDE, Form, WAYS};
use super::lives::FACTS;
use super::pools::Pools;
use super::vocabulary::{MONTHS, NUMBERS, PRONOUNS, WORDS};
use super::*;
use crate::corpora::people::{BLANK, EOS, NAMES, STOP};
use crate::corpora::stream::{Purpose, stream};
use crate::corpora::{Batch, Config as Corpus, Facts, IGNORE};

mod drawn;
mod exams;
mod references;

fn config(people: u64) -> Config {
    serde_json::from_value(serde_json::json!({ "people": people, "seed": 1 })).unwrap()
}

fn small(people: u64) -> Config {
    Config { pools: String::from("1/10").try_into().unwrap(), ..config(people) }
}

fn lives(config: &Config) -> Biographies {
    Biographies::new(config).unwrap()
}

fn fill(config: &Config, seed: u64, step: u64, sequences: usize, length: usize) -> Batch {
    let mut batch = Batch::new(sequences, length);
    corpus(config).unwrap().fill(seed, step, &mut batch);
    batch
}

/// Wilson and Hilferty 1931: the cube root of chi-square over its degrees of freedom is nearly normal. Is p above
/// 0.001?
fn even(what: &str, counts: &[u64]) {
    let (cells, total) = (counts.len() as f64, counts.iter().sum::<u64>() as f64);
    let expected = total / cells;
    let statistic: f64 = counts.iter().map(|c| (*c as f64 - expected).powi(2) / expected).sum();
    let (freedom, spread) = (cells - 1.0, 2.0 / (9.0 * (cells - 1.0)));
    let deviations = ((statistic / freedom).cbrt() - (1.0 - spread)) / spread.sqrt();
    assert!(deviations < 3.09, "{what}: chi-square {statistic:.1} of {freedom} degrees of freedom");
}

#[test]
fn pools_have_the_sizes_of_the_paper() {
    let all = lives(&config(10));
    assert_eq!(NAMES, [400, 400, 1000]);
    let wanted = Pools { years: 200, cities: 200, universities: 300, majors: 100, employers: 263 };
    assert_eq!((all.pools, all.pools.dates()), (wanted, 67_200));
    assert_eq!(all.name_space(), 160_000_000);
    assert_eq!(all.value_space(), 212_083_200_000_000);
    assert!(((all.value_space() as f64).log2() - 47.592).abs() < 5e-4);
    let unsexed = lives(&Config { pronouns: false, ..config(10) });
    assert_eq!(2 * unsexed.value_space(), all.value_space());

    let tenth = lives(&small(10));
    let wanted = Pools { years: 20, cities: 20, universities: 30, majors: 10, employers: 26 };
    assert_eq!((tenth.pools, tenth.name_space()), (wanted, 40 * 40 * 100));
    assert_eq!(tenth.value_space(), 2 * 12 * 28 * 20 * 20 * 30 * 10 * 26);
    let data = corpus(&small(10)).unwrap().data();
    assert_eq!((&data.other["name_space"], &data.other["value_space"]), (&160_000.into(), &tenth.value_space().into()));
    assert_eq!((data.tokens, data.entropy), (Some(500), None));
}

/// No lead is that of another fact, or the beginning of another lead: the value is certain for who knows the person.
#[test]
fn forms_are_many_and_leads_tell_what_follows() {
    let mut words = BTreeSet::new();
    let mut leads: Vec<(Vec<&str>, usize)> = Vec::new();
    let mut all = BTreeSet::new();
    for (fact, ways) in WAYS.iter().enumerate() {
        let forms = ways.forms();
        assert!((48..=52).contains(&forms.len()), "{} forms for fact {fact}", forms.len());
        for form in forms {
            assert!((1..=BESIDE).contains(&form.before));
            assert!(all.insert((form.words, form.before)), "{form:?} twice");
            words.extend(form.words);
            leads.push((form.words[..form.before].to_vec(), fact));
        }
    }
    for (lead, fact) in &leads {
        for (other, theirs) in &leads {
            let same = lead == other && fact == theirs;
            assert!(same || !other.starts_with(lead), "{lead:?} of fact {fact}, {other:?} of fact {theirs}");
        }
    }
    assert!(words.len() <= 200, "{} words", words.len());
    assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    for config in [config(10), small(10)] {
        let size = corpus(&config).unwrap().vocab_size();
        assert!(size <= 512 && size == WORDS as usize + words.len(), "{size} tokens");
    }
}

/// What a reader finds in one biography, told apart by the text alone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    name: String,
    gender: Option<String>,
    values: [String; FACTS],
    /// Fact and number of the form of each sentence.
    told: Vec<(usize, usize)>,
}

static FORMS: LazyLock<[Vec<Form<&'static str>>; FACTS]> = LazyLock::new(|| WAYS.map(|ways| ways.forms()));

fn read(text: &str) -> Read {
    let text = text.strip_prefix("<eos> ").expect("a biography begins with <eos>");
    let capital = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
    let mut found = Read { name: String::new(), gender: None, values: Default::default(), told: vec![] };
    for (number, sentence) in text.strip_suffix('.').unwrap().split(". ").enumerate() {
        let words: Vec<&str> = sentence.split(' ').collect();
        let subject = words.iter().take_while(|word| capital(word)).count();
        match (number, &words[..subject]) {
            (0, name) => found.name = name.join(" "),
            (1, [pronoun]) => found.gender = Some(pronoun.to_string()),
            (_, [pronoun]) => assert_eq!(found.gender.as_deref(), Some(*pronoun)),
            (_, name) => assert_eq!(found.name, name.join(" ")),
        }
        let lower = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = &words[subject..];
        let before = rest.iter().take_while(|word| lower(word)).count();
        let behind = rest.iter().rev().take_while(|word| lower(word)).count();
        let beside = [&rest[..before], &rest[rest.len() - behind..]].concat();
        let form =
            |ways: &Vec<Form<&str>>| ways.iter().position(|form| form.words[..] == beside[..] && form.before == before);
        let fact = FORMS.iter().position(|ways| form(ways).is_some()).unwrap_or_else(|| panic!("{sentence}"));
        assert!(found.values[fact].is_empty(), "{text}");
        found.values[fact] = rest[before..rest.len() - behind].join(" ");
        found.told.push((fact, form(&FORMS[fact]).unwrap()));
    }
    assert_eq!((found.told.len(), found.name.split(' ').count()), (FACTS, 3), "{text}");
    found
}

/// All biographies of some exposures, read.
fn exposures(config: &Config, seed: u64, exposures: u64) -> Vec<Read> {
    let source = corpus(config).unwrap();
    let length = source.lives.tokens();
    let batch = fill(config, seed, 0, (config.people * exposures) as usize, length);
    batch.inputs.chunks(length).map(|tokens| read(&source.text(tokens).unwrap())).collect()
}

#[test]
fn every_exposure_tells_the_same_facts_of_everybody_once() {
    let people = 60;
    for pronouns in [true, false] {
        let config = Config { pronouns, ..config(people) };
        let mut known: BTreeMap<String, Read> = BTreeMap::new();
        let mut offices: BTreeMap<String, String> = BTreeMap::new();
        let all = exposures(&config, 7, 4);
        let mut orders = BTreeSet::new();
        for exposure in all.chunks(people as usize) {
            assert_eq!(exposure.iter().map(|read| &read.name).collect::<BTreeSet<_>>().len(), people as usize);
            orders.insert(exposure.iter().map(|read| read.name.clone()).collect::<Vec<_>>());
            for read in exposure {
                let first = known.entry(read.name.clone()).or_insert(read.clone());
                assert_eq!((&first.values, &first.gender), (&read.values, &read.gender));
                let office = offices.entry(read.values[4].clone()).or_insert(read.values[5].clone());
                assert_eq!(*office, read.values[5], "the employer says where people work");
                assert_eq!(read.gender.is_some(), pronouns);
            }
        }
        assert_eq!((known.len(), orders.len()), (people as usize, 4));
    }
}

#[test]
fn forms_and_order_are_drawn_as_asked() {
    for (sentences, order) in
        [(Draw::Fresh, Draw::Fresh), (Draw::Fixed, Draw::Fresh), (Draw::Fresh, Draw::Fixed), (Draw::Fixed, Draw::Fixed)]
    {
        let config = Config { sentences, order, ..config(40) };
        let mut seen: BTreeMap<String, Vec<Read>> = BTreeMap::new();
        exposures(&config, 3, 8).into_iter().for_each(|read| seen.entry(read.name.clone()).or_default().push(read));
        let (mut forms, mut orders) = (0, 0);
        let mut of_all = BTreeSet::new();
        for told in seen.values() {
            let sorted = |read: &Read| {
                let mut told = read.told.clone();
                told.sort_unstable();
                told
            };
            forms += told.iter().map(sorted).collect::<BTreeSet<_>>().len();
            let order = |read: &Read| read.told.iter().map(|(fact, _)| *fact).collect::<Vec<_>>();
            orders += told.iter().map(order).collect::<BTreeSet<_>>().len();
            of_all.extend(told.iter().map(|read| read.told.clone()));
        }
        assert!(of_all.len() >= 40, "people are not told of alike");
        let [fresh, fixed] = [8 * 40, 40];
        assert_eq!(forms, if sentences == Draw::Fresh { fresh } else { fixed });
        // Of 8 orders among 720 two are the same for some of forty people.
        assert!(if order == Draw::Fresh { orders > fresh - 20 } else { orders == fixed }, "{orders}");
    }
}

/// However it is cut, the stream is one text behind the other, told by the order of its exposure.
#[test]
fn windows_of_any_length_are_the_stream() {
    let config = small(9);
    let lives = lives(&config);
    let mut stream_of = Vec::new();
    for number in 0..60u64 {
        let order = crate::corpora::Permutation::new(9, [5, number / 9]);
        let mut text = vec![BLANK; 50];
        let mut random: Xoshiro256PlusPlus = stream(Purpose::Training, [5, number, 0]);
        lives.write(order.at(number % 9), &mut random, &mut text);
        assert!(text[0] == EOS && text[49] == STOP && !text[1..].contains(&EOS));
        stream_of.extend(text);
    }
    let source = corpus(&config).unwrap();
    for length in [1, 2, 7, 49, 50, 51, 64, 99, 333, 512] {
        let windows = (stream_of.len() - 1) / length;
        for sequences in [1, 2, 3, 5] {
            for step in 0..windows / sequences {
                let mut batch = Batch::new(sequences, length);
                source.fill(5, step as u64, &mut batch);
                let from = step * sequences * length;
                assert_eq!(batch.inputs[..], stream_of[from..][..sequences * length]);
                assert_eq!(batch.targets[..], stream_of[from + 1..][..sequences * length]);
            }
        }
    }
}

#[test]
fn a_window_of_one_person_is_a_text_of_the_stream() {
    let config = small(9);
    let packed = Config { packing: Packing::People, ..config.clone() };
    let whole = fill(&config, 5, 0, 20, 50);
    for length in [50, 51, 80] {
        for step in 0..5 {
            let batch = fill(&packed, 5, step, 4, length);
            for (window, number) in (0..4).zip(step as usize * 4..) {
                let of = |tokens: &[u32]| tokens[window * length..][..length].to_vec();
                let (inputs, targets) = (of(&batch.inputs), of(&batch.targets));
                assert_eq!(inputs[..50], whole.inputs[number * 50..][..50]);
                assert_eq!(targets[..50], whole.targets[number * 50..][..50]);
                assert!(inputs[50..].iter().all(|token| *token == BLANK));
                assert!(targets[50..].iter().all(|token| *token == IGNORE));
            }
        }
    }
    let source = corpus(&packed).unwrap();
    // Everybody is shown once: in a window each, or in as many as the texts fill.
    assert_eq!([50, 80].map(|length| source.pass(length)), [Some(9 * 50), Some(9 * 80)]);
    assert_eq!([50, 80].map(|length| corpus(&config).unwrap().pass(length)), [Some(9 * 50); 2]);
    let short = source.suffices(4, 49).unwrap_err();
    assert!(short.message.contains("50 tokens") && short.hint.contains("stream"), "{short}");
    assert!(corpus(&config).unwrap().suffices(4, 1).is_ok());
    let long = corpus(&Config { pronouns: false, ..packed }).unwrap();
    assert!(long.suffices(1, 74).is_err() && long.suffices(1, 75).is_ok());
}

#[test]
fn held_out_windows_tell_the_same_people_otherwise() {
    let config = config(30);
    let source = corpus(&config).unwrap();
    let held = source.held_out(30, 50).unwrap();
    assert_eq!(held, source.held_out(30, 50).unwrap());
    assert_eq!(held.known.floor, None);
    assert_ne!(held.batch, fill(&config, 1, 0, 30, 50), "whatever seed a run has");
    let of = |batch: &Batch| batch.inputs.chunks(50).map(|t| read(&source.text(t).unwrap())).collect::<Vec<_>>();
    let facts =
        |reads: &[Read]| reads.iter().map(|read| (read.name.clone(), read.values.clone())).collect::<BTreeMap<_, _>>();
    let (there, here) = (of(&held.batch), of(&fill(&config, 1, 0, 30, 50)));
    assert_eq!(facts(&there), facts(&here));
    let told = |reads: &[Read]| reads.iter().map(|read| read.told.clone()).collect::<BTreeSet<_>>();
    assert!(told(&there).is_disjoint(&told(&here)));
    assert!(source.held_out(0, 50).unwrap_err().message.contains("empty"));
    assert!(source.held_out(3, 0).unwrap_err().message.contains("empty"));
}

/// The question asks each fact once, in tokens that the biography has too, behind words that are in a form.
#[test]
fn a_question_asks_for_every_fact_but_the_working_city() {
    for pronouns in [true, false] {
        for (sentences, order) in [(Draw::Fresh, Draw::Fresh), (Draw::Fixed, Draw::Fixed)] {
            let config = Config { pronouns, sentences, order, ..config(50) };
            let source = corpus(&config).unwrap();
            let (lives, length) = (&source.lives, Facts::length(&source.lives));
            let told: BTreeMap<String, Read> =
                exposures(&config, 1, 1).into_iter().map(|read| (read.name.clone(), read)).collect();
            for person in 0..50 {
                let [mut inputs, mut targets] = [vec![7; length], vec![7; length]];
                let mut fields = vec![7; length];
                lives.ask(person, &mut inputs, &mut targets, &mut fields);
                let mut asked: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
                for at in 0..length {
                    if targets[at] != IGNORE {
                        let next = inputs.get(at + 1).filter(|token| **token != BLANK);
                        assert!(next.is_none_or(|next| *next == targets[at]));
                        asked.entry(lives.fields()[usize::from(fields[at])]).or_default().push(targets[at]);
                    }
                }
                let text = |field: &str| source.text(&asked[field]).unwrap();
                let known = &told[&text("name")];
                for (fact, field) in ["birth date", "birth city", "university", "major", "employer"].iter().enumerate()
                {
                    assert_eq!(text(field), known.values[fact]);
                }
                assert_eq!(asked.get("gender").map(|_| text("gender")), known.gender);
                assert_eq!(asked.len(), lives.fields().len());
                let spelt = source.text(&inputs).unwrap();
                assert!(spelt.starts_with(&format!("<eos> {} ", known.name)) && spelt.matches(". ").count() >= 4);
                // Who is always told of in the same words is asked in the same words.
                if sentences == Draw::Fixed {
                    let last = inputs.iter().rposition(|token| *token != BLANK).unwrap();
                    let sentence = |text: &str| text.split(". ").next().unwrap().to_owned();
                    let whole = fill(&config, 1, 0, 50, lives.tokens());
                    let all: Vec<String> =
                        whole.inputs.chunks(lives.tokens()).map(|t| source.text(t).unwrap()).collect();
                    let mine = all.iter().find(|text| text.contains(&known.name)).unwrap();
                    assert!(known.told[0].0 == 5 || mine.starts_with(&sentence(&spelt)), "{mine}\n{spelt}");
                    assert!(last + 4 > length, "a window is no longer than it must be");
                }
            }
        }
    }
}

#[test]
fn a_perfect_model_knows_exactly_what_there_is() {
    for config in [config(20_000), config(500_000), small(1000), Config { pronouns: false, ..config(300) }] {
        let lives = lives(&config);
        let people = config.people as f64;
        let mut losses = vec![0.0; lives.fields().len()];
        losses[0] = people.ln();
        let bits = lives.bits(&losses);
        let sum: f64 = bits.terms.iter().map(|term| term.bits).sum();
        assert!((sum - bits.limit).abs() <= 1e-12 * bits.limit, "{sum} {}", bits.limit);
        let wanted =
            people * (lives.name_space() as f64 / people).log2() + people * (lives.value_space() as f64).log2();
        assert!((bits.limit - wanted).abs() <= 1e-12 * wanted);
    }
    // The plateaus of Ouro's Figure 6, computed from the definition by hand: 1.211 and 27.96 million bits.
    let limit = |people| lives(&config(people)).bits(&[0.0; 7]).limit;
    assert!((limit(20_000) / 1.211e6 - 1.0).abs() < 5e-4 && (limit(500_000) / 27.96e6 - 1.0).abs() < 5e-4);
}

/// Byte for byte the same on every machine and in every version: ids of runs hang on it.
#[test]
fn a_source_does_not_move() {
    let found = [config(1000), Config { pronouns: false, order: Draw::Fixed, sentences: Draw::Fixed, ..small(70) }]
        .map(|config| {
            let source = corpus(&config).unwrap();
            let length = source.lives.tokens();
            let batch = fill(&config, 2, 0, 100, length);
            let held = source.held_out(2, length).unwrap().batch.inputs;
            let asked: Vec<u32> = source.lives.question(3).iter().map(|(token, _)| *token).collect();
            let tokens: Vec<u8> = [batch.inputs, held, asked].concat().iter().flat_map(|t| t.to_le_bytes()).collect();
            [source.data().hash, hex(&Sha256::digest(&tokens))]
        });
    assert_eq!(
        found,
        [
            [
                "edbafec494de7874a1cdc3c524dff388362056c8720bc25e24d8c8e2cbc4b96e",
                "1599c8329c7e32d2778c57aeb7f57457fe4b9bf4e9f0f0b562782d6592a2d33d"
            ],
            [
                "38124522bff8adcf23f1866d71a3cbe1da2a09fd573bb14958f712c454454e1b",
                "134bec83379b863066bb4bc217b5b5c1cd750a18f950e0ec21cde9592e1796de"
            ]
        ]
    );
}

#[test]
fn every_setting_is_in_the_hash() {
    let hash = |config: Config| corpus(&config).unwrap().data().hash;
    let others = [
        config(10),
        config(11),
        small(10),
        Config { sentences: Draw::Fixed, ..config(10) },
        Config { order: Draw::Fixed, ..config(10) },
        Config { pronouns: false, ..config(10) },
        Config { packing: Packing::People, ..config(10) },
        Config { seed: 2, ..config(10) },
        Config { kept_back: 2, ..config(10) },
        Config { tellings: 2, ..config(10) },
    ];
    assert_eq!(others.map(hash).into_iter().collect::<BTreeSet<_>>().len(), 10);
    // What was there before is called what it was.
    assert_eq!(hash(config(10)), "f3f4e6d4e283e9d4e1e3e99217f0f98c7d67dbe575c7f6ad4bd810dbcacbf4e2");
}

#[test]
fn people_without_names_are_refused_with_a_hint() {
    let place = Place { base: PathBuf::new(), cache: PathBuf::new() };
    for (people, says) in [(0, "is 0"), (160_001, "160000 names")] {
        let error = open(&small(people), &place).unwrap_err();
        assert!(
            error.message.contains("`people`") && error.message.contains(says) && !error.hint.is_empty(),
            "{error}"
        );
    }
    assert!(open(&small(160_000), &place).is_ok());
    let all = lives(&small(160_000));
    let name = |person| all.question(person)[1..7].iter().map(|(token, _)| *token).collect::<Vec<_>>();
    assert_eq!((0..160_000).map(name).collect::<BTreeSet<_>>().len(), 160_000);
}

#[test]
fn settings_have_defaults() {
    let read: Corpus = serde_json::from_str(r#"{ "kind": "bios", "people": 10, "seed": 1 }"#).unwrap();
    let whole = Config {
        people: 10,
        pools: Fraction::default(),
        sentences: Draw::Fresh,
        order: Draw::Fresh,
        pronouns: true,
        packing: Packing::Stream,
        kept_back: 0,
        tellings: 1,
        seed: 1,
    };
    assert_eq!(read, Corpus::Bios(whole));
    let again: Corpus = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
    assert_eq!(again, read);
    let wrong = serde_json::from_str::<Corpus>(r#"{ "kind": "bios", "people": 10, "seed": 1, "packing": "all" }"#);
    assert!(wrong.unwrap_err().to_string().contains("`stream` or `people`"));
    assert!(serde_json::from_str::<Corpus>(r#"{ "kind": "bios", "seed": 1 }"#).is_err());
    let tokens = [PRONOUNS, PRONOUNS + 1, MONTHS + 11, NUMBERS + 7, NUMBERS + 19, NUMBERS + 45, STOP];
    assert_eq!(corpus(&config(1)).unwrap().text(&tokens).unwrap(), "He She December 07 1945.");
}
