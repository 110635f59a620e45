//! The report as a file: sound, alone, safe and small. How it behaves is in `browser.rs`.

mod sample;

use isoloss_figures::report::{Block, Cell, Made, Report, Section, Table};
use isoloss_laws::{
    Comparison, Estimate, Interval, Of, Options, Points, Ratio, Reached, Severity, Warning, catalogue, fit, published,
};
use roxmltree::{Document, Node, ParsingOptions};

fn parse(html: &str) -> Document<'_> {
    Document::parse_with_options(html, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn texts(node: Node<'_, '_>) -> String {
    node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect()
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
    let html = Report::new("x", Made::default()).section(Section::fit("Law", &fit)).html();
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
        .section(Section::fit("The law", &fit))
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
    let section = Section::fit("A ladder", &fit);
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
