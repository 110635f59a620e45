//! The report in a real browser, opened from disk: nothing is asked of a network, nothing goes wrong, what should answer
//! answers.

mod sample;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isoloss_figures::report::Report;
use roxmltree::{Document, ParsingOptions};

/// Named by `$CHROMIUM`, or found on the path.
fn chromium() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("CHROMIUM") {
        return Some(given.into());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.iter().flat_map(|n| folders.iter().map(move |f| f.join(n))).find(|p| p.is_file())
}

/// Ends with the test, whatever its outcome.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the browser has of a page after a while, and what it wrote to its console.
fn rendered(browser: &Path, folder: &Path, page: &str) -> (String, Vec<String>) {
    let (file, dom) = (folder.join("page.html"), folder.join("dom.html"));
    fs::write(&file, page).unwrap();
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-extensions",
            "--enable-logging=stderr",
            "--window-size=1200,1000",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(["--virtual-time-budget=8000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&dom).unwrap())
        .stderr(fs::File::create(folder.join("log")).unwrap());
    let mut child = Browser(command.spawn().unwrap_or_else(|e| panic!("{}: {e}", browser.display())));
    let end = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < end, "the browser does not end: {}", log());
        std::thread::sleep(Duration::from_millis(20));
    };
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    assert!(status.success(), "the browser ended with {status}: {log}");
    let console = log.lines().filter(|l| l.contains(":CONSOLE")).map(str::to_owned).collect();
    (fs::read_to_string(&dom).unwrap(), console)
}

/// Runs a script in the page after ours and reads what it found, as lines `name = value`.
fn asked(browser: &Path, report: &Report, script: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let html = report.html();
    let before = format!("<script>//<![CDATA[\n{WATCH}//]]></script>");
    let after = format!("<script>//<![CDATA[\n{script}\n{REPORT}//]]></script></body>");
    let page = html.replacen("<meta charset=\"utf-8\"/>", &format!("<meta charset=\"utf-8\"/>{before}"), 1);
    let page = page.replacen("</body>", &after, 1);
    let (dom, console) = rendered(browser, folder.path(), &page);
    assert_eq!(console, Vec::<String>::new());
    let (_, found) = dom.split_once("<pre id=\"found\">").unwrap_or_else(|| panic!("the script did not end: {dom}"));
    let found = format!("<pre>{}", &found[..found.find("</pre>").unwrap() + 6]);
    let document = Document::parse(&found).unwrap();
    let text = document.root_element().text().unwrap_or_default().to_owned();
    text.lines().filter_map(|l| l.split_once(" = ")).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// Before everything else: whatever goes wrong is kept.
const WATCH: &str = r#"
const wrong = [], found = [];
window.addEventListener("error", (e) => wrong.push("error: " + e.message));
window.addEventListener("unhandledrejection", (e) => wrong.push("rejected: " + e.reason));
document.addEventListener("securitypolicyviolation", (e) => wrong.push("policy: " + e.violatedDirective));
for (const name of ["error", "warn"]) console[name] = (...words) => wrong.push(name + ": " + words.join(" "));
const say = (name, value) => found.push(name + " = " + value);
const at = (element) => { const b = element.getBoundingClientRect(); return { clientX: (b.left + b.right) / 2, clientY: (b.top + b.bottom) / 2, bubbles: true }; };
const seen = (selector, root = document) => Array.from(root.querySelectorAll(selector)).filter((e) => e.getBoundingClientRect().width > 0);
const click = (element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
const key = (element, key) => element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
"#;

/// At last: what was found is written where a dump of the page shows it.
const REPORT: &str = r#"
window.setTimeout(() => {
  say("requests", performance.getEntriesByType("resource").length);
  say("wrong", wrong.join(" | "));
  const pre = document.createElement("pre");
  pre.id = "found";
  pre.textContent = found.join("\n");
  document.body.append(pre);
}, 500);
"#;

const USE: &str = r##"
const drawing = document.querySelector("#figure-1"), tip = document.querySelector("#tip");
say("tip at first", tip.hidden);
const mark = seen(".marks > path", drawing)[7];
mark.dispatchEvent(new PointerEvent("pointermove", at(mark)));
say("tip on a mark", tip.hidden);
say("it says", tip.querySelector("dl").textContent.includes("run-") && tip.textContent.includes("loss"));
const beside = at(mark);
mark.closest("svg").dispatchEvent(new PointerEvent("pointermove", { ...beside, clientX: beside.clientX + 9, clientY: beside.clientY + 4 }));
say("tip beside a mark", tip.hidden);
mark.closest("svg").dispatchEvent(new PointerEvent("pointerleave", {}));
say("tip after leaving", tip.hidden);

const stop = drawing.querySelector(".marks > path[tabindex='0']");
stop.focus();
say("tip by focus", tip.hidden);
key(stop, "ArrowRight");
say("focus moved on", document.activeElement !== stop && document.activeElement.matches(".marks > path") && !tip.hidden);
key(document.activeElement, "Escape");
say("tip after escape", tip.hidden);
document.activeElement.blur();

const entry = seen(".entry", drawing)[1], name = entry.getAttribute("aria-label");
const count = () => ["marks", "line", "band", "intervals", "label"].map((c) => seen(".panel ." + c, drawing).length).join(" ");
say("entries", seen(".entry", drawing).length);
say("all", count());
click(entry);
say("without one", count() + " " + entry.getAttribute("aria-pressed"));
const paint = entry.querySelector("[stroke]").getAttribute("stroke");
say("its colour", /^#/.test(paint) && seen(`.panel [fill="${paint}"], .panel [stroke="${paint}"]`, drawing).length);
say("the right one", seen(".panel [data-series]", drawing).every((e) => e.dataset.series !== name));

const papers = Array.from(drawing.querySelectorAll(".paper")), scale = drawing.querySelector(".scale");
const state = () => papers.map((p) => (p.getBoundingClientRect().height > 0 ? "shown" : "hidden")).join(" ") + ", " + scale.textContent;
say("scale before", state());
click(scale);
say("scale after", state());
say("still without one", count());
const other = seen(".marks > path", papers[1])[3];
other.dispatchEvent(new PointerEvent("pointermove", at(other)));
say("tip on other scales", tip.hidden);
click(scale);
say("scale again", state());
key(entry, "Enter");
say("all again", count() + " " + entry.getAttribute("aria-pressed"));

const table = document.querySelector(".window table"), title = table.querySelectorAll("th button")[3];
const column = () => Array.from(table.tBodies[0].rows).map((r) => Number(r.cells[3].dataset.v));
const sorted = (sign) => column().every((v, i, all) => !i || sign * (all[i - 1] - v) <= 0);
click(title);
say("sorted up", sorted(1) + " " + title.parentElement.getAttribute("aria-sort"));
click(title);
say("sorted down", sorted(-1) + " " + title.parentElement.getAttribute("aria-sort"));

let copied = "";
try { Object.defineProperty(navigator, "clipboard", { value: { writeText: async (t) => { copied = t; } } }); } catch (e) { say("clipboard", e); }
click(drawing.querySelector(".copy"));
window.setTimeout(() => {
  say("copied", copied.startsWith("panel,title,layer,kind") && copied === drawing.querySelector(".data pre").textContent);
  say("said", drawing.querySelector("output").textContent);
  Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined, configurable: true });
}, 100);
"##;

fn value<'a>(found: &'a [(String, String)], name: &str) -> &'a str {
    let of = found.iter().find(|(n, _)| n == name);
    of.map(|(_, v)| v.as_str()).unwrap_or_else(|| panic!("nothing was found of `{name}`: {found:?}"))
}

