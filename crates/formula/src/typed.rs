//! What a hint asks a person to type: names and words in expressions, and expressions in a shell.

use crate::lex::is_plain;

/// A name as an expression writes it: in back-quotes where it is none of letters, digits and underscores.
///
/// ```
/// assert_eq!(isoloss_formula::name_in_expression("train tokens"), "`train tokens`");
/// ```
pub fn name_in_expression(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

/// A word as an expression writes it: in single quotes.
///
/// ```
/// assert_eq!(isoloss_formula::word_in_expression("Ada's"), "'Ada''s'");
/// ```
pub fn word_in_expression(word: &str) -> String {
    format!("'{}'", word.replace('\'', "''"))
}

/// A text as a shell takes it for one argument: in double quotes, and in single ones where a shell would read on inside
/// of double ones, as it runs what stands between back-quotes.
///
/// ```
/// assert_eq!(isoloss_formula::in_shell("N=Model Size"), "\"N=Model Size\"");
/// assert_eq!(isoloss_formula::in_shell("N=1e6*`Model Size`"), "'N=1e6*`Model Size`'");
/// ```
pub fn in_shell(text: &str) -> String {
    // `!` calls up old commands, but not in `!=`.
    let recalls = text.replace("!=", "").contains('!');
    if recalls || text.contains(['"', '$', '`', '\\']) {
        format!("'{}'", text.replace('\'', r"'\''"))
    } else {
        format!("\"{text}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_condition;

    #[test]
    fn what_is_typed_comes_back() {
        for name in ["N", "train tokens", "a`b", "in", "and", "1st", "größe", "val/loss", "exp"] {
            let text = format!("{} = {}", name_in_expression(name), word_in_expression("it's"));
            assert_eq!(parse_condition(&text).unwrap().names(), [name], "{text}");
        }
        assert_eq!(in_shell("it's `x`"), r"'it'\''s `x`'");
        assert_eq!([in_shell("a != 'b'"), in_shell("loss!")], ["\"a != 'b'\"", "'loss!'"]);
    }
}
