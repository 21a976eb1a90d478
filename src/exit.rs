//! Exit codes: what a script or a service supervisor may rely on.
//!
//! The numbers are part of the contract; 65 to 73 follow `sysexits.h`.

/// Why the process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    Ok,
    /// Anything without a code of its own.
    Failure,
    /// Wrong flags, environment or configuration file.
    Usage,
    /// Stored data is damaged or missing; nothing was repaired.
    Damaged,
    /// The disk failed; what was in flight has an unknown outcome.
    StorageFault,
    /// Another process serves this data directory.
    InUse,
}

impl Exit {
    /// The number handed to the operating system.
    pub const fn code(self) -> i32 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Damaged => 65,
            Self::StorageFault => 70,
            Self::InUse => 73,
        }
    }

    /// Ends the process without running a destructor or flushing anything: after a storage fault
    /// nothing more may reach the disk, and after an orderly stop nothing is left to write.
    pub fn now(self) -> ! {
        std::process::exit(self.code())
    }
}
