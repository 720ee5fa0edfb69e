//! CEL expressions and text with `${{ … }}` in it, evaluated over JSON.

mod arithmetic;
mod lexer;
mod macros;
mod parse;

pub use arithmetic::operators;
pub use parse::{Place, RESERVED, SyntaxError};

use crate::diagnostic::Span;
use crate::{Object, Value};
use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A compiled CEL expression that remembers where it was written.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    source: String,
    span: Span,
    /// Set when the expression is a plain path such as `row.paper`: walked without the interpreter.
    path: Option<Vec<String>>,
    /// The variables that it reads: each with the fields that it selects, or none for all of it.
    roots: Vec<(String, Option<Vec<String>>)>,
    root: IdedExpr,
    /// By the ids of the tree's parts.
    places: Vec<Place>,
}

/// Why an expression could not be evaluated: names the expression and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{source_text}` failed: {reason}")]
pub struct EvaluationError {
    /// The expression as written.
    pub source_text: String,
    /// Where it was written.
    pub span: Span,
    /// What the interpreter says.
    pub reason: String,
}

/// Gives expressions their variables, by the name of the root: `inputs`, `steps`, `env`, an item's name.
pub trait Scope {
    /// The value of a root variable; with `fields`, no other of its fields is looked at.
    fn root(&self, name: &str, fields: Option<&[String]>) -> Option<Value>;
    /// The value at `root.path…`, borrowed; `None` when absent.
    fn path<'a>(&'a self, path: &[String]) -> Option<std::borrow::Cow<'a, Value>>;
}

impl Expression {
    /// Parses CEL.
    pub fn parse(source: &str, span: Span) -> Result<Self, SyntaxError> {
        let (root, places) = parse::parse(source)?;
        let path = plain_path(&root.expr);
        let mut roots = Vec::new();
        collect_roots(&root.expr, &mut roots);
        Ok(Self(Arc::new(Compiled {
            roots,
            source: source.to_owned(),
            span,
            path,
            root,
            places,
        })))
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Where it was written.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// The tree, macros written out, for checks.
    pub fn root(&self) -> &IdedExpr {
        &self.0.root
    }

    /// Where a part of the tree stands in the source.
    pub fn place(&self, part: &IdedExpr) -> &Place {
        let at = usize::try_from(part.id).unwrap_or(0);
        &self.0.places[at.min(self.0.places.len() - 1)]
    }

    /// The variables that it reads: each with the fields that it selects, or none for all of it.
    pub fn roots(&self) -> &[(String, Option<Vec<String>>)] {
        &self.0.roots
    }

    /// Evaluates to JSON.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvaluationError> {
        if let Some(path) = &self.0.path {
            return match scope.path(path) {
                Some(value) => Ok(value.into_owned()),
                None => Err(self.error(format!("there is no `{}`", path.join(".")))),
            };
        }
        let mut context = cel::Context::with_env(standard());
        for (name, fields) in &self.0.roots {
            if let Some(value) = scope.root(name, fields.as_deref()) {
                context.add_variable_from_value(name.as_str(), to_cel(&value));
            }
        }
        let value = context.resolve(&self.0.root).map_err(|e| self.error(readable(&e)))?;
        value
            .json()
            .map_err(|e| self.error(format!("its value is not JSON: {e}")))
    }

    /// Evaluates a condition: anything but a boolean is an error.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, EvaluationError> {
        match self.evaluate(scope)? {
            Value::Bool(value) => Ok(value),
            other => Err(self.error(format!(
                "a condition must be true or false, and this is {}",
                crate::types::describe(&other)
            ))),
        }
    }

    /// An error of this expression, for what is wrong with its value rather than its evaluation.
    pub fn error(&self, reason: String) -> EvaluationError {
        EvaluationError {
            source_text: self.0.source.clone(),
            span: self.0.span,
            reason,
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.0.source)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source && self.0.span == other.0.span
    }
}

fn standard() -> Arc<cel::Env> {
    static STANDARD: OnceLock<Arc<cel::Env>> = OnceLock::new();
    STANDARD
        .get_or_init(|| {
            let mut functions = cel::Env::stdlib();
            functions
                .add_extension(cel::extensions::strings)
                .expect("no function of the extension is a standard one");
            arithmetic::declare(&mut functions);
            Arc::new(functions)
        })
        .clone()
}

fn plain_path(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) if !select.test => {
            let mut path = plain_path(&select.operand.expr)?;
            path.push(select.field.clone());
            Some(path)
        }
        _ => None,
    }
}

