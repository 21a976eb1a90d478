//! The registry as `http` sees it.

use std::sync::Arc;

use holdfast_domain::{Principal, Request, registry::Command};
use holdfast_storage::history::History;

use super::{Cut, RegistryAsk};
use crate::{
    engine::{Engine, Refusal},
    message::{Ask, Reading},
};

/// Nothing is written to registries while rows of this size wait for the view writer.
const UNFOLDED_BYTES_MAX: usize = 256 * 1024 * 1024;

impl Engine {
    /// Gathers the names of every registry in the background, so that the first to ask need not wait
    /// for it.
    pub(crate) fn warm_registries(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            let tags = engine.read(History::registries).await.unwrap_or_default();
            for tag in tags {
                // It may take longer than a message waits; the actor has it all the same.
                let _ = engine
                    .ask_within(
                        &engine.parts.registry_budget,
                        tag,
                        Ask::Registry(RegistryAsk::Cut),
                        0,
                    )
                    .await;
            }
        });
    }

    /// Decides and makes durable one command on the registry of the caller's org.
    ///
    /// # Errors
    /// [`Refusal::Registry`] when it changes nothing; else as [`Engine::submit`].
    pub async fn registry_write(&self, request: Request<Command>) -> Result<(), Refusal> {
        self.writable()?;
        if self.parts.surroundings.history.tail.row_bytes() > UNFOLDED_BYTES_MAX {
            return Err(Refusal::Overloaded);
        }
        let tag = self.parts.store_key.registry_tag(&request.principal.org);
        let budget = &self.parts.registry_budget;
        // The largest batch of many short texts may take all of it, but then it goes alone and is not
        // refused for ever.
        let bytes = request.bytes().min(budget.bytes_max());
        let ask = Ask::Registry(RegistryAsk::Write(Box::new(request)));
        self.ask_within(budget, tag, ask, bytes).await?;
        Ok(())
    }

    /// The registry of the caller's org as it is now, with all that was acknowledged.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn registry_cut(&self, principal: &Principal) -> Result<Arc<Cut>, Refusal> {
        let tag = self.parts.store_key.registry_tag(&principal.org);
        match self
            .ask_within(&self.parts.registry_budget, tag, Ask::Registry(RegistryAsk::Cut), 0)
            .await?
        {
            Reading::Cut(cut) => Ok(cut),
            other => unreachable!("a cut is never answered with {other:?}"),
        }
    }
}
