//! The store keeps what it promised to keep, and says so when it could not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commits;
mod engines;
mod exports;
mod files;
mod ladder;
mod places;
mod rotation;
mod vault;

use std::fs;
use std::path::Path;

use crosstie::seam::{Batch, Kv};
use crosstie::store::{self, Opened, record};
use jiff::Timestamp;

/// A moment, `seconds` after some fixed one.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_150_000 + seconds).unwrap()
}

/// A batch that puts one record.
fn one(tree: &'static str, key: &str, value: &str) -> Batch {
    let mut batch = Batch::new();
    record::put(&mut batch, tree, key, value).unwrap();
    batch
}

fn read(kv: &dyn Kv, tree: &'static str, key: &str) -> Option<String> {
    kv.get(tree, key.as_bytes()).unwrap().map(|bytes| record::open(&bytes).unwrap())
}

fn open(home: &Path) -> Opened {
    store::open(home, moment(0)).unwrap_or_else(|error| panic!("{error}"))
}

/// What a power cut leaves: the files as they are, while the store is open.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
