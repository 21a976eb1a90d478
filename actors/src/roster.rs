//! The roster: who is under supervision beside the assets' actors, and how each is doing.
//!
//! Supervisors write it, operators read it. It starts and stops nobody. Whoever is supervised joins
//! with a name, a kind and, where something waits for it, a way to count that; from then on it is
//! part of the tree that operators see and of the figures by kind.

use std::{borrow::Cow, sync::Arc};

use holdfast_domain::Timestamp;
use parking_lot::Mutex;

use crate::clock::Clock;

/// What is supervised.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Root,
    /// Has children of its own and does no work itself.
    Supervisor,
    /// A thread of the engine.
    Thread,
    /// Delivers to one endpoint.
    Lane,
}

impl Kind {
    /// As in the answer to operators and in labels of metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Supervisor => "supervisor",
            Self::Thread => "thread",
            Self::Lane => "lane",
        }
    }
}

/// How somebody under supervision is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    Running,
    /// Failed, and starts again a little later.
    BackingOff,
    /// Its work is done.
    Ended,
    /// Failed, and does not start again by itself.
    Failed,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Running, Self::BackingOff, Self::Ended, Self::Failed];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::BackingOff => "backing_off",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// What went wrong last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub at: Timestamp,
    pub message: String,
}

/// Counts what waits for a member; called when somebody asks, so it must be quick and never wait.
pub type Depth = Arc<dyn Fn() -> usize + Send + Sync>;

/// One under supervision.
pub struct Member {
    parent: &'static str,
    name: Cow<'static, str>,
    kind: Kind,
    depth: Option<Depth>,
    clock: Arc<dyn Clock>,
    vital: Mutex<Vital>,
}

struct Vital {
    state: State,
    starts: u64,
    failures: u64,
    last_error: Option<Fault>,
}

/// A member as operators see it, with its children.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    pub name: Cow<'static, str>,
    pub kind: Kind,
    pub state: State,
    pub mailbox_depth: Option<usize>,
    pub restarts: u64,
    pub failures: u64,
    pub last_error: Option<Fault>,
    pub children: Vec<Node>,
}

/// The members of one engine.
pub struct Roster {
    clock: Arc<dyn Clock>,
    members: Mutex<Vec<Arc<Member>>>,
}

impl Roster {
    /// The parent of what hangs directly below the root.
    pub const ROOT: &'static str = "root";

    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, members: Mutex::default() }
    }

    /// A new member below `parent`, not yet started.
    pub fn join(
        &self,
        parent: &'static str,
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        depth: Option<Depth>,
    ) -> Arc<Member> {
        let member = Arc::new(Member {
            parent,
            name: name.into(),
            kind,
            depth,
            clock: Arc::clone(&self.clock),
            vital: Mutex::new(Vital {
                state: State::Ended,
                starts: 0,
                failures: 0,
                last_error: None,
            }),
        });
        self.members.lock().push(Arc::clone(&member));
        member
    }

    /// No part of the tree any more.
    pub fn leave(&self, member: &Arc<Member>) {
        self.members.lock().retain(|other| !Arc::ptr_eq(other, member));
    }

    /// All members, each without its children, in the order in which they joined.
    pub fn nodes(&self) -> Vec<Node> {
        // The depths are counted outside of the lock.
        let members = self.members.lock().clone();
        members.iter().map(|member| member.node()).collect()
    }

    /// The members as a tree below `root`.
    pub fn tree(&self, mut root: Node) -> Node {
        let members = self.members.lock().clone();
        root.children = children(&members, Self::ROOT);
        root
    }
}

/// A member whose parent is nobody's name is left out; no parent is below itself.
fn children(members: &[Arc<Member>], parent: &str) -> Vec<Node> {
    let below = members.iter().filter(|member| member.parent == parent);
    below
        .map(|member| Node { children: children(members, &member.name), ..member.node() })
        .collect()
}

impl Member {
    /// It runs, for the first time or again.
    pub fn started(&self) {
        let mut vital = self.vital.lock();
        vital.state = State::Running;
        vital.starts += 1;
    }

    /// It failed and is to start again.
    pub fn backs_off(&self, error: &str) {
        self.fail(State::BackingOff, error);
    }

    /// It failed for good.
    pub fn failed(&self, error: &str) {
        self.fail(State::Failed, error);
    }

    /// Something went wrong, and it goes on.
    pub fn noted(&self, error: &str) {
        self.vital.lock().last_error = Some(self.fault(error));
    }

    /// It ended because its work is done or it was asked to.
    pub fn ended(&self) {
        self.vital.lock().state = State::Ended;
    }

    fn fail(&self, state: State, error: &str) {
        let fault = self.fault(error);
        let mut vital = self.vital.lock();
        vital.state = state;
        vital.failures += 1;
        vital.last_error = Some(fault);
    }

    fn fault(&self, error: &str) -> Fault {
        Fault { at: self.clock.now(), message: bounded(error) }
    }

    fn node(&self) -> Node {
        let mailbox_depth = self.depth.as_ref().map(|depth| depth());
        let vital = self.vital.lock();
        Node {
            name: self.name.clone(),
            kind: self.kind,
            state: vital.state,
            mailbox_depth,
            restarts: vital.starts.saturating_sub(1),
            failures: vital.failures,
            last_error: vital.last_error.clone(),
            children: Vec::new(),
        }
    }
}

/// The beginning of an error's text: what is kept for operators stays small.
pub fn bounded(error: &str) -> String {
    const CHARACTERS_MAX: usize = 500;
    error.chars().take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use holdfast_domain::Timestamp;

    use super::{Kind, Node, Roster, State};
    use crate::clock::ManualClock;

    fn root() -> Node {
        Node {
            name: Roster::ROOT.into(),
            kind: Kind::Root,
            state: State::Running,
            mailbox_depth: None,
            restarts: 0,
            failures: 0,
            last_error: None,
            children: Vec::new(),
        }
    }

    #[test]
    fn members_are_seen_below_their_parents_until_they_leave() {
        let now = Timestamp::from_millis(7);
        let roster = Roster::new(Arc::new(ManualClock::at(now)));
        let lanes = roster.join(Roster::ROOT, "webhooks", Kind::Supervisor, None);
        let lane = roster.join("webhooks", "whe_1", Kind::Lane, Some(Arc::new(|| 3)));
        lanes.started();
        lane.started();
        lane.backs_off("boom");
        lane.started();
        let tree = roster.tree(root());
        let [seen] = tree.children.as_slice() else { panic!("{tree:?}") };
        let [seen] = seen.children.as_slice() else { panic!("{tree:?}") };
        assert_eq!(
            (&*seen.name, seen.state, seen.mailbox_depth),
            ("whe_1", State::Running, Some(3))
        );
        assert_eq!((seen.restarts, seen.failures), (1, 1));
        let fault = seen.last_error.clone().expect("it failed once");
        assert_eq!((fault.at, fault.message.as_str()), (now, "boom"));
        roster.leave(&lane);
        assert!(roster.tree(root()).children[0].children.is_empty());
    }
}
