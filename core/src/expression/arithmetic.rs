//! Arithmetic between whole and other numbers.
//!
//! CEL refuses `1 + 1.5`, since its two kinds of numbers never mix. JSON has one kind, so here a whole
//! number beside another becomes one like it; everything else is the interpreter's own arithmetic.

use cel::common::types::{CelDouble, CelInt, DYN_TYPE};
use cel::common::value::CowVal;
use cel::{Env, ExecutionError};

/// The operators that the parser writes for `+ - * / %`: no file can name them.
pub mod operators {
    /// `+`
    pub const ADD: &str = "@add";
    /// `-` between two values.
    pub const SUBTRACT: &str = "@subtract";
    /// `*`
    pub const MULTIPLY: &str = "@multiply";
    /// `/`
    pub const DIVIDE: &str = "@divide";
    /// `%`
    pub const MODULO: &str = "@modulo";
}

type Operands<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Outcome<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// Declares the operators.
pub(super) fn declare(env: &mut Env) {
    let operators: [(&str, cel::common::functions::Function); 5] = [
        (operators::ADD, add),
        (operators::SUBTRACT, subtract),
        (operators::MULTIPLY, multiply),
        (operators::DIVIDE, divide),
        (operators::MODULO, modulo),
    ];
    for (name, function) in operators {
        env.add_overload(name, name, vec![DYN_TYPE, DYN_TYPE], function)
            .expect("no standard function has the name of an operator of ours");
    }
}

/// Both operands, one of them turned into the kind of the other where they are of two.
fn alike<'b, 'v>(operands: Operands<'b, 'v>) -> Result<(CowVal<'b, 'v>, CowVal<'b, 'v>), ExecutionError> {
    let [left, right]: [CowVal<'b, 'v>; 2] = operands
        .try_into()
        .map_err(|given: Vec<_>| ExecutionError::invalid_argument_count(2, given.len()))?;
    let double = |value: &CowVal<'b, 'v>| {
        #[expect(clippy::cast_precision_loss, reason = "what JSON does with numbers of two kinds")]
        let whole = value.downcast_ref::<CelInt>().map(|whole| *whole.inner() as f64);
        whole.map(|number| CowVal::owned(CelDouble::from(number)))
    };
    let is_double = |value: &CowVal<'b, 'v>| value.downcast_ref::<CelDouble>().is_some();
    if is_double(&right)
        && let Some(left) = double(&left)
    {
        return Ok((left, right));
    }
    if is_double(&left)
        && let Some(right) = double(&right)
    {
        return Ok((left, right));
    }
    Ok((left, right))
}

macro_rules! operator {
    ($name:ident, $word:literal, $trait:ident, $method:ident) => {
        fn $name<'b, 'v>(operands: Operands<'b, 'v>) -> Outcome<'b, 'v> {
            let (left, right) = alike(operands)?;
            let refused = || ExecutionError::no_such_overload($word, names(&left, &right));
            let result = left.$trait().ok_or_else(refused)?.$method(right.as_ref())?;
            Ok(CowVal::Owned(result.into_owned()))
        }
    };
}

operator!(add, "+", as_adder, add);
operator!(subtract, "-", as_subtractor, sub);
operator!(multiply, "*", as_multiplier, mul);
operator!(divide, "/", as_divider, div);
operator!(modulo, "%", as_modder, modulo);

fn names(left: &CowVal<'_, '_>, right: &CowVal<'_, '_>) -> Vec<String> {
    [left, right]
        .into_iter()
        .map(|value| value.get_type().name().to_owned())
        .collect()
}
