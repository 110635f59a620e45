//! What drawing an SVG would cost, before anything is drawn: a few lines can name each other until no machine suffices.

use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node};

/// Elements and texts of a file.
pub(super) const MOST_NODES: u32 = 100_000;

/// Elements one inside of the other, references among them.
const DEEPEST: usize = 64;

/// Elements to be drawn, references followed; of long paths, as many as they have 32 bytes.
const MOST_ELEMENTS: u64 = 10_000;

/// Rules of style sheets are tried on every element: bytes of the one times the number of the other.
const MOST_RULES: u64 = 100_000_000;

/// Numbers beyond this are no place in a drawing.
pub(super) const LARGEST: f64 = 1e6;

pub(super) const TOO_DEEP: &str = "an SVG that is nested too deeply";
/// What curves would be made of numbers that fit into no drawing.
pub(super) const IMPOSSIBLE: &str = "an SVG of impossible numbers";
const TOO_MANY: &str = "an SVG of too many elements";
/// What can take any time and memory, whatever the size of the picture.
pub(super) const COSTLY: &str = "an SVG with filters, patterns or markers";

/// Is the text nested so little that a parser which calls itself can be let near it?
///
/// It follows tags, quotes and comments as an XML parser does; where it cannot, such a parser gives up as well.
pub(super) fn nested(text: &str) -> Result<(), String> {
    let (mut rest, mut depth) = (text, 0usize);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let behind = |end: &str| rest.find(end).map_or("", |at| &rest[at + end.len()..]);
        if rest.starts_with("<!--") {
            rest = behind("-->");
        } else if rest.starts_with("<![CDATA[") {
            rest = behind("]]>");
        } else if rest.starts_with("<?") {
            rest = behind("?>");
        } else {
            let (tag, after) = rest.split_at(end_of_tag(rest));
            if tag.starts_with("<!") {
                // An entity would be text that is not there yet.
                if tag.contains('[') || !tag.starts_with("<!DOCTYPE") {
                    return Err("an SVG with entities of its own".to_owned());
                }
            } else if tag.starts_with("</") {
                depth = depth.saturating_sub(1);
            } else if !tag.ends_with("/>") {
                depth += 1;
                if depth > DEEPEST {
                    return Err(TOO_DEEP.to_owned());
                }
            }
            rest = after;
        }
    }
    Ok(())
}

