//! Any bytes are read or refused, never a panic; a table written in any format reads back the same.

use std::io::Write;

use isoloss_formula::{Column, Table};
use isoloss_runs::read_bytes;
use proptest::prelude::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn delimited(table: &Table, separator: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    writer.write_record(table.columns().iter().map(|c| &c.name)).unwrap();
    for row in 0..table.len() {
        writer.write_record(table.columns().iter().map(|c| c.text(row))).unwrap();
    }
    writer.into_inner().unwrap()
}

fn json_lines(table: &Table) -> Vec<u8> {
    let mut text = String::new();
    for row in 0..table.len() {
        let cells = table.columns().iter().map(|c| {
            let value = match c.as_numbers() {
                Some(n) => format!("{:?}", n.values[row]),
                None => serde_json::to_string(&c.text(row)).unwrap(),
            };
            format!("{}: {value}", serde_json::to_string(&c.name).unwrap())
        });
        text.push_str(&format!("{{{}}}\n", cells.collect::<Vec<_>>().join(", ")));
    }
    text.into_bytes()
}

fn tables() -> impl Strategy<Value = Table> {
    let row = ("x[a-zé ,;|\"\t\n]{0,6}z", any::<f64>().prop_filter("finite", |v| v.is_finite()), 1e-3..1e3);
    prop::collection::vec(row, 1..20).prop_map(|rows| {
        let lines = (2..).take(rows.len()).collect();
        let name = Column::words("run name", rows.iter().map(|r| r.0.clone()).collect());
        let n = Column::numbers("N", rows.iter().map(|r| r.1).collect());
        let l = Column::numbers("loss", rows.iter().map(|r| r.2).collect());
        Table::new("x", vec![name, n, l], lines)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_bytes("x.csv", bytes);
    }

    #[test]
    fn random_tables_never_panic(text in "[#N1,;|\t\"\r\n. ={}\\[\\]:eL-]{0,80}") {
        let _ = read_bytes("x.csv", text.into_bytes());
    }

    #[test]
    fn what_is_written_is_read(table in tables()) {
        let csv = delimited(&table, b',');
        let all = [
            ("x.csv.gz", gzip(&csv)),
            ("x.csv.zst", zstd::encode_all(&csv[..], 1).unwrap()),
            ("x.csv", csv),
            ("x.tsv", delimited(&table, b'\t')),
            ("x.csv", delimited(&table, b';')),
            ("x.jsonl", json_lines(&table)),
        ];
        for (name, bytes) in all {
            let read = read_bytes(name, bytes).unwrap().table;
            prop_assert_eq!(read.columns(), table.columns(), "{}", name);
        }
    }
}
