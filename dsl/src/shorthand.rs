//! Types in shorthand: `string`, `[T]`, `{field: T}`, `T | null`, `low | high`.

use crate::nearest;
use indexmap::IndexMap;
use troupe_core::types::Type;

/// The words that name a type.
pub(crate) const TYPE_WORDS: [&str; 7] = ["string", "integer", "number", "boolean", "any", "file", "null"];

/// Brackets inside each other.
const MAX_DEPTH: usize = 32;

/// What is wrong with a type, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadType {
    pub(crate) at: std::ops::Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Parses a type written as text, such as `[{paper: string, items: integer | null}]`.
/// The error is one sentence.
pub fn parse_type(text: &str) -> Result<Type, String> {
    parse(text).map_err(|bad| match bad.hint {
        Some(hint) => format!("{}; {hint}", bad.message),
        None => bad.message,
    })
}

/// Parts of one type: what is checked against types is copied often.
pub(crate) const MAX_PARTS: usize = 1_000;

/// Whether a type has more than `limit` parts; a long name counts for several.
pub(crate) fn is_larger(kind: &Type, limit: usize) -> bool {
    fn count(kind: &Type, left: &mut usize) -> bool {
        let mut take = |parts: usize| match left.checked_sub(parts) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        };
        let name = |name: &str| 1 + name.len() / 64;
        match kind {
            Type::Enum(words) => words.iter().all(|word| take(name(word))),
            Type::List(item) => take(1) && count(item, left),
            Type::Union(parts) => take(1) && parts.iter().all(|part| count(part, left)),
            Type::Object(fields) => {
                take(1)
                    && fields.iter().all(|(field, kind)| match left.checked_sub(name(field)) {
                        Some(rest) => {
                            *left = rest;
                            count(kind, left)
                        }
                        None => false,
                    })
            }
            _ => take(1),
        }
    }
    !count(kind, &mut { limit })
}

pub(crate) fn parse(text: &str) -> Result<Type, BadType> {
    let mut parser = Parser { text, at: 0 };
    let kind = parser.union(0)?;
    parser.space();
    if parser.at < text.len() {
        let mut bad = parser.bad(parser.at..text.len(), "the type has ended, and then there is more");
        if text[parser.at..].starts_with('?') {
            bad.hint = Some("an optional value is written `T | null`".into());
        }
        return Err(bad);
    }
    Ok(kind)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// One part of a union, before it is known what the other parts are.
enum Part {
    Type(Type),
    Word(String, std::ops::Range<usize>),
}

impl Parser<'_> {
    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn bad(&self, at: std::ops::Range<usize>, message: impl Into<String>) -> BadType {
        BadType {
            at,
            message: message.into(),
            hint: None,
        }
    }

    fn union(&mut self, depth: usize) -> Result<Type, BadType> {
        if depth > MAX_DEPTH {
            return Err(self.bad(
                self.at..self.at,
                format!("types stand more than {MAX_DEPTH} deep inside each other"),
            ));
        }
        let start = self.at;
        let mut parts = vec![self.part(depth)?];
        while self.take('|') {
            parts.push(self.part(depth)?);
        }
        combine(parts, start..self.at)
    }

    fn part(&mut self, depth: usize) -> Result<Part, BadType> {
        self.space();
        if self.take('[') {
            let item = self.union(depth + 1)?;
            self.expect(']')?;
            return Ok(Part::Type(Type::List(Box::new(item))));
        }
        if self.take('{') {
            return self.object(depth).map(Part::Type);
        }
        let (word, at) = self.word()?;
        Ok(match named(&word) {
            Some(kind) => Part::Type(kind),
            None => Part::Word(word, at),
        })
    }

    fn object(&mut self, depth: usize) -> Result<Type, BadType> {
        let mut fields = IndexMap::new();
        while !self.take('}') {
            let (name, at) = self.word()?;
            self.expect(':')?;
            let kind = self.union(depth + 1)?;
            if fields.insert(name.clone(), kind).is_some() {
                return Err(self.bad(at, format!("the field `{name}` is there twice")));
            }
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        Ok(Type::Object(fields))
    }

    fn expect(&mut self, wanted: char) -> Result<(), BadType> {
        if self.take(wanted) {
            return Ok(());
        }
        let end = self.text[self.at..]
            .chars()
            .next()
            .map_or(self.at, |c| self.at + c.len_utf8());
        Err(self.bad(self.at..end, format!("here a type needs `{wanted}`")))
    }

    fn word(&mut self) -> Result<(String, std::ops::Range<usize>), BadType> {
        self.space();
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        let at = self.at..self.at + length;
        if length == 0 {
            let found = rest.chars().next();
            let end = self.at + found.map_or(0, char::len_utf8);
            let message = match found {
                Some(c) => format!("here a type needs a name, and there is `{c}`"),
                None => "the type is not finished".into(),
            };
            return Err(self.bad(self.at..end, message));
        }
        self.at += length;
        Ok((rest[..length].to_owned(), at))
    }
}

/// A union is all types or all words; `null` goes with both.
fn combine(parts: Vec<Part>, whole: std::ops::Range<usize>) -> Result<Type, BadType> {
    let mut kind: Option<Type> = None;
    let mut words: Vec<(String, std::ops::Range<usize>)> = Vec::new();
    let single = parts.len() == 1;
    let mut only_null = true;
    for part in parts {
        match part {
            Part::Type(part) => {
                only_null &= part == Type::Null;
                kind = Some(match kind {
                    Some(kind) => kind.or(part),
                    None => part,
                });
            }
            Part::Word(word, at) => words.push((word, at)),
        }
    }
    let Some((first, first_at)) = words.first().cloned() else {
        return Ok(kind.unwrap_or(Type::Any));
    };
    if single || words.len() == 1 || !only_null {
        let mixed = !single && !only_null && nearest::nearest(&first, TYPE_WORDS).is_none();
        return Err(BadType {
            at: if mixed { whole } else { first_at },
            message: if mixed {
                "a union is made of types or of words, and this mixes both".into()
            } else {
                format!("there is no type `{first}`")
            },
            hint: Some(match nearest::nearest(&first, TYPE_WORDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "types: string, integer, number, boolean, any, file, [T], {field: T}, T | null; or two or more words: low | high".into(),
            }),
        });
    }
    if let Some((word, at)) = words
        .iter()
        .find(|(word, _)| !word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
    {
        return Err(BadType {
            at: at.clone(),
            message: format!("`{word}` is not a word: words of an enum start with a letter"),
            hint: None,
        });
    }
    let mut unique: Vec<String> = Vec::new();
    for (word, at) in words {
        if unique.contains(&word) {
            return Err(BadType {
                at,
                message: format!("the word `{word}` is there twice"),
                hint: None,
            });
        }
        unique.push(word);
    }
    let words = Type::Enum(unique);
    Ok(match kind {
        Some(null) => words.or(null),
        None => words,
    })
}

fn named(word: &str) -> Option<Type> {
    Some(match word {
        "string" => Type::String,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "any" => Type::Any,
        "file" => Type::File,
        "null" => Type::Null,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
