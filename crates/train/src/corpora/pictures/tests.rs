use std::time::Instant;

use ::png::{BitDepth, ColorType};
use proptest::prelude::*;

use super::samples::*;
use super::*;

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * picture.width + x) * 3) as usize;
    picture.rgb[at..at + 3].try_into().unwrap()
}

fn near(found: [u8; 3], wanted: [u8; 3]) {
    assert!(found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 6), "{found:?} is not {wanted:?}");
}

fn reason(bytes: &[u8]) -> String {
    decode(bytes, 64).unwrap_err()
}

#[test]
fn every_kind_of_png_is_the_same_picture() {
    // A pixel of black and one of white.
    let eight = |color, data: &[u8]| png(2, 1, color, BitDepth::Eight, data);
    let files = [
        eight(ColorType::Grayscale, &[0, 255]),
        eight(ColorType::GrayscaleAlpha, &[0, 255, 0, 0]),
        eight(ColorType::Rgb, &[0, 0, 0, 255, 255, 255]),
        eight(ColorType::Rgba, &[0, 0, 0, 255, 9, 9, 9, 0]),
        png(2, 1, ColorType::Grayscale, BitDepth::Sixteen, &[0, 0, 255, 255]),
        png(2, 1, ColorType::Rgba, BitDepth::Sixteen, &[0, 0, 0, 0, 0, 0, 255, 255, 7, 7, 7, 7, 7, 7, 0, 0]),
        png(2, 1, ColorType::Grayscale, BitDepth::One, &[0b0100_0000]),
        png_with(2, 1, ColorType::Indexed, BitDepth::Four, Some(&[255, 255, 255, 0, 0, 0]), &[0x10]),
    ];
    for file in files {
        let picture = decode(&file, 64).unwrap();
        assert_eq!((picture.width, picture.height, &picture.rgb[..]), (2, 1, &[0, 0, 0, 255, 255, 255][..]));
    }
    let half = eight(ColorType::Rgba, &[0, 0, 0, 128, 255, 0, 0, 64]);
    assert_eq!(decode(&half, 64).unwrap().rgb, [127, 127, 127, 255, 191, 191]);
}

#[test]
fn an_interlaced_png_is_the_picture_it_would_be_otherwise() {
    // The library does not write them: passes of single pixels, packed by hand.
    for (width, height) in [(1, 1), (5, 3), (9, 17), (2, 8)] {
        let value = |x: u32, y: u32| (x * 13 + y * 31) as u8;
        let mut rows = Vec::new();
        for [left, top, across, down] in
            [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2u32]]
        {
            for y in (top..height).step_by(down as usize) {
                let row: Vec<u8> = (left..width).step_by(across as usize).map(|x| value(x, y)).collect();
                if !row.is_empty() {
                    rows.push(0);
                    rows.extend(row);
                }
            }
        }
        let plain: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| value(x, y))).collect();
        let plain = png(width, height, ColorType::Grayscale, BitDepth::Eight, &plain);
        let interlaced = raw_png(width, height, [8, 0, 1], &rows);
        for keep in [64, 2] {
            assert_eq!(decode(&interlaced, keep).unwrap(), decode(&plain, keep).unwrap(), "{width}x{height}");
        }
    }
}

/// A PNG of depth, colour and interlacing as they are coded, and rows with their filters.
fn raw_png(width: u32, height: u32, coded: [u8; 3], rows: &[u8]) -> Vec<u8> {
    raw_png_of(width, height, coded, [rows].into_iter())
}

fn raw_png_of<'a>(
    width: u32,
    height: u32,
    [depth, color, interlaced]: [u8; 3],
    rows: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    rows.for_each(|row| packed.write_all(row).unwrap());
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, color, 0, 0, interlaced]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", head), (b"IDAT", packed.finish().unwrap()), (b"IEND", vec![])] {
        file.extend((data.len() as u32).to_be_bytes());
        let from = file.len();
        file.extend(name);
        file.extend(data);
        file.extend(crc32fast::hash(&file[from..]).to_be_bytes());
    }
    file
}

