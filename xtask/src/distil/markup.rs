//! Owns the reading of paragraphs out of HTML, manual pages, POD, plain text and the quoted
//! strings of game data. Each is as rough as a sample of prose allows.

/// Elements whose contents are not prose.
const SKIPPED: &[&str] = &["script", "style", "pre", "table", "nav", "head", "svg", "code"];
/// Elements that do not end a paragraph.
const INLINE: &[&str] = &[
    "a", "b", "i", "em", "strong", "span", "code", "tt", "font", "sup", "sub", "small", "cite", "abbr", "var", "kbd",
    "gui", "guiseq", "link", "app", "key", "u", "q", "acronym",
];

/// The text between block elements.
pub fn html(content: &str) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut current = String::new();
    let mut rest = content;
    while let Some(open) = rest.find('<') {
        current.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        let Some(close) = rest.find('>') else { break };
        let tag = rest[..close].to_ascii_lowercase();
        rest = &rest[close + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_alphanumeric())
            .collect();
        if SKIPPED.contains(&name.as_str()) && !tag.starts_with('/') && !tag.ends_with('/') {
            let end = format!("</{name}");
            let skip = rest.find(&end).unwrap_or(rest.len());
            if name == "code" {
                current.push_str(rest[..skip].split('<').next().unwrap_or_default());
            }
            rest = &rest[skip..];
        }
        if !INLINE.contains(&name.as_str()) {
            finish(&mut current, &mut paragraphs);
        }
    }
    current.push_str(rest);
    finish(&mut current, &mut paragraphs);
    paragraphs
}

fn finish(current: &mut String, paragraphs: &mut Vec<String>) {
    let text = unescape(current);
    // Headings, menu entries and captions do not end like sentences.
    if text.trim_end().ends_with(['.', '!', '?', '"']) {
        paragraphs.push(text);
    }
    current.clear();
}

fn unescape(text: &str) -> String {
    let mut plain = text.to_owned();
    for (escape, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&#8217;", "'"),
        ("&rsquo;", "'"),
        ("&mdash;", " - "),
        ("¶", ""),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(escape, character);
    }
    plain
}

/// The running text of a manual page, requests and font changes dropped.
pub fn manual(content: &str) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut current = String::new();
    for line in content.lines() {
        let text = match line.strip_prefix(['.', '\'']) {
            Some(request) => {
                let (name, argument) = request.split_once(' ').unwrap_or((request, ""));
                if !matches!(name, "B" | "I" | "BR" | "IR" | "RB" | "RI" | "BI" | "IB") {
                    finish(&mut current, &mut paragraphs);
                    continue;
                }
                argument.replace(['"', ' '], if name.len() == 1 { " " } else { "" })
            }
            None => line.to_owned(),
        };
        current.push_str(&without_escapes(&text));
        current.push(' ');
    }
    finish(&mut current, &mut paragraphs);
    paragraphs
}

fn without_escapes(text: &str) -> String {
    let mut plain = text.replace("\\-", "-").replace("\\&", "").replace("\\ ", " ");
    for font in ["\\fB", "\\fI", "\\fR", "\\fP"] {
        plain = plain.replace(font, "");
    }
    plain
}

/// The ordinary paragraphs of a POD file: no commands, no verbatim blocks.
pub fn pod(content: &str) -> Vec<String> {
    content
        .split("\n\n")
        .filter(|block| !block.starts_with(['=', ' ', '\t', '\n']))
        .map(|block| {
            let mut plain = block.replace("E<gt>", ">").replace("E<lt>", "<");
            for code in ["C<", "I<", "B<", "F<", "L<", "S<"] {
                plain = plain.replace(code, "");
            }
            plain.replace('>', "")
        })
        .collect()
}

/// Paragraphs apart by blank lines or by the `%` lines of fortune files.
pub fn plain(content: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in content.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('%') || trimmed.starts_with("--") {
            paragraphs.push(String::new());
        } else if let Some(last) = paragraphs.last_mut() {
            last.push_str(trimmed);
            last.push(' ');
        }
    }
    paragraphs
}

/// The translatable strings of game data: `_ "text"` and `_("text")`.
pub fn quoted(content: &str) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut rest = content;
    while let Some(at) = rest.find("_ \"").into_iter().chain(rest.find("_(\"")).min() {
        rest = &rest[at + 3..];
        let Some(end) = rest.find('"') else { break };
        let text = rest[..end].replace("\\n", "\n").replace("\\\n", "").replace('\\', "");
        paragraphs.extend(text.split("\n\n").map(str::to_owned));
        rest = &rest[end + 1..];
    }
    paragraphs
}
