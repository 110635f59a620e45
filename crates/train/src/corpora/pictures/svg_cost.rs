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

pub(super) const TOO_DEEP: &str = "an SVG that is nested too deeply";
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
        match node.tag_name().name() {
            "filter" | "pattern" | "marker" => return Err(COSTLY.to_owned()),
            "style" => {
                for text in node.children().filter_map(|child| child.text()) {
                    rules += text.len() as u64;
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
            path += attribute.value().len() as u64 / 32;
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

/// All that may be the name of an element in a value: `#a`, `url(#a)`, `url('#a')`. Colours are among them.
fn names(value: &str) -> impl Iterator<Item = &str> {
    value.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | ';'));
        &rest[..end.unwrap_or(rest.len())]
    })
}
