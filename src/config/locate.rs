//! Where the configuration is looked for.

use std::path::{Path, PathBuf};

/// The file's name.
pub const FILE_NAME: &str = "crosstie.toml";

/// The configuration to read: the one that was named, whether it exists or not; else `crosstie.toml` in the working
/// folder; else `crosstie/crosstie.toml` in the user's configuration folder; `None` if neither is there.
pub fn locate(explicit: Option<&Path>, cwd: &Path, xdg_config_home: &Path) -> Option<PathBuf> {
    if let Some(path) = explicit {
        return Some(cwd.join(path));
    }
    let places = [cwd.join(FILE_NAME), xdg_config_home.join("crosstie").join(FILE_NAME)];
    places.into_iter().find(|path| path.is_file())
}
