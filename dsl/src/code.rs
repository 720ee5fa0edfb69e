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
    MISPLACED = "T0109";
    NO_VERB = "T0110";
    FOREIGN_KEY = "T0111";
    WRONG_WORD = "T0112";
    NO_VERSION = "T0113";
    DUPLICATE_NAME = "T0114";
    NEVER_CACHED = "T0115";
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
    SECRET = "T0213";
    UNUSED_STEP = "T0214";
    UNUSED_CORPUS = "T0215";
    // Types.
    BAD_TYPE = "T0301";
    BAD_DEFAULT = "T0302";
    UNKNOWN_FIELD = "T0303";
    WRONG_TYPE = "T0304";
    UNKNOWN_ARGUMENT = "T0305";
    MAY_BE_NULL = "T0306";
    MAY_BE_ABSENT = "T0307";
    WEAK = "T0308";
    NEVER_EQUAL = "T0309";
    NO_SUCH_WORD = "T0310";
    NULL_IN_TEXT = "T0311";
    NEVER_NULL = "T0312";
    BAD_SCHEMA = "T0313";
    MISSING_ARGUMENT = "T0314";
    // Expressions.
    BAD_EXPRESSION = "T0401";
    BAD_MARKS = "T0402";
    NOT_BARE = "T0403";
    UNKNOWN_FUNCTION = "T0404";
    EXPRESSION_SIZE = "T0405";
    SHELL_TEXT = "T0406";
    FUNCTION_ARGUMENTS = "T0407";
    BAD_PATTERN = "T0408";
    CONSTANT = "T0409";
    // Order.
    CYCLE = "T0501";
    IMPORT_CYCLE = "T0502";
    WORKFLOW_CYCLE = "T0503";
    NEVER_RUNS = "T0504";
    // Models, agents, corpora.
    UNKNOWN_PROVIDER = "T0601";
    NESTED_TEAM = "T0602";
    FILE = "T0603";
    NO_FILES = "T0604";
    WIDER_LIMIT = "T0605";
    KEY_IN_FILE = "T0606";
    CALLED_WORKFLOW = "T0607";
    SERVER_SCHEMAS = "T0608";
    NO_PRICE = "T0609";
    OFFER = "T0610";
    // What runs, and probably not as meant.
    NO_LIMITS = "T0701";
    UNTRUSTED_TEXT = "T0702";
    OPEN_FAN_OUT = "T0703";
    ONCE_RETRIED = "T0704";
    NEVER_IN_DOUBT = "T0705";
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
