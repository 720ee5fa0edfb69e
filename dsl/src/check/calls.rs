//! Operators and functions: what they take, and what comes out.

use super::fields::with_article;
use super::infer::Inference;
use crate::code;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::types::Type;

/// The functions that expressions may call, macros included.
const FUNCTIONS: [&str; 22] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "has",
    "map",
    "filter",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "hasValue",
    "orValue",
];

/// A type as far as an operator cares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

/// None when it is not certain.
fn class(kind: &Type) -> Option<Class> {
    Some(match kind {
        Type::Any | Type::Absent | Type::Union(_) => return None,
        Type::Schema(schema) => return class(schema.shape()),
        Type::Null => Class::Null,
        Type::Boolean => Class::Boolean,
        Type::Integer | Type::Number => Class::Number,
        Type::String | Type::File | Type::Enum(_) => Class::Text,
        Type::List(_) => Class::List,
        Type::Object(_) => Class::Object,
    })
}

impl Inference<'_> {
    pub(super) fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Type {
        let name = call.func_name.as_str();
        // `optional.of(x)`: a name with a dot in it, and no variable.
        let qualified = call
            .target
            .as_ref()
            .is_some_and(|t| matches!(&t.expr, Expr::Ident(n) if n == "optional"));
        let target = match &call.target {
            Some(target) if !qualified => Some(self.kind(target)),
            _ => None,
        };
        if name == operators::INDEX {
            return self.index(call);
        }
        let kinds: Vec<Type> = call.args.iter().map(|arg| self.kind(arg)).collect();
        match (name, kinds.as_slice()) {
            (operators::ADD, [left, right]) => self.add(expr, left, right),
            (operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, [left, right]) => {
                self.arithmetic(call, left, right)
            }
            (operators::NEGATE, [operand]) => self.negate(expr, operand),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => self.compare(expr, left, right),
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => {
                for (kind, arg) in kinds.iter().zip(&call.args) {
                    self.expect_boolean(kind, arg, "a part of a condition");
                }
                Type::Boolean
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                self.expect_boolean(condition, &call.args[0], "the condition before `?`");
                yes.clone().or(no.clone())
            }
            (operators::EQUALS | operators::NOT_EQUALS | operators::IN | operators::NOT_STRICTLY_FALSE, _) => {
                Type::Boolean
            }
            _ if qualified => Type::Any,
            (name, kinds) => self.function(expr, name, target.as_ref().or(kinds.first())),
        }
    }

    fn function(&mut self, expr: &IdedExpr, name: &str, first: Option<&Type>) -> Type {
        match name {
            "size" => {
                if let Some(kind) = first
                    && matches!(class(kind), Some(Class::Null | Class::Boolean | Class::Number))
                {
                    let span = self.function_span(expr, name);
                    self.report
                        .error(code::WRONG_TYPE, span, format!("{} has no size", with_article(kind)));
                }
                Type::Integer
            }
            "contains" | "startsWith" | "endsWith" | "matches" | "bool" => Type::Boolean,
            "string" => Type::String,
            "int" | "uint" => Type::Integer,
            "double" => Type::Number,
            "bytes" | "type" | "dyn" | "hasValue" | "value" | "or" | "orValue" => Type::Any,
            _ => {
                let span = self.function_span(expr, name);
                let mut problem =
                    Diagnostic::error(code::UNKNOWN_FUNCTION, span, format!("there is no function `{name}`"));
                problem.hints = match FUNCTIONS.contains(&name) {
                    // A macro with the wrong number of arguments stays a call.
                    true => vec![format!(
                        "`{name}` takes other arguments: `list.map(x, x.field)`, `list.filter(x, x.wanted)`, `has(value.field)`"
                    )],
                    false => self.report.hints(name, "functions", &FUNCTIONS),
                };
                self.report.add(problem);
                Type::Any
            }
        }
    }

    pub(super) fn expect_boolean(&mut self, kind: &Type, expr: &IdedExpr, what: &str) {
        if class(kind).is_none_or(|class| class == Class::Boolean) {
            return;
        }
        let span = self.span(expr);
        let problem = Diagnostic::error(
            code::WRONG_TYPE,
            span,
            format!("{what} must be true or false, and this is {}", with_article(kind)),
        );
        self.report.add(match class(kind) {
            Some(Class::Text) => problem.hint("compare it: `value != \"\"`"),
            Some(Class::Number) => problem.hint("compare it: `value > 0`"),
            Some(Class::List) => problem.hint("ask for its size: `list.size() > 0`"),
            _ => problem,
        });
    }

    fn add(&mut self, expr: &IdedExpr, left: &Type, right: &Type) -> Type {
        match (class(left), class(right)) {
            (Some(Class::Number), Some(Class::Number)) => number(left, right),
            (Some(Class::Text), Some(Class::Text) | None) | (None, Some(Class::Text)) => Type::String,
            (Some(Class::List), Some(Class::List)) => match (left, right) {
                (Type::List(left), Type::List(right)) => {
                    Type::List(Box::new(left.as_ref().clone().or(right.as_ref().clone())))
                }
                _ => Type::Any,
            },
            (Some(a), Some(b)) => {
                let span = self.span(expr);
                let message = format!("`+` cannot add {} and {}", with_article(left), with_article(right));
                let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
                self.report.add(match a == Class::Text || b == Class::Text {
                    true => problem.hint("`string(value)` makes text of a number or a boolean"),
                    false => problem,
                });
                Type::Any
            }
            _ => Type::Any,
        }
    }

    fn arithmetic(&mut self, call: &CallExpr, left: &Type, right: &Type) -> Type {
        for (kind, arg) in [left, right].into_iter().zip(&call.args) {
            if class(kind).is_some_and(|class| class != Class::Number) {
                let span = self.span(arg);
                let operator = call.func_name.trim_matches('_');
                let message = format!("`{operator}` takes numbers, and this is {}", with_article(kind));
                self.report.error(code::WRONG_TYPE, span, message);
                return Type::Number;
            }
        }
        match (class(left), class(right)) {
            (Some(_), Some(_)) => number(left, right),
            _ => Type::Any,
        }
    }

    fn negate(&mut self, expr: &IdedExpr, operand: &Type) -> Type {
        if class(operand).is_some_and(|class| class != Class::Number) {
            let span = self.span(expr);
            let message = format!("`-` takes a number, and this is {}", with_article(operand));
            self.report.error(code::WRONG_TYPE, span, message);
            return Type::Any;
        }
        operand.clone()
    }

    fn compare(&mut self, expr: &IdedExpr, left: &Type, right: &Type) -> Type {
        if let (Some(a), Some(b)) = (class(left), class(right))
            && (a != b || matches!(a, Class::Null | Class::List | Class::Object))
        {
            let span = self.span(expr);
            let message = format!("{} and {} have no order", with_article(left), with_article(right));
            self.report.error(code::WRONG_TYPE, span, message);
        }
        Type::Boolean
    }

    fn index(&mut self, call: &CallExpr) -> Type {
        let [value, index] = call.args.as_slice() else {
            return Type::Any;
        };
        let kind = self.kind(value);
        let index_kind = self.kind(index);
        match &kind {
            Type::List(item) => {
                if class(&index_kind).is_some_and(|class| class != Class::Number) {
                    let span = self.span(index);
                    let message = format!(
                        "items of a list are counted from 0, and this is {}",
                        with_article(&index_kind)
                    );
                    self.report.error(code::WRONG_TYPE, span, message);
                }
                item.as_ref().clone()
            }
            Type::Object(_) => match &index.expr {
                Expr::Literal(LiteralValue::String(name)) => {
                    let span = self.span(index);
                    self.field(&kind, name.inner(), span)
                }
                _ => Type::Any,
            },
            _ => Type::Any,
        }
    }
}

/// Whole numbers stay whole among themselves.
fn number(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Integer, Type::Integer) => Type::Integer,
        _ => Type::Number,
    }
}

#[cfg(test)]
mod tests;
