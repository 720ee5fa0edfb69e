//! The type of an expression, as far as it is certain; every name in it resolved.
//!
//! What is not certain is `any`, which nothing complains about: a first mistake has no echo, and no
//! correct file is refused.

use super::names::{Found, Place, Scope};
use crate::code;
use crate::expression::Written;
use crate::nearest;
use crate::report::Report;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use indexmap::IndexMap;
use troupe_core::diagnostic::{Diagnostic, Span};
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
    found: &'a mut Found,
    written: &'a Written,
    /// Variables that `map`, `filter` and their kind bind, innermost last.
    locals: Vec<(String, Type)>,
}

/// What a part of an expression stands for.
enum Meaning {
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
            Meaning::Value(kind) => return kind,
            Meaning::Inputs => {
                self.found.inputs.extend(self.scope.names.inputs.keys().cloned());
                return Type::Object(self.scope.names.inputs.clone());
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

    fn step_field(&self, step: usize) -> (&str, &'static str) {
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

    fn not_visible(&mut self, name: &str, span: Span) {
        let place = self.scope.place;
        let problem = if name == "secrets" && place != Place::Model {
            Diagnostic::error(
                code::NOT_YET,
                span,
                "`secrets` outside of `models` is not available yet",
            )
            .hint("today secrets are read by a model's `api_key` and `base_url` alone")
        } else {
            Diagnostic::error(
                code::NOT_VISIBLE,
                span,
                format!("{} cannot read `{name}`", place.describe()),
            )
            .hint(format!("it can read {}", nearest::list(place.roots().iter().copied())))
        };
        self.report.add(problem);
    }

    fn unknown_name(&mut self, name: &str, span: Span) {
        if self.scope.hidden_item == Some(name) {
            self.report.add(
                Diagnostic::error(
                    code::NOT_VISIBLE,
                    span,
                    format!("`{name}` is not there yet: this is decided once, before the fan-out"),
                )
                .hint("items can be left out in `for_each`: `for_each: list.filter(x, x.wanted)`"),
            );
            return;
        }
        let mut problem = Diagnostic::error(code::UNKNOWN_NAME, span, format!("there is no variable `{name}`"));
        let names = self.scope.names;
        if self.scope.place != Place::Model && names.inputs.contains_key(name) {
            problem = problem.hint(format!("did you mean the input: `inputs.{name}`?"));
        } else if let Some((index, ..)) = names.steps.get_full(name) {
            let (name, field) = self.step_field(index);
            problem = problem.hint(format!("did you mean the step: `steps.{name}.{field}`?"));
        } else {
            let mut known: Vec<&str> = self.scope.place.roots().to_vec();
            known.extend(self.scope.item.as_ref().map(|(item, _)| *item));
            known.extend(
                self.locals
                    .iter()
                    .map(|(local, _)| local.as_str())
                    .filter(|l| !l.starts_with('@')),
            );
            problem.hints = nearest::hints(name, "variables here", &known);
            problem = problem.hint("a text stands in quotes");
        }
        self.report.add(problem);
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

    fn input(&mut self, name: &str, span: Span) -> Type {
        let inputs = &self.scope.names.inputs;
        if let Some(kind) = inputs.get(name) {
            self.found.inputs.insert(name.to_owned());
            return kind.clone();
        }
        let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
        let mut problem = Diagnostic::error(code::UNKNOWN_INPUT, span, format!("there is no input `{name}`"));
        problem.hints = nearest::hints(name, "inputs", &known);
        self.report.add(problem);
        Type::Any
    }

    fn step(&mut self, name: &str, span: Span) -> Meaning {
        let steps = &self.scope.names.steps;
        if let Some(index) = steps.get_index_of(name) {
            self.found.steps.push((index, span));
            return Meaning::Step(index);
        }
        let known: Vec<&str> = steps.keys().map(String::as_str).collect();
        let mut problem = Diagnostic::error(code::UNKNOWN_STEP, span, format!("there is no step `{name}`"));
        problem.hints = nearest::hints(name, "steps", &known);
        self.report.add(problem);
        Meaning::Value(Type::Any)
    }

    fn step_value(&mut self, step: usize, field: &str, span: Span) -> Type {
        let Some((name, seen)) = self.scope.names.steps.get_index(step) else {
            return Type::Any;
        };
        let problem = match (field, seen.fan_out) {
            ("output", false) => return seen.output.clone(),
            ("outputs", true) => return Type::List(Box::new(seen.output.clone())),
            ("status", _) => return Type::String,
            ("output", true) => Diagnostic::error(
                code::NOT_A_VALUE,
                span,
                format!("`{name}` works on a list, and has one output for each item"),
            )
            .hint(format!(
                "`steps.{name}.outputs` is the list of them, in the order of the items"
            )),
            ("outputs", false) => Diagnostic::error(
                code::NOT_A_VALUE,
                span,
                format!("`{name}` has one output, and no list of them"),
            )
            .hint(format!("write `steps.{name}.output`")),
            _ => {
                let known = [if seen.fan_out { "outputs" } else { "output" }, "status"];
                let mut problem = Diagnostic::error(code::UNKNOWN_FIELD, span, format!("a step has no `{field}`"));
                problem.hints = nearest::hints(field, "what a step has", &known);
                // Most often a field of the output was meant.
                if let Type::Object(fields) = &seen.output
                    && fields.contains_key(field)
                    && !seen.fan_out
                {
                    problem
                        .hints
                        .insert(0, format!("did you mean `steps.{name}.output.{field}`?"));
                }
                problem
            }
        };
        self.report.add(problem);
        Type::Any
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

    /// The bytes of a part, from its first name to its last.
    pub(super) fn span(&self, expr: &IdedExpr) -> Span {
        let mut extent = (usize::MAX, 0);
        self.extend(expr, &mut extent);
        if extent.0 > extent.1 {
            return self.written.span();
        }
        self.written.part(extent.0, extent.1)
    }

    fn extend(&self, expr: &IdedExpr, extent: &mut (usize, usize)) {
        let info = self.written.expression.program().source_info();
        if let Some((start, stop)) = info.offset_for(expr.id) {
            extent.0 = extent.0.min(start as usize);
            extent.1 = extent.1.max(stop as usize + 1);
        }
        match &expr.expr {
            Expr::Select(select) => {
                self.extend(&select.operand, extent);
                let end = self.field_range(expr, select).1;
                extent.1 = extent.1.max(end);
            }
            Expr::Call(call) => {
                call.target.iter().for_each(|target| self.extend(target, extent));
                call.args.iter().for_each(|arg| self.extend(arg, extent));
            }
            Expr::Comprehension(comprehension) => self.extend(&comprehension.iter_range, extent),
            Expr::List(list) => list.elements.iter().for_each(|item| self.extend(item, extent)),
            _ => {}
        }
    }

    fn field_span(&self, expr: &IdedExpr, select: &SelectExpr) -> Span {
        let (start, end) = self.field_range(expr, select);
        self.written.part(start, end)
    }

    /// The bytes of the field's name: the parser knows those of its dot, or, inside of `has`, of
    /// nothing near, and then the name is looked for.
    fn field_range(&self, expr: &IdedExpr, select: &SelectExpr) -> (usize, usize) {
        let source = self.written.expression.source();
        let info = self.written.expression.program().source_info();
        let from = info.offset_for(if select.test { select.operand.id } else { expr.id });
        let from = from.map_or(0, |(_, stop)| stop as usize + 1);
        let found = source.get(from..).and_then(|rest| rest.find(select.field.as_str()));
        let start = found.map_or(from.min(source.len()), |at| from + at);
        (start, (start + select.field.len()).min(source.len()))
    }

    /// The bytes of a function's name, which stands before the bracket that the parser knows.
    pub(super) fn function_span(&self, expr: &IdedExpr, name: &str) -> Span {
        let info = self.written.expression.program().source_info();
        let bracket = info.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        let source = self.written.expression.source();
        let before = source.get(..bracket).unwrap_or("").trim_end();
        match before.ends_with(name) {
            true => self.written.part(before.len() - name.len(), before.len()),
            false => self.span(expr),
        }
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
