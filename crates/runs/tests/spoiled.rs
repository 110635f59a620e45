//! Tables as strangers spoil them: each is read right or refused with the place and a hint.

use isoloss_runs::{ReadError, Reading, read_bytes, read_path};

fn read(name: &str, text: &str) -> Reading {
    read_bytes(name, text.as_bytes().to_vec()).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(name: &str, bytes: &[u8]) -> ReadError {
    let error = read_bytes(name, bytes.to_vec()).expect_err("it should be refused");
    assert!(error.hint.is_some(), "no hint: {error}");
    error
}

fn values(reading: &Reading, column: &str) -> Vec<f64> {
    reading.table.column(column).unwrap().as_numbers().expect("numbers").values.clone()
}

fn codes(reading: &Reading) -> Vec<&str> {
    reading.notes.iter().map(|n| n.code).collect()
}

const PLAIN: &str = "N,D,loss\n1e6,2e7,3.5\n2e6,4e7,3.25\n";

#[test]
fn the_ordinary_table_needs_no_word() {
    let r = read("runs.csv", PLAIN);
    assert_eq!(values(&r, "loss"), [3.5, 3.25]);
    assert_eq!((r.table.line(0), r.table.line(1), r.notes.len()), (2, 3, 0));
    assert_eq!(r.table.source, "runs.csv");
    assert_eq!(read("runs.csv", "N,loss\n1,2").table.len(), 1, "one row is no error here");
}

#[test]
fn cells_without_numbers_keep_their_text_and_line() {
    let text = "N,loss\n1,3.5\n2,NaN\n3,inf\n4,diverged\n5,\n6,-\n7,N/A\n8,None\n9,3\n10,2.9\n";
    let r = read("x.csv", text);
    let odd = &r.table.column("loss").unwrap().as_numbers().unwrap().oddities;
    let said: Vec<(u64, &str)> = odd.iter().map(|o| (r.table.line(o.row), o.text.as_str())).collect();
    assert_eq!(said, [(3, "NaN"), (4, "inf"), (5, "diverged"), (6, ""), (7, "-"), (8, "N/A"), (9, "None")]);
}

#[test]
fn suffixes_and_thousands() {
    let r = read("x.csv", "N,D,loss\n50M,\"1,000,000\",2\n1.5B,\"20,000,000\",2\n");
    assert_eq!(values(&r, "N"), [50e6, 1.5e9]);
    assert_eq!(values(&r, "D"), [1e6, 20e6]);
    assert_eq!(codes(&r), ["suffix"]);
    assert_eq!(r.notes[0].text, "column `N`: suffixes multiply, `50M` is read as 5e7");
}

#[test]
fn units_in_headers_are_honoured_and_said() {
    let r = read("x.csv", "Model Size (B),D (M tokens),loss\n7,10,2\n13,20,2\n");
    assert_eq!(values(&r, "Model Size (B)"), [7e9, 13e9]);
    assert_eq!(values(&r, "D (M tokens)"), [10e6, 20e6]);
    assert_eq!(codes(&r), ["unit", "unit"]);
}

#[test]
fn separators() {
    for (name, separator) in [("x.csv", "\t"), ("x.tsv", "\t"), ("x.csv", ";"), ("x.txt", "|"), ("x.dat", "   ")] {
        let r = read(name, &PLAIN.replace(',', separator));
        assert_eq!(values(&r, "loss"), [3.5, 3.25], "{name} {separator:?}");
        assert_eq!(codes(&r).is_empty(), name == "x.tsv");
        assert_eq!(r.table.line(1), 3);
    }
    let r = read("x.csv", &format!("sep=;\r\n{}", PLAIN.replace(',', ";")));
    assert_eq!((values(&r, "D")[0], r.table.line(0)), (2e7, 3));
}

#[test]
fn decimal_commas() {
    let r = read("x.csv", "N;D;loss\n1000000;2e7;2,31\n2.000.000;4e7;2,254\n");
    assert_eq!(values(&r, "loss"), [2.31, 2.254]);
    assert!(r.notes.iter().any(|n| n.text == "decimal commas in `loss`"), "{:?}", r.notes);
    let r = read("x.csv", "N,loss\n1,\"2,31\"\n2,\"2,25\"\n");
    assert!(r.notes[0].text.contains("line 2: `2,31` in column `loss`") && r.notes[0].text.contains("decimal comma?"));
    let error = refused("x.csv", b"N,loss\n1,2,31\n");
    assert!(error.hint.unwrap().contains("2,31"));
    assert!(refused("x.tsv", b"N\tloss\n1\t2,345\n2\t2,512\n").message.contains("decimal comma or a thousands"));
}

#[test]
fn headers() {
    let error = refused("x.csv", b"N,loss,D,loss\n1,2,3,4\n");
    assert!(error.to_string().starts_with("x.csv:1: the header `loss` stands twice, in columns 2 and 4"), "{error}");
    let r = read("x.csv", ",N,loss\n0,1,2\n1,2,3\n");
    assert_eq!((r.table.columns()[0].name.as_str(), codes(&r)), ("column 1", vec!["unnamed"]));
    let error = refused("x.csv", b"1e6,2e7,3.5\n2e6,4e7,3.2\n");
    assert!(error.message.contains("only numbers") && error.line == Some(1));
    assert_eq!(values(&read("x.csv", "# made by hand\n\nN , loss\n1, 2\n"), "loss"), [2.0]);
    assert_eq!(read("x.csv", "# made by hand\n\nN , loss\n1, 2\n").table.line(0), 4);
    assert_eq!(values(&read("x.txt", "# N loss\n1 2\n3 4\n"), "loss"), [2.0, 4.0]);
}

#[test]
fn what_nobody_sees_in_a_header_is_no_part_of_it() {
    let r = read("x.csv", "\u{200b}N\u{feff},\u{a0}loss \n1,2\n");
    assert_eq!((values(&r, "N"), values(&r, "loss")), (vec![1.0], vec![2.0]));
    assert!(refused("x.csv", "1".repeat(90_000).as_bytes()).message.len() < 200);
}

#[test]
fn a_row_with_another_separator_is_told_which() {
    let hint = refused("x.csv", b"N,D,loss\n1;2;3\n1,2,3\n4,5,6\n").hint.unwrap();
    assert!(
        hint.starts_with("the cells of this row are separated by semicolons, those of the header by commas"),
        "{hint}"
    );
}

#[test]
fn tables_are_as_wide_as_they_are() {
    let wide = |cell: &str| vec![cell; 20_000].join(",");
    let names: Vec<String> = (0..20_000).map(|i| format!("c{i}")).collect();
    let r = read("x.csv", &format!("{}\n{}\n", names.join(","), wide("1")));
    assert_eq!(r.table.columns().len(), 20_000);
    let r = read("x.csv", &format!("N{}\n1,{}\n", wide("") + ",", wide("1")));
    assert_eq!((codes(&r), r.table.columns().len()), (vec!["unnamed"], 20_001));
}

/// A device without an end, and a file that is all holes.
#[cfg(target_os = "linux")]
#[test]
fn what_is_too_large_for_a_table_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.csv");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = read_path(&path).unwrap_err();
    assert!(error.message.contains("more than 1 GiB") && error.hint.is_some(), "{error}");
}

