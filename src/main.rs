//! The `crosstie` program; everything is in the library.

use std::process::ExitCode;

/// Half of what the engine does is to make and drop small values; this allocator does that in two thirds of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crosstie::cli::main()
}
