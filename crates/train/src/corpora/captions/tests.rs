use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

use super::super::pictures::samples::{JPEG, square, svg};
use super::*;

/// A folder of these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn config(settings: &str) -> Config {
    toml::from_str(settings).unwrap()
}

fn read_in(folder: &Path, settings: &str) -> Result<Found, CorpusError> {
    let place = Place { base: folder.to_owned(), cache: folder.join("cache") };
    read(&config(settings), &place, 64)
}

/// All captions, sorted.
fn captions(found: &Found) -> Vec<String> {
    let text = |document: &Document| match &document.pieces[..] {
        [Piece::Picture(_), Piece::Text(text)] => text.clone(),
        pieces => panic!("{pieces:?}"),
    };
    let mut captions: Vec<String> = found.documents.iter().map(text).collect();
    captions.sort();
    captions
}

fn pictures() -> [Vec<u8>; 3] {
    [1, 2, 3].map(|seed| square(8, seed))
}

#[test]
fn files_are_called_what_they_show() {
    let [a, b, c] = pictures();
    let folder = folder(&[("red-apple.png", &a), ("in/green_pear.jpg", &b), ("--.png", &c), ("notes.txt", b"words")]);
    let found = read_in(folder.path(), "path = \".\"").unwrap();
    assert_eq!(captions(&found), ["green pear", "red apple"]);
    assert_eq!(
        found.left_out,
        ["left out, a picture without a caption: 1 (--.png)", "left out, another extension: 1 (notes.txt)"]
    );
}

#[test]
fn names_stand_in_records_of_any_kind() {
    let [a, b, c] = pictures();
    let json = br#"[{"f": "a.png", "say": "Apple ", "more": ["fruit", "apple", "red_one"]},
        {"f": "x/b.png", "say": null, "more": ["pear"]}, {"say": "lost"}, {"f": "a.png", "say": "again"}]"#;
    let lines = b"{\"f\": \"a\", \"say\": \"Apple\", \"more\": \"red one\"}\n{\"f\": \"./x/b\", \"more\": \"pear\"}\n";
    let table = b"f,say,more\na.png,Apple,red one\nx/b.png,,pear\n";
    let tabs = b"f\tsay\tmore\na\tApple\tred one\nb\t\tpear\n";
    let files: &[(&str, &[u8])] =
        &[("a.png", &a), ("x/b.png", &b), ("c.png", &c), ("n/0", json), ("n/1", lines), ("n/2", table), ("n/3", tabs)];
    let folder = folder(files);
    for names in 0..4 {
        let settings = format!("path = \".\"\nnames = \"n/{names}\"\nfile = \"f\"\ntext = [\"say\", \"more\"]");
        let found = read_in(folder.path(), &settings).unwrap();
        let apple = if names == 0 { "Apple, fruit, red one" } else { "Apple, red one" };
        assert_eq!(captions(&found), [apple, "pear"], "{names}");
        let without = "left out, a picture without a record in `names`: 1 (c.png)";
        assert!(found.left_out.iter().any(|s| s == without), "{:?}", found.left_out);
        if names == 0 {
            assert!(found.left_out.iter().any(|s| s == "left out, a record without a file: 1 (record 3 of n/0)"));
            assert!(found.left_out.iter().any(|s| s == "left out, a second record for a picture: 1 (a.png)"));
        }
    }
}

#[test]
fn words_are_found_by_code_points() {
    let [a, b, c] = pictures();
    let names = br#"[{"name": "SMILE", "image": "1f600.png", "unified": "1F600"},
        {"name": "HEART", "image": "2764-fe0f.png", "unified": "2764-FE0F"}, {"name": "NONE", "image": "0.png", "unified": "41"}]"#;
    let tags = "{\"\u{1f600}\": [\"grinning_face\", \"smile\"], \"\u{2764}\": [\"love\"]}";
    let folder = folder(&[
        ("1f600.png", &a),
        ("2764-fe0f.png", &b),
        ("0.png", &c),
        ("n.json", names),
        ("t.json", tags.as_bytes()),
    ]);
    let settings =
        "path = \".\"\nnames = \"n.json\"\nfile = \"image\"\ntext = \"name\"\ntags = \"t.json\"\ntags_by = \"unified\"";
    let found = read_in(folder.path(), settings).unwrap();
    assert_eq!(captions(&found), ["HEART, love", "NONE", "SMILE, grinning face"]);
    assert!(
        found.left_out.iter().any(|s| s == "left out, words that `tags` has not: 1 (0.png)"),
        "{:?}",
        found.left_out
    );
}

