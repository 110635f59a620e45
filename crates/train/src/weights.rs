//! How the weights of a part of a model are named and begun: alike everywhere.

use isoloss_engine::{Init, Param, Params, Real};

use crate::config::Start;
use crate::models::Role;

/// Adds weights whose names begin alike.
pub(crate) struct Weights<'a, R> {
    params: &'a mut Params<R>,
    start: &'a Start,
    prefix: String,
}

impl<'a, R: Real> Weights<'a, R> {
    /// Names as they are given.
    pub fn new(params: &'a mut Params<R>, start: &'a Start) -> Self {
        Self { params, start, prefix: String::new() }
    }

    /// Names that begin with this, as `blocks.0.`.
    pub fn inside(&mut self, prefix: String) -> Weights<'_, R> {
        Weights { params: self.params, start: self.start, prefix }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A matrix `[out, inputs]`, begun as the start says of its role.
    pub fn matrix(&mut self, name: &str, out: usize, inputs: usize, role: Role) -> Param {
        let per_root = |deviation: f64| Init::Normal(deviation / (inputs as f64).sqrt());
        let Start { embedding, hidden, residual, head } = *self.start;
        let init = match role {
            Role::Embedding => Init::Normal(embedding),
            Role::Head => per_root(head),
            Role::Residual => per_root(hidden * residual),
            Role::Hidden | Role::Norm | Role::Balance => per_root(hidden),
        };
        self.params.add(&self.name(name), &[out, inputs], init, role.group())
    }

    /// A matrix `[out, inputs]` that reads numbers of the data: its outputs begin as large as an embedding of inputs of variance 1.
    pub fn of_data(&mut self, name: &str, out: usize, inputs: usize) -> Param {
        let init = Init::Normal(self.start.embedding / (inputs as f64).sqrt());
        self.params.add(&self.name(name), &[out, inputs], init, Role::Embedding.group())
    }

    /// Matrices that one product applies, with so many outputs each.
    pub fn joined(&mut self, name: &str, parts: &[usize], inputs: usize, role: Role) -> Param {
        let matrix = self.matrix(name, parts.iter().sum(), inputs, role);
        self.params.split(matrix, parts);
        matrix
    }

    /// A vector that begins at ones: the weights of a norm.
    pub fn ones(&mut self, name: &str, n: usize) -> Param {
        self.params.add(&self.name(name), &[n], Init::Constant(1.0), Role::Norm.group())
    }

    /// A vector that begins at nothing.
    pub fn zeros(&mut self, name: &str, n: usize, role: Role) -> Param {
        self.params.add(&self.name(name), &[n], Init::Constant(0.0), role.group())
    }

    /// Numbers that are no matrix, though they may be laid out as one: each is f of a draw, even between 0 and 1.
    pub fn drawn(&mut self, name: &str, shape: &[usize], f: impl Fn(f64) -> f64) -> Param {
        let param = self.params.add(&self.name(name), shape, Init::Uniform(1.0), Role::Norm.group());
        self.params.view_mut(param).iter_mut().for_each(|x| *x = R::of(f((x.to_f64() + 1.0) / 2.0)));
        param
    }
}
