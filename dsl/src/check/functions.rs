//! Functions: what they take, and what comes out.

use super::fields::with_article;
use super::infer::Inference;
use super::operators::{Class, Sort, sort};
use crate::code;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use troupe_core::diagnostic::{Diagnostic, SourceId, Span};
use troupe_core::expression::Expression;
use troupe_core::types::Type;

/// A function that expressions may call.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// What stands before the dot, or is the only argument where nothing may stand there.
    on: &'static [Class],
    /// Whether it can be called as `value.name()`, as `name(value)`, or both.
    form: Form,
    /// The other arguments; those after the first `required` may be left out.
    arguments: &'static [Class],
    required: usize,
    result: Result,
    /// How it is written, for people.
    pub(crate) usage: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Method,
    Free,
    Both,
}

#[derive(Clone, Copy)]
enum Result {
    Boolean,
    Integer,
    Number,
    Text,
    Texts,
    Any,
}

use Class::{Boolean, List, Number, Object, Text};

const fn method(
    name: &'static str,
    on: &'static [Class],
    arguments: &'static [Class],
    result: Result,
    usage: &'static str,
) -> Function {
    Function {
        name,
        on,
        form: Form::Method,
        arguments,
        required: arguments.len(),
        result,
        usage,
    }
}

const fn free(name: &'static str, on: &'static [Class], result: Result, usage: &'static str) -> Function {
    Function {
        form: Form::Free,
        ..method(name, on, &[], result, usage)
    }
}

const ANYTHING: &[Class] = &[Boolean, Number, Text, List, Object];

/// All functions; loops and `has` are macros of the parser.
pub(crate) const FUNCTIONS: [Function; 23] = [
    Function {
        form: Form::Both,
        ..method("size", &[Text, List, Object], &[], Result::Integer, "list.size()")
    },
    method("contains", &[Text], &[Text], Result::Boolean, "text.contains(part)"),
    method("startsWith", &[Text], &[Text], Result::Boolean, "text.startsWith(part)"),
    method("endsWith", &[Text], &[Text], Result::Boolean, "text.endsWith(part)"),
    Function {
        form: Form::Both,
        ..method("matches", &[Text], &[Text], Result::Boolean, "text.matches(\"^a+$\")")
    },
    free("string", &[Boolean, Number, Text], Result::Text, "string(number)"),
    free("int", &[Number, Text], Result::Integer, "int(text)"),
    free("double", &[Number, Text], Result::Number, "double(text)"),
    free("bool", &[Boolean, Text], Result::Boolean, "bool(text)"),
    free("type", ANYTHING, Result::Any, "type(value)"),
    free("dyn", ANYTHING, Result::Any, "dyn(value)"),
    method("lowerAscii", &[Text], &[], Result::Text, "text.lowerAscii()"),
    method("upperAscii", &[Text], &[], Result::Text, "text.upperAscii()"),
    method("trim", &[Text], &[], Result::Text, "text.trim()"),
    method("reverse", &[Text], &[], Result::Text, "text.reverse()"),
    method("charAt", &[Text], &[Number], Result::Text, "text.charAt(0)"),
    method("split", &[Text], &[Text], Result::Texts, "text.split(\",\")"),
    Function {
        required: 0,
        ..method("join", &[List], &[Text], Result::Text, "list.join(\", \")")
    },
    method(
        "replace",
        &[Text],
        &[Text, Text],
        Result::Text,
        "text.replace(\"a\", \"b\")",
    ),
    Function {
        required: 1,
        ..method(
            "substring",
            &[Text],
            &[Number, Number],
            Result::Text,
            "text.substring(0, 10)",
        )
    },
    method("indexOf", &[Text], &[Text], Result::Integer, "text.indexOf(part)"),
    method(
        "lastIndexOf",
        &[Text],
        &[Text],
        Result::Integer,
        "text.lastIndexOf(part)",
    ),
    method(
        "format",
        &[Text],
        &[List],
        Result::Text,
        "\"%s: %d\".format([name, count])",
    ),
];

