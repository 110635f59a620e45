//! A run under way as bytes, and back: a safetensors file with the weights by name, the state of the optimiser and, as
//! text, where the run stands. Whether the bytes are whole is the store's business.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use isoloss_engine::Real;
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::{Since, Trainer};

/// Where a run stands besides its tensors. Numbers that must come back bit for bit are written as bits.
#[derive(Debug, Serialize, Deserialize)]
struct Standing {
    id: String,
    done: u64,
    updates: u64,
    spike_mean: u64,
    spike_deviation: u64,
    spike_seen: u64,
    spikes: Vec<u64>,
    since_sum: u64,
    since_steps: u64,
}

/// Why bytes are no checkpoint of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointError(pub String);

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for CheckpointError {}

/// The key of the standing among the file's metadata.
const STANDING: &str = "isoloss";
/// What stands before the name of a weight, for its value and for the two numbers that the optimiser keeps of it.
const PARTS: [&str; 3] = ["weights", "first", "second"];

/// A tensor that is written straight from the numbers.
struct Tensor<'a, R> {
    shape: &'a [usize],
    data: &'a [R],
}

impl<R: Real> View for Tensor<'_, R> {
    fn dtype(&self) -> Dtype {
        if size_of::<R>() == 8 { Dtype::F64 } else { Dtype::F32 }
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        let wide = size_of::<R>();
        let mut bytes = Vec::with_capacity(self.data_len());
        self.data.iter().for_each(|x| bytes.extend_from_slice(&x.bits().to_le_bytes()[..wide]));
        Cow::Owned(bytes)
    }
    fn data_len(&self) -> usize {
        size_of_val(self.data)
    }
}

impl<R: Real> Trainer<R> {
    /// Everything that is needed to go on, as the bytes of a safetensors file. `id` is that of the run.
    ///
    /// # Errors
    /// If the library cannot write it.
    pub fn checkpoint(&self, id: &str) -> Result<Vec<u8>, CheckpointError> {
        let (first, second, updates) = self.optimiser.state();
        let standing = Standing {
            id: id.to_owned(),
            done: self.done,
            updates,
            spike_mean: self.spikes.mean.to_bits(),
            spike_deviation: self.spikes.deviation.to_bits(),
            spike_seen: self.spikes.seen,
            spikes: self.spikes.steps.clone(),
            since_sum: self.since.sum.to_bits(),
            since_steps: self.since.steps,
        };
        let text = serde_json::to_string(&standing).map_err(|e| CheckpointError(e.to_string()))?;
        let mut tensors = Vec::new();
        for (part, data) in PARTS.into_iter().zip([self.params.weights(), first, second]) {
            for entry in self.params.entries() {
                let tensor = Tensor { shape: &entry.shape, data: &data[entry.param.range()] };
                tensors.push((format!("{part}.{}", entry.name), tensor));
            }
        }
        let metadata = HashMap::from([(STANDING.to_owned(), text)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| CheckpointError(e.to_string()))
    }

    /// Goes on where a checkpoint of this run stood. On an error nothing has changed.
    ///
    /// # Errors
    /// If the bytes are no checkpoint, or one of another run or shape.
    pub fn restore(&mut self, id: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
        let wrong = |what: &dyn fmt::Display| CheckpointError(format!("the checkpoint cannot be read: {what}"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| wrong(&e))?;
        let text = header.metadata().as_ref().and_then(|m| m.get(STANDING)).ok_or_else(|| wrong(&"it is not ours"))?;
        let standing: Standing = serde_json::from_str(text).map_err(|e| wrong(&e))?;
        if standing.id != id {
            return Err(CheckpointError(format!("the checkpoint is of the run {}", standing.id)));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| wrong(&e))?;
        let mut parts: Vec<Vec<R>> = Vec::new();
        for part in PARTS {
            let mut flat = vec![R::ZERO; self.params.count()];
            for entry in self.params.entries() {
                let tensor = tensors.tensor(&format!("{part}.{}", entry.name)).map_err(|e| wrong(&e))?;
                let numbers = numbers::<R>(tensor.dtype(), tensor.data());
                let range = entry.param.range();
                match numbers {
                    Some(numbers) if tensor.shape() == entry.shape => flat[range].copy_from_slice(&numbers),
                    _ => return Err(wrong(&format_args!("{} has another shape or type", entry.name))),
                }
            }
            parts.push(flat);
        }
        self.params.weights_mut().copy_from_slice(&parts[0]);
        self.optimiser.restore(&parts[1], &parts[2], standing.updates);
        self.done = standing.done;
        self.spikes.mean = f64::from_bits(standing.spike_mean);
        self.spikes.deviation = f64::from_bits(standing.spike_deviation);
        self.spikes.seen = standing.spike_seen;
        self.spikes.steps = standing.spikes;
        self.since = Since { sum: f64::from_bits(standing.since_sum), steps: standing.since_steps };
        Ok(())
    }
}

/// The numbers of a tensor; none if they are of another type. f32 goes through f64 and back unharmed.
fn numbers<R: Real>(dtype: Dtype, bytes: &[u8]) -> Option<Vec<R>> {
    match (dtype, size_of::<R>()) {
        (Dtype::F32, 4) => Some(bytes.as_chunks().0.iter().map(|b| R::of(f32::from_le_bytes(*b).into())).collect()),
        (Dtype::F64, 8) => Some(bytes.as_chunks().0.iter().map(|b| R::of(f64::from_le_bytes(*b))).collect()),
        _ => None,
    }
}
