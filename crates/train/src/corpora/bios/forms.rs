//! How each fact is told: about fifty sentences for each, in our own words.
//!
//! Three words stand beside the value in every form, so that texts are equally long. What stands before a value tells
//! which fact follows and that it follows now: no lead is that of another fact or the beginning of another lead. So a
//! model that knows a person can be certain of every token of a value, and what it loses there is what it does not
//! know.

/// The sentences for one fact: a lead, the value, a tail.
pub(super) struct Ways {
    /// Leads that need no tail.
    three: &'static [&'static str],
    /// Leads, each with any of the tails of one word.
    two: &'static [&'static str],
    one_behind: &'static [&'static str],
    /// Leads, each with any of the tails of two words.
    one: &'static [&'static str],
    two_behind: &'static [&'static str],
}

/// Words beside a value.
pub(super) const BESIDE: usize = 3;

/// A sentence without subject, value and stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form<W> {
    /// The words beside the value.
    pub(super) words: [W; BESIDE],
    /// How many of them stand before it.
    pub(super) before: usize,
}

impl Ways {
    /// All sentences.
    pub(super) fn forms(&self) -> Vec<Form<&'static str>> {
        let form = |lead: &'static str, tail: &'static str| {
            let mut words = lead.split(' ').chain(tail.split_terminator(' '));
            let words = std::array::from_fn(|_| words.next().expect("three words stand beside a value"));
            Form { words, before: lead.split(' ').count() }
        };
        let pairs = |leads: &'static [&'static str], tails: &'static [&'static str]| {
            leads.iter().flat_map(move |lead| tails.iter().map(move |tail| form(lead, tail)))
        };
        let three = pairs(self.three, &[""]);
        three.chain(pairs(self.two, self.one_behind)).chain(pairs(self.one, self.two_behind)).collect()
    }
}

/// The facts, in the order of their numbers.
pub(super) const WAYS: [Ways; 6] = [BIRTH_DATE, BIRTH_CITY, UNIVERSITY, MAJOR, EMPLOYER, WORKING_CITY];

const BIRTH_DATE: Ways = Ways {
    three: &[
        "was born on",
        "came alive on",
        "began life on",
        "started life on",
        "entered life on",
        "opened eyes on",
        "drew breath on",
        "first breathed on",
        "first cried on",
        "has lived since",
        "has breathed since",
        "has existed since",
        "counts years from",
        "counts birthdays from",
    ],
    two: &["arrived on", "appeared on", "emerged on", "landed on", "began on", "started on"],
    one_behind: &["safely", "indeed", "exactly"],
    one: &["celebrates", "gives", "lists", "marks", "keeps", "states"],
    two_behind: &["as birthday", "as birthdate", "as beginning"],
};

const BIRTH_CITY: Ways = Ways {
    three: &[
        "was born in",
        "was raised in",
        "came alive in",
        "began life in",
        "started life in",
        "entered life in",
        "opened eyes in",
        "drew breath in",
        "first breathed in",
        "first cried in",
        "has roots in",
        "grew up in",
        "spent childhood in",
        "descends originally from",
    ],
    two: &["comes from", "hails from", "stems from", "arrived in", "appeared in", "emerged in"],
    one_behind: &["originally", "indeed", "proudly"],
    one: &["names", "claims", "cites", "mentions", "regards", "remembers"],
    two_behind: &["as birthplace", "as hometown", "as origin"],
};

const UNIVERSITY: Ways = Ways {
    three: &[
        "was educated at",
        "was taught at",
        "was trained at",
        "took lessons at",
        "took courses at",
        "took exams at",
        "passed exams at",
        "heard lectures at",
        "finished studies at",
        "completed studies at",
        "earned degrees at",
        "spent semesters at",
        "gained expertise at",
        "did research at",
    ],
    two: &["enrolled at", "registered at", "matriculated at", "trained at", "qualified at", "graduated from"],
    one_behind: &["successfully", "indeed", "proudly"],
    one: &["attended", "visited", "left", "loved", "enjoyed", "represented"],
    two_behind: &["as student", "as graduate", "in youth"],
};

const MAJOR: Ways = Ways {
    three: &[
        "was educated in",
        "was trained in",
        "took lessons in",
        "took courses in",
        "took exams in",
        "passed exams in",
        "heard lectures in",
        "finished studies in",
        "completed studies in",
        "earned degrees in",
        "gained expertise in",
        "did research in",
        "showed talent in",
        "showed interest in",
    ],
    two: &["majored in", "specialised in", "graduated in", "trained in", "qualified in", "focused on"],
    one_behind: &["successfully", "indeed", "proudly"],
    one: &["studied", "mastered", "learned", "pursued", "explored", "practised"],
    two_behind: &["as subject", "with success", "with passion"],
};

const EMPLOYER: Ways = Ways {
    three: &[
        "found employment at",
        "found work at",
        "took employment at",
        "has employment at",
        "has work at",
        "was hired by",
        "is employed by",
        "is paid by",
        "spends days at",
        "earns money at",
        "earns wages at",
        "draws wages from",
        "signed contracts with",
        "holds contracts with",
    ],
    two: &["works at", "works for", "works with", "stays at", "stays with", "reports to"],
    one_behind: &["today", "indeed", "proudly"],
    one: &["serves", "supports", "helps", "assists", "advises", "joined"],
    two_behind: &["as employee", "as professional", "with success"],
};

const WORKING_CITY: Ways = Ways {
    three: &[
        "found employment in",
        "found work in",
        "took employment in",
        "has employment in",
        "has work in",
        "was hired in",
        "is employed in",
        "is paid in",
        "spends days in",
        "earns money in",
        "earns wages in",
        "draws wages in",
        "signed contracts in",
        "holds contracts in",
    ],
    two: &["works in", "stays in", "commutes to", "travels to", "drives to", "rides to"],
    one_behind: &["today", "indeed", "daily"],
    one: &["reaches", "prefers", "needs", "chose", "picked", "selected"],
    two_behind: &["for work", "for employment", "for business"],
};
