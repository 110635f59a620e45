//! Values of inputs as examples, for hints that can be typed.

use crate::result::Fit;
use crate::warning::Plain;

/// What an input holds, by a word of what the law says of it, and a value that suits it. The first that fits counts.
const USUAL: [(&[&str], f64); 8] = [
    (&["share"], 0.5),
    (&["bits", "granularity"], 8.0),
    (&["parameter"], 1e9),
    (&["token", "character"], 1e10),
    (&["compute", "FLOP"], 1e21),
    (&["vocabulary"], 5e4),
    (&["step"], 1e5),
    (&["expert", "stream", "loop"], 8.0),
];

impl Fit {
    /// A value of an input, in its unit: the middle of what was fitted (geometric where all is positive), else one that
    /// suits what the law says of the input; of shares an equal part. Two digits.
    pub fn typical(&self, input: &str) -> f64 {
        if self.members().any(|member| member == input) {
            return (100.0 / self.members().count() as f64).round() / 100.0;
        }
        let fitted = self.ranges.iter().find(|(name, ..)| name == input);
        let value = match fitted {
            Some((_, low, high)) if *low > 0.0 => (low * high).sqrt(),
            Some((_, low, high)) => 0.5 * (low + high),
            None if self.units.iter().any(|(name, unit)| name == input && unit == "PF-days") => 10.0,
            None => {
                let means = self.law.variables.iter().find(|(name, _)| name == input).map_or("", |(_, means)| means);
                let suits = |(words, _): &&(&[&str], f64)| words.iter().any(|word| means.contains(word));
                USUAL.iter().find(suits).map_or(1e9, |(_, value)| *value)
            }
        };
        format!("{value:.1e}").parse().unwrap_or(value)
    }

    /// `S=0.5,D=1e10`: inputs with [`Fit::typical`] values, as flags take them.
    pub fn typically<'a>(&self, inputs: impl IntoIterator<Item = &'a str>) -> String {
        let mut text = String::new();
        for input in inputs {
            let comma = if text.is_empty() { "" } else { "," };
            text.push_str(&format!("{comma}{input}={}", Plain(self.typical(input))));
        }
        text
    }
}
