//! A library that panics over a damaged file is heard by nobody; any other panic is. Alone here: hooks are global.

use std::panic::{catch_unwind, set_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isoloss_runs::{quietly, read_bytes};
use parquet::data_type::Int64Type;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

static HEARD: AtomicUsize = AtomicUsize::new(0);

/// A small file with one column.
fn file() -> Vec<u8> {
    let schema = Arc::new(parse_message_type("message runs { REQUIRED INT64 N; }").unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2, 3, 4], None, None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn panics_over_damaged_files_are_silent() {
    set_hook(Box::new(|_| {
        HEARD.fetch_add(1, Ordering::SeqCst);
    }));
    let whole = file();
    assert_eq!(read_bytes("x.parquet", whole.clone()).unwrap().table.len(), 4);
    for at in 0..whole.len() {
        for bits in [0x01, 0x02, 0x10, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= bits;
            let _ = read_bytes("x.parquet", bytes);
        }
    }
    // Most damage is seen before the library gets to it, and what it panics over changes with its version.
    assert!(quietly(|| panic!("in here")).is_none());
    assert_eq!(HEARD.load(Ordering::SeqCst), 0);
    // The flag is down again, and was never that of another thread.
    assert!(catch_unwind(|| panic!("here")).is_err());
    assert!(std::thread::spawn(|| panic!("there")).join().is_err());
    assert_eq!(HEARD.load(Ordering::SeqCst), 2);
}
