//! The pool of verified environments.

use crate::Store;
use crate::builds::Builds;
use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};
use troupe_core::port::build::{BuildRecord, Unrecorded};
use troupe_core::port::pool::{Environment, EnvironmentPool};
use troupe_core::port::{Error, ErrorKind};

impl Store {
    /// A connection of its own: an environment takes minutes to build, and milliseconds to note.
    async fn on_pool<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, Error> {
        let fault = |error: sqlx::Error| self.database.fault(&error);
        let mut connection = self.database.connect().await.map_err(fault)?;
        let done = work(&mut connection).await;
        let closed = connection.close().await;
        let done = done.map_err(fault)?;
        closed.map_err(fault)?;
        Ok(done)
    }
}

#[async_trait]
impl EnvironmentPool for Store {
    async fn add(&self, environment: &Environment) -> Result<(), Error> {
        let record = serde_json::to_string(environment).map_err(|error| {
            let message = format!("an environment cannot be written as JSON: {error}");
            Error::new(ErrorKind::Invalid, message).caused_by(error)
        })?;
        let at_ms = i64::try_from(environment.at_ms).unwrap_or(i64::MAX);
        self.on_pool(async |connection| {
            sqlx::query("INSERT OR REPLACE INTO environment (image, repository, at_ms, record) VALUES (?, ?, ?, ?)")
                .bind(&environment.image)
                .bind(&environment.repository)
                .bind(at_ms)
                .bind(&record)
                .execute(connection)
                .await
        })
        .await?;
        Ok(())
    }

    async fn list(&self, repository: Option<&str>) -> Result<Vec<Environment>, Error> {
        let rows: Vec<(String, String)> = self
            .on_pool(async |connection| {
                sqlx::query_as(
                    "SELECT image, record FROM environment WHERE ?1 IS NULL OR repository = ?1 ORDER BY at_ms DESC, image",
                )
                .bind(repository)
                .fetch_all(connection)
                .await
            })
            .await?;
        let read = |(image, record): (String, String)| {
            serde_json::from_str(&record).map_err(|error| {
                let message = format!("environment {image} is of a shape that is not known: use a newer Troupe");
                self.database.corrupt(message).caused_by(error)
            })
        };
        rows.into_iter().map(read).collect()
    }

    async fn forget(&self, image: &str) -> Result<(), Error> {
        self.on_pool(async |connection| {
            sqlx::query("DELETE FROM environment WHERE image = ?")
                .bind(image)
                .execute(connection)
                .await
        })
        .await?;
        Ok(())
    }

    fn record(&self, at_ms: u64) -> Box<dyn BuildRecord> {
        match Builds::of(self.database.folder()).begin(at_ms) {
            Ok(record) => Box::new(record),
            // Nobody can look on then; what is built is the same.
            Err(_) => Box::new(Unrecorded),
        }
    }
}

#[cfg(test)]
mod tests;
