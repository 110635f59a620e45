//! Names: of functions, in expressions, and the ones nearest to a misspelt one.

use crate::{Expr, Formula, Function, Kind};

impl Function {
    /// Every function, in the order of the manual.
    pub const ALL: [Self; 15] = [
        Self::Exp,
        Self::Expm1,
        Self::Ln,
        Self::Log1p,
        Self::Log2,
        Self::Log10,
        Self::Sqrt,
        Self::Abs,
        Self::Min,
        Self::Max,
        Self::Sigmoid,
        Self::Softplus,
        Self::Logaddexp,
        Self::Sum,
        Self::Prod,
    ];

    /// As written in a formula.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Expm1 => "expm1",
            Self::Ln => "ln",
            Self::Log1p => "log1p",
            Self::Log2 => "log2",
            Self::Log10 => "log10",
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Logaddexp => "logaddexp",
            Self::Sum => "sum",
            Self::Prod => "prod",
        }
    }

    /// The function of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }

    /// It takes one value per column of a group: `sum`, `prod`.
    pub fn over_group(self) -> bool {
        matches!(self, Self::Sum | Self::Prod)
    }
}

impl Expr {
    /// The expressions directly below, from left to right.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (first, second, more): (Option<&Self>, Option<&Self>, &[Self]) = match &self.kind {
            Kind::Number(_) | Kind::Word(_) | Kind::Name(_) | Kind::Group(_) => (None, None, &[]),
            Kind::Unary(_, x) => (Some(x), None, &[]),
            Kind::Binary(_, x, y) => (Some(x), Some(y), &[]),
            Kind::Call(_, arguments) => (None, None, arguments),
            Kind::In(x, list) => (Some(x), None, list),
        };
        first.into_iter().chain(second).chain(more)
    }

    /// Visits this expression and all below, each before its children, from left to right.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        // By hand, not by recursion: trees that a program builds may be deeper than those that are parsed.
        let mut stack = vec![self];
        while let Some(expr) = stack.pop() {
            visit(expr);
            let from = stack.len();
            stack.extend(expr.children());
            stack[from..].reverse();
        }
    }

    /// The names in it, each once, in order of first appearance.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.walk(&mut |e| {
            if let Kind::Name(name) = &e.kind {
                add(&mut names, name);
            }
        });
        names
    }

    /// The prefixes of the column groups in it (`w_`), each once, in order of first appearance.
    pub fn groups(&self) -> Vec<String> {
        let mut groups = Vec::new();
        self.walk(&mut |e| {
            if let Kind::Group(prefix) = &e.kind {
                add(&mut groups, prefix);
            }
        });
        groups
    }
}

impl Formula {
    /// The right-hand sides: of each `let`, then of the target.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.lets.iter().map(|(_, e)| e).chain([&self.body])
    }

    /// The names it takes from outside (neither target nor `let`), each once, in order of first appearance.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.expressions().flat_map(Expr::names) {
            if !self.lets.iter().any(|(n, _)| *n == name) {
                add(&mut names, &name);
            }
        }
        names
    }

    /// The prefixes of its column groups (`w_`), each once, in order of first appearance.
    pub fn groups(&self) -> Vec<String> {
        let mut groups = Vec::new();
        for group in self.expressions().flat_map(Expr::groups) {
            add(&mut groups, &group);
        }
        groups
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}

/// Are two names one, but for letter case or a single letter? Shorter ones than four letters must agree but for case. False of
/// names that are the same.
pub fn one_slip(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return a != b;
    }
    a.chars().count() > 3 && b.chars().count() > 3 && strsim::levenshtein(a, b) == 1
}

/// For "did you mean": up to three of `among` that look like `name`, the nearest first; none if none does.
///
/// Case, spaces and punctuation count for nothing, and a name may be the beginning of a longer one
/// (`model_size` finds `Model Size (B)`).
pub fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = letters(name);
    let length = wanted.chars().count();
    let allowed = match length {
        0 => return Vec::new(),
        1..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => length / 3,
    };
    let mut found: Vec<(usize, &str)> = among
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| {
            let given = letters(candidate);
            let beginning = length >= 3 && given.starts_with(&wanted);
            // Far longer headers are not worth the quadratic comparison.
            let distance = if beginning || given.len() > 4 * wanted.len() + 16 {
                usize::from(given != wanted) + if beginning { 0 } else { allowed }
            } else {
                strsim::osa_distance(&wanted, &given)
            };
            (distance <= allowed).then_some((distance, candidate))
        })
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.dedup_by_key(|(_, candidate)| *candidate);
    // Where only case or punctuation differs, the rest is no candidate.
    if found.first().is_some_and(|(distance, _)| *distance == 0) {
        found.retain(|(distance, _)| *distance == 0);
    }
    found.truncate(3);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

fn letters(name: &str) -> String {
    let kept: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(200).collect();
    if kept.is_empty() { name.to_owned() } else { kept }
}

/// `A`, `A or B`, `A, B or C`, each in back-quotes.
pub(crate) fn alternatives(names: &[&str]) -> String {
    let mut text = String::new();
    for (i, name) in names.iter().enumerate() {
        text += match i {
            0 => "",
            _ if i + 1 == names.len() => " or ",
            _ => ", ",
        };
        text += &format!("`{name}`");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse_expression, parse_formula};

    #[test]
    fn names_and_groups_come_in_order_of_appearance() {
        let e = parse_expression("b*a + sum(t*w_*/v_*) + b^a").unwrap();
        assert_eq!(e.names(), ["b", "a", "t"]);
        assert_eq!(e.groups(), ["w_", "v_"]);
    }

    #[test]
    fn a_formula_names_what_it_takes_from_outside() {
        let f = parse_formula("let n = N/N0; let m = n^2\nL = E + A*m^-alpha + sum(w_*)").unwrap();
        assert_eq!(f.names(), ["N", "N0", "E", "A", "alpha"]);
        assert_eq!(f.groups(), ["w_"]);
    }

    #[test]
    fn nearest_names_forgive_case_punctuation_and_a_few_letters() {
        let headers = ["Model Size (B)", "Tokens", "loss", "val_loss", "N", "D"];
        let near = |name| nearest(name, headers.into_iter());
        assert_eq!(near("model_size"), ["Model Size (B)"]);
        assert_eq!(near("tokens"), ["Tokens"]);
        assert_eq!(near("tokenz"), ["Tokens"]);
        assert_eq!(near("los"), ["loss"]);
        assert_eq!(near("n"), ["N"]);
        assert_eq!(near("vall_oss"), ["val_loss"]);
        assert!(near("C").is_empty());
        assert!(near("").is_empty());
        assert!(near("entirely different").is_empty());
    }
}
