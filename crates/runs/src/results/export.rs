//! Runs as CSV: a header, and a line for each run.
//!
//! The columns are those of the [table](Runs::table), config included, a value each: `model.d_model` can be read, sorted
//! and plotted by whoever opens the file, and a fit reads it as it is. One column with the whole config as JSON would be
//! as lossless, but nobody could read it, and it would say everything a second time. Nothing is lost: cells tell `1` from
//! `1.0` from the text `1`, and a record that is read back has the same id.

use super::{Runs, cells, sheet};
use crate::record::Convention;

/// The runs as CSV. What a run that did not finish says of a loss stays behind.
pub fn export(runs: &Runs, convention: Convention) -> String {
    let columns = sheet::columns(runs, convention);
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let mut write =
        |cells: Vec<String>| writer.write_record(cells).expect("memory takes all, and rows are equally long");
    write(columns.iter().map(|column| column.name.clone()).collect());
    for row in 0..runs.len() {
        let cell =
            |column: &sheet::Column| column.cells[row].as_ref().map_or(String::new(), |v| cells::text(v, column.kind));
        write(columns.iter().map(cell).collect());
    }
    let bytes = writer.into_inner().expect("memory takes all");
    String::from_utf8(bytes).expect("made of text")
}
