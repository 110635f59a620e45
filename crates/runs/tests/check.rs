//! What a check of a store says of runs that were interrupted: where they begin when they are run again.

mod common;

use std::fs;

use common::{finished, planned};
use isoloss_runs::record::StateName;
use isoloss_runs::store::Store;

#[test]
fn whole_states_alone_are_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs")).unwrap();
    let said = || store.check().unwrap().iter().map(|problem| format!("{problem}\n")).collect::<String>();
    let over = finished(2);
    store.claim(&over.id).unwrap().unwrap().write(&over).unwrap();
    assert_eq!(said(), "");
    let mut run = planned(1);
    run.state.name = StateName::Running;
    let claim = store.claim(&run.id).unwrap().unwrap();
    claim.write(&run).unwrap();
    claim.save_checkpoint(20, b"state").unwrap();
    drop(claim);
    assert!(said().contains("goes on from its checkpoint"), "{}", said());
    // A spoiled one is none.
    let mut all = fs::read_dir(store.folder().join(&run.id)).unwrap().map(|entry| entry.unwrap().path());
    fs::write(all.find(|path| path.to_string_lossy().contains("checkpoint-")).unwrap(), b"other").unwrap();
    assert!(said().contains("torn or changed") && said().contains("it starts anew"), "{}", said());
    // A branch begins where its trunk is, once there is a state of it.
    let trunk = "0123456789abcdef0123";
    run.trunk = Some(trunk.to_owned());
    store.claim(&run.id).unwrap().unwrap().write(&run).unwrap();
    assert!(said().contains("it starts anew"), "{}", said());
    assert!(store.trunk(trunk).unwrap().unwrap().save(10, b"shared").unwrap());
    assert!(said().contains("begins with the state of its trunk") && !said().contains("it starts anew"), "{}", said());
}
