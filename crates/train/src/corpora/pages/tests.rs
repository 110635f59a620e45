use std::fmt::Write as _;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::pictures::samples::{JPEG, square, svg};
use super::*;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn read_in(folder: &Path, settings: &str) -> Result<Found, CorpusError> {
    let place = Place { base: folder.to_owned(), cache: folder.join("cache") };
    read(&toml::from_str(settings).unwrap(), &place, 64)
}

/// A document in words, pictures by their sides.
fn say(document: &Document) -> String {
    document.pieces.iter().fold(String::new(), |mut all, piece| {
        match piece {
            Piece::Text(text) => all += text,
            Piece::Picture(picture) => write!(all, "[{}x{}]", picture.width, picture.height).unwrap(),
        }
        all
    })
}

/// All documents, sorted.
fn documents(found: &Found) -> Vec<String> {
    let mut documents: Vec<String> = found.documents.iter().map(say).collect();
    documents.sort();
    documents
}

#[test]
fn pages_have_their_pictures_where_they_stand() {
    let page = "<html><head><title>T</title></head><body><div class='navheader'><img src='p/up.png'>Up</div>\
        <h1>Crop \u{e9}</h1><p>Press <img src='p/crop.png'> or\n <img src='../in/p/crop.png'>.</p>\
        <p><img src='p/photo.jpg'></p><p>End</p></body></html>";
    let folder = folder(&[
        ("m/in/a.html", page.as_bytes()),
        ("m/in/p/crop.png", &square(20, 1)),
        ("m/in/p/photo.jpg", JPEG),
        ("m/b.htm", b"<p>Only \xff words</p>"),
        ("m/style.css", b"p {}"),
    ]);
    let found = read_in(folder.path(), "path = \"m\"").unwrap();
    assert_eq!(documents(&found), ["Crop \u{e9}\nPress[20x20]or[20x20].\n[16x8]End\n", "Only \u{fffd} words\n"]);
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    // A file, a folder or a glob: the same pages.
    for path in ["\"m/in/../in/a.html\"", "\"m/in\"", "\"m/i*/*.html\""] {
        assert_eq!(documents(&read_in(folder.path(), &format!("path = {path}")).unwrap()).len(), 1, "{path}");
    }
    let small = read_in(folder.path(), "path = \"m\"\nmax_picture_bytes = 300\nexclude = [\"b.htm\"]").unwrap();
    assert_eq!(documents(&small), ["Crop \u{e9}\nPress or .\n[16x8]End\n"]);
    assert_eq!(small.left_out.len(), 1, "{:?}", small.left_out);
    assert!(small.left_out[0].starts_with("left out, a picture larger than `max_picture_bytes`: 1 ("));
}

#[test]
fn pictures_that_are_not_there_are_counted() {
    let page = "<p>a <img src='none.png'> b <img src='http://x/y.png'> c <img src='../up.png'> d \
        <img src='half.png'> e <img src='dot.png'> f <img src='data:image/svg+xml,SVG'></p>";
    let drawing = svg("<rect width='9' height='9'/>").replace('"', "%22").replace('\'', "%27").replace('#', "%23");
    let half = square(30, 2);
    let folder = folder(&[
        ("up.png", &square(30, 1)),
        ("m/a.html", page.replace("SVG", &drawing).as_bytes()),
        ("m/half.png", &half[..half.len() / 2]),
        ("m/dot.png", &square(1, 1)),
        ("m/blank.html", b"<p> </p>"),
        ("m/b.html", b"<p>twice</p>"),
        ("m/c.html", b"<div>twice</div>"),
        ("m/binary.html", b"<p>\0</p>"),
    ]);
    let found = read_in(folder.path(), "path = \"m\"").unwrap();
    assert_eq!(documents(&found), ["a b c d e f[64x64]", "twice\n"]);
    let reasons: Vec<&str> = found.left_out.iter().map(|s| s.split(" (").next().unwrap()).collect();
    assert_eq!(
        reasons,
        [
            "left out, a damaged PNG: 1",
            "left out, a duplicate: 1",
            "left out, a picture of less than 16 pixels: 1",
            "left out, a picture on the web: 1",
            "left out, a picture outside of the folder in `path`: 1",
            "left out, a picture that is not there: 1",
            "left out, an empty page: 1",
            "left out, binary: 1",
        ]
    );
}

