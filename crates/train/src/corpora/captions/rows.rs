//! Parquet: pictures and their words as columns, row group by row group.

use std::fs::File;
use std::sync::Arc;

use isoloss_runs::quietly;
use parquet::data_type::{AsBytes, ByteArray};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use super::super::CorpusError;
use super::super::files::left_out::{LeftOut, shown};
use super::super::files::select::{Chosen, unreadable};
use super::super::pictures::{in_order, opened};
use super::names::shown_all;
use super::words::Words;
use super::{Captioned, Config};

/// Rows that are decoded side by side, unless they have so many bytes.
const ROWS: usize = 256;
const BYTES: usize = 64 << 20;

/// Rows that the library takes out of a page at once.
const STEP: usize = 16;

const DAMAGED: &str = "damaged Parquet, from there on";

/// Adds the rows of a file. What comes before a flaw stays.
pub(super) fn read(
    config: &Config,
    file: &Chosen,
    keep: u32,
    left_out: &mut LeftOut,
    found: &mut Vec<Captioned>,
) -> Result<(), CorpusError> {
    let source = match File::open(&file.path) {
        Ok(source) => source,
        Err(error) => {
            left_out.add(&unreadable(&error), &file.name);
            return Ok(());
        }
    };
    // The library asserts things that a damaged file breaks.
    let Some(Ok(reader)) = quietly(|| SerializedFileReader::new(source)) else {
        left_out.add(DAMAGED, &file.name);
        return Ok(());
    };
    let text = if config.text.is_empty() { vec!["text".to_owned()] } else { config.text.clone() };
    let columns = columns(config, &text, &reader, file)?;
    let mut rows = match quietly(|| RowIter::from_file_into(Box::new(reader)).project(Some(columns))) {
        Some(Ok(rows)) => rows.with_batch_size(STEP),
        _ => {
            left_out.add(DAMAGED, &file.name);
            return Ok(());
        }
    };
    let (mut number, mut more) = (0u64, true);
    while more {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < ROWS && bytes < BYTES {
            let row = match quietly(|| rows.next()) {
                Some(None) => {
                    more = false;
                    break;
                }
                Some(Some(Ok(row))) => row,
                Some(Some(Err(error))) => {
                    left_out.add(&flaw(&error), &format!("{}, row {}", file.name, number + 1));
                    more = false;
                    break;
                }
                None => {
                    left_out.add(DAMAGED, &format!("{}, row {}", file.name, number + 1));
                    more = false;
                    break;
                }
            };
            number += 1;
            let name = format!("{}, row {number}", file.name);
            match taken(row, &config.image, &text) {
                (_, caption) if caption.is_empty() => left_out.add("a picture without a caption", &name),
                (None, _) => left_out.add("a row without a picture", &name),
                (Some(picture), caption) => {
                    bytes += picture.len();
                    batch.push((name, picture, caption));
                }
            }
        }
        let pictures = in_order(&batch, |(_, picture, _)| opened(picture.as_bytes(), keep));
        for ((name, _, caption), picture) in batch.into_iter().zip(pictures) {
            match picture {
                Ok(opened) => found.push(Captioned { name, opened, caption }),
                Err(reason) => left_out.add(&reason, &name),
            }
        }
    }
    Ok(())
}

/// The columns that are looked at; the others are not even read.
fn columns(
    config: &Config,
    text: &[String],
    reader: &SerializedFileReader<File>,
    file: &Chosen,
) -> Result<Type, CorpusError> {
    let schema = reader.metadata().file_metadata().schema();
    let all: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).take(40).collect();
    for (setting, name) in std::iter::once(("image", &config.image)).chain(text.iter().map(|name| ("text", name))) {
        if !schema.get_fields().iter().any(|field| field.name() == name) {
            let message = format!("`{setting}`: {} has no column `{}`", file.name, shown(name));
            return Err(CorpusError::new(message, format!("its columns are: {}", shown_all(&all))));
        }
    }
    let wanted = |field: &&Arc<Type>| field.name() == config.image || text.iter().any(|name| name == field.name());
    let fields = schema.get_fields().iter().filter(wanted).cloned().collect();
    Type::group_type_builder(schema.name()).with_fields(fields).build().map_err(|error| {
        CorpusError::new(format!("`path`: {} cannot be read: {error}", file.name), "write it again, with fewer columns")
    })
}

/// Why a file could not be read to its end.
fn flaw(error: &ParquetError) -> String {
    match error {
        ParquetError::NYI(_) => "Parquet of a kind that is not read".to_owned(),
        ParquetError::General(text) if text.contains("Disabled feature") => {
            "Parquet that is packed by neither Snappy, gzip nor Zstandard".to_owned()
        }
        _ => DAMAGED.to_owned(),
    }
}

/// The picture and the caption of a row.
fn taken(row: Row, image: &str, text: &[String]) -> (Option<ByteArray>, String) {
    let mut fields = row.into_columns();
    let mut words = Words::default();
    for name in text {
        if let Some((_, field)) = fields.iter().find(|(field, _)| field == name) {
            add(&mut words, field);
        }
    }
    let picture = fields.iter().position(|(field, _)| field == image).map(|at| fields.swap_remove(at).1);
    let picture = match picture {
        Some(Field::Bytes(bytes)) => Some(bytes),
        Some(Field::Group(group)) => group.into_columns().into_iter().find_map(|(name, field)| match field {
            Field::Bytes(bytes) if name == "bytes" => Some(bytes),
            _ => None,
        }),
        _ => None,
    };
    (picture, words.caption())
}

fn add(words: &mut Words, field: &Field) {
    match field {
        Field::Str(text) => words.add(text),
        // Old writers store words as plain bytes.
        Field::Bytes(bytes) => words.add(&String::from_utf8_lossy(bytes.as_bytes())),
        Field::ListInternal(list) => list.elements().iter().for_each(|element| add(words, element)),
        _ => {}
    }
}
