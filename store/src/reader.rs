//! Reading runs: lists, headers, events. Never writes.

use crate::blob::Blob;
use crate::database::{Database, Settings};
use crate::fault;
use crate::writer::missing;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow};
use sqlx::{Row, SqlitePool};
use std::path::Path;
use std::time::Duration;
use troupe_core::id::RunId;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::{Fork, RunHeader, RunRecord};
use troupe_core::port::{Error, ErrorKind};

mod load;
mod port;

/// Connections for reading: people and reports read, a few at a time.
const CONNECTIONS: u32 = 3;
/// Rows that SQLite's thread may be ahead: a switch of threads for every 50, the default, takes longer
/// than reading them.
const ROWS_AHEAD: usize = 1024;
/// How long to wait for a connection that others use.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a list shows of a run.
macro_rules! record {
    () => {
        "run.id, run.started_ms, run.updated_ms, run.next_sequence, run.progress, header.workflow, header.path, \
         header.fingerprint, header.settings, past.id AS past, fork.events AS shared \
         FROM run JOIN header ON header.run = run.key \
         LEFT JOIN fork ON fork.run = run.key LEFT JOIN run AS past ON past.key = fork.past"
    };
}

/// The runs of a folder, for commands that only look: nothing is created and nothing is written.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) database: Database,
    pub(crate) pool: SqlitePool,
}

impl Reader {
    /// Opens the database of `folder`.
    ///
    /// # Errors
    /// `Missing` when there is none; `Corrupt` when it is damaged or of another version; `Storage` when
    /// it may not be read; `Unavailable` when another program holds it.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let database = Database::of(folder, Settings::default());
        if !database.exists() {
            let message = format!("no run was started in {}: it holds no database", folder.display());
            return Err(Error::new(ErrorKind::Missing, message));
        }
        let reader = Self::of(database.clone());
        let reader = match (reader.probe().await, database.reading_untouched()) {
            (Err(error), Some(options)) if fault::cannot_open(&error) => Self::connect(database, options),
            (probed, _) => probed.map(|()| reader).map_err(|error| database.fault(&error))?,
        };
        let mut connection = reader
            .pool
            .acquire()
            .await
            .map_err(|error| reader.database.fault(&error))?;
        reader.database.check_readable(&mut connection).await?;
        drop(connection);
        Ok(reader)
    }

    /// Reads a database that is known to be in order.
    pub(crate) fn of(database: Database) -> Self {
        let options = database.reading();
        Self::connect(database, options)
    }

    fn connect(database: Database, options: SqliteConnectOptions) -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .connect_lazy_with(options.row_buffer_size(ROWS_AHEAD));
        Self { database, pool }
    }

    /// The least that touches the file.
    async fn probe(&self) -> Result<(), sqlx::Error> {
        sqlx::query("PRAGMA schema_version").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// One run, with its sources.
    ///
    /// # Errors
    /// `Missing` when there is no such run; `Corrupt` when its sources are damaged.
    pub async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        let sql = concat!(
            "SELECT header.sources, blob.bytes, ",
            record!(),
            " LEFT JOIN blob ON blob.hash = header.sources WHERE run.id = ?"
        );
        let row = sqlx::query(sql)
            .bind(run.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?
            .ok_or_else(|| missing(run))?;
        let mut record = self.record(&row)?;
        record.header.sources = sources(&row)
            .map_err(|error| self.database.fault(&error))?
            .ok_or_else(|| self.database.corrupt(format!("the sources of run {run} are damaged")))?;
        Ok(record)
    }

    /// One run without its sources, as lists have it: cheap enough to ask many times a second.
    ///
    /// # Errors
    /// `Missing` when there is no such run.
    pub async fn record_of(&self, run: &RunId) -> Result<RunRecord, Error> {
        let sql = concat!("SELECT ", record!(), " WHERE run.id = ?");
        let row = sqlx::query(sql)
            .bind(run.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        self.record(&row.ok_or_else(|| missing(run))?)
    }

    /// The newest `limit` runs, newest first, without their sources.
    ///
    /// # Errors
    /// `Storage`, `Corrupt` or `Unavailable` when the database cannot be read.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        let sql = concat!(
            "SELECT ",
            record!(),
            " ORDER BY run.started_ms DESC, run.id DESC LIMIT ?"
        );
        let rows = sqlx::query(sql)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        rows.iter().map(|row| self.record(row)).collect()
    }

    /// The runs whose names begin with `prefix`, newest first.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn find(&self, prefix: &str) -> Result<Vec<RunId>, Error> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM run WHERE substr(id, 1, length(?1)) = ?1 ORDER BY started_ms DESC, id DESC",
        )
        .bind(prefix)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.database.fault(&error))?;
        names.iter().map(|name| self.id(name)).collect()
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn id(&self, name: &str) -> Result<RunId, Error> {
        RunId::parse(name).ok_or_else(|| self.database.corrupt(format!("`{name}` is no name of a run")))
    }

    fn record(&self, row: &SqliteRow) -> Result<RunRecord, Error> {
        let name: &str = row.try_get("id").map_err(|error| self.database.fault(&error))?;
        let run = self.id(name)?;
        record(run, row).map_err(|error| self.database.fault(&error))
    }
}

/// The sources that stand in a row; none when they are not what was stored.
fn sources(row: &SqliteRow) -> Result<Option<Vec<(String, String)>>, sqlx::Error> {
    let (name, bytes): (Vec<u8>, Option<Vec<u8>>) = (row.try_get(0)?, row.try_get(1)?);
    let content = named(&name)
        .zip(bytes)
        .and_then(|(name, bytes)| Blob::content(&name, &bytes));
    Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
}

/// A blob's name as the database holds it.
pub(crate) fn named(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest)
}

fn record(run: RunId, row: &SqliteRow) -> Result<RunRecord, sqlx::Error> {
    let progress: &str = row.try_get("progress")?;
    let past: Option<String> = row.try_get("past")?;
    let forked = match past {
        None => None,
        Some(past) => Some(Fork {
            run: RunId::parse(&past)
                .ok_or_else(|| sqlx::Error::Decode(format!("`{past}` is no name of a run").into()))?,
            events: row.try_get("shared")?,
        }),
    };
    Ok(RunRecord {
        header: RunHeader {
            run,
            workflow: row.try_get("workflow")?,
            path: row.try_get("path")?,
            fingerprint: row.try_get("fingerprint")?,
            sources: Vec::new(),
            settings: row.try_get("settings")?,
            started_ms: row.try_get("started_ms")?,
            forked,
        },
        progress: serde_json::from_str(progress).map_err(|error| sqlx::Error::Decode(error.into()))?,
        updated_ms: row.try_get("updated_ms")?,
        events: row.try_get("next_sequence")?,
    })
}