/// What the parser writes out, with how each is written.
pub(crate) const MACROS: [(&str, &str); 7] = [
    ("has", "has(value.field)"),
    ("map", "list.map(x, x.field)"),
    ("filter", "list.filter(x, x.wanted)"),
    ("all", "list.all(x, x.ok)"),
    ("exists", "list.exists(x, x.ok)"),
    ("exists_one", "list.exists_one(x, x.ok)"),
    ("default", "default(value.field, \"none\")"),
];

impl Function {
    /// Whether it can be called on a value of this type, as `value.name()`.
    pub(crate) fn suits(&self, kind: &Type) -> bool {
        self.form != Form::Free
            && match sort(kind) {
                Sort::Any => true,
                Sort::One(class) => self.on.contains(&class),
                Sort::Mixed => false,
            }
    }

    /// Whether it can be called on its own, as `name(value)`.
    pub(crate) fn is_free(&self) -> bool {
        self.form != Form::Method
    }

    /// Whether it takes anything besides the value before the dot.
    pub(crate) fn takes_arguments(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// What comes out.
    pub(crate) fn result(&self) -> Type {
        result(self.result)
    }
}

impl Inference<'_> {
    pub(super) fn function(&mut self, expr: &IdedExpr, call: &CallExpr) -> Type {
        let name = call.func_name.as_str();
        let found = FUNCTIONS.iter().find(|function| function.name == name);
        if let (None, Some((_, usage))) = (found, MACROS.iter().find(|(known, _)| *known == name)) {
            // What it binds is not known, so that its arguments cannot be looked at.
            let span = self.name_span(expr);
            let message = format!("`{name}` is called in another way");
            let problem = Diagnostic::error(code::FUNCTION_ARGUMENTS, span, message);
            self.report.add(problem.hint(format!("write `{usage}`")));
            return Type::Any;
        }
        let target = call.target.as_deref();
        if MACROS.iter().any(|(known, _)| *known == name) {
            // Its arguments speak of items that it would have bound.
            target.iter().for_each(|target| drop(self.kind(target)));
            self.unknown_function(expr, name);
            return Type::Any;
        }
        let parts: Vec<&IdedExpr> = target.into_iter().chain(&call.args).collect();
        let kinds: Vec<Type> = parts.iter().map(|part| self.kind(part)).collect();
        parts.iter().for_each(|part| self.opaque(part));
        let Some(function) = found else {
            self.unknown_function(expr, name);
            return Type::Any;
        };
        let form_fits = match function.form {
            Form::Both => true,
            Form::Method => target.is_some(),
            Form::Free => target.is_none(),
        };
        let count = parts.len().wrapping_sub(1);
        if !form_fits || count < function.required || count > function.arguments.len() {
            let span = self.name_span(expr);
            let message = format!("`{name}` is called in another way");
            let problem = Diagnostic::error(code::FUNCTION_ARGUMENTS, span, message);
            self.report.add(problem.hint(format!("write `{}`", function.usage)));
            return result(function.result);
        }
        for (at, (part, kind)) in parts.iter().zip(kinds).enumerate() {
            let single = at
                .checked_sub(1)
                .and_then(|at| function.arguments.get(at))
                .map(std::slice::from_ref);
            self.argument(function, part, kind, single.unwrap_or(function.on));
        }
        if name == "matches" {
            self.pattern(parts[1]);
        }
        result(function.result)
    }

