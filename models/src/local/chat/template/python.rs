//! What templates expect of Python and Jinja2, as `transformers` sets it up.

use super::date;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};
use minijinja_contrib::pycompat;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};
use std::fmt::Write as _;
use std::io;

/// An environment in which the templates of models work. `strftime_now` is not in it, see [`dated`].
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("Jinja's own marks are legal"));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(pycompat::unknown_method_callback);
    environment.set_formatter(write);
    environment.add_filter("tojson", json);
    // Nothing is no list here, unlike there.
    environment.add_test("iterable", |value: &Value| {
        value.kind() != ValueKind::None && value.try_iter().is_ok()
    });
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}

/// Lets templates tell the date. Most do without one when they are not given it, and the date would make the prompts of
/// every day begin in another way: it is for those that fail otherwise, and it is the day on which the model was opened.
pub fn dated(environment: &mut Environment<'static>) {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let days = (since.as_secs() / 86_400) as i64;
    environment.add_function("strftime_now", move |format: &str| date::written(format, days));
}

/// Takes out `{% generation %}`, by which trainers find the text of the assistant, and which shows nothing.
pub fn without_generation(template: &str) -> String {
    let mut text = template.to_owned();
    for (mark, instead) in [("endgeneration", "endif"), ("generation", "if true")] {
        for (left, right) in [("-", "-"), ("-", ""), ("", "-"), ("", "")] {
            text = text.replace(
                &format!("{{%{left} {mark} {right}%}}"),
                &format!("{{%{left} {instead} {right}%}}"),
            );
        }
    }
    text
}

/// Python writes its three constants with a capital.
fn write(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let constant = match value.kind() {
        ValueKind::None => "None",
        ValueKind::Bool if value.is_true() => "True",
        ValueKind::Bool => "False",
        _ => return minijinja::escape_formatter(out, state, value),
    };
    out.write_str(constant)?;
    Ok(())
}

/// `json.dumps` with its defaults, except that letters stay as they are.
fn json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<(String, String)> = options.get::<Option<Vec<String>>>("separators")?.and_then(pair);
    let sorted: Option<bool> = options.get("sort_keys")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let mut data = serde_json::to_value(value).map_err(failed)?;
    if sorted == Some(true) {
        data.sort_all_objects();
    }
    let (item, key) = separators.unwrap_or_else(|| (", ".to_owned(), ": ".to_owned()));
    let text = match indent {
        Some(width) => dump(&data, PrettyFormatter::with_indent(" ".repeat(width).as_bytes())),
        None => dump(&data, Spaced { item, key }),
    }?;
    Ok(Value::from(if ascii == Some(true) { escaped(&text) } else { text }))
}

fn pair(two: Vec<String>) -> Option<(String, String)> {
    let [item, key] = <[String; 2]>::try_from(two).ok()?;
    Some((item, key))
}

fn dump(data: &serde_json::Value, formatter: impl Formatter) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    data.serialize(&mut serializer).map_err(failed)?;
    String::from_utf8(bytes).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::BadSerialization, error.to_string())
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// JSON on one line with Python's spaces.
struct Spaced {
    item: String,
    key: String,
}

impl Spaced {
    fn between<W: ?Sized + io::Write>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(self.item.as_bytes())
        }
    }
}

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.between(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.between(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.key.as_bytes())
    }
}
