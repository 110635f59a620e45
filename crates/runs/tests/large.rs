//! Small files that ask for much memory are refused before it is taken.

use std::sync::Arc;

use isoloss_runs::{ReadError, read_bytes};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::ParquetMetaDataWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

fn refused(name: &str, bytes: Vec<u8>) -> ReadError {
    let error = read_bytes(name, bytes).expect_err("it should be refused");
    assert!(error.hint.is_some(), "no hint: {error}");
    error
}

/// One column with these cells.
fn parquet(compression: Compression, cells: &[ByteArray]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type("message runs { REQUIRED BYTE_ARRAY note (UTF8); }").unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(cells, None, None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.close().unwrap();
    bytes
}

/// The file with this header and these bytes for its only page.
fn with_page(whole: Vec<u8>, header: &[u8], data: &[u8]) -> Vec<u8> {
    let metadata = SerializedFileReader::new(bytes::Bytes::from(whole)).unwrap().metadata().clone();
    let size = (header.len() + data.len()) as i64;
    let chunk = metadata.row_group(0).column(0).clone().into_builder();
    let chunk = chunk.set_dictionary_page_offset(None).set_data_page_offset(4).set_total_compressed_size(size);
    let group = metadata.row_group(0).clone().into_builder();
    let group = group.set_column_metadata(vec![chunk.build().unwrap()]).build().unwrap();
    let metadata = metadata.into_builder().set_row_groups(vec![group]).build();
    let mut bytes = [&b"PAR1"[..], header, data].concat();
    ParquetMetaDataWriter::new(&mut bytes, &metadata).finish().unwrap();
    bytes
}

#[test]
fn a_page_that_claims_gigabytes_is_refused() {
    // A page of data: type 0, 2^31 - 1 bytes unpacked, 3 packed, and 7 values in its own header.
    const HEADER: [u8; 20] = [
        0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0x06, 0x2c, 0x15, 0x0e, 0x15, 0x00, 0x15, 0x06, 0x11,
        0x00, 0x00,
    ];
    for compression in
        [Compression::SNAPPY, Compression::ZSTD(Default::default()), Compression::GZIP(Default::default())]
    {
        let whole = parquet(compression, &["a".into()]);
        let error = refused("x.parquet", with_page(whole, &HEADER, b"abc"));
        assert!(error.message.contains("more than a table may hold"), "{compression}: {error}");
    }
}

#[test]
fn pages_that_are_what_they_claim_are_read() {
    let cells: Vec<ByteArray> =
        (0..5000).map(|i| ByteArray::from(format!("{} {}", i % 7, "x".repeat(100)).as_str())).collect();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
    ] {
        assert_eq!(read_bytes("x.parquet", parquet(compression, &cells)).unwrap().table.len(), 5000, "{compression}");
    }
}

#[test]
fn a_key_that_every_cell_would_repeat_is_refused() {
    let nested = format!("{{\"{}\": {{\"a\": 1}}}}", "k".repeat(5000));
    assert!(refused("x.jsonl", nested.into_bytes()).message.contains("a key is longer than 1000"));
}
