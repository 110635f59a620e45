//! Which rows may enter a fit, and the reason for every other.

use isoloss_runs::{Prepare, Prepared, ReadError, guess, prepare, read_bytes};

fn prepared(text: &str, needed: &[&str], options: &Prepare) -> Result<Prepared, ReadError> {
    prepare(&read_bytes("runs.csv", text.as_bytes().to_vec()).unwrap().table, needed, options)
}

fn reasons(p: &Prepared) -> Vec<String> {
    p.left_out.iter().map(|o| format!("{} {}: {}", o.line, o.name.as_deref().unwrap_or("-"), o.reason)).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn map(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

#[test]
fn every_row_left_out_has_its_reason() {
    let text = "name,state,N,val loss\na,finished,1,3\nb,failed,2,3\nc,finished,3,NaN\nd,finished,4,\ne,finished,5,oops\n\
                f,finished,6,9\ng,finished,7,2\nh,finished,8,2\ni,finished,,2\n";
    let options = Prepare {
        map: map(&[("L", "val loss")]),
        where_: vec!["N < 8".into()],
        drop_highest: Some(1),
        ..Prepare::default()
    };
    let p = prepared(text, &["N", "L"], &options).unwrap();
    assert_eq!(p.table.column("N").unwrap().as_numbers().unwrap().values, [1.0, 7.0]);
    let expected = [
        "3 b: state = failed (--all-states keeps it)",
        "4 c: `NaN` in column `val loss`",
        "5 d: blank in column `val loss`",
        "6 e: the word `oops` in column `val loss`",
        "7 f: one of the 1 highest losses (number 1, 9)",
        "9 h: --where \"N < 8\" is false",
        "10 i: --where \"N < 8\" is unknown: a cell it asks for holds no number",
    ];
    assert_eq!(reasons(&p), expected);
    assert_eq!(p.says, ["L = val loss"]);
}

#[test]
fn one_row_per_run() {
    let text = "run,step,L\na,20,2.5\na,10,3\na,30,\nb,10,2\nb,20,2.25\nb,30,NaN\nc,1,4\n";
    let last = Prepare { last_of: some("run"), ..Prepare::default() };
    let p = prepared(text, &["L"], &last).unwrap();
    // A run that ends in NaN has diverged; one whose last row has no loss has not.
    let expected = [
        "3 a: not the last of run `a` (line 2 is)",
        "4 a: blank in column `L`",
        "5 b: not the last of run `b` (line 7 is)",
        "6 b: not the last of run `b` (line 7 is)",
        "7 b: `NaN` in column `L`",
    ];
    assert_eq!(reasons(&p), expected);
    let min = Prepare { min_of: some("run"), ..Prepare::default() };
    let p = prepared(text, &["L"], &min).unwrap();
    assert_eq!(p.table.column("L").unwrap().as_numbers().unwrap().values, [2.5, 2.0, 4.0]);
    let p = prepared("run,L\na,3\na,2\nb,1\n", &["L"], &last).unwrap();
    assert_eq!(reasons(&p), ["2 a: not the last of run `a` (line 3 is)"]);
}

#[test]
fn the_missing_third_is_derived_and_said() {
    let p = prepared("N,C,L\n2,36,1\n", &["N", "D", "L"], &Prepare::default()).unwrap();
    let d = p.table.column("D").unwrap();
    assert_eq!((d.text(0).as_str(), d.convention.as_deref()), ("3", Some("C = 6ND")));
    assert_eq!(p.says, ["no column D: D = C/(6*N), the convention C = 6ND"]);
}

#[test]
fn columns_that_cannot_be_fitted_are_refused() {
    let text = "N,family,L\n1,mla,\"2,31\"\n2,kda,\"2,25\"\n";
    let error = prepared(text, &["N", "family"], &Prepare::default()).unwrap_err();
    assert_eq!((error.line, error.column), (Some(2), Some(2)));
    assert!(error.message.contains("the word `mla`"), "{error}");
    let error = prepared(text, &["N", "L"], &Prepare::default()).unwrap_err();
    assert!(error.to_string().contains("hint: decimal comma?"), "{error}");
    let error = prepared(text, &["D"], &Prepare::default()).unwrap_err();
    assert!(error.to_string().contains("there is no column `D`"), "{error}");
    let error = prepared("N,L\n1,NaN\n2,NaN\n3,1\n", &["L"], &Prepare::default()).unwrap_err();
    assert!(error.message.contains("no number in 2 of 3 rows"), "{error}");
    let options = Prepare { where_: vec!["N > 5".into()], ..Prepare::default() };
    assert!(prepared(text, &["N"], &options).unwrap_err().message.contains("no row is left"));
    let options = Prepare { where_: vec!["N >".into()], ..Prepare::default() };
    assert!(prepared(text, &["N"], &options).unwrap_err().to_string().starts_with("--where \"N >\": "));
    let options = Prepare { drop_highest: Some(2), ..Prepare::default() };
    assert!(prepared("N,L\n1,2\n2,1\n", &["L"], &options).unwrap_err().hint.is_some());
}

#[test]
fn groups_weights_and_errors_are_checked_too() {
    let text = "N,L,family,w,se\n1,2,mla,1,.1\n2,2,,1,.1\n3,2,kda,,.1\n4,2,kda,1,x\n5,2,kda,1,.1\n";
    let options = Prepare { group: some("family"), weight: some("w"), se: some("se"), ..Prepare::default() };
    let p = prepared(text, &["N", "L"], &options).unwrap();
    let expected = ["3 -: blank in column `family`", "4 -: blank in column `w`", "5 -: the word `x` in column `se`"];
    assert_eq!(reasons(&p), expected);
    let options = Prepare { loss: some("l"), ..Prepare::default() };
    let error = prepared(text, &["N", "L"], &options).unwrap_err();
    assert!(error.message.contains("`l`"), "{error}");
}

#[test]
fn a_person_may_know_better_what_states_mean() {
    let text = "state,N,L\nfinished,1,3\nfailed,2,2.5\nkilled,3,2\n";
    let p = prepared(text, &["N", "L"], &Prepare { keep_states: true, ..Prepare::default() }).unwrap();
    assert_eq!((p.table.len(), p.left_out.len()), (3, 0));
    assert_eq!(p.says, ["--all-states: 2 runs that did not finish by column `state` stay in"]);
    let text = "state,N,L\nfailed,1,3\n";
    let error = prepared(text, &["N", "L"], &Prepare::default()).unwrap_err().to_string();
    assert!(error.contains("state = failed (--all-states keeps it)"), "{error}");
    assert!(error.ends_with("hint: --all-states, loosen --where, or map another column"), "{error}");
}

#[test]
fn runs_without_a_loss_are_said_to_have_died() {
    let text = "N,val_loss\n1,NaN\n2,\n3,NaN\n4,2\n5,2.5\n";
    let options = Prepare { map: map(&[("L", "val_loss")]), ..Prepare::default() };
    let error = prepared(text, &["L", "N"], &options).unwrap_err();
    let expected = "runs.csv:2:2: column `val_loss` holds no number in 3 of 5 rows: `NaN` in column `val_loss`; runs \
                    without a loss probably diverged or crashed, 2 rows remain\n\
                    hint: to fit what remains: --where \"L > 0\"; if another column is meant: --map \"L=...\"";
    assert_eq!(error.to_string(), expected);
    // The hint works.
    let hinted = Prepare { where_: vec!["L > 0".into()], ..options.clone() };
    assert_eq!(prepared(text, &["L", "N"], &hinted).unwrap().table.len(), 2);
    let p = prepared("N,val_loss\n1,NaN\n2,3\n4,2\n5,2.5\n", &["L", "N"], &options).unwrap();
    let expected = "1 of 4 rows hold no loss in column `val_loss`: runs without a loss probably diverged or crashed; \
                    3 rows remain";
    assert_eq!(p.says[1], expected);
    let words = prepared("N,val_loss\n1,diverged\n2,nan\n4,2\n", &["L", "N"], &options).unwrap_err();
    assert!(words.message.ends_with("probably diverged or crashed, 1 row remains"), "{words}");
    let none = prepared("N,val_loss\n1,nan\n2,nan\n", &["L", "N"], &options).unwrap_err();
    assert!(none.to_string().ends_with("none remains\nhint: is another column meant? --map \"L=...\""), "{none}");
    let size = prepared("N,L\nNaN,1\nNaN,2\n3,3\n", &["L", "N"], &Prepare::default()).unwrap_err();
    assert!(!size.message.contains("diverged"), "{size}");
}

#[test]
fn an_unknown_column_is_answered_in_the_words_of_its_option() {
    let text = "N,val_loss,family,seed\n1,2,a,1\n";
    let loss = Prepare { loss: some("valloss"), ..Prepare::default() };
    let group = Prepare { group: some("familly"), ..Prepare::default() };
    let cluster = Prepare { cluster: some("trunk"), ..Prepare::default() };
    let weight = Prepare { weight: some("seeds"), ..Prepare::default() };
    let se = Prepare { se: some("foo"), ..Prepare::default() };
    let min_of = Prepare { min_of: some("famly"), ..Prepare::default() };
    let last_of = Prepare { last_of: some("run"), ..Prepare::default() };
    let columns = "takes one of the columns `N`, `val_loss`, `family`, `seed`";
    for (options, name, hint) in [
        (loss, "--loss valloss", "did you mean --loss val_loss?".to_owned()),
        (group, "--group familly", "did you mean --group family?".into()),
        (cluster, "--cluster trunk", format!("--cluster {columns}")),
        (weight, "--weight seeds", "did you mean --weight seed?".into()),
        (se, "--se foo", format!("--se {columns}")),
        (min_of, "--min-of famly", "did you mean --min-of family?".into()),
        (last_of, "--last-of run", format!("--last-of {columns}")),
    ] {
        let error = prepared(text, &["N"], &options).unwrap_err().to_string();
        let column = name.split(' ').next_back().unwrap();
        assert_eq!(error, format!("runs.csv: {name}: there is no column `{column}`\nhint: {hint}"));
    }
}

#[test]
fn counts_with_suffixes_are_read_or_refused_with_the_way_out() {
    let options = Prepare { map: map(&[("N", "scale")]), ..Prepare::default() };
    let p = prepared("scale,L\n10m,3\n0.05bn,2\n", &["N", "L"], &options).unwrap();
    assert_eq!(p.table.column("N").unwrap().as_numbers().unwrap().values, [1e7, 5e7]);
    assert!(p.says.contains(&"column `N`: suffixes multiply, `10m` is read as 1e7".to_owned()), "{:?}", p.says);
    let error = prepared("N,L\n10m,3\ntiny,2\n", &["N", "L"], &Prepare::default()).unwrap_err();
    let hint = "`10m` would be read as 1e7 if every cell of the column were such a number; `tiny` in line 3 is none";
    assert_eq!((error.line, error.hint.as_deref()), (Some(2), Some(hint)));
}

#[test]
fn pooled_kinds_of_runs_are_said_of_the_rows_that_are_kept() {
    let text = "dataset,N,D,L\nc4,1,1,3\nc4,2,2,2\nc4,3,3,1\npile,1,1,3\npile,2,2,2\npile,3,3,9\n";
    let p = prepared(text, &["L", "N", "D"], &Prepare::default()).unwrap();
    let expected = "the rows pool 2 values of column `dataset`: `c4`, `pile`; \
                    --per dataset E,A,B fits them apart";
    assert_eq!(p.says, [expected]);
    let options = Prepare { drop_highest: Some(1), ..Prepare::default() };
    assert!(prepared(text, &["L", "N", "D"], &options).unwrap().says.is_empty());
}

#[test]
fn guesses_become_maps() {
    let table = read_bytes("x.csv", b"Model Size,Training FLOP,loss\n2,36,3\n4,48,2\n".to_vec()).unwrap().table;
    let options = Prepare { map: guess(&table).maps(), ..Prepare::default() };
    let p = prepare(&table, &["N", "D", "L"], &options).unwrap();
    assert_eq!(p.table.column("D").unwrap().as_numbers().unwrap().values, [3.0, 2.0]);
}

#[test]
fn a_chart_export_is_refused() {
    let text = "Step,a - loss,a - loss__MIN,a - loss__MAX\n0,1,1,1\n";
    let error = prepared(text, &["L"], &Prepare::default()).unwrap_err();
    assert!(error.to_string().contains("curves and no sizes") && error.hint.unwrap().contains("runs table"));
}
