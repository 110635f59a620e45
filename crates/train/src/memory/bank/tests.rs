use std::io::Write;
use std::thread;

use proptest::prelude::*;

use super::header::VERSION;
use super::*;

const SHAPE: Shape = Shape { layers: 2, heads: 2, tokens: 3, head_dim: 4, vector: 5 };

fn header(count: u64) -> Header {
    Header { model: [0xab; 32], references: [0xcd; 32], count, shape: SHAPE }
}

/// Numbers that 16 bits hold, others for every reference.
fn values(number: u64, shape: &Shape) -> Vec<f32> {
    (0..shape.values() as u64).map(|i| ((number * 37 + i) % 251) as f32 / 8.0 - 15.0).collect()
}

fn vector(number: u64, shape: &Shape) -> Vec<f32> {
    (0..shape.vector).map(|i| number as f32 - i as f32).collect()
}

fn fill(writer: &mut Writer, header: &Header) -> Result<(), BankError> {
    let shape = header.shape;
    (0..header.count).try_for_each(|n| {
        writer.push(&values(n, &shape), (n % (u64::from(shape.tokens) + 1)) as u32, &vector(n, &shape))
    })
}

fn write(path: &Path, header: Header) {
    let mut writer = Writer::create(path, header).unwrap();
    fill(&mut writer, &header).unwrap();
    writer.finish().unwrap();
}

fn is_whole(bank: &Bank) {
    let Header { count, shape, .. } = *bank.header();
    for number in (0..count).rev() {
        let (mut numbers, mut found_by) = (vec![0.0; shape.values()], vec![0.0; shape.vector as usize]);
        assert_eq!(bank.read(number, &mut numbers), Ok((number % (u64::from(shape.tokens) + 1)) as u32));
        assert_eq!(numbers, values(number, &shape));
        bank.vector(number, &mut found_by).unwrap();
        assert_eq!(found_by, vector(number, &shape));
    }
    bank.check().unwrap();
}

/// Opens, reads all of it, checks the rest: the first flaw that is seen.
fn flaw(path: &Path, header: &Header) -> Option<BankError> {
    let bank = match Bank::open(path, header) {
        Ok(bank) => bank,
        Err(error) => return Some(error),
    };
    let checked = bank.check().err();
    let mut numbers = vec![0.0; header.shape.values()];
    let read = (0..header.count).find_map(|n| bank.read(n, &mut numbers).err());
    assert_eq!(checked, read, "reading all of it sees what a check sees");
    checked
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/x.bank");
    // One block, several, and none; with and without vectors; a reference larger than a block.
    let wide = Shape { layers: 4, heads: 4, tokens: 8, head_dim: 200, vector: 0 };
    for (count, shape) in [(3, SHAPE), (1500, SHAPE), (0, SHAPE), (3, wide), (1, Shape { head_dim: 700, ..wide })] {
        let header = Header { shape, ..header(count) };
        write(&path, header);
        is_whole(&Bank::open(&path, &header).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().len(), header.bytes().unwrap());
    }
    let header = header(1500);
    assert!(header.blocks() > 2);
    write(&path, header);
    let bank = Bank::open(&path, &header).unwrap();
    assert_eq!(bank.bytes_per_reference(), 2 * (1 + 2 * 2 * 2 * 3 * 4 + 5));
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| is_whole(&bank)))));
    let names = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["x.bank", "x.bank.lock"]);
}

#[test]
fn every_cut_and_every_flipped_bit_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (path, flawed, header) = (folder.path().join("x.bank"), folder.path().join("y.bank"), header(7));
    write(&path, header);
    let whole = fs::read(&path).unwrap();
    assert_eq!(flaw(&path, &header), None);
    for at in 0..whole.len() {
        fs::write(&flawed, &whole[..at]).unwrap();
        let error = flaw(&flawed, &header).unwrap_or_else(|| panic!("cut at {at}"));
        assert_eq!(error.reason, Reason::Damaged, "{error}");
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&flawed, &bytes).unwrap();
        let error = flaw(&flawed, &header).unwrap_or_else(|| panic!("byte {at}"));
        let expected = if (8..12).contains(&at) { Reason::Version } else { Reason::Damaged };
        assert_eq!((error.reason, error.hint.is_empty()), (expected, false), "{error}");
    }
    fs::write(&flawed, [&whole[..], b"x"].concat()).unwrap();
    assert!(flaw(&flawed, &header).unwrap().message.contains("in the place of"));
}

