//! What does not enter a corpus, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::select::UNREADABLE;

/// How many names of each reason are kept: enough to go and look.
const NAMES: usize = 3;

/// Reasons, how often each held, and the first names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::corpora) struct LeftOut(BTreeMap<String, (u64, Vec<String>)>);

impl LeftOut {
    /// One file or document more. The reason completes "3 files ...": "have other extensions".
    pub(in crate::corpora) fn add(&mut self, reason: &str, name: &str) {
        if !self.0.contains_key(reason) {
            self.0.insert(reason.to_owned(), Default::default());
        }
        let (count, names) = self.0.get_mut(reason).expect("it was just made");
        *count += 1;
        // Documents of one file share its name.
        if names.len() < NAMES && names.last().is_none_or(|last| last != name) {
            names.push(name.to_owned());
        }
    }

    /// All that was left out for one reason is not worth a word.
    pub(in crate::corpora) fn forget(&mut self, reason: &str) {
        self.0.remove(reason);
    }

    /// What was left out elsewhere as well.
    pub(in crate::corpora) fn join(&mut self, others: Self) {
        for (reason, (count, names)) in others.0 {
            let known = self.0.entry(reason).or_default();
            known.0 += count;
            known.1.extend(names);
            known.1.truncate(NAMES);
        }
    }

    /// Is there a reason that may go away without a file being changed?
    pub(in crate::corpora) fn may_change(&self) -> bool {
        self.0.keys().any(|reason| reason.starts_with(UNREADABLE))
    }

    /// A sentence for each reason.
    pub(in crate::corpora) fn sentences(&self) -> Vec<String> {
        let sentence = |(reason, (count, names)): (&String, &(u64, Vec<String>))| {
            // Fewer names than are kept are all there are.
            let more = if names.len() == NAMES && *count > NAMES as u64 { ", ..." } else { "" };
            format!("left out, {reason}: {count} ({}{more})", names.join(", "))
        };
        self.0.iter().map(sentence).collect()
    }
}

/// A path for people: what does not print is escaped, and of a long one the end is shown.
pub(in crate::corpora) fn shown(path: &str) -> String {
    const MOST: usize = 100;
    let clean: String =
        path.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect();
    let long = clean.chars().count();
    if long <= MOST { clean } else { format!("...{}", clean.chars().skip(long - MOST + 3).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_names_are_few() {
        let mut left = LeftOut::default();
        (0..5).for_each(|i| left.add("binary", &format!("{i}.bin")));
        left.add("a duplicate", "b.txt");
        left.add("a duplicate", "b.txt");
        assert_eq!(
            left.sentences(),
            ["left out, a duplicate: 2 (b.txt)", "left out, binary: 5 (0.bin, 1.bin, 2.bin, ...)"]
        );
    }

    #[test]
    fn hostile_names_stay_on_one_short_line() {
        assert_eq!(shown("a\nb\u{1b}[1m\u{1f980}"), "a\\nb\\u{1b}[1m\u{1f980}");
        assert_eq!(shown(&"x".repeat(4096)).chars().count(), 100);
    }
}