/// How many bytes a tag has: to the first `>` outside of quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// May it be drawn?
pub(super) fn check(document: &Document<'_>) -> Result<(), String> {
    let ids: HashMap<&str, Node<'_, '_>> =
        document.descendants().filter_map(|node| Some((node.attribute("id")?, node))).collect();
    let mut rules = 0;
    for node in document.descendants() {
        // Names are no numbers, nor is what editors keep for themselves.
        let named = |name: &str| matches!(name, "id" | "class" | "href") || name.starts_with("data-");
        let mut values = node.attributes().filter(|a| a.namespace().is_none() && !named(a.name()));
        if values.any(|a| numbers(a.value(), a.name() == "d").any(|number| number > LARGEST)) {
            return Err(IMPOSSIBLE.to_owned());
        }
        match node.tag_name().name() {
            "filter" | "pattern" | "marker" => return Err(COSTLY.to_owned()),
            "style" => {
                for text in node.children().filter_map(|child| child.text()) {
                    rules += text.len() as u64;
                    if numbers(text, false).any(|number| number > LARGEST) {
                        return Err(IMPOSSIBLE.to_owned());
                    }
                    // A rule may hold for any element; gradients cost nothing, what clips or masks does.
                    let mut named = names(text).filter_map(|name| ids.get(name));
                    if named.any(|target| !target.tag_name().name().ends_with("Gradient")) {
                        return Err("an SVG whose style sheet clips or masks".to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    if rules * document.descendants().count() as u64 > MOST_RULES {
        return Err("an SVG with a long style sheet".to_owned());
    }
    cost(document.root_element(), &ids, 0, &mut HashMap::new()).map(|_| ())
}

/// Elements to be drawn for a node, and how deep they are.
fn cost<'a, 'input>(
    node: Node<'a, 'input>,
    ids: &HashMap<&'a str, Node<'a, 'input>>,
    depth: usize,
    known: &mut HashMap<usize, (u64, usize)>,
) -> Result<(u64, usize), String> {
    let key = node.id().get_usize();
    if let Some((cost, height)) = known.get(&key).copied() {
        return if depth + height > DEEPEST { Err(TOO_DEEP.to_owned()) } else { Ok((cost, height)) };
    }
    // What names itself is nested for ever.
    if depth > DEEPEST {
        return Err(TOO_DEEP.to_owned());
    }
    let (mut sum, mut height) = (1u64, 0);
    let mut add = |node, known: &mut HashMap<usize, (u64, usize)>| {
        let (more, below) = cost(node, ids, depth + 1, known)?;
        sum += more;
        height = height.max(below + 1);
        if sum > MOST_ELEMENTS { Err(TOO_MANY.to_owned()) } else { Ok(()) }
    };
    for child in node.children().filter(Node::is_element) {
        add(child, known)?;
    }
    let mut path = 0;
    for attribute in node.attributes() {
        if matches!(attribute.name(), "d" | "points") {
            path += attribute.value().len() as u64 / 32 * pieces(attribute.value());
        }
        for target in names(attribute.value()).filter_map(|name| ids.get(name)) {
            add(*target, known)?;
        }
    }
    sum += path;
    if sum > MOST_ELEMENTS {
        return Err(TOO_MANY.to_owned());
    }
    known.insert(key, (sum, height));
    Ok((sum, height))
}

/// How many curves an arc of a path becomes, in those of a usual one: as many as the sixth root of its radius, which grows
/// until the arc reaches its end, however flat it is.
fn pieces(path: &str) -> u64 {
    if !path.contains(['A', 'a']) {
        return 1;
    }
    let (mut least, mut most) = (f64::INFINITY, 0.0f64);
    for number in numbers(path, true).filter(|number| *number > 0.0) {
        (least, most) = (least.min(number), most.max(number));
    }
    let radius = most * (most / least).max(1.0);
    (radius * 10.0).powf(1.0 / 6.0).min(1e9) as u64 / 8 + 1
}

/// The numbers of a value, without their signs. In paths a letter may stand before one; elsewhere that is a name or a
/// colour.
fn numbers(value: &str, path: bool) -> impl Iterator<Item = f64> {
    let bytes = value.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let begin = at;
            if !(bytes[at].is_ascii_digit() || bytes[at] == b'.') {
                at += 1;
                let of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
                if !path && (bytes[begin].is_ascii_alphabetic() || matches!(bytes[begin], b'#' | b'_')) {
                    at += bytes[at..].iter().take_while(|b| of_name(**b)).count();
                }
                continue;
            }
            let digits = |at: usize| bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            at += digits(at);
            if bytes.get(at) == Some(&b'.') {
                at += 1;
                at += digits(at);
            }
            if matches!(bytes.get(at), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
                let more = bytes.get(at + 1 + sign..).map_or(0, |_| digits(at + 1 + sign));
                if more > 0 {
                    at += 1 + sign + more;
                }
            }
            if let Ok(number) = value[begin..at].parse() {
                return Some(number);
            }
        }
        None
    })
}

/// All that may be the name of an element in a value: `#a`, `url(#a)`, `url('#a')`. Colours are among them.
fn names(value: &str) -> impl Iterator<Item = &str> {
    value.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | ';'));
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_and_names_are_not() {
        let found = |value, path| numbers(value, path).collect::<Vec<f64>>();
        assert_eq!(found("M1.5.5-3e2l1e-1,4E", true), [1.5, 0.5, 300.0, 0.1, 4.0]);
        assert_eq!(found("fill:#99999999;stroke-width:1e30px;a9999999", false), [1e30]);
        assert_eq!(found("rotate(-45 12,8) .", false), [45.0, 12.0, 8.0]);
        assert_eq!(found("1e99", false), [1e99]);
        assert!(found("e+ 1e", true) == [1.0] && found("\u{e4}", false).is_empty());
    }

    #[test]
    fn flat_arcs_cost_more() {
        assert_eq!(pieces("M0 0h99999v.00001"), 1);
        assert!(pieces("M12 2a10 10 0 0 1 10 10") <= 2);
        assert!(pieces("M0 0A1e-30 1e6 0 0 0 9 9") > 100_000);
    }
}