/// A file of several blocks: torn at and around every place where something begins.
#[test]
fn torn_blocks_are_seen_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, flawed, header) = (folder.path().join("x.bank"), folder.path().join("y.bank"), header(1500));
    write(&path, header);
    let whole = fs::read(&path).unwrap();
    let ranges: Vec<_> = (0..header.blocks()).map(|block| header.block(block)).collect();
    assert_eq!((ranges[0].start, ranges.last().unwrap().end), (HEADER, whole.len()));
    for place in ranges.iter().flat_map(|range| [range.start, range.start + SUM, range.end]) {
        for at in [place - 1, place, place + 1] {
            fs::write(&flawed, &whole[..at.min(whole.len() - 1)]).unwrap();
            assert_eq!(flaw(&flawed, &header).unwrap().reason, Reason::Damaged);
        }
    }
    // Blocks that change places, and one that never reached the disk.
    let (first, second) = (ranges[0].clone(), ranges[1].clone());
    let swapped = [&whole[..HEADER], &whole[second.clone()], &whole[first], &whole[second.end..]].concat();
    let mut lost = whole.clone();
    lost[ranges[1].clone()].fill(0);
    for bytes in [swapped, lost] {
        fs::write(&flawed, bytes).unwrap();
        assert_eq!(flaw(&flawed, &header).unwrap().reason, Reason::Damaged);
    }
    let bank = Bank::open(&flawed, &header).unwrap();
    let (per_block, mut numbers) = (SHAPE.per_block() as u64, vec![0.0; SHAPE.values()]);
    let error = bank.read(per_block, &mut numbers).unwrap_err();
    let said = format!("references from {per_block} on are not as they were written");
    assert!(error.to_string().starts_with(&format!("{}: {said}", flawed.display())), "{error}");
    assert!(bank.read(0, &mut numbers).is_ok() && bank.read(2 * per_block, &mut numbers).is_ok());
}

#[test]
fn another_bank_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, header) = (folder.path().join("x.bank"), header(7));
    write(&path, header);
    let refused = |asked: Header| {
        let error = Bank::open(&path, &asked).unwrap_err();
        assert_eq!(error.reason, Reason::Foreign, "{error}");
        error.message
    };
    let model = refused(Header { model: [1; 32], ..header });
    assert_eq!(model, "this is the bank of model abababababab, asked for is that of 010101010101");
    let references = refused(Header { references: [2; 32], ..header });
    assert_eq!(references, "this is the bank of references cdcdcdcdcdcd, asked for is that of 020202020202");
    let count = refused(Header { count: 8, ..header });
    assert_eq!(count, "this is the bank of so many references: 7, asked for is that of 8");
    // As many numbers, in another order.
    let shape = refused(Header { shape: Shape { tokens: 4, head_dim: 3, ..SHAPE }, ..header });
    assert!(shape.contains("3 tokens, heads of 4") && shape.contains("4 tokens, heads of 3"), "{shape}");

    let whole = fs::read(&path).unwrap();
    for (version, age) in [(0, "an older"), (VERSION + 1, "a newer")] {
        let mut bytes = whole.clone();
        bytes[8..12].copy_from_slice(&u32::to_le_bytes(version));
        fs::write(&path, &bytes).unwrap();
        let error = Bank::open(&path, &header).unwrap_err();
        assert_eq!(error.reason, Reason::Version);
        assert!(error.message.starts_with(age), "{error}");
    }
}

#[test]
fn what_is_no_bank_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, header) = (folder.path().join("x.bank"), header(7));
    assert_eq!(Bank::open(&path, &header).unwrap_err().reason, Reason::Missing);
    fs::write(&path, []).unwrap();
    assert!(Bank::open(&path, &header).unwrap_err().message.contains("cut short: 0 bytes"));
    fs::write(&path, vec![0; header.bytes().unwrap() as usize]).unwrap();
    assert!(Bank::open(&path, &header).unwrap_err().message.contains("no bank"));
    // The header came to the disk, the rest did not.
    let mut bytes = vec![0; header.bytes().unwrap() as usize];
    bytes[..HEADER].copy_from_slice(&header.to_bytes());
    fs::write(&path, bytes).unwrap();
    assert_eq!(flaw(&path, &header).unwrap().reason, Reason::Damaged);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = Bank::open(&path, &header).unwrap_err();
    assert!(error.message.contains("a folder"), "{error}");
    let inside = path.join("file/x.bank");
    fs::write(path.join("file"), "x").unwrap();
    assert_eq!(Bank::open(&inside, &header).unwrap_err().reason, Reason::System);
    assert!(Writer::create(&inside, header).unwrap_err().message.contains("a file in the place of a folder"));
}

