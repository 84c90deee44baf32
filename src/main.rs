//! The `crosstie` program; everything is in the library.

use std::process::ExitCode;

/// Half of what the engine does is to make and drop small values; this allocator does that in two thirds of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Of pages of two megabytes most would lie idle: a hundred thousand ties take a tenth less without them. Where the system
    // does not let itself be told, they are there.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
    crosstie::cli::main()
}
