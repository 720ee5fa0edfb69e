//! The type of an expression, every name in it resolved; what may be null must have been asked about.
//!
//! What is not certain is `any`, which nothing complains about: a first mistake has no echo.

use super::cursor::CURSOR;
use super::facts::{Fact, Known, Word, concerned, facts_if, narrowed, path, refined};
use super::names::{Found, Place, Scope, Use};
use crate::code;
use crate::expression::Written;
use crate::report::Report;
use crate::shorthand;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use indexmap::IndexMap;
use std::borrow::Cow;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::types::Type;

/// Names of types, which CEL has as values.
const TYPE_NAMES: [&str; 8] = ["bool", "double", "int", "list", "map", "null_type", "string", "type"];

/// The type of an expression. Its references are noted in `found`, its mistakes reported.
pub(super) fn infer(report: &mut Report, scope: &Scope<'_>, found: &mut Found, written: &Written) -> Type {
    let mut inference = Inference {
        report,
        scope,
        found,
        written,
        locals: Vec::new(),
        facts: scope.facts.clone(),
        told: Vec::new(),
    };
    inference.kind(written.expression.root())
}

pub(super) struct Inference<'a> {
    pub(super) report: &'a mut Report,
    pub(super) scope: &'a Scope<'a>,
    pub(super) found: &'a mut Found,
    pub(super) written: &'a Written,
    /// Variables that `map`, `filter` and their kind bind, innermost last.
    pub(super) locals: Vec<(String, Type)>,
    /// What is known to hold where the walk stands.
    pub(super) facts: Vec<Fact>,
    /// Paths that were told to be null perhaps: what lies below them is no second mistake.
    pub(super) told: Vec<Vec<String>>,
}

/// What a part of an expression stands for.
pub(super) enum Meaning<'a> {
    Value(Cow<'a, Type>),
    Inputs,
    Steps,
    Step(usize),
    Env,
    Secrets,
}

impl<'a> Inference<'a> {
    /// The bytes of a part.
    pub(super) fn span(&self, expr: &IdedExpr) -> Span {
        let whole = &self.written.expression.place(expr).whole;
        self.written.part(whole.start, whole.end)
    }

    /// The bytes of a part's field, function or operator.
    pub(super) fn name_span(&self, expr: &IdedExpr) -> Span {
        let name = &self.written.expression.place(expr).name;
        self.written.part(name.start, name.end)
    }

    /// A part as it was written.
    pub(super) fn text(&self, expr: &IdedExpr) -> &str {
        let whole = self.written.expression.place(expr).whole.clone();
        self.written.expression.source().get(whole).unwrap_or("")
    }

    /// Whether a macro made the part.
    pub(super) fn is_made(&self, expr: &IdedExpr) -> bool {
        self.written.expression.place(expr).made
    }

    /// The type of a part that must be a value.
    pub(super) fn kind(&mut self, expr: &IdedExpr) -> Type {
        let (what, hint) = match self.meaning(expr) {
            // Loops can double a type as often as they please.
            Meaning::Value(kind) if shorthand::is_larger(&kind, shorthand::MAX_PARTS) => return Type::Any,
            Meaning::Value(kind) => match kind.as_ref() {
                Type::Schema(schema) => return schema.shape().clone(),
                _ => return kind.into_owned(),
            },
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
            Some((name, step)) => (name, step.fields()[0]),
            None => ("", "output"),
        }
    }

