//! Maps that know when something in them was touched, so that what was rendered once need not be rendered again.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// What is told when it may have changed.
pub(super) trait Touched {
    /// Somebody got hold of it to change it.
    fn touched(&mut self);
}

/// Objects by id. Reading is the map's own; everything that may change it goes through the methods here.
#[derive(Debug, Clone)]
pub(super) struct Kept<T> {
    all: BTreeMap<String, T>,
    revision: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), revision: 0 }
    }
}

impl<T> Deref for Kept<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl<T: Touched> Kept<T> {
    /// A number that rises whenever anything may have changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.revision += 1;
        let held = self.all.get_mut(id)?;
        held.touched();
        Some(held)
    }

    /// The same for a change of what no answer shows.
    pub fn get_quietly(&mut self, id: &str) -> Option<&mut T> {
        self.all.get_mut(id)
    }

    pub fn insert(&mut self, id: String, held: T) {
        self.revision += 1;
        self.all.insert(id, held);
    }

    pub fn remove(&mut self, id: &str) {
        self.revision += 1;
        self.all.remove(id);
    }

    /// Puts an earlier state back. The revision goes on rising.
    pub fn restore(&mut self, before: Self) {
        self.revision += 1;
        self.all = before.all;
    }
}

/// What a page looked like when it was last asked for, as JSON text.
#[derive(Debug, Clone)]
pub(super) struct Rendering {
    /// What the world looked like around it.
    pub around: u64,
    /// The ids of the properties asked for; all for `None`.
    pub only: Option<Vec<String>>,
    pub text: Arc<str>,
}
