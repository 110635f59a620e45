//! gzip and Zstandard, by their first bytes: names lie.

use std::io::Read;

use crate::ReadError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that a table may have, once it is unpacked if it is packed: a few kilobytes can ask for all memory there is.
pub(crate) const MOST: u64 = 1 << 30;

/// The bytes inside, or the bytes themselves when nothing is compressed.
pub(crate) fn unpack(source: &str, bytes: Vec<u8>) -> Result<Vec<u8>, ReadError> {
    if bytes.starts_with(GZIP) {
        // Several members one after the other are one file: that is what `cat a.gz b.gz` makes.
        drain(source, "gzip", MOST, flate2::read::MultiGzDecoder::new(&bytes[..]))
    } else if bytes.starts_with(ZSTD) {
        let decoder = zstd::stream::read::Decoder::with_buffer(&bytes[..]);
        drain(source, "zstd", MOST, decoder.map_err(|e| broken(source, "zstd", &e))?)
    } else {
        Ok(bytes)
    }
}

fn drain(source: &str, format: &str, most: u64, decoder: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut inside = Vec::new();
    decoder.take(most + 1).read_to_end(&mut inside).map_err(|e| broken(source, format, &e))?;
    if inside.len() as u64 > most {
        return Err(ReadError::new(source, format!("the {format} data unpacks to more than {}", gib(most)))
            .hint("no table of runs is so large: is it one? Unpack it, and keep the rows and columns of runs"));
    }
    Ok(inside)
}

/// In words.
pub(crate) fn gib(bytes: u64) -> String {
    format!("{:.3} GiB", bytes as f64 / f64::from(1 << 30)).replace(".000", "")
}

fn broken(source: &str, format: &str, error: &std::io::Error) -> ReadError {
    ReadError::new(source, format!("the {format} data is cut off or damaged ({error})"))
        .hint("copy or download the file again and compare its size")
}

/// The name without `.gz` or `.zst`, for the tie-break by name.
pub(crate) fn inner_name(name: &str) -> &str {
    [".gz", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn both_formats_open() {
        let zst = zstd::encode_all("N,L\n".as_bytes(), 1).unwrap();
        assert_eq!(unpack("x", zst).unwrap(), b"N,L\n");
        assert_eq!(unpack("x", gz("N,L\n")).unwrap(), b"N,L\n");
        assert_eq!(unpack("x", [gz("N,L\n"), gz("1,2\n")].concat()).unwrap(), b"N,L\n1,2\n");
        assert_eq!(unpack("x", b"plain".to_vec()).unwrap(), b"plain");
    }

    #[test]
    fn what_unpacks_to_more_than_a_table_is_refused() {
        let whole = gz(&"0".repeat(4096));
        let open = |most| drain("x", "gzip", most, flate2::read::MultiGzDecoder::new(&whole[..]));
        assert_eq!(open(4096).unwrap().len(), 4096);
        let error = open(4095).unwrap_err();
        assert!(error.message.contains("unpacks to more than") && error.hint.is_some(), "{error}");
        assert_eq!(gib(MOST), "1 GiB");
    }

    #[test]
    fn a_cut_file_is_refused() {
        for whole in [gz(&"N,L\n".repeat(100)), zstd::encode_all("N,L\n".repeat(100).as_bytes(), 1).unwrap()] {
            let error = unpack("x.csv.gz", whole[..whole.len() - 3].to_vec()).unwrap_err();
            assert!(error.message.contains("cut off"), "{error}");
        }
    }
}