/// Which variables an expression reads, and which of their fields: so that `steps.a.output.size()`
/// never converts the output of step `b`. Names bound by `map` and `filter` are collected too; they
/// name nothing in the scope.
fn collect_roots(expr: &Expr, roots: &mut Vec<(String, Option<Vec<String>>)>) {
    match expr {
        Expr::Ident(name) => note_root(name, None, roots),
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(name) => note_root(name, Some(&select.field), roots),
            operand => collect_roots(operand, roots),
        },
        Expr::Call(call) => {
            call.target.iter().for_each(|target| collect_roots(&target.expr, roots));
            call.args
                .iter()
                .for_each(|argument| collect_roots(&argument.expr, roots));
        }
        Expr::List(list) => list
            .elements
            .iter()
            .for_each(|element| collect_roots(&element.expr, roots)),
        Expr::Map(map) => map.entries.iter().for_each(|entry| collect_entry(&entry.expr, roots)),
        Expr::Struct(value) => value.entries.iter().for_each(|entry| collect_entry(&entry.expr, roots)),
        Expr::Comprehension(comprehension) => {
            let parts = [
                &comprehension.iter_range,
                &comprehension.accu_init,
                &comprehension.loop_cond,
                &comprehension.loop_step,
                &comprehension.result,
            ];
            parts.into_iter().for_each(|part| collect_roots(&part.expr, roots));
        }
        Expr::Literal(_) | Expr::Unspecified => {}
    }
}

fn collect_entry(entry: &EntryExpr, roots: &mut Vec<(String, Option<Vec<String>>)>) {
    match entry {
        EntryExpr::StructField(field) => collect_roots(&field.value.expr, roots),
        EntryExpr::MapEntry(entry) => {
            collect_roots(&entry.key.expr, roots);
            collect_roots(&entry.value.expr, roots);
        }
    }
}

fn note_root(name: &str, field: Option<&str>, roots: &mut Vec<(String, Option<Vec<String>>)>) {
    let field = field.map(str::to_owned);
    match roots.iter_mut().find(|(known, _)| known == name) {
        None => roots.push((name.to_owned(), field.map(|field| vec![field]))),
        Some((_, fields)) => match (fields.as_mut(), field) {
            (_, None) => *fields = None,
            (Some(fields), Some(field)) if !fields.contains(&field) => fields.push(field),
            _ => {}
        },
    }
}

fn readable(error: &cel::ExecutionError) -> String {
    match error {
        cel::ExecutionError::NoSuchKey(key) => format!("there is no field `{key}`"),
        cel::ExecutionError::UndeclaredReference(name) => format!("there is no `{name}`"),
        cel::ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            let sign = match *operator {
                "add" => "+",
                "sub" => "-",
                "mul" => "*",
                "div" => "/",
                "rem" | "mod" => "%",
                other => other,
            };
            let kind = |value: &cel::Value| crate::types::describe(&value.json().unwrap_or(Value::Null));
            format!("`{sign}` cannot take {} and {}", kind(left), kind(right))
        }
        other => other.to_string(),
    }
}

/// Whole numbers become CEL `int` whatever their sign, so that `n + 1` works for all of them.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(b) => cel::Value::Bool(*b),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => cel::Value::Int(i),
            (None, Some(u)) => cel::Value::UInt(u),
            _ => cel::Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let map: std::collections::HashMap<String, cel::Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), to_cel(value)))
                .collect();
            map.into()
        }
    }
}

/// A value in YAML: a literal, an expression that keeps its type, or text around expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// Data without expressions.
    Literal(Value),
    /// Exactly one `${{ … }}`: the value keeps its type.
    Expression(Expression),
    /// Text with expressions in it: always a string.
    Text(Vec<Segment>),
    /// A list with templates in it.
    List(Vec<Template>),
    /// An object with templates in it.
    Object(Vec<(String, Template)>),
}

/// A piece of interpolated text.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment {
    /// Text as it is.
    Text(String),
    /// `${{ … }}`.
    Expression(Expression),
}

impl Template {
    /// Evaluates everything inside.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvaluationError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Expression(expression) => expression.evaluate(scope)?,
            Self::Text(segments) => {
                let mut text = String::new();
                for segment in segments {
                    match segment {
                        Segment::Text(piece) => text.push_str(piece),
                        Segment::Expression(expression) => text.push_str(&as_text(&expression.evaluate(scope)?)),
                    }
                }
                Value::String(text)
            }
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.evaluate(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(fields) => {
                let mut object = Object::new();
                for (name, field) in fields {
                    object.insert(name.clone(), field.evaluate(scope)?);
                }
                Value::Object(object)
            }
        })
    }

    /// Evaluates to text: strings as they are, everything else as JSON.
    pub fn evaluate_text(&self, scope: &dyn Scope) -> Result<String, EvaluationError> {
        self.evaluate(scope).map(|value| as_text(&value))
    }

    /// Visits every expression inside, in the order of the text.
    pub fn each_expression<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        match self {
            Self::Literal(_) => {}
            Self::Expression(expression) => visit(expression),
            Self::Text(segments) => segments.iter().for_each(|segment| {
                if let Segment::Expression(expression) = segment {
                    visit(expression);
                }
            }),
            Self::List(items) => items.iter().for_each(|item| item.each_expression(visit)),
            Self::Object(fields) => fields.iter().for_each(|(_, field)| field.each_expression(visit)),
        }
    }
}

/// How a value reads inside text: a string as it is, null as nothing, a number without a fraction
/// without a point, everything else as JSON.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            let text = number.to_string();
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        }
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