#[test]
fn equal_pictures_are_one_and_names_of_folders_do_not_matter() {
    let [a, b, _] = pictures();
    let one = folder(&[("pear.png", &a), ("apple.png", &a), ("plum.png", &b)]);
    let other = folder(&[("z/apple.jpg", &a), ("y/pear.png", &a), ("x/plum", &b)]);
    let found = read_in(one.path(), "path = \".\"").unwrap();
    assert_eq!(captions(&found), ["apple", "plum"]);
    assert_eq!(found.left_out, ["left out, a picture that is there already: 1 (pear.png)"]);
    let again = read_in(other.path(), "path = [\"y\", \"z\", \"x/pl*\"]").unwrap();
    let digests = |found: &Found| found.documents.iter().map(|d| d.digest).collect::<Vec<_>>();
    assert_eq!(digests(&found), digests(&again));
    assert!(digests(&found).is_sorted());
}

#[test]
fn what_is_no_picture_is_left_out_and_said() {
    let [a, ..] = pictures();
    let bomb = svg("<g id='a'><use href='#a'/></g>");
    let folder = folder(&[
        ("dot.svg", &square(1, 1)),
        ("photo.png", JPEG),
        ("half.png", &a[..a.len() / 2]),
        ("page.png", b"<html></html>"),
        ("bomb.svg", bomb.as_bytes()),
        ("table.parquet", b"PAR1 and nothing behind it"),
    ]);
    let found = read_in(folder.path(), "path = \".\"").unwrap();
    assert_eq!(captions(&found), ["dot", "photo"]);
    assert_eq!(
        found.left_out,
        [
            "left out, a damaged PNG: 1 (half.png)",
            "left out, an SVG that is nested too deeply: 1 (bomb.svg)",
            "left out, damaged Parquet, from there on: 1 (table.parquet)",
            "left out, no picture, not PNG, JPEG or SVG: 1 (page.png)",
        ]
    );
}

