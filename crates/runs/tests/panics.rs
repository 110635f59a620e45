//! A library that panics over a damaged file is heard by nobody; any other panic is. Alone here: hooks are global.

use std::panic::{catch_unwind, set_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isoloss_runs::read_bytes;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

static HEARD: AtomicUsize = AtomicUsize::new(0);

/// A small file: numbers, words of which some are missing, and lists, whose lengths a damage can tear apart.
fn file() -> Vec<u8> {
    let message = "message runs { REQUIRED INT64 N; OPTIONAL BYTE_ARRAY name (UTF8); REPEATED INT64 more; }";
    let schema = Arc::new(parse_message_type(message).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2, 3, 4], None, None).unwrap();
    column.close().unwrap();
    let words = ["a", "bc", "a"].map(ByteArray::from);
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&words, Some(&[1, 0, 1, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[5, 6, 7], Some(&[1, 1, 0, 1, 0]), Some(&[0, 1, 0, 0, 0])).unwrap();
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
    let mut panicked = 0;
    for at in 0..whole.len() {
        for bits in (0..8).map(|bit| 1u8 << bit).chain([0xff]) {
            let mut bytes = whole.clone();
            bytes[at] ^= bits;
            let error = read_bytes("x.parquet", bytes).err();
            panicked += usize::from(error.is_some_and(|e| e.message.contains("its pages contradict its footer")));
        }
    }
    // Most damage is seen before the library gets to it, and what it panics over changes with its version.
    assert!(panicked > 0, "no damage made the library panic: find another");
    assert_eq!(HEARD.load(Ordering::SeqCst), 0);
    // The flag is down again, and was never that of another thread.
    assert!(catch_unwind(|| panic!("here")).is_err());
    assert!(std::thread::spawn(|| panic!("there")).join().is_err());
    assert_eq!(HEARD.load(Ordering::SeqCst), 2);
}
