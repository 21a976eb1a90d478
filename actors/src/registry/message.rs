//! What is asked of the actor of a registry.

use holdfast_domain::{Request, registry::Command};

#[derive(Debug)]
pub enum RegistryAsk {
    Write(Box<Request<Command>>),
    /// What it is at this moment.
    Cut,
}

impl RegistryAsk {
    /// What kind of message it is, as operators read it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Write(request) => request.command.name(),
            Self::Cut => "read_registry",
        }
    }

    /// Of a command; empty for all else.
    pub(crate) fn request_id(&self) -> &str {
        match self {
            Self::Write(request) => &request.request_id,
            Self::Cut => "",
        }
    }
}
