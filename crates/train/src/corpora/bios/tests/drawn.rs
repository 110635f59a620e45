//! All that is drawn is drawn evenly, over as many values as there are.

use super::*;
use crate::corpora::bios::pools::Person;

/// Every field, form and order of so many people is drawn evenly, and no name twice.
fn drawn_evenly(people: u64) {
    let lives = lives(&config(people));
    let mut counts: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut count = |what, of: u64, cells: u64| counts.entry(what).or_insert(vec![0; cells as usize])[of as usize] += 1;
    let mut names = BTreeSet::new();
    for number in 0..people {
        let Person { gender, month, day, year, city, university, major, employer } = lives.person(number);
        count("gender", gender, 2);
        count("month", month, 12);
        count("day", day, 28);
        count("year", year, 200);
        count("city", city, 200);
        count("university", university, 300);
        count("major", major, 100);
        count("employer", employer, 263);
        count("employer and major", employer * 100 + major, 26_300);
        count("month and gender", month * 2 + gender, 24);
        count("city and year", city * 200 + year, 40_000);
        let text = lives.question(number);
        let name: Vec<u32> = text[1..7].iter().map(|(token, _)| *token).collect();
        assert!(names.insert(name), "a name twice among {people}");
    }
    let mut words: [BTreeMap<[u32; 2], u64>; 3] = Default::default();
    for name in &names {
        for (place, words) in words.iter_mut().enumerate() {
            *words.entry([name[2 * place], name[2 * place + 1]]).or_default() += 1;
        }
    }
    for (words, size) in words.iter().zip(NAMES) {
        assert_eq!(words.len() as u64, size);
        even("a name", &words.values().copied().collect::<Vec<_>>());
    }
    assert_eq!(counts.len(), 11);
    counts.iter().for_each(|(what, counts)| even(what, counts));
}

#[test]
fn a_hundred_thousand_people_are_drawn_evenly() {
    drawn_evenly(100_000);
}

#[test]
#[ignore = "minutes without optimisation"]
fn a_million_people_are_drawn_evenly() {
    drawn_evenly(1_000_000);
}

#[test]
fn forms_and_orders_are_drawn_evenly() {
    let mut forms = FORMS.each_ref().map(|forms| vec![0; forms.len()]);
    let mut orders: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
    for read in exposures(&config(4000), 11, 9) {
        read.told.iter().for_each(|(fact, form)| forms[*fact][*form] += 1);
        *orders.entry(read.told.iter().map(|(fact, _)| *fact).collect()).or_default() += 1;
    }
    forms.iter().for_each(|counts| even("forms", counts));
    assert_eq!(orders.len(), 720);
    even("orders", &orders.values().copied().collect::<Vec<_>>());
}

#[test]
fn pools_share_no_word() {
    let config = config(20_000);
    let mut pools: [BTreeSet<String>; 7] = Default::default();
    for read in exposures(&config, 1, 1) {
        let names = read.name.split(' ').map(str::to_owned);
        let values = [1, 2, 3, 4].map(|fact| read.values[fact].clone());
        for (word, pool) in names.chain(values).zip(&mut pools) {
            pool.insert(word);
        }
    }
    assert_eq!(pools.each_ref().map(BTreeSet::len), [400, 400, 1000, 200, 300, 100, 263]);
    assert_eq!(pools.iter().flatten().collect::<BTreeSet<_>>().len(), 2663);
}