#[test]
fn settings_are_named_where_they_are_wrong() {
    let [a, ..] = pictures();
    let folder = folder(&[
        ("a.png", &a),
        ("n.json", b"[{\"name\": \"x\", \"image\": \"a\"}]"),
        ("bad.json", b"[{]"),
        ("t.json", b"[]"),
    ]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let say = |settings: &str| read_in(folder.path(), settings).unwrap_err();
    let with = |more: &str| say(&format!("path = \"a.png\"\n{more}"));
    for (error, message, hint) in [
        (say(""), "`path` is empty", "icons"),
        (say("path = \"empty\""), "empty has no pictures", "exclude"),
        (say("path = \"none\""), "the corpus none cannot be opened", "folder"),
        (with("file = \"f\""), "`file` is a key of `names`", "one record"),
        (with("names = \"n.json\"\ntext = \"name\""), "`file` is not there", "key"),
        (with("names = \"n.json\"\nfile = \"image\""), "`text` is empty", "keys"),
        (with("names = \"m.json\"\nfile = \"image\"\ntext = \"name\""), "`names`: m.json cannot be opened", "relative"),
        (with("names = \"bad.json\"\nfile = \"image\"\ntext = \"name\""), "`names`: bad.json cannot be read", "JSON"),
        (
            with("names = \"n.json\"\nfile = \"img\"\ntext = \"name\""),
            "`file`: no record of n.json has `img`",
            "image, name",
        ),
        (
            with("names = \"n.json\"\nfile = \"image\"\ntext = \"say\""),
            "`text`: no record of n.json has `say`",
            "image, name",
        ),
        (
            with("names = \"n.json\"\nfile = \"image\"\ntext = \"name\"\ntags = \"t.json\""),
            "`tags_by` is not there",
            "key",
        ),
        (
            with("names = \"n.json\"\nfile = \"image\"\ntext = \"name\"\ntags = \"t.json\"\ntags_by = \"name\""),
            "`tags`: t.json is no JSON object",
            "abacus",
        ),
        (with("held_out = 0.0"), "`held_out` is 0", "0.05"),
        (with("patch = 7"), "`patch` is 7", "1, 2, 4, 8, 16, 32"),
    ] {
        assert!(error.message.starts_with(message) && error.hint.contains(hint), "{error}");
    }
    assert!(toml::from_str::<Config>("path = \".\"\npatches = 3").is_err());
}

/// A table of pictures and captions as those who share such tables write it.
fn parquet(schema: &str, rows: &[(&[u8], &str)]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    for rows in rows.chunks(2) {
        let mut group = writer.next_row_group().unwrap();
        let mut column = 0;
        while let Some(mut next) = group.next_column().unwrap() {
            let value = |(picture, caption): &(&[u8], &str)| match column {
                0 => ByteArray::from(picture.to_vec()),
                _ => ByteArray::from(*caption),
            };
            let values: Vec<ByteArray> = rows.iter().map(value).collect();
            next.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
            next.close().unwrap();
            column += 1;
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn tables_have_pictures_as_bytes_or_in_groups() {
    let [a, b, c] = pictures();
    let rows: [(&[u8], &str); 4] = [(&a, "an  apple"), (&b, "a pear"), (b"no picture", "nothing"), (&c, "")];
    let flat = parquet("message m { required binary image; required binary text (UTF8); }", &rows);
    let nested =
        parquet("message m { required group image { required binary bytes; } required binary say (UTF8); }", &rows);
    let folder = folder(&[("flat.parquet", &flat), ("nested.bin", &nested)]);
    let found = read_in(folder.path(), "path = \".\"").unwrap();
    assert_eq!(captions(&found), ["a pear", "an apple"]);
    assert_eq!(
        found.left_out,
        [
            "left out, a picture without a caption: 1 (flat.parquet, row 4)",
            "left out, another extension: 1 (nested.bin)",
            "left out, no picture, not PNG, JPEG or SVG: 1 (flat.parquet, row 3)",
        ]
    );
    let again = read_in(folder.path(), "path = \"nested.bin\"\ntext = \"say\"").unwrap();
    assert_eq!(captions(&again), captions(&found));
    let error = read_in(folder.path(), "path = \"nested.bin\"").unwrap_err();
    assert_eq!(error.message, "`text`: nested.bin has no column `text`");
    assert_eq!(error.hint, "its columns are: image, say");
    let error = read_in(folder.path(), "path = \"nested.bin\"\nimage = \"img\"\ntext = \"say\"").unwrap_err();
    assert_eq!(error.message, "`image`: nested.bin has no column `img`");
    // Cut off or spoiled anywhere, there is still an answer.
    for end in (0..flat.len()).step_by(7) {
        let mut spoiled = flat.clone();
        spoiled[end] ^= 0x55;
        for bytes in [&flat[..end], &spoiled] {
            std::fs::write(folder.path().join("flat.parquet"), bytes).unwrap();
            let _ = read_in(folder.path(), "path = \"flat.parquet\"");
        }
    }
}

/// Real ones, in a folder that `$ISOLOSS_PICTURES` names and where `npm install emoji-datasource-twitter emojilib
/// @mdi/svg` was run: prints what is found, and how long it takes.
#[test]
#[ignore = "a measurement, for people to read"]
fn real() {
    let Some(base) = std::env::var_os("ISOLOSS_PICTURES") else { return };
    let emoji = "path = \"node_modules/emoji-datasource-twitter/img/twitter/64\"
        names = \"node_modules/emoji-datasource-twitter/emoji.json\"
        file = \"image\"
        text = [\"name\", \"short_names\"]
        tags = \"node_modules/emojilib/dist/emoji-en-US.json\"
        tags_by = \"unified\"";
    let icons = "path = \"node_modules/@mdi/svg/svg\"
        names = \"node_modules/@mdi/svg/meta.json\"
        file = \"name\"
        text = [\"name\", \"aliases\", \"tags\"]";
    let other = std::env::var("ISOLOSS_CAPTIONS").unwrap_or_else(|_| icons.to_owned());
    for settings in [emoji, icons, &other] {
        let begin = std::time::Instant::now();
        let found = read_in(Path::new(&base), settings);
        println!("{:.2} s", begin.elapsed().as_secs_f64());
        match found {
            Ok(found) => {
                println!("{} documents", found.documents.len());
                found.left_out.iter().for_each(|sentence| println!("{sentence}"));
                let captions = captions(&found);
                captions.iter().step_by(captions.len() / 12 + 1).for_each(|caption| println!("  {caption}"));
                let bytes: usize = captions.iter().map(String::len).sum();
                println!("{} bytes of captions", bytes);
            }
            Err(error) => println!("{error}"),
        }
    }
}
