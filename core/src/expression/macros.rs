//! Calls that are written out when they are read: `has`, the loops over lists, and `default`.
//!
//! All but `default` are CEL's own, expanded exactly as its interpreter expects them.

use super::parse::{Parser, SyntaxError};
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, SelectExpr, operators};
use std::ops::Range;

/// The name under which a loop keeps what it has so far: no file can write it.
const ACCUMULATOR: &str = "@result";
/// Variables whose first fields are names and no values: only what is below them can be null.
const ROOTS: [(&str, usize); 4] = [("inputs", 0), ("env", 0), ("secrets", 0), ("steps", 1)];

/// The call of `name`, written out if it is a macro's. A macro with other arguments stays a call,
/// which the checks then explain.
pub(super) fn expand(
    parser: &mut Parser<'_>,
    name: &str,
    target: Option<IdedExpr>,
    mut args: Vec<IdedExpr>,
    whole: Range<usize>,
    place: Range<usize>,
) -> Result<IdedExpr, SyntaxError> {
    match (name, target, args.len()) {
        ("has", None, 1) => has(parser, args.remove(0), whole, place),
        ("default", None, 2) => {
            let fallback = args.remove(1);
            let value = args.remove(0);
            // What is no path would be written out several times, and again inside of itself.
            if path_length(&value).is_none() {
                let at = parser.place(&value).whole.clone();
                return Err(
                    SyntaxError::new("`default` takes a path: a name and its fields", at.start, at.end)
                        .hint("write `default(value.field, other)`"),
                );
            }
            Ok(default(parser, value, fallback, whole))
        }
        ("map" | "filter" | "all" | "exists" | "exists_one" | "existsOne", Some(list), 2) | ("map", Some(list), 3) => {
            Loop::read(parser, list, args, whole)?.expand(name)
        }
        (_, target, _) => Ok(parser.call(name, target, args, whole, place)),
    }
}

fn has(
    parser: &mut Parser<'_>,
    argument: IdedExpr,
    whole: Range<usize>,
    place: Range<usize>,
) -> Result<IdedExpr, SyntaxError> {
    let at = parser.place(&argument).clone();
    match argument.expr {
        Expr::Select(mut select) if !select.test => {
            select.test = true;
            Ok(parser.node(Expr::Select(select), whole, at.name))
        }
        _ => Err(
            SyntaxError::new("`has` asks whether a field is there", place.start, place.end)
                .hint("write `has(value.field)`"),
        ),
    }
}

/// `default(a.b.c, other)`: the value where every part of the path is there and not null, else the other.
fn default(parser: &mut Parser<'_>, value: IdedExpr, fallback: IdedExpr, whole: Range<usize>) -> IdedExpr {
    let mut guards = Vec::new();
    guard(parser, &value, &whole, &mut guards);
    let condition = guards.into_iter().reduce(|left, right| {
        let call = call(operators::LOGICAL_AND, vec![left, right]);
        parser.made(call, &whole)
    });
    let condition = match condition {
        Some(condition) => condition,
        None => parser.made(boolean(true), &whole),
    };
    let choice = call(operators::CONDITIONAL, vec![condition, value, fallback]);
    parser.made(choice, &whole)
}

/// Collects what must hold for `value` to be there, from the outside in.
fn guard(parser: &mut Parser<'_>, value: &IdedExpr, whole: &Range<usize>, guards: &mut Vec<IdedExpr>) {
    if let Expr::Select(select) = &value.expr {
        let names = path_length(value);
        let structural = names.and_then(|(root, length)| {
            let (_, below) = ROOTS.iter().find(|(name, _)| *name == root)?;
            Some(length <= below + 1)
        });
        if structural != Some(true) {
            guard(parser, &select.operand, whole, guards);
        }
        let is_name_alone = names.is_some_and(|(root, length)| root == "steps" && length <= 1);
        if !is_name_alone {
            let test = SelectExpr {
                test: true,
                ..select.clone()
            };
            guards.push(parser.made(Expr::Select(test), whole));
        }
    } else if matches!(&value.expr, Expr::Ident(name) if ROOTS.iter().any(|(root, _)| root == name)) {
        return;
    }
    let null = parser.made(Expr::Literal(LiteralValue::Null), whole);
    let not_null = call(operators::NOT_EQUALS, vec![value.clone(), null]);
    guards.push(parser.made(not_null, whole));
}

/// The root of a plain path and how many fields follow it.
fn path_length(value: &IdedExpr) -> Option<(&str, usize)> {
    match &value.expr {
        Expr::Ident(name) => Some((name, 0)),
        Expr::Select(select) => path_length(&select.operand).map(|(root, length)| (root, length + 1)),
        _ => None,
    }
}

fn call(function: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr {
        func_name: function.to_owned(),
        target: None,
        args,
    })
}

