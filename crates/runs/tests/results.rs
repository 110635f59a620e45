//! Runs as a table and as CSV: blank where there is nothing, and back without a loss.

mod common;

use common::{finished, planned};
use isoloss_formula::{Data, Table};
use isoloss_runs::record::{Compute, Convention, Cost, Data as Trained, Labels, Outcome, Run, Size, State, StateName};
use isoloss_runs::{Prepare, Runs, export, guess, import, is_exported, prepare, read_bytes};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value};

const CONVENTION: Convention = Convention { size: Size::NonEmbedding, compute: Compute::Counted };

fn number(table: &Table, column: &str, row: usize) -> f64 {
    table.column(column).unwrap_or_else(|| panic!("no column {column}")).as_numbers().unwrap().values[row]
}

fn some_runs() -> Runs {
    let mut diverged = finished(2);
    diverged.state = State { name: StateName::Diverged, reason: Some("loss became NaN".into()), step: 40 };
    (0..2).map(finished).chain([diverged, planned(3)]).collect()
}

#[test]
fn a_table_says_how_it_was_counted_and_leaves_blank_what_is_not() {
    let convention = Convention { size: Size::Stored, compute: Compute::SixNd };
    let table = some_runs().table("runs", convention);
    assert_eq!(
        [number(&table, "N", 0), number(&table, "D", 0), number(&table, "C", 0)],
        [230_000.0, 786_432.0, 6.0 * 230_000.0 * 786_432.0]
    );
    assert_eq!(table.column("N").unwrap().convention.as_deref(), Some("N of all stored parameters"));
    assert_eq!(table.column("C").unwrap().convention.as_deref(), Some("C = 6ND"));
    assert_eq!(number(&some_runs().table("runs", CONVENTION), "N", 0), 197_232.0);
    assert_eq!(
        [number(&table, "loss", 1), number(&table, "loss_web", 1), number(&table, "recall", 1)],
        [2.999, 3.1, 0.25]
    );
    assert_eq!([number(&table, "training.lr", 3), number(&table, "config.seed", 3)], [0.012, 3.0]);
    assert_eq!(table.column("model.tied").unwrap().text(0), "false");
    assert!(table.column("bits_per_byte").is_none(), "no run has any");
    for column in ["loss", "loss_stderr", "loss_web", "recall"] {
        let Data::Numbers(numbers) = &table.column(column).unwrap().data else { panic!("{column} is words") };
        for row in [2, 3] {
            assert!(numbers.values[row].is_nan() && numbers.oddities.iter().any(|o| o.row == row && o.text.is_empty()));
        }
    }
    assert!(number(&table, "wall_s", 3).is_nan(), "what was not begun took no time that was measured");
    assert_eq!(table.column("reason").unwrap().text(2), "loss became NaN");
}

/// A CSV of runs is a table like any other: columns are found, and what did not finish stays out of a fit.
#[test]
fn a_fit_reads_the_csv_as_it_is() {
    let csv = export(&some_runs(), CONVENTION);
    let table = read_bytes("runs.csv", csv.into_bytes()).unwrap().table;
    assert!(is_exported(&table) && is_exported(&some_runs().table("runs", CONVENTION)));
    let guess = guess(&table);
    assert!(guess.ambiguous.is_empty(), "{:?}", guess.ambiguous);
    let found: Vec<_> = guess.columns.iter().map(|(role, choice)| (*role, choice.column.as_str())).collect();
    assert_eq!(found, [("C", "C"), ("D", "D"), ("L", "loss"), ("N", "N")]);
    let prepared = prepare(&table, &["N", "D", "L"], &Prepare { map: guess.maps(), ..Prepare::default() }).unwrap();
    assert_eq!(prepared.table.len(), 2);
}

