//! The report as a file: sound, alone, safe and small. How it behaves is in `browser.rs`.

mod sample;

use isoloss_figures::report::{Block, Cell, Made, Report, Section, Table};
use isoloss_laws::{
    Comparison, Cuts, Estimate, Fit, Interval, Labels, Of, Options, Points, Ratio, Reached, Severity, Warning,
    catalogue, fit, published, score,
};
use roxmltree::{Document, Node, ParsingOptions};

fn parse(html: &str) -> Document<'_> {
    Document::parse_with_options(html, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn texts(node: Node<'_, '_>) -> String {
    node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect()
}

/// The paragraphs of a section.
fn words(section: &Section) -> Vec<String> {
    let words = section.blocks.iter().filter_map(|block| match block {
        Block::Words(words) => Some(words.clone()),
        _ => None,
    });
    words.collect()
}

fn error(code: &str) -> Warning {
    Warning { severity: Severity::Error, code: code.into(), text: "they do not tell".into(), hint: None }
}

/// Whatever could make a browser ask for something.
fn loads(document: &Document<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for node in document.descendants().filter(Node::is_element) {
        let tag = node.tag_name().name();
        if ["link", "img", "iframe", "object", "embed", "video", "audio", "source", "form", "base", "image"]
            .contains(&tag)
        {
            found.push(tag.to_owned());
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let link = tag == "a" && value.starts_with("https://arxiv.org/abs/");
            if ["src", "href", "srcset", "data", "action"].contains(&name) && !value.starts_with('#') && !link {
                found.push(format!("{tag} {name}={value}"));
            }
            if name.starts_with("on") || (name == "style" && value.contains("url")) {
                found.push(format!("{tag} {name}={value}"));
            }
        }
    }
    found
}

#[test]
fn a_report_stands_alone() {
    let html = sample::report(20, 4).html();
    let document = parse(&html);
    assert_eq!(loads(&document), Vec::<String>::new());
    let count = |tag: &str| document.descendants().filter(|n| n.has_tag_name(tag)).count();
    let html_tag = |tag: &str| document.descendants().filter(|n| n.tag_name().name() == tag).count();
    assert_eq!((html_tag("style"), html_tag("script"), html_tag("h1"), html_tag("figure")), (1, 1, 1, 4));
    assert_eq!(count("nothing"), 0);
    for file in [include_str!("../src/report/report.css"), include_str!("../src/report/report.js")] {
        assert!(!file.contains("url(") && !file.contains("@import") && !file.contains("]]>") && !file.contains("</"));
        assert!(!file.replace("http://www.w3.org/2000/svg", "").contains("http"));
        assert!(!file.contains("innerHTML") && !file.contains("eval"));
    }
}

#[test]
fn every_reference_has_one_aim() {
    let html = sample::report(20, 5).html();
    let document = parse(&html);
    let mut names: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "two elements share a name");
    for node in document.descendants() {
        let clip = node.attribute("clip-path").and_then(|c| c.strip_prefix("url(#")?.strip_suffix(')'));
        let aim = node.attribute("href").and_then(|h| h.strip_prefix('#'));
        for name in clip.into_iter().chain(aim) {
            assert!(names.binary_search(&name).is_ok(), "nothing is called {name}");
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let html = sample::attacked().html();
    let document = parse(&html);
    assert_eq!(loads(&document), Vec::<String>::new());
    let scripts: Vec<_> = document.descendants().filter(|n| n.tag_name().name() == "script").collect();
    let styles: Vec<_> = document.descendants().filter(|n| n.tag_name().name() == "style").collect();
    assert_eq!((scripts.len(), styles.len()), (1, 1));
    assert!(!texts(scripts[0]).contains("hacked") && !texts(styles[0]).contains("hacked"));
    // Control characters, which XML cannot hold, are replaced; all else comes back as it was given.
    let given = sample::hostile().replace(['\0', '\u{7}', '\u{1b}'], "\u{fffd}");
    let question = document.descendants().find(|n| n.attribute("class") == Some("question")).unwrap();
    assert_eq!(texts(question), given);
    assert!(document.descendants().any(|n| n.attribute("data-label") == Some(given.as_str())), "drawn");
    // A tokeniser of HTML meets no tag but ours between the end of the head and the script.
    assert_eq!(html.matches("<script").count(), 1);
    assert_eq!(html.matches("</script").count(), 1);
    assert_eq!(html.matches("</style").count(), 1);
    assert_eq!(html.matches("<img").count(), 0);
}

#[test]
fn fifty_runs_with_eight_figures_stay_below_a_megabyte() {
    let html = sample::report(50, 8).html();
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = sample::report(15, 2);
    assert_eq!(report.html(), report.html());
}

#[test]
fn the_numbers_are_those_of_the_fit() {
    let fit = published("besiroglu-2024").unwrap();
    let html = Report::new("x", Made::default()).section(Section::fit("Law", &fit, None)).html();
    let document = parse(&html);
    let cells: Vec<f64> =
        document.descendants().filter_map(|n| n.attribute("data-v")).filter_map(|v| v.parse().ok()).collect();
    for p in &fit.parameters {
        assert!(cells.contains(&p.estimate.value), "{} is not in the table", p.name);
    }
    // No interval, no silence: the reason stands below.
    assert!(fit.parameters.iter().all(|p| p.estimate.interval.is_none()));
    assert!(texts(document.root()).contains(&fit.parameters[0].estimate.method));
}

#[test]
fn every_warning_is_shown_worst_first() {
    let warning = |severity, code: &str| Warning {
        severity,
        code: code.into(),
        text: format!("text of {code}"),
        hint: Some(format!("hint of {code}")),
    };
    let all =
        vec![warning(Severity::Note, "last"), warning(Severity::Error, "first"), warning(Severity::Warning, "second")];
    let html = Report::new("x", Made::default()).section(Section::new("s").with(Block::Warnings(all))).html();
    let at = |what: &str| html.find(what).unwrap_or_else(|| panic!("{what} is missing"));
    assert!(at("text of first") < at("text of second") && at("text of second") < at("text of last"));
    assert!(html.contains("hint of last"));
}

#[test]
fn nothing_to_say_is_a_page_too() {
    for report in [
        Report::default(),
        Report::new("", Made::default()).section(Section::default()),
        Report::new("x", Made::default())
            .section(Section::runs("Runs", Table::default(), &[]))
            .section(Section::figures("None", [isoloss_figures::Figure::new("")]))
            .section(Section::plans("Plans", []))
            .section(Section::predictions("Predictions", []))
            .section(Section::provenance([], None, [])),
    ] {
        parse(&report.html());
    }
}

/// Small enough to be read whole: every kind of block but drawings.
#[test]
fn a_small_report_is_what_it_was() {
    let estimate = |value: f64, lower: f64, upper: f64| Estimate {
        value,
        interval: Some(Interval { lower, upper, level: 0.95, of: Of::Mean }),
        method: "residual bootstrap".into(),
    };
    let ratio = |loss, ratio, beyond| Ratio {
        loss,
        variant: 1e20,
        baseline: 1.5e20,
        ratio,
        beyond_baseline: beyond,
        beyond_variant: false,
    };
    let comparison = Comparison {
        ratios: vec![
            ratio(2.5, estimate(1.5, 1.41, 1.62), false),
            ratio(
                2.1,
                Estimate { value: 1.7, interval: None, method: "in 40 of 1000 draws there is none".into() },
                true,
            ),
        ],
        reached: Reached { baseline: Some((2.3, 3.2)), variant: Some((2.1, 3.1)) },
        crossing_beyond: 1.0,
        crossing: Some(estimate(3.2e18, 1.1e18, 9.7e18)),
        distinguishable: Some(true),
        changes: true,
        pairing: "draws of the two fits are independent",
        warnings: Vec::new(),
    };
    let fit = published("hoffmann-2022").unwrap();
    let report = Report::new("A small report", Made { program: "isoloss 0.1.0".into(), date: None })
        .question("Is it <b>worth</b> it (arXiv 2510.26692)?")
        .section(Section::fit("The law", &fit, None))
        .section(Section::comparison("MLA and KDA", "mla", "kda", "FLOPs", &comparison))
        .section(Section::notes("Notes", ["one", "two"]))
        .section(Section::provenance(["runs.csv"], Some(&fit), []));
    let html = report.html();
    parse(&html);
    let (head, rest) = html.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, _) = rest.split_once("<script>").unwrap();
    insta::assert_snapshot!("small_report", format!("{head}{body}"));
}

/// Where sizes and tokens grow together one power stands for both: the other has no numbers to show.
#[test]
fn a_ladder_shows_no_numbers_for_what_it_does_not_tell() {
    let n: Vec<f64> = (0..12).map(|i| 1e7 * 1.6f64.powi(i)).collect();
    let noise = |i: usize| 1.0 + 0.002 * ((i * 7919 % 13) as f64 - 6.0) / 6.0;
    let target = n.iter().enumerate().map(|(i, n)| (1.8 + 900.0 * n.powf(-0.35)) * noise(i)).collect();
    let columns = vec![("N".to_owned(), n.clone()), ("D".to_owned(), n.iter().map(|n| 20.0 * n).collect())];
    let points = Points { target, columns, ..Points::default() };
    let options = Options { draws: 40, influence: false, ..Options::default() };
    let fit = fit(&catalogue::law("chinchilla").unwrap(), &points, &options).unwrap();
    assert_eq!(fit.stand_ins(), ["B", "beta"]);
    let section = Section::fit("A ladder", &fit, None);
    let last = words(&section).pop().unwrap();
    assert!(last.contains("N and D grown together as in these runs") && !last.contains("spent"), "{last}");
    let table = section.blocks.iter().find_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    for row in &table.unwrap().rows {
        let Cell::Symbol(name) = &row[0] else { panic!("{row:?}") };
        let said = matches!(&row[1], Cell::Says(why) if why.contains("move together"));
        assert_eq!(said, ["B", "beta"].contains(&name.as_str()), "{row:?}");
    }
}

/// Best sizes come with their intervals, or it is said why they are none to use.
#[test]
fn best_sizes_are_said_as_far_as_the_rows_tell_them() {
    let quick = Options { draws: 40, influence: false, trust: false, ..Options::default() };
    let points = sample::runs(20);
    let sure = fit(&catalogue::law("chinchilla").unwrap(), &points, &quick).unwrap();
    let said = |fit: &Fit| words(&Section::fit("The law", fit, Some(&points))).pop().unwrap();
    let known = said(&sure);
    let (_, sizes) = known.split_once("best spent on N = ").unwrap_or_else(|| panic!("{known}"));
    assert_eq!(sizes.matches('[').count(), 2, "{known}");
    // One in two draws far off: the ends lie more than ten times apart.
    let mut wide = sure.clone();
    wide.draws.iter_mut().step_by(2).for_each(|draw| draw[1] *= 1e3);
    assert!(said(&wide).contains("these rows hardly tell on which N and D to spend it: N = "), "{}", said(&wide));
    let mut refused = sure;
    refused.warnings.push(error("unidentified"));
    let refused = said(&refused);
    assert!(refused.ends_with("cannot be told from a fit with an error.") && !refused.contains("N = "), "{refused}");
}

/// Each family from its own largest run, where the rows are at hand.
#[test]
fn families_have_a_sentence_each() {
    let quick =
        Options { draws: 40, influence: false, trust: false, per_family: vec!["A".into()], ..Options::default() };
    let (one, mut points) = (sample::runs(12), sample::runs(24));
    let twice = |column: &[f64]| [column, column].concat();
    points.target = twice(&one.target);
    points.columns = one.columns.iter().map(|(name, column)| (name.clone(), twice(column))).collect();
    points.family = Some(Labels::new("family", (0..24).map(|row| if row < 12 { "a" } else { "b" })));
    let law = catalogue::law("power-floor").unwrap();
    points.columns.retain(|(name, _)| name == "N");
    points.columns[0].0 = "X".into();
    let fit = fit(&law, &points, &quick).unwrap();
    let all = |points| words(&Section::fit("The law", &fit, points)).split_off(1);
    assert_eq!(all(None), Vec::<String>::new());
    let said = all(Some(&points));
    for (family, words) in ["a", "b"].iter().zip(&said) {
        assert!(words.starts_with(&format!("At ten times the largest X of {family}, ")), "{words}");
    }
    assert_eq!(said.len(), 2);
}

/// A cut that no one would predict by is named, and what the others give.
#[test]
fn cuts_whose_fits_end_with_an_error_are_named() {
    let quick = Options { draws: 0, trust: false, influence: false, ..Options::default() };
    let law = catalogue::law("chinchilla").unwrap();
    let mut scored = score(&law, &sample::runs(20), &quick, None, &Cuts::Rolling(2)).unwrap();
    let html = |scored: &_| Report::new("x", Made::default()).section(Section::score("Back-test", scored)).html();
    assert!(!html(&scored).contains("error of the fit"), "every fit may be used");
    scored.cuts[0].errors.push(error("unidentified"));
    let html = html(&scored);
    let text = texts(parse(&html).root());
    assert!(text.contains("error of the fit") && text.contains("unidentified"), "{text}");
    assert!(text.contains("1 of these fits ends with an error; the other 1 alone predicted to "), "{text}");
    scored.cuts[1].errors.push(error("rises"));
    assert!(words(&Section::score("Back-test", &scored))[0].ends_with("Every fit here ends with an error."));
}
