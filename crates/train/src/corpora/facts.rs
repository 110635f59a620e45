//! Corpora made of facts: what there is to know by heart, and how much of it a model can show that it knows.

/// The facts of a corpus, person by person. A field is one thing that is told of everybody: the name, the birth date.
pub trait Facts {
    /// How many people are told of in training.
    fn people(&self) -> u64;

    /// The names of the fields, in the order of their numbers.
    fn fields(&self) -> &[&'static str];

    /// Tokens of a window that asks for all there is to know of one person.
    fn length(&self) -> usize;

    /// How many tokens of that window say whom it asks for, from its first on.
    fn prompt(&self) -> u32;

    /// Writes the window of a person: inputs; targets, [`super::IGNORE`] where nothing is asked; and for each target that counts
    /// the number of its field.
    fn ask(&self, person: u64, inputs: &mut [u32], targets: &mut [u32], fields: &mut [u8]);

    /// How many bits a model knows that has these losses: nats of each field, summed over its tokens, the mean over people.
    fn bits(&self, losses: &[f64]) -> Bits;
}

/// What is known, and what there is to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Bits {
    /// The terms that are summed.
    pub terms: Vec<Term>,
    /// All that there is to know, the numerator of R_max.
    pub limit: f64,
}

/// A term of the sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Its name.
    pub name: &'static str,
    /// Bits; below 0 where a model is worse than one that knows what is possible and nothing else.
    pub bits: f64,
}
