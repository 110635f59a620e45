//! The loss on the way: `curve.jsonl`, one line a point, added to as the run is trained.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::durable::{self, Disk};
use super::error::Tried;
use super::lock::Lock;
use super::{Claim, Store, StoreError};
use crate::record::Other;

/// The file.
pub(crate) const CURVE: &str = "curve.jsonl";

/// A point of a curve. A number that is none (NaN, infinite) is written as null and read as NaN.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Steps taken.
    pub step: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// The mean training loss of the steps since the point before, nats per token.
    #[serde(with = "finite")]
    pub loss: f64,
    /// The norm of the gradient before clipping.
    #[serde(with = "finite")]
    pub grad_norm: f64,
    /// The learning rate.
    #[serde(with = "finite")]
    pub lr: f64,
    /// What else was measured on the way.
    #[serde(flatten)]
    pub other: Other,
}

mod finite {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// A curve that is being written. It keeps the claim it came from.
#[derive(Debug)]
pub struct Curve {
    file: File,
    path: PathBuf,
    length: u64,
    disk: Disk,
    _lock: Arc<Lock>,
}

impl Curve {
    /// Adds a point: the system has it when this returns, the disk after [`Curve::sync`].
    ///
    /// # Errors
    /// If it cannot be written; the points before it stay whole.
    pub fn push(&mut self, point: &CurvePoint) -> Result<(), StoreError> {
        if let Some(twice) =
            ["step", "tokens", "loss", "grad_norm", "lr"].iter().find(|key| point.other.contains_key(**key))
        {
            return Err(StoreError::new(&self.path, format!("a point has two values of `{twice}`")));
        }
        let text = serde_json::to_string(point).map_err(|error| StoreError::json(&self.path, 1, &error))?;
        let line = format!("{text}\n");
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Half a line in the middle would spoil the next one.
            let _ = self.file.set_len(self.length);
            return Err(error).tried(&self.path, "written");
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Waits until all points are on the disk.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.disk.wait(&self.file, &self.path)
    }
}

impl Claim {
    /// The curve of the run, to be gone on with. A last line that a kill tore is cut off first.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn curve(&self) -> Result<Curve, StoreError> {
        self.cut_curve(u64::MAX)?;
        let path = self.folder.join(CURVE);
        let file = OpenOptions::new().append(true).create(true).open(&path).tried(&path, "opened")?;
        let length = file.metadata().tried(&path, "read")?.len();
        Ok(Curve { file, path, length, disk: self.disk.clone(), _lock: self.lock.clone() })
    }

    /// The curve as far as it was written, without a torn last line; empty if there is none.
    ///
    /// # Errors
    /// If a line is no point: with its place.
    pub fn points(&self) -> Result<Vec<CurvePoint>, StoreError> {
        read(&self.folder.join(CURVE)).map(|(points, _)| points)
    }

    /// Drops the points after a step, which a run that goes on from a checkpoint will make again, and lines that are
    /// none. The number of lines dropped. Ask for the [`Claim::curve`] afterwards.
    ///
    /// # Errors
    /// If the file cannot be read or cut.
    pub fn cut_curve(&self, step: u64) -> Result<usize, StoreError> {
        self.lock.still_protects()?;
        let path = self.folder.join(CURVE);
        let bytes = match durable::bytes(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            bytes => bytes.tried(&path, "read")?,
        };
        let all: Vec<Range<usize>> = lines(&bytes).collect();
        let stays = |line: &Range<usize>| point(&bytes[line.clone()]).is_ok_and(|p| p.step <= step);
        let kept: Vec<Range<usize>> = all.iter().filter(|line| stays(line)).cloned().collect();
        let end = kept.last().map_or(0, |line| line.end);
        if kept.is_empty() {
            // A run without points has no curve: an empty file would look like one that was lost.
            fs::remove_file(&path).tried(&path, "cut")?;
            return Ok(all.len());
        }
        if kept.len() == all.len() {
            return Ok(0);
        }
        if all.starts_with(&kept) {
            let file = OpenOptions::new().write(true).open(&path).tried(&path, "opened")?;
            file.set_len(end as u64).tried(&path, "cut")?;
        } else {
            let text: Vec<u8> = kept.iter().flat_map(|line| bytes[line.clone()].iter().copied()).collect();
            self.disk.replace(&self.folder, CURVE, &text)?;
        }
        Ok(all.len() - kept.len())
    }
}

impl Store {
    /// The curve of a run as far as it was written, without a torn last line; empty if there is none.
    ///
    /// # Errors
    /// If `id` is no id, or a line is no point: with its place.
    pub fn curve(&self, id: &str) -> Result<Vec<CurvePoint>, StoreError> {
        read(&self.folder_of(id)?.join(CURVE)).map(|(points, _)| points)
    }
}

/// The points in a file, and whether its last line was torn.
pub(crate) fn read(path: &Path) -> Result<(Vec<CurvePoint>, bool), StoreError> {
    let bytes = match durable::bytes(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), false)),
        bytes => bytes.tried(path, "read")?,
    };
    let mut points = Vec::new();
    let mut lines = lines(&bytes).zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        match point(&bytes[line]) {
            Ok(point) => points.push(point),
            Err(_) if lines.peek().is_none() => return Ok((points, true)),
            Err(error) => {
                let error = StoreError::json(path, number, &error);
                return Err(error.hint("remove this line: the curve does not enter any fit"));
            }
        }
    }
    Ok((points, false))
}

/// The lines of a text, each with its end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let ends = bytes.split_inclusive(|b| *b == b'\n').scan(0, |at, line| {
        *at += line.len();
        Some(*at - line.len()..*at)
    });
    ends.into_iter()
}

/// A line without an end was torn, even where what is there can be read: `"lr":0.1` may have been 0.125.
fn point(line: &[u8]) -> serde_json::Result<CurvePoint> {
    let whole = line.strip_suffix(b"\n").unwrap_or(b"");
    serde_json::from_slice(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/dev/full` is a disk that is always full.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Arc::new(Lock::take(&folder.path().join("run")).unwrap().unwrap());
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().append(true).open(&path).unwrap();
        let mut curve = Curve { file, path, length: 0, disk: Disk::default(), _lock: lock };
        let error = curve.push(&CurvePoint::default()).unwrap_err();
        assert!(error.message.contains("the disk is full") && error.hint.is_some(), "{error}");
    }
}
