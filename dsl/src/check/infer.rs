//! The type of an expression, as far as it is certain; every name in it resolved.
//!
//! What is not certain is `any`, which nothing complains about: a first mistake has no echo, and no
//! correct file is refused.

use super::names::{Found, Place, Scope};
use crate::code;
use crate::expression::Written;
use crate::report::Report;
use crate::shorthand;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use indexmap::IndexMap;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::types::Type;

/// Names of types, which CEL has as values.
const TYPE_NAMES: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// The type of an expression. Its references are noted in `found`, its mistakes reported.
pub(super) fn infer(report: &mut Report, scope: &Scope<'_>, found: &mut Found, written: &Written) -> Type {
    let mut inference = Inference {
        report,
        scope,
        found,
        written,
        locals: Vec::new(),
    };
    let program = written.expression.program();
    inference.kind(program.expression())
}

pub(super) struct Inference<'a> {
    pub(super) report: &'a mut Report,
    pub(super) scope: &'a Scope<'a>,
    pub(super) found: &'a mut Found,
    pub(super) written: &'a Written,
    /// Variables that `map`, `filter` and their kind bind, innermost last.
    pub(super) locals: Vec<(String, Type)>,
}

/// What a part of an expression stands for.
pub(super) enum Meaning {
    Value(Type),
    Inputs,
    Steps,
    Step(usize),
    Env,
    Secrets,
}

