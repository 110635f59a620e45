//! The law with numbers in the place of its parameters.

use isoloss_formula::{Binary, Expr, Formula, Function, Kind, Unary};

use crate::result::Fit;

/// Members of a column group up to which a sum over them is written out.
const MOST: usize = 6;

impl Fit {
    /// Whether some parameter has one value per family.
    pub fn differs(&self) -> bool {
        self.families.iter().any(|f| self.parameters.iter().any(|p| p.name.ends_with(&format!("[{f}]"))))
    }

    /// The law with numbers for its parameters, each as `shown` rounds it. Parameters that differ over families keep
    /// their names unless the family is given; a sum over few columns is written out, column by column; two signs in a
    /// row become one.
    pub fn substituted(&self, family: Option<&str>, shown: impl Fn(f64) -> f64) -> Formula {
        Filling { fit: self, family, member: None, shown: &shown }.formula(&self.law.formula)
    }

    /// [`Self::substituted`] for every family where parameters differ over them, else once.
    pub fn in_numbers(&self, shown: impl Fn(f64) -> f64) -> Vec<(Option<&str>, Formula)> {
        let one = |family: Option<&'_ str>| self.substituted(family, &shown);
        match self.differs() {
            false => vec![(None, one(None))],
            true => self.families.iter().map(|f| (Some(f.as_str()), one(Some(f)))).collect(),
        }
    }
}

/// What the names of a formula stand for.
#[derive(Clone, Copy)]
struct Filling<'a> {
    fit: &'a Fit,
    family: Option<&'a str>,
    /// the column that a group stands for, inside its sum
    member: Option<&'a str>,
    shown: &'a dyn Fn(f64) -> f64,
}

impl<'a> Filling<'a> {
    fn formula(&self, formula: &Formula) -> Formula {
        Formula {
            source: String::new(),
            lets: formula.lets.iter().map(|(name, e)| (name.clone(), self.expression(e))).collect(),
            target: formula.target.clone(),
            body: self.expression(&formula.body),
        }
    }

    /// The parameter behind a name.
    fn tied<'n>(&'n self, name: &'n str) -> &'n str {
        self.fit.ties().iter().find(|(alias, _)| alias == name).map_or(name, |(_, to)| to)
    }

    fn value(&self, name: &str) -> Option<f64> {
        let name = self.tied(name);
        let of = |name: &str| self.fit.parameter(name).map(|p| p.estimate.value).filter(|v| v.is_finite());
        let level = |level: Option<&str>| of(&format!("{name}[{}]", level?));
        of(name).or_else(|| level(self.member)).or_else(|| level(self.family))
    }

    fn expression(&self, expr: &Expr) -> Expr {
        let boxed = |e: &Expr| Box::new(self.expression(e));
        let all = |list: &[Expr]| list.iter().map(|e| self.expression(e)).collect();
        let kind = match &expr.kind {
            Kind::Name(name) => match self.value(name) {
                Some(v) => signless((self.shown)(v)),
                None => expr.kind.clone(),
            },
            Kind::Group(_) => self.member.map_or(expr.kind.clone(), |column| Kind::Name(column.to_owned())),
            // A number carries its own sign: two in a row are no formula.
            Kind::Unary(Unary::Neg, x) => match self.expression(x) {
                Expr { kind: Kind::Number(v), .. } => signless(-v),
                x => Kind::Unary(Unary::Neg, Box::new(x)),
            },
            Kind::Unary(op, x) => Kind::Unary(*op, boxed(x)),
            // The power that stands for nothing along a ladder is no part of what was fitted.
            Kind::Binary(Binary::Add, x, y) if self.stands_in(y) => return self.expression(x),
            Kind::Binary(Binary::Add, x, y) if self.stands_in(x) => return self.expression(y),
            Kind::Binary(op, x, y) => joined(*op, self.expression(x), self.expression(y)),
            Kind::Call(function, list) => match self.written_out(*function, list) {
                Some(sum) => return sum,
                None => Kind::Call(*function, all(list)),
            },
            Kind::In(x, list) => Kind::In(boxed(x), all(list)),
            other => other.clone(),
        };
        Expr { kind, span: expr.span }
    }

