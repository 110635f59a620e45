//! Names of laws as the field writes them, in HTML.

use super::sheet::Sheet;
use crate::text::greek;

/// `alpha` as α, `A[mla]` and `A_mla` with an index, `ln A` with its function; words as they are.
pub(super) fn symbol(sheet: &mut Sheet, name: &str) {
    if let Some(of) = name.strip_prefix("ln ") {
        sheet.text("ln ");
        return symbol(sheet, of);
    }
    let (stem, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
        Some((stem, index)) => (stem, index),
        None => name.split_once('_').filter(|(a, b)| !a.is_empty() && !b.is_empty()).unwrap_or((name, "")),
    };
    let greek = greek(stem);
    match (greek, stem.chars().count()) {
        (Some(letter), _) => sheet.element_inline("i", letter),
        (None, 1) if stem.chars().all(char::is_alphabetic) => sheet.element_inline("i", stem),
        _ => sheet.name(stem),
    }
    if !index.is_empty() {
        sheet.open("sub", &[]);
        sheet.name(index);
        sheet.out.push_str("</sub>");
    }
}

impl Sheet {
    fn element_inline(&mut self, tag: &str, text: &str) {
        self.open(tag, &[]);
        self.text(text);
        self.out.push_str(&format!("</{tag}>"));
    }
}
