//! What an evaluation writes beside the loss.

use super::*;

/// Sums and products modulo 3 of at most one operator: a table that is soon known by heart.
#[test]
fn accuracy_is_measured_on_arithmetic() {
    let from = LADDER.find("[corpus]").unwrap();
    let to = LADDER.find("[model]").unwrap();
    let text = format!("{}[corpus]\nkind = \"mano\"\nmodulus = 3\nlongest = 1\n{}", &LADDER[..from], &LADDER[to..]);
    let text = text.replace("lr = 0.02", "lr = 0.003").replace("batch = 4", "batch = 16");
    let text = text.replace("windows = 64", "windows = 64\nmeasures = [\"accuracy\"]");
    let lab =
        Lab::of(&text.replace("[4, 6, 8, 12, 16, 24]", "[16]").replace("[2048, 4096, 8192, 16384]", "[1024, 262144]"));
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    let mut records = lab.records();
    records.sort_by_key(|record| record["counts"]["tokens"].as_u64());
    let of = |record: &Value, name: &str| record["result"]["measures"][name].as_f64().unwrap();
    assert!(records.iter().all(|record| of(record, "floor") == 0.0 && record["data"]["name"] == "mano"));
    let [few, many] = [&records[0], &records[1]].map(|record| of(record, "accuracy"));
    assert!(few < 0.5 && many > 0.98, "{few} {many}");
    assert!((0.0..0.1).contains(&of(&records[1], "accuracy_stderr")));
}
