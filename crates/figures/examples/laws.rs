//! Draws every figure of laws from a table into a folder:
//! `cargo run --example laws -- FOLDER TABLE.csv [N=COLUMN] [D=..] [L=..] [X=..] [family=..] [name=..] [law=NAME] [only=FIGURE]`.
//!
//! A column may be divided or multiplied by a number (`N=size*1e6`); `D=C/6N` takes tokens from compute.

use std::path::Path;

use isoloss_figures::catalogue::{ALL, Material, Needs, Runs};
use isoloss_figures::{Figure, Render, Theme, Width};
use isoloss_formula::{Column, Table};
use isoloss_laws::{Labels, Options, Points, catalogue};

/// Headers and rows of a CSV file.
type Sheet = (Vec<String>, Vec<Vec<String>>);

fn read(file: &str) -> Result<Sheet, Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_path(file)?;
    let headers = reader.headers()?.iter().map(str::to_owned).collect();
    let rows =
        reader.records().map(|r| Ok(r?.iter().map(str::to_owned).collect())).collect::<Result<_, csv::Error>>()?;
    Ok((headers, rows))
}

fn text((headers, rows): &Sheet, name: &str) -> Option<Vec<String>> {
    let at = headers.iter().position(|h| h == name)?;
    Some(rows.iter().map(|r| r[at].clone()).collect())
}

fn numbers(sheet: &Sheet, name: &str) -> Option<Vec<f64>> {
    let (name, factor) = name.split_once('*').map_or((name, 1.0), |(n, f)| (n, f.parse().unwrap_or(1.0)));
    Some(text(sheet, name)?.iter().map(|t| t.parse::<f64>().unwrap_or(f64::NAN) * factor).collect())
}

fn save(folder: &Path, name: &str, figure: &Figure) -> Result<(), Box<dyn std::error::Error>> {
    for (size, width) in [("single", Width::Single), ("double", Width::Double)] {
        for (shade, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
            let drawing = figure.clone().width(width).draw(&Render { theme, ..Render::default() });
            let file = folder.join(format!("{name}-{size}-{shade}.png"));
            std::fs::write(file, drawing.png(if size == "single" { 230.0 } else { 150.0 })?)?;
            if theme == Theme::Light {
                drawing.notes.iter().for_each(|note| println!("  note, {size}: {note}"));
                println!("  {size}: svg {} KB", drawing.svg.len() / 1024);
            }
        }
    }
    println!("  alt: {}\n  caption: {}", figure.alt, figure.caption);
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, file, given @ ..] = arguments.as_slice() else { return Err("expected FOLDER TABLE".into()) };
    let option = |name: &str| given.iter().find_map(|g| g.strip_prefix(&format!("{name}="))).map(str::to_owned);
    let sheet = read(file)?;
    let law = catalogue::law(&option("law").unwrap_or("chinchilla".into())).ok_or("no such law")?;
    let column = |name: &str| match option(name) {
        Some(from) if from == "C/6N" => {
            let (c, n) = (numbers(&sheet, &option("C")?)?, numbers(&sheet, &option("N")?)?);
            Some(c.iter().zip(n).map(|(c, n)| c / (6.0 * n)).collect())
        }
        Some(from) => numbers(&sheet, &from),
        None => numbers(&sheet, name),
    };
    let labels = |name: &str| option(name).and_then(|from| text(&sheet, &from));
    let target = column(&option("target").unwrap_or(law.formula.target.clone()));
    let mut keep: Vec<usize> = (0..sheet.1.len()).collect();
    if let Some((name, wanted)) = option("where").as_deref().and_then(|w| w.split_once(':')) {
        let all = text(&sheet, name).ok_or("no such column")?;
        keep.retain(|r| all[*r] == wanted);
    }
    let pick = |c: Vec<f64>| keep.iter().map(|r| c[*r]).collect::<Vec<f64>>();
    let runs = target.and_then(|target| {
        let inputs: Option<Vec<(String, Vec<f64>)>> =
            law.inputs().map(|i| Some((i.to_owned(), pick(column(i)?)))).collect();
        let family = labels("family").map(|f| Labels::new("family", keep.iter().map(|r| f[*r].clone())));
        let mut points = Points { target: pick(target), columns: inputs?, family, ..Points::default() };
        points.lines = keep.iter().map(|r| *r as u64 + 2).collect();
        let name = labels("name");
        let names = keep.iter().map(|r| name.as_ref().map_or(format!("line {}", r + 2), |n| n[*r].clone())).collect();
        let source = Path::new(file).file_name().map_or(String::new(), |f| f.to_string_lossy().into_owned());
        let per_family = option("per").map_or(Vec::new(), |p| p.split(',').map(str::to_owned).collect());
        let options = Options { threads: 2, per_family, ..Options::default() };
        Some(Runs { source, law: law.clone(), points, names, options, fit: None })
    });
    let mut table = Vec::new();
    for (name, from) in
        [("run", option("run")), ("step", option("step")), ("loss", option("loss")), ("params", option("params"))]
    {
        if let Some(from) = from {
            table.push(match name {
                "run" => {
                    let parts: Vec<Vec<String>> = from.split('+').filter_map(|p| text(&sheet, p)).collect();
                    let joined =
                        (0..sheet.1.len()).map(|r| parts.iter().map(|p| p[r].clone()).collect::<Vec<_>>().join(" "));
                    Column::words(name, joined.collect())
                }
                _ => Column::numbers(name, numbers(&sheet, &from).ok_or("no such column")?),
            });
        }
    }
    let table = (!table.is_empty()).then(|| Table::new(file.clone(), table, (2..sheet.1.len() as u64 + 2).collect()));
    let material = Material { runs, table, baseline: option("baseline"), ..Material::default() };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    for entry in ALL {
        if option("only").is_some_and(|o| !o.split(',').any(|n| n == entry.name)) {
            continue;
        }
        let tabular = entry.needs.iter().all(|n| matches!(n, Needs::Store | Needs::Table(_)));
        if (tabular && material.table.is_none()) || (!tabular && material.runs.is_none()) {
            continue;
        }
        println!("{}", entry.name);
        match (entry.draw)(&material) {
            Ok(figure) => save(folder, entry.name, &figure)?,
            Err(missing) => println!("  {missing}"),
        }
        if let (Some(published), Some(_)) = (entry.published, option("published")) {
            save(folder, &format!("{}-published", entry.name), &published())?;
        }
    }
    Ok(())
}
