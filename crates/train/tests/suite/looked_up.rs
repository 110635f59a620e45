//! What is looked up for windows, and the bank of a model that was trained.

use std::sync::Arc;
use std::{fs, path::Path};

use isoloss_train::corpora::{self, Batch, Place, Source};
use isoloss_train::measures::{Measure, Measured, Subject, Unmeasured, bank};
use isoloss_train::memory::course::Course;
use isoloss_train::memory::library::{Found, Library, Settings};
use isoloss_train::memory::retrievers::Kind;
use isoloss_train::models::Shape;
use isoloss_train::{RunConfig, Trainer};
use serde_json::json;

/// People who are told of in one form each, in any order, and a hundred of whom only texts tell.
fn people() -> Arc<dyn Source> {
    let settings = json!({
        "kind": "bios", "people": 300, "pools": "1/20", "seed": 3, "packing": "people", "kept_back": 100, "sentences": "fixed",
    });
    let config: corpora::Config = serde_json::from_value(settings).unwrap();
    config.open(&Place { base: ".".into(), cache: ".".into() }).unwrap()
}

fn look_up(batch: &Batch, settings: Settings) -> Found {
    let library = Library::of(people(), Kind::Ngrams).unwrap();
    library.look_up(batch, 0..batch.sequences(), settings).unwrap().unwrap()
}

#[test]
fn who_is_asked_for_is_found_unless_the_window_holds_the_text() {
    let (source, course) = (people(), Course { chunk: 20, texts: 1, reach: 1 });
    let settings = Settings { course, longest: 30, kept: 8, leak: 1.0 };
    let batch = source.held_out(60, 50).unwrap().batch;
    let found = look_up(&batch, settings);
    // By the name, and by twenty tokens twice.
    assert_eq!((found.length, found.rows, found.numbers.len()), (30, 24, 3 * 60));
    assert!(found.places.iter().copied().eq((0..180).map(|text| 8 * text)) && found.lengths.iter().all(|n| *n == 30));
    let texts: Vec<&[u32]> = found.tokens.chunks(30).collect();
    for ((window, texts), spans) in batch.inputs.chunks(50).zip(texts.chunks(3)).zip(found.spans.chunks(50)) {
        assert_eq!(texts[0][..7], window[..7]);
        for (at, span) in spans.iter().enumerate() {
            let asked = match at {
                0..7 => [0, 0],
                7..20 => [0, 8],
                20..40 => [8, 16],
                _ => [16, 24],
            };
            assert_eq!(*span, asked, "{at}");
        }
    }
    // With a limit the own text gives way to that of somebody else wherever it is told in nearly the same order.
    let strict = look_up(&batch, Settings { leak: 0.7, ..settings });
    let own = |found: &Found| {
        let firsts = found.tokens.chunks(30).step_by(3).zip(batch.inputs.chunks(50));
        firsts.filter(|(text, window)| text[..7] == window[..7]).count()
    };
    assert!(own(&found) == 60 && (1..50).contains(&own(&strict)), "{}", own(&strict));
    // What comes later moves nothing that was found before, where nothing is left out.
    let mut later = batch.clone();
    later.inputs.chunks_mut(50).for_each(|window| window[35..].fill(9));
    let changed = look_up(&later, settings);
    for (a, b) in found.numbers.chunks(3).zip(changed.numbers.chunks(3)) {
        assert_eq!(a[..2], b[..2]);
    }
}

fn trained(longest: usize) -> (RunConfig, Trainer<f32>) {
    let source = people();
    let memory = json!({ "start": 0, "kept": 4, "longest": longest });
    let shape = json!({ "d_model": 16, "n_layer": 2, "head_dim": 8, "memory": memory });
    let shape = Shape::read("memory", shape).unwrap().unwrap();
    let model = shape.complete(corpora::reading(source.as_ref(), 50)).unwrap().of_steps(8);
    let mut config = crate::common::config(model, 8, 4, 50, 3e-3, 0.1);
    config.evaluation.measures = vec![Measure::Bank];
    let mut trainer = Trainer::<f32>::new(&config, source, 1);
    for _ in 0..8 {
        trainer.advance().unwrap();
    }
    (config, trainer)
}

fn measure(trainer: &mut Trainer<f32>, folder: &Path, is_stopped: &dyn Fn() -> bool) -> Result<Measured, Unmeasured> {
    let source = people();
    let held_out = source.held_out(40, 50).unwrap();
    let source = source.as_ref();
    Measure::Bank.of(&mut Subject { trainer, source, held_out: &held_out, curve: &[], folder, is_stopped })
}

/// Numbers of 16 bits are what sets them apart, also where texts are cut.
#[test]
fn a_bank_holds_what_is_encoded_as_it_is_read() {
    for longest in [20, 128] {
        let (config, mut trainer) = trained(longest);
        let folder = tempfile::tempdir().unwrap();
        let measured = measure(&mut trainer, folder.path(), &|| false).unwrap();
        let of = |name: &str| measured.iter().find(|(other, _)| other == name).unwrap().1;
        let loss = trainer.evaluate(&people().held_out(40, 50).unwrap()).0.loss;
        assert!(
            (of("banked_loss") - loss).abs() < 1e-5 && (of("bare_loss") - loss).abs() > 1e-4,
            "{loss} {measured:?}"
        );
        assert_eq!((of("bank_references"), of("hit_ngrams")), (300.0, 1.0));
        assert!(of("bank_bytes") * 300.0 < bank::bytes(&config, people().as_ref()).unwrap() as f64);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_bank_that_was_left_behind_is_read_or_written_again() {
    let (_, mut trainer) = trained(128);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank");
    let wanted = measure(&mut trainer, folder.path(), &|| false).unwrap();
    for left in [&b"no bank"[..], &[], &[0; 5000]] {
        fs::write(&path, left).unwrap();
        assert_eq!(measure(&mut trainer, folder.path(), &|| false).unwrap(), wanted);
    }
    assert_eq!(measure(&mut trainer, folder.path(), &|| true), Err(Unmeasured::Stopped));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // What the system refuses is said in one line.
    let nowhere = folder.path().join("file");
    fs::write(&nowhere, "x").unwrap();
    let Err(Unmeasured::Failed(says)) = measure(&mut trainer, &nowhere, &|| false) else { panic!("no error") };
    assert!(says.contains("file") && !says.contains('\n'), "{says}");
}