    /// A term of a parameter that [`Fit::stand_ins`] names.
    fn stands_in(&self, term: &Expr) -> bool {
        let product = matches!(&term.kind, Kind::Binary(Binary::Mul | Binary::Div, ..));
        product && self.fit.stand_ins().iter().any(|name| term.names().iter().any(|n| self.tied(n) == *name))
    }

    /// A sum or product over columns that have a parameter each, column by column.
    fn written_out(&self, function: Function, list: &[Expr]) -> Option<Expr> {
        let op = match function {
            Function::Sum => Binary::Add,
            Function::Prod => Binary::Mul,
            _ => return None,
        };
        let [of] = list else { return None };
        let prefix = of.groups().into_iter().next()?;
        let column = |name: &str, parameter: &'a str| {
            let column = parameter.strip_prefix(self.tied(name))?.strip_prefix('[')?.strip_suffix(']')?;
            column.starts_with(&prefix).then_some(column)
        };
        let mut columns: Vec<&'a str> = Vec::new();
        for name in of.names() {
            for found in self.fit.parameters.iter().filter_map(|p| column(&name, &p.name)) {
                if !columns.contains(&found) {
                    columns.push(found);
                }
            }
        }
        if columns.len() > MOST {
            return None;
        }
        let each = columns.into_iter().map(|column| Self { member: Some(column), ..*self }.expression(of));
        each.reduce(|all, one| Expr { span: of.span, kind: joined(op, all, one) })
    }
}

/// `x op y`; a sum with a negative term is a difference.
fn joined(op: Binary, x: Expr, y: Expr) -> Kind {
    let (op, y) = match (op, opposite(&y)) {
        (Binary::Add, Some(y)) => (Binary::Sub, y),
        (Binary::Sub, Some(y)) => (Binary::Add, y),
        _ => (op, y),
    };
    Kind::Binary(op, Box::new(x), Box::new(y))
}

/// The same without the sign of its first factor, if that is a negative number.
fn opposite(expr: &Expr) -> Option<Expr> {
    let kind = match &expr.kind {
        Kind::Number(v) if *v < 0.0 => Kind::Number(-v),
        Kind::Binary(op @ (Binary::Mul | Binary::Div), x, y) => Kind::Binary(*op, Box::new(opposite(x)?), y.clone()),
        _ => return None,
    };
    Some(Expr { kind, span: expr.span })
}

/// Zero has no sign.
fn signless(value: f64) -> Kind {
    Kind::Number(if value == 0.0 { 0.0 } else { value })
}

#[cfg(test)]
mod tests {
    use isoloss_formula::{parse_formula, scalar};

    use super::*;
    use crate::{Law, catalogue, published};

    /// To five digits.
    fn five(value: f64) -> f64 {
        format!("{value:.4e}").parse().expect("a number")
    }

    fn printed(fit: &Fit) -> String {
        fit.substituted(None, five).to_string()
    }

    /// A fit of any law with these values, in turn.
    fn with(law: &Law, values: &[f64]) -> Fit {
        let mut fit = published("besiroglu-2024").unwrap();
        let any = fit.parameters[0].clone();
        let parameters = law.parameters.iter().zip(values.iter().cycle()).map(|(p, value)| {
            let mut fitted = any.clone();
            fitted.name = p.name.clone();
            fitted.estimate.value = *value;
            fitted
        });
        fit.parameters = parameters.collect();
        fit.law = law.clone();
        fit
    }