#[test]
fn what_makes_no_bank_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, header) = (folder.path().join("x.bank"), header(2));
    let (good, found_by) = (values(0, &SHAPE), vector(0, &SHAPE));
    let mut writer = Writer::create(&path, header).unwrap();
    writer.push(&good, 0, &found_by).unwrap();
    for bad in [f32::NAN, f32::INFINITY, 7e4] {
        let mut numbers = good.clone();
        numbers[3] = bad;
        let error = writer.push(&numbers, 1, &found_by).unwrap_err();
        assert!(error.message.starts_with("reference 1 holds "), "{error}");
        assert!(writer.push(&good, 1, &numbers[..5]).is_err());
    }
    assert!(writer.finish().unwrap_err().message.contains("2 references and has 1"));
    assert_eq!(Bank::open(&path, &header).unwrap_err().reason, Reason::Missing);
    assert!(!folder.path().join("x.bank.tmp").exists());
    // A reference that was refused may be pushed again; one too many may not.
    let mut writer = Writer::create(&path, header).unwrap();
    writer.push(&good, 0, &found_by).unwrap();
    assert!(writer.push(&values(1, &SHAPE), 1, &[f32::NAN; 5]).is_err());
    writer.push(&values(1, &SHAPE), 1, &vector(1, &SHAPE)).unwrap();
    assert_eq!(writer.push(&good, 1, &found_by).unwrap_err().reason, Reason::Unfit);
    writer.finish().unwrap();
    let endless = Shape { layers: u32::MAX, heads: u32::MAX, ..SHAPE };
    let error = Writer::create(&path, Header { shape: endless, ..header }).unwrap_err();
    assert!(error.message.contains("more than a file holds"), "{error}");
    is_whole(&Bank::open(&path, &header).unwrap());
}

#[test]
fn a_finished_bank_is_found_again_and_what_a_kill_left_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (path, header) = (folder.path().join("x.bank"), header(40));
    let unfinished = folder.path().join("x.bank.tmp");
    fs::write(&unfinished, header.to_bytes()).unwrap();
    let writer = Writer::create(&path, header).unwrap();
    assert_eq!(Writer::create(&path, header).unwrap_err().reason, Reason::Busy);
    drop(writer);
    assert!(!unfinished.exists());
    // Four at once: one writes, and all of them read what it wrote.
    let writers = std::sync::atomic::AtomicU32::new(0);
    let ask = || {
        Bank::open_or_write(&path, header, |writer| {
            writers.fetch_add(1, Ordering::Relaxed);
            fill(writer, &header)
        })
    };
    thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().for_each(|bank| is_whole(&bank.join().unwrap().unwrap()));
    });
    assert_eq!(writers.load(Ordering::Relaxed), 1);
    // What is flawed is said, and not written over.
    File::options().append(true).open(&path).unwrap().write_all(b"x").unwrap();
    assert_eq!(ask().unwrap_err().reason, Reason::Damaged);
    assert_eq!(writers.load(Ordering::Relaxed), 1);
}

proptest! {
    #[test]
    fn numbers_are_rounded_to_the_nearest_of_16_bits(value in -65504.0f32..65504.0) {
        let shape = Shape { layers: 1, heads: 1, tokens: 1, head_dim: 70, vector: 0 };
        let header = Header { shape, ..header(1) };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bank");
        let mut writer = Writer::create(&path, header).unwrap();
        writer.push(&vec![value; shape.values()], 1, &[]).unwrap();
        writer.finish().unwrap();
        let mut read = vec![0.0; shape.values()];
        Bank::open(&path, &header).unwrap().read(0, &mut read).unwrap();
        // 11 bits of significand; below 2^-14 steps of 2^-24.
        let step = f32::max(value.abs() * 2f32.powi(-11), 2f32.powi(-25));
        prop_assert!(read.iter().all(|read| (read - value).abs() <= step), "{value} became {}", read[0]);
    }
}