impl Inference<'_> {
    /// The type of a part that must be a value.
    pub(super) fn kind(&mut self, expr: &IdedExpr) -> Type {
        let (what, hint) = match self.meaning(expr) {
            // Loops can double a type as often as they please.
            Meaning::Value(kind) if shorthand::is_larger(&kind, shorthand::MAX_PARTS) => return Type::Any,
            Meaning::Value(kind) => return kind,
            Meaning::Inputs => {
                self.found.all_inputs = true;
                return self.scope.names.all_inputs.clone();
            }
            Meaning::Steps => (
                "`steps` is all steps".to_owned(),
                "name one: `steps.NAME.output`".to_owned(),
            ),
            Meaning::Step(step) => {
                let (name, field) = self.step_field(step);
                (
                    format!("`steps.{name}` is a step"),
                    format!("its value is `steps.{name}.{field}`"),
                )
            }
            Meaning::Env => (
                "`env` is the whole environment".into(),
                "name one variable: `env.NAME`".into(),
            ),
            Meaning::Secrets => ("`secrets` is all secrets".into(), "name one: `secrets.NAME`".into()),
        };
        let span = self.span(expr);
        self.report
            .add(Diagnostic::error(code::NOT_A_VALUE, span, format!("{what}, which is no value")).hint(hint));
        Type::Any
    }

    pub(super) fn step_field(&self, step: usize) -> (&str, &'static str) {
        match self.scope.names.steps.get_index(step) {
            Some((name, step)) => (name, if step.fan_out { "outputs" } else { "output" }),
            None => ("", "output"),
        }
    }

    fn meaning(&mut self, expr: &IdedExpr) -> Meaning {
        match &expr.expr {
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => self.select(expr, select),
            Expr::Comprehension(comprehension) => Meaning::Value(self.comprehension(comprehension)),
            Expr::Call(call) => Meaning::Value(self.call(expr, call)),
            Expr::Literal(literal) => Meaning::Value(literal_kind(literal)),
            Expr::List(list) => {
                let kinds: Vec<Type> = list.elements.iter().map(|item| self.kind(item)).collect();
                let item = kinds.into_iter().reduce(Type::or).unwrap_or(Type::Any);
                Meaning::Value(Type::List(Box::new(item)))
            }
            Expr::Map(map) => Meaning::Value(self.map(&map.entries)),
            Expr::Struct(_) => {
                let span = self.span(expr);
                self.report
                    .error(code::UNKNOWN_FUNCTION, span, "there are no message types to build here");
                Meaning::Value(Type::Any)
            }
            Expr::Unspecified => Meaning::Value(Type::Any),
        }
    }

    fn map(&mut self, entries: &[cel::common::ast::IdedEntryExpr]) -> Type {
        let mut fields = IndexMap::new();
        let mut certain = true;
        for entry in entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let value = self.kind(&entry.value);
            if let Expr::Literal(LiteralValue::String(name)) = &entry.key.expr {
                fields.insert(name.inner().to_owned(), value);
            } else {
                self.kind(&entry.key);
                certain = false;
            }
        }
        if certain { Type::Object(fields) } else { Type::Any }
    }

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Meaning {
        if let Some((_, kind)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Meaning::Value(kind.clone());
        }
        if let Some((item, kind)) = &self.scope.item
            && *item == name
        {
            return Meaning::Value(kind.clone());
        }
        let visible = self.scope.place.roots().contains(&name);
        match name {
            "inputs" if visible => Meaning::Inputs,
            "steps" if visible => Meaning::Steps,
            "env" if visible => Meaning::Env,
            "secrets" if visible => Meaning::Secrets,
            "inputs" | "steps" | "env" | "secrets" => {
                let span = self.span(expr);
                self.not_visible(name, span);
                Meaning::Value(Type::Any)
            }
            name if TYPE_NAMES.contains(&name) => Meaning::Value(Type::Any),
            name => {
                let span = self.span(expr);
                self.unknown_name(name, span);
                Meaning::Value(Type::Any)
            }
        }
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Meaning {
        let field = select.field.as_str();
        let operand = self.meaning(&select.operand);
        let span = self.field_span(expr, select);
        let meaning = match operand {
            Meaning::Inputs => Meaning::Value(self.input(field, span)),
            Meaning::Steps => self.step(field, span),
            Meaning::Step(step) => Meaning::Value(self.step_value(step, field, span)),
            Meaning::Env => {
                if self.scope.place != Place::Model {
                    self.found.env.insert(field.to_owned());
                }
                Meaning::Value(Type::String)
            }
            Meaning::Secrets => Meaning::Value(Type::String),
            // `has` asks whether the field is there: no mistake if not.
            Meaning::Value(_) if select.test => Meaning::Value(Type::Boolean),
            Meaning::Value(kind) => Meaning::Value(self.field(&kind, field, span)),
        };
        if select.test {
            Meaning::Value(Type::Boolean)
        } else {
            meaning
        }
    }

    /// `map`, `filter`, `all`, `exists` and `exists_one`, which the parser has written out as loops.
    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Type {
        let range = self.kind(&comprehension.iter_range);
        let item = self.item_of(&range, &comprehension.iter_range);
        let depth = self.locals.len();
        self.locals.push((comprehension.iter_var.clone(), item));
        if let Some(second) = &comprehension.iter_var2 {
            self.locals.push((second.clone(), Type::Any));
        }
        // The accumulator is the parser's own: uncertain, so that nothing is said about it.
        self.locals.push((comprehension.accu_var.clone(), Type::Any));
        let collected = collected(&comprehension.loop_step);
        let kind = match (&comprehension.accu_init.expr, collected) {
            (Expr::List(_), Some(part)) => {
                let item = self.kind(part);
                if let Some(condition) = condition(&comprehension.loop_step) {
                    let kind = self.kind(condition);
                    self.expect_boolean(&kind, condition, "a condition of `filter` or `map`");
                }
                Type::List(Box::new(item))
            }
            (Expr::Literal(LiteralValue::Boolean(_) | LiteralValue::Int(_)), _) => {
                self.kind(&comprehension.loop_step);
                Type::Boolean
            }
            _ => {
                self.kind(&comprehension.loop_step);
                Type::Any
            }
        };
        self.locals.truncate(depth);
        kind
    }
}

fn literal_kind(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Boolean,
        LiteralValue::Double(_) => Type::Number,
        LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Integer,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::String,
        LiteralValue::Bytes(_) => Type::Any,
    }
}

/// What a loop adds to its list: `@result + [part]`, perhaps under a condition.
fn collected(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        ("_?_:_", [_, added, _]) => collected(added),
        ("_+_", [_, list]) => match &list.expr {
            Expr::List(list) => list.elements.first(),
            _ => None,
        },
        _ => None,
    }
}

/// The condition under which a loop adds to its list.
fn condition(step: &IdedExpr) -> Option<&IdedExpr> {
    match &step.expr {
        Expr::Call(call) if call.func_name == "_?_:_" => call.args.first(),
        _ => None,
    }
}
