//! Captions out of words: no noise of machines, nothing twice.

/// Words one after the other, each once.
#[derive(Default)]
pub(super) struct Words(Vec<String>);

impl Words {
    /// Adds what a person would write for it, if it is not there yet.
    pub(super) fn add(&mut self, words: &str) {
        let words = clean(words);
        let lower = words.to_lowercase();
        if !words.is_empty() && self.0.iter().all(|known| known.to_lowercase() != lower) {
            self.0.push(words);
        }
    }

    /// All of them, with commas between.
    pub(super) fn caption(self) -> String {
        self.0.join(", ")
    }
}

/// One space between words. A name as programs give them, of letters, digits, `-` and `_`, becomes words: `face_smile` is
/// a smile, but `:-)` stays one.
pub(super) fn clean(text: &str) -> String {
    let is_name = text.trim().chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        && text.chars().any(char::is_alphanumeric);
    let text = if is_name { text.replace(['-', '_'], " ") } else { text.to_owned() };
    let kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_have_no_noise() {
        let mut words = Words::default();
        for word in
            ["  Grinning\n Face ", "grinning_face", "", "face-smile", ":-)", "-_-", "Developer / Languages", "\0"]
        {
            words.add(word);
        }
        assert_eq!(words.caption(), "Grinning Face, face smile, :-), -_-, Developer / Languages");
    }
}
