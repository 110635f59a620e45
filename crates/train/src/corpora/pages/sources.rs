//! Where the pictures of a page are: below the folder of the pages or in the page itself, and nowhere else.

use std::path::{Path, PathBuf};

use data_url::DataUrl;

/// Longer pictures in pages are left out: they would be in memory as long as all pages are.
const MOST_INSIDE: usize = 1 << 20;

/// Where a picture is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// In a file, by its path without links.
    File(PathBuf),
    /// In the page.
    Inside(Vec<u8>),
}

/// Finds what a `src` names on a page in `folder`; `root` is the folder that holds the pages, without links in its path.
///
/// # Errors
/// If that is not there, or not ours to read; the reason, as one of what was left out.
pub(super) fn find(src: &str, folder: &Path, root: &Path) -> Result<Source, &'static str> {
    let src = src.trim();
    if src.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
        return inside(src);
    }
    if src.starts_with("//") || has_scheme(src) {
        return Err("a picture on the web");
    }
    let src = src.split(['#', '?']).next().unwrap_or_default();
    let name = String::from_utf8(unescaped(src)).map_err(|_| MISSING)?;
    if name.contains('\0') {
        return Err(MISSING);
    }
    // A page begins paths with a slash where its own site begins.
    let path = match name.strip_prefix('/') {
        Some(below) => root.join(below.trim_start_matches('/')),
        None => folder.join(&name),
    };
    // Links are followed first: what counts is where the file is.
    let path = path.canonicalize().map_err(|_| MISSING)?;
    if !path.starts_with(root) {
        return Err("a picture outside of the folder in `path`");
    }
    if path.is_file() { Ok(Source::File(path)) } else { Err(MISSING) }
}

const MISSING: &str = "a picture that is not there";

fn inside(src: &str) -> Result<Source, &'static str> {
    if src.len() > MOST_INSIDE {
        return Err("a picture of more than 1 MB inside of a page");
    }
    let damaged = "a damaged picture inside of a page";
    let url = DataUrl::process(src).map_err(|_| damaged)?;
    let (bytes, _) = url.decode_to_vec().map_err(|_| damaged)?;
    Ok(Source::Inside(bytes))
}

/// `https:`, `file:` or anything alike.
fn has_scheme(src: &str) -> bool {
    let Some((scheme, _)) = src.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// `%20` is a space; what is no such pair of digits stays as it is.
fn unescaped(src: &str) -> Vec<u8> {
    let (bytes, mut plain, mut at) = (src.as_bytes(), Vec::new(), 0);
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_found() {
        let place = tempfile::tempdir().unwrap();
        let base = place.path().canonicalize().unwrap();
        let root = base.join("site");
        std::fs::create_dir_all(root.join("in/pictures")).unwrap();
        std::fs::write(root.join("in/pictures/a b.png"), "a").unwrap();
        std::fs::write(root.join("top.png"), "t").unwrap();
        std::fs::write(base.join("secret.png"), "s").unwrap();
        let folder = root.join("in");
        let find = |src: &str| find(src, &folder, &root);
        let file = |name: &str| Ok(Source::File(root.join(name)));
        assert_eq!(find("pictures/a%20b.png?v=1#x"), file("in/pictures/a b.png"));
        assert_eq!(find(" ../top.png "), file("top.png"));
        assert_eq!(find("/top.png"), file("top.png"));
        let outside = Err("a picture outside of the folder in `path`");
        assert_eq!(find("../../secret.png"), outside);
        assert_eq!(find("/../secret.png"), outside);
        assert_eq!(find("%2e%2e/%2e%2e/secret.png"), outside);
        for src in ["http://x/a.png", "//x/a.png", "file:///etc/passwd", "JavaScript:x"] {
            assert_eq!(find(src), Err("a picture on the web"), "{src}");
        }
        for src in ["none.png", "pictures", "", "a%00.png", "%ff", "?"] {
            assert_eq!(find(src), Err(MISSING), "{src}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(base.join("secret.png"), root.join("in/link.png")).unwrap();
            assert_eq!(find("link.png"), outside);
        }
    }

    #[test]
    fn a_page_may_hold_pictures() {
        let find = |src: &str| find(src, Path::new("."), Path::new("."));
        assert_eq!(find("data:image/png;base64,aGVs bG8="), Ok(Source::Inside(b"hello".to_vec())));
        assert_eq!(find("DATA:image/svg+xml,%3Csvg/%3E"), Ok(Source::Inside(b"<svg/>".to_vec())));
        assert_eq!(find("data:x;base64,!"), Err("a damaged picture inside of a page"));
        assert_eq!(
            find(&format!("data:,{}", "x".repeat(1 << 20))),
            Err("a picture of more than 1 MB inside of a page")
        );
    }
}