    fn argument(&mut self, function: &Function, part: &IdedExpr, kind: Type, wanted: &[Class]) {
        // `type` and `dyn` take anything at all.
        if wanted.len() == ANYTHING.len() {
            return;
        }
        let kind = self.there(part, kind);
        match sort(&kind) {
            Sort::Any => self.weak(part),
            Sort::One(class) if wanted.contains(&class) => {
                let whole = matches!(function.name, "charAt" | "substring") && class == Number;
                if whole && kind != Type::Integer {
                    self.wrong_argument(function, part, &kind, "a whole number");
                }
            }
            _ => {
                let names: Vec<&str> = wanted.iter().map(|class| class_name(*class)).collect();
                self.wrong_argument(function, part, &kind, &names.join(" or "));
            }
        }
        if function.name == "join"
            && let Type::List(item) = kind.shape()
            && !matches!(sort(item), Sort::One(Text) | Sort::Any)
        {
            let span = self.span(part);
            let message = format!("`join` takes a list of strings, and this is a list of {item}");
            let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
            self.report.add(problem.hint("`list.map(x, string(x)).join(\", \")`"));
        }
    }

    fn wrong_argument(&mut self, function: &Function, part: &IdedExpr, kind: &Type, wanted: &str) {
        let span = self.span(part);
        let message = format!("`{}` takes {wanted}, and this is {}", function.name, with_article(kind));
        let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
        let in_list = function.name == "contains" && matches!(sort(kind), Sort::One(List));
        self.report.add(match in_list {
            true => problem.hint("a list is asked with `item in list`"),
            false => problem.hint(format!("it is called as `{}`", function.usage)),
        });
    }

    /// A regular expression that is written out is tried, so that it does not fail in a run.
    fn pattern(&mut self, part: &IdedExpr) {
        let Expr::Literal(LiteralValue::String(_)) = &part.expr else {
            return;
        };
        let source = format!("\"\".matches({})", self.text(part));
        let tried = Expression::parse(&source, Span::new(SourceId(0), 0, 0))
            .ok()
            .and_then(|expression| expression.evaluate(&Nothing).err());
        if let Some(error) = tried {
            let span = self.span(part);
            let reason = error.reason.lines().last().unwrap_or("").trim().to_owned();
            let message = format!(
                "this is no regular expression: {}",
                reason.trim_start_matches("error: ")
            );
            self.report.add(
                Diagnostic::error(code::BAD_PATTERN, span, message)
                    .hint("in a raw text a backslash is itself: r\"\\d+\""),
            );
        }
    }

    fn unknown_function(&mut self, expr: &IdedExpr, name: &str) {
        let span = self.name_span(expr);
        let functions = FUNCTIONS.iter().map(|function| function.name);
        let known: Vec<&str> = functions.chain(MACROS.iter().map(|(name, _)| *name)).collect();
        let mut problem = Diagnostic::error(code::UNKNOWN_FUNCTION, span, format!("there is no function `{name}`"));
        let foreign = match name {
            "len" | "length" | "count" => Some("`list.size()`"),
            "lower" | "toLowerCase" | "downcase" => Some("`text.lowerAscii()`"),
            "upper" | "toUpperCase" => Some("`text.upperAscii()`"),
            "includes" => Some("`item in list`, `text.contains(part)`"),
            "toString" | "str" => Some("`string(value)`"),
            "any" | "some" => Some("`list.exists(x, …)`"),
            "every" => Some("`list.all(x, …)`"),
            "coalesce" | "or" | "orValue" => Some("`default(value, other)`"),
            _ => None,
        };
        problem.hints = match foreign {
            Some(ours) => vec![format!("here it is written {ours}")],
            None => self.report.hints(name, "functions", &known),
        };
        self.report.add(problem);
    }
}

/// No variables.
struct Nothing;

impl troupe_core::expression::Scope for Nothing {
    fn root(&self, _: &str, _: Option<&[String]>) -> Option<troupe_core::Value> {
        None
    }

    fn path<'a>(&'a self, _: &[String]) -> Option<std::borrow::Cow<'a, troupe_core::Value>> {
        None
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Boolean => "a boolean",
        Number => "a number",
        Text => "a string",
        List => "a list",
        Object => "an object",
    }
}

fn result(result: Result) -> Type {
    match result {
        Result::Boolean => Type::Boolean,
        Result::Integer => Type::Integer,
        Result::Number => Type::Number,
        Result::Text => Type::String,
        Result::Texts => Type::List(Box::new(Type::String)),
        Result::Any => Type::Any,
    }
}
