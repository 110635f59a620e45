//! Golden files: tensors and the case they belong to, in the `safetensors` format.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// Shape and numbers; integers are exact in f64.
pub type Tensor = (Vec<usize>, Vec<f64>);

/// One golden file.
pub struct Golden {
    pub config: Value,
    pub tensors: BTreeMap<String, Tensor>,
}

impl Golden {
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (length, rest) = bytes.split_at(8);
        let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
        let header: Value = serde_json::from_slice(header).unwrap();
        let config = serde_json::from_str(header["__metadata__"]["config"].as_str().unwrap()).unwrap();
        let entries = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
        let tensors = entries.map(|(name, entry)| (name.clone(), tensor(entry, data))).collect();
        Self { config, tensors }
    }

    /// The op the file is about.
    pub fn op(&self) -> &str {
        self.config["op"].as_str().unwrap_or("")
    }

    pub fn single(&self) -> bool {
        self.config["dtype"].as_str().is_some_and(|d| d.ends_with("float32"))
    }

    /// A number of the case, or the default where it is not given.
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.config[key].as_f64().unwrap_or(default)
    }

    pub fn get(&self, name: &str) -> &[f64] {
        &self.tensors.get(name).unwrap_or_else(|| panic!("there is no {name}")).1
    }

    pub fn shape(&self, name: &str) -> &[usize] {
        &self.tensors.get(name).unwrap_or_else(|| panic!("there is no {name}")).0
    }

    /// Integers, as tokens; a negative one is a target to be ignored.
    pub fn tokens(&self, name: &str) -> Vec<u32> {
        let token = |&t: &f64| if t < 0.0 { isoloss_engine::IGNORE } else { t as u32 };
        self.get(name).iter().map(token).collect()
    }

    /// The names that begin with a prefix, without it.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.tensors.keys().filter_map(move |name| name.strip_prefix(prefix))
    }
}

fn tensor(entry: &Value, data: &[u8]) -> Tensor {
    let numbers = |key: &str| -> Vec<usize> {
        entry[key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
    };
    let range = numbers("data_offsets");
    let data = &data[range[0]..range[1]];
    let values = match entry["dtype"].as_str().unwrap() {
        "F64" => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        "F32" => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b) as f64).collect(),
        "I64" => data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
        "U8" | "BOOL" => data.iter().map(|b| *b as f64).collect(),
        other => panic!("numbers of type {other}"),
    };
    (numbers("shape"), values)
}

/// The greatest difference, relative to max(1, greatest reference).
pub fn difference(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len(), "lengths differ");
    let scale = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    got.iter().zip(want).fold(0.0, |m, (g, w)| {
        let d = (g - w).abs() / scale;
        if d > m || d.is_nan() { d } else { m }
    })
}