fn boolean(value: bool) -> Expr {
    Expr::Literal(LiteralValue::Boolean(value.into()))
}

fn integer(value: i64) -> Expr {
    Expr::Literal(LiteralValue::Int(value.into()))
}

/// A loop over a list: `list.map(variable, condition, body)` and its siblings.
struct Loop<'p, 'a> {
    parser: &'p mut Parser<'a>,
    list: IdedExpr,
    variable: IdedExpr,
    name: String,
    args: Vec<IdedExpr>,
    whole: Range<usize>,
}

impl<'p, 'a> Loop<'p, 'a> {
    fn read(
        parser: &'p mut Parser<'a>,
        list: IdedExpr,
        mut args: Vec<IdedExpr>,
        whole: Range<usize>,
    ) -> Result<Self, SyntaxError> {
        let variable = args.remove(0);
        let Expr::Ident(name) = &variable.expr else {
            let at = parser.place(&variable).whole.clone();
            return Err(SyntaxError::new("here stands a name for the item", at.start, at.end)
                .hint("write `list.map(x, x.field)`"));
        };
        Ok(Self {
            name: name.clone(),
            parser,
            list,
            variable,
            args,
            whole,
        })
    }

    fn made(&mut self, expr: Expr) -> IdedExpr {
        self.parser.made(expr, &self.whole)
    }

    fn so_far(&mut self) -> IdedExpr {
        self.made(Expr::Ident(ACCUMULATOR.into()))
    }

    fn call(&mut self, function: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.made(call(function, args))
    }

    fn expand(mut self, name: &str) -> Result<IdedExpr, SyntaxError> {
        let body = self.args.pop().unwrap_or_default();
        let condition = self.args.pop();
        let always = self.made(boolean(true));
        let expr = match name {
            "map" => {
                let step = self.added(body, condition);
                let empty = self.made(Expr::List(ListExpr::default()));
                self.comprehension(empty, always, step)
            }
            "filter" => {
                let variable = self.variable.clone();
                let step = self.added(variable, Some(body));
                let empty = self.made(Expr::List(ListExpr::default()));
                self.comprehension(empty, always, step)
            }
            "all" | "exists" => self.quantified(name == "all", body),
            _ => self.exactly_one(always, body),
        };
        // Kept as written: the place of a loop is the place of its call.
        let whole = self.whole.clone();
        Ok(self.parser.node(expr, whole.clone(), whole))
    }

    /// `so far + [part]`, perhaps under a condition.
    fn added(&mut self, part: IdedExpr, condition: Option<IdedExpr>) -> IdedExpr {
        let so_far = self.so_far();
        let list = self.made(Expr::List(ListExpr::new(vec![part])));
        let step = self.call(operators::ADD, vec![so_far, list]);
        match condition {
            Some(condition) => {
                let unchanged = self.so_far();
                self.call(operators::CONDITIONAL, vec![condition, step, unchanged])
            }
            None => step,
        }
    }

    fn quantified(&mut self, all: bool, body: IdedExpr) -> Expr {
        let start = self.made(boolean(all));
        let so_far = self.so_far();
        let open = if all {
            so_far
        } else {
            self.call(operators::LOGICAL_NOT, vec![so_far])
        };
        let goes_on = self.call(operators::NOT_STRICTLY_FALSE, vec![open]);
        let so_far = self.so_far();
        let operator = if all {
            operators::LOGICAL_AND
        } else {
            operators::LOGICAL_OR
        };
        let step = self.call(operator, vec![so_far, body]);
        self.comprehension(start, goes_on, step)
    }

    fn exactly_one(&mut self, always: IdedExpr, body: IdedExpr) -> Expr {
        let start = self.made(integer(0));
        let (so_far, one, unchanged) = (self.so_far(), self.made(integer(1)), self.so_far());
        let counted = self.call(operators::ADD, vec![so_far, one]);
        let step = self.call(operators::CONDITIONAL, vec![body, counted, unchanged]);
        let (so_far, one) = (self.so_far(), self.made(integer(1)));
        let result = self.call(operators::EQUALS, vec![so_far, one]);
        match self.comprehension(start, always, step) {
            Expr::Comprehension(comprehension) => Expr::Comprehension(Box::new(ComprehensionExpr {
                result,
                ..*comprehension
            })),
            other => other,
        }
    }

    fn comprehension(&mut self, start: IdedExpr, goes_on: IdedExpr, step: IdedExpr) -> Expr {
        let result = self.so_far();
        Expr::Comprehension(Box::new(ComprehensionExpr {
            iter_range: std::mem::take(&mut self.list),
            iter_var: self.name.clone(),
            iter_var2: None,
            accu_var: ACCUMULATOR.into(),
            accu_init: start,
            loop_cond: goes_on,
            loop_step: step,
            result,
        }))
    }
}
