//! The pages of a Parquet file by their headers alone: what they claim to hold, added up before any of it is unpacked.
//!
//! The library takes the memory that a header asks for, and has no limit to set: a file of 200 bytes may ask for gigabytes.

use std::io::{Read, copy, sink};

use ::parquet::basic::Compression;
use ::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// What all pages claim together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// once they are unpacked
    pub(crate) bytes: u64,
    /// values, repeated ones too, and entries of dictionaries
    pub(crate) values: u64,
}

/// Adds up the pages of all columns; none where a header cannot be read or a page is not what it claims.
pub(crate) fn claimed(file: &[u8], metadata: &ParquetMetaData) -> Option<Claimed> {
    let mut all = Claimed::default();
    for group in metadata.row_groups() {
        for chunk in group.columns() {
            add(file, chunk, &mut all)?;
        }
    }
    Some(all)
}

fn add(file: &[u8], chunk: &ColumnChunkMetaData, all: &mut Claimed) -> Option<()> {
    // The library asserts that both are above zero.
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let (start, length) = (usize::try_from(start).ok()?, usize::try_from(chunk.compressed_size()).ok()?);
    let mut rest = file.get(start..start.checked_add(length)?)?;
    while !rest.is_empty() {
        let (page, behind) = Page::read(rest)?;
        let data = behind.get(..page.packed)?;
        if chunk.compression() != Compression::UNCOMPRESSED {
            all.bytes = all.bytes.saturating_add(page.unpacked);
        }
        if matches!(chunk.compression(), Compression::GZIP(_)) {
            // Of all formats it alone is unpacked to its end, whatever the header says.
            let mut inside = flate2::read::MultiGzDecoder::new(data.get(page.levels..)?).take(page.unpacked + 1);
            if copy(&mut inside, &mut sink()).is_ok_and(|found| found > page.unpacked) {
                return None;
            }
        }
        all.values = all.values.saturating_add(page.values);
        rest = &behind[page.packed..];
    }
    Some(())
}

/// What the header of a page says of its size.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    unpacked: u64,
    packed: usize,
    values: u64,
    /// bytes of levels that stand before what is packed
    levels: usize,
}

impl Page {
    /// The page at the beginning of `bytes`, and what follows its header. Of a field that stands twice the larger counts.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut found = Vec::new();
        let mut thrift = Thrift { bytes };
        thrift.fields(0, 0, &mut found)?;
        let largest = |outer: i16, inner: i16| {
            let all = found.iter().filter(|(o, i, _)| (*o, *i) == (outer, inner)).map(|(.., value)| *value);
            all.max().unwrap_or(0)
        };
        // 2 and 3 are sizes; 5, 7 and 8 the header of a page of data, of a dictionary, and of data in the second version.
        let page = Self {
            unpacked: u64::try_from(largest(0, 2)).ok()?,
            packed: usize::try_from(largest(0, 3)).ok()?,
            values: [5, 7, 8].into_iter().filter_map(|outer| u64::try_from(largest(outer, 1)).ok()).max()?,
            levels: usize::try_from(largest(8, 5).checked_add(largest(8, 6))?).ok()?,
        };
        Some((page, thrift.bytes))
    }
}

/// How deep structures lie in each other at most; those of a page header lie three deep.
const DEEP: usize = 8;

/// The compact protocol of Thrift, as far as numbers are concerned: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.
struct Thrift<'a> {
    bytes: &'a [u8],
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The fields of a structure, to its end: numbers go to `found`, by the field that the structure is of and their own.
    fn fields(&mut self, outer: i16, deep: usize, found: &mut Vec<(i16, i16, i64)>) -> Option<()> {
        let mut id: i16 = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).ok()?,
                delta => id.checked_add(i16::from(delta))?,
            };
            match head & 15 {
                1 | 2 => {}
                // An i32 is what the library reads of it.
                4..=6 => {
                    let value = i64::from(self.zigzag()? as i32);
                    if deep < 2 {
                        found.push((outer, id, value));
                    }
                }
                12 if deep < DEEP => self.fields(if deep == 0 { id } else { -1 }, deep + 1, found)?,
                other => self.value(other, deep)?,
            }
        }
    }

    /// Passes over a value of this type.
    fn value(&mut self, kind: u8, deep: usize) -> Option<()> {
        if deep >= DEEP {
            return None;
        }
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                (0..length).try_for_each(|_| self.value(head & 15, deep + 1))
            }
            11 => {
                let length = self.varint()?;
                let kinds = if length > 0 { self.byte()? } else { 0 };
                (0..length).try_for_each(|_| {
                    self.value(kinds >> 4, deep + 1)?;
                    self.value(kinds & 15, deep + 1)
                })
            }
            12 => self.fields(-1, deep + 1, &mut Vec::new()),
            13 => self.skip(16),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of data: type 0, 2^31 - 1 bytes unpacked, 3 packed, a checksum, and 7 values in its own header.
    const HEADER: [u8; 22] = [
        0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0x06, 0x15, 0x02, 0x1c, 0x15, 0x0e, 0x15, 0x00, 0x15,
        0x06, 0x11, 0x00, 0x00,
    ];

    #[test]
    fn a_header_says_what_its_page_takes() {
        let (page, behind) = Page::read(&[&HEADER[..], b"abc"].concat()).map(|(p, b)| (p, b.to_vec())).unwrap();
        assert_eq!(page, Page { unpacked: 2_147_483_647, packed: 3, values: 7, levels: 0 });
        assert_eq!(behind, b"abc");
    }

    #[test]
    fn what_is_no_header_is_none() {
        for end in 0..HEADER.len() {
            assert_eq!(Page::read(&HEADER[..end]), None, "cut at {end}");
        }
        // A list of 2^63 structures, structures without an end, and a size below zero.
        for bytes in
            [&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f][..], &[0x1c; 99], &[0x25, 0x01, 0]]
        {
            assert_eq!(Page::read(bytes), None, "{bytes:?}");
        }
    }
}