#[test]
fn empty_files() {
    for bytes in [&b""[..], b"\n\n", b"\xef\xbb\xbf", b"  \r\n"] {
        assert!(refused("x.csv", bytes).message.contains("empty"), "{bytes:?}");
    }
    assert!(refused("x.csv", b"N,D,loss\n").message.contains("no row below"));
    let r = read("x.csv", "N,loss\n1,2\n,\n\n3,4\n , \n");
    assert_eq!((r.table.len(), codes(&r), r.table.line(1)), (2, vec!["blank-rows"], 5));
}

#[test]
fn encodings_and_line_ends() {
    let utf16 = |marked: bool| {
        let text = format!("{}{PLAIN}", if marked { "\u{feff}" } else { "" });
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        [little, big]
    };
    let mut all: Vec<Vec<u8>> = [utf16(true), utf16(false)].into_iter().flatten().collect();
    all.push([b"\xef\xbb\xbf", PLAIN.as_bytes()].concat());
    all.push(PLAIN.replace('\n', "\r\n").into());
    all.push(PLAIN.replace('\n', "\r").into());
    for bytes in all {
        let r = read_bytes("x.csv", bytes).unwrap();
        assert_eq!(values(&r, "N"), [1e6, 2e6]);
        assert_eq!((r.table.line(0), r.table.line(1)), (2, 3));
    }
    let r = read_bytes("x.csv", b"mod\xe8le,loss\npetit,2\n".to_vec()).unwrap();
    assert_eq!((r.table.columns()[0].name.as_str(), codes(&r)), ("modèle", vec!["encoding"]));
}