    /// A formula at a point; what the point does not have has the value of the parameter, to five digits.
    fn at(formula: &Formula, fit: Option<&Fit>) -> f64 {
        let mut known: Vec<(String, f64)> = Vec::new();
        let input = |name: &str| 1.5 + 0.1 * f64::from(name.bytes().map(u32::from).sum::<u32>() % 17);
        let look = |known: &[(String, f64)], name: &str| {
            let before = known.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
            let fitted = || Some(five(fit?.parameter(name)?.estimate.value));
            before.or_else(fitted).or(Some(input(name)))
        };
        for (name, e) in &formula.lets {
            let value = scalar(e, |n| look(&known, n)).unwrap();
            known.push((name.clone(), value));
        }
        scalar(&formula.body, |n| look(&known, n)).unwrap()
    }

    #[test]
    fn what_is_printed_is_the_law() {
        let own = ["L = E - A*N^-alpha - B*D^-beta", "L = E + -A*N^(-alpha*-beta)", "L = -A - -B/N*-D^-E"];
        let own = own.map(|text| Law::from_formula(text, &["L", "N", "D"], &[]).unwrap());
        let nasty = [-0.2, 2.0, 0.0, -3.5, 1e-300, 1.23456789, 7e99, -1e-9];
        for law in catalogue::laws().iter().chain(&own).filter(|law| law.formula.groups().is_empty()) {
            for shift in 0..nasty.len() {
                let values: Vec<f64> = nasty.iter().cycle().skip(shift).take(nasty.len()).copied().collect();
                let fit = with(law, &values);
                let text = printed(&fit);
                let parsed = parse_formula(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
                assert_eq!(parsed.to_string(), text);
                let (said, meant) = (at(&parsed, None), at(&law.formula, Some(&fit)));
                let same = said == meant || (said.is_nan() && meant.is_nan());
                assert!(same, "{text} is {said}, not {meant}");
            }
        }
    }

    #[test]
    fn signs_meet_in_one() {
        let law = Law::from_formula("L = E + A*N^-alpha - B*D^-beta", &["L", "N", "D"], &[]).unwrap();
        let text = printed(&with(&law, &[1.7, -400.0, -0.2, -2.0, 0.3]));
        assert_eq!(text, "L = 1.7 - 400*N^0.2 + 2*D^-0.3");
    }

    #[test]
    fn sums_over_columns_are_written_out() {
        let law = Law::from_formula("L = E + sum(t*w_*)", &["L", "w_a", "w_b"], &[]).unwrap();
        let mut fit = with(&law, &[1.5, 0.25]);
        let names: Vec<&str> = fit.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["E", "t"]);
        let mut second = fit.parameters[1].clone();
        fit.parameters[1].name = "t[w_a]".into();
        (second.name, second.estimate.value) = ("t[w_b]".into(), -0.5);
        fit.parameters.push(second);
        assert_eq!(printed(&fit), "L = 1.5 + (0.25*w_a - 0.5*w_b)");
    }

    #[test]
    fn what_differs_over_families_has_a_number_per_family() {
        let law = Law::from_formula("L = E + A*N^-alpha", &["L", "N"], &[]).unwrap();
        let mut fit = with(&law, &[1.5, 400.0, 0.3]);
        assert_eq!(fit.in_numbers(five).len(), 1);
        fit.families = vec!["old".into(), "new".into()];
        let mut other = fit.parameters[1].clone();
        fit.parameters[1].name = "A[old]".into();
        (other.name, other.estimate.value) = ("A[new]".into(), 300.0);
        fit.parameters.push(other);
        let each: Vec<_> = fit.in_numbers(five).into_iter().map(|(f, law)| (f, law.to_string())).collect();
        assert_eq!(each[0], (Some("old"), "L = 1.5 + 400*N^-0.3".to_owned()));
        assert_eq!(each[1], (Some("new"), "L = 1.5 + 300*N^-0.3".to_owned()));
        assert_eq!(printed(&fit), "L = 1.5 + A*N^-0.3");
    }
}