    fn meaning(&mut self, expr: &IdedExpr) -> Meaning<'a> {
        let value = |kind: Type| Meaning::Value(Cow::Owned(kind));
        let meaning = match &expr.expr {
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => self.select(expr, select),
            Expr::Comprehension(comprehension) => value(self.comprehension(comprehension)),
            Expr::Call(call) => value(self.call(expr, call)),
            Expr::Literal(literal) => value(literal_kind(literal)),
            Expr::List(list) => {
                let kinds: Vec<Type> = list.elements.iter().map(|item| self.kind(item)).collect();
                let item = kinds.into_iter().reduce(Type::or).unwrap_or(Type::Any);
                value(Type::List(Box::new(item)))
            }
            Expr::Map(map) => value(self.map(&map.entries)),
            Expr::Struct(_) | Expr::Unspecified => value(Type::Any),
        };
        match meaning {
            Meaning::Value(kind) if concerned(&self.facts, expr) => Meaning::Value(match path(expr) {
                Some(path) => Cow::Owned(self.narrowed(&path, kind.into_owned())),
                None => kind,
            }),
            meaning => meaning,
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

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Meaning<'a> {
        let bound = self.locals.iter().rev().find(|(local, _)| local == name);
        let found = match bound {
            Some((_, kind)) => Some((Cow::Owned(kind.clone()), None)),
            None => {
                let scope = self.scope;
                let local = scope.locals.iter().rev().find(|local| local.name == name);
                local.map(|local| (Cow::Borrowed(&local.kind), local.declared))
            }
        };
        if let Some((kind, declared)) = found {
            self.note(expr, &kind, declared, None);
            return Meaning::Value(kind);
        }
        if name == CURSOR && self.found.question.is_open() {
            self.answer_with_variables();
            return Meaning::Value(Cow::Owned(Type::Any));
        }
        let visible = self.scope.place.roots().contains(&name);
        match name {
            "inputs" if visible => Meaning::Inputs,
            "steps" if visible => Meaning::Steps,
            "env" if visible => Meaning::Env,
            "secrets" if visible => Meaning::Secrets,
            "inputs" | "steps" | "env" | "secrets" | "output" | "round" | "carry" => {
                let span = self.span(expr);
                self.not_visible(name, span);
                Meaning::Value(Cow::Owned(Type::Any))
            }
            name if TYPE_NAMES.contains(&name) => Meaning::Value(Cow::Owned(Type::Any)),
            name => {
                let span = self.span(expr);
                self.unknown_name(name, span);
                Meaning::Value(Cow::Owned(Type::Any))
            }
        }
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Meaning<'a> {
        let field = select.field.as_str();
        let operand = self.meaning(&select.operand);
        if field == CURSOR && self.found.question.is_open() {
            self.answer_with_parts(operand);
            return Meaning::Value(Cow::Owned(Type::Any));
        }
        let span = self.name_span(if self.is_made(expr) { &select.operand } else { expr });
        let meaning = match operand {
            Meaning::Inputs => {
                let kind = self.input(field, span);
                let declared = self.scope.names.inputs.get(field).map(|input| input.span);
                self.note(expr, &kind, declared, None);
                Meaning::Value(kind)
            }
            Meaning::Steps => {
                let meaning = self.step(field, span);
                if let Meaning::Step(step) = meaning {
                    let declared = self.scope.names.steps.get_index(step).map(|(_, step)| step.span);
                    self.note(expr, &Type::Any, declared, Some(step));
                }
                meaning
            }
            Meaning::Step(step) => {
                let kind = self.step_value(step, field, span);
                self.note(expr, &kind, None, None);
                Meaning::Value(kind)
            }
            Meaning::Env => {
                if self.scope.place != Place::Model {
                    self.found.env.insert(field.to_owned());
                }
                Meaning::Value(Cow::Owned(Type::String))
            }
            Meaning::Secrets => {
                self.found.secrets.insert(field.to_owned());
                Meaning::Value(Cow::Owned(Type::String))
            }
            Meaning::Value(kind) if select.test => {
                self.tested(expr, select, &kind);
                Meaning::Value(Cow::Owned(Type::Boolean))
            }
            Meaning::Value(kind) => {
                let kind = match borrowed_field(&kind, field) {
                    Some(kind) => Cow::Borrowed(kind),
                    None => Cow::Owned(self.field(&select.operand, &kind, field, span)),
                };
                self.note(expr, &kind, None, None);
                Meaning::Value(kind)
            }
        };
        if select.test {
            Meaning::Value(Cow::Owned(Type::Boolean))
        } else {
            meaning
        }
    }

    /// `has(value.field)`: the value itself must be there, and a field that can never be is a slip.
    fn tested(&mut self, expr: &IdedExpr, select: &SelectExpr, kind: &Type) {
        if self.is_made(expr) {
            return;
        }
        let solid = self.there(&select.operand, kind.clone());
        if let Type::Object(fields) = solid.shape()
            && !fields.contains_key(&select.field)
        {
            let span = self.name_span(expr);
            self.field(&select.operand, &solid, &select.field, span);
        }
    }

