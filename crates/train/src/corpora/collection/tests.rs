use super::super::IGNORE;
use super::super::pictures::Picture;
use super::*;

const SIGHT: Sight = Sight { side: 2, patch: 1 };

fn picture(shade: u8) -> Arc<Picture> {
    Arc::new(Picture { width: 2, height: 2, rgb: vec![shade; 12] })
}

fn documents(count: usize) -> Vec<Document> {
    let one = |i: usize| {
        let text = |words: &str| (Piece::Text(words.to_owned()), [0; 32]);
        let picture = (Piece::Picture(picture(i as u8)), [i as u8; 32]);
        let mut parts = vec![text(&format!("number {i} {}", "and so on ".repeat(i % 5)))];
        parts.insert(i % 2, picture);
        if i.is_multiple_of(3) {
            let another = (Piece::Picture(self::picture(200 - i as u8)), [200 - i as u8; 32]);
            parts.insert(i % 3, another);
        }
        Document::new(parts)
    };
    let mut all: Vec<Document> = (0..count).map(one).collect();
    all.sort_by_key(|document| document.digest);
    all
}

fn collection(count: usize, augment: bool) -> Arc<dyn Source> {
    let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: 0.3, augment };
    source(Found { documents: documents(count), left_out: vec!["none".into()] }, of).unwrap()
}

/// Every piece of the documents from one on, picture by picture and byte by byte: a shade above 255, or a byte.
fn read_whole(documents: &[Document]) -> Vec<u32> {
    let of = |piece: &Piece| match piece {
        Piece::Text(text) => text.bytes().map(u32::from).collect::<Vec<_>>(),
        Piece::Picture(picture) => vec![1000 + u32::from(picture.rgb[0])],
    };
    documents.iter().flat_map(|document| &document.pieces).flat_map(of).collect()
}

/// The same of a window.
fn read_window(batch: &Batch, window: usize) -> Vec<u32> {
    let batch = batch.part(window..window + 1);
    let layout = batch.layout.as_ref().unwrap();
    let mut read = Vec::new();
    for (at, token) in batch.inputs.iter().enumerate() {
        match token {
            token if *token < SEPARATOR => read.push(*token),
            &VOCABULARY => {
                let picture = layout.places.iter().position(|place| *place as usize == at).unwrap();
                read.push(1000 + u32::from(layout.pixels[picture * 12]));
            }
            _ => {}
        }
    }
    read
}

#[test]
fn windows_are_the_documents_byte_by_byte_and_none_is_both_trained_and_evaluated_on() {
    for length in [9, 32, 250] {
        let source = collection(90, false);
        let all = documents(90);
        let held = all.partition_point(|document| is_held_out(&document.digest, 0.3));
        assert!(held > 10 && held < 60);
        // What is held out, from its first window on; a rest at the end is less than a window.
        let batch = source.held_out(usize::MAX >> 8, length).unwrap().batch;
        let read: Vec<u32> = (0..batch.sequences()).flat_map(|window| read_window(&batch, window)).collect();
        let whole = read_whole(&all[..held]);
        assert!(whole.starts_with(&read) && read.len() + length >= whole.len(), "{length}");
        // What is trained on: all windows of an epoch, each once, in another order every time.
        let windows = (source.pass(length).unwrap() / length as u64) as usize;
        let mut orders = Vec::new();
        for epoch in 0..2 {
            let mut batch = Batch::new(windows, length);
            source.fill(4, epoch, &mut batch);
            let mut seen: Vec<Vec<u32>> = (0..windows).map(|window| read_window(&batch, window)).collect();
            orders.push(seen.clone());
            let whole = read_whole(&all[held..]);
            let mut at = 0;
            while let Some(next) = seen.iter().position(|window| whole[at..].starts_with(window)) {
                // Of windows that begin alike the longest comes here.
                let fits =
                    |(i, window): (usize, &Vec<u32>)| whole[at..].starts_with(window).then_some((window.len(), i));
                let (_, next) = seen.iter().enumerate().filter_map(fits).max().unwrap_or((0, next));
                at += seen.swap_remove(next).len();
            }
            assert!(seen.is_empty() && at + length >= whole.len(), "{length}: {} windows are nowhere", seen.len());
        }
        assert!(orders[0] != orders[1] || windows < 3);
        let mut again = Batch::new(2, length);
        source.fill(4, 1, &mut again);
        assert_eq!(read_window(&again, 0), orders_of(&source, length, 2)[0]);
    }
}