#[test]
fn what_stands_on_all_pages_belongs_to_none() {
    let page = |i: u32| format!("<p>Page {i} <img src='logo.png'> and <img src='{}.png'></p>", i / 2);
    let pages: Vec<(String, String)> = (0..10).map(|i| (format!("{i}.html"), page(i))).collect();
    let pictures: Vec<(String, Vec<u8>)> = (0..5).map(|i| (format!("{i}.png"), square(20, i))).collect();
    let logo = square(40, 9);
    let mut files: Vec<(&str, &[u8])> = vec![("logo.png", &logo)];
    files.extend(pages.iter().map(|(name, page)| (name.as_str(), page.as_bytes())));
    files.extend(pictures.iter().map(|(name, picture)| (name.as_str(), &picture[..])));
    let folder = folder(&files);
    let found = read_in(folder.path(), "path = \".\"").unwrap();
    let wanted: Vec<String> =
        (0..10).map(|i| format!("Page {i} and[20x20]\n")).map(|s| s.replace("]\n", "]")).collect();
    assert_eq!(documents(&found), wanted);
    assert_eq!(found.left_out.len(), 1);
    assert!(found.left_out[0].starts_with("left out, a picture on more than a fifth of the pages: 1 ("));
    assert!(found.documents.is_sorted_by_key(|document| document.digest));
}

#[test]
fn settings_are_named_where_they_are_wrong() {
    let folder = folder(&[("m/a.html", b"<p>a"), ("n/a.txt", b"a")]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (settings, message, hint) in [
        ("", "`path` is empty", "manual"),
        ("path = \"empty\"", "empty has no pages", "exclude"),
        ("path = \"n\"", "n has no pages", "html"),
        ("path = \"none\"", "the corpus none cannot be opened", "folder"),
        ("path = \"m\"\nheld_out = 1.0", "`held_out` is 1", "0.05"),
        ("path = \"m\"\nside = 0", "`side` is 0", "32"),
        ("path = \"m\"\npatch = 5", "`patch` is 5", "1, 2, 4, 8, 16, 32"),
    ] {
        let error = read_in(folder.path(), settings).unwrap_err();
        assert!(error.message.starts_with(message) && error.hint.contains(hint), "{error}");
    }
    assert!(toml::from_str::<Config>("path = \"m\"\nfile = \"x\"").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_page_is_survived(
        words in proptest::collection::vec(
            prop_oneof![
                Just("<"), Just(">"), Just("</"), Just("/>"), Just("img src="), Just("pre"), Just("nav"), Just("head"),
                Just("script"), Just("<!--"), Just("-->"), Just("<![CDATA["), Just("'"), Just("\""), Just("&#"), Just("&amp"),
                Just(";"), Just(" "), Just("\n"), Just("\u{e9}"), Just("<?xml"), Just("<p>"), Just("</p>"), Just("a"),
            ],
            0..60,
        ),
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let html = words.concat() + &String::from_utf8_lossy(&bytes);
        for part in parts(&html) {
            if let Part::Text(text) = part {
                let trimmed = trimmed(&text);
                prop_assert!(!trimmed.starts_with(char::is_whitespace) && !trimmed.ends_with("\n\n"));
            }
        }
    }
}

/// A real one, in a folder that `$ISOLOSS_PAGES` names: prints what is found, and how long it takes.
#[test]
#[ignore = "a measurement, for people to read"]
fn real() {
    let Some(base) = std::env::var_os("ISOLOSS_PAGES") else { return };
    let begin = std::time::Instant::now();
    let found = read_in(Path::new(&base), "path = \".\"").unwrap();
    println!("{:.2} s, {} documents", begin.elapsed().as_secs_f64(), found.documents.len());
    found.left_out.iter().for_each(|sentence| println!("{sentence}"));
    let pieces = || found.documents.iter().flat_map(|d| &d.pieces);
    let pictures = pieces().filter(|p| matches!(p, Piece::Picture(_))).count();
    let bytes: usize = pieces().map(|p| if let Piece::Text(t) = p { t.len() } else { 0 }).sum();
    println!("{pictures} pictures, {bytes} bytes of text");
    let longest = documents(&found);
    longest.iter().step_by(longest.len() / 4 + 1).for_each(|page| println!("---\n{:.1500}", page));
}
