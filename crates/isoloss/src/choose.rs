//! Which law, and which column is which of its variables. What is chosen for a person is said.

use std::path::Path;

use isoloss_formula::{
    Table, name_in_expression, nearest, parse_condition, parse_expression, parse_formula, parse_number,
};
use isoloss_laws::{Law, catalogue};
use isoloss_runs::{Guess, guess, map_flag, quoted};

use crate::failure::Failure;

/// What the command line says of law and columns.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    pub law: Option<&'a str>,
    pub formula: Option<&'a str>,
    pub insist: &'a [String],
    pub maps: Vec<(String, String)>,
    pub where_: &'a [String],
    pub loss: Option<&'a str>,
}

/// The law and the maps that give it its columns.
#[derive(Debug)]
pub struct Chosen {
    pub law: Law,
    /// guessed maps, then the user's
    pub maps: Vec<(String, String)>,
    /// what was decided, one sentence each
    pub says: Vec<String>,
    /// compute that was mapped and that this law does not read
    pub unread: Option<String>,
    /// guessed maps that `says` covers, as `prepare` will say them again
    pub covered: Vec<String>,
}

/// Chooses from what was asked and what the table has.
pub fn choose(table: &Table, asked: Asked<'_>) -> Result<Chosen, Failure> {
    let chooser = Chooser { table, guess: guess(table), asked };
    let mut says = Vec::new();
    let law = chooser.law(&mut says)?;
    let mut maps = Vec::new();
    for (at, (name, means)) in law.variables.iter().enumerate() {
        if at > 0 || chooser.asked.loss.is_none() {
            chooser.variable(&law, name, means, at == 0, &mut maps, &mut says)?;
        }
    }
    chooser.mentioned(&mut maps);
    let mut covered = Vec::new();
    for (name, column) in &maps {
        if let Some(said) = chooser.guess.columns.get(name.as_str()).and_then(|choice| choice.says.clone()) {
            says.push(said);
            covered.push(format!("{name} = {column}"));
        }
    }
    let unread = chooser.unread(&law);
    maps.extend(chooser.asked.maps);
    Ok(Chosen { law, maps, says, unread, covered })
}

/// Maps the inputs of a law that is already known, for predictions.
pub fn inputs(table: &Table, law: &Law, user: Vec<(String, String)>) -> Result<Vec<(String, String)>, Failure> {
    let chooser = Chooser { table, guess: guess(table), asked: Asked { maps: user, ..Asked::default() } };
    let mut maps = Vec::new();
    for (name, means) in &law.variables[1..] {
        chooser.variable(law, name, means, false, &mut maps, &mut Vec::new())?;
    }
    maps.extend(chooser.asked.maps);
    Ok(maps)
}

struct Chooser<'a> {
    table: &'a Table,
    guess: Guess,
    asked: Asked<'a>,
}

/// Letters that tables of runs have for sizes.
const SIZES: [&str; 3] = ["N", "D", "C"];
const DERIVED: [(&str, [&str; 2]); 3] = [("N", ["D", "C"]), ("D", ["N", "C"]), ("C", ["N", "D"])];

