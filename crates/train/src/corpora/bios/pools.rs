//! What there is to choose from, and a person as a choice.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::people::{Fraction, NAMES, below};

/// Genders, months and days: as many whatever part of the pools is taken.
pub(super) const GENDERS: u64 = 2;
const MONTHS: u64 = 12;
const DAYS: u64 = 28;
/// Years, from 1900.
const YEARS: u64 = 200;
pub(super) const FIRST_YEAR: u64 = 1900;
const CITIES: u64 = 200;
const UNIVERSITIES: u64 = 300;
const MAJORS: u64 = 100;
pub(super) const EMPLOYERS: u64 = 263;

/// Where the words of each pool begin, behind those of names. A part of a pool are its first words.
pub(super) const CITY: u64 = NAMES[0] + NAMES[1] + NAMES[2];
pub(super) const UNIVERSITY: u64 = CITY + CITIES;
pub(super) const MAJOR: u64 = UNIVERSITY + UNIVERSITIES;
pub(super) const COMPANY: u64 = MAJOR + MAJORS;
/// The words of all pools.
pub(super) const WORDS: u64 = COMPANY + EMPLOYERS;

/// How many values there are of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pools {
    pub(super) years: u64,
    pub(super) cities: u64,
    pub(super) universities: u64,
    pub(super) majors: u64,
    pub(super) employers: u64,
}

/// A person without name: numbers within the pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) gender: u64,
    pub(super) month: u64,
    pub(super) day: u64,
    pub(super) year: u64,
    pub(super) city: u64,
    pub(super) university: u64,
    pub(super) major: u64,
    pub(super) employer: u64,
}

impl Pools {
    pub(super) fn new(part: Fraction) -> Self {
        let [years, cities, universities, majors, employers] =
            [YEARS, CITIES, UNIVERSITIES, MAJORS, EMPLOYERS].map(|size| part.of(size));
        Self { years, cities, universities, majors, employers }
    }

    /// How many birth dates there are.
    pub(super) fn dates(&self) -> u64 {
        MONTHS * DAYS * self.years
    }

    /// How many values of a fact there are.
    pub(super) fn values(&self, fact: usize) -> u64 {
        [self.dates(), self.cities, self.universities, self.majors, self.employers][fact]
    }

    /// How many different people there are.
    pub(super) fn people(&self) -> u64 {
        GENDERS * self.dates() * self.cities * self.universities * self.majors * self.employers
    }

    /// One of them, each as likely as any other.
    pub(super) fn draw(&self, random: &mut Xoshiro256PlusPlus) -> Person {
        Person {
            gender: below(random, GENDERS),
            month: below(random, MONTHS),
            day: below(random, DAYS),
            year: below(random, self.years),
            city: below(random, self.cities),
            university: below(random, self.universities),
            major: below(random, self.majors),
            employer: below(random, self.employers),
        }
    }
}

impl Person {
    /// The number of the value of a fact, of [`Pools::values`].
    pub(super) fn value(&self, fact: usize) -> u64 {
        let date = (self.year * MONTHS + self.month) * DAYS + self.day;
        [date, self.city, self.university, self.major, self.employer][fact]
    }

    /// The same with another value.
    pub(super) fn with(mut self, fact: usize, value: u64) -> Self {
        match fact {
            0 => (self.year, self.month, self.day) = (value / DAYS / MONTHS, value / DAYS % MONTHS, value % DAYS),
            1 => self.city = value,
            2 => self.university = value,
            3 => self.major = value,
            _ => self.employer = value,
        }
        self
    }
}
