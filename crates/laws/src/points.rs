//! What a law is fitted to: the columns it names, and what goes with each row.

/// Rows of a table that enter a fit. All vectors have the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// the law's target
    pub target: Vec<f64>,
    /// the law's inputs, by name
    pub columns: Vec<(String, Vec<f64>)>,
    /// for parameters per family
    pub family: Option<Labels>,
    /// rows that share noise: replicates of a configuration, branches of a trunk
    pub cluster: Option<Labels>,
    /// how much each row counts; 1 if absent
    pub weight: Option<Vec<f64>>,
    /// standard error of each target, same unit
    pub se: Option<Vec<f64>>,
    /// the line of each row in its source, for messages
    pub lines: Vec<u64>,
    /// "tokens", "FLOPs": unit of a column where it is known, for messages
    pub units: Vec<(String, String)>,
    /// how a column was counted ("C = 6ND")
    pub conventions: Vec<(String, String)>,
}

/// A label per row, as an index into its levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// the column it came from
    pub name: String,
    /// in order of first appearance
    pub levels: Vec<String>,
    /// per row
    pub index: Vec<u32>,
}

impl Labels {
    /// From the label of each row.
    pub fn new<S: Into<String>>(name: impl Into<String>, rows: impl IntoIterator<Item = S>) -> Self {
        let mut labels = Self { name: name.into(), levels: Vec::new(), index: Vec::new() };
        let mut seen = std::collections::HashMap::new();
        for label in rows {
            let label = label.into();
            let next = labels.levels.len() as u32;
            let index = *seen.entry(label.clone()).or_insert(next);
            if index == next {
                labels.levels.push(label);
            }
            labels.index.push(index);
        }
        labels
    }
}

impl Points {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.target.is_empty()
    }

    /// The input column of that name.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, c)| c.as_slice())
    }

    /// `count` rows spread evenly over the order of the target, so that they span what all of them span.
    pub(crate) fn spread(&self, count: usize) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.target[a].total_cmp(&self.target[b]).then(a.cmp(&b)));
        let rows: Vec<usize> = (0..count).map(|i| order[i * self.len() / count]).collect();
        self.rows(&rows)
    }

    /// Some of the rows, in that order.
    pub(crate) fn rows(&self, rows: &[usize]) -> Self {
        let pick = |c: &Vec<f64>| rows.iter().map(|&r| c[r]).collect::<Vec<f64>>();
        let labels = |l: &Labels| Labels { index: rows.iter().map(|&r| l.index[r]).collect(), ..l.clone() };
        Self {
            target: pick(&self.target),
            columns: self.columns.iter().map(|(n, c)| (n.clone(), pick(c))).collect(),
            family: self.family.as_ref().map(labels),
            cluster: self.cluster.as_ref().map(labels),
            weight: self.weight.as_ref().map(pick),
            se: self.se.as_ref().map(pick),
            lines: rows.iter().map(|&r| self.line(r)).collect(),
            units: self.units.clone(),
            conventions: self.conventions.clone(),
        }
    }

    /// The line of a row, or its number from 1 where lines are not known.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).copied().unwrap_or(row as u64 + 1)
    }

    /// A 64-bit FNV-1a hash of everything above that a fit depends on: says whether a saved fit belongs to these rows.
    pub fn hash(&self) -> u64 {
        let mut hash = FNV_BASIS;
        let mut eat = |bytes: &[u8]| hash = fnv1a(hash, bytes);
        let numbers = std::iter::once(("", &self.target)).chain(self.columns.iter().map(|(n, c)| (n.as_str(), c)));
        let numbers = numbers.chain(self.weight.iter().map(|w| ("weight", w))).chain(self.se.iter().map(|s| ("se", s)));
        for (name, column) in numbers {
            eat(name.as_bytes());
            column.iter().for_each(|x| eat(&x.to_bits().to_le_bytes()));
        }
        for labels in self.family.iter().chain(&self.cluster) {
            eat(labels.name.as_bytes());
            labels.index.iter().for_each(|&i| eat(labels.levels[i as usize].as_bytes()));
        }
        hash
    }
}

/// Where [`fnv1a`] begins.
pub(crate) const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// 64-bit FNV-1a: tells accidents, not forgers.
pub(crate) fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