#[test]
fn every_kind_of_jpeg_is_the_same_picture() {
    let [red, blue] = [[224, 32, 32], [32, 32, 224]];
    for (file, colors) in [
        (JPEG, [red, blue]),
        (JPEG_PROGRESSIVE, [red, blue]),
        (JPEG_CMYK, [red, blue]),
        (JPEG_GREY, [[89; 3], [54; 3]]),
    ] {
        let picture = decode(file, 8).unwrap();
        assert_eq!((picture.width, picture.height), (16, 8));
        near(pixel(&picture, 2, 3), colors[0]);
        near(pixel(&picture, 13, 5), colors[1]);
    }
    assert_eq!(decode(JPEG, 4).unwrap().rgb.len(), 8 * 4 * 3);
    for length in 2..JPEG.len() - 2 {
        assert_eq!(reason(&JPEG[..length.max(3)]), "a damaged JPEG", "{length} bytes");
    }
}

#[test]
fn a_drawing_has_the_size_that_is_kept() {
    let red = svg(r#"<rect width="5" height="10" fill="red"/><image href="x.png" width="9" height="9"/>"#);
    let picture = decode(red.as_bytes(), 64).unwrap();
    assert_eq!((picture.width, picture.height), (64, 64));
    assert_eq!((pixel(&picture, 0, 0), pixel(&picture, 40, 40)), ([255, 0, 0], [255; 3]));
    // A strip is cut in the middle: of 100 units, 30 to 70.
    let strip =
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="10"><rect x="30" width="20" height="9"/></svg>"#;
    let picture = decode(strip.as_bytes(), 8).unwrap();
    assert_eq!((picture.width, picture.height), (32, 8));
    assert_eq!((pixel(&picture, 0, 0), pixel(&picture, 14, 5), pixel(&picture, 17, 5)), ([0; 3], [0; 3], [255; 3]));
    // Packed.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, red.as_bytes()).unwrap();
    assert_eq!(decode(&packed.finish().unwrap(), 4).unwrap().width, 4);
}

#[test]
fn drawings_that_cost_too_much_are_refused() {
    let say = |inside: &str| reason(svg(inside).as_bytes());
    let many = |count: usize, text: &str| text.repeat(count);
    assert_eq!(say(&many(300_000, "<g>")), svg_cost::TOO_DEEP);
    assert_eq!(say(&many(9, "<g a='/>'><!-- </g></g></g></g></g></g></g></g> -->").repeat(9)), svg_cost::TOO_DEEP);
    // Ten times ten times ten ...: `use` of `use`.
    let layer = |i: usize| {
        let inner =
            if i == 0 { "<path d='M0 0h9'/>".to_owned() } else { format!("<use href='#l{}'/>", i - 1).repeat(10) };
        format!("<g id='l{i}'>{inner}</g>")
    };
    let laughs: String = (0..9).map(layer).collect();
    assert_eq!(say(&format!("<defs>{laughs}</defs><use href='#l8'/>")), "an SVG of too many elements");
    assert_eq!(say("<g id='a'><use href='#a'/></g>"), svg_cost::TOO_DEEP);
    assert_eq!(say("<filter id='f'/><rect width='9' height='9'/>"), svg_cost::COSTLY);
    assert_eq!(say("<rect width='9' height='9' style='filter:blur(3px)'/>"), svg_cost::COSTLY);
    let dashed = "<path d='M0 0h100000' stroke='red' stroke-dasharray='.001'/>";
    assert_eq!(say(dashed), "an SVG of too many dashes");
    assert_eq!(say("<text y='9'>words</text>"), "an SVG with nothing to draw but words or photographs");
    assert_eq!(
        say("<style>rect{clip-path:url(#c)}</style><clipPath id='c'/>"),
        "an SVG whose style sheet clips or masks"
    );
    let entities = "<!DOCTYPE svg [<!ENTITY a 'aaaa'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>";
    assert_eq!(reason(entities.as_bytes()), "an SVG with entities of its own");
    let huge = "<svg xmlns='http://www.w3.org/2000/svg' width='1e6in' height='9'><path d='M0 0h9v9'/></svg>";
    assert_eq!(reason(huge.as_bytes()), "an SVG of an impossible size");
    assert_eq!(say("<path d='M0 0A1e-30 1e6 0 0 0 9 9z'/><path d='M0 0a1e99 3 0 0 0 9 9'/>"), svg_cost::IMPOSSIBLE);
    assert_eq!(say("<path d='M0 0A1e-30 1e6 0 0 0 9 9 5 5 0 0 0 8 8z'/>"), "an SVG of too many elements");
    assert_eq!(reason(svg(&" ".repeat(1 << 20)).as_bytes()), "an SVG of more than 1 MB");
    assert_eq!(say("<g>"), "a damaged SVG");
}

#[test]
fn what_claims_to_be_huge_is_refused_by_its_header() {
    assert_eq!(reason(&raw_png(50_000, 50_000, [8, 2, 0], &[])), "a PNG of more than 100 million pixels");
    assert_eq!(reason(&raw_png(1 << 30, 1, [8, 2, 0], &[])), "a picture with a side of more than 65,535 pixels");
    let mut huge = JPEG.to_vec();
    let frame = huge.windows(2).position(|m| m == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(reason(&huge), "a JPEG of more than 18 million pixels, or 6 if it is progressive");
}

#[test]
fn a_lying_name_deceives_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    std::fs::write(&path, square(1, 3)).unwrap();
    let opened = open(&path, u64::MAX, 64).unwrap();
    assert_eq!((opened.picture.width, opened.picture.height), (1, 1));
    assert_eq!(open(&path, 20, 64).unwrap_err(), "a picture larger than `max_picture_bytes`");
    assert_eq!(open(&folder.path().join("none.png"), 20, 64).unwrap_err(), "unreadable (entity not found)");
}

#[test]
fn documents_of_other_texts_or_files_are_others() {
    let picture = || Piece::Picture(opened(JPEG, 4).unwrap().picture);
    let text = |t: &str| (Piece::Text(t.to_owned()), Digest::default());
    let digest = |parts| Document::new(parts).digest;
    assert_eq!(digest(vec![text("ab"), (picture(), [1; 32])]), digest(vec![text("ab"), (picture(), [1; 32])]));
    assert_ne!(digest(vec![text("ab"), (picture(), [1; 32])]), digest(vec![text("ab"), (picture(), [2; 32])]));
    assert_ne!(digest(vec![text("a"), text("b")]), digest(vec![text("ab")]));
}

#[test]
fn work_side_by_side_stays_in_order() {
    let items: Vec<u32> = (0..999).collect();
    assert_eq!(in_order(&items, |i| i * 2), items.iter().map(|i| i * 2).collect::<Vec<u32>>());
    assert!(in_order(&[0u8; 0], |i| *i).is_empty());
}

/// Numbers in drawings, most of them not what anybody would draw.
const NUMBERS: [&str; 12] = ["0", "1", "7.5", "-3", "1e-7", "1e-30", "1e5", "-1e6", "9e5", ".001", "50%", "NaN"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(start in 0usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let starts: [&[u8]; 6] = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg ", b"\x1f\x8b", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"];
        let _ = decode(&[starts[start], &bytes].concat(), 16);
    }

    #[test]
    fn drawings_of_any_numbers_are_survived(
        parts in proptest::collection::vec((0usize..12, prop::sample::select(&NUMBERS[..]), prop::sample::select(&NUMBERS[..])), 1..8),
        size in (prop::sample::select(&NUMBERS[..]), prop::sample::select(&NUMBERS[..])),
    ) {
        let part = |(which, a, b): &(usize, &str, &str)| match which {
            0 => format!("<rect x='{a}' y='1' width='{b}' height='5' rx='{a}' stroke='red' stroke-width='{b}'/>"),
            1 => format!("<circle cx='3' cy='{a}' r='{b}' stroke='blue' stroke-dasharray='{a} {b}' stroke-dashoffset='{b}'/>"),
            2 => format!("<path d='M{a} 0C1 {b} {a} {b} 9 9A{a} {b} 3 0 1 5 5z' fill='url(#l)' stroke='url(#r)'/>"),
            3 => format!("<g transform='matrix({a} 0 {b} 1 2 3)' opacity='.5'><path d='M0 0h9v9z'/></g>"),
            4 => format!("<g transform='rotate({a}) skewX({b}) scale({a})'><path d='M0 0h9v9z' stroke='red'/></g>"),
            5 => format!("<linearGradient id='l' x1='{a}' x2='{b}'><stop offset='{a}'/><stop offset='1' stop-color='red'/></linearGradient>"),
            6 => format!("<radialGradient id='r' r='{a}' fx='{b}'><stop/><stop offset='{b}' stop-color='red'/></radialGradient>"),
            7 => format!("<clipPath id='c'><circle r='{a}'/></clipPath><rect width='{b}' height='9' clip-path='url(#c)'/>"),
            8 => format!("<mask id='m' width='{a}'><rect width='{b}' height='5' fill='#fff'/></mask><path mask='url(#m)' d='M0 0h9v9'/>"),
            9 => format!("<symbol id='s' viewBox='0 0 {a} {b}'><path d='M0 0h9v9'/></symbol><use href='#s' width='{b}' height='{a}'/>"),
            10 => format!("<polyline points='0,0 {a},{b} {b},{a} 9,9' stroke-linejoin='round' stroke='red' stroke-miterlimit='{a}'/>"),
            _ => format!("<svg x='{a}' width='{b}' viewBox='{a} 0 {b} 9'><ellipse rx='{a}' ry='{b}'/></svg>"),
        };
        let inside: String = parts.iter().map(part).collect();
        let _ = decode(svg(&inside).as_bytes(), 16);
        let (w, h) = size;
        let _ = decode(svg(&inside).replace("viewBox", &format!("width='{w}' height='{h}' viewBox")).as_bytes(), 16);
    }

    #[test]
    fn spoiled_pictures_are_survived(
        which in 0usize..8,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..8), 0..4),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let drawing = svg("<defs><g id='a'><path d='M1 1h5v5z' stroke='red' stroke-dasharray='1 2'/></g></defs>\
            <use href='#a' opacity='.5'/><clipPath id='c'><circle r='4'/></clipPath><g clip-path='url(#c)'><rect width='9' height='9'/></g>");
        let mut bytes = match which {
            0 => JPEG.to_vec(),
            1 => JPEG_PROGRESSIVE.to_vec(),
            2 => JPEG_GREY.to_vec(),
            3 => JPEG_CMYK.to_vec(),
            4 => square(9, 5),
            5 => raw_png(3, 3, [8, 3, 1], &[0; 30]),
            6 => png(40, 40, ColorType::GrayscaleAlpha, BitDepth::Sixteen, &[77; 6400]),
            _ => drawing.into_bytes(),
        };
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(picture) = decode(&bytes, 16) {
            prop_assert_eq!(picture.rgb.len(), (picture.width * picture.height * 3) as usize);
            prop_assert!(picture.width.min(picture.height) <= 16 && picture.width.max(picture.height) <= 64);
        }
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let say = |held_out, side, patch| check(held_out, side, patch).unwrap_err();
    assert!(check(0.05, 32, 8).is_ok());
    assert!(say(1.0, 32, 8).message.starts_with("`held_out` is 1"));
    assert!(say(0.05, 0, 8).message.starts_with("`side` is 0"));
    let error = say(0.05, 12, 8);
    assert!(error.message.starts_with("`patch` is 8") && error.hint.ends_with("1, 2, 3, 4, 6, 12"), "{error}");
    assert!(say(0.05, 12, 0).message.starts_with("`patch` is 0"));
}

