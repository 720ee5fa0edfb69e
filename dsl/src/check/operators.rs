//! Operators: what they take, and what comes out.

use super::facts::{concerned, facts_if, is_null};
use super::fields::with_article;
use super::infer::Inference;
use crate::code;
use crate::nearest;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as logic};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::expression::operators;
use troupe_core::types::Type;

/// A type as far as an operator cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Boolean,
    Number,
    Text,
    List,
    Object,
}

/// What a type without null is to an operator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// It is not known.
    Any,
    One(Class),
    /// It may be of several.
    Mixed,
}

pub(super) fn sort(kind: &Type) -> Sort {
    Sort::One(match kind {
        Type::Any | Type::Absent | Type::Null => return Sort::Any,
        Type::Boolean => Class::Boolean,
        Type::Integer | Type::Number => Class::Number,
        Type::String | Type::File | Type::Enum(_) => Class::Text,
        Type::List(_) => Class::List,
        Type::Object(_) => Class::Object,
        Type::Schema(schema) => return sort(schema.shape()),
        Type::Union(parts) => {
            let sorts = parts.iter().map(sort);
            return sorts
                .reduce(|one, other| match (one, other) {
                    (Sort::Any, _) | (_, Sort::Any) => Sort::Any,
                    (one, other) if one == other => one,
                    _ => Sort::Mixed,
                })
                .unwrap_or(Sort::Any);
        }
    })
}

/// One of two values. An empty list holds whatever the other one does, and a text is a word among words:
/// `default(list, [])`, `default(word, "none")`.
fn either(yes: (&IdedExpr, Type), no: (&IdedExpr, Type)) -> Type {
    let ((yes, yes_kind), (no, no_kind)) = (yes, no);
    let is_empty = |expr: &IdedExpr| matches!(&expr.expr, Expr::List(list) if list.elements.is_empty());
    if is_empty(yes) && has_list(&no_kind) {
        return no_kind;
    }
    if is_empty(no) && has_list(&yes_kind) {
        return yes_kind;
    }
    match (words(yes, &yes_kind), words(no, &no_kind)) {
        // Two texts are any text.
        (Some(mut all), Some(more)) if yes_kind != no_kind => {
            all.extend(more);
            let mut seen = std::collections::HashSet::new();
            all.retain(|word| seen.insert(word.clone()));
            Type::Enum(all)
        }
        _ => yes_kind.or(no_kind),
    }
}

/// The words that a value can be.
fn words(expr: &IdedExpr, kind: &Type) -> Option<Vec<String>> {
    match (&expr.expr, kind) {
        (Expr::Literal(LiteralValue::String(word)), _) => Some(vec![word.inner().to_owned()]),
        (_, Type::Enum(words)) => Some(words.clone()),
        _ => None,
    }
}

fn has_list(kind: &Type) -> bool {
    match kind.shape() {
        Type::List(_) => true,
        Type::Union(parts) => parts.iter().any(has_list),
        _ => false,
    }
}