impl Chooser<'_> {
    fn law(&self, says: &mut Vec<String>) -> Result<Law, Failure> {
        if let Some(text) = self.asked.formula {
            return self.formula(text);
        }
        if let Some(name) = self.asked.law {
            return self.named(name);
        }
        for role in ["N", "D"] {
            if let (Some(_), false) = (self.guess.ambiguous.get(role), self.is_column(role)) {
                return Err(self.ambiguous(role));
            }
        }
        let [n, d, c] = ["N", "D", "C"].map(|role| self.has(role));
        // Without it a law of N or D alone would be taken, and said to be all there is.
        if self.guess.ambiguous.contains_key("C") && !c && !(n && d) {
            return Err(self.ambiguous("C"));
        }
        let (name, why) = match (n, d, c) {
            (true, true, _) => ("chinchilla", "the table has parameters N and tokens D"),
            (true, _, true) | (_, true, true) => ("chinchilla", "N and D follow from C = 6ND"),
            (true, ..) => ("power-floor", "the table has parameters N and no tokens"),
            (_, true, _) => ("power-floor", "the table has tokens D and no parameters"),
            (.., true) => ("frontier", "the table has compute C, but neither parameters nor tokens"),
            _ => return Err(self.nothing()),
        };
        let law = catalogue::law(name).ok_or_else(|| Failure::usage("no such law", "isoloss list laws"))?;
        says.push(format!("law {name}, because {why}: {}", law.reading()));
        if name != "chinchilla" {
            says.extend(self.untaken([n, d, c]));
        }
        if name == "chinchilla" && self.table.column("unique_tokens").is_some() {
            says.push("the table has unique tokens too: --law data-constrained counts repeats for less".into());
        }
        Ok(law)
    }

    /// Sizes for which no column was taken although numbers are left that may be them: the law would be another.
    fn untaken(&self, has: [bool; 3]) -> Option<String> {
        let lacking = SIZES.into_iter().zip(has).filter(|(_, has)| !has);
        let lacking: Vec<&str> = lacking.map(|(role, _)| role).collect();
        let taken = |name: &str| {
            SIZES.contains(&name)
                || self.guess.columns.values().any(|choice| choice.column == name)
                || self.asked.loss == Some(name)
                || self.asked.maps.iter().any(|(_, text)| {
                    text == name || parse_expression(text).is_ok_and(|e| e.names().iter().any(|n| n == name))
                })
        };
        let numbers = self.table.columns().iter().filter(|c| c.as_numbers().is_some() && !taken(&c.name));
        let left: Vec<&str> = numbers.map(|c| c.name.as_str()).collect();
        (!left.is_empty()).then(|| {
            let flags: Vec<String> = lacking.iter().map(|role| map_flag(role, "COLUMN")).collect();
            format!(
                "no column was taken for {}: {} names one, if it is among {}",
                lacking.join(" or "),
                flags.join(" or "),
                listed(left.into_iter())
            )
        })
    }

    fn formula(&self, text: &str) -> Result<Law, Failure> {
        let named = parse_formula(text).map(|f| f.names()).unwrap_or_default();
        let mut columns: Vec<&str> = self.table.columns().iter().map(|c| c.name.as_str()).collect();
        columns.extend(self.asked.maps.iter().map(|(new, _)| new.as_str()));
        let roles = ["N", "D", "C"].into_iter().filter(|r| !self.is_column(r));
        columns.extend(roles.filter(|r| named.iter().any(|n| n == r) && self.may_be(r)));
        Ok(Law::from_formula(text, &columns, self.asked.insist)?)
    }

    fn named(&self, name: &str) -> Result<Law, Failure> {
        if let Some(law) = catalogue::law(name) {
            return Ok(law);
        }
        if name == "all" || name.contains(',') && !Path::new(name).is_file() {
            return Err(Failure::usage(
                format_args!("--law {name}: one law is taken here"),
                format_args!("isoloss fit TABLE --law {name} ranks laws; then name one of them"),
            ));
        }
        if !Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) && !Path::new(name).is_file() {
            return Err(Failure::usage(
                format_args!("--law {name}: there is no such law"),
                match nearest(name, catalogue::names()).first() {
                    Some(near) => {
                        format!("did you mean {near}? `isoloss list laws` shows all; your own is a file, --law my.toml")
                    }
                    None => format!("the laws are {}; your own is a file, --law my.toml", join(catalogue::names())),
                },
            ));
        }
        let text = std::fs::read_to_string(name).map_err(|e| Failure::file(name, "read", &e))?;
        let law = Law::from_toml(name, &text)?;
        if let Some(p) = law.parameters.iter().find(|p| self.is_column(&p.name) && !self.asked.insist.contains(&p.name))
        {
            return Err(Failure::usage(
                format_args!("{name}: parameter {0} bears the name of a column of {1}", p.name, self.table.source),
                format_args!("add {0} to [variables], or --param {0} if it is meant as a parameter", p.name),
            ));
        }
        Ok(law)
    }

    /// Finds the column of a variable; adds maps where it has another name.
    fn variable(
        &self,
        law: &Law,
        name: &str,
        means: &str,
        is_target: bool,
        maps: &mut Vec<(String, String)>,
        says: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let mut add = |name: &str, column: &str| {
            if !maps.iter().any(|(new, _)| new == name) {
                maps.push((name.to_owned(), column.to_owned()));
            }
        };
        // Where the letter of a size stands for something else, the column of that letter is not it.
        if let Some(column) = law.column(name).filter(|_| SIZES.contains(&name) && !self.is_mapped(name)) {
            let what = format!("{}: {name} of the law {} is {means}, and a column {name}", self.table.source, law.name);
            return Err(Failure::usage(
                format_args!("{what} is not taken for it"),
                format_args!("say which column holds it: {} or {}", map_flag(name, column), map_flag(name, name)),
            ));
        }
        if self.is_column(name) {
            return Ok(());
        }
        if let Some(choice) = self.guess.columns.get(name) {
            add(name, &choice.column);
            return Ok(());
        }
        if self.guess.ambiguous.contains_key(name) {
            return Err(self.ambiguous(name));
        }
        if self.derivable(name) {
            for (_, from) in DERIVED.iter().filter(|(new, _)| *new == name) {
                for role in from.iter().filter(|r| !self.is_column(r)) {
                    add(role, &self.guess.columns[role].column);
                }
            }
            return Ok(());
        }
        if name == "U"
            && let Some(column) = self.table.column("unique_tokens")
        {
            says.push("U (unique tokens) is column `unique_tokens`".into());
            add("U", &column.name);
            return Ok(());
        }
        if name == "X" && !is_target && law.inputs().count() == 1 {
            let scales: Vec<&str> = ["N", "D", "C"].into_iter().filter(|r| self.has(r)).collect();
            let unsure = self.guess.ambiguous.iter().filter(|(r, _)| **r != "L" && !self.is_column(r));
            let unsure: Vec<_> = unsure.collect();
            if let ([role], []) = (&scales[..], &unsure[..]) {
                let column = self.guess.columns.get(role).map_or(*role, |c| c.column.as_str());
                says.push(format!("the scale X is {role}, column `{column}`"));
                add("X", column);
                return Ok(());
            }
            if !scales.is_empty() || !unsure.is_empty() {
                let mut flags: Vec<String> = scales.iter().map(|r| map_flag("X", self.behind(r))).collect();
                for (role, ambiguity) in &unsure {
                    flags.extend(ambiguity.flags.iter().map(|f| f.replacen(&format!("{role}="), "X=", 1)));
                }
                let roles = scales.into_iter().chain(unsure.iter().map(|(role, _)| **role));
                return Err(Failure::usage(
                    format_args!("the scale X of the law {} may be {}", law.name, join(roles)),
                    format_args!("say which: {}", flags.join(" or ")),
                ));
            }
        }
        Err(self.missing(law, name, means, is_target))
    }

    /// Roles that the user's own expressions name are mapped too, compute from sizes where it has no column.
    fn mentioned(&self, maps: &mut Vec<(String, String)>) {
        let mut named: Vec<String> = Vec::new();
        for (_, expression) in &self.asked.maps {
            named.extend(parse_expression(expression).map(|e| e.names()).unwrap_or_default());
        }
        for condition in self.asked.where_ {
            named.extend(parse_condition(condition).map(|e| e.names()).unwrap_or_default());
        }
        for name in named {
            if let Some(choice) = self.guess.columns.get(name.as_str())
                && !self.is_column(&name)
                && !maps.iter().any(|(new, _)| *new == name)
            {
                maps.push((name, choice.column.clone()));
            } else if name == "C"
                && !self.is_column("C")
                && !self.guess.ambiguous.contains_key("C")
                && self.derivable("C")
            {
                for role in ["N", "D"].into_iter().filter(|role| !self.is_column(role)) {
                    if !maps.iter().any(|(new, _)| new == role) {
                        maps.push((role.to_owned(), self.guess.columns[role].column.clone()));
                    }
                }
                maps.push((name, "6*N*D".to_owned()));
            }
        }
    }

    /// Compute that was mapped although the law reads N and D, and nothing else asks for it: whoever typed it expects it to count.
    fn unread(&self, law: &Law) -> Option<String> {
        let reads = |role: &str| law.variables.iter().any(|(name, _)| name == role);
        let both = ["N", "D"].iter().all(|role| reads(role) && self.has(role));
        let (_, mapped) = self.asked.maps.iter().find(|(new, _)| new == "C").filter(|_| both && !reads("C"))?;
        let maps = self.asked.maps.iter().filter_map(|(_, text)| Some(parse_expression(text).ok()?.names()));
        let conditions = self.asked.where_.iter().filter_map(|text| Some(parse_condition(text).ok()?.names()));
        let asked = maps.chain(conditions).flatten().any(|name| name == "C");
        let says = format!(
            "C = {mapped} is read by --method alone: the law {} takes N and D, and compute is 6*N*D where it is asked for",
            law.name
        );
        (!asked).then_some(says)
    }

    /// The table or the user gives this name.
    fn is_column(&self, name: &str) -> bool {
        self.table.column(name).is_some() || self.is_mapped(name)
    }

    fn is_mapped(&self, name: &str) -> bool {
        self.asked.maps.iter().any(|(new, _)| new == name)
    }

    fn has(&self, role: &str) -> bool {
        self.is_column(role) || self.guess.columns.contains_key(role)
    }

    /// A variable, though it may take a question to say which column.
    fn may_be(&self, role: &str) -> bool {
        self.has(role) || self.guess.ambiguous.contains_key(role) || self.derivable(role)
    }

    fn derivable(&self, role: &str) -> bool {
        DERIVED.iter().any(|(new, from)| *new == role && from.iter().all(|r| self.has(r)))
    }

    fn behind<'a>(&'a self, role: &'a str) -> &'a str {
        self.guess.columns.get(role).map_or(role, |c| c.column.as_str())
    }

    fn ambiguous(&self, role: &str) -> Failure {
        let doubt = &self.guess.ambiguous[role];
        let answers = doubt.flags.join(" or ");
        Failure::usage(format_args!("{}: {}", self.table.source, doubt.says), format_args!("say which: {answers}"))
    }

    fn missing(&self, law: &Law, name: &str, means: &str, is_target: bool) -> Failure {
        if let Some(failure) = self.no_header() {
            return failure;
        }
        let means = if means.is_empty() { String::new() } else { format!(" ({means})") };
        let what = format!("{}: the law {} needs a column {name}{means}", self.table.source, law.name);
        if name == "L"
            && let Some(perplexity) = self.guess.perplexities.first()
        {
            let logarithm = map_flag("L", &format!("ln({})", name_in_expression(perplexity)));
            let what = format_args!("{what}; `{perplexity}` is a perplexity, not a loss");
            return Failure::usage(what, format_args!("{logarithm} makes it one"));
        }
        let headers = self.table.columns().iter().map(|c| c.name.as_str());
        if let Some(column) = law.column(name).filter(|column| self.table.column(column).is_some()) {
            return Failure::usage(what, format_args!("`{column}` holds it: {}", map_flag(name, column)));
        }
        let flag = match nearest(name, headers.clone()).first() {
            Some(near) => return Failure::usage(what, format_args!("did you mean `{near}`? {}", map_flag(name, near))),
            None if is_target => format!("--loss COLUMN, or {}", map_flag(name, "COLUMN")),
            None => map_flag(name, "COLUMN"),
        };
        Failure::usage(what, format_args!("name it by {flag}; the columns are {}", listed(headers)))
    }

    /// A first line that holds numbers is a row, and the file has no header.
    fn no_header(&self) -> Option<Failure> {
        let headers = || self.table.columns().iter().map(|c| c.name.as_str());
        let numbers: Vec<&str> = headers().filter(|name| parse_number(name).is_some()).collect();
        (numbers.len() * 2 >= headers().count() && !numbers.is_empty()).then(|| {
            Failure::usage(
                format_args!(
                    "{}: the first line is taken for the names of columns, and looks like a row: {}",
                    self.table.source,
                    listed(numbers.into_iter())
                ),
                "put a line of names above it, such as run,params,tokens,loss",
            )
        })
    }

    fn nothing(&self) -> Failure {
        if let Some(failure) = self.no_header() {
            return failure;
        }
        let headers = self.table.columns().iter().map(|c| c.name.as_str());
        Failure::usage(
            format_args!("{}: no column is known as parameters N, tokens D or compute C", self.table.source),
            format_args!("name it by {}; the columns are {}", map_flag("N", "COLUMN"), listed(headers)),
        )
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Up to twelve headers.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.map(quoted).collect();
    let more = all.len().saturating_sub(12);
    let text = all.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

#[cfg(test)]
mod tests {
    use isoloss_formula::Column;

    use super::*;

    fn refused(headers: &[&str], asked: Asked<'_>) -> String {
        let columns = headers.iter().map(|h| Column::numbers(*h, vec![1.5])).collect();
        choose(&Table::new("x.csv", columns, vec![2]), asked).unwrap_err().to_string()
    }

    /// A column whose name hides a scale is asked about, whichever law wants it.
    #[test]
    fn no_law_is_taken_past_a_hidden_scale() {
        let n = "hint: say which: --map \"N=params_M*1e6\" or --map \"N=params_M\"";
        let tokens = ["params_M", "tokens", "loss"];
        assert!(refused(&tokens, Asked::default()).ends_with(n));
        let formula = Asked { formula: Some("L = E + A*N^-alpha"), ..Asked::default() };
        assert!(refused(&tokens, formula).ends_with(n));
        let compute = refused(&["params", "flops_e18", "loss"], Asked::default());
        assert!(compute.ends_with("--map \"C=flops_e18*1e18\" or --map \"C=flops_e18\""), "{compute}");
        let scale = refused(&tokens, Asked { law: Some("power"), ..Asked::default() });
        let flags = "--map \"X=tokens\" or --map \"X=params_M*1e6\" or --map \"X=params_M\"";
        assert!(scale.ends_with(flags) && scale.contains("may be D, N"), "{scale}");
    }

    #[test]
    fn sizes_that_were_not_found_are_said() {
        let says = |headers: &[&str]| {
            let columns = headers.iter().map(|name| Column::numbers(*name, vec![1.5])).collect();
            choose(&Table::new("x.csv", columns, vec![2]), Asked::default()).unwrap().says
        };
        let said = "no column was taken for D or C: --map \"D=COLUMN\" or --map \"C=COLUMN\" names one, if it is among `shown`";
        assert!(says(&["N", "shown", "loss"]).contains(&said.to_owned()), "{:?}", says(&["N", "shown", "loss"]));
        let none = |headers: &[&str]| !says(headers).iter().any(|said| said.starts_with("no column"));
        assert!(none(&["N", "loss"]) && none(&["N", "D", "shown", "loss"]));
    }

    #[test]
    fn compute_that_nothing_reads_is_said() {
        let says = |law: &str, maps: &[(&str, &str)], where_: &[String]| {
            let columns = ["N", "D", "loss", "flops_counted"].map(|name| Column::numbers(name, vec![1.5])).into();
            let maps = maps.iter().map(|(new, from)| ((*new).to_owned(), (*from).to_owned())).collect();
            let asked = Asked { law: Some(law), maps, where_, ..Asked::default() };
            let unread = choose(&Table::new("x.csv", columns, vec![2]), asked).unwrap().unread;
            unread.is_some_and(|said| {
                said.starts_with("C = flops_counted is read by --method alone: the law chinchilla takes N and D")
            })
        };
        let counted = ("C", "flops_counted");
        assert!(says("chinchilla", &[counted], &[]));
        assert!(!says("frontier", &[counted], &[]) && !says("chinchilla", &[], &[]));
        assert!(!says("chinchilla", &[counted, ("D", "C/(6*N)")], &[]));
        assert!(!says("chinchilla", &[counted], &["C > 1e18".to_owned()]));
    }
}
