//! Durable memory as the store sees it: named trees of ordered bytes, and one atomic batch across them.

/// One write: tree, key, and the value, or `None` to remove.
pub type Op = (&'static str, Vec<u8>, Option<Vec<u8>>);

/// Writes that happen together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Applied in order.
    pub ops: Vec<Op>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one write.
    pub fn put(&mut self, tree: &'static str, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.ops.push((tree, key.into(), Some(value.into())));
    }

    /// Adds one removal.
    pub fn remove(&mut self, tree: &'static str, key: impl Into<Vec<u8>>) {
        self.ops.push((tree, key.into(), None));
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

/// Why the disk could not do what it was asked. After one of these the store is not to be used again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// The engine below failed: disk full, I/O error, a broken file.
    #[error("the store cannot be written or read: {0}")]
    Failed(String),
    /// A tree that was not named when the store was opened.
    #[error("the store has no tree named {0:?}")]
    NoSuchTree(String),
}

/// Rows as a scan gives them: key and value.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Named trees of ordered bytes. Calls block; one thread owns it.
pub trait Kv: Send {
    /// The value under a key.
    ///
    /// # Errors
    /// [`KvError`] when the engine below fails or the tree is unknown.
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError>;

    /// Rows of a tree whose keys begin with `prefix`, in key order, from `from` (inclusive, if given), `limit` at most.
    ///
    /// # Errors
    /// [`KvError`] when the engine below fails or the tree is unknown.
    fn scan(&self, tree: &'static str, prefix: &[u8], from: Option<&[u8]>, limit: usize) -> Result<Rows, KvError>;

    /// Applies a batch atomically across trees. It is visible at once and durable after [`Kv::flush`].
    ///
    /// # Errors
    /// [`KvError`] when the engine below fails; then nothing of the batch was applied.
    fn apply(&mut self, batch: &Batch) -> Result<(), KvError>;

    /// Makes everything applied so far survive a crash and a power cut.
    ///
    /// # Errors
    /// [`KvError`] when the disk refuses; the process should stop.
    fn flush(&mut self) -> Result<(), KvError>;
}
