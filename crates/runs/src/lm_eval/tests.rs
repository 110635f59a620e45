//! Files as the harness writes them, and as they are spoiled.

use isoloss_formula::Table;

use super::*;
use crate::Note;

fn file(model: &str, date: f64, results: &str, more: &str) -> String {
    format!(
        "{{\"results\": {{{results}}}, \"versions\": {{}}, \"config\": {{\"model\": \"hf\", \
         \"model_num_parameters\": 124439808}}, \"model_name\": \"{model}\", \"date\": {date}{more}}}"
    )
}

fn tabled(files: &[(&str, String)]) -> (Table, Vec<Note>) {
    let mut notes = Vec::new();
    let all = files.iter().map(|(name, text)| read(name, text).unwrap()).collect();
    (table("evals", all, &mut notes).unwrap(), notes)
}

fn cell(table: &Table, name: &str, row: usize) -> f64 {
    table.column(name).unwrap_or_else(|| panic!("{name}")).as_numbers().unwrap().values[row]
}

#[test]
fn one_metric_of_a_task_is_its_score() {
    let results = "\"a\": {\"alias\": \"a\", \"sample_len\": 20, \"acc,none\": 0.4, \"acc_stderr,none\": 0.11, \
                   \"acc_norm,none\": 0.5, \"acc_norm_stderr,none\": 0.12}, \
                   \"g\": {\"exact_match,strict-match\": 0.3, \"exact_match_stderr,strict-match\": \"N/A\", \
                   \"exact_match,flexible-extract\": 0.9}, \"old\": {\"acc\": 0.25, \"acc_stderr\": 0.01}, \
                   \"w\": {\"word_perplexity,none\": 20.5}, \"failed\": {\"alias\": \"failed\", \"acc,none\": NaN}";
    let text = file("gpt2", 1.0, results, ", \"higher_is_better\": {\"w\": {\"word_perplexity\": false}}");
    assert!(is_one(&text));
    let (table, notes) = tabled(&[("r.json", text)]);
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["model", "params", "a", "a_stderr", "g", "g_stderr", "old", "old_stderr", "w", "w_stderr"]);
    assert_eq!(
        ["params", "a", "a_stderr", "g", "old"].map(|n| cell(&table, n, 0)),
        [124439808.0, 0.5, 0.12, 0.3, 0.25]
    );
    assert_eq!(table.column("g_stderr").unwrap().text(0), "");
    assert!(notes.iter().any(|n| n.code == "lower-is-better" && n.text.contains("`w`")), "{notes:?}");
    assert!(
        notes.iter().any(|n| n.code == "metric" && n.text.contains("exact_match,strict-match of `g`")),
        "{notes:?}"
    );
}

#[test]
fn a_group_is_not_counted_with_its_tasks() {
    let results = "\"mmlu\": {\"acc,none\": 0.5}, \"mmlu_stem\": {\"acc,none\": 0.4}, \"mmlu_law\": {\"acc,none\": 0.6}, \
                   \"pile\": {\"alias\": \"pile\"}, \"pile_arxiv\": {\"acc,none\": 0.1}, \"arc\": {\"acc,none\": 0.3}";
    let groups = ", \"group_subtasks\": {\"mmlu\": [\"mmlu_stem\"], \"mmlu_stem\": [\"mmlu_law\", \"mmlu\"], \
                  \"pile\": [\"pile_arxiv\"], \"arc\": []}";
    let (table, notes) = tabled(&[("r.json", file("m", 1.0, results, groups))]);
    let tasks: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).filter(|n| !n.ends_with("stderr")).collect();
    // A circle of groups has none on top: what is below another is left out, and the rest stays.
    assert!(tasks.contains(&"arc") && tasks.contains(&"pile_arxiv") && !tasks.contains(&"mmlu_law"), "{tasks:?}");
    assert!(!tasks.contains(&"pile"), "{tasks:?}");
    let said = |notes: &[Note]| notes.iter().find(|n| n.code == "circle").map(|n| n.text.clone());
    assert_eq!(
        said(&notes).as_deref(),
        Some("groups go in a circle (`mmlu`, `mmlu_stem`): they and their tasks are left out")
    );
    let plain = groups.replace(", \"mmlu\"]", "]");
    let (table, notes) = tabled(&[("r.json", file("m", 1.0, results, &plain))]);
    assert_eq!(said(&notes), None);
    assert!(table.column("mmlu").is_some() && table.column("mmlu_stem").is_none());
    assert!(notes.iter().all(|n| n.code != "limit"));
    let only = ", \"group_subtasks\": {\"a\": [\"b\"], \"b\": [\"a\"]}";
    let both = "\"a\": {\"acc,none\": 0.4}, \"b\": {\"acc,none\": 0.5}";
    let error = read("r.json", &file("m", 1.0, both, only)).unwrap_err();
    assert!(error.message.contains("groups go in a circle (`a`, `b`)") && error.hint.is_some(), "{error}");
}

