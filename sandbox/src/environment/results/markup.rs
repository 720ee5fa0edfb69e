//! A scan for XML tags in a text that may hold anything else: documents one after another, cut ones, and logs between.
//!
//! It looks at every byte a bounded number of times, and never outside of the text. Of a document type it skips the
//! declaration; of names it keeps the prefix (<https://www.w3.org/TR/xml/>, sections 2.1 to 2.7 and 4.6).

/// A tag.
pub(super) enum Tag<'a> {
    /// `<name a="b">`, or `<name a="b"/>`, which is `closed` at once.
    Open {
        name: &'a str,
        attributes: Vec<(&'a str, &'a str)>,
        closed: bool,
    },
    /// `</name>`.
    Close { name: &'a str },
}

/// The tags of a text in order.
pub(super) struct Tags<'a> {
    text: &'a str,
    /// Where no end of a comment or of literal text is left, so that the search is not made again.
    endless: [bool; 2],
}

const LITERAL: [(&str, &str); 2] = [("<!--", "-->"), ("<![CDATA[", "]]>")];

impl<'a> Tags<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            endless: [false; 2],
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.text = self.text.get(bytes..).unwrap_or_default();
    }

    /// Skips a comment or literal text that begins here; says whether one did.
    fn skip_literal(&mut self) -> bool {
        for (index, (start, end)) in LITERAL.into_iter().enumerate() {
            if self.text.starts_with(start) {
                let found = if self.endless[index] { None } else { self.text.find(end) };
                self.endless[index] = found.is_none();
                self.skip(found.map_or(start.len(), |at| at + end.len()));
                return true;
            }
        }
        false
    }

    /// The attributes that the text begins with, up to the end of their tag, and whether that closes the element. A `<`
    /// may not stand among them: it is where something else begins.
    fn attributes(&mut self) -> Option<(Vec<(&'a str, &'a str)>, bool)> {
        let mut attributes = Vec::new();
        loop {
            self.text = self.text.trim_start();
            if self.text.starts_with("/>") {
                self.skip(2);
                return Some((attributes, true));
            }
            if self.text.starts_with('>') {
                self.skip(1);
                return Some((attributes, false));
            }
            let end = self.text.find(['=', '<', '>'])?;
            let name = self.text.get(..end)?;
            self.skip(end);
            if !self.text.starts_with('=') {
                return None;
            }
            self.skip(1);
            self.text = self.text.trim_start();
            let quote = self.text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            self.skip(1);
            let end = self.text.find([quote, '<'])?;
            let value = self.text.get(..end)?;
            self.skip(end);
            if self.text.starts_with('<') {
                return None;
            }
            self.skip(1);
            attributes.push((name.trim(), value));
        }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.text.find('<')?;
            self.skip(start);
            if self.skip_literal() {
                continue;
            }
            self.skip(1);
            let closing = self.text.starts_with('/');
            self.skip(usize::from(closing));
            let letters = |letter: char| letter.is_alphanumeric() || matches!(letter, ':' | '_' | '-' | '.');
            let end = self.text.find(|letter| !letters(letter)).unwrap_or(self.text.len());
            let name = self.text.get(..end).filter(|name| !name.is_empty());
            let Some(name) = name else { continue };
            self.skip(end);
            if closing {
                return Some(Tag::Close { name });
            }
            if let Some((attributes, closed)) = self.attributes() {
                return Some(Tag::Open {
                    name,
                    attributes,
                    closed,
                });
            }
        }
    }
}

/// A value with its entities replaced; one that is unknown stays as it is written.
pub(super) fn decoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        text.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        // The longest reference is `#x10FFFF`.
        let end = rest.bytes().take(10).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(rest.get(..end)?)?, rest.get(end + 1..)?))) {
            Some((letter, after)) => {
                text.push(letter);
                rest = after;
            }
            None => text.push('&'),
        }
    }
    text.push_str(rest);
    text
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    }
}

#[cfg(test)]
mod tests;
