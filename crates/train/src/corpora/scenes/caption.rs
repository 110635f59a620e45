//! What is said of a drawing: two things and how they stand to each other, or two kinds of things and how many there are of each.
//!
//! All that is said of what is there is drawn evenly, and the drawing is made to fit. So the probability of a caption is known, and
//! so is that of a caption for whoever sees the drawing: which thing is named first, and the words that it begins with.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::super::stream::below;

pub(super) const COLOURS: [&str; 6] = ["red", "green", "blue", "yellow", "purple", "black"];
pub(super) const SHAPES: [&str; 6] = ["circle", "square", "triangle", "diamond", "cross", "ring"];
const NUMBERS: [&str; 4] = ["one", "two", "three", "four"];
const OPENINGS: [&str; 4] = ["a picture of ", "we see ", "this shows ", "here is "];

/// A thing of one shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::corpora) struct Thing {
    pub colour: usize,
    pub shape: usize,
}

/// How one thing stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relation(usize);

const RELATIONS: [&str; 4] = ["left of", "right of", "above", "below"];

impl Relation {
    /// Is the thing that is named first the left or upper one?
    pub fn is_first(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// In a row, or in a column?
    pub fn is_across(self) -> bool {
        self.0 < 2
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Beside(Relation),
    Counts([usize; 2]),
}

/// What a caption says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::corpora) struct Caption {
    /// In the order in which they are named; never alike.
    pub things: [Thing; 2],
    pub(super) what: What,
}

impl Thing {
    /// Its colour and shape, as in `red ring`.
    pub fn name(self) -> String {
        format!("{} {}", COLOURS[self.colour], SHAPES[self.shape])
    }

    fn of(number: usize) -> Self {
        Self { colour: number / SHAPES.len(), shape: number % SHAPES.len() }
    }

    fn counted(self, count: usize) -> String {
        let ending = match (count, self.shape) {
            (1, _) => "",
            (_, 4) => "es",
            _ => "s",
        };
        format!("{} {}{ending}", NUMBERS[count - 1], self.name())
    }
}

/// Pairs of numbers, without one and one.
const COUNTS: usize = NUMBERS.len() * NUMBERS.len() - 1;
/// Different things.
const THINGS: usize = COLOURS.len() * SHAPES.len();

impl Caption {
    pub fn drawn(random: &mut Xoshiro256PlusPlus) -> Self {
        let mut draw = |n: usize| below(random.next_u64(), n as u64) as usize;
        let first = draw(THINGS);
        // Any of the others.
        let second = (first + 1 + draw(THINGS - 1)) % THINGS;
        let what = match draw(2) {
            0 => What::Beside(Relation(draw(RELATIONS.len()))),
            // Never one of each, which stand to each other in some way too.
            _ => {
                let both = 1 + draw(COUNTS);
                What::Counts([1 + both / NUMBERS.len(), 1 + both % NUMBERS.len()])
            }
        };
        Self { things: [Thing::of(first), Thing::of(second)], what }
    }

    /// In words, as in `a red ring left of a blue cross`.
    pub fn words(&self) -> String {
        let [one, other] = self.things;
        match self.what {
            What::Beside(Relation(which)) => format!("a {} {} a {}", one.name(), RELATIONS[which], other.name()),
            What::Counts([n, m]) => format!("{} and {}", one.counted(n), other.counted(m)),
        }
    }

    /// -ln p of the words, for whoever sees no drawing.
    pub fn surprise(&self) -> f64 {
        let ways = match self.what {
            What::Beside(_) => RELATIONS.len(),
            What::Counts(_) => COUNTS,
        };
        libm::log((2 * THINGS * (THINGS - 1) * ways) as f64)
    }

    /// The same for whoever sees it: either thing may be named first.
    pub fn seen(&self) -> f64 {
        std::f64::consts::LN_2
    }
}

/// Words to begin with, drawn evenly; -ln p is the same for all.
pub(super) fn opening(random: &mut Xoshiro256PlusPlus) -> (&'static str, f64) {
    let which = below(random.next_u64(), OPENINGS.len() as u64) as usize;
    (OPENINGS[which], libm::log(OPENINGS.len() as f64))
}

/// Bytes of the longest words, without an opening and with one.
pub(in crate::corpora) fn longest() -> [usize; 2] {
    let most = |words: &[&str]| words.iter().map(|w| w.len()).max().unwrap_or(0);
    let name = most(&COLOURS) + 1 + most(&SHAPES);
    let beside = 2 * ("a ".len() + name) + 2 + most(&RELATIONS);
    let counts = 2 * (most(&NUMBERS) + 1 + name + "es".len()) + " and ".len();
    let words = beside.max(counts);
    [words, words + most(&OPENINGS)]
}