impl Inference<'_> {
    pub(super) fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Type {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (logic::INDEX, [value, index]) => self.index(value, index),
            (operators::ADD, [left, right]) => self.add(expr, left, right),
            (operators::SUBTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, [left, right]) => {
                self.arithmetic(expr, &call.func_name, left, right)
            }
            (logic::NEGATE, [operand]) => self.operand(operand, Class::Number, "`-`"),
            (logic::LESS | logic::LESS_EQUALS | logic::GREATER | logic::GREATER_EQUALS, [left, right]) => {
                self.compare(expr, left, right)
            }
            (logic::LOGICAL_AND, [left, right]) => self.both(left, right, true),
            (logic::LOGICAL_OR, [left, right]) => self.both(left, right, false),
            (logic::LOGICAL_NOT, [operand]) => {
                self.condition(operand, "what `!` negates");
                Type::Boolean
            }
            (logic::CONDITIONAL, [condition, yes, no]) => {
                self.condition(condition, "the condition before `?`");
                let yes_kind = self.kind_under(yes, facts_if(condition, true));
                let no_kind = self.kind_under(no, facts_if(condition, false));
                either((yes, yes_kind), (no, no_kind))
            }
            (logic::EQUALS | logic::NOT_EQUALS, [left, right]) => self.equals(expr, left, right),
            (logic::IN, [left, right]) => self.is_in(expr, left, right),
            _ if self.is_made(expr) => {
                call.args.iter().for_each(|arg| drop(self.kind(arg)));
                Type::Any
            }
            _ => self.function(expr, call),
        }
    }

    /// A part that must be true or false.
    pub(super) fn condition(&mut self, expr: &IdedExpr, what: &str) {
        let kind = self.kind(expr);
        let kind = self.there(expr, kind);
        match sort(&kind) {
            Sort::Any => self.weak(expr),
            Sort::One(Class::Boolean) => {}
            sort => {
                let span = self.span(expr);
                let message = format!("{what} must be true or false, and this is {}", with_article(&kind));
                let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
                self.report.add(match sort {
                    Sort::One(Class::Text) => problem.hint("compare it: `value != \"\"`"),
                    Sort::One(Class::Number) => problem.hint("compare it: `value > 0`"),
                    Sort::One(Class::List) => problem.hint("ask for its size: `list.size() > 0`"),
                    _ => problem,
                });
            }
        }
    }

    fn both(&mut self, left: &IdedExpr, right: &IdedExpr, truth: bool) -> Type {
        self.condition(left, "a part of a condition");
        let before = self.facts.len();
        self.facts.extend(facts_if(left, truth));
        self.condition(right, "a part of a condition");
        self.facts.truncate(before);
        Type::Boolean
    }

    /// An operand that must be of one class; what it is comes back.
    fn operand(&mut self, expr: &IdedExpr, wanted: Class, operator: &str) -> Type {
        let kind = self.kind(expr);
        let kind = self.there(expr, kind);
        match sort(&kind) {
            Sort::Any => self.weak(expr),
            Sort::One(class) if class == wanted => return kind,
            _ => {
                let span = self.span(expr);
                let message = format!("{operator} takes numbers, and this is {}", with_article(&kind));
                let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
                self.report.add(match sort(&kind) {
                    Sort::One(Class::Text) => {
                        problem.hint("`double(text)` reads a number from text, `int(text)` a whole one")
                    }
                    Sort::One(Class::List) => problem.hint("its length is `.size()`"),
                    _ => problem,
                });
            }
        }
        Type::Any
    }

    fn add(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Type {
        let kinds = [left, right].map(|part| {
            let kind = self.kind(part);
            self.there(part, kind)
        });
        let [a, b] = &kinds;
        match (sort(a), sort(b)) {
            (Sort::One(Class::Number), Sort::One(Class::Number)) => return number(a, b),
            (Sort::One(Class::Text), Sort::One(Class::Text)) => return Type::String,
            (Sort::One(Class::List), Sort::One(Class::List)) => {
                return match (a, b) {
                    _ if is_empty_list(right) => a.clone(),
                    _ if is_empty_list(left) => b.clone(),
                    (Type::List(a), Type::List(b)) => Type::List(Box::new(a.as_ref().clone().or(b.as_ref().clone()))),
                    _ => Type::List(Box::new(Type::Any)),
                };
            }
            (Sort::Any, _) => self.weak(left),
            (_, Sort::Any) => self.weak(right),
            (one, other) => {
                let span = self.span(expr);
                let message = format!("`+` cannot add {} and {}", with_article(a), with_article(b));
                let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
                let text = [one, other].contains(&Sort::One(Class::Text));
                self.report.add(match text {
                    true => problem.hint("`string(value)` makes text of a number or a boolean"),
                    false => problem,
                });
            }
        }
        Type::Any
    }

    fn arithmetic(&mut self, expr: &IdedExpr, name: &str, left: &IdedExpr, right: &IdedExpr) -> Type {
        let sign = self.written.expression.place(expr).name.clone();
        let sign = self.written.expression.source().get(sign).unwrap_or("").to_owned();
        let kinds = [left, right].map(|part| self.operand(part, Class::Number, &format!("`{sign}`")));
        if name != operators::MODULO {
            return number(&kinds[0], &kinds[1]);
        }
        for (kind, part) in kinds.iter().zip([left, right]) {
            if *kind == Type::Number {
                let span = self.span(part);
                let problem = Diagnostic::error(
                    code::WRONG_TYPE,
                    span,
                    "`%` takes whole numbers, and this may have a fraction",
                );
                self.report.add(problem.hint("`int(x)` cuts the fraction off"));
            }
        }
        Type::Integer
    }

    fn compare(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Type {
        [left, right].into_iter().for_each(|part| self.opaque(part));
        let kinds = [left, right].map(|part| {
            let kind = self.kind(part);
            self.there(part, kind)
        });
        let [a, b] = &kinds;
        match (sort(a), sort(b)) {
            (Sort::Any, _) => self.weak(left),
            (_, Sort::Any) => self.weak(right),
            (Sort::One(a), Sort::One(b)) if a == b && !matches!(a, Class::List | Class::Object) => {}
            _ => {
                let span = self.span(expr);
                let message = format!("{} and {} have no order", with_article(a), with_article(b));
                self.report.error(code::WRONG_TYPE, span, message);
            }
        }
        Type::Boolean
    }

    fn equals(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Type {
        let kinds = [left, right].map(|part| {
            let kind = self.kind(part);
            self.not_absent(part, kind)
        });
        if self.is_made(expr) {
            return Type::Boolean;
        }
        [left, right].into_iter().for_each(|part| self.opaque(part));
        for (asked, kind, other) in [(left, &kinds[0], right), (right, &kinds[1], left)] {
            // Asking again what a condition before has asked does no harm.
            if is_null(other) && !is_null(asked) && !kind.allows_null() && !concerned(&self.facts, asked) {
                let span = self.span(asked);
                let message = format!("`{}` is never null", self.text(asked));
                self.report.add(
                    Diagnostic::warning(code::NEVER_NULL, span, message).hint(format!("it is {}", with_article(kind))),
                );
            }
        }
        self.can_be_equal(expr, (left, &kinds[0]), (right, &kinds[1]));
        Type::Boolean
    }

    /// Equality takes null, and fails on what is not there at all.
    fn not_absent(&mut self, expr: &IdedExpr, kind: Type) -> Type {
        if kind.allows_absence() {
            return self.there(expr, kind);
        }
        kind
    }

    fn can_be_equal(&mut self, expr: &IdedExpr, left: (&IdedExpr, &Type), right: (&IdedExpr, &Type)) {
        if self.word_fits(left.1, right.0) && self.word_fits(right.1, left.0) && !overlap(left.1, right.1) {
            let span = self.span(expr);
            let message = format!("{} and {} are never equal", with_article(left.1), with_article(right.1));
            self.report.error(code::NEVER_EQUAL, span, message);
        }
    }

    /// Whether a literal is one of the words that the other side can be; if not, it is reported.
    fn word_fits(&mut self, kind: &Type, literal: &IdedExpr) -> bool {
        let Expr::Literal(LiteralValue::String(text)) = &literal.expr else {
            return true;
        };
        let words: Vec<&str> = match kind.without(&[Type::Null]) {
            Some(Type::Enum(_)) => enum_words(kind),
            _ => return true,
        };
        if words.contains(&text.inner()) {
            return true;
        }
        let span = self.span(literal);
        let message = format!("it is never {:?}", text.inner());
        let mut problem = Diagnostic::error(code::NO_SUCH_WORD, span, message);
        problem.hints = nearest::hints(text.inner(), "words", &words);
        self.report.add(problem);
        false
    }

    fn is_in(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Type {
        let item = self.kind(left);
        let item = self.not_absent(left, item);
        let whole = self.kind(right);
        let whole = self.there(right, whole);
        match &whole {
            Type::Any => self.weak(right),
            Type::Object(_) => {
                if !overlap(&item, &Type::String) {
                    let span = self.span(left);
                    self.report
                        .error(code::WRONG_TYPE, span, "the keys of an object are strings");
                }
            }
            Type::List(part) => {
                let mut fits = self.word_fits(part, left);
                if let Expr::List(list) = &right.expr {
                    for literal in &list.elements {
                        fits &= self.word_fits(&item, literal);
                    }
                }
                if fits && !overlap(&item, part) {
                    let span = self.span(expr);
                    let message = format!("a list of {part} never holds {}", with_article(&item));
                    self.report.error(code::NEVER_EQUAL, span, message);
                }
            }
            other => {
                let span = self.span(right);
                let message = format!(
                    "`in` looks into a list or an object, and this is {}",
                    with_article(other)
                );
                let problem = Diagnostic::error(code::WRONG_TYPE, span, message);
                self.report.add(match sort(other) {
                    Sort::One(Class::Text) => problem.hint("a part of a text is looked for with `text.contains(part)`"),
                    _ => problem,
                });
            }
        }
        Type::Boolean
    }

    fn index(&mut self, value: &IdedExpr, index: &IdedExpr) -> Type {
        let kind = self.kind(value);
        let index_kind = self.kind(index);
        let index_kind = self.there(index, index_kind);
        if let (Type::Object(_), Expr::Literal(LiteralValue::String(name))) = (kind.shape(), &index.expr) {
            let span = self.span(index);
            return self.field(value, &kind, name.inner(), span);
        }
        let kind = self.there(value, kind);
        match kind.shape() {
            Type::List(item) => {
                match sort(&index_kind) {
                    Sort::Any => self.weak(index),
                    Sort::One(Class::Number) if index_kind == Type::Integer => {}
                    _ => {
                        let span = self.span(index);
                        let message = format!(
                            "items of a list are counted from 0 in whole numbers, and this is {}",
                            with_article(&index_kind)
                        );
                        self.report.error(code::WRONG_TYPE, span, message);
                    }
                }
                item.as_ref().clone()
            }
            Type::Any => {
                self.weak(value);
                Type::Any
            }
            Type::Object(fields) => {
                if !matches!(sort(&index_kind), Sort::Any | Sort::One(Class::Text)) {
                    let span = self.span(index);
                    let message = format!(
                        "the keys of an object are strings, and this is {}",
                        with_article(&index_kind)
                    );
                    self.report.error(code::WRONG_TYPE, span, message);
                }
                fields.values().cloned().reduce(Type::or).unwrap_or(Type::Any)
            }
            other => {
                let span = self.span(value);
                let message = format!("{} has no items", with_article(other));
                self.report.error(code::WRONG_TYPE, span, message);
                Type::Any
            }
        }
    }
}

fn is_empty_list(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::List(list) if list.elements.is_empty())
}

fn enum_words(kind: &Type) -> Vec<&str> {
    match kind {
        Type::Enum(words) => words.iter().map(String::as_str).collect(),
        Type::Union(parts) => parts.iter().flat_map(enum_words).collect(),
        _ => Vec::new(),
    }
}

/// Whether some value is of both types.
pub(super) fn overlap(one: &Type, other: &Type) -> bool {
    match (one.shape(), other.shape()) {
        (Type::Any | Type::Absent, _) | (_, Type::Any | Type::Absent) => true,
        (Type::Union(parts), other) => parts.iter().any(|part| overlap(part, other)),
        (one, Type::Union(parts)) => parts.iter().any(|part| overlap(one, part)),
        (Type::Null, Type::Null) => true,
        // A comparison with null is a question of its own.
        (Type::Null, _) | (_, Type::Null) => true,
        (Type::Enum(words), Type::Enum(others)) => words.iter().any(|word| others.contains(word)),
        (Type::List(_), Type::List(_)) => true,
        (one, other) => sort(one) == sort(other),
    }
}

/// Whole numbers stay whole among themselves.
fn number(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Integer, Type::Integer) => Type::Integer,
        (Type::Any, _) | (_, Type::Any) => Type::Any,
        _ => Type::Number,
    }
}
