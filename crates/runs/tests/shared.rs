//! Real tables from outside the repository. Where they are not there, one line says so.

use std::io::Write;
use std::path::PathBuf;

use isoloss_formula::Table;
use isoloss_runs::{Prepare, guess, prepare, read_path};

/// The folder of shared data.
fn shared() -> Option<PathBuf> {
    let folder = match std::env::var_os("ISOLOSS_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    folder.is_dir().then_some(folder)
}

fn table(folder: &std::path::Path, name: &str) -> Table {
    read_path(&folder.join("data").join(name)).unwrap_or_else(|e| panic!("{e}")).table
}

/// One test, so that one line tells of all that is skipped.
#[test]
fn shared_tables() {
    let Some(folder) = shared() else {
        // Past the test harness, which keeps what passing tests print.
        writeln!(std::io::stderr(), "SKIPPED 4 tests: no ../shared").unwrap();
        return;
    };
    shapes(&folder);
    guesses(&folder);
    trackers(&folder);
    parquet(&folder);
}

fn shapes(folder: &std::path::Path) {
    let shapes = [
        ("runs/chinchilla_epoch_svg.csv", 245, 7),
        ("runs/datablations_fit182.csv", 182, 5),
        ("runs/gadre_overtraining.csv", 104, 82),
        ("runs/routing_moe_curves.csv.gz", 5799, 22),
        ("runs/obs_base_llm_benchmarks.csv", 148, 13),
        ("runs/revisiting_lang_extrapolation.csv", 1399, 6),
        ("scalebench/parallel_train.parquet", 36, 0),
        ("scalebench/parallel_test.parquet", 12, 0),
        ("scalebench/vocab_train.parquet", 1080, 0),
        ("scalebench/vocab_test.parquet", 120, 0),
        ("scalebench/data_constrained_train.parquet", 161, 0),
        ("scalebench/data_constrained_test.parquet", 21, 0),
        ("scalebench/moe_train.parquet", 193, 0),
        ("scalebench/moe_test.parquet", 28, 0),
    ];
    for (name, rows, columns) in shapes {
        let t = table(folder, name);
        assert_eq!(t.len(), rows, "{name}");
        assert!(columns == 0 || t.columns().len() == columns, "{name}");
    }
}

fn guesses(folder: &std::path::Path) {
    let cases = [
        ("runs/chinchilla_epoch_svg.csv", "C=Training FLOP L=loss N=Model Size"),
        ("runs/datablations_fit182.csv", "D=tokens L=val_loss N=params"),
        ("runs/gadre_overtraining.csv", "D=tokens N=params"),
        ("runs/obs_base_llm_benchmarks.csv", "C=FLOPs (1E21) D=Pretraining Data Size (T) N=Model Size (B)"),
        ("trackers/mlflow/search_runs.csv", "D=metrics.tokens L=metrics.val_loss N=params.n_params"),
    ];
    for (name, expected) in cases {
        let found = guess(&table(folder, name)).columns;
        let found: Vec<String> = found.iter().map(|(role, choice)| format!("{role}={}", choice.column)).collect();
        assert_eq!(found.join(" "), expected, "{name}");
    }
    let t = table(folder, "runs/chinchilla_epoch_svg.csv");
    let options = Prepare { map: guess(&t).maps(), drop_highest: Some(5), ..Prepare::default() };
    let p = prepare(&t, &["N", "D", "L"], &options).unwrap();
    assert_eq!((p.table.len(), p.left_out.len()), (240, 5));
}

fn trackers(folder: &std::path::Path) {
    let runs = table(folder, "trackers/wandb-export/runs-table.csv");
    let options = Prepare { map: guess(&runs).maps(), ..Prepare::default() };
    let p = prepare(&runs, &["N", "D", "L"], &options).unwrap();
    assert_eq!(p.table.column("L").unwrap().as_numbers().unwrap().values, [9.93, 15.18]);
    assert_eq!(p.left_out[0].name.as_deref(), Some("gpt-262144"));
    assert_eq!((p.left_out[0].line, p.left_out[0].reason.as_str()), (3, "State = failed (--all-states keeps it)"));
    let panel = table(folder, "trackers/wandb-export/panel-train-loss.csv");
    assert!(prepare(&panel, &["L"], &Prepare::default()).unwrap_err().message.contains("curves and no sizes"));
    let evaluated = table(folder, "trackers/lm-eval");
    let scores =
        ["toy_add", "toy_add_stderr"].map(|name| evaluated.column(name).unwrap().as_numbers().unwrap().values[0]);
    assert_eq!((evaluated.len(), scores), (1, [0.4, 0.11239029738980327]));
    assert_eq!(table(folder, "trackers/trackio/scaling-fixture_configs.parquet").len(), 3);
}

fn parquet(folder: &std::path::Path) {
    let t = table(folder, "scalebench/data_constrained_train.parquet");
    for name in ["unique_tokens", "params", "tokens", "loss"] {
        let numbers = t.column(name).and_then(|c| c.as_numbers()).unwrap_or_else(|| panic!("{name}"));
        assert!(numbers.oddities.is_empty() && numbers.values.iter().all(|v| *v > 0.0));
    }
    let t = table(folder, "scalebench/vocab_train.parquet");
    assert!(t.column("unigram_normalized_loss").unwrap().as_numbers().unwrap().values.iter().all(|v| *v < 0.0));
    // A file that is cut anywhere is refused, not read in part.
    let bytes = std::fs::read(folder.join("data/scalebench/moe_test.parquet")).unwrap();
    for end in [5, bytes.len() / 2, bytes.len() - 1] {
        assert!(isoloss_runs::read_bytes("cut.parquet", bytes[..end].to_vec()).is_err());
    }
}
