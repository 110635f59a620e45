//! What was measured: the record of a run and the folder that keeps it, run tables as strangers write them, and the rows
//! of them that may enter a fit.
//!
//! [`read_path`] makes a table of any CSV, TSV, JSON lines or Parquet file, and of results of lm-evaluation-harness, [`guess()`] finds which of its columns are
//! N, D, C and L, and [`prepare()`] leaves out, by line and reason, what must not be fitted.
//!
//! A run of our own is a [`record::Run`] in a [`store::Store`]. [`Runs`] are many of them; they become the same kind of
//! table, and travel as CSV by [`export()`] and [`import()`].

mod candidates;
mod columns;
mod commas;
mod complete;
mod compression;
mod csv;
mod derive;
mod error;
mod folder;
mod guess;
mod headers;
mod jsonl;
mod lm_eval;
mod maps;
mod names;
mod ordered;
mod pages;
mod panel;
mod parquet;
mod pooled;
mod prepare;
mod quiet;
mod read;
pub mod record;
mod records;
mod reduce;
mod results;
mod scales;
mod separator;
mod states;
pub mod store;
mod text;

pub use columns::is_missing;
pub use derive::derive_missing;
pub use error::{Note, ReadError, quoted};
pub use guess::{Ambiguity, Choice, Guess, guess, map_flag};
pub use maps::apply_maps;
pub use panel::refuse_panel;
pub use pooled::Pooled;
pub use prepare::{LeftOut, Prepare, Prepared, prepare};
pub use quiet::quietly;
pub use read::{Reading, is_saved_fit, read_bytes, read_path, read_text};
pub use results::{Runs, export, import, is_exported};
