//! Names of Python distributions that differ from the modules they bring.

/// Modules and the distributions that bring them.
const NAMES: [(&str, &str); 50] = [
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("Crypto", "pycryptodome"),
    ("cv2", "opencv-python-headless"),
    ("dateutil", "python-dateutil"),
    ("django_filters", "django-filter"),
    ("dns", "dnspython"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("git", "GitPython"),
    ("google.protobuf", "protobuf"),
    ("jose", "python-jose"),
    ("jwt", "PyJWT"),
    ("ldap", "python-ldap"),
    ("magic", "python-magic"),
    ("markdown", "Markdown"),
    ("memcache", "python-memcached"),
    ("mpl_toolkits", "matplotlib"),
    ("multipart", "python-multipart"),
    ("MySQLdb", "mysqlclient"),
    ("nacl", "PyNaCl"),
    ("OpenSSL", "pyOpenSSL"),
    ("PIL", "Pillow"),
    ("pkg_resources", "setuptools<81"),
    ("pptx", "python-pptx"),
    ("psycopg2", "psycopg2-binary"),
    ("pylab", "matplotlib"),
    ("pytest_asyncio", "pytest-asyncio"),
    ("pytest_cov", "pytest-cov"),
    ("pytest_httpserver", "pytest-httpserver"),
    ("pytest_mock", "pytest-mock"),
    ("pytest_timeout", "pytest-timeout"),
    ("requests_mock", "requests-mock"),
    ("rest_framework", "djangorestframework"),
    ("ruamel", "ruamel.yaml"),
    ("serial", "pyserial"),
    ("setuptools_scm", "setuptools-scm"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("slugify", "python-slugify"),
    ("snappy", "python-snappy"),
    ("socks", "PySocks"),
    ("telegram", "python-telegram-bot"),
    ("tlz", "toolz"),
    ("usb", "pyusb"),
    ("win32api", "pywin32"),
    ("xdist", "pytest-xdist"),
    ("yaml", "PyYAML"),
    ("zmq", "pyzmq"),
    ("Xlib", "python-xlib"),
];

/// Modules that tests use and manifests forget.
const TESTING: [&str; 14] = [
    "freezegun",
    "hypothesis",
    "httpretty",
    "mock",
    "parameterized",
    "pytest_asyncio",
    "pytest_httpserver",
    "pytest_mock",
    "requests_mock",
    "respx",
    "responses",
    "testfixtures",
    "time_machine",
    "yaml",
];

/// What fixtures, marks and options of pytest come from which plugin.
const PLUGINS: [(&str, &str); 10] = [
    ("--cov", "pytest-cov"),
    ("--timeout", "pytest-timeout"),
    ("timeout =", "pytest-timeout"),
    ("asyncio_mode", "pytest-asyncio"),
    ("mark.asyncio", "pytest-asyncio"),
    ("mark.anyio", "anyio"),
    ("-n auto", "pytest-xdist"),
    ("(mocker", "pytest-mock"),
    ("(benchmark", "pytest-benchmark"),
    ("mark.django_db", "pytest-django"),
];

/// The distribution that brings a module.
pub(super) fn of_module(module: &str) -> String {
    let whole = NAMES.iter().find(|(name, _)| *name == module);
    let first = module.split('.').next().unwrap_or(module);
    let known = whole.or_else(|| NAMES.iter().find(|(name, _)| *name == first));
    known.map_or_else(|| first.to_owned(), |(_, distribution)| (*distribution).to_owned())
}

/// Distributions that a test's or a configuration's text asks for, among those for testing.
pub(super) fn of_text(text: &str) -> Vec<String> {
    let imports = |module: &&str| {
        text.lines().map(str::trim_start).any(|line| {
            let named = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
            let rest = named.and_then(|it| it.strip_prefix(*module));
            rest.is_some_and(|it| !it.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        })
    };
    let modules = TESTING
        .iter()
        .filter(|module| imports(module))
        .map(|module| of_module(module));
    let plugins = PLUGINS.iter().filter(|(sign, _)| text.contains(sign));
    modules.chain(plugins.map(|(_, plugin)| (*plugin).to_owned())).collect()
}
