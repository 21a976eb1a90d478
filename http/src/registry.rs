//! The asset registry over HTTP: types, assets with context, associations.
//!
//! `ask` has the checks before the engine and splits the path, `answer` every status and body that
//! goes back, `stream` sends long documents part by part, `paths` treats paths with empty segments;
//! the handlers are in `assets`, `types` and `associations`. What a request says is read by
//! [`holdfast_domain::registry::input`], and a document is made by its reads.

mod answer;
mod ask;
pub(crate) mod assets;
pub(crate) mod associations;
mod location;
mod paths;
pub(crate) mod schemas;
mod stream;
pub(crate) mod types;

use std::sync::Arc;

use axum::response::Response;
use holdfast_actors::registry::Cut;
use holdfast_domain::{
    Request,
    registry::{Command, RowsError},
};
use tokio::task::spawn_blocking;

pub(crate) use answer::Fault;
pub(crate) use paths::{owns, respelled};

use crate::{app::App, error::ApiError, registry::ask::Sender};

/// What a handler comes to.
pub(crate) type Outcome = Result<Response, Fault>;

impl App {
    /// Has a command done that makes or renames one thing: 201 with the path it has now.
    async fn register(&self, from: Sender, command: Command) -> Outcome {
        let location = location::of(&command).ok_or(ApiError::Internal)?;
        self.change(from, command).await?;
        Ok(answer::registered(&location))
    }

    /// Has any other command done: 204.
    async fn order_done(&self, from: Sender, command: Command) -> Outcome {
        self.change(from, command).await?;
        Ok(answer::done())
    }

    async fn change(&self, from: Sender, command: Command) -> Result<(), Fault> {
        let request = Request {
            principal: from.principal,
            request_id: from.request_id,
            path: from.path,
            key: None,
            if_match: holdfast_domain::IfMatch::Missing,
            command,
        };
        Ok(self.engine.registry_write(request).await?)
    }

    /// Answers with what is read of the caller's registry as it is now.
    async fn look<T: Send + 'static>(
        &self,
        from: &Sender,
        read: impl FnOnce(&Arc<Cut>) -> Result<T, RowsError> + Send + 'static,
    ) -> Result<T, Fault> {
        let cut = self.engine.registry_cut(&from.principal).await?;
        // Rows may have to be fetched from the disk.
        match spawn_blocking(move || read(&cut)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(answer::unreadable(&error)),
            Err(panic) => {
                tracing::error!(%panic, "a read of the registry failed");
                Err(ApiError::Internal.into())
            }
        }
    }
}