#[test]
fn ragged_rows_and_quotes() {
    let error = refused("x.csv", b"N,D,loss\n1,2,3\n\n1,2\n");
    assert_eq!(error.to_string().lines().next(), Some("x.csv:4: this row has 2 cells where the header has 3"));
    assert!(refused("x.csv", b"N,loss\n1,000,000,2\n").hint.unwrap().contains("quotes"));
    assert!(refused("x.csv", b"N,note\n1,\"a\n2,b\n3,c\n").message.contains("never closed"));
    let r = read("x.csv", "N,note,loss\r\n1,\"two\r\nlines\",2\r\n3,\"he said \"\"no\"\"\",4\r\n");
    assert_eq!((r.table.line(0), r.table.line(1)), (2, 4));
    assert_eq!(r.table.column("note").unwrap().text(1), "he said \"no\"");
    let huge = "x".repeat(3_000_000);
    assert_eq!(read("x.csv", &format!("note,loss\n{huge},2\n")).table.column("note").unwrap().text(0), huge);
}

#[test]
fn binary_and_foreign_files() {
    let mut noise: Vec<u8> = (0..=255).collect();
    noise.extend(0..=255);
    assert!(refused("x.csv", &noise).message.contains("binary"));
    assert!(refused("x.xlsx", b"PK\x03\x04....").message.contains("Excel"));
    assert!(refused("x.csv", b"<!DOCTYPE html><html>").message.contains("web page"));
    assert!(refused("x.parquet", b"PAR1\x15\x04\x15").message.contains("Parquet"));
}

#[test]
fn files_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read_path(folder.path()).unwrap_err().message.contains("folder"));
    let missing = folder.path().join("runs.csv");
    assert!(read_path(&missing).unwrap_err().message.contains("no such file"));
    std::fs::write(&missing, PLAIN).unwrap();
    assert_eq!(read_path(&missing).unwrap().table.len(), 2);
}

#[test]
fn json_lines() {
    let r =
        read("x.csv", "{\"N\": 1e6, \"loss\": 3.5}\n{\"loss\": null, \"N\": \"2M\"}\n{\"N\": 3000000, \"loss\": 3}\n");
    assert_eq!(values(&r, "N"), [1e6, 2e6, 3e6]);
    assert_eq!(r.table.column("loss").unwrap().text(1), "");
    let error = refused("x.jsonl", b"{\"N\": 1}\n{\"N\" 2}\n{\"N\": 3}\n");
    assert_eq!((error.line, error.column), (Some(2), Some(6)), "{error}");
}

/// Results of one task, as lm-evaluation-harness writes them.
const RESULTS: &str = "{\"results\": {\"a\": {\"acc,none\": 0.4}}, \"versions\": {}, \"model_name\": \"m\"}";

#[test]
fn what_is_left_out_of_a_folder_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    std::fs::create_dir(folder.path().join("m2")).unwrap();
    write("results_1.json", RESULTS);
    write("samples_a.jsonl", "{\"doc\": 1}\n");
    write("m2/mine.json", &RESULTS[..30]);
    write("other.json", "{\"N\": 1}");
    let said = |reading: Reading| reading.notes.into_iter().find(|n| n.code == "folder").expect("a note").text;
    assert_eq!(
        said(read_path(folder.path()).unwrap()),
        "1 of 4 files holds results; left out: `m2/mine.json` (no JSON), `other.json` (no results of \
         lm-evaluation-harness), `samples_a.jsonl` (not .json)"
    );
    (0..20).for_each(|i| write(&format!("samples_{i}.jsonl"), ""));
    let note = said(read_path(folder.path()).unwrap());
    assert!(note.ends_with("and 17 more") && note.len() < 400, "{note}");
    // By its name it is one: a model would be missing.
    write("m2/results_1.json", &RESULTS[..30]);
    let error = read_path(folder.path()).expect_err("it is cut short");
    assert!(error.file.ends_with("results_1.json") && error.hint.is_some(), "{error}");
    assert_eq!((error.line, error.column), (Some(1), Some(30)), "{error}");
}

#[cfg(unix)]
#[test]
fn only_regular_files_of_a_folder_are_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("results_1.json"), RESULTS).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("results_2.json")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("results_3.json")).unwrap();
    let reading = read_path(folder.path()).unwrap();
    let said = &reading.notes.iter().find(|n| n.code == "folder").expect("a note").text;
    assert!(said.contains("`results_2.json` (no regular file), `results_3.json` (no regular file)"), "{said}");
}
