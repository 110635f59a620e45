//! The weights of a model: one flat buffer with named, shaped views.

use std::ops::Range;

use crate::Real;
use crate::init::{Init, draw};

/// A handle to one weight array of [`Params`]: a matrix `[rows, columns]`, row after row; a vector has one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    offset: usize,
    rows: usize,
    columns: usize,
}

impl Param {
    /// Rows; of a linear map its outputs, of a vector 1.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Columns; of a linear map its inputs, of a vector its length.
    pub fn columns(self) -> usize {
        self.columns
    }

    /// Its place in the flat buffers of weights and gradients.
    pub fn range(self) -> Range<usize> {
        self.offset..self.offset + self.rows * self.columns
    }
}

/// What is known of one weight array.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name, each one once.
    pub name: String,
    /// The shape as it was given.
    pub shape: Vec<usize>,
    /// The group of the optimiser that moves it.
    pub group: usize,
    /// The handle.
    pub param: Param,
    /// Rows of each of the matrices that lie in it, one below the other: see [`Params::split`].
    pub parts: Vec<usize>,
}

/// All weights of a model.
#[derive(Clone, Debug)]
pub struct Params<R> {
    seed: u64,
    entries: Vec<Entry>,
    weights: Vec<R>,
}

impl<R: Real> Params<R> {
    /// No weights yet. What is drawn later depends on this seed, on name and shape, and on nothing else.
    pub fn new(seed: u64) -> Self {
        Self { seed, entries: Vec::new(), weights: Vec::new() }
    }

    /// Adds an array: `[n]` is a vector, `[m, n, ...]` a matrix of m rows. `group` numbers the optimiser's groups.
    ///
    /// # Panics
    /// If the name is taken or the shape empty: both are mistakes of a model, not of a user.
    pub fn add(&mut self, name: &str, shape: &[usize], init: Init, group: usize) -> Param {
        assert!(self.get(name).is_none(), "there are two weights called {name}");
        let elements: usize = shape.iter().product();
        assert!(!shape.is_empty() && elements > 0, "the weight {name} is empty");
        let rows = if shape.len() == 1 { 1 } else { shape[0] };
        let param = Param { offset: self.weights.len(), rows, columns: elements / rows };
        draw(self.seed, name, shape, init, &mut self.weights);
        self.entries.push(Entry { name: name.to_owned(), shape: shape.to_vec(), group, param, parts: vec![rows] });
        param
    }

    /// Says that an array is several matrices that one product applies, with so many rows each. Every part is then
    /// orthogonalised apart; all else sees one array.
    ///
    /// # Panics
    /// If the array is not of these weights, a part is empty, or together they are not all rows: mistakes of a model.
    pub fn split(&mut self, param: Param, parts: &[usize]) {
        let entry = self.entries.iter_mut().find(|e| e.param == param).expect("an array of these weights");
        let whole = parts.iter().all(|rows| *rows > 0) && parts.iter().sum::<usize>() == param.rows;
        assert!(whole, "{} has {} rows, which are not parts of {parts:?}", entry.name, param.rows);
        entry.parts = parts.to_vec();
    }

    /// The array of that name.
    pub fn get(&self, name: &str) -> Option<Param> {
        self.entries.iter().find(|e| e.name == name).map(|e| e.param)
    }

    /// All arrays in the order in which they were added, which is that of the flat buffers.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of weights.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// All weights, flat: what a checkpoint holds.
    pub fn weights(&self) -> &[R] {
        &self.weights
    }

    /// All weights, flat, to be set from a checkpoint.
    pub fn weights_mut(&mut self) -> &mut [R] {
        &mut self.weights
    }

    /// The weights of one array.
    pub fn view(&self, param: Param) -> &[R] {
        &self.weights[param.range()]
    }

    /// The weights of one array, to be set.
    pub fn view_mut(&mut self, param: Param) -> &mut [R] {
        &mut self.weights[param.range()]
    }
}
