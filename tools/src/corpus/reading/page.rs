//! `.html`: a page becomes Markdown without its scripts, styles and menus; its title and what its `meta`
//! elements say of it are metadata.

use super::super::chunking::Style;
use super::{Cut, Document, Trouble, text};
use htmd::HtmlToMarkdown;
use serde_json::Map;

/// Elements that are no text of the page.
const SKIPPED: [&str; 8] = [
    "script", "style", "nav", "noscript", "template", "svg", "iframe", "head",
];
/// Elements that have no end, or whose end may be left out: they hold none of their own kind.
const OPEN_ENDED: [&str; 25] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li",
    "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "colgroup",
];
/// Names of `meta` elements that are kept.
const KEPT: [&str; 4] = ["author", "description", "keywords", "date"];
/// Elements in one another, at most: the reader of pages goes as deep as they do.
const DEPTH_MAX: usize = 10_000;
/// The stack that so many need.
const STACK_BYTES: usize = 512 << 20;

pub(super) fn document(bytes: &[u8], cut: &Cut<'_>) -> Result<Document, Trouble> {
    let page = text(bytes)?;
    if depth(page) > DEPTH_MAX {
        return Err(format!("more than {DEPTH_MAX} elements in one another").into());
    }
    let markdown = std::thread::scope(|scope| {
        let convert = || {
            let converter = HtmlToMarkdown::builder().skip_tags(SKIPPED.to_vec()).build();
            converter.convert(page).map_err(|error| error.to_string())
        };
        let thread = std::thread::Builder::new()
            .name("corpus-page".into())
            .stack_size(STACK_BYTES);
        let converted = thread.spawn_scoped(scope, convert).map_err(|error| error.to_string())?;
        converted
            .join()
            .unwrap_or_else(|_| Err("it cannot be made sense of".into()))
    });
    let markdown = markdown.map_err(|reason| format!("not a page ({reason})"))?;
    let mut metadata = Map::new();
    if let Some(title) = title(page) {
        metadata.insert("title".into(), title.into());
    }
    for (name, content) in metas(page) {
        metadata.insert(name, content.into());
    }
    Ok(Document {
        id: None,
        chunks: cut.chunks(&markdown, Style::Markdown),
        metadata,
    })
}

/// How deep elements may be in one another at most: every opening tag counts until one closes, but for
/// those that need not be closed.
fn depth(page: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    let bytes = page.as_bytes();
    for at in memchr::memchr_iter(b'<', bytes) {
        let closes = bytes.get(at + 1) == Some(&b'/');
        let name = &bytes[(at + 1 + usize::from(closes)).min(bytes.len())..];
        let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric());
        let name = name[..end.unwrap_or(name.len())].to_ascii_lowercase();
        if name.is_empty() || OPEN_ENDED.iter().any(|open| open.as_bytes() == name) {
            continue;
        }
        depth = if closes { depth.saturating_sub(1) } else { depth + 1 };
        most = most.max(depth);
    }
    most
}

fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = unescaped(page[start..end].trim());
    (!title.is_empty()).then_some(title)
}

/// Names and contents of the `meta` elements that are kept.
fn metas(page: &str) -> Vec<(String, String)> {
    let lower = page.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find("<meta") {
        let start = at + open;
        let Some(length) = lower[start..].find('>') else {
            break;
        };
        let element = &page[start..start + length];
        let name = attribute(element, "name").unwrap_or_default().to_ascii_lowercase();
        if let Some(content) = attribute(element, "content").filter(|_| KEPT.contains(&name.as_str())) {
            found.push((name, unescaped(content)));
        }
        at = start + length;
    }
    found
}

/// The value of an attribute in quotes.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let lower = element.to_ascii_lowercase();
    let start = lower.find(&format!(" {name}="))? + name.len() + 2;
    let quote = element[start..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    element[start + 1..].split(quote).next()
}

fn unescaped(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
