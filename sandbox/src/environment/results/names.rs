//! How the name of what is missing is found beside a message, and what makes one of it: each language names its own way.

use super::diagnosis::Missing;

/// Where a name stands, and what it names.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// The message names nothing.
    None,
    /// After the text, up to the given one or to the line's end.
    Until(&'static str, Kind),
    /// After the text, and only if the given one follows.
    Between(&'static str, Kind),
    /// Before the text, after the last `: ` of the line.
    Before(Kind),
    /// Always this one.
    Fixed(Kind, &'static str),
}

/// Makes what a name names of the name as it is written.
pub(super) type Kind = fn(&str) -> Option<Missing>;

/// A name of one word.
fn one(name: &str) -> Option<String> {
    let name = name.trim_end_matches(['.', ',']);
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || "'\"`<>|$*".contains(letter);
    (!name.is_empty() && !name.contains(odd)).then(|| name.to_owned())
}

/// Of `Python >=3.9,<3.11`: a language and its versions.
pub(super) fn interpreter(name: &str) -> Option<Missing> {
    let plain = |it: char| it.is_alphanumeric() || " <>=!~^|.,*-".contains(it);
    let name = name.trim();
    (!name.is_empty() && name.chars().all(plain)).then(|| Missing::Interpreter(name.to_owned()))
}

pub(super) fn word(name: &str) -> Option<Missing> {
    one(name).map(Missing::Module)
}

pub(super) fn first_word(name: &str) -> Option<Missing> {
    word(name.split(' ').next()?)
}

/// The module as the import names it: `yaml`, `google.protobuf`.
pub(super) fn python(name: &str) -> Option<Missing> {
    let plain = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
    one(name).filter(|_| plain).map(Missing::Module)
}

/// The name of a requirement of pip's: `six` of `six>=1.0`.
pub(super) fn requirement(name: &str) -> Option<Missing> {
    python(name.split(['=', '<', '>', '~', '!', '[', ';']).next()?)
}

/// Of `python: No module named pytest`, which has no quotes.
pub(super) fn bare_python(name: &str) -> Option<Missing> {
    python(name.trim_end_matches(';'))
}

/// The package of a module: `lodash` of `lodash/fp`, `@a/b` of `@a/b/c`. A path is a file of the repository, and
/// `node:fs` comes with node.
pub(super) fn node(name: &str) -> Option<Missing> {
    if name.starts_with(['.', '/', '\\', '#', '~']) || name.contains(':') || name.starts_with("@/") {
        return None;
    }
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let package: Vec<&str> = name.split('/').take(parts).collect();
    (package.len() == parts).then(|| word(&package.join("/"))).flatten()
}

/// A file that Ruby looks for: a path is a file of the repository.
pub(super) fn file(name: &str) -> Option<Missing> {
    if name.starts_with(['/', '.']) { None } else { word(name) }
}

/// The module of a file: `Foo::Bar` of `Foo/Bar.pm (you may need …)`.
pub(super) fn perl(name: &str) -> Option<Missing> {
    let file = name.split(' ').next()?.strip_suffix(".pm")?;
    word(&file.replace('/', "::"))
}

/// A header, and no source that a command names wrongly.
pub(super) fn header(name: &str) -> Option<Missing> {
    let source = [".c", ".cc", ".cpp", ".o"].iter().any(|ending| name.ends_with(ending));
    one(name).filter(|_| !source).map(Missing::Header)
}

/// A library without `lib` and ending: `GL` of `libGL.so.1`.
pub(super) fn library(name: &str) -> Option<Missing> {
    let name = name.split(' ').next()?;
    let bare = match name.split_once(".so") {
        Some((stem, _)) => stem.rsplit('/').next()?.trim_start_matches("lib"),
        None => name,
    };
    one(bare).map(Missing::Library)
}

/// A program that is looked up, so without a path.
pub(super) fn program(name: &str) -> Option<Missing> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
    let file = [".txt", ".json", ".py", ".toml", ".cfg", ".md", ".xml", ".yml", ".yaml"]
        .iter()
        .any(|ending| name.ends_with(ending));
    (!name.is_empty() && !file && name.chars().all(plain)).then(|| Missing::Program(name.to_owned()))
}
