//! The database file: how connections to it are made, its schema, and who may open it.

use crate::fault;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::port::{Error, ErrorKind};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// This version of Troupe: what a newer database is compared with in messages, and who wrote last.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Pages of 4 KiB after which the log is copied into the database: 16 MiB, so that a page which many
/// commits rewrite is copied once, and reading still finds its way through the log quickly.
const CHECKPOINT_PAGES: &str = "4096";

/// Bytes to which the log shrinks after it was copied: the size of [`CHECKPOINT_PAGES`].
const LOG_BYTES: &str = "16777216";

/// KiB of pages that the writing connection keeps, as SQLite writes it.
const CACHE: &str = "-8192";

/// How often a held lock is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// What differs between tests and the rest of the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How long to wait for another program that holds the database.
    pub(crate) busy: Duration,
    /// Pages that the database may have, which is how a full disk is played.
    pub(crate) pages: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            busy: Duration::from_secs(5),
            pages: None,
        }
    }
}

/// Where the database is and how to connect to it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    folder: Arc<Path>,
    file: Arc<Path>,
    settings: Settings,
}

impl Database {
    /// The database of a folder, whether or not it exists.
    pub(crate) fn of(folder: &Path, settings: Settings) -> Self {
        Self {
            folder: folder.into(),
            file: folder.join("troupe.db").into(),
            settings,
        }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        self.file.exists()
    }

    /// Bytes of the database file and of its log.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |file| file.len());
        (bytes(&self.file), bytes(&self.log()))
    }

    fn log(&self) -> PathBuf {
        PathBuf::from(format!("{}-wal", self.file.display()))
    }

    /// A driver's error in the port's words.
    pub(crate) fn fault(&self, error: &sqlx::Error) -> Error {
        fault::of_database(&self.file, error)
    }

    /// Something in the file that cannot be what was written.
    pub(crate) fn corrupt(&self, what: impl std::fmt::Display) -> Error {
        let file = self.file.display();
        Error::new(ErrorKind::Corrupt, format!("{file}: {what}"))
    }

    fn connecting(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.file)
            .busy_timeout(self.settings.busy)
            .disable_statement_logging()
    }

    /// How to connect for writing.
    pub(crate) fn writing(&self) -> SqliteConnectOptions {
        let options = self
            .connecting()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", CACHE)
            // What a statement needs while it runs must not go through a file.
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("journal_size_limit", LOG_BYTES);
        match self.settings.pages {
            Some(pages) => options.pragma("max_page_count", pages.to_string()),
            None => options,
        }
    }

    /// How to connect for reading.
    pub(crate) fn reading(&self) -> SqliteConnectOptions {
        self.connecting().read_only(true)
    }

    /// How to connect for reading where SQLite may not even keep its own books: a read-only folder whose
    /// database was closed in order. None where a log waits to be recovered.
    pub(crate) fn reading_untouched(&self) -> Option<SqliteConnectOptions> {
        let empty = std::fs::metadata(self.log()).map_or(true, |log| log.len() == 0);
        empty.then(|| self.reading().immutable(true))
    }

    /// Creates the folder and the database where there is none, brings the schema up to date, and
    /// leaves a connection for writing.
    pub(crate) async fn open(&self) -> Result<SqliteConnection, Error> {
        let database = self.clone();
        let alone = tokio::task::spawn_blocking(move || database.lock())
            .await
            .map_err(|_| Error::new(ErrorKind::Cancelled, "the program is ending"))??;
        let mut connection = self.connect().await.map_err(|error| self.fault(&error))?;
        if self.schema(&mut connection).await? < newest() {
            MIGRATIONS
                .run_direct(None, &mut connection, false)
                .await
                .map_err(|error| self.not_migrated(error))?;
        }
        drop(alone);
        Ok(connection)
    }

    /// Another connection for writing to a database that was opened before.
    pub(crate) async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        SqliteConnection::connect_with(&self.writing()).await
    }

    /// Keeps other processes from creating or changing the schema at the same time: SQLite's own locks
    /// do not wait while a database changes to a write-ahead log.
    fn lock(&self) -> Result<File, Error> {
        std::fs::create_dir_all(&self.folder).map_err(|error| storage("create", &self.folder, error))?;
        let path = self.folder.join("troupe.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| storage("open", &path, error))?;
        let until = Instant::now() + self.settings.busy;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let message = format!("{} is being opened by another program: try again", self.file.display());
                    return Err(Error::new(ErrorKind::Unavailable, message));
                }
                Err(TryLockError::Error(error)) => return Err(storage("lock", &path, error)),
            }
        }
    }

    /// The schema that the database has, 0 for a fresh one. Refuses those of newer versions and of others.
    async fn schema(&self, connection: &mut SqliteConnection) -> Result<i64, Error> {
        let fault = |error: sqlx::Error| self.fault(&error);
        let (migrated, tables): (bool, i64) = sqlx::query_as(
            "SELECT total(name = '_sqlx_migrations') > 0, count(*) FROM sqlite_schema WHERE type = 'table'",
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?;
        if !migrated && tables > 0 {
            return Err(self.corrupt("belongs to another program: name another folder"));
        }
        if !migrated {
            return Ok(0);
        }
        let version: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(connection)
            .await
            .map_err(fault)?;
        let (version, newest) = (version.unwrap_or(0), newest());
        if version > newest {
            return Err(self.corrupt(format!(
                "has schema {version}, written by a newer Troupe, and this is Troupe {VERSION}, which knows schemas up \
                 to {newest}: upgrade Troupe, or name another folder"
            )));
        }
        Ok(version)
    }

    /// Refuses a database that this version cannot read as it is.
    pub(crate) async fn check_readable(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let (version, newest) = (self.schema(connection).await?, newest());
        if version == 0 {
            // Whoever made it was stopped before it held anything.
            let message = format!(
                "no run was started in {}: its database is empty",
                self.folder().display()
            );
            return Err(Error::new(ErrorKind::Missing, message));
        }
        if version < newest {
            return Err(self.corrupt(format!(
                "has schema {version} and Troupe {VERSION} reads schema {newest}: start or resume a run, which \
                 brings it up to date"
            )));
        }
        Ok(())
    }

    fn not_migrated(&self, error: MigrateError) -> Error {
        match &error {
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => self.fault(cause),
            _ => self
                .corrupt(format!(
                    "its schema is not one that Troupe {VERSION} made ({error}): restore it from a backup or move it away"
                ))
                .caused_by(error),
        }
    }
}

fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// A folder that is not there cannot be created: trouble with storage, not something to be found.
fn storage(doing: &str, path: &Path, error: std::io::Error) -> Error {
    let mut error = fault::of_files(doing, path, error);
    error.kind = ErrorKind::Storage;
    error
}