#[test]
fn a_report_in_a_browser() {
    let Some(browser) = chromium() else {
        // Past the harness, which shows nothing of a test that passes.
        writeln!(std::io::stderr(), "SKIPPED: no chromium").unwrap();
        return;
    };
    answers(&browser);
    hostile_text_does_nothing(&browser);
    without_a_script(&browser);
}

fn answers(browser: &Path) {
    let found = asked(browser, &sample::report(20, 2), USE);
    let expected = [
        ("wrong", ""),
        ("requests", "0"),
        ("tip at first", "true"),
        ("tip on a mark", "false"),
        ("it says", "true"),
        ("tip beside a mark", "false"),
        ("tip after leaving", "true"),
        ("tip by focus", "false"),
        ("focus moved on", "true"),
        ("tip after escape", "true"),
        ("entries", "5"),
        ("all", "5 5 5 5 10"),
        ("without one", "4 4 4 4 8 false"),
        ("its colour", "0"),
        ("the right one", "true"),
        ("scale before", "shown hidden, Linear y axis"),
        ("scale after", "hidden shown, Scales as printed"),
        ("still without one", "4 4 4 4 8"),
        ("tip on other scales", "false"),
        ("scale again", "shown hidden, Linear y axis"),
        ("all again", "5 5 5 5 10 true"),
        ("sorted up", "true ascending"),
        ("sorted down", "true descending"),
        ("copied", "true"),
        ("said", "Copied."),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&found, name), expected, "{name}: {found:?}");
    }
}

/// Names that are scripts, tags or four kilobytes long are words, to be seen and hidden like any other.
fn hostile_text_does_nothing(browser: &Path) {
    let script = r##"
        click(document.querySelector(".entry"));
        const mark = document.querySelector("[data-label]");
        mark.dispatchEvent(new PointerEvent("pointermove", at(mark)));
        const tip = document.querySelector("#tip");
        say("tip", tip.textContent.includes("<script>") && tip.getBoundingClientRect().bottom <= window.innerHeight);
        say("hacked", typeof hacked);
        say("images", document.querySelectorAll("img").length);
        say("wide", document.documentElement.scrollWidth > window.innerWidth + 1);
    "##;
    let found = asked(browser, &sample::attacked(), script);
    for (name, expected) in
        [("wrong", ""), ("requests", "0"), ("tip", "true"), ("hacked", "undefined"), ("images", "0"), ("wide", "false")]
    {
        assert_eq!(value(&found, name), expected, "{name}");
    }
}

/// All that is read stands there, and nothing waits to be pressed.
fn without_a_script(browser: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let html = sample::report(20, 2).html();
    // A browser whose scripts are off dumps nothing: the page's own policy turns them off.
    let barred = html.replacen("script-src 'unsafe-inline'", "script-src 'none'", 1);
    assert_ne!(barred, html);
    let (dom, console) = rendered(browser, folder.path(), &barred);
    // Its complaint shows that complaints are heard.
    assert!(console.iter().any(|l| l.contains("Content Security Policy")), "{console:?}");
    assert_eq!(dom.matches("<button").count(), 0);
    let given = Document::parse_with_options(&html, ParsingOptions { allow_dtd: true, ..Default::default() }).unwrap();
    let drawings = given.descendants().filter(|n| n.has_attribute("viewBox")).count();
    assert_eq!(dom.matches("viewBox=").count(), drawings);
    assert!(dom.contains("<pre tabindex=\"0\">panel,title"));
}
