//! Columns of text under each other.

use isoloss_formula::Column;

/// Rows under a header, indented; the first column and the last to the left, the others to the right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().map(|r| r[at].chars().count());
        cells.chain([header[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let mut text = String::from(" ");
        for (at, cell) in cells.iter().enumerate() {
            let pad = " ".repeat(widths[at] - cell.chars().count());
            let left = at == 0 || at + 1 == cells.len();
            text.push_str(&if left { format!(" {cell}{pad} ") } else { format!(" {pad}{cell} ") });
        }
        text.trim_end().to_owned() + "\n"
    };
    let mut text = line(header.to_vec());
    rows.iter().for_each(|row| text.push_str(&line(row.iter().map(String::as_str).collect())));
    text
}

/// A line of CSV.
pub fn csv_line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let quoted = |cell: &str| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    };
    let cells: Vec<String> = cells.into_iter().map(|c| quoted(c.as_ref())).collect();
    cells.join(",") + "\n"
}

/// The last place that a column is written to: 0.01 for 46.87.
pub fn last_place(column: &Column) -> f64 {
    let places = |text: &str| text.split_once('.').map_or(0, |(_, p)| p.len() as i32);
    let most = (0..column.len()).map(|row| places(&column.text(row))).max().unwrap_or(0);
    10f64.powi(-most)
}