/// `cargo test --release -p isoloss-train pictures::tests::memory -- --ignored --nocapture`, by itself: it prints the most
/// memory that the process has had after each file that wants too much of it.
#[test]
#[ignore = "a measurement, for people to read"]
fn memory() {
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown").to_owned()
    };
    // Row by row, for the packer's memory would be counted as well.
    let blank = |width: u32, height: u32| {
        let row = vec![0; width as usize * 3 + 1];
        raw_png_of(width, height, [8, 2, 0], std::iter::repeat_n(&row[..], height as usize))
    };
    let jpeg_of = |file: &[u8], marker: u8, side: u16| {
        let mut file = file.to_vec();
        let frame = file.windows(2).position(|m| m == [0xff, marker]).unwrap();
        file[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
        file[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
        file
    };
    let lines = svg(&format!("<path stroke='red' stroke-linejoin='round' d='M0 0{}'/>", "h1v1".repeat(79_000)));
    let layers = svg(&format!("{}<path d='M0 0h9v9'/>{}", "<g opacity='.9'>".repeat(28), "</g>".repeat(28)));
    let uses = svg(&format!(
        "<g id='a'>{}</g>{}",
        "<path d='M0 0h9v9' stroke='red'/>".repeat(90),
        "<use href='#a'/>".repeat(90)
    ));
    let files = [
        ("PNG, 50,000 x 50,000", raw_png(50_000, 50_000, [8, 2, 0], &[0; 99])),
        ("PNG, 65,535 x 200 in full", blank(65_535, 200)),
        ("PNG, 9,000 x 9,000 in full", blank(9_000, 9_000)),
        ("PNG, ten million bytes behind 1 x 1", raw_png(1, 1, [8, 0, 0], &vec![0; 10_000_000])),
        ("JPEG, 65,500 x 65,500", jpeg_of(JPEG, 0xc0, 65_500)),
        ("JPEG, 4,300 x 4,300, cut off", jpeg_of(JPEG, 0xc0, 4_300)),
        ("JPEG, 2,480 x 2,480 progressive, cut off", jpeg_of(JPEG_PROGRESSIVE, 0xc2, 2_480)),
        ("SVG, lines", lines.into_bytes()),
        ("SVG, layers", layers.into_bytes()),
        ("SVG, uses", uses.into_bytes()),
    ];
    println!("{:<45} {}", "before", peak());
    for (name, file) in files {
        let begin = Instant::now();
        let result = decode(&file, 64).map(|p| format!("{} x {}", p.width, p.height));
        println!("{name:<45} {}, {:.2} s: {result:?}", peak(), begin.elapsed().as_secs_f64());
    }
}

/// `cargo test --release -p isoloss-train pictures::tests::timings -- --ignored --nocapture`
#[test]
#[ignore = "a timing, for people to read"]
fn timings() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..5000).map(|i| folder.path().join(format!("{i}.png"))).collect();
    for (i, path) in (0..).zip(&paths) {
        std::fs::write(path, square(64, i)).unwrap();
    }
    let begin = Instant::now();
    let alone = paths[..1000].iter().filter(|path| open(path, u64::MAX, 64).is_ok()).count();
    println!("one thread: {:.0} pictures/s", alone as f64 / begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let all = in_order(&paths, |path| open(path, u64::MAX, 64).is_ok()).into_iter().filter(|ok| *ok).count();
    println!("all threads: {:.0} pictures/s", all as f64 / begin.elapsed().as_secs_f64());
}