/// What the windows of the first epoch are from one on.
fn orders_of(source: &Arc<dyn Source>, length: usize, from: usize) -> Vec<Vec<u32>> {
    let windows = (source.pass(length).unwrap() / length as u64) as usize;
    let mut batch = Batch::new(windows, length);
    source.fill(4, 0, &mut batch);
    (from..windows).map(|window| read_window(&batch, window)).collect()
}

#[test]
fn what_is_cut_goes_on_in_the_next_window_and_is_foretold() {
    let text = |words: &str, times: usize| Document::new(vec![(Piece::Text(words.repeat(times)), [0; 32])]);
    let mut all: Vec<Document> = ["0123456789", "abc", "xyz", "hello "].map(|words| text(words, 30)).into();
    all.sort_by_key(|document| document.digest);
    // So that some are held out and some are not.
    let middle = f64::from(all[1].digest[0]) + 1.0;
    let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: middle / 256.0, augment: false };
    let source = source(Found { documents: all, left_out: Vec::new() }, of).unwrap();
    let held = source.held_out(9, 16).unwrap();
    assert!(held.batch.sequences() >= 5);
    for (window, targets) in held.batch.inputs.chunks(16).zip(held.batch.targets.chunks(16)) {
        let ends = targets.iter().position(|target| *target == SEPARATOR);
        for at in 0..15 {
            // Behind the end of a document nothing is foretold of the next one's first.
            assert!(targets[at] == window[at + 1] || ends == Some(at), "{window:?} {targets:?}");
        }
        assert!(targets[15] != IGNORE, "what follows in the next window");
    }
}

#[test]
fn pictures_are_parts_in_training_and_whole_in_evaluation() {
    // From dark to light, so that a part is not the whole.
    let slope =
        || Arc::new(Picture { width: 40, height: 40, rgb: (0..4800).map(|i| (i / 3 % 40 * 6) as u8).collect() });
    let one = |i: u8| Document::new(vec![(Piece::Picture(slope()), [i; 32]), (Piece::Text("slope".into()), [0; 32])]);
    let sight = Sight { side: 8, patch: 4 };
    let open = |augment| {
        let mut documents: Vec<Document> = (0..60).map(one).collect();
        documents.sort_by_key(|document| document.digest);
        let of = Kind { kind: "test", name: "test", sight, held_out: 0.3, augment };
        source(Found { documents, left_out: Vec::new() }, of).unwrap()
    };
    let pixels = |source: &Arc<dyn Source>, seed| {
        let mut batch = Batch::new(4, 32);
        source.fill(seed, 0, &mut batch);
        batch.layout.unwrap().pixels
    };
    let (parts, whole) = (open(true), open(false));
    let first = pixels(&whole, 1);
    assert!(
        first.chunks(sight.pixels()).all(|picture| *picture == first[..sight.pixels()]),
        "whole pictures are alike"
    );
    assert!(
        pixels(&parts, 1).chunks(sight.pixels()).all(|picture| *picture != first[..sight.pixels()]),
        "parts are not"
    );
    assert_eq!(pixels(&parts, 1), pixels(&parts, 1));
    assert_ne!(pixels(&parts, 1), pixels(&parts, 2));
    // Evaluated is the whole, whatever is trained on.
    let [held, other] = [&parts, &whole].map(|source| source.held_out(3, 32).unwrap());
    assert_eq!(held, other);
    assert_eq!(held.batch.layout.unwrap().pixels[..sight.pixels()], first[..sight.pixels()]);
    // Other pixels are other data, though the files are the same.
    let hash = |shade: u8| {
        let one = |i: u8| Document::new(vec![(Piece::Picture(picture(shade)), [i; 32])]);
        let mut documents: Vec<Document> = (0..60).map(one).collect();
        documents.sort_by_key(|document| document.digest);
        let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: 0.3, augment: false };
        source(Found { documents, left_out: Vec::new() }, of).unwrap().data().hash
    };
    assert_ne!(hash(1), hash(2));
}

#[test]
fn too_little_is_refused_with_the_reason() {
    let source = collection(90, true);
    assert!(source.suffices(1, 3).unwrap_err().message.contains("4 patches"));
    assert!(source.suffices(1000, 32).unwrap_err().message.contains("1000"));
    assert!(source.held_out(1, 100_000).is_err());
    let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: 0.5, augment: false };
    let none = super::source(Found { documents: documents(1), left_out: Vec::new() }, of);
    assert!(none.unwrap_err().message.starts_with("`held_out`"));
}