#[test]
fn csv_is_one_line_a_run_and_comes_back() {
    let runs = some_runs();
    let csv = export(&runs, CONVENTION);
    assert_eq!(csv.lines().count(), 5);
    assert!(!csv.contains(",NaN,") && !csv.contains(",inf,"));
    let back = import("runs.csv", &csv).unwrap();
    assert_eq!(back, runs.iter().cloned().map(without_half_results).collect());
    let all: Runs = (0..500).map(finished).collect();
    let per_run = export(&all, CONVENTION).len() / 500;
    assert!(per_run < 600, "{per_run} bytes a run");
}

#[test]
fn a_row_that_was_edited_is_refused_by_its_line() {
    let csv = export(&some_runs(), CONVENTION);
    let line = |csv: &str, n: usize| csv.lines().nth(n).unwrap().to_owned();
    let edit = |n: usize, from: &str, to: &str| {
        let old = line(&csv, n);
        assert!(old.contains(from), "{old}");
        import("runs.csv", &csv.replacen(&old, &old.replacen(from, to, 1), 1)).unwrap_err()
    };
    for (from, to, says) in [
        (",0.012,", ",0.0121,", "give the id"),
        ("0f3a", "0f3b", "give the id"),
        (",1.0,", ",1,", "give the id"),
        (",197232,786432,", ",200000,786432,", "N = `200000` is none of the counts"),
        (",1250000000000.0,,,,3.0,", ",1.35e12,,,,3.0,", "C = `1.35e12` is none"),
        (",1250000000000.0,,,,3.0,", ",1250000000000.0,,7,,3.0,", "N_rec = `7` is none of the counts"),
        (",1250000000000.0,,,,3.0,", ",1250000000000.0,,,two,3.0,", "r = `two` is none of the counts"),
        (",finished,", ",done,", "no record of a run"),
        (",3.0,0.004,", ",low,0.004,", "no number in column `loss`: `low`"),
        (",3.0,0.004,", ",3.0,0.004,,", "cells where the header has"),
    ] {
        let error = edit(1, from, to);
        assert_eq!(error.line, Some(2), "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    assert_eq!(edit(3, "0f3a", "0f3b").line, Some(4));
    let twice = format!("{csv}{}\n", line(&csv, 1));
    assert!(import("runs.csv", &twice).unwrap_err().message.contains("stands here twice"));
    assert!(import("runs.csv", "N,D,loss\n1,2,3\n").unwrap_err().message.contains("no column `id`"));
    assert!(import("runs.csv", "").unwrap_err().message.contains("empty"));
}

/// One cell that was spoiled by hand takes its row out of a fit, with the reason, and not its column.
#[test]
fn a_measure_that_is_no_number_costs_its_row_alone() {
    let csv = export(&(0..4).map(finished).collect(), CONVENTION);
    let mut lines: Vec<String> = csv.lines().map(str::to_owned).collect();
    assert_eq!(lines[2].matches(",0.25,").count(), 1, "{}", lines[2]);
    lines[2] = lines[2].replace(",0.25,", ",0.2S,");
    let table = import("runs.csv", &lines.join("\n")).unwrap().table("runs.csv", CONVENTION);
    let prepared = prepare(&table, &["N", "D", "recall"], &Prepare::default()).unwrap();
    assert_eq!((prepared.table.len(), prepared.left_out[0].line), (3, 3));
    assert_eq!(prepared.left_out[0].reason, "the word `0.2S` in column `recall`");
}

#[test]
fn runs_are_filtered_grouped_and_sorted() {
    let runs = some_runs();
    assert_eq!(runs.finished().len(), 2);
    assert_eq!(runs.filter(|run| run.seed > 0).len(), 3);
    let groups = runs.group(|run| run.state.name.word());
    assert_eq!(
        groups.iter().map(|(k, v)| (*k, v.len())).collect::<Vec<_>>(),
        [("diverged", 1), ("finished", 2), ("planned", 1)]
    );
    assert_eq!(runs.sorted(|run| std::cmp::Reverse(run.seed)).iter().map(|r| r.seed).collect::<Vec<_>>(), [3, 2, 1, 0]);
}

/// A run that did not finish has no result; one that says so anyway loses it on the way.
fn without_half_results(mut run: Run) -> Run {
    if run.state.name != StateName::Finished {
        run.result = None;
    }
    run
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        "[ \",.\\n\\r\\t0-9a\\[\\]{}é🙂]{0,8}",
        Just("null".into()),
        Just("1".into()),
        Just("1.0".into())
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-z_]{1,5}", 1 => text(), 1 => prop::sample::select(vec!["loss", "id", "N", "data", "config", "run", "loss_stderr", "seed", "per_set"]).prop_map(str::to_owned)]
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |v| v.is_finite())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(key(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(key(), json_value(), 0..4).prop_map(|map| map.into_iter().collect())
}

prop_compose! {
    fn a_run()(
        config in prop_oneof![9 => object().prop_map(Value::Object), 1 => json_value()],
        (seed, tokens, numerics, step) in (any::<u64>(), prop::option::of(any::<u64>()), any::<u32>(), any::<u64>()),
        words in vec(text(), 8),
        maybe in vec(prop::option::of(text()), 3),
        (loss, stderr, entropy, wall_s) in (finite(), prop::option::of(finite()), prop::option::of(finite()), 0.0..1e9),
        state in prop::sample::select(StateName::ALL.to_vec()),
        (per_set, measures, spikes) in (object(), object(), vec(any::<u64>(), 0..3)),
        [mut other, mut of_data, mut of_result] in [object(), object(), object()],
    ) -> Run {
        let known = serde_json::to_value(finished(1)).unwrap();
        let unknown = |map: &mut Map<String, Value>, known: &Value| {
            map.retain(|key, _| known.get(key).is_none() && !["trunk", "spikes", "bits_per_byte", "finished"].contains(&key.as_str()));
        };
        unknown(&mut other, &known);
        unknown(&mut of_data, &known["data"]);
        unknown(&mut of_result, &known["result"]);
        let [question, family, rung, name, hash, machine, program, created] = <[String; 8]>::try_from(words).unwrap();
        let [reason, trunk, finished] = <[Option<String>; 3]>::try_from(maybe).unwrap();
        let result = Outcome { loss, loss_stderr: stderr, bits_per_byte: None, per_set, measures, spikes, other: of_result };
        let mut run = planned(seed);
        run.state = State { name: state, reason, step };
        run.labels = Labels { question, family, rung };
        (run.trunk, run.config, run.numerics, run.other) = (trunk, config, numerics, other);
        run.data = Trained { name, hash, tokens, entropy, other: of_data };
        run.result = (state == StateName::Finished).then_some(result);
        run.cost = Cost { wall_s, cpu_s: 0.0, peak_bytes: seed, steps: tokens };
        (run.machine, run.program, run.created, run.finished) = (machine, program, created, finished);
        run.id = run.identity();
        run
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn runs_come_back_from_csv(runs in vec(a_run(), 0..5), size in prop::sample::select(Size::ALL.to_vec())) {
        let mut seen = std::collections::BTreeSet::new();
        let runs: Runs = runs.into_iter().filter(|run| seen.insert(run.id.clone())).collect();
        let csv = export(&runs, Convention { size, compute: Compute::Counted });
        prop_assert_eq!(csv.lines().count(), runs.len() + 1);
        let back = import("runs.csv", &csv);
        prop_assert!(back.is_ok(), "{}\n{}", back.unwrap_err(), csv);
        prop_assert_eq!(back.unwrap(), runs);
    }

    #[test]
    fn any_text_is_runs_or_an_error(text in "[a-z0-9,.\"\\n{}]{0,60}", cut in 0_usize..2000, with in "[a-z0-9,.\"\\n{}]{0,3}") {
        let _ = import("x.csv", &text);
        let csv = export(&some_runs(), CONVENTION);
        let cut = cut.min(csv.len());
        let _ = import("x.csv", &format!("{}{with}{}", &csv[..cut], &csv[(cut + 1).min(csv.len())..]));
    }
}
