//! Every diagnostic code, and the page that explains it.

macro_rules! codes {
    ($($name:ident = $code:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*

        const PAGES: &[(&str, &str)] = &[
            $(($code, include_str!(concat!("../../docs/errors/", $code, ".md"))),)*
        ];
    };
}

codes! {
    // The file as YAML.
    NOT_TEXT = "T0001";
    TOO_LARGE = "T0002";
    SYNTAX = "T0003";
    EMPTY = "T0004";
    DUPLICATE_KEY = "T0005";
    YAML_FEATURE = "T0006";
    NEEDS_QUOTES = "T0007";
    OLD_BOOLEAN = "T0008";
    INDENTATION = "T0009";
    NEVER_CLOSED = "T0010";
    KEY = "T0011";
    TAB = "T0012";
    // Keys and their values.
    UNKNOWN_KEY = "T0101";
    MISSING_KEY = "T0102";
    WRONG_KIND = "T0103";
    OUT_OF_RANGE = "T0104";
    VERSION = "T0105";
    BAD_NAME = "T0106";
    VERBS = "T0107";
    NO_STEPS = "T0108";
    // Names and what they stand for.
    UNKNOWN_NAME = "T0201";
    UNKNOWN_INPUT = "T0202";
    UNKNOWN_STEP = "T0203";
    UNKNOWN_AGENT = "T0204";
    UNKNOWN_MODEL = "T0205";
    UNKNOWN_TOOL = "T0206";
    NOT_VISIBLE = "T0207";
    NOT_A_VALUE = "T0208";
    SHADOWS = "T0209";
    UNUSED_INPUT = "T0210";
    UNUSED_AGENT = "T0211";
    UNUSED_MODEL = "T0212";
    // Types.
    BAD_TYPE = "T0301";
    BAD_DEFAULT = "T0302";
    UNKNOWN_FIELD = "T0303";
    WRONG_TYPE = "T0304";
    ARGUMENTS = "T0305";
    // Expressions.
    BAD_EXPRESSION = "T0401";
    BAD_MARKS = "T0402";
    NOT_BARE = "T0403";
    UNKNOWN_FUNCTION = "T0404";
    EXPRESSION_SIZE = "T0405";
    SHELL_TEXT = "T0406";
    // Order.
    CYCLE = "T0501";
    // Models, agents, corpora.
    UNKNOWN_PROVIDER = "T0601";
    NESTED_TEAM = "T0602";
    FILE = "T0603";
    NO_FILES = "T0604";
    WIDER_LIMIT = "T0605";
    // Designed, and not built.
    NOT_YET = "T0901";
}

/// The page that explains a code, in Markdown: what it means, a wrong example, the right one.
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(code))
        .map(|(_, page)| *page)
}

/// Every code, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}
