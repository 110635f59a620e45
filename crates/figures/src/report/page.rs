//! The whole page.

use super::Report;
use super::sheet::{Sheet, short, title};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");
/// Nothing may be loaded, from anywhere; style and script are those that stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";
/// Sections from which on there is a table of contents.
const LONG: usize = 4;

pub(super) fn html(report: &Report) -> String {
    let mut body = Sheet::default();
    contents(&mut body, report);
    body.open("main", &[]);
    head(&mut body, report);
    for (i, section) in report.sections.iter().enumerate() {
        body.open("section", &[("id", &format!("section-{}", i + 1))]);
        body.element("h2", &[], &title(&section.title));
        section.blocks.iter().for_each(|b| b.write(&mut body));
        body.close("section");
    }
    body.close("main");
    let mut page = Sheet::default();
    page.out.push_str("<!DOCTYPE html>\n");
    page.open("html", &[("lang", "en"), ("xmlns", "http://www.w3.org/1999/xhtml")]);
    page.out.push('\n');
    page.open("head", &[]);
    page.out.push('\n');
    page.void("meta", &[("charset", "utf-8")]);
    page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
    page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    page.void("meta", &[("name", "generator"), ("content", &report.made.program)]);
    page.element("title", &[], &title(&report.title));
    // What stands between the marks is for XML no markup; HTML sees comments.
    page.out.push_str("<style>/*<![CDATA[*/\n");
    page.out.push_str(STYLE);
    page.out.push_str("/*]]>*/</style>\n");
    page.close("head");
    page.open("body", &[]);
    page.out.push('\n');
    if !body.glyphs.is_empty() {
        page.out.push_str("<svg class=\"glyphs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n");
        for outline in body.glyphs.values() {
            page.out.push_str(outline);
            page.out.push('\n');
        }
        page.out.push_str("</defs></svg>\n");
    }
    page.out.push_str(&body.out);
    page.out.push_str("<script>//<![CDATA[\n");
    page.out.push_str(SCRIPT);
    page.out.push_str("//]]></script>\n");
    page.close("body");
    page.close("html");
    page.out
}

/// Title, question, and what made the page.
fn head(sheet: &mut Sheet, report: &Report) {
    sheet.open("header", &[]);
    sheet.element("h1", &[], &title(&report.title));
    if let Some(question) = &report.question {
        sheet.open("p", &[("class", "question")]);
        sheet.prose(question);
        sheet.close("p");
    }
    let parts = [Some(report.made.program.as_str()), report.made.date.as_deref()];
    let made: Vec<&str> = parts.into_iter().flatten().filter(|p| !p.is_empty()).collect();
    if !made.is_empty() {
        sheet.element("p", &[("class", "made")], &title(&made.join(" \u{b7} ")));
    }
    sheet.close("header");
}

fn contents(sheet: &mut Sheet, report: &Report) {
    if report.sections.len() < LONG {
        return;
    }
    sheet.open("nav", &[("aria-label", "Contents")]);
    sheet.open("ol", &[]);
    for (i, section) in report.sections.iter().enumerate() {
        sheet.open("li", &[]);
        sheet.open("a", &[("href", &format!("#section-{}", i + 1))]);
        sheet.text(&short(&section.title));
        sheet.out.push_str("</a>");
        sheet.close("li");
    }
    sheet.close("ol");
    sheet.close("nav");
}
