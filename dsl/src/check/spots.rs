//! Where the parts of an expression stand in the file.

use super::infer::Inference;
use cel::common::ast::{Expr, IdedExpr, SelectExpr};
use troupe_core::diagnostic::Span;

impl Inference<'_> {
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

    pub(super) fn field_span(&self, expr: &IdedExpr, select: &SelectExpr) -> Span {
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
