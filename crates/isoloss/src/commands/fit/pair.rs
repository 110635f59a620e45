//! Runs of several families at the same sizes: what they have in common is drawn together, so that it cancels where families
//! are compared.

use isoloss_laws::Labels;

use super::Loaded;
use crate::numbers::count;
use crate::output::talk;

impl Loaded {
    /// Makes rows of equal sizes (and seeds, where there is a column `seed`) clusters, if every family has them; what is done
    /// is said, with `advice` where it is not.
    pub fn pair(&mut self, advice: &str) {
        let points = &self.points;
        let Some(families) = &points.family else { return };
        let seed =
            self.prepared.table.column("seed").map(|c| (0..points.len()).map(|row| c.text(row)).collect::<Vec<_>>());
        let cell = |row: usize| {
            let mut name: Vec<String> = points.columns.iter().map(|(_, c)| c[row].to_string()).collect();
            name.extend(seed.iter().map(|s| s[row].clone()));
            name.join(" ")
        };
        let cells: Vec<String> = (0..points.len()).map(cell).collect();
        let of = |family: u32| {
            let mut all: Vec<&String> =
                (0..points.len()).filter(|&row| families.index[row] == family).map(|row| &cells[row]).collect();
            all.sort();
            all.dedup();
            all
        };
        let first = of(0);
        let mut names: Vec<&str> = points.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(seed.iter().map(|_| "seed"));
        let names = names.join(", ");
        if (1..families.levels.len() as u32).all(|family| of(family) == first) {
            talk(format_args!(
                "paired: every family has rows at the same {} ({names}), and those of one are drawn together",
                count(first.len(), "place")
            ));
            self.points.cluster = Some(Labels::new("pair", cells));
        } else {
            talk(format_args!("not paired: the families do not have the same {names}{advice}"));
        }
    }
}
