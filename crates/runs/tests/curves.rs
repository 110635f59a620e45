//! The curves of a store, as one table.

mod common;

use common::finished;
use isoloss_runs::store::{CurvePoint, Store};

/// A line a point, with the loss of the run in the line of its last; runs of one name are told apart by their ids.
#[test]
fn the_curves_of_a_store_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs")).unwrap();
    for run in [finished(1), finished(2), finished(3)] {
        let claim = store.claim(&run.id).unwrap().expect("nobody holds it");
        claim.write(&run).unwrap();
        if run.seed < 3 {
            let mut curve = claim.curve().unwrap();
            for step in [64, 128, 192] {
                curve.push(&CurvePoint { step, tokens: step * 4096, loss: 4.0, ..CurvePoint::default() }).unwrap();
            }
        }
    }
    let table = store.curves(&store.runs().unwrap().runs).unwrap();
    assert_eq!(table.len(), 6, "one has no curve");
    let numbers = |name: &str| table.column(name).unwrap().as_numbers().unwrap().values.clone();
    assert_eq!(numbers("tokens")[..3], [64.0 * 4096.0, 128.0 * 4096.0, 192.0 * 4096.0]);
    assert_eq!(numbers("held_out").iter().filter(|loss| loss.is_finite()).count(), 2);
    let names: Vec<String> = [0, 3].map(|row| table.column("run").unwrap().text(row)).into();
    assert!(names.iter().all(|name| name.ends_with(" transformer, d64-0.8M")) && names[0] != names[1], "{names:?}");
}