#[test]
fn files_of_one_model_are_one_row() {
    let with = |score: f64, shots: u8| {
        (format!("\"a\": {{\"acc,none\": {score}}}"), format!(", \"n-shot\": {{\"a\": {shots}}}"))
    };
    let (old, few) = with(0.3, 0);
    let (new, many) = with(0.4, 5);
    let other = "\"b\": {\"acc,none\": 0.7}";
    let (table, notes) = tabled(&[
        ("new.json", file("m", 2.0, &new, &few)),
        ("old.json", file("m", 1.0, &old, &few)),
        ("more.json", file("m", 1.5, other, "")),
        ("z.json", file("z", 0.0, &old, &many)),
    ]);
    assert_eq!(table.len(), 2);
    assert_eq!((cell(&table, "a", 0), cell(&table, "b", 0), cell(&table, "a", 1)), (0.4, 0.7, 0.3));
    assert!(cell(&table, "b", 1).is_nan(), "a task that was not evaluated is blank");
    let said = |code: &str| notes.iter().find(|n| n.code == code).map(|n| n.text.as_str()).unwrap_or_default();
    assert!(said("evaluated-twice").contains("0.4 of new.json counts"), "{notes:?}");
    let again = "\"a\": {\"acc,none\": 0.3}, \"a\": {\"acc,none\": 0.9}";
    let limited = |results: &str| file("m", 1.0, results, "").replace("\"config\": {", "\"config\": {\"limit\": 20, ");
    let (table, twice) = tabled(&[("r.json", limited(again)), ("s.json", limited(&new))]);
    assert_eq!(cell(&table, "a", 0), 0.4);
    let all: Vec<&str> = twice.iter().filter(|n| n.code == "evaluated-twice").map(|n| n.text.as_str()).collect();
    assert_eq!(
        all,
        [
            "`m` has `a` twice: 0.9 of r.json counts, which stands last there, in the place of 0.3",
            "`m` has `a` twice: 0.4 of s.json counts, the last file by its name, in the place of 0.9",
        ]
    );
    let limits = twice.iter().find(|n| n.code == "limit").map(|n| n.text.as_str());
    assert!(limits.is_some_and(|text| text.starts_with("`m`: --limit")), "{twice:?}");
    assert!(
        said("evaluated-otherwise").contains("several numbers of shots (`0`, `5`)")
            || said("evaluated-otherwise").contains("(0, 5)"),
        "{notes:?}"
    );
}

#[test]
fn what_is_spoiled_is_refused_with_its_place() {
    let whole = file("m", 1.0, "\"a\": {\"acc,none\": 0.4}", "");
    for end in 0..whole.len() {
        assert!(read("r.json", &whole[..end]).is_err());
    }
    let say = |text: &str| read("r.json", text).unwrap_err().to_string();
    assert!(say(&whole.replace("\"model_name\": \"m\"", "\"model_name\": \"\"")).contains("no model is named"));
    assert!(say(&file("m", 1.0, "\"a\": {\"alias\": \"a\"}", "")).contains("no task has a score"));
    assert!(say("{\"results\": [],\n\"versions\": {}}").starts_with("r.json:1:"));
    let clash = read("r.json", &file("m", 1.0, "\"params\": {\"acc,none\": 0.4}", "")).unwrap();
    assert!(table("x", vec![clash], &mut Vec::new()).unwrap_err().to_string().contains("`params`"));
    let named = whole
        .replace(", \"model_name\": \"m\"", "")
        .replace("\"model\": \"hf\"", "\"model_args\": \"dtype=x,pretrained=org/m\"");
    assert_eq!(read("r.json", &named).unwrap().model, "org/m");
    assert!(!is_one("{\"results\": {\"a\": {\"loss\": 2.5}}, \"config\": {\"lr\": 0.1}}"), "a run of somebody");
    assert!(!is_one("{\"results\": 3}") && !is_one("{\"N\": 1}") && !is_one("{\"results\": {\"a\": {}}}"));
}