    fn note(&mut self, expr: &IdedExpr, kind: &Type, declared: Option<Span>, step: Option<usize>) {
        if self.found.uses.is_none() || self.is_made(expr) {
            return;
        }
        let kind = match path(expr) {
            Some(path) if concerned(&self.facts, expr) => self.narrowed(&path, kind.clone()),
            _ => kind.clone(),
        };
        let span = self.name_span(expr);
        if let Some(uses) = &mut self.found.uses {
            uses.push(Use {
                span,
                kind,
                declared,
                step,
            });
        }
    }

    /// The type at a path, by what is known where the walk stands.
    fn narrowed(&self, path: &[String], kind: Type) -> Type {
        let known = |wanted: Known| self.facts.iter().any(|f| f.path == path && f.known == wanted);
        let step = match path {
            [steps, name, _] if steps == "steps" => self.scope.names.steps.get(name),
            _ => None,
        };
        let kind = match step {
            Some(step)
                if known(Known::Succeeded)
                    || known(Known::StatusIsNot(Word::Skipped)) && !step.continues
                    || known(Known::StatusIsNot(Word::Failed)) && step.when.is_none() =>
            {
                step.output.clone()
            }
            _ => kind,
        };
        narrowed(&self.facts, path, kind)
    }

    /// Walks a part under what a condition tells.
    pub(super) fn kind_under(&mut self, expr: &IdedExpr, facts: Vec<Fact>) -> Type {
        let before = self.facts.len();
        self.facts.extend(facts);
        let kind = self.kind(expr);
        self.facts.truncate(before);
        kind
    }

    /// `map`, `filter`, `all`, `exists` and `exists_one`, which the parser has written out as loops.
    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Type {
        let range = self.kind(&comprehension.iter_range);
        let range = self.there(&comprehension.iter_range, range);
        let item = self.item_of(&range, &comprehension.iter_range);
        let depth = self.locals.len();
        let variable = &comprehension.iter_var;
        // What is known of an outer variable says nothing of an inner one of its name.
        let outer = std::mem::take(&mut self.facts);
        self.facts = outer
            .iter()
            .filter(|fact| fact.path.first() != Some(variable))
            .cloned()
            .collect();
        self.locals.push((variable.clone(), item.clone()));
        // The accumulator is the parser's own: uncertain, so that nothing is said about it.
        self.locals.push((comprehension.accu_var.clone(), Type::Any));
        let kind = match (&comprehension.accu_init.expr, collected(&comprehension.loop_step)) {
            (Expr::List(_), Some(part)) => {
                let mut facts = Vec::new();
                if let Some(condition) = condition(&comprehension.loop_step) {
                    self.condition(condition, "the condition of a loop");
                    facts = facts_if(condition, true);
                }
                let is_filter = matches!(&part.expr, Expr::Ident(name) if name == variable);
                let item = if is_filter {
                    refined(&facts, variable, item)
                } else {
                    self.kind_under(part, facts)
                };
                Type::List(Box::new(item))
            }
            (Expr::Literal(LiteralValue::Boolean(_) | LiteralValue::Int(_)), _) => {
                if let Some(body) = quantified(&comprehension.loop_step) {
                    self.condition(body, "the condition of a loop");
                }
                Type::Boolean
            }
            _ => Type::Any,
        };
        self.locals.truncate(depth);
        self.facts = outer;
        kind
    }
}

/// The field of a declared object, without a copy of the object.
fn borrowed_field<'a>(kind: &Cow<'a, Type>, name: &str) -> Option<&'a Type> {
    match kind {
        Cow::Borrowed(Type::Object(fields)) => fields.get(name),
        _ => None,
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

/// What a loop adds to its list: `so far + [part]`, perhaps under a condition.
fn collected(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::CONDITIONAL, [_, added, _]) => collected(added),
        (operators::ADD, [_, list]) => match &list.expr {
            Expr::List(list) => list.elements.first(),
            _ => None,
        },
        _ => None,
    }
}

/// The condition under which a loop adds to its list.
fn condition(step: &IdedExpr) -> Option<&IdedExpr> {
    match &step.expr {
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => call.args.first(),
        _ => None,
    }
}

/// What `all`, `exists` and `exists_one` ask of each item.
fn quantified(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [_, body]) | (operators::CONDITIONAL, [body, _, _]) => {
            Some(body)
        }
        _ => None,
    }
}
