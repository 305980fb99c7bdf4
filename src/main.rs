//! Sessions Console, the program. All of it is in the library; the code map is in `lib.rs`.

use std::process::ExitCode;

use sessions_console::cli;
use sessions_console::engine::Options;
use sessions_console::model::Problem;

fn main() -> ExitCode {
    cli::main(window)
}

fn window(_: Options) -> Result<(), Problem> {
    Err(Problem::of("This build has no window", "Use one of the commands: run, list, sandbox, listen"))
}
