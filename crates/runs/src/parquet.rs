//! Parquet: columns of numbers and words; nested groups are joined by `/`, lists become words.

use ::parquet::data_type::AsBytes;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::{Field, Row};
use isoloss_formula::Table;

use crate::compression::MOST;
use crate::error::quoted;
use crate::pages::claimed;
use crate::quiet::quietly;
use crate::records::{Full, Records};
use crate::{Note, ReadError};

/// The first and the last bytes of every Parquet file.
pub(crate) const MAGIC: &[u8] = b"PAR1";

/// Reads all row groups. The "line" of a row is its number.
pub(crate) fn read(source: &str, bytes: Vec<u8>, notes: &mut Vec<Note>) -> Result<Table, ReadError> {
    // The crate asserts things that a damaged file breaks; to us that is an input error like any other.
    let records = quietly(|| gather(source, bytes));
    records.unwrap_or_else(|| Err(damaged(source, "its pages contradict its footer")))?.table(source, notes)
}

fn gather(source: &str, bytes: Vec<u8>) -> Result<Records, ReadError> {
    let bad = |e: ParquetError| match e {
        ParquetError::NYI(text) => unsupported(source, &text),
        ParquetError::General(text) if text.contains("Disabled feature") => unsupported(source, &text),
        e => damaged(source, &e.to_string()),
    };
    let bytes = bytes::Bytes::from(bytes);
    let reader = SerializedFileReader::new(bytes.clone()).map_err(bad)?;
    let claimed = claimed(&bytes, reader.metadata());
    let claimed = claimed.ok_or_else(|| damaged(source, "the header of a page contradicts the file"))?;
    if claimed.bytes > MOST || Records::would_be_large(claimed.values) {
        return Err(Records::too_large(source));
    }
    let mut records = Records::default();
    for row in reader.get_row_iter(None).map_err(bad)? {
        let row = row.map_err(bad)?;
        records.row(records.len() as u64 + 1);
        if records.is_large() {
            return Err(Records::too_large(source));
        }
        put(source, &mut records, "", &row)?;
    }
    Ok(records)
}

fn put(source: &str, records: &mut Records, prefix: &str, row: &Row) -> Result<(), ReadError> {
    for (name, field) in row.get_column_iter() {
        let nested;
        let key = if prefix.is_empty() {
            name.as_str()
        } else {
            nested = format!("{prefix}/{name}");
            &nested
        };
        let fresh = match field {
            Field::Group(row) => {
                put(source, records, key, row)?;
                Ok(())
            }
            Field::Null => records.put(key, ""),
            Field::Str(text) => records.put(key, text),
            // Old writers store words as plain bytes.
            Field::Bytes(bytes) => records.put(key, &String::from_utf8_lossy(bytes.as_bytes())),
            // Debug writes 1e300, not three hundred zeros, and reads back to the same bits.
            Field::Double(v) => records.put(key, &format!("{v:?}")),
            Field::Float(v) => records.put(key, &format!("{v:?}")),
            other => records.put(key, &other.to_string()),
        };
        match fresh {
            Ok(()) => {}
            Err(Full::Large) => return Err(Records::too_large(source)),
            Err(Full::Twice) => {
                let text = format!("two columns are named {}", quoted(key));
                return Err(ReadError::new(source, text).hint("rename or remove one of them"));
            }
        }
    }
    Ok(())
}

fn damaged(source: &str, why: &str) -> ReadError {
    ReadError::new(source, format!("the Parquet data is cut off or damaged ({why})"))
        .hint("copy or download the file again and compare its size")
}

fn unsupported(source: &str, why: &str) -> ReadError {
    ReadError::new(source, format!("this Parquet file cannot be read here ({why})"))
        .hint("write it again with snappy or zstd compression, or as CSV")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_an_error() {
        for bytes in [&b"PAR1"[..], b"PAR1PAR1", b"PAR1 this is no parquet at all \x10\0\0\0PAR1"] {
            let error = read("x.parquet", bytes.to_vec(), &mut Vec::new()).unwrap_err();
            assert!(error.message.contains("cut off or damaged"), "{error}");
        }
    }
}
